"""What is wrong with a REST request, as an HTTP error that `app.errors` renders as RFC 9457 problem details."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from pymongo.errors import DocumentTooLarge
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from fab_mongo import FilterError
from models.fields.errors import ConditionError, ValidationFailed
from services.records import BulkFailed, TooMuchAtOnce

Messages = Mapping[str, Sequence[str]]


class Problem(HTTPException):
    """An error with a sentence that says what to do, and further members of the problem document.

    `errors` maps a property (in a bulk create: an index) to its messages.
    """

    def __init__(
        self, code: int, detail: Any, errors: Mapping[str, Any] | None = None, *,
        headers: Mapping[str, str] | None = None, **members: Any,
    ) -> None:  # fmt: skip
        super().__init__(str(detail))
        self.code = code
        self.headers = dict(headers or {}) | ({"WWW-Authenticate": "Bearer"} if code == 401 else {})
        self.members = members | ({"errors": errors} if errors else {})

    def get_headers(self, *args: Any, **options: Any) -> list[tuple[str, str]]:
        return [*super().get_headers(*args, **options), *self.headers.items()]


def answered(problem: HTTPException) -> Any:
    """The answer to a problem, where Flask wants an answer rather than an exception."""
    return current_app.handle_http_exception(problem)


def invalid_values(error: ValidationFailed) -> Problem:
    """`keepable` names the properties whose value may be kept as it is by naming them in `_keep`."""
    keepable: dict[str, Any] = {"keepable": list(error.keepable)} if error.keepable else {}
    return Problem(422, _("Some values need correcting."), error.messages(), **keepable)


def invalid_rows(error: BulkFailed) -> Problem:
    errors = {str(index): failed.messages() for index, failed in sorted(error.errors.items())}
    return Problem(422, _("Nothing was saved: some records need correcting."), errors)


def invalid_condition(error: ConditionError) -> Problem:
    return Problem(400, str(error), {error.column or "filters": [str(error)]})


def invalid_filter(error: FilterError) -> Problem:
    return Problem(400, error.message, {error.column or "filters": [error.message]})


def too_large(error: DocumentTooLarge) -> Problem:
    return Problem(413, _("This is too large to be saved. Shorten its longest texts."))


def too_much(error: TooMuchAtOnce) -> Problem:
    return Problem(413, str(error))


#: What services raise and only REST tells in this way; `app.errors` knows the rest.
PROBLEMS: dict[type[Exception], Callable[[Any], Problem]] = {
    ValidationFailed: invalid_values,
    BulkFailed: invalid_rows,
    ConditionError: invalid_condition,
    FilterError: invalid_filter,
    DocumentTooLarge: too_large,
    TooMuchAtOnce: too_much,
}


def handler(problem_of: Callable[[Any], Problem]) -> Callable[[Exception], Response]:
    """An error handler for one kind of exception."""
    return lambda error: answered(problem_of(error))
