"""Logging in over REST."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_appbuilder.api import safe
from flask_appbuilder.const import (
    API_SECURITY_ACCESS_TOKEN_KEY,
    API_SECURITY_PROVIDER_DB,
    API_SECURITY_REFRESH_TOKEN_KEY,
)
from flask_appbuilder.security import api as fab
from flask_appbuilder.security.schemas import LoginPost
from flask_appbuilder.views import expose
from flask_jwt_extended import create_access_token, create_refresh_token
from marshmallow import ValidationError


class SecurityApi(fab.SecurityApi):
    """FAB's login; it does not fail without a provider, and `authenticate` is a step of its own to override."""

    @expose("/login", methods=["POST"])
    @safe
    def login(self) -> Response:
        """Answer with an access token, and a refresh token when asked for one."""
        if not request.is_json:
            return self.response_400(message="Request payload is not JSON")
        try:
            payload = LoginPost().load(self._with_provider(request.json))
        except ValidationError as error:
            return self.response_400(message=error.messages)
        user = self.authenticate(payload)
        return self.response(200, **self._tokens(user, payload)) if user else self.response_401()

    # FAB's docstring is what OpenAPI shows.
    login.__doc__ = fab.SecurityApi.login.__doc__

    def authenticate(self, payload: dict[str, Any]) -> Any:
        """Return the user with this name and password, else None."""
        if payload["provider"] == API_SECURITY_PROVIDER_DB:
            return self.appbuilder.sm.auth_user_db(payload["username"], payload["password"])
        return self.appbuilder.sm.auth_user_ldap(payload["username"], payload["password"])

    @staticmethod
    def _with_provider(payload: Any) -> Any:
        return {"provider": API_SECURITY_PROVIDER_DB, **payload} if isinstance(payload, dict) else payload

    @staticmethod
    def _tokens(user: Any, payload: dict[str, Any]) -> dict[str, str]:
        identity = str(user.pk)
        tokens = {API_SECURITY_ACCESS_TOKEN_KEY: create_access_token(identity=identity, fresh=True)}
        if payload.get("refresh"):
            tokens[API_SECURITY_REFRESH_TOKEN_KEY] = create_refresh_token(identity=identity)
        return tokens
