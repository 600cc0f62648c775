"""The last step of an import: how far it is, what came of it, the rows that failed, the way back."""

from typing import Any

from flask import Response, flash, request, send_file
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _

from models.registers import register_of
from services.imports.drafts import cancel_draft_job, job_of, report_file, undo_import
from services.imports.errors import ImportProblem
from services.imports.outcome import report_of
from services.imports.report import ImportReport
from services.jobs import get_job
from services.records import RecordNotFound
from views.base import current_access
from views.import_made import Figure, made_by, worth_telling
from views.import_steps import OPEN, RESULT, ImportScreens

Raw = dict[str, Any]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
GOING = ("running", "undoing")
#: Rows and values that the page lists; the file of faulty rows has all that are kept.
MOST_LISTED = 100
#: state -> kind of the note in which the job's last words stand
NOTES = {"undone": "info", "failed": "warning"}


class ImportResults(ImportScreens):
    """The page of what came of an import."""

    @expose("/<register>/<pk>/result")
    @has_access
    def result(self, register: str, pk: str) -> Any:
        """How far the import, or its undoing, is; when it is over, what came of it."""
        raw = self.draft(register, pk)
        if raw["state"] in (*OPEN, "checking"):
            return self.to_step(raw)
        going = raw["state"] in GOING
        shown = self.job_of(raw) if going else self.outcome(raw)
        return self.import_page("imports/result.html", raw, RESULT, going=going, list_url=self.list_of(raw),
                                may_undo=may_be_undone(raw), **shown)  # fmt: skip

    def outcome(self, raw: Raw) -> Raw:
        """What the page tells of an import that is over."""
        report = self.report(raw)
        return {
            # Of an import that was done the figures tell the same.
            "message": "" if raw["state"] == "done" else last_words(raw),
            "message_kind": NOTES.get(raw["state"], "warning"),
            "figures": result_figures(report), "made": made_by(raw["register"], report),
            "failed": {"rows": report.failed[:MOST_LISTED], "count": report.failed_count},
            "odd": {"rows": report.odd[:MOST_LISTED], "count": report.odd_count}, "kept": told_of_undoing(raw),
        }  # fmt: skip

    def report(self, raw: Raw) -> ImportReport:
        """What the import has written; nothing where it never began, or its job is not there any more."""
        try:
            return report_of(get_job(current_access(), raw["batch"])) if raw.get("batch") else ImportReport("")
        except RecordNotFound:
            return ImportReport("")

    def list_of(self, raw: Raw) -> str:
        """The address of the records, the newest first, once they are there."""
        path = register_of(raw["register"]).path
        return f"{request.script_root}{path}/?view=all&order=changed_at&dir=desc" if raw["state"] == "done" else ""

    @expose("/<register>/<pk>/cancel", methods=["POST"])
    @has_access
    @permission_name("result")
    def cancel(self, register: str, pk: str) -> Any:
        """Ask the import's job to stop; what it has written stays, and can be undone."""
        self.draft(register, pk)
        cancel_draft_job(current_access(), pk)
        flash(_("The job stops as soon as it can."), "info")
        return self.to_step(self.draft(register, pk))

    @expose("/<register>/<pk>/faulty")
    @has_access
    @permission_name("result")
    def faulty(self, register: str, pk: str) -> Response:
        """The rows that were not imported, as a sheet to mend and bring in again."""
        self.draft(register, pk)
        name, content = report_file(current_access(), pk)
        response = send_file(content, mimetype=XLSX, as_attachment=True, download_name=name)
        response.headers["Cache-Control"] = "private, no-store"
        return response

    @expose("/<register>/<pk>/undo", methods=["POST"])
    @has_access
    @permission_name("result")
    def undo(self, register: str, pk: str) -> Any:
        """Take back all that the import wrote."""
        raw = self.draft(register, pk)
        try:
            undo_import(current_access(), pk)
        except ImportProblem as problem:
            flash(str(problem), "warning")
        return self.to_step(raw, RESULT)


def last_words(raw: Raw) -> str:
    """What the import's last job said; of one that was broken off also what is left to do."""
    said = [raw.get("message") or ""]
    if raw["state"] == "failed":
        said.append(_("What had been written by then is here, and can be undone."))
    return " ".join(said)


def told_of_undoing(raw: Raw) -> list[str]:
    """What an undoing left as it was, and why."""
    job = job_of(raw) if raw["state"] == "undone" else None
    return (job or {}).get("log") or []


def may_be_undone(raw: Raw) -> bool:
    return raw["state"] in ("done", "failed") and bool(raw.get("batch"))


def result_figures(report: ImportReport) -> list[Figure]:
    return worth_telling([
        Figure(_("Rows"), report.rows), Figure(_("Added"), report.created), Figure(_("Changed"), report.changed),
        Figure(_("Left as they were"), report.skipped),
        Figure(_("Linked records added"), report.linked_created, rare=True),
        Figure(_("Not imported"), report.failed_count, "danger"),
        Figure(_("Odd values"), report.odd_count, "warning", rare=True),
    ])  # fmt: skip
