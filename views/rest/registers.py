"""Any register over REST: list, read, add one or many, change, delete, and what its fields are."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from flask import Blueprint, Response, current_app, jsonify, request, url_for
from flask_appbuilder import AppBuilder
from flask_appbuilder.api import expose
from flask_appbuilder.security.decorators import permission_name, protect
from flask_babel import gettext as _
from werkzeug.routing import BaseConverter

from fab_mongo.rison_argument import rison_argument
from models.fields.errors import ValidationFailed
from models.fields.schema import Schema, schema_of
from models.registers import Register, register_of
from models.rights import Access
from services.records import (
    MAX_BULK,
    BulkFailed,
    VersionConflict,
    create_record,
    create_records,
    delete_record,
    get_record,
    update_record,
)
from services.search import find_page
from views.base import current_language
from views.rest.base import REST, RestApi, rest_access
from views.rest.body import json_array, json_object
from views.rest.exports import ExportCalls, describe_export
from views.rest.including import includable, included_json
from views.rest.openapi import Document
from views.rest.problems import Problem
from views.rest.query import INFO_QUERY, RECORD_QUERY, RECORDS_QUERY, chosen_columns, chosen_keys, list_query
from views.rest.records import field_info, filter_info, helps, labels, record_columns, record_json
from views.rest.register_description import describe_register
from views.rest.relationships import RelationshipCalls, describe_relationships
from views.rest.values import refuse_own, take_keep, take_version

Raw = Mapping[str, Any]


class RecordId(BaseConverter):
    """A record's id in an address: `PUT …/bulk` is a method that `bulk` does not take, and no record of that name."""

    regex = r"(?!(?:_info|bulk|export)(?:/|$))[^/]+"


class RegisterApi(ExportCalls, RelationshipCalls, RestApi):
    """The records of the register that `register` names. A new register's API is a subclass that names it."""

    register: ClassVar[str]

    def __init__(self) -> None:
        # Rights are granted on the register, not on a way to it.
        self.resource_name = self.class_permission_name = self.register
        super().__init__()

    def create_blueprint(self, appbuilder: AppBuilder, *args: Any, **options: Any) -> Blueprint:
        current_app.url_map.converters["record"] = RecordId
        return super().create_blueprint(appbuilder, *args, **options)

    @property
    def card(self) -> Register:
        return register_of(self.register)

    def schema(self) -> Schema:
        """The register's fields at this moment, as the caller may see them."""
        return schema_of(self.register).for_access(rest_access())

    # Reading

    @expose("/", methods=["GET"])
    @protect()
    @permission_name("get")
    @rison_argument(RECORDS_QUERY)
    def get_list(self, rison: dict[str, Any]) -> Response:
        """Answer with a page of records."""
        schema = self.schema()
        columns = chosen_columns(rison, record_columns(schema))
        orderable = self.orderable(schema)
        query = list_query(rison, orderable)
        page = find_page(
            rest_access(), self.register, query.filters, order=query.order or None, direction=query.direction,
            page=query.page, page_size=query.page_size, exact=query.exact, thorough=not query.after,
            after=query.after or None,
        )  # fmt: skip
        about = {"list_title": str(self.card.label), "list_columns": columns, "order_columns": orderable,
                 **self.about_columns(schema, columns)}  # fmt: skip
        return jsonify(
            ids=[str(raw["_id"]) for raw in page.rows], count=page.count, count_is_exact=page.exact,
            after=page.after or None, result=[record_json(schema, raw, columns) for raw in page.rows],
            **included_json(rest_access(), schema, page.rows, rison), **chosen_keys(rison, about),
        )  # fmt: skip

    @expose("/<record:pk>", methods=["GET"])
    @protect()
    @permission_name("get")
    @rison_argument(RECORD_QUERY)
    def get(self, pk: str, rison: dict[str, Any]) -> Response:
        """Answer with one record."""
        schema = self.schema()
        columns = chosen_columns(rison, record_columns(schema))
        raw = get_record(rest_access(), self.register, pk)
        about = {"show_title": str(self.card.singular), "show_columns": columns,
                 **self.about_columns(schema, columns)}  # fmt: skip
        return tagged(jsonify(id=str(raw["_id"]), result=record_json(schema, raw, columns),
                              **included_json(rest_access(), schema, [raw], rison), **chosen_keys(rison, about)),
                      raw)  # fmt: skip

    @expose("/_info", methods=["GET"])
    @protect()
    @permission_name("info")
    @rison_argument(INFO_QUERY)
    def info(self, rison: dict[str, Any]) -> Response:
        """Answer with what the caller may do, the fields of a form, and the operators of every filter."""
        fields, language = self.schema().fields, current_language()
        writable = [field_info(field, language) for field in fields if not field.read_only]
        return jsonify(chosen_keys(rison, {
            "permissions": self.permissions(), "add_columns": writable, "edit_columns": writable,
            "filters": {field.column: filter_info(field) for field in fields},
            "include_columns": list(includable(self.schema())),
            "add_title": str(self.card.add_label), "edit_title": str(self.card.singular),
        }))  # fmt: skip

    def permissions(self) -> list[str]:
        security = current_app.extensions["appbuilder"].sm
        return sorted(name for name in self.base_permissions or () if security.has_access(name, self.register))

    def orderable(self, schema: Schema) -> list[str]:
        return [field.column for field in schema.fields if field.kind.orderable]

    def about_columns(self, schema: Schema, columns: Sequence[str]) -> dict[str, Any]:
        fields, language = [f for f in schema.fields if f.column in columns], current_language()
        return {"label_columns": labels(fields, language), "description_columns": helps(fields, language)}

    # Writing

    @expose("/", methods=["POST"])
    @protect()
    @permission_name("post")
    def post(self) -> Response:
        """Add a record."""
        values = json_object()
        keep = take_keep(values)
        refuse_own(values, None)
        raw = create_record(rest_access(), self.register, values, keep=keep, origin=REST)
        answer = self.answer(raw)
        answer.status_code = 201
        answer.headers["Location"] = url_for(f"{self.endpoint}.get", pk=raw["_id"])
        return answer

    @expose("/bulk", methods=["POST"])
    @protect()
    @permission_name("bulk")
    def bulk(self) -> Response:
        """Add all of the records that an array holds, or none of them."""
        rows = json_array()
        if len(rows) > MAX_BULK:
            raise Problem(413, _("At most %(max)s records at once: send the rest after them.", max=MAX_BULK))
        misshapen = {i: ValidationFailed({"_record": [_("Give each record as a JSON object.")]})
                     for i, row in enumerate(rows) if not isinstance(row, dict)}  # fmt: skip
        if misshapen:
            raise BulkFailed(misshapen)
        keep = [column for column in request.args.get("keep", "").split(",") if column]
        raws = create_records(rest_access(), self.register, rows, keep=keep, origin=REST)
        return answered_created(raws)

    @expose("/<record:pk>", methods=["PUT", "PATCH"])
    @protect()
    @permission_name("put")
    def put(self, pk: str) -> Response:
        """Change the properties that are sent; the others stay as they are."""
        values = json_object()
        keep, version = take_keep(values), take_version(values)
        refuse_own(values, pk)
        demanded = version_demanded()
        try:
            raw = update_record(
                rest_access(), self.register, pk, values, version=version if demanded is None else demanded,
                strict=demanded is not None, keep=keep, origin=REST,
            )  # fmt: skip
        except VersionConflict as conflict:
            raise self.overtaken(conflict, 409 if demanded is None else 412) from conflict
        return self.answer(raw)

    def overtaken(self, conflict: VersionConflict, code: int) -> Problem:
        """The record as it is now, and which properties both have changed."""
        return Problem(code, str(conflict), current=record_json(self.schema(), conflict.current),
                       clashes=list(conflict.clashes))  # fmt: skip

    @expose("/<record:pk>", methods=["DELETE"])
    @protect()
    @permission_name("delete")
    def delete(self, pk: str) -> Response:
        """Move a record to the recycle bin."""
        try:
            delete_record(rest_access(), self.register, pk, origin=REST, version=version_demanded())
        except VersionConflict as conflict:
            raise self.overtaken(conflict, 412) from conflict
        return jsonify(message="OK")

    def answer(self, raw: Raw) -> Response:
        return tagged(jsonify(id=str(raw["_id"]), result=record_json(self.schema(), raw)), raw)

    def describe(self, document: Document, access: Access) -> None:
        describe_register(document, type(self).__name__.removesuffix("Api"), self.schema(), access, current_language())
        describe_export(document, self.register, str(self.card.label), access)
        describe_relationships(document, self.register, str(self.card.label), access)


def tagged(answer: Response, raw: Raw) -> Response:
    """The answer with the record's version as its ETag (RFC 9110, 8.8.3)."""
    answer.set_etag(str(raw.get("version", 1)))
    return answer


def version_demanded() -> int | None:
    """The version that `If-Match` demands; None where there is none, -1 where it names no version of ours."""
    asked = request.if_match
    if asked.star_tag or not asked:
        return None
    tags = asked.as_set()
    # An answer that was compressed has the coding's name behind the version.
    text = str(next(iter(tags))).partition(":")[0] if len(tags) == 1 else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def answered_created(raws: Sequence[Raw]) -> Response:
    answer = jsonify(ids=[str(raw["_id"]) for raw in raws])
    answer.status_code = 201
    return answer
