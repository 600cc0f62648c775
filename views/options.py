"""Options for pickers that search on the server as one types."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, jsonify, request
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from werkzeug.exceptions import NotFound

from models.base import stored_value
from models.fields.context import Context
from models.fields.field import Field
from models.fields.schema import schema_of
from models.registers import REGISTERS
from services.labels import context_for, find_teams, find_users
from services.quick_search import find_options
from services.records import RecordNotFound, get_record
from services.search import find_page
from views.base import current_access
from views.security import OWN

Raw = dict[str, Any]


class OptionsView(BaseView):
    """`/options/<register>?q=text` answers `{"results": [{"value": id, "label": name}]}`; `value=<id>` asks for one by
    its id. Records come with {column: value} in "values" of the `columns` that are asked for, as REST has them."""

    route_base = "/options"
    class_permission_name = OWN

    @expose("/<target>")
    @has_access
    def options(self, target: str) -> Response:
        text = request.args.get("q", "")[:100]
        if target in REGISTERS:
            return jsonify(results=record_options(target, text, request.args.get("value", ""),
                                                  request.args.get("columns", "").split(","),
                                                  request.args.get("members", "")))  # fmt: skip
        if target not in ("user", "team"):
            raise NotFound
        found = find_users(text) if target == "user" else find_teams(text)
        return jsonify(results=[{"value": str(key), "label": label} for key, label in found])


def record_options(
    register: str, text: str, record_id: str, columns: Sequence[str], members: str = ""
) -> list[Raw]:  # fmt: skip
    """Records by name; the register's label fields tell namesakes apart ("Voima, Oulu"). `members` asks for segments of
    that register's records alone."""
    access = current_access()
    schema = schema_of(register).for_access(access)
    told = [schema.by_column[column] for column in schema.register.label_fields if column in schema.by_column]
    asked = [schema.by_column[column] for column in columns if column in schema.by_column]
    found = with_id(register, record_id) if record_id else options_of(register, text, members)
    context = context_for(access, told, found)
    return [option(raw, told, asked, context) for raw in found]


def options_of(register: str, text: str, members: str) -> list[Raw]:
    if not members:
        return find_options(current_access(), register, text)
    named = [{"col": "name", "opr": "ct", "value": text}] if text.strip() else []
    return find_page(current_access(), register, [{"col": "members", "opr": "eq", "value": members}, *named],
                     order="name").rows  # fmt: skip


def with_id(register: str, record_id: str) -> list[Raw]:
    try:
        return [get_record(current_access(), register, record_id)]
    except RecordNotFound:
        return []


def option(raw: Mapping[str, Any], told: Sequence[Field], asked: Sequence[Field], context: Context) -> Raw:
    texts = (field.kind.text(stored_value(field, raw), field, context) for field in told)
    found: Raw = {"value": str(raw["_id"]), "label": ", ".join(filter(None, texts))}
    if asked:
        found["values"] = {field.column: field.kind.to_json(stored_value(field, raw), field) for field in asked}
    return found
