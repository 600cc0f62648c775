"""The conformance suite runs on MongoDB and on mongomock; what runs on MongoDB only says why in its name."""

from collections.abc import Callable, Iterator
from typing import Any

import mongoengine as me
import mongomock
import pytest
from flask import Flask

from fab_mongo import MongoSecurityManager, Permission, PermissionView, RegisterUser, ViewMenu
from tests.fab_mongo import toys
from tests.fab_mongo.conformance import documents
from tests.fixtures.database import use_database

BACKENDS = ("mongodb", "mongomock")
SECURITY = (toys.ToyRole, toys.ToyGroup, toys.ToyUser, Permission, PermissionView, ViewMenu, RegisterUser)
MOCKED = "conformance_mongomock"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give every test that uses a database both backends, or the real one with the reason in its name."""
    if "backend" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("real_only")
    if marker is None:
        metafunc.parametrize("backend", BACKENDS, indirect=True, scope="function")
    else:
        metafunc.parametrize("backend", ["mongodb"], ids=[f"mongodb only: {marker.args[0]}"], indirect=True)


def connect_mongomock() -> None:
    """Connect MongoEngine to an empty mongomock."""
    me.disconnect()
    me.connect(
        MOCKED, host="mongodb://localhost", mongo_client_class=mongomock.MongoClient, tz_aware=True,
        uuidRepresentation="standard",
    )  # fmt: skip


@pytest.fixture
def backend(request: pytest.FixtureRequest, connection: None, mongodb_uri: str, database_name: str) -> Iterator[str]:
    """The name of the backend, whose database is empty."""
    if request.param == "mongomock":
        connect_mongomock()
    else:
        use_database(mongodb_uri, f"{database_name}_toys")
        for document_class in (*documents.ALL, toys.Genre, toys.Author, toys.Book, toys.Shelf, *SECURITY):
            document_class._get_collection().delete_many({})
    toys.EXTRA.clear()
    yield request.param
    toys.EXTRA.clear()
    # Whatever comes next finds the connection it expects.
    use_database(mongodb_uri, f"{database_name}_toys")


@pytest.fixture
def database(backend: str) -> str:
    """An empty database, for tests that need not know which."""
    return backend


@pytest.fixture
def toy_app(built_app: Flask, backend: str) -> Flask:
    """The toy library with its roles and permissions and an administrator `boss`, and nobody else."""
    with built_app.app_context():
        manager = built_app.appbuilder.sm  # type: ignore[attr-defined]
        manager.create_db()
        built_app.appbuilder.add_permissions(update_perms=True)  # type: ignore[attr-defined]
    toys.add_user(built_app, "boss", "Admin")
    return built_app


@pytest.fixture
def sm(toy_app: Flask) -> Iterator[MongoSecurityManager]:
    """The security manager, in a request of nobody."""
    with toy_app.test_request_context():
        yield toy_app.appbuilder.sm  # type: ignore[attr-defined]


@pytest.fixture
def build(backend: str) -> Callable[..., Flask]:
    """Build another toy application on this database, with settings of its own."""

    def make(**config: Any) -> Flask:
        return toys.make_app(**config)

    return make
