"""The REST interface as a page: every call that one has, described and to be tried."""

from flask import Response, jsonify
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _

from views.permissions import OWN
from views.rest.base import rest_access
from views.rest.description import described


class ApiDocsView(BaseView):
    """`/api/docs/`: Swagger UI on the document of whoever is signed in. Calls that are tried need a key or a token."""

    route_base = "/api/docs"
    class_permission_name = OWN
    default_view = "page"

    @expose("/")
    @has_access
    @permission_name("show")
    def page(self) -> str:
        return self.render_template("rest/api_docs.html", title=_("REST interface"))

    @expose("/openapi.json")
    @has_access
    @permission_name("show")
    def document(self) -> Response:
        """The OpenAPI document, which programs read at /api/v1/_openapi."""
        answer = jsonify(described(rest_access()))
        answer.headers["Cache-Control"] = "no-store"
        return answer
