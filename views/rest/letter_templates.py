"""The Word templates of letters over REST, for those who may make letters in their registers."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask import Response, request, url_for
from flask_appbuilder.api import expose
from flask_appbuilder.security.decorators import permission_name, protect
from flask_babel import lazy_gettext as _l

from models.fields.errors import ValidationFailed
from models.rights import Access
from services.merge import (
    MAX_BYTES,
    MergeProblem,
    delete_template,
    get_template,
    list_templates,
    registers_to_merge,
    template_file,
    update_template,
    upload_template,
)
from services.merge.templates import MAX_NAME, map_of
from services.word import TemplateError
from views.permissions import OWN
from views.rest import openapi
from views.rest.base import rest_access
from views.rest.documents import NAME
from views.rest.setting_resources import MOMENT, NUMBER, REGISTER, TEXT, Changed, Listed, Removed
from views.uploads import sent_file, streamed_file, streams

Raw = dict[str, Any]


class LetterTemplateApi(Listed, Changed, Removed):
    """Templates with the merge fields that they have. Their files are bodies of their own."""

    label = _l("Letters")
    resource_name, name, class_permission_name = "letter_template", "LetterTemplate", OWN
    properties = {
        "id": openapi.ID, "register": REGISTER, "name": {"type": "string", "maxLength": MAX_NAME},
        "field_names": openapi.list_of(TEXT), "owner": {"anyOf": [openapi.ID, {"type": "null"}]}, "created_at": MOMENT,
        "field_map": {"type": "object", "additionalProperties": TEXT,
                      "description": "Which column fills a merge field that no name finds; an empty one takes it off."},
        "version": NUMBER,
    }  # fmt: skip
    sent = ("name", "field_map")

    def found(self) -> list[Raw]:
        access = rest_access()
        return [raw for card in registers_to_merge(access) for raw in list_templates(access, card.key)]

    def one(self, pk: str) -> Raw:
        return get_template(rest_access(), pk)

    def told(self, raw: Mapping[str, Any]) -> Raw:
        return super().told(raw) | {"field_map": map_of(dict(raw))}

    def writes(self, access: Access) -> bool:
        return bool(registers_to_merge(access))

    def change(self, pk: str, values: Raw, version: int | None) -> Raw:
        with refusals("field_map"):
            return update_template(rest_access(), pk, values, version)

    def remove(self, pk: str) -> Any:
        return delete_template(rest_access(), pk)

    @expose("/", methods=["POST"])
    @protect()
    @permission_name("post")
    @streams
    def post(self) -> Response:
        """Add the Word file that is the body to the templates of a `register`."""
        self.require_writing()
        answer = self.answer(self.uploaded(request.args.get("register", "")), 201)
        answer.headers["Location"] = url_for(f"{self.endpoint}.get", pk=answer.get_json()["id"])
        return answer

    @expose("/<pk>/file", methods=["PUT"])
    @protect()
    @permission_name("put")
    @streams
    def put_file(self, pk: str) -> Response:
        """Have the Word file that is the body in the place of the template's."""
        self.require_writing()
        return self.answer(self.uploaded(self.one(pk)["register"], pk))

    @expose("/<pk>/file", methods=["GET"])
    @protect()
    @permission_name("get")
    def get_file(self, pk: str) -> Response:
        """Answer with the template's Word file."""
        return streamed_file(template_file(rest_access(), pk))

    def uploaded(self, register: str, replace: str | None = None) -> Raw:
        name, stream, _size = sent_file()
        with refusals("file"):
            return upload_template(rest_access(), register, "", stream.read(MAX_BYTES + 1), file_name=name,
                                   replace=replace)  # fmt: skip

    def describe(self, document: openapi.Document, access: Access) -> None:
        super().describe(document, access)
        cards = registers_to_merge(access)
        if not cards:
            return
        tag, path = str(self.label), f"{self.path()}{{pk}}/file"
        register = {"name": "register", "in": "query", "required": True,
                    "schema": {"type": "string", "enum": [card.key for card in cards]}}  # fmt: skip
        answer = self.answers({"$ref": f"#/components/schemas/{self.name}"})
        told: Raw = {"tag": tag, "takes_file": True, "answer": answer}
        document.operation("post", self.path(), name="add_letter_template", summary="Add a Word file as a template",
                           parameters=[register, NAME], status=201, problems=(404,), **told)  # fmt: skip
        document.operation("put", path, name="put_letter_template_file", summary="Put another file in its place",
                           parameters=[*self.one_of_them(), NAME], problems=(404,), **told)  # fmt: skip
        document.operation("get", path, tag=tag, name="get_letter_template_file", summary="The template's Word file",
                           parameters=self.one_of_them(), answer={}, problems=(404, 416))  # fmt: skip
        binary = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
        answers = document.paths[path]["get"]["responses"]
        answers["200"]["content"] = binary
        answers["206"] = {"description": "The range that was asked for", "content": binary}


@contextmanager
def refusals(about: str) -> Iterator[None]:
    """What is wrong with a template is told by property: what it is `about` where the problem names none."""
    try:
        yield
    except (MergeProblem, TemplateError) as problem:
        raise ValidationFailed({getattr(problem, "field", "") or about: [str(problem)]}) from problem
