"""The choices of fixed fields over REST: anybody reads them, those who manage settings change them."""

from typing import Any

from flask import Response, jsonify
from flask_appbuilder.api import expose
from flask_appbuilder.security.decorators import permission_name, protect
from flask_babel import gettext as _

from fab_mongo.values import is_storable
from models.changes import Source
from models.fields.errors import ValidationFailed
from models.rights import Access
from services.choice_lists import change_choices, extensible_fields, get_choices
from services.records import RecordNotFound, VersionConflict
from services.settings import register_to_set_up, registers_to_set_up, require_a_register
from views.rest import openapi
from views.rest.base import RestApi, rest_access
from views.rest.body import json_object
from views.rest.field_definitions import CHOICE, SENT_CHOICES
from views.rest.problems import Problem
from views.rest.values import take_version
from views.security import OWN

Raw = dict[str, Any]
NAME = "choice_list"
PATH = f"/api/v1/{NAME}/"
#: What an answer tells and nobody sets; sent back as it is, it is ignored.
TOLD = ("id", "register", "key")


class ChoiceListApi(RestApi):
    """The choices of each fixed field that takes others than the program's; its id is `<register>.<key>`."""

    resource_name = NAME
    class_permission_name = OWN

    @expose("/", methods=["GET"])
    @protect()
    @permission_name("get")
    def get_list(self) -> Response:
        """Answer with all of them: there are few."""
        found = [list_json(get_choices(*pk.split("."))) for pk in known_ids(rest_access())]
        return jsonify(ids=[one["id"] for one in found], count=len(found), result=found)

    @expose("/<pk>", methods=["GET"])
    @protect()
    @permission_name("get")
    def get(self, pk: str) -> Response:
        """Answer with the choices of one field, retired ones too."""
        return answer(choices_of(pk))

    @expose("/<pk>", methods=["PUT", "PATCH"])
    @protect()
    @permission_name("put")
    def put(self, pk: str) -> Response:
        """Change the choices of one field: they are there in the next request of every process."""
        require_a_register(rest_access())
        raw = choices_of(pk)
        register_to_set_up(rest_access(), raw["register"])
        values = sent_values(list_json(raw))
        version = take_version(values)
        try:
            return answer(change_choices(rest_access(), raw["register"], raw["key"], values.get("choices"),
                                         version=version, source=Source.REST))  # fmt: skip
        except VersionConflict as conflict:
            raise Problem(409, str(conflict), current=list_json(conflict.current)) from conflict

    def describe(self, document: openapi.Document, access: Access) -> None:
        ids = known_ids(access)
        properties: Raw = {"id": {"type": "string"}, "register": {"type": "string"}, "key": {"type": "string"},
                           "choices": openapi.list_of(CHOICE), "version": {"type": "integer"}}  # fmt: skip
        record = document.schema("ChoiceList", openapi.object_of(properties))
        common: Raw = {"tag": _("Choices of fixed fields")}
        parameter = {"name": "pk", "in": "path", "required": True,
                     "schema": {"type": "string", **({"enum": ids} if ids else {})}}  # fmt: skip
        one = {"parameters": [parameter], "problems": (404,), **common,
               "answer": openapi.object_of({"id": {"type": "string"}, "result": record})}  # fmt: skip
        many = {"ids": openapi.list_of({"type": "string"}), "count": {"type": "integer"},
                "result": openapi.list_of(record)}  # fmt: skip
        document.operation("get", PATH, name=f"list_{NAME}", summary="The choices of all fixed fields that take others",
                           answer=openapi.object_of(many), **common)  # fmt: skip
        document.operation("get", f"{PATH}{{pk}}", name=f"get_{NAME}", summary="The choices of one field", **one)
        if registers_to_set_up(access):
            told: Raw = {name: {"type": ["string", "null"]} for name in TOLD}
            sent = {**told, "choices": SENT_CHOICES, "version": {"type": ["integer", "null"]}}
            change = document.schema("ChoiceListChange", openapi.object_of(sent, closed=True))
            for method in ("put", "patch"):
                document.operation(method, f"{PATH}{{pk}}", name=f"{method}_{NAME}", summary="Change the choices",
                                   body=change, **{**one, "problems": (404, 409)})  # fmt: skip


def known_ids(access: Access) -> list[str]:
    """The ids of those whose register the caller sees, as far as no role hides them."""
    return [f"{register}.{field.key}" for register, field in extensible_fields()
            if access.may(register, "settings")
            or (access.may(register, "see") and not access.hides(register, field.column))]  # fmt: skip


def choices_of(pk: str) -> Raw:
    """Raises RecordNotFound."""
    if pk not in known_ids(rest_access()):
        raise RecordNotFound(NAME, pk)
    return get_choices(*pk.split("."))


def sent_values(known: Raw) -> Raw:
    """What was sent and may be changed. Raises Problem, ValidationFailed."""
    sent = json_object()
    errors = {name[:80]: [_("This holds characters or numbers that can't be kept. Type it again.")]
              for name, value in sent.items() if not is_storable([name, value])}  # fmt: skip
    errors |= {name: [_("You can't change this field.")]
               for name in TOLD if sent.get(name) not in (None, known[name])}  # fmt: skip
    errors |= {name[:80]: [_("A list of choices has no “%(name)s”.", name=name[:80])]
               for name in sent if name not in known}  # fmt: skip
    if errors:
        raise ValidationFailed(errors)
    return {name: value for name, value in sent.items() if name not in TOLD}


def answer(raw: Raw) -> Response:
    found = list_json(raw)
    return jsonify(id=found["id"], result=found)


def list_json(raw: Raw) -> Raw:
    names = ("register", "key", "choices", "version")
    return {"id": f"{raw['register']}.{raw['key']}"} | {name: raw[name] for name in names}
