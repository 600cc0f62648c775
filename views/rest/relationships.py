"""Relationships over REST: those of a record, at its register's address, and the kinds there are."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from bson import ObjectId
from flask import Response, jsonify, url_for
from flask_appbuilder.api import expose
from flask_appbuilder.security.decorators import permission_name, protect
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from fab_mongo.rison_argument import rison_argument
from models.changes import Source
from models.fields.errors import ValidationFailed
from models.registers import REGISTERS
from models.relationships import OBJECT, SUBJECT, all_kinds, other_side
from models.rights import Access
from services.labels import names_of
from services.records import VersionConflict, get_record
from services.relationship_kinds import add_kind, list_kinds, retire_kind
from services.relationships import (
    Seen,
    Told,
    change_relationship,
    day_of,
    get_relationship,
    kinds_of,
    relate,
    relationship_of,
    relationships_of,
    remove_relationship,
)
from views.base import current_language
from views.permissions import OWN
from views.rest import openapi
from views.rest.base import REST, rest_access
from views.rest.checking import sent_values
from views.rest.field_definitions import LABEL, SENT_LABEL
from views.rest.problems import Problem
from views.rest.setting_resources import (
    FLAG,
    IDS,
    NUMBER,
    PAGE_QUERY,
    REGISTER,
    TEXT,
    VERSION,
    Added,
    Changed,
    Listed,
    page_asked,
)
from views.rest.values import take_version

Raw = dict[str, Any]
#: Of one record nobody has more than so many.
MOST = 10_000
DAY: Raw = {"type": ["string", "null"], "format": "date"}
TITLE: Raw = {"type": ["string", "null"], "maxLength": 200}
SIDE: Raw = {"type": "string", "enum": [SUBJECT, OBJECT], "description": "On which side of it this record stands."}
TELLS: Raw = {"title": TITLE, "since": DAY, "until": {**DAY, "description": "Null as long as it is current."}}
PROPERTIES: Raw = {"id": openapi.ID, "kind": TEXT, "side": SIDE, "label": TEXT, "register": TEXT, "other": openapi.ID,
                   "name": TEXT, **TELLS, "version": NUMBER}  # fmt: skip
SENT: Raw = {**TELLS, "since": openapi.as_sent(TELLS["since"]), "until": openapi.as_sent(TELLS["until"])}
NEW: Raw = {"kind": TEXT, "side": SIDE, "other": openapi.ID, **SENT,
            "ends": {**IDS, "description": "Current ones of the same kind that end as this one begins."}}  # fmt: skip
NEEDED = ("kind", "other")


class RelationshipCalls:
    """What the API of a register has besides: `…/<id>/relationships`."""

    register: ClassVar[str]
    endpoint: str

    @expose("/<record:pk>/relationships", methods=["GET"])
    @protect()
    @permission_name("get")
    @rison_argument(PAGE_QUERY)
    def get_relationships(self, pk: str, rison: Raw) -> Response:
        """Answer with the record's relationships: current ones first, then those that have ended."""
        access, (first, size) = rest_access(), page_asked(rison)
        raw = get_record(access, self.register, pk)
        found = relationships_of(access, self.register, raw["_id"], most=MOST)
        shown = [relationship_json(one) for one in found[first : first + size]]
        return jsonify(ids=[one["id"] for one in shown], count=len(found), result=shown)

    @expose("/<record:pk>/relationships/<relationship>", methods=["GET"])
    @protect()
    @permission_name("get")
    def get_relationship(self, pk: str, relationship: str) -> Response:
        """Answer with one of them."""
        return self.told_relationship(pk, relationship)

    @expose("/<record:pk>/relationships", methods=["POST"])
    @protect()
    @permission_name("put")
    def post_relationship(self, pk: str) -> Response:
        """Begin one."""
        access = rest_access()
        get_record(access, self.register, pk, "change")
        sent = sent_values(NEW, told=PROPERTIES, needed=NEEDED)
        side = checked_side(access, self.register, sent)
        with overtaken(self.register, pk):
            made = relate(access, self.register, pk, sent["kind"], side, sent["other"], told_by(sent),
                          sent.get("ends", ()), origin=REST)  # fmt: skip
        answer = self.told_relationship(pk, made["_id"])
        answer.status_code = 201
        answer.headers["Location"] = url_for(f"{self.endpoint}.get_relationship", pk=pk, relationship=made["_id"])
        return answer

    @expose("/<record:pk>/relationships/<relationship>", methods=["PUT", "PATCH"])
    @protect()
    @permission_name("put")
    def put_relationship(self, pk: str, relationship: str) -> Response:
        """Change what is sent of its title and days, its end among them."""
        access = rest_access()
        _raw, seen = get_relationship(access, self.register, pk, relationship)
        known = relationship_json(seen)
        sent = sent_values({**TELLS, "version": VERSION}, told=PROPERTIES, known=known)
        version = take_version(sent)
        with overtaken(self.register, pk):
            change_relationship(access, self.register, pk, relationship, told_by({**known, **sent}), version,
                                origin=REST)  # fmt: skip
        return self.told_relationship(pk, relationship)

    @expose("/<record:pk>/relationships/<relationship>", methods=["DELETE"])
    @protect()
    @permission_name("put")
    def delete_relationship(self, pk: str, relationship: str) -> Response:
        """Take one away that never was; one that was is ended."""
        remove_relationship(rest_access(), self.register, pk, relationship, origin=REST)
        return jsonify(message="OK")

    def told_relationship(self, pk: str, relationship: Any) -> Response:
        found = relationship_json(relationship_of(rest_access(), self.register, pk, relationship))
        return jsonify(id=found["id"], result=found)


def relationship_json(seen: Seen) -> Raw:
    """A relationship as its record has it."""
    raw = seen.raw
    return {"id": str(raw["_id"]), "kind": seen.kind.key, "side": seen.side,
            "label": seen.kind.label_from(seen.side, current_language()), "register": seen.register,
            "other": str(seen.other), "name": seen.name, "title": raw.get("title"),
            "since": day_of(raw.get("since")) or None, "until": day_of(raw.get("until")) or None,
            "version": raw["version"]}  # fmt: skip


def told_by(sent: Mapping[str, Any]) -> Told:
    return Told(**{name: sent.get(name) or "" for name in TELLS})


def checked_side(access: Access, register: str, sent: Mapping[str, Any]) -> str:
    """The side that was sent, or the first that the kind gives the register's records, once kind, side and the other
    record are such that the caller may relate them. Raises ValidationFailed."""
    offered = [(kind, side) for kind, side in kinds_of(access, register)
               if kind.key == sent["kind"] and sent.get("side", side) == side]  # fmt: skip
    if not offered:
        raise ValidationFailed({"kind": [_("Choose one from the list.")]})
    kind, side = offered[0]
    if not names_of(access, kind.register_of(other_side(side)), [ObjectId(sent["other"])]):
        raise ValidationFailed({"other": [_("Choose one from the list.")]})
    return side


@contextmanager
def overtaken(register: str, pk: str) -> Iterator[None]:
    """A version that is overtaken is a 409 with the relationship as it is now."""
    try:
        yield
    except VersionConflict as conflict:
        now = relationship_of(rest_access(), register, pk, conflict.current["_id"])
        raise Problem(409, str(conflict), current=relationship_json(now)) from conflict


def describe_relationships(document: openapi.Document, register: str, tag: str, access: Access) -> None:
    """Add the calls to the document, of a register whose records can be related."""
    if not access.may(register, "see") or not any(kind.sides(register) for kind in all_kinds().values()):
        return
    path = f"/api/v1/{register}/{{pk}}/relationships"
    record = document.schema("Relationship", openapi.object_of(PROPERTIES))
    many = openapi.object_of({"ids": IDS, "count": NUMBER, "result": openapi.list_of(record)},
                             required=("ids", "result", "count"))  # fmt: skip
    document.operation("get", path, tag=tag, name=f"list_{register}_relationships", answer=many, problems=(404,),
                       parameters=[openapi.id_parameter(), openapi.query_parameter(PAGE_QUERY)],
                       summary="A record's relationships")  # fmt: skip
    pair = [openapi.id_parameter(), {**openapi.id_parameter(), "name": "relationship"}]
    one: Raw = {"tag": tag, "parameters": pair, "answer": openapi.item_answer(record)}
    document.operation("get", f"{path}/{{relationship}}", name=f"get_{register}_relationship", problems=(404,),
                       summary="One of them", **one)  # fmt: skip
    if access.may(register, "change"):
        describe_relating(document, register, path, one, access)


def describe_relating(document: openapi.Document, register: str, path: str, one: Raw, access: Access) -> None:
    kinds = list(dict.fromkeys(kind.key for kind, _side in kinds_of(access, register)))
    if kinds:
        new = openapi.object_of({**NEW, "kind": {"type": "string", "enum": kinds}}, required=NEEDED, closed=True)
        document.operation("post", path, name=f"add_{register}_relationship", summary="Begin one", body=new, status=201,
                           problems=(404, 409), **{**one, "parameters": [openapi.id_parameter()]})  # fmt: skip
    change = document.schema("RelationshipChange", openapi.object_of({**SENT, "version": VERSION}, closed=True))
    for method in ("put", "patch"):
        document.operation(method, f"{path}/{{relationship}}", name=f"{method}_{register}_relationship", body=change,
                           summary="Change its title or days, or end it", problems=(404, 409), **one)  # fmt: skip
    document.operation("delete", f"{path}/{{relationship}}", name=f"delete_{register}_relationship", problems=(404,),
                       summary="Take one away that never was",
                       **{**one, "answer": openapi.object_of({"message": TEXT})})  # fmt: skip


class RelationshipKindApi(Listed, Added, Changed):
    """The kinds of relationship, by their keys. One of the organisation's own can be retired, and offered again."""

    label = _l("Kinds of relationship")
    resource_name, name, class_permission_name = "relationship_kind", "RelationshipKind", OWN
    properties = {"id": TEXT, "key": TEXT, "subject": REGISTER, "object": REGISTER, "label": LABEL, "reverse": LABEL,
                  "mirrors": {**TEXT, "description": "The subject's field that holds the objects."},
                  "retired": FLAG, "own": FLAG, "version": NUMBER}  # fmt: skip
    sent = ("subject", "object", "label", "reverse")
    more_sent = {"label": SENT_LABEL, "reverse": SENT_LABEL}
    changeable = ("retired",)
    required = ("subject", "object", "label", "reverse")
    id_schema = TEXT

    def found(self) -> list[Raw]:
        return [raw for raw in list_kinds(rest_access()) if {raw["subject"], raw["object"]} <= set(REGISTERS)]

    def key_of(self, raw: Mapping[str, Any]) -> str:
        return str(raw["key"])

    def create(self, values: Raw) -> Raw:
        labels = [in_languages(values[name]) for name in ("label", "reverse")]
        made = add_kind(rest_access(), values["subject"], values["object"], *labels, source=Source.REST)
        return self.one(made["key"])

    def change(self, pk: str, values: Raw, version: int | None) -> Raw:
        raw = self.one(pk)
        retired = {**raw, **values}["retired"]
        if not raw["own"] and retired:
            raise ValidationFailed({"retired": [_("This kind comes with the program and stays.")]})
        if raw["own"]:
            retire_kind(rest_access(), pk, retired=retired, version=version, source=Source.REST)
        return self.one(pk)


def in_languages(label: Any) -> dict[str, str]:
    """A label as it was sent; plain text is one in English."""
    texts = {"en": label} if isinstance(label, str) else label
    return {language: text for language, text in texts.items() if text}
