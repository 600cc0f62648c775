"""Documents: a file with its versions on a record, kept once, read by those who see the record, found by its words."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import mongoengine as me
import pytest
from flask import Flask

from models.documents import READ, WAITING, Document
from models.fields.errors import ValidationFailed
from models.files import StoredFile
from models.rights import Access, NotAllowed
from models.security import FieldRight, User
from services import records
from services.document_text import run_read
from services.documents import add_document, add_version, find_version, restore_version, same_content
from services.files import Incomplete, stream_content
from services.history import events_of
from services.jobs import Run, claim, run_job
from services.joining import join_records
from services.quick_search import quick_search
from services.records import RecordNotFound, create_record, get_record, update_record
from services.search import find_page
from services.values import context_of

Raw = dict[str, Any]
PDF = b"%PDF-1.7 text"


def added(access: Access, name: str = "offer.pdf", content: bytes = PDF, **values: Any) -> Raw:
    return add_document(access, name, io.BytesIO(content), values)


def content_of(access: Access, raw: Raw, number: Any = None) -> bytes:
    return b"".join(stream_content(find_version(access, raw["_id"], number)[1]))


def have_read() -> None:
    """What the worker does with the jobs that are due."""
    while (job := claim()) is not None:
        run_job(job)


def word_file(*paragraphs: str) -> bytes:
    out = io.BytesIO()
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", '<w:document xmlns:w="http://schemas.openxmlformats.org/'
                         f'wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>')  # fmt: skip
    return out.getvalue()


def test_file_becomes_a_document_with_name_and_kind_of_its_name(admin_access: Access) -> None:
    raw = added(admin_access, "C:\\papers\\Puitesopimus 2026.pdf")
    assert (raw["name"], raw["kind"], raw["type"], raw["size"]) == ("Puitesopimus 2026", "contract", "pdf", len(PDF))
    assert raw["file"][0]["name"] == "Puitesopimus 2026.pdf"
    assert content_of(admin_access, raw) == PDF


@pytest.mark.parametrize(("name", "kind"), [
    ("Tarjouspyyntö Acme.pdf", "request"), ("Tarjous 12.docx", "offer"), ("offer-2.pdf", "offer"),
    ("NDA.pdf", "contract"), ("saatekirje.docx", "letter"), ("photo.png", None), ("Huoltosopimus_1.pdf", "contract"),
])  # fmt: skip
def test_words_of_the_name_tell_the_kind(admin_access: Access, name: str, kind: str | None) -> None:
    assert added(admin_access, name).get("kind") == kind


def test_versions_are_kept_told_and_restored(admin_access: Access) -> None:
    raw = added(admin_access, "a.txt", b"one")
    raw = add_version(admin_access, raw["_id"], "b.txt", io.BytesIO(b"two"), "with  prices")
    assert [one["name"] for one in raw["file"]] == ["a.txt", "b.txt"]
    assert raw["file"][1]["note"] == "with prices"
    raw = restore_version(admin_access, raw["_id"], 1)
    assert [content_of(admin_access, raw, number) for number in (1, 2, 3, None)] == [b"one", b"two", b"one", b"one"]
    newest = events_of(admin_access, "document", raw)[0][0]
    change = next(one for one in newest.changes if one.field.column == "file")
    assert change.field.kind.text(change.after, change.field, context_of(admin_access)) == "version 3: a.txt"
    assert restore_version(admin_access, raw["_id"], 3)["version"] == raw["version"]
    for number in (0, 4, -1, "x", "", "1.0", "²"):
        with pytest.raises(RecordNotFound):
            restore_version(admin_access, raw["_id"], number)


def test_equal_content_is_kept_once_and_told_of_to_those_who_see_it(
    admin_access: Access, make_role: Callable, make_user: Callable, access_of: Callable
) -> None:
    first, second = added(admin_access, "a.txt", b"same"), added(admin_access, "b.txt", b"same")
    assert me.get_db()["blobs.files"].count_documents({}) == 1
    assert [one["_id"] for one in same_content(admin_access, second)] == [first["_id"]]
    own = make_role("Own", ("document", "see", "own"), ("document", "add", "own"))
    user = access_of(make_user("matti", own))
    assert same_content(user, added(user, "c.txt", b"same")) == []


def test_file_is_read_by_whoever_sees_the_record_and_by_nobody_else(
    admin_access: Access, make_role: Callable, make_user: Callable, access_of: Callable
) -> None:
    raw = added(admin_access)
    own = make_role("Own", ("document", "see", "own"), ("document", "change", "own"))
    blind = make_role("Blind", ("document", "see", "all"), ("document", "change", "all"), ("document", "add", "all"),
                      field_rights=[FieldRight(register="document", column="file", access="hidden")])  # fmt: skip
    reader = make_role("Reads", ("document", "see", "all"))
    for role in (own, blind):
        access = access_of(make_user(role.name.lower(), role))
        with pytest.raises(RecordNotFound):
            find_version(access, raw["_id"])
    assert find_version(access_of(make_user("reads", reader)), raw["_id"])[1]["name"] == "offer.pdf"
    refused = {"reads": NotAllowed, "own": RecordNotFound, "blind": NotAllowed}
    for name, error in refused.items():
        access = access_of(User.objects.get(username=name))
        with pytest.raises(error):
            add_version(access, raw["_id"], "x.txt", io.BytesIO(b"x"))


def test_what_is_wrong_is_said_and_nothing_stays_behind(admin_access: Access) -> None:
    for name, content, values in (("a.txt", b"", {}), ("a.exe", b"MZ", {}), ("a.txt", b"x", {"companies": ["0" * 24]}),
                                  ("a.pdf.JS ", b"alert(1)", {}), ("setup", b"MZ" + bytes(400), {})):  # fmt: skip
        with pytest.raises(ValidationFailed):
            added(admin_access, name, content, **values)
    with pytest.raises(Incomplete):
        add_document(admin_access, "a.txt", io.BytesIO(b"abc"), {}, size=4)
    assert Document.objects.count() == StoredFile.objects.count() == 0


class Broken(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        if self.tell() > 3_000_000:
            raise ConnectionResetError
        return super().read(size)


def test_upload_that_breaks_off_leaves_nothing(admin_access: Access) -> None:
    with pytest.raises(ConnectionResetError):
        add_document(admin_access, "big.bin", Broken(bytes(5_000_000)), {})
    database = me.get_db()
    for name in ("blobs.files", "blobs.chunks", "blob", "document"):
        assert database[name].count_documents({}) == 0


def test_words_of_the_file_are_found_once_they_are_read(admin_access: Access) -> None:
    raw = added(admin_access, "offer.docx", word_file("Hydrauliikkapumpun huolto", "Järvenpää"))
    assert raw["reading"] == WAITING
    assert quick_search(admin_access, "jarvenpaa") == []
    have_read()
    raw = get_record(admin_access, "document", raw["_id"])
    assert (raw["reading"], raw["version"]) == (READ, 1)
    found = quick_search(admin_access, "jarvenpaa hydrauliikka")
    assert [(hit.raw["_id"], hit.field.column) for one in found for hit in one.hits] == [(raw["_id"], "text")]
    asked = [{"col": "text", "opr": "ct", "value": "PUMPUN huolto"}]
    assert [one["_id"] for one in find_page(admin_access, "document", asked).rows] == [raw["_id"]]
    add_version(admin_access, raw["_id"], "b.docx", io.BytesIO(word_file("Nothing of that")))
    have_read()
    assert find_page(admin_access, "document", asked).rows == []


def test_save_that_comes_while_the_words_are_read_loses_none(admin_access: Access, monkeypatch: Any) -> None:
    raw = added(admin_access, "offer.docx", word_file("Hydrauliikkapumppu"))
    finished = records.finished

    def read_meanwhile(*args: Any) -> Raw:
        after = finished(*args)
        monkeypatch.setattr(records, "finished", finished)
        have_read()
        return after

    monkeypatch.setattr(records, "finished", read_meanwhile)
    saved = update_record(admin_access, "document", raw["_id"], {"name": "Another"}, version=1)
    assert (saved["name"], saved["reading"], saved["text"]) == ("Another", READ, "Hydrauliikkapumppu")


def test_two_documents_that_become_one_have_the_versions_of_both(admin_access: Access) -> None:
    stays, goes = added(admin_access, "a.txt", b"mine"), added(admin_access, "b.txt", b"theirs")
    join_records(admin_access, "document", stays["_id"], goes["_id"], {})
    raw = get_record(admin_access, "document", stays["_id"])
    assert [one["name"] for one in raw["file"]] == ["b.txt", "a.txt"]
    assert content_of(admin_access, raw) == b"mine"


def test_document_belongs_to_the_records_it_is_linked_to(admin_access: Access) -> None:
    company = create_record(admin_access, "company", {"name": "Acme"})
    raw = added(admin_access, "a.txt", b"x", companies=[str(company["_id"])])
    asked = [{"col": "companies", "opr": "eq", "value": str(company["_id"])}]
    assert [one["_id"] for one in find_page(admin_access, "document", asked).rows] == [raw["_id"]]


def test_reading_is_of_the_file_that_is_there_now(app: Flask, admin_access: Access) -> None:
    raw = added(admin_access, "a.txt", b"first")
    job = claim()
    add_version(admin_access, raw["_id"], "b.txt", io.BytesIO(b"second"))
    run_read(Run(job, admin_access))
    assert "text" not in get_record(admin_access, "document", raw["_id"])
    have_read()
    assert get_record(admin_access, "document", raw["_id"])["text"] == "second"
