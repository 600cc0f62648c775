"""A register's calls in the OpenAPI document, as far as the caller may make them."""

from typing import Any

from models.fields.schema import Schema
from models.rights import Access
from views.rest.including import INCLUDED
from views.rest.openapi import (
    ID,
    Document,
    id_parameter,
    item_answer,
    list_answer,
    list_of,
    object_of,
    query_parameter,
)
from views.rest.query import INFO_QUERY, RECORD_QUERY, RECORDS_QUERY
from views.rest.records import input_schema, record_schema

Refs = dict[str, Any]
IF_MATCH = {
    "name": "If-Match", "in": "header", "schema": {"type": "string"},
    "description": "The ETag of the record as you read it: 412 if there is a newer version.",
}  # fmt: skip

AFTER = {"type": ["string", "null"], "description": "The key from which the next page goes on; null on the last."}


def describe_register(document: Document, name: str, schema: Schema, access: Access, language: str) -> None:
    """Add the register's calls and schemas; `name` is what its schemas are called by."""
    card = schema.register
    path, common = f"/api/v1/{card.key}/", Refs(tag=str(card.label))
    record = document.schema(name, record_schema(schema, language))
    if access.may(card.key, "see"):
        describe_reading(document, path, card.key, common, record)
    if access.may(card.key, "add"):
        new = document.schema(f"{name}New", input_schema(schema, language, new=True))
        describe_adding(document, path, card.key, common, record, new)
    if access.may(card.key, "change"):
        change = document.schema(f"{name}Change", input_schema(schema, language, new=False))
        describe_changing(document, path, card.key, common, record, change)
    if access.may(card.key, "delete"):
        document.operation(
            "delete", f"{path}{{pk}}", name=f"delete_{card.key}", summary="Move a record to the recycle bin",
            parameters=[id_parameter(), IF_MATCH], answer=object_of({"message": {"type": "string"}}),
            problems=(404, 412), **common,
        )  # fmt: skip


def told_with(answer: Refs, **more: Any) -> Refs:
    """The answer's schema, with what tells of included records."""
    return {**answer, "properties": {**answer["properties"], **more, "included": INCLUDED}}


def describe_reading(document: Document, path: str, key: str, common: Refs, record: Refs) -> None:
    document.operation(
        "get", path, name=f"list_{key}", summary="A page of records", parameters=[query_parameter(RECORDS_QUERY)],
        answer=told_with(list_answer(record), after=AFTER), **common,
    )  # fmt: skip
    document.operation(
        "get", f"{path}{{pk}}", name=f"get_{key}", summary="One record",
        parameters=[id_parameter(), query_parameter(RECORD_QUERY)], answer=told_with(item_answer(record)),
        problems=(404,), **common,
    )  # fmt: skip
    document.operation(
        "get", f"{path}_info", name=f"info_{key}", summary="Fields, filters and the caller's rights",
        parameters=[query_parameter(INFO_QUERY)], answer={"type": "object"}, **common,
    )  # fmt: skip


def describe_adding(document: Document, path: str, key: str, common: Refs, record: Refs, new: Refs) -> None:
    document.operation(
        "post", path, name=f"add_{key}", summary="Add a record", body=new, answer=item_answer(record), status=201,
        **common,
    )  # fmt: skip
    keep = {"name": "keep", "in": "query", "schema": {"type": "string"},
            "description": "Properties whose odd values are kept as they are, separated by commas."}  # fmt: skip
    document.operation(
        "post", f"{path}bulk", name=f"bulk_{key}", summary="Add all of these records or none", status=201,
        parameters=[keep], body=list_of(new), answer=object_of({"ids": list_of(ID)}, required=("ids",)), **common,
    )  # fmt: skip


def describe_changing(document: Document, path: str, key: str, common: Refs, record: Refs, change: Refs) -> None:
    for method in ("put", "patch"):
        document.operation(
            method, f"{path}{{pk}}", name=f"{method}_{key}", summary="Change the properties that are sent",
            parameters=[id_parameter(), IF_MATCH], body=change, answer=item_answer(record), problems=(404, 409, 412),
            **common,
        )  # fmt: skip
