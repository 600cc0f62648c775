"""The mailing register over REST, with sending a mailing and how far it is."""

from dataclasses import asdict
from typing import Any

from flask import Response, jsonify
from flask_appbuilder.api import expose
from flask_appbuilder.security.decorators import permission_name, protect

from models.rights import Access
from services.mailings import MailingProblem, progress, start
from views.rest.base import rest_access
from views.rest.openapi import ID, Document, id_parameter, object_of
from views.rest.problems import Problem
from views.rest.registers import RegisterApi

Raw = dict[str, Any]
COUNT: Raw = {"type": "integer"}
TEXT: Raw = {"type": "string"}
COUNTS: Raw = {"type": "object", "additionalProperties": COUNT}
PROGRESS: dict[str, Raw] = {
    "state": TEXT, "job": TEXT, "done": COUNT, "total": COUNT, "counts": COUNTS, "left_out": COUNTS,
    "unsubscribed": COUNT, "problem": TEXT, "recipients": COUNT, "ended": COUNT, "percent": COUNT,
}  # fmt: skip


class MailingApi(RegisterApi):
    """Mailings."""

    register = "mailing"

    @expose("/<record:pk>/progress", methods=["GET"])
    @protect()
    @permission_name("get")
    def get_progress(self, pk: str) -> Response:
        """Answer with how far the mailing is: its messages by state, and who was left out by reason."""
        found = progress(rest_access(), pk)
        return jsonify(**asdict(found), recipients=found.recipients, ended=found.ended, percent=found.percent)

    @expose("/<record:pk>/start", methods=["POST"])
    @protect()
    @permission_name("send")
    def post_start(self, pk: str) -> Response:
        """Send the draft now; answer with the job that makes its messages."""
        try:
            job = start(rest_access(), pk)
        except MailingProblem as error:
            raise Problem(409, str(error)) from error
        answer = jsonify(job=str(job))
        answer.status_code = 202
        return answer

    def describe(self, document: Document, access: Access) -> None:
        super().describe(document, access)
        tag = str(self.card.label)
        if access.may(self.register, "see"):
            document.operation(
                "get", f"/api/v1/{self.register}/{{pk}}/progress", name="get_mailing_progress", tag=tag,
                summary="How far a mailing is", parameters=[id_parameter()], problems=(404,),
                answer=object_of(PROGRESS, required=tuple(PROGRESS)),
            )  # fmt: skip
        if access.may(self.register, "change") and access.may(self.register, "send"):
            document.operation(
                "post", f"/api/v1/{self.register}/{{pk}}/start", name="start_mailing", tag=tag, status=202,
                summary="Send a draft", parameters=[id_parameter()], problems=(404, 409),
                answer=object_of({"job": ID}, required=("job",)),
            )  # fmt: skip
