"""Lists of documents that are not records of a register: field definitions and jobs."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask import Response, jsonify
from flask_babel import gettext as _

from fab_mongo import MongoInterface
from models.fields.kinds.times import aware
from services.records import RecordNotFound
from views.rest.problems import Problem
from views.rest.query import ListQuery, chosen_columns, list_query

Raw = dict[str, Any]


def list_answer(interface: MongoInterface, columns: Mapping[str, Any], sent: Raw, row_json: Any) -> Response:
    """The answer to a `q`: a page of the interface's documents, each as `row_json` of its raw document has it."""
    chosen = chosen_columns(sent, columns)
    orderable = [name for name in interface.get_order_columns_list() if name in columns]
    count, rows = page_of(interface, list_query(sent, orderable))
    result = [{name: value for name, value in row_json(row).items() if name in chosen} for row in rows]
    return jsonify(
        ids=[str(row["_id"]) for row in rows], count=count, count_is_exact=True, result=result,
        list_columns=chosen, order_columns=orderable,
    )  # fmt: skip


def page_of(interface: MongoInterface, query: ListQuery) -> tuple[int, list[Raw]]:
    """(how many match, one page of them as raw documents). Raises FilterError, Problem."""
    filters = interface.get_filters()
    for condition in query.filters:
        filters.add_filter_named(condition["col"], condition["opr"], condition.get("value", ""))
    if len(filters.active()) < len(query.filters):
        raise Problem(400, _("Give a value to compare with."))
    count, items = interface.query(filters, query.order, query.direction, page=query.page, page_size=query.page_size)
    return count, [item.to_mongo().to_dict() for item in items]


def document_of(interface: MongoInterface, name: str, pk: str) -> Raw:
    """One of the interface's documents, raw. Raises RecordNotFound."""
    item = interface.get(pk)
    if item is None:
        raise RecordNotFound(name, pk)
    return item.to_mongo().to_dict()


def plain(value: Any) -> Any:
    """A stored value as JSON has it."""
    if isinstance(value, dt.datetime):
        return aware(value).isoformat().replace("+00:00", "Z")
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


