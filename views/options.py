"""Options for pickers that search on the server as one types."""

from bson import ObjectId
from flask import Response, jsonify, request
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from werkzeug.exceptions import NotFound

from models.base import stored_value
from models.fields.schema import schema_of
from models.registers import REGISTERS
from services.labels import context_for, find_teams, find_users
from services.quick_search import find_options
from views.base import current_access
from views.security import OWN


class OptionsView(BaseView):
    """`/options/<register>?q=text` answers `{"results": [{"value": id, "label": name}]}`."""

    route_base = "/options"
    class_permission_name = OWN

    @expose("/<target>")
    @has_access
    def options(self, target: str) -> Response:
        text = request.args.get("q", "")[:100]
        if target == "user":
            found = find_users(text)
        elif target == "team":
            found = find_teams(text)
        elif target in REGISTERS:
            found = record_options(target, text)
        else:
            raise NotFound
        return jsonify(results=[{"value": str(key), "label": label} for key, label in found])


def record_options(register: str, text: str) -> list[tuple[ObjectId, str]]:
    """(id, label) of records by name; the register's label fields tell namesakes apart ("Voima, Oulu")."""
    access = current_access()
    schema = schema_of(register).for_access(access)
    fields = [schema.by_column[column] for column in schema.register.label_fields if column in schema.by_column]
    found = find_options(access, register, text)
    context = context_for(access, fields, found)
    return [
        (raw["_id"], ", ".join(filter(None, (field.kind.text(stored_value(field, raw), field, context)
                                             for field in fields))))
        for raw in found
    ]  # fmt: skip
