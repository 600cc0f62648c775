"""What the pages of an import have in common: the way from the file to what became of its rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import redirect, request, url_for
from flask_appbuilder import BaseView
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from models.registers import Register, all_registers, register_of
from models.rights import Access
from services.imports.drafts import get_draft
from services.jobs import get_job
from services.records import RecordNotFound
from views.base import current_access
from views.jobs import shown_job
from views.permissions import OWN

Raw = dict[str, Any]
FILE, COLUMNS, CHECK, RESULT = "file", "columns", "check", "result"
#: state -> (label, colour of its badge)
STATES: Mapping[str, tuple[Any, str]] = {
    "draft": (_l("Draft"), "grey"), "checking": (_l("Being checked"), "blue"), "checked": (_l("Checked"), "teal"),
    "running": (_l("Running"), "blue"), "done": (_l("Done"), "green"), "undoing": (_l("Being undone"), "blue"),
    "undone": (_l("Undone"), "amber"), "failed": (_l("Broken off"), "red"),
}  # fmt: skip
#: The states in which an import may be changed: nothing of it has been written.
OPEN = ("draft", "checked")
#: state -> the step that stands open in it
STEP_OF = {"draft": COLUMNS, "checking": CHECK, "checked": CHECK}


@dataclass(frozen=True)
class ImportStep:
    """One step on the way; without an address it is not its turn yet, or no more."""

    label: str
    url: str
    done: bool
    current: bool


class ImportScreens(BaseView):
    """The pages of one import, `/import/<register>/<id>/<step>`. Everybody signed in may knock; whose the import is and
    what its owner may do in the register decides what is shown and done."""

    route_base = "/import"
    class_permission_name = OWN

    def draft(self, register: str, pk: str) -> Raw:
        """The import (raw). Raises RecordNotFound, also for one of another register than the address says."""
        raw = get_draft(current_access(), pk)
        if raw["register"] != register:
            raise RecordNotFound("import", pk)
        return raw

    def import_page(self, template: str, raw: Raw, step: str, status: int = 200, **values: Any) -> Any:
        label, colour = STATES[raw["state"]]
        return self.render_template(
            template, title=_("Import of %(name)s", name=raw["name"]), raw=raw, card=register_of(raw["register"]),
            state=(str(label), colour), steps=way(raw, step), address=lambda page: address(raw, page),
            is_open=raw["state"] in OPEN, **values,
        ), status  # fmt: skip

    def job_of(self, raw: Raw) -> Raw:
        """What a page needs to follow the job of an import."""
        try:
            job = shown_job(get_job(current_access(), raw["job"]))
        except RecordNotFound:
            return {"job": None}
        return {"job": job, "status_url": url_for("JobView.status", pk=job["id"])}

    def to_step(self, raw: Raw, step: str = "") -> Response:
        return redirect(address(raw, step or STEP_OF.get(raw["state"], RESULT)))


def address(raw: Raw, page: str) -> str:
    return f"{request.script_root}/import/{raw['register']}/{raw['_id']}/{page}"


def way(raw: Raw, here: str) -> list[ImportStep]:
    """The steps of an import: those of a draft lead back and on, those of one that was run are past."""
    is_open, checking, checked = raw["state"] in OPEN, raw["state"] == "checking", raw["state"] == "checked"
    labels = {FILE: _("File"), COLUMNS: _("Columns"), CHECK: _("Check"), RESULT: _("Import")}
    there = {FILE: is_open, COLUMNS: is_open, CHECK: checked or checking, RESULT: not (is_open or checking)}
    done = {FILE: True, COLUMNS: raw["state"] != "draft", CHECK: checked or there[RESULT],
            RESULT: raw["state"] in ("done", "undone")}  # fmt: skip
    return [ImportStep(label, address(raw, step) if there[step] else "", done[step], step == here)
            for step, label in labels.items()]  # fmt: skip


def importable(access: Access) -> list[Register]:
    """The registers that the user may bring a list into; of those that hold files a list tells too little."""
    return [card for card in all_registers()
            if card.importable and not card.holds_files and access.may(card.key, "add")]  # fmt: skip
