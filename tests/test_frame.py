"""What stands around every request: its id and log line, error pages, health. On a toy application."""

import json
import logging
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import mongoengine as me
import pytest
from flask import Flask, abort, request
from flask.testing import FlaskClient
from flask_babel import Babel
from flask_wtf.csrf import CSRFProtect
from pymongo.errors import AutoReconnect, ExecutionTimeout

from app.errors import init_errors
from app.health import health
from app.logs import configure_logging, init_logging, limit_log_file
from app.proxies import init_proxies
from config import Settings, load_settings

PLAIN = "text/plain; charset=utf-8"
ERRORS = {"boom": ValueError("secret"), "lost": AutoReconnect("secret host"), "slow": ExecutionTimeout("secret query")}


def fail(name: str) -> str:
    raise ERRORS[name]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"KORTISTO_DATA_DIR": str(tmp_path), "KORTISTO_TRUSTED_PROXIES": "1"})


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """An application without Flask-AppBuilder: its error page can't be drawn, so errors come as plain text."""
    toy = Flask("toy", root_path=str(settings.data_dir))
    toy.config.update(SECRET_KEY="x" * 32, MAX_CONTENT_LENGTH=10)
    Babel(toy, locale_selector=lambda: request.accept_languages.best_match(["en", "fi"]))
    init_logging(toy, settings)
    init_proxies(toy, settings)
    init_errors(toy)
    CSRFProtect(toy)
    toy.register_blueprint(health)
    toy.add_url_rule("/fail/<name>", view_func=fail)
    toy.add_url_rule("/api/fail/<name>", "api_fail", fail)
    toy.add_url_rule("/api/abort/<int:code>", "abort", lambda code: abort(code, "The name is missing."))
    toy.add_url_rule("/address", "address", lambda: f"{request.remote_addr} {request.scheme}")
    toy.add_url_rule("/form", "form", lambda: request.get_data(), methods=["POST"])
    yield toy
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if (handler.name or "").startswith("kortisto")]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(logging.WARNING)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def log(settings: Settings) -> str:
    return (settings.data_dir / "logs" / "kortisto.log").read_text()


@pytest.mark.parametrize(("path", "status"), [("/fail/boom", 500), ("/fail/lost", 503), ("/fail/slow", 503)])
def test_error_page_tells_what_to_do_and_no_secret(
    path: str, status: int, client: FlaskClient, settings: Settings
) -> None:
    response = client.get(path)
    assert (response.status_code, response.content_type) == (status, PLAIN)
    assert "ry again" in response.text
    assert "secret" not in response.text
    assert "secret" in log(settings)
    assert response.headers["X-Request-ID"] in response.text


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/form", 405)])
def test_error_page_of_wrong_address_has_code_and_headers(path: str, status: int, client: FlaskClient) -> None:
    response = client.get(path)
    assert response.status_code == status
    assert ("Allow" in response.headers) is (status == 405)


def test_error_page_of_too_large_and_of_forged_form(client: FlaskClient) -> None:
    assert client.post("/form", data=b"x" * 11, headers={"X-CSRFToken": "x"}).status_code in (400, 413)
    assert "form has expired" in client.post("/form", data=b"x").text


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/api/fail/boom", 500, "Try again."),
        ("/api/abort/400", 400, "The name is missing."),
        ("/api/nowhere", 404, "It may have been deleted"),
        ("/api/abort/418", 418, "The name is missing."),
    ],
)
def test_error_of_api_is_problem_details(path: str, status: int, detail: str, client: FlaskClient) -> None:
    response = client.get(path)
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    problem = json.loads(response.data)
    assert (problem["status"], problem["instance"]) == (status, path)
    assert problem["detail"].startswith(detail)
    assert problem["request_id"] == response.headers["X-Request-ID"]


@pytest.mark.parametrize(
    ("sent", "kept"), [("abcDEF-12345", True), ("short", False), ("x" * 65, False), ("bad id\u00e4!", False)]
)
def test_request_id_is_kept_when_plain_and_logged(
    sent: str, kept: bool, client: FlaskClient, settings: Settings
) -> None:
    answered = client.get("/address", headers={"X-Request-ID": sent}).headers["X-Request-ID"]
    assert (answered == sent) is kept
    assert f" {answered}] app.logs: GET /address 200 " in log(settings)


def test_request_log_line_can_not_be_forged_nor_shows_query(client: FlaskClient, settings: Settings) -> None:
    client.get("/a%0aforged?name=Aino")
    assert "GET /a%0Aforged 404" in log(settings)
    assert "Aino" not in log(settings)


@pytest.mark.parametrize("path", ["/unsubscribe/abc.def", "/unsubscribe/abc.def/undo", "/calendar/feed/abc.def.ics"])
def test_request_log_line_shows_no_address_that_only_its_reader_knows(
    client: FlaskClient, settings: Settings, path: str
) -> None:
    client.get(path)
    assert "abc" not in log(settings)
    assert f"GET {path.partition('abc')[0]}... 404" in log(settings)


def test_proxies_believed_are_the_last_ones(client: FlaskClient) -> None:
    headers = {"X-Forwarded-For": "6.6.6.6, 9.9.9.9", "X-Forwarded-Proto": "https"}
    assert client.get("/address", headers=headers).text == "9.9.9.9 https"


def test_limit_log_file_full_one_is_put_aside(settings: Settings, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.logs.LOG_LIMIT", 1)
    for number in range(7):
        logging.getLogger("app").warning("line %d", number)
        limit_log_file(settings)
    files = sorted(path.name for path in (settings.data_dir / "logs").glob("kortisto.log*"))
    assert files == ["kortisto.log", *(f"kortisto.log.{number}" for number in range(1, 5))]
    assert "line 6" in (settings.data_dir / "logs" / "kortisto.log.1").read_text()


def test_configure_logging_keeps_new_data_folder_and_log_private(app: Flask, settings: Settings) -> None:
    new = replace(settings, data_dir=settings.data_dir / "new")
    configure_logging(new)
    paths = [new.data_dir, new.data_dir / "logs", new.data_dir / "logs" / "kortisto.log"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in paths] == [0o700, 0o700, 0o600]


def test_configure_logging_again_logs_each_line_once(app: Flask, settings: Settings) -> None:
    configure_logging(settings)
    logging.getLogger("app").warning("once only")
    assert log(settings).count("once only") == 1


def test_health_with_database_is_ok_without_cookie(client: FlaskClient, mongodb_uri: str) -> None:
    me.disconnect()
    me.connect("health", host=mongodb_uri, uuidRepresentation="standard")
    try:
        response = client.get("/health")
    finally:
        me.disconnect()
    assert (response.status_code, response.json) == (200, {"status": "ok"})
    assert "Set-Cookie" not in response.headers


def test_health_without_database_is_unavailable_soon(client: FlaskClient) -> None:
    me.disconnect()
    me.connect("health", host="mongodb://127.0.0.1:1/", uuidRepresentation="standard")
    try:
        response = client.get("/health")
    finally:
        me.disconnect()
    assert (response.status_code, response.json) == (
        503,
        {"status": "unavailable", "reason": "The database does not answer."},
    )
