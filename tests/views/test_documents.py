"""Documents on screen: what is sent, dropped, shown and downloaded; and what hostile files do, which is nothing."""

import datetime as dt
import io
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import mongoengine as me
import pytest
from flask import Flask
from flask.testing import FlaskClient

from models.documents import DAMAGED, ENCRYPTED, NO_TEXT, READ, Document
from models.rights import Access
from services.documents import add_document
from services.jobs import claim, run_job
from services.records import create_record, get_record
from services.security import access_for

Raw = dict[str, Any]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
HTML = b"<!doctype html><html><script>alert(document.domain)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
GIF_AND_SCRIPT = b"GIF89a/*" + bytes(20) + b"*/=alert(1)//;"
BYTES = "application/octet-stream"


def sent(client: FlaskClient, name: str, content: bytes, path: str = "/documents/upload", **query: Any) -> Any:
    return client.post(path, data=content, query_string={"name": name, **query}, content_type=BYTES)


def have_read() -> None:
    while (job := claim()) is not None:
        run_job(job)


def the_one(admin_access: Access) -> Raw:
    return get_record(admin_access, "document", Document.objects.get().pk)


def test_file_that_is_sent_is_a_document_linked_to_what_the_address_names(
    client: FlaskClient, admin_access: Access
) -> None:
    company = create_record(admin_access, "company", {"name": "Acme"})
    answer = sent(client, "Tarjous 12.pdf", b"%PDF-1.7 x", companies=str(company["_id"]))
    assert answer.status_code == 200
    assert (answer.json["name"], answer.json["kind"], answer.json["same"], answer.json["lies"]) == (
        "Tarjous 12", "offer", [], "")  # fmt: skip
    assert the_one(admin_access)["companies"] == [company["_id"]]
    again = sent(client, "Copy.pdf", b"%PDF-1.7 x").json
    assert [one["name"] for one in again["same"]] == ["Tarjous 12"]
    assert sent(client, "a.txt", b"x", companies="0" * 24).status_code == 422
    page = client.get(f"/companies/show/{company['_id']}").text
    assert f'data-drop-files="/documents/upload?companies={company["_id"]}"' in page
    # The block of documents comes when the page is there.
    assert "Tarjous 12" in client.get(f"/companies/linked/{company['_id']}/document.companies").text


def test_download_is_whole_or_the_range_that_is_asked_for(client: FlaskClient) -> None:
    content = bytes(range(256)) * 4096 * 2
    url = sent(client, "päätös 1.bin", content).json["url"].replace("show", "file")
    whole = client.get(url)
    assert (whole.status_code, whole.data == content, whole.content_length) == (200, True, len(content))
    assert "filename*=UTF-8''p%C3%A4%C3%A4t%C3%B6s%201.bin" in whole.headers["Content-Disposition"]
    size = len(content)
    for asked, start, end in (("0-0", 0, 1), ("255000-263000", 255000, 263001), ("1048570-1048580", 1048570, 1048581),
                              (f"{size - 3}-", size - 3, size), ("-5", -5, size)):  # fmt: skip
        part = client.get(url, headers={"Range": f"bytes={asked}"})
        assert (part.status_code, part.data) == (206, content[start:end])
    assert client.get(url, headers={"Range": f"bytes={len(content)}-"}).status_code == 416
    tag = whole.headers["ETag"]
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 304
    assert client.get(url, headers={"Range": "bytes=0-9", "If-Range": tag}).status_code == 206
    assert client.get(url, headers={"Range": "bytes=0-9", "If-Range": '"other"'}).status_code == 200
    assert client.head(url).content_length == len(content)


def test_versions_are_added_shown_and_restored(client: FlaskClient, admin_access: Access) -> None:
    made = sent(client, "a.txt", b"one").json
    pk = made["id"]
    assert sent(client, "b.txt", b"two", f"/documents/upload/{pk}", note="With prices").status_code == 200
    part = client.get(f"/documents/files/{pk}").text
    assert all(text in part for text in ("a.txt", "b.txt", "With prices", f"/documents/restore/{pk}/1"))
    assert client.get(f"/documents/file/{pk}").data == b"two"
    assert client.post(f"/documents/restore/{pk}/1").status_code == 302
    assert client.get(f"/documents/file/{pk}").data == client.get(f"/documents/file/{pk}/1").data == b"one"
    assert client.post(f"/documents/restore/{pk}/9").status_code == 404
    for number in ("0", "4", "x", "-1", "1e1"):
        assert client.get(f"/documents/file/{pk}/{number}").status_code == 404
    assert "version 3: a.txt" in client.get(f"/documents/history/{pk}").text


def test_files_of_records_that_one_does_not_see_are_not_there(
    client: FlaskClient, admin_access: Access, make_role: Callable, make_user: Callable, sign_in: Callable
) -> None:
    made = sent(client, "a.txt", b"secret").json
    file = the_one(admin_access)["file"][0]["file"]
    role = make_role("Own", *(("document", action, "own") for action in ("see", "add", "change")))
    stranger = make_user("stranger", role)
    other = sign_in(stranger)
    for path in (f"/documents/file/{made['id']}", f"/documents/file/{made['id']}/1", f"/documents/files/{made['id']}",
                 f"/documents/file/{file}", f"/files/{file}"):  # fmt: skip
        assert other.get(path).status_code == 404
    assert sent(other, "x.txt", b"x", f"/documents/upload/{made['id']}").status_code == 404
    assert other.post(f"/documents/restore/{made['id']}/1").status_code == 404
    # Whoever has sent the same content is not told of the other one.
    assert sent(other, "x.txt", b"secret").json["same"] == []
    # Whoever sent a file and sees its record no more has lost it with that.
    mine = add_document(access_for(stranger), "mine.txt", io.BytesIO(b"mine"), {})
    Document.objects(pk=mine["_id"]).update(set__owner=None, set__facets=[])
    assert other.get(f"/files/{mine['file'][0]['file']}").status_code == 404
    # An administrator reads it at its document.
    assert client.get(f"/files/{file}").status_code == 404


@pytest.mark.parametrize(("name", "content"), [
    ("cat.png", HTML), ("cat.svg", SVG), ("cat.gif", GIF_AND_SCRIPT), ("page.html", HTML), ("a.pdf", HTML), ("a", SVG),
    ("mail.eml", b"From: a@b.fi\nSubject: x\nDate: now\n\n<script>alert(1)</script>"),
    ("cat.png", b"\xef\xbb\xbf" + HTML),
    ("x.xml", b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></html>'),
])  # fmt: skip
def test_nothing_in_a_file_runs_in_the_browser(client: FlaskClient, name: str, content: bytes) -> None:
    url = sent(client, name, content).json["url"].replace("show", "file")
    for address in (url, f"{url}/1", f"{url}?show=1", f"{url}/1?show=1"):
        answer = client.get(address)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.mimetype in ("application/octet-stream", "text/plain", "image/gif")
        shown = answer.headers["Content-Disposition"].startswith("inline")
        assert not shown or answer.mimetype == "image/gif"


def test_only_pictures_and_pdf_are_shown_in_the_page(client: FlaskClient) -> None:
    for name, content, inline in (("a.png", PNG, True), ("a.pdf", b"%PDF-1.7 x", True), ("a.txt", b"text", False)):
        url = sent(client, name, content).json["url"].replace("show", "file")
        assert client.get(f"{url}?show=1").headers["Content-Disposition"].startswith("inline") is inline
        assert client.get(url).headers["Content-Disposition"].startswith("attachment")


def test_name_that_lies_is_told(client: FlaskClient) -> None:
    made = sent(client, "cat.png", HTML).json
    assert "promises another kind of file" in made["lies"]
    assert "promises another kind of file" in client.get(f"/documents/files/{made['id']}").text
    assert sent(client, "cat.png", PNG).json["lies"] == ""


@pytest.mark.parametrize(("name", "kept"), [
    ("../../etc/passwd", "passwd"), ("..\\..\\boot.ini", "boot.ini"), ("/abs/olute.txt", "olute.txt"),
    ("a\x00b\r\nSet-Cookie: x=1.txt", "a_b__Set-Cookie_ x=1.txt"), ("gpj.\u202efdp", "gpj.fdp"), ("....", "file"),
    ("", "file"), ("x" * 10_000 + ".pdf", "x" * 251 + ".pdf"), ("CON:<>|?.txt", "CON_____.txt"),
    ("e\u0301\U0001f600.txt", "e\u0301\U0001f600.txt"),
])  # fmt: skip
def test_names_are_made_harmless(client: FlaskClient, admin_access: Access, name: str, kept: str) -> None:
    answer = client.post("/documents/upload", data=b"x", content_type=BYTES, query_string={"name": name})
    if len(name) > 8_000:
        # A real server refuses so long an address before it is read.
        assert answer.status_code in (200, 414)
    raw = the_one(admin_access)
    assert raw["file"][0]["name"] == kept
    assert len(raw["name"]) <= 200
    download = client.get(f"/documents/file/{raw['_id']}")
    assert download.status_code == 200
    assert "\n" not in download.headers["Content-Disposition"]
    assert "Set-Cookie" not in download.headers


@pytest.mark.parametrize("name", ["a.exe", "a.JS", "a.pdf.exe", "a.bat ", "a.hta.", "a.lnk", "a.\u202eexe", "run.ps1"])
def test_programs_are_refused_unless_the_server_lets_them_in(app: Flask, client: FlaskClient, name: str) -> None:
    assert sent(client, name, b"echo").status_code == 422
    assert sent(client, "harmless.pdf", b"MZ" + bytes(500)).status_code == 422
    app.config["PROGRAM_FILES"] = True
    try:
        url = sent(client, name, b"echo").json["url"].replace("show", "file")
    finally:
        app.config["PROGRAM_FILES"] = False
    assert client.get(f"{url}?show=1").headers["Content-Disposition"].startswith("attachment")


def test_wrong_lengths_and_forms_are_refused_and_leave_nothing(app: Flask, client: FlaskClient) -> None:
    assert sent(client, "a.txt", b"").status_code == 422
    assert client.post("/documents/upload?name=a.txt", data={"file": (io.BytesIO(b"x"), "a.txt")}).status_code == 415
    assert client.post("/documents/upload?name=a.txt", data={"a": "b"}).status_code == 415
    for length in ("4", "5000000"):
        answer = client.post("/documents/upload?name=a.txt", data=b"abc", content_type=BYTES,
                             environ_overrides={"CONTENT_LENGTH": length})  # fmt: skip
        assert 400 <= answer.status_code < 500
    app.config["MAX_FILE_LENGTH"], most = 10, app.config["MAX_FILE_LENGTH"]
    try:
        assert sent(client, "a.txt", b"x" * 11).status_code == 413
        assert sent(client, "a.txt", b"x" * 10).status_code == 200
    finally:
        app.config["MAX_FILE_LENGTH"] = most
    assert (Document.objects.count(), me.get_db()["blobs.files"].count_documents({})) == (1, 1)


def test_bodies_as_long_as_a_file_are_taken_where_files_are_and_nowhere_else(app: Flask, client: FlaskClient) -> None:
    taking = {name for name, view in app.view_functions.items() if getattr(view, "streams", False)}
    assert taking == {"DocumentView.upload", "DocumentView.upload_version", "DocumentApi.post_file",
                      "ImportApi.post", "LetterTemplateApi.post", "LetterTemplateApi.put_file"}  # fmt: skip
    most = app.config["MAX_CONTENT_LENGTH"]
    long = {"CONTENT_LENGTH": str(most + 1)}
    assert client.post("/files/upload", content_type=BYTES, environ_overrides=long).status_code == 413
    multipart = "multipart/form-data; boundary=x"
    form = client.post("/documents/upload?name=a", content_type=multipart, environ_overrides=long)
    assert form.status_code in (413, 415)


def zipped(parts: Raw, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def png_bomb() -> bytes:
    """A picture of 65,535 by 65,535 points in some kilobytes."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    size = (65_535).to_bytes(4, "big") * 2
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size + b"\x01\x00\x00\x00\x00")
            + chunk(b"IDAT", zlib.compress(bytes(1 << 20))) + chunk(b"IEND", b""))  # fmt: skip


def pdf_bomb() -> bytes:
    """A page whose content unpacks to 200 MB, packed twice."""
    data = zlib.compress(zlib.compress(b"(a) Tj " * 30_000_000, 9), 9)
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
               b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>",
               b"<</Filter[/FlateDecode/FlateDecode]/Length %d>>stream\n" % len(data) + data + b"\nendstream",
               ]  # fmt: skip
    out = b"%PDF-1.7\n"
    for number, content in enumerate(objects, start=1):
        out += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    return out + b"trailer<</Root 1 0 R/Size 5>>\n%%EOF"


LAUGHS = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, (b"&%c;" % (97 + n)) * 10) for n in range(9)) + (
    b']><w:document xmlns:w="w"><w:p><w:r><w:t>first</w:t></w:r><w:r><w:t>&j;</w:t></w:r></w:p></w:document>')
OUTSIDE = (b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
           b'<w:document xmlns:w="w"><w:t>&x;</w:t></w:document>')


@pytest.mark.parametrize(("name", "make", "readings"), [
    ("bomb.docx", lambda: zipped({"word/document.xml": b"<w>" + b"<a>" * 70_000_000}), (NO_TEXT, DAMAGED)),
    ("many.xlsx", lambda: zipped({"xl/workbook.xml": b"", **{f"xl/worksheets/{n}.xml": b"<a/>" for n in range(3_000)}}),
     (NO_TEXT, DAMAGED)),
    ("laughs.docx", lambda: zipped({"word/document.xml": LAUGHS}), (READ, NO_TEXT, DAMAGED)),
    ("outside.docx", lambda: zipped({"word/document.xml": OUTSIDE}), (NO_TEXT, DAMAGED)),
    ("cut.docx", lambda: zipped({"word/document.xml": b"<w/>"})[:60], (NO_TEXT, DAMAGED)),
    ("bomb.png", png_bomb, (NO_TEXT,)), ("bomb.pdf", pdf_bomb, (READ, NO_TEXT, DAMAGED)),
    ("cut.pdf", lambda: b"%PDF-1.7\n1 0 obj<<", (NO_TEXT, DAMAGED)),
    ("loop.pdf", lambda: b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj "
     b"2 0 obj<</Type/Pages/Kids[2 0 R]/Count 1>>endobj trailer<</Root 1 0 R>>", (NO_TEXT, DAMAGED)),
    ("deep.html", lambda: b"<html>" + b"<div>" * 500_000 + b"end", (READ, NO_TEXT)),
])  # fmt: skip
def test_bombs_harm_nothing(
    client: FlaskClient, admin_access: Access, name: str, make: Callable[[], bytes], readings: tuple[str, ...]
) -> None:
    made = sent(client, name, make())
    assert made.status_code == 200
    have_read()
    raw = the_one(admin_access)
    assert raw["reading"] in readings
    assert len(raw.get("text") or "") <= 200_000
    assert "root:" not in (raw.get("text") or "")
    pk = made.json["id"]
    for path in (made.json["url"], f"/documents/files/{pk}", "/documents/", f"/documents/file/{pk}"):
        assert client.get(path).status_code == 200


def protected_pdf() -> bytes:
    from pypdf import PdfWriter

    out, writer = io.BytesIO(), PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(out)
    return out.getvalue()


def test_what_became_of_reading_is_told(client: FlaskClient, admin_access: Access) -> None:
    made = sent(client, "a.pdf", protected_pdf()).json
    assert "are being read" in client.get(f"/documents/files/{made['id']}").text
    have_read()
    assert the_one(admin_access)["reading"] == ENCRYPTED
    assert "protected by a password" in client.get(made["url"]).text


@pytest.mark.parametrize(("name", "content"), [
    ("a.txt", "Hydrauliikka ä".encode()), ("old.txt", "Hydrauliikka ä, asiakkaan kanssa".encode("latin-1")),
    ("wide.txt", "Hydrauliikka ä".encode("utf-16")), ("a.html", "<html><p>Hydrau<b>liikka</b> ä</html>".encode()),
    ("a.eml", b"From: a@b.fi\nTo: c@d.fi\nSubject: =?utf-8?q?Hydrauliikka_=C3=A4?=\n\nHei"),
    ("a.odt", zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml":
                      '<t:p xmlns:t="t">Hydrau<t:span>liikka</t:span> ä</t:p>'}, zipfile.ZIP_STORED)),
    ("a.xlsx", zipped({"xl/workbook.xml": "<a/>", "xl/sharedStrings.xml": "<s><si><t>Hydrauliikka ä</t></si></s>"})),
    ("a.pptx", zipped({"ppt/presentation.xml": "<a/>",
                       "ppt/slides/slide1.xml": "<a><p><t>Hydrauliikka ä</t></p></a>"})),
])  # fmt: skip
def test_words_of_many_kinds_of_file_are_found(
    client: FlaskClient, admin_access: Access, name: str, content: bytes
) -> None:
    sent(client, name, content)
    have_read()
    raw = the_one(admin_access)
    assert raw["reading"] == READ
    assert "Hydrauliikka ä" in raw["text"]
    assert "hydrauliikka" in raw["words"]
    assert client.get("/search/?q=hydrauliikka").text.count("/documents/show/")


def test_record_is_dated_by_hand_and_the_address_of_the_form_may_say_what_it_is_about(client: FlaskClient) -> None:
    made = client.post("/documents/add", data={"name": "Paper", "dated_on": "2026-01-31"})
    assert made.status_code == 302
    raw = Document.objects.get()
    assert raw.dated_on.date() == dt.date(2026, 1, 31)
    assert "Drop it here" in client.get(f"/documents/files/{raw.pk}").text
