"""Fixtures of the toy library: a database without it, its application, and browsers that are logged in."""

import re
from collections.abc import Callable, Iterator

import mongoengine as me
import mongomock
import pytest
from flask import Flask
from flask.testing import FlaskClient
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from fab_mongo import Permission, PermissionView, RegisterUser, ViewMenu
from tests.fab_mongo import toys
from tests.fixtures.database import use_database


@pytest.fixture(scope="package")
def connection(mongodb_uri: str, database_name: str) -> Iterator[None]:
    """Connect MongoEngine for this package; other packages of the same process connect for themselves."""
    use_database(mongodb_uri, f"{database_name}_toys")
    yield
    use_database(mongodb_uri, f"{database_name}_toys")
    me.get_db().client.drop_database(f"{database_name}_toys")
    me.disconnect()


def _empty(*documents: type[me.Document]) -> None:
    for document_class in documents:
        document_class._get_collection().delete_many({})


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests of modules marked `on_both` run on the real MongoDB and on mongomock; one that needs a server is marked
    `real_only(reason)`, and its name tells the reason."""
    # A test that fits its cases to what mongomock can do has engines of its own.
    own = any("engine" in marker.args[0] for marker in metafunc.definition.iter_markers("parametrize"))
    if own or "engine" not in metafunc.fixturenames:
        return
    needs = metafunc.definition.get_closest_marker("real_only")
    if metafunc.definition.get_closest_marker("on_both") is None:
        metafunc.parametrize("engine", ["mongodb"], indirect=True)
    elif needs is not None:
        metafunc.parametrize("engine", [pytest.param("mongodb", id=f"mongodb alone: {needs.args[0]}")], indirect=True)
    else:
        metafunc.parametrize("engine", ["mongodb", "mongomock"], indirect=True)


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> str:
    """Where the library is kept: a real MongoDB, or mongomock, which needs no server."""
    return str(request.param)


@pytest.fixture
def library(engine: str, connection: None, mongodb_uri: str, database_name: str) -> Iterator[None]:
    """An empty library."""
    if engine == "mongomock":
        me.disconnect()
        me.connect("toys", mongo_client_class=mongomock.MongoClient, tz_aware=True, uuidRepresentation="standard")
    else:
        use_database(mongodb_uri, f"{database_name}_toys")
    _empty(toys.Genre, toys.Author, toys.Book, toys.Shelf)
    toys.EXTRA.clear()
    yield
    toys.EXTRA.clear()
    # Whatever is built once for all tests is built on the real one.
    use_database(mongodb_uri, f"{database_name}_toys")


@pytest.fixture
def no_security(library: None) -> None:
    """Neither users nor roles nor permissions."""
    _empty(toys.ToyRole, toys.ToyGroup, toys.ToyUser, Permission, PermissionView, ViewMenu, RegisterUser)


@pytest.fixture(scope="package")
def built_app(connection: None) -> Flask:
    """The application, built once: its views must not remember anything from one test to the next."""
    return toys.make_app()


@pytest.fixture
def app(built_app: Flask, library: None) -> Flask:
    """The application with its permissions, an administrator `boss`, and nobody else."""
    _empty(toys.ToyUser, toys.ToyGroup, RegisterUser)
    if PermissionView.objects.first() is None:
        with built_app.app_context():
            built_app.appbuilder.sm.create_db()
            built_app.appbuilder.add_permissions()
    toys.ToyRole.objects(name__nin=["Admin", "Public"]).delete()
    toys.add_user(built_app, "boss", "Admin")
    return built_app


class Counter(CommandListener):
    """Counts the commands a client sends."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.names.append(event.command_name)

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


@pytest.fixture
def counter(mongodb_uri: str, library: None) -> Iterator[Counter]:
    """Commands sent, on a connection of its own in the place of the package's."""
    name = me.get_db().name
    listener = Counter()
    me.disconnect()
    me.connect(name, host=mongodb_uri, tz_aware=True, uuidRepresentation="standard", event_listeners=[listener])
    yield listener
    me.disconnect()
    use_database(mongodb_uri, name)


class Browser:
    """A test client that fills in the CSRF token of the page it posts from, as a person's browser does."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, url: str, **options: object) -> str:
        """Return the page at an address; it must be there."""
        response = self.client.get(url, follow_redirects=True, **options)  # type: ignore[arg-type]
        assert response.status_code == 200, (url, response.status_code, response.text[:300])
        return response.text

    def status(self, url: str) -> int:
        """Return the status of an address, redirects not followed."""
        return self.client.get(url).status_code

    def post(self, url: str, data: dict[str, object], page: str | None = None) -> str:
        """Send a form with the token of its page and return the page that follows."""
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get(page or url))
        assert found, "the page has a form with a token"
        response = self.client.post(url, data={"csrf_token": found[1], **data}, follow_redirects=True)
        assert response.status_code == 200, (url, response.status_code, response.text[:300])
        return response.text


@pytest.fixture
def browser_of(app: Flask) -> Callable[[str], Browser]:
    """Return a function that logs a user in."""

    def log_in(username: str) -> Browser:
        browser = Browser(app.test_client())
        browser.post("/login/", {"username": username, "password": toys.PASSWORD})
        return browser

    return log_in


@pytest.fixture
def boss(browser_of: Callable[[str], Browser]) -> Browser:
    """The administrator's browser."""
    return browser_of("boss")
