"""The third step of an import: what will happen, and the faulty cells, which are mended before anything is written."""

from collections.abc import Iterator
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from flask_babel import ngettext

from services.imports.drafts import check_draft, correct_cells, correct_values, faulty_cells, run_draft
from services.imports.errors import ImportProblem
from services.jobs import get_job
from services.records import RecordNotFound
from views.base import current_access
from views.import_steps import CHECK, RESULT, ImportScreens, figure
from views.import_made import made_of
from views.import_samples import shown_samples
from views.jobs import shown_job
from views.links import number_arg

Raw = dict[str, Any]
#: Cells of one page; more would be a form that takes its time.
MAX_PAGE = 100_000
#: The longest text that is put into a cell by hand.
LONGEST = 5_000


class ImportChecks(ImportScreens):
    """The page of the check."""

    @expose("/<register>/<pk>/check")
    @has_access
    def check(self, register: str, pk: str) -> Any:
        """How far the check is; when it is done, what will happen."""
        raw = self.draft(register, pk)
        if raw["state"] == "checking":
            return self.import_page("imports/check.html", raw, CHECK, **self.job_of(raw))
        if raw["state"] != "checked":
            return self.to_step(raw)
        number = number_arg("page", 0, MAX_PAGE)
        cells, count, size = faulty_cells(current_access(), pk, number)
        checked = raw["checked"]
        return self.import_page(
            "imports/check.html", raw, CHECK, figures=checked_figures(checked), made=made_of(raw, checked),
            samples=shown_samples(raw), importing=importing_label(checked),
            faulty={"cells": cells, "count": count, "page": number, "more": (number + 1) * size < count},
        )  # fmt: skip

    def job_of(self, raw: Raw) -> Raw:
        """What a page needs to follow the job of an import."""
        try:
            job = shown_job(get_job(current_access(), raw["job"]))
        except RecordNotFound:
            return {"job": None}
        return {"job": job, "status_url": url_for("JobView.status", pk=job["id"]),
                "cancel_url": url_for("JobView.cancel", pk=job["id"])}  # fmt: skip

    @expose("/<register>/<pk>/correct", methods=["POST"])
    @has_access
    @permission_name("check")
    def correct(self, register: str, pk: str) -> Any:
        """Keep the mended cells and check all rows anew."""
        raw = self.draft(register, pk)
        try:
            mended = self.keep_corrections(pk)
            check_draft(current_access(), pk)
        except ImportProblem as problem:
            flash(str(problem), "danger")
            return self.to_step(raw, CHECK)
        flash(ngettext("%(num)s cell was mended.", "%(num)s cells were mended.", mended) if mended
              else _("No cell was changed."), "info")  # fmt: skip
        return self.to_step(raw, CHECK)

    def keep_corrections(self, pk: str) -> int:
        """Put what was typed into the cells; returns how many were mended."""
        access, single, mended = current_access(), {}, 0
        for row, place, old, new in typed_cells():
            if f"all:{row}:{place}" in request.form:
                mended += correct_values(access, pk, place, old, new)
            else:
                single[row, place] = new
        return mended + (correct_cells(access, pk, single) if single else 0)

    @expose("/<register>/<pk>/run", methods=["POST"])
    @has_access
    @permission_name("check")
    def run(self, register: str, pk: str) -> Any:
        """Begin to write. What was typed into cells and not saved is kept first, and then checked."""
        raw = self.draft(register, pk)
        if any(typed_cells()):
            flash(_("You have mended cells: look at what becomes of them first."), "info")
            return self.correct(register, pk)
        try:
            run_draft(current_access(), pk)
        except ImportProblem as problem:
            flash(str(problem), "danger")
            return self.to_step(raw, CHECK)
        return self.to_step(raw, RESULT)


def typed_cells() -> Iterator[tuple[int, int, str, str]]:
    """(row, column's place, text before, text now) of each cell that was changed."""
    for name, new in request.form.items():
        mark, _colon, rest = name.partition(":")
        row, _colon, place = rest.partition(":")
        if mark == "cell" and is_number(row) and is_number(place):
            old = request.form.get(f"was:{rest}", "")
            if new[:LONGEST] != old:
                yield int(row), int(place), old, new[:LONGEST]


def is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 9
