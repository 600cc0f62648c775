"""A real server of two processes beside this one: a field defined in one is in the others' next request, and threads
never get one another's answers."""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from config import PROJECT_ROOT, Settings
from tests.rest.conftest import Caller

THREADS = 8
REQUESTS = 250
START_SECONDS = 60.0


class Server:
    """A server's answers to a token or to a session."""

    def __init__(self, port: int) -> None:
        self.port = port

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """(status, text). A connection for each call, so that either process may answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def rest(self, caller: Caller, path: str) -> Any:
        status, text = self.get(f"/api/v1/{path}", Authorization=f"Bearer {caller.token}")
        assert status == 200, text[:500]
        return json.loads(text)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture(scope="module")
def server(prepared: Settings) -> Iterator[Server]:
    """gunicorn with two processes of four threads each, on the database and with the keys of these tests."""
    port = free_port()
    environ = os.environ | {
        "KORTISTO_MONGODB_URI": prepared.mongodb_uri, "KORTISTO_DATA_DIR": str(prepared.data_dir),
        "KORTISTO_BROKER_URL": "memory://", "KORTISTO_LOG_LEVEL": "WARNING", "KORTISTO_API_PER_MINUTE": "0",
    }  # fmt: skip
    command = [sys.executable, "-m", "gunicorn", "--workers", "2", "--threads", "4", "--bind", f"127.0.0.1:{port}",
               "app:create_app()"]  # fmt: skip
    process = subprocess.Popen(command, cwd=PROJECT_ROOT, env=environ, stderr=subprocess.DEVNULL)
    try:
        wait_until_it_answers(Server(port), process)
        yield Server(port)
    finally:
        process.terminate()
        process.wait(30)


def wait_until_it_answers(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if server.get("/health")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the server does not answer")


def test_field_defined_in_one_process_is_everywhere_in_the_next_request(
    server: Server, rest: Caller, client: FlaskClient
) -> None:
    cookie = client.get_cookie("kortisto_session")
    assert cookie is not None
    session = {"Cookie": f"kortisto_session={cookie.value}"}
    for _call in range(8):
        # Both processes have read the schema as it was before.
        assert server.get("/companies/add", **session)[0] == server.get("/companies/", **session)[0] == 200
        assert "x_rank" not in str(server.rest(rest, "_openapi"))
    for round_, key in enumerate(("rank", "size", "grade")):
        rest.define(key, "number", label=f"Label of {key}")
        rest.call("POST", "company/bulk", 201, json=[{"name": f"{key} one", f"x_{key}": round_},
                                                     {"name": f"{key} two", f"x_{key}": round_ + 10}])  # fmt: skip
        q = quote(json.dumps({"filters": [{"col": f"x_{key}", "opr": "gt", "value": round_}]}))
        for _call in range(4):
            assert [row["name"] for row in server.rest(rest, f"company/?q={q}")["result"]] == [f"{key} two"]
            schemas = server.rest(rest, "_openapi")["components"]["schemas"]
            assert schemas["CompanyNew"]["properties"][f"x_{key}"]["title"] == f"Label of {key}"
            status, page = server.get(f"/companies/?_flt_eq_x_{key}={round_}", **session)
            assert (status, f"{key} one" in page, f"{key} two" in page) == (200, True, False)
            status, form = server.get("/companies/add", **session)
            assert (status, f'name="x_{key}"' in form) == (200, True)


def test_two_thousand_filtered_requests_of_eight_threads_get_no_wrong_answer(server: Server, rest: Caller) -> None:
    rest.define("group", "choice", choices=[{"key": f"g{n}", "label": f"G{n}"} for n in range(THREADS)])
    rest.define("size", "number")
    rows = [{"name": f"Company {n}", "x_group": f"g{n % THREADS}", "x_size": n} for n in range(400)]
    rest.call("POST", "company/bulk", 201, json=rows)
    wrong: list[str] = []
    threads = [threading.Thread(target=ask, args=(server, rest, number, rows, wrong)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def ask(server: Server, rest: Caller, number: int, rows: list[dict[str, Any]], wrong: list[str]) -> None:
    """One thread's requests, each with filters that no other thread asks for; what is wrong is noted."""
    for call in range(REQUESTS):
        least = (call * 7) % 300
        filters = [{"col": "x_group", "opr": "eq", "value": f"g{number}"},
                   {"col": "x_size", "opr": "ge", "value": least}]  # fmt: skip
        wanted = {row["name"] for row in rows if row["x_group"] == f"g{number}" and row["x_size"] >= least}
        q = {"filters": filters, "columns": ["name"], "keys": ["none"], "page_size": -1}
        try:
            found = server.rest(rest, f"company/?q={quote(json.dumps(q))}")
        except (AssertionError, OSError) as error:
            wrong.append(f"{number}: {error}")
            return
        if {row["name"] for row in found["result"]} != wanted or found["count"] != len(wanted):
            wrong.append(f"{number}: {filters}")
