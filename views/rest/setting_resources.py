"""What REST resources of settings share: a list, one, adding, changing and deleting, by the services of the screens.

A resource is a subclass of `SettingApi` with those of the parts below that it has calls for. What it answers are its
`properties`; what may be sent are those named in `sent`, and `more_sent`, which is never told (a password).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from flask import Response, jsonify, url_for
from flask_appbuilder.api import expose
from flask_appbuilder.security.decorators import permission_name, protect

from fab_mongo.rison_argument import rison_argument
from models.registers import REGISTERS
from models.rights import SETTINGS, Access
from services.records import RecordNotFound, VersionConflict
from views.rest import openapi
from views.rest.base import RestApi, rest_access
from views.rest.checking import sent_values
from views.rest.listing import plain
from views.rest.problems import Problem
from views.rest.values import take_version

Raw = dict[str, Any]
TEXT: Raw = {"type": "string"}
FLAG: Raw = {"type": "boolean"}
NUMBER: Raw = {"type": "integer"}
MOMENT: Raw = {"type": ["string", "null"], "format": "date-time"}
IDS: Raw = openapi.list_of(openapi.ID)
REGISTER: Raw = {"type": "string", "enum": list(REGISTERS)}
VERSION: Raw = {"type": ["integer", "null"], "description": "The version you saw: 409 if there is a newer one."}
MOST_ROWS = 1_000
PAGE_QUERY = {
    "type": "object", "additionalProperties": False,
    "properties": {"page": {"type": "integer", "minimum": 0, "maximum": 100_000},
                   "page_size": {"type": "integer", "minimum": 1, "maximum": MOST_ROWS}},
}  # fmt: skip


class SettingApi(RestApi):
    """Settings of one kind. A subclass says where they come from, and how one of them (raw) is told."""

    #: What the schemas of the document are called by, and what people call them.
    name: ClassVar[str]
    label: ClassVar[Any]
    properties: ClassVar[Raw]
    sent: ClassVar[tuple[str, ...]] = ()
    #: What may be sent to change one, where that is not the same.
    changeable: ClassVar[tuple[str, ...] | None] = None
    more_sent: ClassVar[Raw] = {}
    required: ClassVar[tuple[str, ...]] = ()
    id_schema: ClassVar[Raw] = openapi.ID

    def found(self) -> list[Raw]:
        """All that the caller may see. Raises NotAllowed."""
        raise NotImplementedError

    def one(self, pk: str) -> Raw:
        """Raises RecordNotFound."""
        raw = next((raw for raw in self.found() if self.key_of(raw) == pk), None)
        if raw is None:
            raise RecordNotFound(self.resource_name, pk)
        return raw

    def key_of(self, raw: Mapping[str, Any]) -> str:
        return str(raw["_id"])

    def told(self, raw: Mapping[str, Any]) -> Raw:
        """One as it is answered."""
        return {"id": self.key_of(raw)} | {name: plain(raw.get(name)) for name in self.properties if name != "id"}

    def writes(self, access: Access) -> bool:
        """Whether the caller may add, change and delete: those calls are in the document then."""
        return access.may(SETTINGS, "change")

    def require_writing(self) -> None:
        """Raises Problem, before anything that was sent is looked at."""
        if not self.writes(rest_access()):
            self.response_403()

    def answer(self, raw: Mapping[str, Any], status: int = 200) -> Response:
        answer = jsonify(id=self.key_of(raw), result=self.told(raw))
        answer.status_code = status
        return answer

    def taken(self, known: Raw | None = None) -> Raw:
        """What was sent and may be; `known` is what is there (told). Raises Problem, ValidationFailed."""
        version = {"version": VERSION} if known is not None else {}
        return sent_values(self.sendable(known is not None) | version, told=self.properties, known=known or {},
                           needed=() if known is not None else self.required)  # fmt: skip

    def sendable(self, changing: bool = False) -> Raw:
        if changing and self.changeable is not None:
            return {name: self.more_sent.get(name, self.properties[name]) for name in self.changeable}
        return {name: self.properties[name] for name in self.sent} | self.more_sent

    # The document

    def describe(self, document: openapi.Document, access: Access) -> None:
        record = document.schema(self.name, openapi.object_of(self.properties))
        for part in (Listed, Added, Changed, Removed):
            if isinstance(self, part) and (part is Listed or self.writes(access)):
                part.describe_part(self, document, record)

    def path(self) -> str:
        return f"/api/v1/{self.resource_name}/"

    def one_of_them(self) -> list[Raw]:
        return [{"name": "pk", "in": "path", "required": True, "schema": self.id_schema}]

    def answers(self, record: Raw) -> Raw:
        return openapi.object_of({"id": self.id_schema, "result": record}, required=("id", "result"))


def page_asked(rison: Raw) -> tuple[int, int]:
    """(place of the page's first row, how many rows it may have)."""
    size = int(rison.get("page_size", MOST_ROWS))
    return int(rison.get("page", 0)) * size, size


@contextmanager
def conflicts(api: SettingApi) -> Iterator[None]:
    """A version that is overtaken is a 409 with what is there now."""
    try:
        yield
    except VersionConflict as conflict:
        raise Problem(409, str(conflict), current=api.told(conflict.current)) from conflict


class OneDocument(SettingApi):
    """Settings that are one document for all: to read, and to change what is sent of it."""

    def whole(self) -> Raw:
        """The document (raw)."""
        raise NotImplementedError

    def change(self, values: Raw, version: int | None) -> None:
        raise NotImplementedError

    def told(self, raw: Mapping[str, Any]) -> Raw:
        return {name: raw.get(name, "") for name in self.properties}

    @expose("/", methods=["GET"])
    @protect()
    @permission_name("get")
    def get(self) -> Response:
        """Answer with the settings."""
        return jsonify(result=self.told(self.whole()))

    @expose("/", methods=["PUT", "PATCH"])
    @protect()
    @permission_name("put")
    def put(self) -> Response:
        """Change the settings that are sent."""
        self.require_writing()
        values = self.taken(self.told(self.whole()))
        version = take_version(values)
        with conflicts(self):
            self.change(values, version)
        return jsonify(result=self.told(self.whole()))

    def describe(self, document: openapi.Document, access: Access) -> None:
        if not self.writes(access):
            return
        record = document.schema(self.name, openapi.object_of(self.properties))
        told: Raw = {"tag": str(self.label), "answer": openapi.object_of({"result": record}, required=("result",))}
        document.operation("get", self.path(), name=f"get_{self.resource_name}", summary="The settings", **told)
        change = openapi.object_of(self.sendable(True) | {"version": VERSION}, closed=True)
        body = document.schema(f"{self.name}Change", change)
        for method in ("put", "patch"):
            document.operation(method, self.path(), name=f"{method}_{self.resource_name}",
                               summary="Change what is sent", body=body, problems=(409,), **told)  # fmt: skip


class Listed(SettingApi):
    """A list, and one of them."""

    #: What a list may be asked for.
    page_query: ClassVar[Raw] = PAGE_QUERY

    @expose("/", methods=["GET"])
    @protect()
    @permission_name("get")
    @rison_argument(PAGE_QUERY)
    def get_list(self, rison: Raw) -> Response:
        """Answer with a page of them."""
        found, (first, size) = self.found(), page_asked(rison)
        return self.answer_list(found[first : first + size], len(found))

    def answer_list(self, shown: Sequence[Raw], count: int) -> Response:
        return jsonify(ids=[self.key_of(raw) for raw in shown], count=count,
                       result=[self.told(raw) for raw in shown])  # fmt: skip

    @expose("/<pk>", methods=["GET"])
    @protect()
    @permission_name("get")
    def get(self, pk: str) -> Response:
        """Answer with one."""
        return self.answer(self.one(pk))

    def describe_part(self, document: openapi.Document, record: Raw) -> None:
        many = openapi.object_of({"ids": openapi.list_of(self.id_schema), "count": NUMBER,
                                  "result": openapi.list_of(record)}, required=("ids", "result", "count"))  # fmt: skip
        document.operation("get", self.path(), tag=str(self.label), name=f"list_{self.resource_name}", answer=many,
                           summary="A page of them", parameters=[openapi.query_parameter(self.page_query)])  # fmt: skip
        document.operation("get", f"{self.path()}{{pk}}", tag=str(self.label), name=f"get_{self.resource_name}",
                           summary="One of them", parameters=self.one_of_them(), answer=self.answers(record),
                           problems=(404,))  # fmt: skip


class Added(SettingApi):
    """Adding one."""

    def create(self, values: Raw) -> Raw:
        raise NotImplementedError

    @expose("/", methods=["POST"])
    @protect()
    @permission_name("post")
    def post(self) -> Response:
        """Add one."""
        self.require_writing()
        answer = self.answer(self.create(self.taken()), 201)
        answer.headers["Location"] = url_for(f"{self.endpoint}.get", pk=answer.get_json()["id"])
        return answer

    def describe_part(self, document: openapi.Document, record: Raw) -> None:
        new = openapi.object_of(self.sendable(), required=self.required, closed=True)
        document.operation("post", self.path(), tag=str(self.label), name=f"add_{self.resource_name}",
                           summary="Add one", body=document.schema(f"{self.name}New", new), answer=self.answers(record),
                           status=201)  # fmt: skip


class Changed(SettingApi):
    """Changing one: what is not sent stays."""

    def change(self, pk: str, values: Raw, version: int | None) -> Raw:
        raise NotImplementedError

    @expose("/<pk>", methods=["PUT", "PATCH"])
    @protect()
    @permission_name("put")
    def put(self, pk: str) -> Response:
        """Change what is sent."""
        self.require_writing()
        values = self.taken(self.told(self.one(pk)))
        version = take_version(values)
        with conflicts(self):
            return self.answer(self.change(pk, values, version))

    def describe_part(self, document: openapi.Document, record: Raw) -> None:
        change = openapi.object_of(self.sendable(True) | {"version": VERSION}, closed=True)
        body = document.schema(f"{self.name}Change", change)
        for method in ("put", "patch"):
            document.operation(method, f"{self.path()}{{pk}}", tag=str(self.label),
                               name=f"{method}_{self.resource_name}", summary="Change what is sent",
                               parameters=self.one_of_them(), body=body,
                               answer=self.answers(record), problems=(404, 409))  # fmt: skip


class Removed(SettingApi):
    """Deleting one."""

    def remove(self, pk: str) -> Any:
        raise NotImplementedError

    @expose("/<pk>", methods=["DELETE"])
    @protect()
    @permission_name("delete")
    def delete(self, pk: str) -> Response:
        """Delete one."""
        self.require_writing()
        self.one(pk)
        with conflicts(self):
            self.remove(pk)
        return jsonify(message="OK")

    def describe_part(self, document: openapi.Document, record: Raw) -> None:
        document.operation("delete", f"{self.path()}{{pk}}", tag=str(self.label), name=f"delete_{self.resource_name}",
                           summary="Delete one", parameters=self.one_of_them(),
                           answer=openapi.object_of({"message": TEXT}), problems=(404, 409, 422))  # fmt: skip
