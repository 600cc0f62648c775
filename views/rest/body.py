"""Reading JSON strictly: what is not plain, storable JSON is refused before anything looks at it."""

import json
from typing import IO, Any

from flask import request
from flask_babel import gettext as _
from jsonschema import ValidationError
from jsonschema.protocols import Validator

from fab_mongo.values import is_storable
from views.rest.problems import Problem
from views.uploads import sent_file

#: Bytes of a request that is about one record; a bulk create may be as large as any upload.
MAX_BYTES = 5 * 1024 * 1024
#: How deep lists and objects may nest: money in a list in a record needs four.
MAX_DEPTH = 12


class DuplicateKey(ValueError):
    """The same key twice in one object: which of the two was meant is anybody's guess."""


def json_object(max_bytes: int = MAX_BYTES) -> dict[str, Any]:
    """The JSON object sent. Raises Problem (400, 413, 415)."""
    body = json_body(max_bytes)
    if not isinstance(body, dict):
        raise Problem(400, _("Send a JSON object: {…}."))
    return body


def named_file() -> tuple[str, IO[bytes], int | None]:
    """(name, stream, size if it was told) of the file that is the body. Raises Problem for one without a name."""
    name, stream, size = sent_file()
    if not name:
        raise Problem(422, _("Some values need correcting."), {"name": [_("Give the file's name in the address.")]})
    return name, stream, size


def fitting(validator: Validator, sent: dict[str, Any]) -> dict[str, Any]:
    """What was sent, if it fits the validator's schema and can be kept. Raises Problem."""
    try:
        validator.validate(sent)
    except ValidationError as error:
        where = str(error.absolute_path[0]) if error.absolute_path else "_record"
        raise Problem(422, _("Some values need correcting."), {where: [error.message[:300]]}) from error
    if not is_storable(sent):
        raise Problem(422, _("This holds characters that can't be kept. Type it again."))
    return sent


def json_array() -> list[Any]:
    """The JSON array sent. Raises Problem (400, 413, 415)."""
    body = json_body(None)
    if not isinstance(body, list):
        raise Problem(400, _("Send a JSON array of objects: [{…}, {…}]."))
    return body


def json_body(max_bytes: int | None) -> Any:
    if not request.is_json:
        raise Problem(415, _("Send JSON with the header Content-Type: application/json."))
    if max_bytes is not None:
        request.max_content_length = max_bytes
    return parsed(request.get_data(cache=False))


def parsed(data: bytes) -> Any:
    try:
        value = json.loads(data, object_pairs_hook=unique, parse_constant=refuse_constant)
    except DuplicateKey as error:
        raise Problem(400, _("The key “%(key)s” is there twice.", key=str(error)[:80])) from error
    except (ValueError, RecursionError) as error:
        raise Problem(400, _("This is not valid JSON in UTF-8.")) from error
    if too_deep(value):
        raise Problem(400, _("This JSON is nested too deeply."))
    return value


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _value in pairs]
        raise DuplicateKey(next(key for key in keys if keys.count(key) > 1))
    return found


def refuse_constant(name: str) -> None:
    """NaN and Infinity, which Python reads and JSON does not know."""
    raise ValueError(name)


def too_deep(value: Any) -> bool:
    """Whether lists and objects nest deeper than MAX_DEPTH, found without recursion."""
    level = [value]
    for _depth in range(MAX_DEPTH):
        level = [inner for item in level if isinstance(item, (list, dict))
                 for inner in (item.values() if isinstance(item, dict) else item)]  # fmt: skip
        if not level:
            return False
    return True
