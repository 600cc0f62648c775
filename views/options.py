"""Options for pickers that search on the server as one types."""

from flask import Response, jsonify, request
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from werkzeug.exceptions import NotFound

from models.registers import REGISTERS
from services.labels import find_teams, find_users
from services.search import find_options
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
            found = [(raw["_id"], raw.get("name", "")) for raw in find_options(current_access(), target, text)]
        else:
            raise NotFound
        return jsonify(results=[{"value": str(key), "label": label} for key, label in found])
