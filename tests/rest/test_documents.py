"""Documents over REST: files come and go as bodies, by the rights of their records."""

import io
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from models.documents import WAITING
from models.security import User
from services.documents import add_document
from services.security import access_for
from tests.rest.conftest import Caller

FILE = "/api/v1/document/{pk}/file"



def put_file(caller: Caller, pk: str, name: str, data: bytes, content_type: str = "text/plain", **query: Any) -> Any:
    address = f"document/{pk}/file?{urlencode({'name': name, **query})}"
    return caller.raw("POST", address, data, **{"Content-Type": content_type})


def get_file(caller: Caller, pk: str, query: str = "", **headers: str) -> Any:
    return caller.raw("GET", f"document/{pk}/file{query}", b"", **headers)


def test_file_comes_and_goes_as_a_body(rest: Caller) -> None:
    made = rest.add("document", name="Offer", kind="offer")
    assert (made["file"], made["size"], made["reading"]) == ([], None, None)
    pk = made["id"]
    assert get_file(rest, pk).status_code == 404
    sent = put_file(rest, pk, "öffer.pdf", b"%PDF-1.7 one", "application/octet-stream", note="First")
    assert sent.status_code == 200
    result = sent.json["result"]
    assert (result["file"][0]["name"], result["file"][0]["note"], result["size"]) == ("öffer.pdf", "First", 12)
    assert (result["type"], result["reading"], sent.headers["ETag"]) == ("pdf", WAITING, '"2"')
    put_file(rest, pk, "b.txt", b"two")
    assert get_file(rest, pk).data == b"two"
    first = get_file(rest, pk, "?version=1", Range="bytes=9-")
    assert (first.status_code, first.data) == (206, b"one")
    assert first.headers["Content-Disposition"].startswith("attachment")
    assert get_file(rest, pk, "?version=3").status_code == 404
    whole = rest.call("GET", f"document/{pk}")["result"]
    assert rest.call("PUT", f"document/{pk}", json=whole)["result"] == whole
    assert rest.call("PATCH", f"document/{pk}", 422, json={"file": []})["errors"].keys() == {"file"}


def test_what_is_wrong_with_a_file_is_a_problem(rest: Caller) -> None:
    pk = rest.add("document", name="Offer")["id"]
    for data, name, content_type, status in (
        (b"", "a.txt", "text/plain", 422), (b"MZ", "a.exe", "text/plain", 422),
        (b"x", "a.txt", "multipart/form-data", 415), (b"a=b", "a.txt", "application/x-www-form-urlencoded", 415),
    ):  # fmt: skip
        answer = put_file(rest, pk, name, data, content_type)
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


def test_files_go_by_the_rights_of_their_records(
    rest: Caller, admin: User, caller_of: Callable, make_role: Callable, make_user: Callable
) -> None:
    pk = str(add_document(access_for(admin), "a.txt", io.BytesIO(b"secret"), {})["_id"])
    own = caller_of(make_user("own", make_role("Own", ("document", "see", "own"), ("document", "change", "own"))))
    reads = caller_of(make_user("reads", make_role("Reads", ("document", "see", "all"))))
    for caller, reading, writing in ((own, 404, 404), (reads, 200, 403)):
        assert get_file(caller, pk).status_code == reading
        assert put_file(caller, pk, "x.txt", b"x").status_code == writing
    assert set(reads.call("GET", "_openapi")["paths"][FILE]) == {"get"}


def test_the_description_tells_of_files(rest: Caller) -> None:
    calls = rest.call("GET", "_openapi")["paths"][FILE]
    assert set(calls) == {"get", "post"}
    assert "application/octet-stream" in calls["post"]["requestBody"]["content"]
