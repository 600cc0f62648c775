"""Error pages that say what to do, and the same as problem details (RFC 9457) for the REST API."""

import logging
from typing import NamedTuple

from flask import Flask, Response, current_app, json, make_response, render_template, request
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from pymongo.errors import ConnectionFailure, ExecutionTimeout
from werkzeug.exceptions import HTTPException, ServiceUnavailable, default_exceptions
from werkzeug.wrappers import Response as AnyResponse

from app.logs import request_id
from models.fields.errors import ConditionError
from models.registers import UnknownRegister
from models.rights import NotAllowed
from services.records import RecordNotFound
from services.search import TooSlow

logger = logging.getLogger(__name__)


class ErrorText(NamedTuple):
    """What an error page says: what happened, and what to do."""

    title: LazyString
    advice: LazyString | str


TEXTS: dict[int, ErrorText] = {
    400: ErrorText(
        _l("This request could not be understood"),
        _l("Go back, reload the page and try again. Check the address if you typed it."),
    ),
    401: ErrorText(_l("You are not signed in"), _l("Sign in and try again.")),
    403: ErrorText(
        _l("You may not do this"),
        _l("Your role does not allow it. Ask an administrator if you need it for your work."),
    ),
    404: ErrorText(
        _l("There is nothing here"),
        _l("It may have been deleted, or the address is wrong. Go to the list and look for it there."),
    ),
    405: ErrorText(
        _l("This address does not take that kind of request"),
        _l("Open the page from the menu and use its buttons."),
    ),
    409: ErrorText(
        _l("Somebody else has changed this meanwhile"),
        _l("Look at the record as it is now, and save again."),
    ),
    413: ErrorText(
        _l("This is too large"),
        _l("Send a smaller file, or ask an administrator to raise the limit."),
    ),
    415: ErrorText(_l("This kind of content is not taken"), _l("Send JSON with Content-Type: application/json.")),
    422: ErrorText(_l("Some values need correcting"), _l("Correct what is named and send it again.")),
    429: ErrorText(_l("Too many attempts"), _l("Wait a minute and try again.")),
    500: ErrorText(
        _l("Something went wrong on the server"),
        _l("Try again. If it happens again, tell an administrator the reference below."),
    ),
    503: ErrorText(
        _l("The database does not answer"),
        _l("Wait a moment and try again. If it goes on, tell an administrator."),
    ),
}
FORM_EXPIRED = ErrorText(
    _l("This form has expired"),
    _l("Go back, reload the page, and send the form again."),
)
# What services raise, and the HTTP error it is to whoever asked.
REFUSALS: dict[type[Exception], int] = {
    RecordNotFound: 404,
    UnknownRegister: 404,
    NotAllowed: 403,
    ConditionError: 400,
    TooSlow: 503,
}
QUERY_TOO_SLOW = ErrorText(
    _l("This takes too long to find"),
    _l("Add a filter or choose another order, and try again."),
)


def init_errors(app: Flask) -> None:
    """Answer every error in our own words; whatever is not an HTTP error is logged by Flask and becomes a 500."""
    app.register_error_handler(HTTPException, answer_http_error)
    app.register_error_handler(CSRFError, answer_csrf_error)
    app.register_error_handler(ConnectionFailure, answer_lost_database)
    app.register_error_handler(ExecutionTimeout, answer_slow_query)
    for refusal in REFUSALS:
        app.register_error_handler(refusal, answer_refusal)


def answer_refusal(error: Exception) -> AnyResponse:
    """A service said no: its own sentence stands in the place of the general advice."""
    code = next(REFUSALS[kind] for kind in type(error).__mro__ if kind in REFUSALS)
    http_error = default_exceptions[code](str(error))
    return answer(http_error, TEXTS[code]._replace(advice=str(error)))


def answer_http_error(error: HTTPException) -> AnyResponse | HTTPException:
    if error.response is not None or error.code is None or error.code < 400:
        return error
    text = TEXTS.get(error.code) or TEXTS[500 if error.code >= 500 else 400]
    own = getattr(current_app.view_functions.get(request.endpoint or ""), "too_large", None)
    return answer(error, text._replace(advice=own()) if own and error.code == 413 else text)


def answer_csrf_error(error: CSRFError) -> AnyResponse:
    # A proxy that passes on another host than the browser's shows itself here alone.
    logger.warning("A form was refused: %s", error.description)
    return answer(error, FORM_EXPIRED)


def answer_lost_database(error: ConnectionFailure) -> AnyResponse:
    logger.error("The database does not answer: %s", error)
    return answer(ServiceUnavailable(retry_after=10), TEXTS[503])


def answer_slow_query(error: ExecutionTimeout) -> AnyResponse:
    logger.warning("A query was ended at its time limit: %s", error)
    return answer(ServiceUnavailable(), QUERY_TOO_SLOW)


def answer(error: HTTPException, text: ErrorText) -> AnyResponse:
    """The answer to an HTTP error, a problem document below /api/ and a page elsewhere."""
    response = problem(error, text) if request.path.startswith("/api/") else page(error, text)
    response.status_code = error.code or 500
    for name, value in error.get_headers(request.environ):
        # Allow, Retry-After, WWW-Authenticate; the type is ours.
        if name.lower() != "content-type":
            response.headers[name] = value
    return response


def problem(error: HTTPException, text: ErrorText) -> Response:
    """RFC 9457 problem details; `request_id` is an extension member."""
    # A description of our own tells more than the code; that of a 500 is for the log, not for the caller.
    own = error.description != type(error).description and (error.code or 500) < 500
    detail = (own and error.description) or str(text.advice)
    members = {
        "type": "about:blank",
        "title": str(text.title),
        "status": error.code,
        "detail": detail,
        "instance": request.path,
        "request_id": request_id.get(),
        # A problem of the REST interface tells more: messages by property, the record as it is now.
        **getattr(error, "members", {}),
    }
    return current_app.response_class(json.dumps(members), mimetype="application/problem+json")


def page(error: HTTPException, text: ErrorText) -> Response:
    """The error page; plain text when the page itself can't be made, as without a database."""
    appbuilder = current_app.extensions.get("appbuilder")
    try:
        return make_response(
            render_template(
                "errors/error.html",
                code=error.code,
                title=text.title,
                message=text.advice,
                reference=request_id.get(),
                appbuilder=appbuilder,
                base_template=getattr(appbuilder, "base_template", None),
            )
        )
    except Exception:  # boundary: an error page must never fail in its turn
        logger.exception("The error page could not be made")
    lines = (text.title, text.advice, _("Reference: %(reference)s", reference=request_id.get()))
    return current_app.response_class("\n\n".join(str(line) for line in lines) + "\n", mimetype="text/plain")
