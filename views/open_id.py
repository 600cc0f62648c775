"""Logging in at a provider of OpenID Connect, by its page: there and back."""

import logging
from collections.abc import Mapping
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from flask import abort, current_app, flash, redirect, request, session, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import no_cache
from flask_babel import gettext as _
from joserfc.errors import JoseError
from werkzeug.wrappers import Response

from models.told import Told
from services.audit.tries import note_failed_sign_in
from services.letters import public_url
from services.outside_users import OutsideProblem, Outsider, OutsideUnreachable
from views.addresses import address_to_read
from views.base import current_user

log = logging.getLogger(__name__)
PROVIDER = "openid"
#: Where the session's cookie keeps the page that was asked for.
TARGET = "openid_target"
LONGEST_SUBJECT = 255


class OpenIdView(BaseView):
    """There and back. The addresses are Flask-AppBuilder's own, as its documentation tells providers."""

    route_base = ""
    default_view = "login"

    @expose(f"/login/{PROVIDER}")
    @no_cache
    def login(self) -> Any:
        """Lead to the provider's page; a link, since the Content-Security-Policy sends forms nowhere else."""
        target = address_to_read(request.args.get("next"))
        if current_user() is not None:
            return redirect(target)
        try:
            there = self.client().authorize_redirect(public_url(url_for(f"{self.endpoint}.authorized")))
        except (AuthlibBaseError, requests.RequestException, ValueError, RuntimeError) as problem:
            log.error("the provider of OpenID Connect could not be asked: %s", problem)
            return self.refused(OutsideUnreachable())
        session[TARGET] = target
        return there

    @expose(f"/oauth-authorized/{PROVIDER}")
    @no_cache
    def authorized(self) -> Any:
        """Come back: who it is, by a token of the provider that is checked to be its own, ours and of this browser."""
        client = self.client()
        if current_user() is not None:
            return redirect(address_to_read(session.get(TARGET)))
        try:
            user = self.appbuilder.sm.auth_user_oauth(outsider_of(claims_of(client)))
        except OutsideProblem as problem:
            note_failed_sign_in(f"{PROVIDER} {current_app.config['OIDC_ISSUER']}")
            return self.refused(problem)
        except (AuthlibBaseError, JoseError, requests.RequestException, ValueError, RuntimeError) as problem:
            log.warning("nobody was let in by OpenID Connect: %s", problem)
            return self.refused(OutsideProblem(_("Logging in there did not succeed. Try again.")))
        return self.appbuilder.sm.auth_view.let_in(user, PROVIDER, address_to_read(session.get(TARGET)))

    def client(self) -> Any:
        """The provider's client; there is no such page where none is set."""
        found = (self.appbuilder.sm.oauth_remotes or {}).get(PROVIDER)
        return found if found is not None else abort(404)

    def refused(self, problem: Told) -> Response:
        flash(str(problem), "warning")
        return redirect(url_for("SignInView.login"))


def claims_of(client: Any) -> Mapping[str, Any]:
    """What the provider says of who has come, its signature, issuer, audience, nonce and times checked.

    Raises AuthlibBaseError, JoseError, RequestException, ValueError.
    """
    issuer = current_app.config["OIDC_ISSUER"]
    if client.load_server_metadata().get("issuer") != issuer:
        raise ValueError(f"the provider calls itself other than {issuer}")
    token = client.authorize_access_token(claims_options={
        "iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client.client_id}
    })  # fmt: skip
    claims: dict[str, Any] = dict(token.get("userinfo") or {})
    if not isinstance(claims.get("sub"), str) or not 0 < len(claims["sub"]) <= LONGEST_SUBJECT:
        raise ValueError("the provider sent no token that says who it is")
    if not claims.get("email") and client.server_metadata.get("userinfo_endpoint"):
        more = client.userinfo(token=token)
        if more.get("sub") != claims["sub"]:
            raise ValueError("the provider told of somebody else")
        claims = {**more, **claims}
    return claims


def outsider_of(claims: Mapping[str, Any]) -> Outsider:
    config = current_app.config
    email = text_of(claims, "email")
    username = text_of(claims, "preferred_username") or email or claims["sub"]
    first, _space, last = text_of(claims, "name").rpartition(" ")
    verified = claims.get("email_verified")
    trusted = verified is True or (verified is None and config["OIDC_UNVERIFIED_EMAIL"])
    groups = claims.get(config["OIDC_GROUPS_CLAIM"])
    return Outsider(
        place=f"{PROVIDER} {config['OIDC_ISSUER']}", subject=claims["sub"], told_by="email" if trusted else "",
        username="".join(username.split()), email=email,
        first_name=text_of(claims, "given_name") or first or username,
        last_name=text_of(claims, "family_name") or last or username,
        groups=frozenset(one for one in groups if isinstance(one, str)) if isinstance(groups, list) else frozenset(),
    )  # fmt: skip


def text_of(claims: Mapping[str, Any], name: str) -> str:
    """A claim as text; whatever else it is counts as missing."""
    value = claims.get(name)
    return value.strip() if isinstance(value, str) else ""
