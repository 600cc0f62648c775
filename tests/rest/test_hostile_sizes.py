"""Far too much of everything, through the web server as run.py starts it and through the application: a 4xx that says
what to do."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient

from config import PROJECT_ROOT, Settings
from models.companies import Company
from tests.rest.conftest import Caller
from tests.rest.test_processes import free_port

MEGABYTE = 1024 * 1024
PART = b'--b\r\nContent-Disposition: form-data; name="f%d"\r\n\r\nx\r\n'
FORM = "application/x-www-form-urlencoded"
PAGES = ("/login/", "/companies/add", "/settings/fields/company/add", "/merge/upload", "/companies/delete_chosen")
CALLS = ("/api/v1/company/", "/api/v1/company/bulk", "/api/v1/field_definition/", "/api/v1/security/login")


def multipart(size: int) -> tuple[str, bytes]:
    head = b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\n'
    return "multipart/form-data; boundary=b", head + b"x" * size + b"\r\n--b--\r\n"


def urlencoded(size: int) -> tuple[str, bytes]:
    return FORM, b"name=" + b"x" * size


def as_json(size: int) -> tuple[str, bytes]:
    return "application/json", b'{"name": "' + b"x" * size + b'"}'


BODIES = {"multipart": multipart, "urlencoded": urlencoded, "json": as_json}


@pytest.fixture(scope="module")
def web(prepared: Settings) -> Iterator[int]:
    """The port of the web server as run.py starts it, on the database and with the keys of these tests."""
    port = free_port()
    environ = os.environ | {
        "KORTISTO_MONGODB_URI": prepared.mongodb_uri, "KORTISTO_DATA_DIR": str(prepared.data_dir),
        "KORTISTO_BROKER_URL": "memory://", "KORTISTO_LOG_LEVEL": "WARNING", "KORTISTO_PORT": str(port),
        "KORTISTO_WEB_WORKERS": "1",
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, "-m", "app.web_server"], cwd=PROJECT_ROOT, env=environ,
                               stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        for _try in range(600):
            try:
                if ask(port, "GET", "/health")[0] == 200:
                    break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def ask(port: int, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
    """(status, text) of an answer. A server that refuses early may close while the rest is being sent."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        try:
            connection.request(method, path, body, named, encode_chunked=not isinstance(body, bytes | None))
        except (BrokenPipeError, ConnectionResetError):
            connection.sock.settimeout(60)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def session_of(client: FlaskClient) -> str:
    cookie = client.get_cookie("kortisto_session")
    assert cookie is not None
    return f"kortisto_session={cookie.value}"


@pytest.mark.slow
@pytest.mark.parametrize("kind", BODIES)
def test_thirty_megabytes_are_refused_by_the_server(
    app: Flask, web: int, client: FlaskClient, rest: Caller, kind: str
) -> None:
    content_type, body = BODIES[kind](30 * MEGABYTE)
    who = {"Cookie": session_of(client), "Authorization": f"Bearer {rest.token}", "Content_Type": content_type}
    for path in (*PAGES, *CALLS):
        for sent in (body, (body[start : start + MEGABYTE] for start in range(0, len(body), MEGABYTE))):
            chunked = {} if isinstance(sent, bytes) else {"Transfer_Encoding": "chunked"}
            status, text = ask(web, "POST", path, sent, **who, **chunked)
            assert 400 <= status < 500, (path, chunked, status, text[:300])
            assert len(text) > 50
    assert Company.objects.count() == 0


@pytest.mark.parametrize("kind", ["multipart", "urlencoded"])
def test_thirty_megabytes_typed_into_a_form_are_too_large(client: FlaskClient, kind: str) -> None:
    content_type, body = BODIES[kind](30 * MEGABYTE)
    for path in PAGES[1:]:
        answer = client.post(path, data=body, content_type=content_type, headers={"Accept-Language": "fi"})
        assert answer.status_code == 413, (path, answer.status)
        assert "Tämä on liian suuri" in answer.text


def test_five_thousand_filters_are_refused(app: Flask, web: int, client: FlaskClient, rest: Caller) -> None:
    rest.add("company", name="1")
    conditions = [{"col": "name", "opr": "eq", "value": str(n)} for n in range(5_000)]
    address = "/companies/?" + urlencode([(f"_flt_eq_name{n}", n) for n in range(5_000)])
    status, text = ask(web, "GET", address, Cookie=session_of(client))
    assert 400 <= status < 500, text[:300]
    assert client.get(address).status_code == 400
    chosen = {"all_matching": "1", "conditions": json.dumps(conditions)}
    assert client.post("/companies/delete_chosen", data=chosen).status_code in (302, 400)
    assert client.post("/merge/start/company", data=chosen).status_code in (302, 400)
    assert Company.objects.count() == 1
    rest.page("company", 400, filters=conditions)
    rest.page("company", 400, filters=conditions[:51])


@pytest.mark.parametrize("body", [
    "&".join(f"f{n}=x" for n in range(100_000)).encode(),
    b"".join(PART % n for n in range(100_000)) + b"--b--\r\n",
], ids=["urlencoded", "multipart"])  # fmt: skip
def test_hundred_thousand_small_fields_are_refused(app: Flask, client: FlaskClient, body: bytes) -> None:
    content_type = FORM if body.startswith(b"f") else "multipart/form-data; boundary=b"
    for path in PAGES[1:]:
        answer = client.post(path, data=body, content_type=content_type)
        # A form of text this size is read and found wanting: the list says again that nothing is chosen.
        assert 400 <= answer.status_code < 500 or (content_type == FORM and answer.status_code == 302), (path, answer)


def test_name_of_hundred_thousand_characters_is_refused_and_stays_typed(client: FlaskClient, rest: Caller) -> None:
    name = "ä" * 100_000
    answer = client.post("/companies/add", data={"name": name, "city": "Oulu"})
    assert answer.status_code == 422
    assert name in answer.text
    assert "at most 200 characters" in answer.text
    refused = rest.call("POST", "company/", 422, json={"name": name})
    assert "200" in refused["errors"]["name"][0]
    assert Company.objects.count() == 0


def test_labels_helps_and_choices_of_hundred_thousand_characters_are_refused(client: FlaskClient, rest: Caller) -> None:
    text = "x" * 100_000
    for changed in ({"label": {"en": text}}, {"help": text}, {"choices": [{"key": "a", "label": {"en": text}}]},
                    {"key": text}, {"choices": [{"key": text, "label": "A"}]}, {"default": text}):  # fmt: skip
        data = {"register": "company", "kind": "choice", "label": "L", "choices": ["A"]} | changed
        assert list(rest.call("POST", "field_definition/", 422, json=data)["errors"]) == list(changed)
    form = {"kind": "text", "label_en": text, "section": "extra"}
    answer = client.post("/settings/fields/company/add", data=form)
    assert answer.status_code == 422
    assert text in answer.text
