"""The OpenAPI document, as it is for its reader at this moment."""

from typing import Any

from flask import Response, current_app, jsonify
from flask_appbuilder.api import expose
from flask_appbuilder.security.decorators import permission_name, protect
from flask_babel import gettext as _

from models.rights import Access
from views.rest.base import RestApi, rest_access
from views.rest.openapi import Document, object_of
from views.rest.query import CONDITIONS
from views.security import OWN

TOKEN = {"type": "string"}
LOGIN = object_of(
    {"username": {"type": "string"}, "password": {"type": "string", "format": "password"},
     "provider": {"type": "string", "enum": ["db"]}, "refresh": {"type": "boolean"}},
    required=("username", "password"), closed=True,
)  # fmt: skip
CODE = object_of(
    {"attempt": {"type": "string"}, "code": {"type": "string"}, "refresh": {"type": "boolean"}},
    required=("attempt", "code"), closed=True,
)  # fmt: skip


class DescriptionApi(RestApi):
    """`/api/v1/_openapi`: the calls, fields and choices that the caller has."""

    route_base = "/api/v1"
    class_permission_name = OWN

    @expose("/_openapi", methods=["GET"])
    @protect()
    @permission_name("get")
    def show(self) -> Response:
        """Answer with the OpenAPI document."""
        return jsonify(described(rest_access()))

    def describe(self, document: Document, access: Access) -> None:
        document.operation(
            "get", "/api/v1/_openapi", tag="Description", name="openapi", summary="This document",
            answer={"type": "object"},
        )  # fmt: skip
        document.operation(
            "post", "/api/v1/security/login", tag="Security", name="login", summary="Get a token", body=LOGIN,
            answer=object_of({"access_token": TOKEN, "refresh_token": TOKEN}, required=("access_token",)),
            problems=(429,),
        )  # fmt: skip
        document.operation(
            "post", "/api/v1/security/refresh", tag="Security", name="refresh",
            summary="Get a new access token for a refresh token", problems=(429,),
            answer=object_of({"access_token": TOKEN}, required=("access_token",)),
        )  # fmt: skip
        document.operation(
            "post", "/api/v1/security/code", tag="Security", name="code",
            summary="Finish logging in by a one-time code, for the attempt that the login's 401 tells", body=CODE,
            answer=object_of({"access_token": TOKEN, "refresh_token": TOKEN}, required=("access_token",)),
            problems=(429,),
        )  # fmt: skip
        for step in ("login", "code"):
            document.paths[f"/api/v1/security/{step}"]["post"]["security"] = []


def described(access: Access) -> dict[str, Any]:
    """The OpenAPI document of the calls, fields and choices that somebody has now."""
    conditions = {f"Condition{level}": schema for level, schema in enumerate(CONDITIONS)}
    document = Document("Kortisto", _("The REST interface of Kortisto."), conditions)
    for resource in current_app.extensions["appbuilder"].baseviews:
        if isinstance(resource, RestApi):
            resource.describe(document, access)
    return document.as_dict()
