"""The third step of an import: what will happen, and the faulty cells, which are mended before anything is written."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask import flash, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from flask_babel import ngettext

from models.fields.errors import ValidationFailed
from services.imports.draft_cells import PAGE
from services.imports.drafts import check_draft, correct_cells, correct_values, faulty_cells, faulty_values, run_draft
from services.imports.errors import ImportProblem
from services.imports.limits import MAX_MENDED_TEXT
from services.records import VersionConflict
from views.base import current_access
from views.import_made import Figure, made_of_check, shown_samples, worth_telling
from views.import_steps import CHECK, RESULT, ImportScreens
from views.links import number_arg

Raw = dict[str, Any]
#: The last page that is asked for.
MAX_PAGE = 100_000
#: What services say against a change of an import.
PROBLEMS = (ImportProblem, ValidationFailed, VersionConflict)


class ImportChecks(ImportScreens):
    """The page of the check."""

    @expose("/<register>/<pk>/check", methods=["GET", "POST"])
    @has_access
    def check(self, register: str, pk: str) -> Any:
        """How far the check is; when it is done, what will happen. Posted, all rows are checked anew."""
        raw = self.draft(register, pk)
        if request.method == "POST":
            return self.doing(raw, lambda: check_draft(current_access(), pk), CHECK)
        if raw["state"] == "checking":
            return self.import_page("imports/check.html", raw, CHECK, **self.job_of(raw))
        if raw["state"] != "checked":
            return self.to_step(raw)
        number, checked = number_arg("page", 0, MAX_PAGE), raw["checked"]
        cells, count = faulty_cells(current_access(), pk, number)
        equal = {(one["place"], one["value"]): one["count"] for one in faulty_values(current_access(), pk)}
        cells = [{**cell, "equal": equal.get((cell["place"], cell["value"]), 0)} for cell in cells]
        return self.import_page(
            "imports/check.html", raw, CHECK, job=None, figures=checked_figures(checked),
            made=made_of_check(raw["register"], checked), samples=shown_samples(raw), longest=MAX_MENDED_TEXT,
            importing=importing_label(checked), stale=checked.get("stale"),
            faulty={"cells": cells, "count": count, "page": number, "more": (number + 1) * PAGE < count},
        )  # fmt: skip

    def doing(self, raw: Raw, action: Any, step: str) -> Any:
        """Do something with the import and go to the step where that is seen; what stands against it is told."""
        try:
            action()
        except PROBLEMS as problem:
            flash(problem.in_one() if isinstance(problem, ValidationFailed) else str(problem), "danger")
            return self.to_step(self.draft(raw["register"], str(raw["_id"])))
        return self.to_step(raw, step)

    @expose("/<register>/<pk>/correct", methods=["POST"])
    @has_access
    @permission_name("check")
    def correct(self, register: str, pk: str) -> Any:
        """Keep the mended cells."""
        return self.doing(self.draft(register, pk), lambda: tell_mended(*keep_corrections(pk)), CHECK)

    @expose("/<register>/<pk>/run", methods=["POST"])
    @has_access
    @permission_name("check")
    def run(self, register: str, pk: str) -> Any:
        """Begin to write. What was typed into cells and not saved is kept first, for its writer to look at."""
        raw = self.draft(register, pk)
        if any(typed_cells()):
            return self.correct(register, pk)
        return self.doing(raw, lambda: run_draft(current_access(), pk), RESULT)


# Mending


def typed_cells() -> Iterator[tuple[int, int, str, str]]:
    """(row, column's place, text before, text now) of each cell that was changed."""
    for name, text in request.form.items():
        mark, _colon, cell = name.partition(":")
        row, _colon, place = cell.partition(":")
        old, new = request.form.get(f"was:{cell}", ""), text.strip()
        if mark == "cell" and is_number(row) and is_number(place) and new != old:
            yield int(row), int(place), old, new


def is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 9


def keep_corrections(pk: str) -> tuple[int, int]:
    """Put what was typed into the cells; returns how many are good now, and how many are still faulty. A text that is
    no good for all equal cells stays in its own."""
    access, single, mended, typed = current_access(), {}, 0, list(typed_cells())
    for row, place, old, new in typed:
        if f"all:{row}:{place}" in request.form:
            try:
                mended += correct_values(access, pk, place, old, new)
                continue
            except ValidationFailed:
                pass
        single[row, place] = new
    good = correct_cells(access, pk, single) if single else 0
    return mended + good, len(single) - good


def tell_mended(mended: int, faulty: int) -> None:
    if mended:
        flash(ngettext("%(num)s cell was mended.", "%(num)s cells were mended.", mended), "success")
    if faulty:
        flash(ngettext("%(num)s cell is still faulty.", "%(num)s cells are still faulty.", faulty), "warning")
    if not (mended or faulty):
        flash(_("No cell was changed."), "info")


# What will happen


def checked_figures(checked: Mapping[str, Any]) -> list[Figure]:
    figures = [
        Figure(_("Rows"), checked["rows"]), Figure(_("To be added"), checked["create"]),
        Figure(_("To be changed"), checked["change"]), Figure(_("Left as they are"), checked["skip"]),
        Figure(_("Faulty rows"), checked["faulty"], "danger"),
        Figure(_("Odd values"), checked["kept"], "warning", rare=True),
    ]  # fmt: skip
    return worth_telling(figures)


def importing_label(checked: Mapping[str, Any]) -> str:
    """What the button says that begins to write; nothing where no row would be written."""
    if checked.get("stale"):
        return _("Import the rows")
    rows = checked["create"] + checked["change"]
    return ngettext("Import %(num)s row", "Import %(num)s rows", rows) if rows else ""
