"""One's own jobs: what runs, how far it is, what came of it."""

from collections.abc import Mapping
from typing import Any

from flask import Response, flash, jsonify, redirect, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from models.jobs import JobState
from models.registers import register_of
from services.bulk_edit import EDIT, TAKE_BACK
from services.duplicates import KIND as DUPLICATES
from services.jobs import UNSTOPPABLE, cancel_job, get_job, list_jobs
from views.base import current_access
from views.permissions import OWN

#: state -> (label, colour of its badge)
STATES: Mapping[str, tuple[Any, str]] = {
    JobState.WAITING.value: (_l("Waiting"), "grey"),
    JobState.RUNNING.value: (_l("Running"), "blue"),
    JobState.DONE.value: (_l("Done"), "green"),
    JobState.FAILED.value: (_l("Failed"), "red"),
    JobState.CANCELLED.value: (_l("Cancelled"), "amber"),
}


class JobView(BaseView):
    """The user's jobs as a list and one by one; `status` is what a page that shows a job asks for."""

    route_base = "/jobs"
    default_view = "list"
    class_permission_name = OWN

    @expose("/")
    @has_access
    def list(self) -> str:
        """The newest jobs."""
        jobs = [shown_job(raw) for raw in list_jobs(current_access())]
        return self.render_template("jobs/list.html", title=_("Jobs"), jobs=jobs)

    @expose("/show/<pk>")
    @has_access
    def show(self, pk: str) -> str:
        """One job with its progress, log and result."""
        job = shown_job(get_job(current_access(), pk))
        return self.render_template("jobs/show.html", title=job["title"], job=job)

    @expose("/status/<pk>")
    @has_access
    def status(self, pk: str) -> Response:
        """The job as the page's script wants it."""
        job = shown_job(get_job(current_access(), pk))
        answer = jsonify({name: job[name] for name in ("state", "done", "total", "message", "result_url")})
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @expose("/cancel/<pk>", methods=["POST"])
    @has_access
    def cancel(self, pk: str) -> AnyResponse:
        """Ask a job to stop."""
        raw = cancel_job(current_access(), pk)
        if raw["state"] == JobState.RUNNING.value:
            flash(_("The job stops as soon as it can."), "info")
        elif raw["state"] != JobState.CANCELLED.value:
            flash(_("The job had ended already."), "info")
        return redirect(url_for("JobView.show", pk=pk))


def shown_job(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A job (raw) as pages and scripts show it."""
    label, colour = STATES[raw["state"]]
    ended = JobState(raw["state"]).ended
    result_file = raw.get("result_file") if raw["state"] == JobState.DONE.value else None
    return {
        "id": str(raw["_id"]), "title": raw.get("title") or raw["kind"], "state": raw["state"], "ended": ended,
        "stoppable": raw["kind"] not in UNSTOPPABLE,
        "state_label": str(label), "colour": colour, "message": message_of(raw) or str(label),
        "done": raw.get("done") or 0, "total": raw.get("total"), "log": raw.get("log") or [],
        "result_url": url_for("FileView.download", pk=result_file) if result_file else result_page(raw),
        "result_label": result_label(raw),
        "undo": undo_of(raw) if ended and raw.get("done") else None,
        "created_at": raw["created_at"], "started_at": raw.get("started_at"), "ended_at": raw.get("ended_at"),
    }  # fmt: skip


def result_page(raw: Mapping[str, Any]) -> str:
    """Where what a job found or did is shown; "" for a job whose result is none to look at."""
    params = raw.get("params") or {}
    if "draft" in params and JobState(raw["state"]).ended:
        return url_for("ImportView.show", register=params["register"], pk=params["draft"])
    found = raw["kind"] == DUPLICATES and raw["state"] == JobState.DONE.value
    return f"{register_of(raw['params']['register']).path}/duplicates" if found else ""


def result_label(raw: Mapping[str, Any]) -> str:
    if "draft" in (raw.get("params") or {}):
        return _("Show the import")
    return _("Show what was found") if raw["kind"] == DUPLICATES else ""


def undo_of(raw: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """(label, address, batch) of what takes the job's work back; None for a job whose work stays."""
    params = raw.get("params") or {}
    batch = str(params.get("batch", ""))
    if raw["kind"] == "delete_records":
        return _("Restore what was deleted"), url_for("BinView.restore"), batch
    if raw["kind"] in (EDIT, TAKE_BACK):
        return _("Take back"), f"{register_of(params['register']).path}/take_back", batch
    return None


def message_of(raw: Mapping[str, Any]) -> str:
    """What the job says, or while it says nothing, what it is waiting for."""
    if raw.get("message"):
        return str(raw["message"])
    if raw["state"] == JobState.RUNNING.value:
        return _("Stopping…") if raw.get("cancel_requested") else _("Working…")
    return _("Waiting for its turn…") if raw["state"] == JobState.WAITING.value else ""
