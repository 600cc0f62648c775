"""One's own jobs over REST: how far they are, what came of them, cancelling."""

from typing import Any

from flask import Response, jsonify
from flask_appbuilder.api import expose
from flask_appbuilder.security.decorators import permission_name, protect
from flask_babel import gettext as _

from fab_mongo import MongoInterface
from fab_mongo.rison_argument import rison_argument
from models.jobs import Job, JobState
from models.rights import Access
from services.attachments import readable_file
from services.jobs import cancel_job, get_job
from services.records import RecordNotFound
from views.files import file_response
from views.rest import openapi
from views.rest.base import RestApi, rest_access
from views.rest.listing import list_answer, plain
from views.rest.query import ITEM_QUERY, LIST_QUERY
from views.security import OWN

Raw = dict[str, Any]
PATH = "/api/v1/job/"
TEXT = {"type": ["string", "null"]}
NUMBER = {"type": ["integer", "null"]}
MOMENT = {"type": ["string", "null"], "format": "date-time"}
PROPERTIES: dict[str, Raw] = {
    "id": openapi.ID, "kind": TEXT, "title": TEXT, "state": {"enum": [state.value for state in JobState]},
    "done": NUMBER, "total": NUMBER, "message": TEXT, "log": {"type": ["array", "null"], "items": TEXT},
    "result": {"type": ["object", "null"]}, "result_file": TEXT, "created_at": MOMENT, "started_at": MOMENT,
    "ended_at": MOMENT, "cancel_requested": {"type": ["boolean", "null"]},
}  # fmt: skip


class OwnJobs(MongoInterface):
    """The caller's own jobs."""

    def objects(self) -> Any:
        return super().objects().filter(owner=rest_access().user_id)


class JobApi(RestApi):
    """Jobs. They are started by what they do (a merge, an import), not here."""

    resource_name = "job"
    class_permission_name = OWN
    datamodel = OwnJobs(Job)

    @expose("/", methods=["GET"])
    @protect()
    @permission_name("get")
    @rison_argument(LIST_QUERY)
    def get_list(self, rison: Raw) -> Response:
        """Answer with the caller's jobs, the newest first."""
        return list_answer(self.datamodel, PROPERTIES, rison, job_json)

    @expose("/<pk>", methods=["GET"])
    @protect()
    @permission_name("get")
    @rison_argument(ITEM_QUERY)
    def get(self, pk: str, rison: Raw) -> Response:
        """Answer with one job."""
        return answer(get_job(rest_access(), pk))

    @expose("/<pk>/cancel", methods=["POST"])
    @protect()
    @permission_name("post")
    def cancel(self, pk: str) -> Response:
        """Ask a job to stop: a waiting one stops at once, a running one at its next step."""
        return answer(cancel_job(rest_access(), pk))

    @expose("/<pk>/file", methods=["GET"])
    @protect()
    @permission_name("get")
    def get_file(self, pk: str) -> Response:
        """Answer with the file that a job has made."""
        job = get_job(rest_access(), pk)
        if job["state"] != JobState.DONE.value or not job.get("result_file"):
            raise RecordNotFound("file", pk)
        return file_response(readable_file(rest_access(), job["result_file"]))

    def describe(self, document: openapi.Document, access: Access) -> None:
        record = document.schema("Job", openapi.object_of(PROPERTIES))
        one: Raw = {"tag": _("Jobs"), "parameters": [openapi.id_parameter()], "answer": openapi.item_answer(record),
                    "problems": (404,)}  # fmt: skip
        document.operation("get", PATH, tag=_("Jobs"), name="list_job", summary="The caller's jobs",
                           parameters=[openapi.query_parameter(LIST_QUERY)],
                           answer=openapi.list_answer(record))  # fmt: skip
        document.operation("get", f"{PATH}{{pk}}", name="get_job", summary="One job", **one)
        document.operation("get", f"{PATH}{{pk}}/file", tag=_("Jobs"), name="get_job_file", problems=(404,),
                           summary="The file that a job has made", parameters=[openapi.id_parameter()],
                           answer={})  # fmt: skip
        answers = document.paths[f"{PATH}{{pk}}/file"]["get"]["responses"]
        answers["200"]["content"] = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
        document.operation("post", f"{PATH}{{pk}}/cancel", name="cancel_job", summary="Ask a job to stop", **one)


def answer(raw: Raw) -> Response:
    return jsonify(id=str(raw["_id"]), result=job_json(raw))


def job_json(raw: Raw) -> Raw:
    """A job as it is answered; what it works with (`params`) is its own business."""
    return {"id": str(raw["_id"])} | {name: plain(raw.get(name)) for name in PROPERTIES if name != "id"}
