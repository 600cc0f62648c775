"""The organisation's own fields over REST: anybody reads them, those who manage settings change them."""

from typing import Any

from flask import Response, jsonify, url_for
from flask_appbuilder.api import expose
from flask_appbuilder.security.decorators import permission_name, protect
from flask_babel import gettext as _

from fab_mongo import MongoInterface
from fab_mongo.rison_argument import rison_argument
from fab_mongo.values import is_storable
from models.changes import Source
from models.fields.definitions import FieldDefinition
from models.fields.errors import ValidationFailed
from models.fields.field import CUSTOM_PREFIX
from models.fields.kinds import OFFERED_KINDS
from models.registers import REGISTERS, SECTIONS
from models.rights import Access
from services.records import VersionConflict
from services.settings import (
    COLOURS,
    COLUMNS,
    change_field,
    define_field,
    definition_to_change,
    registers_to_set_up,
    require_a_register,
    retire_field,
)
from views.rest import openapi
from views.rest.base import RestApi, rest_access
from views.rest.body import json_object
from views.rest.listing import document_of, list_answer, plain
from views.rest.problems import Problem
from views.rest.query import ITEM_QUERY, LIST_QUERY
from views.rest.values import take_version
from views.security import OWN

Raw = dict[str, Any]
NAME = "field_definition"
PATH = f"/api/v1/{NAME}/"
#: What an answer tells and nobody sets; sent back as it is, it is ignored.
TOLD = ("id", "column", "created_at", "changed_at")
TEXT = {"type": ["string", "null"]}
FLAG = {"type": ["boolean", "null"]}
LABEL = openapi.object_of({"en": TEXT, "fi": TEXT}, closed=True)
CHOICE = openapi.object_of(
    {"key": {"type": "string"}, "label": LABEL, "colour": {"enum": list(COLOURS)}, "retired": FLAG}, closed=True
)
#: Plain text is a label in English, and a choice with that label.
SENT_LABEL = {**LABEL, "type": ["object", "string"]}
SENT_CHOICE = openapi.object_of({**CHOICE["properties"], "label": SENT_LABEL}, closed=True)
SENT_CHOICES = {"type": ["array", "null"], "items": {"anyOf": [{"type": "string"}, SENT_CHOICE]}}


class VisibleDefinitions(MongoInterface):
    """The definitions of the fields that the caller's roles do not hide."""

    def objects(self) -> Any:
        access, found = rest_access(), super().objects()
        for register, columns in access.hidden.items():
            if not access.may(register, "settings"):
                keys = [column.removeprefix(CUSTOM_PREFIX) for column in columns]
                found = found.filter(__raw__={"$nor": [{"register": register, "key": {"$in": keys}}]})
        return found


class FieldDefinitionApi(RestApi):
    """Field definitions. Deleting one retires it: its values stay, and `{"retired": false}` brings it back."""

    resource_name = NAME
    class_permission_name = OWN
    datamodel = VisibleDefinitions(FieldDefinition)

    @expose("/", methods=["GET"])
    @protect()
    @permission_name("get")
    @rison_argument(LIST_QUERY)
    def get_list(self, rison: Raw) -> Response:
        """Answer with a page of definitions, retired ones too."""
        return list_answer(self.datamodel, properties(), rison, definition_json)

    @expose("/<pk>", methods=["GET"])
    @protect()
    @permission_name("get")
    @rison_argument(ITEM_QUERY)
    def get(self, pk: str, rison: Raw) -> Response:
        """Answer with one definition."""
        return answer(document_of(self.datamodel, NAME, pk))

    @expose("/", methods=["POST"])
    @protect()
    @permission_name("post")
    def post(self) -> Response:
        """Define a field: it is there in the next request of every process."""
        values = self.values(None)
        made = answer(define_field(rest_access(), values, source=Source.REST))
        made.status_code = 201
        made.headers["Location"] = url_for(f"{self.endpoint}.get", pk=made.get_json()["id"])
        return made

    @expose("/<pk>", methods=["PUT", "PATCH"])
    @protect()
    @permission_name("put")
    def put(self, pk: str) -> Response:
        """Change what may change of a definition."""
        values = self.values(pk)
        version = take_version(values)
        try:
            return answer(change_field(rest_access(), pk, values, version=version, source=Source.REST))
        except VersionConflict as conflict:
            raise Problem(409, str(conflict), current=definition_json(conflict.current)) from conflict

    @expose("/<pk>", methods=["DELETE"])
    @protect()
    @permission_name("delete")
    def delete(self, pk: str) -> Response:
        """Retire a field: it disappears everywhere, its values stay."""
        retired = retire_field(rest_access(), pk, source=Source.REST)
        return jsonify(message="OK", id=str(retired["_id"]), result=definition_json(retired))

    def values(self, pk: str | None) -> Raw:
        """What was sent, once it could be kept and is the caller's to say. Raises NotAllowed, ValidationFailed."""
        require_a_register(rest_access())
        sent = json_object()
        known = definition_json(definition_to_change(rest_access(), pk)) if pk else {"retired": False}
        errors = {name[:80]: [_("This holds characters or numbers that can't be kept. Type it again.")]
                  for name, value in sent.items() if not is_storable([name, value])}  # fmt: skip
        fixed = TOLD if pk else (*TOLD, "version", "retired")
        errors |= {name: [_("You can't change this field.")]
                   for name in fixed if sent.get(name) not in (None, known.get(name))}  # fmt: skip
        if errors:
            raise ValidationFailed(errors)
        # What is sent as it stands is not a change.
        return {name: value for name, value in sent.items()
                if name not in fixed and not (pk and name != "version" and value == known.get(name))}  # fmt: skip

    def describe(self, document: openapi.Document, access: Access) -> None:
        common: Raw = {"tag": _("Field definitions")}
        record = document.schema("FieldDefinition", openapi.object_of(properties()))
        one = {"parameters": [openapi.id_parameter()], "answer": openapi.item_answer(record), **common}
        document.operation("get", PATH, name=f"list_{NAME}", summary="A page of field definitions",
                           parameters=[openapi.query_parameter(LIST_QUERY)],
                           answer=openapi.list_answer(record), **common)  # fmt: skip
        document.operation("get", f"{PATH}{{pk}}", name=f"get_{NAME}", summary="One definition", problems=(404,), **one)
        if registers_to_set_up(access):
            describe_changing(document, record, common, one)


def describe_changing(document: openapi.Document, record: Raw, common: Raw, one: Raw) -> None:
    sent = {name: schema for name, schema in properties().items() if name in COLUMNS} | {"label": SENT_LABEL}
    sent["choices"] = SENT_CHOICES
    new = document.schema(
        "FieldDefinitionNew", openapi.object_of(sent, required=("register", "kind", "label"), closed=True)
    )
    version = {"version": {"type": ["integer", "null"]}}
    change = document.schema("FieldDefinitionChange", openapi.object_of(sent | version, closed=True))
    document.operation("post", PATH, name=f"add_{NAME}", summary="Define a field", body=new, status=201,
                       answer=openapi.item_answer(record), **common)  # fmt: skip
    for method in ("put", "patch"):
        document.operation(method, f"{PATH}{{pk}}", name=f"{method}_{NAME}", summary="Change a definition",
                           body=change, problems=(404, 409), **one)  # fmt: skip
    document.operation("delete", f"{PATH}{{pk}}", name=f"delete_{NAME}", summary="Retire a field", problems=(404,),
                       **one)  # fmt: skip


def answer(raw: Raw) -> Response:
    return jsonify(id=str(raw["_id"]), result=definition_json(raw))


def definition_json(raw: Raw) -> Raw:
    """A definition as it is answered."""
    told = {"id": str(raw["_id"]), "column": CUSTOM_PREFIX + raw["key"]}
    return told | {name: plain(raw.get(name, default_of(name))) for name in properties() if name not in told}


def default_of(name: str) -> Any:
    """What a definition holds that says nothing of it."""
    default = FieldDefinition._fields[name].default
    return default() if callable(default) else default


def properties() -> dict[str, Raw]:
    """The properties of a definition, with their schemas."""
    return {
        "id": openapi.ID, "column": {"type": "string"}, "register": {"enum": list(REGISTERS)},
        "section": {"enum": [*SECTIONS, None]}, "key": TEXT, "label": LABEL, "kind": {"enum": list(OFFERED_KINDS)},
        "target": TEXT, "choices": {"type": ["array", "null"], "items": CHOICE}, "required": FLAG,
        "help": {"type": ["string", "object", "null"]}, "default": {}, "order": {"type": ["integer", "null"]},
        "in_list": FLAG, "in_head": FLAG, "currency": TEXT, "retired": FLAG, "version": {"type": "integer"},
        "created_at": {"type": ["string", "null"], "format": "date-time"},
        "changed_at": {"type": ["string", "null"], "format": "date-time"},
    }  # fmt: skip
