"""/health: the truth for a load balancer, in one word."""

import pymongo
from flask import Blueprint, Response, jsonify, make_response
from mongoengine import get_connection
from mongoengine.connection import ConnectionFailure
from pymongo.errors import PyMongoError

LIMIT_SECONDS = 2.0

health = Blueprint("health", __name__)


@health.get("/health")
def show_health() -> Response:
    """200 and ok only when the database answers and takes writes; needs no sign-in and sets no cookie."""
    reason = trouble()
    if reason is None:
        response = jsonify(status="ok")
    else:
        response = make_response(jsonify(status="unavailable", reason=reason), 503)
    response.headers["Cache-Control"] = "no-store"
    return response


def trouble() -> str | None:
    """Why the service can't work now, None if it can; says nothing about where the database is."""
    try:
        with pymongo.timeout(LIMIT_SECONDS):
            hello = get_connection().admin.command("hello")
    except (PyMongoError, ConnectionFailure):
        return "The database does not answer."
    return None if hello.get("isWritablePrimary") else "The database takes no writes at the moment."
