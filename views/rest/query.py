"""What a REST list is asked for: the parameter `q`, in Flask-AppBuilder's conventions."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from models.fields.conditions import GROUPS, MAX_CONDITIONS, SEGMENT, THROUGH, TITLE
from services.paging import MAX_KEY
from services.search import MAX_PAGE_SIZE, MAX_SKIP
from views.rest.problems import Problem

DEFAULT_PAGE_SIZE = 20
MAX_TEXT = 2_000
SCALAR = {"anyOf": [{"type": "string", "maxLength": MAX_TEXT}, {"type": ["number", "boolean", "null"]}]}
FILTER = {
    "type": "object",
    "properties": {
        "col": {"type": "string", "maxLength": 100},
        "opr": {"type": "string", "maxLength": 40},
        "value": {"anyOf": [
            SCALAR,
            {"type": "array", "items": SCALAR, "maxItems": 1_000},
            {"type": "object", "additionalProperties": SCALAR, "maxProperties": 10},
        ]},
    },
    "required": ["col", "opr"],
    "additionalProperties": False,
}  # fmt: skip
NAMES = {"type": "array", "items": {"type": "string", "maxLength": 100}, "maxItems": 1_000}
LIST_QUERY = {
    "type": "object",
    "properties": {
        "filters": {"type": "array", "items": FILTER},
        "order_column": {"type": "string", "maxLength": 100},
        "order_direction": {"enum": ["asc", "desc"]},
        "page": {"type": "integer", "minimum": 0},
        "page_size": {"type": "integer", "minimum": -1},
        "columns": NAMES,
        "keys": NAMES,
        "count": {"enum": ["exact"]},
    },
    "additionalProperties": False,
}
#: The members of a segment.
IN_SEGMENT = {
    "type": "object", "properties": {SEGMENT: {"type": "string", "maxLength": 100}}, "required": [SEGMENT],
    "additionalProperties": False,
}  # fmt: skip
#: Records are asked for by groups of conditions too (models/fields/conditions.py), down to GROUP_LEVELS of them.
GROUP_LEVELS = 3


def condition_schemas() -> Iterator[dict[str, Any]]:
    """The JSON Schemas of one condition with 0 to GROUP_LEVELS levels of groups, each made of the one before."""
    inner: dict[str, Any] = {"anyOf": [FILTER, IN_SEGMENT]}
    yield inner
    for _level in range(GROUP_LEVELS):
        inner = grouped(inner)
        yield inner


def grouped(condition: dict[str, Any]) -> dict[str, Any]:
    """A condition, or a group of such as `condition` describes."""
    inner = {"type": "array", "items": condition, "minItems": 1, "maxItems": MAX_CONDITIONS}
    through = {name: {"type": "string", "maxLength": 200} for name in (THROUGH, TITLE)}
    return {"anyOf": [FILTER, IN_SEGMENT, *(
        {"type": "object", "properties": {group: inner, **through}, "required": [group], "additionalProperties": False}
        for group in GROUPS
    )]}  # fmt: skip


CONDITIONS = tuple(condition_schemas())
CONDITION = CONDITIONS[-1]
#: References whose records are told along with the answer.
INCLUDE = {**NAMES, "maxItems": 20}
RECORDS_QUERY = {
    **LIST_QUERY,
    "properties": {**LIST_QUERY["properties"],  # type: ignore[dict-item]
                   "filters": {"type": "array", "items": CONDITION},
                   "include": INCLUDE, "after": {"type": "string", "maxLength": MAX_KEY}},
}  # fmt: skip
ITEM_QUERY = {"type": "object", "properties": {"columns": NAMES, "keys": NAMES}, "additionalProperties": False}
RECORD_QUERY = {**ITEM_QUERY, "properties": {**ITEM_QUERY["properties"], "include": INCLUDE}}  # type: ignore[dict-item]
INFO_QUERY = {"type": "object", "properties": {"keys": NAMES}, "additionalProperties": True}


@dataclass(frozen=True)
class ListQuery:
    """A page of a list. `order` is "" for the list's own order; `after` is the key from which it goes on, if any."""

    filters: tuple[Mapping[str, Any], ...]
    order: str
    direction: str
    page: int
    page_size: int
    exact: bool
    after: str = ""


def list_query(sent: Mapping[str, Any], orderable: Collection[str]) -> ListQuery:
    """The query of a `q` that fits LIST_QUERY. Raises Problem for an unknown order and for pages out of reach."""
    order, page = sent.get("order_column", ""), int(sent.get("page", 0))
    if order and order not in orderable:
        message = _("This list can't be ordered by “%(column)s”.", column=order)
        raise Problem(400, message, {"order_column": [message]})
    size = page_size(sent)
    if page * size > MAX_SKIP:
        message = _("Pages reach to row %(most)s. Go on by the key “after” of the page before.", most=MAX_SKIP)
        raise Problem(400, message, {"page": [message]})
    return ListQuery(tuple(sent.get("filters", ())), order, sent.get("order_direction", "asc"), page, size,
                     "count" in sent, sent.get("after", ""))  # fmt: skip


def page_size(sent: Mapping[str, Any]) -> int:
    """Rows of a page: -1 asks for as many as there may be, 0 and nothing for the usual number."""
    size = int(sent.get("page_size", 0)) or DEFAULT_PAGE_SIZE
    return MAX_PAGE_SIZE if size < 0 else min(size, MAX_PAGE_SIZE)


def chosen_columns(sent: Mapping[str, Any], known: Collection[str]) -> list[str]:
    """The columns that `q` selects, else all. Raises Problem for an unknown one."""
    columns = sent.get("columns") or list(known)
    for column in columns:
        if column not in known:
            message = _("There is no field “%(column)s”.", column=column)
            raise Problem(400, message, {"columns": [message]})
    return columns


def chosen_keys(sent: Mapping[str, Any], about: Mapping[str, Any]) -> dict[str, Any]:
    """What an answer tells besides its records (labels, orders): all of it, or what `keys` selects."""
    keys = sent.get("keys")
    return {key: value for key, value in about.items() if keys is None or key in keys}
