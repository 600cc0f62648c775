"""A file of a gigabyte goes up and down through the web server as it comes: the process stays as small as it was."""

import hashlib
import http.client
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.fixtures.program import START_SECONDS, Program, until

pytestmark = pytest.mark.slow

PART, PARTS = bytes(range(256)) * 4096, 1024
SIZE = len(PART) * PARTS
MOST_MORE_MB = 150
PASSWORD = "correct-horse-battery"


class OneWorker(Program):
    extra: Mapping[str, str] = {"KORTISTO_WEB_WORKERS": "1"}


@pytest.fixture
def program(tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch, start: Callable[..., Program]) -> Program:
    monkeypatch.setattr(Program, "extra", OneWorker.extra)
    found = start()
    assert until(found.is_up, START_SECONDS), found.output.read_text()
    return found


def peak_mb(pid: int) -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found.group(1)) // 1024


def content() -> Iterator[bytes]:
    """A gigabyte of which no two megabytes are the same."""
    for number in range(PARTS):
        yield number.to_bytes(8, "big") + PART[8:]


class Site:
    """A browser's part: cookies and the token of its forms."""

    def __init__(self, port: int) -> None:
        self.port, self.cookie, self.token = port, "", ""

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        connection.request(method, path, body, {
            "Cookie": self.cookie, "X-CSRFToken": self.token, "Connection": "close", **headers,
        })  # type: ignore[arg-type]
        answer = connection.getresponse()
        if cookie := answer.getheader("Set-Cookie"):
            self.cookie = cookie.partition(";")[0]
        return answer

    def read_token(self, path: str) -> str:
        text = self.ask("GET", path).read().decode()
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', text)
        assert found, text[:500]
        self.token = found.group(1)
        return text

    def send(self, path: str, **values: str) -> http.client.HTTPResponse:
        body = urlencode({"csrf_token": self.token, **values})
        answer = self.ask("POST", path, body, **{"Content-Type": "application/x-www-form-urlencoded"})
        answer.read()
        return answer


def signed_in(program: Program) -> Site:
    code = re.search(r"code ([A-Z2-9]{4}(?:-[A-Z2-9]{4}){2})$", program.output.read_text(), re.MULTILINE)
    assert code
    site = Site(program.port)
    site.read_token("/first-start/")
    answer = site.send("/first-start/", code=code.group(1), first_name="A", last_name="B", username="admin",
                       language="en", email="a@example.com", password=PASSWORD, repeated=PASSWORD,
                       time_zone="UTC")  # fmt: skip
    assert answer.status == 302
    site.read_token("/documents/")
    return site


def test_a_gigabyte_is_streamed_up_and_down(program: Program) -> None:
    assert until(lambda: "Kortisto is at" in program.output.read_text(), 10)
    site = signed_in(program)
    pids = program.children("app.web_server")
    before = {pid: peak_mb(pid) for pid in pids}
    digest = hashlib.sha256()

    def hashed() -> Iterator[bytes]:
        for part in content():
            digest.update(part)
            yield part

    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(SIZE)}
    answer = site.ask("POST", "/documents/upload?name=big.bin", hashed(), **headers)
    text = answer.read().decode()
    assert answer.status == 200, text
    pk = re.search(r'"id":\s*"([0-9a-f]{24})"', text)
    assert pk
    down, came = hashlib.sha256(), 0
    whole = site.ask("GET", f"/documents/file/{pk.group(1)}")
    while part := whole.read(1 << 20):
        down.update(part)
        came += len(part)
    assert (came, down.hexdigest()) == (SIZE, digest.hexdigest())
    last = site.ask("GET", f"/documents/file/{pk.group(1)}", Range=f"bytes={SIZE - 5}-")
    assert (last.status, last.read()) == (206, PART[-5:])
    assert set(program.children("app.web_server")) == set(pids)
    assert {pid: peak_mb(pid) - mb for pid, mb in before.items() if peak_mb(pid) - mb >= MOST_MORE_MB} == {}


def test_a_connection_that_breaks_leaves_no_document(program: Program) -> None:
    assert until(lambda: "Kortisto is at" in program.output.read_text(), 10)
    site = signed_in(program)
    connection = http.client.HTTPConnection("127.0.0.1", program.port, timeout=60)
    connection.putrequest("POST", "/documents/upload?name=cut.bin")
    for name, value in (("Cookie", site.cookie), ("X-CSRFToken", site.token), ("Content-Length", str(SIZE)),
                        ("Content-Type", "application/octet-stream")):  # fmt: skip
        connection.putheader(name, value)
    connection.endheaders()
    for _number, part in zip(range(20), content(), strict=False):
        connection.send(part)
    connection.close()
    assert until(lambda: "/documents/upload" in program.output.read_text(), 30), program.output.read_text()[-2000:]
    assert "cut.bin" not in site.read_token("/documents/")
    assert until(program.is_up, 5)
