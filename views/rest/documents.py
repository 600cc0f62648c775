"""The document register over REST, with the files of its records."""


from flask import Response, request
from flask_appbuilder.api import expose
from flask_appbuilder.security.decorators import permission_name, protect
from flask_babel import gettext as _

from models.rights import Access
from services.documents import add_version, find_version
from services.files import Incomplete
from views.rest.base import REST, rest_access
from views.rest.body import named_file
from views.rest.openapi import Document, id_parameter, item_answer
from views.rest.problems import Problem
from views.rest.registers import RegisterApi
from views.uploads import streamed_file, streams

NAME = {"name": "name", "in": "query", "required": True, "schema": {"type": "string", "minLength": 1},
        "description": "The file's name; one of over 255 characters is shortened."}  # fmt: skip
NOTE = {"name": "note", "in": "query", "schema": {"type": "string", "maxLength": 500},
        "description": "What is new in this version."}  # fmt: skip
NUMBER = {"name": "version", "in": "query", "schema": {"type": "integer", "minimum": 1},
          "description": "Which version of the file, counted from 1; the newest one if it is left out."}  # fmt: skip


class DocumentApi(RegisterApi):
    """Documents."""

    register = "document"

    @expose("/<record:pk>/file", methods=["GET"])
    @protect()
    @permission_name("get")
    def get_file(self, pk: str) -> Response:
        """Answer with the content of a version of the file, whole or in the range that was asked for."""
        _raw, file = find_version(rest_access(), pk, request.args.get("version"))
        return streamed_file(file)

    @expose("/<record:pk>/file", methods=["POST"])
    @protect()
    @permission_name("put")
    @streams
    def post_file(self, pk: str) -> Response:
        """Add the file that is the body as the newest version."""
        name, stream, size = named_file()
        try:
            raw = add_version(rest_access(), pk, name, stream, request.args.get("note", ""), size=size, origin=REST)
        except Incomplete as error:
            raise Problem(400, _("The file did not come as a whole. Try again.")) from error
        return self.answer(raw)

    def describe(self, document: Document, access: Access) -> None:
        super().describe(document, access)
        path, tag = "/api/v1/document/{pk}/file", str(self.card.label)
        if access.may(self.register, "see"):
            document.operation(
                "get", path, tag=tag, name="get_document_file", summary="The content of the file",
                parameters=[id_parameter(), NUMBER], answer={}, problems=(404, 416),
            )  # fmt: skip
            answers = document.paths[path]["get"]["responses"]
            answers["200"]["content"] = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
            answers["206"] = {"description": "The range that was asked for", "content": answers["200"]["content"]}
        if access.may(self.register, "change"):
            document.operation(
                "post", path, tag=tag, name="post_document_file", summary="Add a file as the newest version",
                parameters=[id_parameter(), NAME, NOTE], takes_file=True, problems=(404, 409),
                answer=item_answer({"$ref": "#/components/schemas/Document"}),
            )  # fmt: skip
