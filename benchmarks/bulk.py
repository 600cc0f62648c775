"""The case of many new records sent over REST at once."""

import json
from collections.abc import Callable
from typing import Any

import mongoengine as me
from bson import ObjectId
from flask import Flask
from flask.testing import FlaskClient
from flask_jwt_extended import create_access_token
from pymongo.collection import Collection

from benchmarks.measuring import Case
from benchmarks.place import USERNAME
from benchmarks.writing import fresh_values
from models.changes import Change
from models.companies import Company
from models.fields.schema import schema_of
from models.rights import Access
from models.security import User
from services.records import SCREEN, entry, prepare_new, visible_values

Raw = dict[str, Any]
PATH = "/api/v1/company/bulk"
#: What `create_index` takes of what an index says of itself.
OPTIONS = ("unique", "sparse", "partialFilterExpression", "collation")


def bulk_case(app: Flask, access: Access, rows: int) -> Case:
    """So many companies in one call, against `insert_many` of the same documents and change entries under the same
    indexes, unchecked and in no transaction."""
    values = [fresh_values() for _ in range(rows)]
    with app.app_context():
        send = sender(app.test_client(), json.dumps(values))
        bare = inserter(access, values)
    return Case("bulk create over REST", send, bare, items=rows)


def sender(client: FlaskClient, body: str) -> Callable[[], None]:
    token = create_access_token(identity=str(User.objects.get(username=USERNAME).pk))
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def send() -> None:
        answer = client.post(PATH, data=body, headers=headers)
        if answer.status_code != 201:
            raise RuntimeError(f"the bulk create was answered with {answer.status_code}: {answer.text[:300]}")

    return send


def inserter(access: Access, values: list[Raw]) -> Callable[[], None]:
    schema = schema_of("company")
    documents = prepare_new(access, schema, values)
    entries = [entry(access, schema, "create", raw, {}, visible_values(schema, raw), SCREEN) for raw in documents]
    companies, changes = copy_of(Company._get_collection()), copy_of(Change._get_collection())

    def insert() -> None:
        keys = [ObjectId() for _ in documents]
        companies.insert_many([{**raw, "_id": key} for raw, key in zip(documents, keys, strict=True)])
        changes.insert_many([{**raw, "record": key} for raw, key in zip(entries, keys, strict=True)])

    return insert


def copy_of(collection: Collection[Raw]) -> Collection[Raw]:
    """An empty collection with the same indexes."""
    copy = me.get_db()[f"floor_bulk_{collection.name}"]
    for name, index in collection.index_information().items():
        if name != "_id_":
            copy.create_index(index["key"], name=name, **{key: index[key] for key in OPTIONS if key in index})
    return copy
