"""Who calls REST: a program with an API key or with a token; and how many calls each may make in a minute."""

import time
from typing import Any, NoReturn

from flask import Blueprint, current_app, g, request
from flask_appbuilder import AppBuilder
from flask_babel import gettext as _
from flask_jwt_extended import decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from flask_limiter import RequestLimit
from jwt.exceptions import PyJWTError

from fab_mongo.request_cache import request_cache
from models.security import User
from services.api_keys import access_of_key, key_named, note_use, owner_of_key
from views.base import current_language
from views.rest.problems import Problem

Raw = dict[str, Any]
BEARER = "bearer "


def bearer() -> str:
    """What the request has as its bearer's token; "" without one."""
    sent = request.headers.get("Authorization", "")
    return sent[len(BEARER):].strip() if sent.lower().startswith(BEARER) else ""


def key_sent() -> Raw | None:
    """The document of the good API key that the request came with, looked up once; None without one."""
    cache = request_cache()
    if "api_key" not in cache:
        cache["api_key"] = key_named(bearer())
    return cache["api_key"]


def user_by_key() -> User | None:
    """The user in whose name the request's API key works, from now on with the key's rights; None where it is not good.
    """
    raw = key_sent()
    owner = owner_of_key(raw) if raw is not None else None
    if raw is None or owner is None:
        return None
    g.user, g._api_key_user, g.api_key_name = owner, True, raw["name"]
    request_cache()["access"] = owner, access_of_key(raw, owner, current_language())
    note_use(raw)
    return owner


def caller() -> str:
    """Whose calls are counted together: those of an API key, of a user, else of an address. A key or token that opens
    nothing counts for its address, so that nobody uses up another's calls, or begins anew with each guess."""
    if (raw := key_sent()) is not None:
        return f"key {raw['_id']}"
    try:
        return f"user {decode_token(bearer())['sub']}"
    except (JWTExtendedException, PyJWTError):
        return f"address {request.remote_addr}"


def limit_calls(appbuilder: AppBuilder, blueprint: Blueprint) -> None:
    """Count the calls of a resource among those that a caller may make in a minute."""
    limit = appbuilder.sm.limiter.shared_limit(
        lambda: f"{current_app.config['API_PER_MINUTE']} per minute", scope="rest", key_func=caller,
        exempt_when=lambda: not current_app.config["API_PER_MINUTE"], on_breach=refuse,
    )  # fmt: skip
    limit(blueprint)


def refuse(limit: RequestLimit) -> NoReturn:
    """Raises Problem, which says when to go on."""
    seconds = max(1, int(limit.reset_at - time.time()) + 1)
    most = current_app.config["API_PER_MINUTE"]
    raise Problem(429, _("More than %(most)s calls in a minute. Go on in %(seconds)s seconds.", most=most,
                         seconds=seconds), headers={"Retry-After": str(seconds)})  # fmt: skip
