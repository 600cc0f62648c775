"""Documents, ids and filters as extended JSON: written for people to read, read with nothing in it that could run."""

import re
from collections.abc import Mapping
from typing import Any

import bson
from bson import ObjectId, json_util
from bson.errors import BSONError
from flask_babel import lazy_gettext as _l

from models.told import Told
from services.console.secrets import is_secret, masked

OPERATORS = frozenset((
    "$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$type", "$and", "$or", "$nor", "$not",
    "$size", "$all", "$elemMatch",
))  # fmt: skip
MAX_FILTER = 10_000
MAX_DEPTH = 10
MAX_ID = 1_000
#: A document is shown as far as that; a record that long has its own page.
MAX_SHOWN = 500_000
READABLE = json_util.RELAXED_JSON_OPTIONS
UNREADABLE = (ValueError, TypeError, KeyError, OverflowError, RecursionError, BSONError)


class ConsoleError(Told):
    """The console can't answer that; the message says what to do instead."""


def shown_document(raw: Mapping[str, Any], *, indent: int | None = 2) -> str:
    """A document as relaxed extended JSON, its secrets masked."""
    text = json_util.dumps(masked(raw), json_options=READABLE, ensure_ascii=False, indent=indent)
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"


def id_text(value: Any) -> str:
    """An id as addresses have it: the digits of an ObjectId, else extended JSON."""
    return str(value) if isinstance(value, ObjectId) else json_util.dumps(value, json_options=READABLE)


def ids_of(text: str) -> list[Any]:
    """What an id in an address may mean: an ObjectId, what it is as extended JSON, the text itself."""
    found: list[Any] = [text]
    if ObjectId.is_valid(text):
        found.append(ObjectId(text))
    try:
        value = json_util.loads(text)
        bson.encode({"_id": value})
    except UNREADABLE:
        return [item for item in found if encodable(item)]
    return [item for item in [*found, value] if encodable(item) and not isinstance(item, (Mapping, list, re.Pattern))]


def encodable(value: Any) -> bool:
    try:
        bson.encode({"_id": value})
    except UNREADABLE:
        return False
    return True


def read_filter(text: str) -> dict[str, Any]:
    """A filter in extended JSON; none for empty text, and what is no object is an id. Raises ConsoleError.

    Nothing in it may run as code, match by pattern, or ask after secrets.
    """
    if not text.strip():
        return {}
    if not text.lstrip().startswith("{"):
        return {"_id": {"$in": ids_of(text.strip()[:MAX_ID])}}
    if len(text) > MAX_FILTER:
        raise ConsoleError(_l("The filter is too long: at most %(max)s characters.", max=MAX_FILTER))
    try:
        query = json_util.loads(text)
        check(query, 0)
        bson.encode({"filter": query})
    except UNREADABLE as error:
        raise ConsoleError(
            _l("This is no filter. Write one as extended JSON, such as {\"name\": \"Yritys Oy\"}.")
        ) from error  # fmt: skip
    if not isinstance(query, dict):
        raise ConsoleError(_l("This is no filter. Write one as extended JSON, such as {\"name\": \"Yritys Oy\"}."))
    return query


def check(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ConsoleError(_l("The filter is nested too deeply."))
    if isinstance(value, (re.Pattern, bson.Regex, bson.Code)):
        raise ConsoleError(_l("Patterns and code are not taken here. Compare with values instead."))
    if isinstance(value, Mapping):
        for key, item in value.items():
            check_key(key)
            check(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            check(item, depth + 1)


def check_key(key: str) -> None:
    if key.startswith("$"):
        if key not in OPERATORS:
            raise ConsoleError(_l("“%(operator)s” is not taken here. Use one of: %(known)s.",
                                  operator=key[:40], known=", ".join(sorted(OPERATORS))))  # fmt: skip
    elif any(is_secret(part) for part in key.split(".")):
        raise ConsoleError(_l("“%(path)s” holds a secret, which can't be asked for.", path=key[:80]))
