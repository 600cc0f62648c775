"""Imports over REST: from the file to undoing it."""

import io
from collections.abc import Callable

import openpyxl
import pytest

from models.security import User
from services.jobs import claim, run_job
from tests.rest.conftest import Caller

TABLE = "Name,City,Size\nAho Oy,Turku,12\nBerg Ab,,big\n,Oulu,3\n"


def sent(caller: Caller, text: str = TABLE, status: int = 201, register: str = "company") -> dict:
    path = f"import/?register={register}&name=list.csv"
    return caller.call("POST", path, status, data=text.encode(), headers={"Content-Type": "application/octet-stream"})


def work() -> None:
    job = claim()
    assert job is not None
    run_job(job)


def test_import_goes_the_whole_way(rest: Caller) -> None:
    draft = sent(rest)["result"]
    path = f"import/{draft['id']}"
    assert draft["columns"][2]["choice"]["define"]["kind"] == "text"
    size = {"place": 2, "choice": {"define": {"kind": "number", "label": {"en": "Size"}}}}
    rest.call("PUT", path, json={"version": 1, "columns": [size], "match": ["name"], "on_existing": "fill"})
    rest.call("PUT", path, 409, json={"version": 1})
    job = rest.call("POST", f"{path}/check", 202)["job"]
    assert rest.call("GET", path)["result"]["job"] == job
    work()
    checked = rest.call("GET", path)["result"]["checked"]
    assert (checked["create"], checked["faulty"]) == (1, 2)
    faulty = rest.call("GET", f"{path}/faulty")
    assert [(one["row"], one["place"]) for one in faulty["result"]] == [(3, 2), (4, 0)]
    mending = {"cells": [{"row": 4, "place": 0, "value": "Cello Oy"}], "values": []}
    assert rest.call("PUT", f"{path}/faulty", json=mending)["mended"] == 1
    rest.call("GET", f"{path}/report", 409)
    rest.call("POST", f"{path}/start", 202)
    work()
    assert rest.names("company") == ["Aho Oy", "Cello Oy"]
    report = rest.raw("GET", f"{path}/report", b"")
    row = list(openpyxl.load_workbook(io.BytesIO(report.data)).active.values)[1]
    assert row[1:] == (3, "Berg Ab", None, "big")
    rest.call("POST", f"{path}/undo", 202)
    work()
    assert rest.names("company") == []
    rest.call("POST", f"{path}/undo", 409)
    assert rest.call("GET", "import/")["result"][0]["state"] == "undone"
    rest.call("DELETE", path)
    rest.call("GET", path, 404)


@pytest.mark.parametrize(("body", "status"), [
    ({"options": {"encoding": "klingon"}}, 422), ({"options": {"header_row": -1}}, 422), ({"columns": {}}, 422),
    ({"columns": [{"place": 99}]}, 422), ({"columns": [{"place": 0, "choice": {"field": 5}}]}, 422),
    ({"columns": [{"place": 1, "choice": {"field": "name"}}]}, 422), ({"match": ["nothing"]}, 422),
    ({"on_existing": "explode"}, 422), ({"owner": "x"}, 422), ({"version": 77}, 409), ({"match": [{"$ne": 1}]}, 422),
    ({"columns": [{"place": 2, "choice": {"define": {"kind": {"$ne": 1}, "label": [1]}}}]}, 422),
    ({"columns": [{"place": 2, "choice": {"define": {"kind": "text", "key": "x" * 99}}}]}, 422),
])  # fmt: skip
def test_what_makes_no_sense_is_refused_and_changes_nothing(rest: Caller, body: dict, status: int) -> None:
    draft = sent(rest)["result"]
    rest.call("PUT", f"import/{draft['id']}", status, json=body)
    assert rest.call("GET", f"import/{draft['id']}")["result"] == draft


def test_files_that_are_no_tables_are_refused(rest: Caller) -> None:
    sent(rest, "", 422)
    sent(rest, "%PDF-1.7 nothing", 422)
    sent(rest, "PK\x03\x04 nothing", 422)
    sent(rest, ",".join(map(str, range(100_000))), 422)
    sent(rest, "Name\nA\n", 404, register="nothing")


def test_imports_are_their_owners_and_rights_hold(
    rest: Caller, make_user: Callable[..., User], caller_of: Callable[[User], Caller]
) -> None:
    draft = sent(rest)["result"]
    reader = caller_of(make_user("bert", "Reader"))
    for method, path in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/check"), ("POST", "/start"),
                         ("POST", "/undo"), ("GET", "/faulty"), ("GET", "/report")):  # fmt: skip
        options = {"json": {}} if method == "PUT" else {}
        reader.call(method, f"import/{draft['id']}{path}", 404, **options)
    sent(reader, status=403)
    staff = caller_of(make_user("anna", "Staff"))
    columns = sent(staff)["result"]["columns"]
    assert [column["choice"] for column in columns] == [{"field": "name"}, {"field": "city"}, {}]


def test_pages_of_faulty_cells_end_where_the_document_says(rest: Caller) -> None:
    path = f"import/{sent(rest)['result']['id']}/faulty"
    rest.call("GET", f"{path}?page=1000000")
    rest.call("GET", f"{path}?page=1000001", 400)


def test_a_file_without_a_name_is_refused(rest: Caller) -> None:
    headers = {"Content-Type": "application/octet-stream"}
    told = rest.call("POST", "import/?register=company&name=", 422, data=TABLE.encode(), headers=headers)
    assert list(told["errors"]) == ["name"]
