"""What every REST resource has: rights by token, errors as problem details, answers that nobody keeps."""

from dataclasses import replace
from typing import Any, NoReturn

from flask import Blueprint, Response
from flask_appbuilder import AppBuilder
from flask_appbuilder.api import BaseApi
from flask_babel import gettext as _

from models.changes import Source
from models.rights import Access
from services.records import Origin
from views.base import current_access
from views.rest.openapi import Document
from views.rest.problems import PROBLEMS, Problem, handler

REST = Origin(Source.REST)


def rest_access() -> Access:
    """What the caller may do. Values are read and written for programs: decimal points, moments in UTC.

    Messages are in the caller's language all the same, as they are translated when the answer is written.
    """
    return replace(current_access(), language="en", time_zone="UTC")


class RestApi(BaseApi):
    """A REST resource. A token or an API key is asked for on every call: no cookie opens it, so no other site's page
    can use it."""

    def create_blueprint(self, appbuilder: AppBuilder, *args: Any, **options: Any) -> Blueprint:
        """Flask-AppBuilder's blueprint, with error handlers of REST."""
        blueprint = super().create_blueprint(appbuilder, *args, **options)
        for kind, problem_of in PROBLEMS.items():
            blueprint.register_error_handler(kind, handler(problem_of))
        blueprint.after_request(keep_nowhere)
        return blueprint

    def describe(self, document: Document, access: Access) -> None:
        """Add the resource to the OpenAPI document, as the caller may use it."""
        raise NotImplementedError

    # What Flask-AppBuilder's decorators answer with

    def response_400(self, message: Any = None) -> NoReturn:
        raise Problem(400, message or _("The request is not valid."))

    def response_401(self) -> NoReturn:
        """Of API keys; of tokens others speak (views/rest/security.py)."""
        raise Problem(401, _("This API key is unknown, revoked or over. Ask an administrator for another."))

    def response_403(self) -> NoReturn:
        raise Problem(403, _("Your role does not allow it. Ask an administrator for the right."))


def keep_nowhere(response: Response) -> Response:
    """Answers hold personal data: no cache on the way keeps them."""
    response.headers["Cache-Control"] = "no-store"
    return response
