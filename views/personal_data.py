"""A person's data (GDPR): shown, handed out as a file, and erased, for administrators."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, flash, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import format_datetime
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.consent import CHANNELS
from models.fields.errors import ValidationFailed
from models.jobs import JobState
from services.personal_data import ANONYMISE, ERASE, PersonalData, collect, erase, note_handed_out, start_looking
from services.suppressed import REASON_LABELS
from views.base import current_access
from views.offers import Offer
from views.registers import RegisterView
from views.sendings import STATES

Raw = dict[str, Any]
#: What the columns of the parts are called.
LABELS: Mapping[str, Any] = {
    "field": _l("Field"), "value": _l("Value"), "kind": _l("Kind"), "name": _l("Name"), "says": _l("Content"),
    "title": _l("Title"), "since": _l("Since"), "until": _l("Until"), "created_at": _l("Date"), "at": _l("Date"),
    "channel": _l("Channel"), "address": _l("Address"), "subject": _l("Subject"), "text": _l("Text"),
    "state": _l("State"), "reason": _l("Why"), "note": _l("Note"), "by": _l("By whom"), "action": _l("Action"),
    "before": _l("Before"), "after": _l("After"), "count": _l("Count"), "becomes": _l("What becomes of it"),
}  # fmt: skip
#: column -> what its values are called.
WORDS: Mapping[str, Mapping[Any, Any]] = {
    "action": {"create": _l("Added"), "update": _l("Changed"), "delete": _l("Deleted"), "restore": _l("Restored")},
    "channel": CHANNELS, "reason": REASON_LABELS, "state": {state: label for state, (label, _colour) in STATES.items()},
}  # fmt: skip
#: What machines need and people do not.
UNSHOWN = ("id", "register", "own", "in_bin")
FORMS = ("html", "json")
HOW = {ERASE: _l("Erase for good"), ANONYMISE: _l("Anonymise: keep the record without anything that tells who it is")}


class PersonalDataScreens(RegisterView):
    """The person register's screens of all that is known of somebody."""

    def menu_offers(self, raw: Raw) -> Sequence[Offer]:
        if not current_access().everything:
            return ()
        return [Offer(f"{self.card.path}/personal_data/{raw['_id']}", _("Personal data"), "shield-lock")]

    @expose("/personal_data/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def personal_data(self, pk: str) -> Any:
        """All that is known, and the ways to hand it out and to erase it. Raises NotAllowed, RecordNotFound."""
        return self.data_page(collect(current_access(), pk), {}, {})

    @expose("/personal_data_file/<pk>", methods=["POST"])
    @has_access
    @permission_name("show")
    def personal_data_file(self, pk: str) -> Response:
        """The same as a file, `as` a page to read or JSON. Posted, since the audit tells of it."""
        form = request.form.get("as", "")
        form = form if form in FORMS else FORMS[0]
        data = collect(current_access(), pk)
        note_handed_out(current_access(), data, form)
        if form == "json":
            content, kind = json.dumps(as_json(data), ensure_ascii=False, indent=2), "application/json"
        else:
            content = self.render_template("people/personal_data_file.html", data=data, **self.words())
            kind = "text/html"
        response = Response(content, mimetype=kind)
        response.headers["Content-Disposition"] = f'attachment; filename="personal-data-{data.id}.{form}"'
        response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return response

    @expose("/look_for/<pk>", methods=["POST"])
    @has_access
    @permission_name("show")
    def look_for(self, pk: str) -> Any:
        """Have everything looked through for the person, by a job that the page follows."""
        start_looking(current_access(), pk)
        return redirect(f"{self.card.path}/personal_data/{pk}#look")

    @expose("/erase/<pk>", methods=["POST"])
    @has_access
    @permission_name("show")
    def erase(self, pk: str) -> Any:
        """Erase or anonymise, for a reason, by whoever types the person's name."""
        sent, access = request.form, current_access()
        also = [(register, one) for register, _colon, one in (text.partition(":") for text in sent.getlist("also"))]
        try:
            erase(access, pk, sent.get("how", ""), why=sent.get("why", ""), name=sent.get("name", ""), also=also,
                  files=sent.getlist("files"))  # fmt: skip
        except ValidationFailed as error:
            return self.data_page(collect(access, pk), sent, error.messages()), 422
        if sent.get("how") == ANONYMISE:
            flash(_("Nothing tells any more who this was."), "success")
            return redirect(f"{self.card.path}/show/{pk}")
        flash(_("The person was erased. A job takes them out of files and texts now, and says among your jobs what is "
                "left. Backups made before hold them until they expire."), "success")  # fmt: skip
        return redirect(f"{self.card.path}/")

    def data_page(self, data: PersonalData, sent: Mapping[str, Any], errors: Mapping[str, Any]) -> Any:
        look = data.look
        return self.render_template(
            "people/personal_data.html", title=_("Personal data"), card=self.card, data=data, how=HOW, sent=sent,
            errors=errors, look=look, at_work=look is not None and not JobState(look.job["state"]).ended,
            **ticked(data), **self.words(),
        )  # fmt: skip

    @staticmethod
    def words() -> Raw:
        return {"labels": LABELS, "columns_of": columns_of, "worded": worded, "told": told}


def ticked(data: PersonalData) -> Mapping[str, Sequence[str]]:
    """The records and files that go along: as they were sent, at first the person's own documents and what names them
    for sure."""
    if request.method == "POST":
        return {name: request.form.getlist(name) for name in ("also", "files")}
    own = [f"{row['register']}:{row['id']}" for row in data.linked if row.get("own")]
    return {"also": own, "files": [row["id"] for row in data.files if row["named"]]}


def columns_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The columns that some row fills, in their order."""
    filled = {name for row in rows for name, value in row.items() if value not in (None, "")}
    return [name for name in rows[0] if name in filled and name not in UNSHOWN] if rows else []


def worded(rows: Sequence[Mapping[str, Any]]) -> list[Raw]:
    """The rows with words in the place of what the program calls things."""
    return [{name: WORDS[name].get(value, value) if name in WORDS else value for name, value in row.items()}
            for row in rows]  # fmt: skip


def told(value: Any) -> str:
    return format_datetime(value, "short") if isinstance(value, dt.datetime) else str(value or "")


def as_json(data: PersonalData) -> Raw:
    """The same for machines: moments in ISO 8601, parts and columns by their keys."""
    parts = {part.key: [plain(row) for row in part.rows] for part in data.parts}
    return {"id": str(data.id), "name": data.name, "at": data.at.isoformat(),
            "deleted_at": data.deleted_at and data.deleted_at.isoformat(), **parts,
            "mentions": [plain(row) for row in data.mentions], "private_entries": data.private}  # fmt: skip


def plain(row: Mapping[str, Any]) -> Raw:
    return {name: value.isoformat() if isinstance(value, dt.datetime) else value for name, value in row.items()}
