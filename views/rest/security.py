"""Signing in over REST: an access token for a name and a password."""

from collections.abc import Callable
from typing import Any

from flask import Response, jsonify
from flask_appbuilder.api import expose
from flask_appbuilder.const import (
    API_SECURITY_ACCESS_TOKEN_KEY,
    API_SECURITY_PROVIDER_DB,
    API_SECURITY_REFRESH_TOKEN_KEY,
)
from flask_babel import gettext as _
from flask_jwt_extended import JWTManager, create_access_token, create_refresh_token, jwt_required
from flask_jwt_extended import get_current_user as get_jwt_user

from fab_mongo.security.api import SecurityApi as MongoSecurityApi
from fab_mongo.values import is_storable_text
from models.security import BY_PASSWORD, User
from services.audit import What, write_now
from services.outside_users import OutsideProblem, OutsideUnreachable
from services.sign_in_codes import CodeProblem, check_code, method_of, way_of
from services.sign_in_tries import TooManyTries
from views.rest.body import json_object
from views.rest.problems import PROBLEMS, Problem, answered, handler
from views.sign_in import authenticated, begin_code

#: Bytes of a login: nobody's name and password are longer.
MAX_BYTES = 16 * 1024
#: The claim of a token that says in which era of its user's tokens it was made (models/security.py).
ERA = "era"
CODE_KNOWN = {"attempt": str, "code": str, "refresh": bool}
KNOWN = {"username": str, "password": str, "provider": str, "refresh": bool}


class SecurityApi(MongoSecurityApi):
    """Flask-AppBuilder's login, limited as the login page is, with errors as problem details."""

    def create_blueprint(self, appbuilder: Any, *args: Any, **options: Any) -> Any:
        blueprint = super().create_blueprint(appbuilder, *args, **options)
        security = appbuilder.sm
        if security.is_auth_limited:
            security.limiter.limit(security.auth_rate_limit, methods=["POST"])(blueprint)
        for kind, problem_of in PROBLEMS.items():
            blueprint.register_error_handler(kind, handler(problem_of))
        return blueprint

    @expose("/login", methods=["POST"])
    def login(self) -> Response:
        """Answer with an access token, and a refresh token when asked for one."""
        payload = login_payload(json_object(MAX_BYTES))
        try:
            found = authenticated(self.appbuilder.sm, payload["username"], payload["password"])
        except OutsideProblem as problem:
            raise Problem(403, str(problem)) from problem
        except OutsideUnreachable as problem:
            raise Problem(503, str(problem)) from problem
        except TooManyTries as held_up:
            raise Problem(429, str(held_up), headers={"Retry-After": str(held_up.seconds)}) from held_up
        if found is None:
            # One sentence for an unknown name and for a wrong password.
            raise Problem(401, _("The user name or the password is wrong."))
        user = found.user
        if found.how == "password" and user.password_given:
            raise Problem(403, _("You were given this password: choose one of your own on the login page first."))
        if way_of(user) != BY_PASSWORD:
            method = method_of(user)
            raise Problem(401, _("A one-time code is needed: send it with this attempt to POST /api/v1/security/code."),
                          attempt=begin_code(user), method=method)  # fmt: skip
        write_now(What.SIGNED_IN, user.pk, details={"how": found.how, "rest": True})
        return jsonify(self._tokens(user, payload))

    @expose("/code", methods=["POST"])
    def code(self) -> Response:
        """Answer as `login` does, for the attempt that its 401 tells and the one-time code."""
        payload = code_payload(json_object(MAX_BYTES))
        try:
            user = check_code(payload["attempt"], payload["code"])
        except TooManyTries as held_up:
            raise Problem(429, str(held_up), headers={"Retry-After": str(held_up.seconds)}) from held_up
        except CodeProblem as problem:
            raise Problem(401, str(problem)) from problem
        self.appbuilder.sm.on_user_login(user)
        write_now(What.SIGNED_IN, user.pk, details={"how": "code", "rest": True})
        return jsonify(self._tokens(user, payload))

    @expose("/refresh", methods=["POST"])
    @jwt_required(refresh=True)
    def refresh(self) -> Response:
        """Answer with a new access token for a refresh token."""
        return jsonify(access_token=token_for(get_jwt_user(), create_access_token, fresh=False))

    @staticmethod
    def _tokens(user: User, payload: dict[str, Any]) -> dict[str, str]:
        tokens = {API_SECURITY_ACCESS_TOKEN_KEY: token_for(user, create_access_token, fresh=True)}
        if payload["refresh"]:
            tokens[API_SECURITY_REFRESH_TOKEN_KEY] = token_for(user, create_refresh_token)
        return tokens


def token_for(user: User, make: Callable[..., str], **options: Any) -> str:
    """A token of this user, good as long as the user's tokens are."""
    return make(identity=str(user.pk), additional_claims={ERA: user.token_era}, **options)


def code_payload(sent: dict[str, Any]) -> dict[str, Any]:
    """What was sent, completed. Raises Problem."""
    payload = {"refresh": False, **sent}
    errors = unfit(payload, CODE_KNOWN)
    if errors:
        raise Problem(400, _("Send attempt and code, and refresh if you want a refresh token."), errors)
    return payload


def unfit(payload: dict[str, Any], known: dict[str, type]) -> dict[str, list[str]]:
    """What is wrong with the members of a payload, by name."""
    errors: dict[str, list[str]] = {
        name: [_("There is no field “%(column)s”.", column=name[:80])] for name in payload if name not in known
    }
    return errors | {
        name: [_("This is missing or of the wrong type.")]
        for name, kind in known.items() if not isinstance(payload.get(name), kind)
    }  # fmt: skip


def login_payload(sent: dict[str, Any]) -> dict[str, Any]:
    """What was sent, completed. Raises Problem."""
    payload = {"provider": API_SECURITY_PROVIDER_DB, "refresh": False, **sent}
    errors = unfit(payload, KNOWN)
    if not errors and not is_storable_text(payload["username"] + payload["password"]):
        errors["password"] = [_("This holds characters that no name and no password has.")]
    if not errors and payload["provider"] != API_SECURITY_PROVIDER_DB:
        errors["provider"] = [_("The only provider is “db”.")]
    if errors:
        raise Problem(400, _("Send username and password, and refresh if you want a refresh token."), errors)
    return payload


def answer_token_errors(tokens: JWTManager) -> None:
    """Answer 401 with problem details for every way in which a token can be missing or wrong."""

    def refuse(*_details: Any) -> Any:
        return answered(Problem(401, _("Send an access token: get one from POST /api/v1/security/login.")))

    def refuse_expired(*_details: Any) -> Any:
        return answered(Problem(401, _("This token has expired. Get a new one from POST /api/v1/security/refresh.")))

    for loader in (tokens.unauthorized_loader, tokens.invalid_token_loader, tokens.user_lookup_error_loader,
                   tokens.revoked_token_loader, tokens.needs_fresh_token_loader,
                   tokens.token_verification_failed_loader):  # fmt: skip
        loader(refuse)
    tokens.expired_token_loader(refuse_expired)
