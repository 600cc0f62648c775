"""Files of records: uploaded by button and by drop, saved with the form, read by those who see record and field."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.fields.errors import ValidationFailed
from models.fields.schema import schema_of
from models.files import StoredFile
from models.rights import Access
from models.security import FieldRight, User
from services.attachments import attachments, content_type, keep_attachment
from services.labels import context_for
from services.records import create_record, delete_record, get_record, update_record
from services.settings import define_field
from tests.fixtures.app import PASSWORD

Raw = dict[str, Any]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.fixture
def company(admin_access: Access) -> Raw:
    define_field(admin_access, {"register": "company", "key": "papers", "kind": "files", "label": {"en": "Papers"},
                                "in_list": True})  # fmt: skip
    return create_record(admin_access, "company", {"name": "Acme"})


def uploaded(client: FlaskClient, name: str = "offer.pdf", content: bytes = b"%PDF-1.7 text") -> Any:
    return client.post("/files/upload", data={"file": (io.BytesIO(content), name)})


def held(admin_access: Access, company: Raw) -> list[Any]:
    return list(get_record(admin_access, "company", company["_id"])["custom"].get("papers") or ())


def test_uploaded_file_is_saved_shown_and_downloaded(client: FlaskClient, admin_access: Access, company: Raw) -> None:
    answer = uploaded(client).json
    assert (answer["name"], answer["size"]) == ("offer.pdf", 13)
    form = {"x_papers": ["", answer["id"]], "version": "1", "name": "Acme"}
    assert client.post(f"/companies/edit/{company['_id']}", data=form).status_code == 302
    assert [str(key) for key in held(admin_access, company)] == [answer["id"]]
    for page in (f"/companies/show/{company['_id']}", "/companies/"):
        shown = f'<a href="/files/{answer["id"]}">offer.pdf</a> <span class="mute num">13 B</span>'
        assert shown in client.get(page).text
    sent = client.get(f"/files/{answer['id']}")
    assert (sent.data, sent.mimetype) == (b"%PDF-1.7 text", "application/pdf")
    assert sent.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in sent.headers["Content-Security-Policy"]
    assert sent.headers["X-Content-Type-Options"] == "nosniff"


def test_file_is_read_by_those_who_see_record_and_field(
    client: FlaskClient, admin_access: Access, company: Raw, make_role: Callable, make_user: Callable, sign_in: Callable
) -> None:
    file_id = uploaded(client).json["id"]
    reader = sign_in(make_user("risto", make_role("Reads", ("company", "see", "all"))))
    own = sign_in(make_user("oili", make_role("Own", ("company", "see", "own"))))
    hides = [FieldRight(register="company", column="x_papers", access="hidden")]
    blind = sign_in(make_user("pekka", make_role("Blind", ("company", "see", "all"), field_rights=hides)))
    assert reader.get(f"/files/{file_id}").status_code == 404
    update_record(admin_access, "company", company["_id"], {"x_papers": [file_id]})
    assert [one.get(f"/files/{file_id}").status_code for one in (reader, own, blind)] == [200, 404, 404]
    delete_record(admin_access, "company", company["_id"])
    assert reader.get(f"/files/{file_id}").status_code == 404


def test_only_own_uploads_and_what_was_there_can_be_saved(
    admin_access: Access, company: Raw, make_user: Callable, access_of: Callable, make_role: Callable
) -> None:
    role = make_role("Writes", ("company", "see", "all"), ("company", "change", "all"))
    anna, bert = (access_of(make_user(name, role)) for name in ("anna", "bert"))
    hers = keep_attachment(anna, "hers.txt", io.BytesIO(b"hers"))
    letter = StoredFile(name="l", content_type="text/plain", size=1, sha256="x", owner=bert.user_id, purpose="result",
                        created_at=company["created_at"]).save()  # fmt: skip
    for foreign in (hers["_id"], letter.pk, company["_id"]):
        with pytest.raises(ValidationFailed) as caught:
            update_record(bert, "company", company["_id"], {"x_papers": [str(foreign)]})
        assert "Upload it again" in caught.value.in_one()
    assert attachments(bert, [str(hers["_id"])]) == []
    update_record(anna, "company", company["_id"], {"x_papers": [str(hers["_id"])]})
    his = keep_attachment(bert, "his.txt", io.BytesIO(b"his"))
    update_record(bert, "company", company["_id"], {"x_papers": [str(hers["_id"]), str(his["_id"])]})
    assert held(admin_access, company) == [hers["_id"], his["_id"]]
    assert [raw["name"] for raw in attachments(bert, [str(hers["_id"])])] == ["hers.txt"]


def test_letters_and_history_call_files_by_their_names(admin_access: Access, company: Raw, client: FlaskClient) -> None:
    first, second = (keep_attachment(admin_access, name, io.BytesIO(b"x"))["_id"] for name in ("a.txt", "b.txt"))
    raw = update_record(admin_access, "company", company["_id"], {"x_papers": [str(first), str(second)]})
    field = schema_of("company").field("x_papers")
    context = context_for(admin_access, [field], [raw])
    assert field.kind.merge_value(raw["custom"]["papers"], field, context) == "a.txt, b.txt"
    assert "a.txt" in client.get(f"/companies/history/{company['_id']}").text
    for operator, names in (("empty", 0), ("nempty", 1)):
        assert client.get(f"/companies/?_flt_{operator}_x_papers=1").text.count("Acme</a>") == names


@pytest.mark.parametrize(("name", "kept"), [
    ("../../etc/passwd", "passwd"), ("C:\\temp\\a.txt", "a.txt"), ("a\nb\r.txt", "a_b_.txt"), ("", "file"),
    ("offer\u202efdp.exe", "offerfdp.exe"), ("a\u2028b\x85.txt", "ab.txt"), ("<b>\".txt", "_b__.txt"), ("x" * 999,
                                                                                                        "x" * 255),
])  # fmt: skip
def test_odd_names_are_made_plain(admin_access: Access, name: str, kept: str) -> None:
    assert keep_attachment(admin_access, name, io.BytesIO(b"x"))["name"] == kept


@pytest.mark.parametrize(("head", "kind"), [
    (PNG, "image/png"), (b"<html><script>alert(1)</script>", "text/plain"), (b"\x00\x01\x02",
                                                                             "application/octet-stream"),
    ("äö".encode(), "text/plain"), (b"\xff\xff\xff", "application/octet-stream"), (b"%PDF-1.4", "application/pdf"),
    (("ä" * 4_096).encode(), "text/plain"), (b"x" + ("ä" * 4_096).encode()[:8_191], "text/plain"),
])  # fmt: skip
def test_content_tells_its_type(head: bytes, kind: str) -> None:
    assert content_type(head) == kind


def test_page_called_a_picture_is_no_page(client: FlaskClient) -> None:
    answer = client.post("/files/upload", data={"file": (io.BytesIO(b"<html><script>x</script>"), "a.png",
                                                         "text/html")})
    assert client.get(f"/files/{answer.json['id']}").mimetype == "text/plain"


def test_empty_missing_and_too_large_files_are_refused(app: Flask, client: FlaskClient, company: Raw) -> None:
    empty = uploaded(client, "nothing.txt", b"")
    assert empty.status_code == 422
    assert "nothing.txt" in empty.json["message"]
    assert client.post("/files/upload").status_code == 422
    assert client.post("/files/upload", data={"file": "text"}).status_code == 422
    most, app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_CONTENT_LENGTH"], 1_000
    try:
        assert uploaded(client, content=b"x" * 2_000).status_code == 413
    finally:
        app.config["MAX_CONTENT_LENGTH"] = most
    assert StoredFile.objects.count() == 0


def test_strangers_upload_nothing(app: Flask) -> None:
    assert uploaded(app.test_client()).status_code == 302
    assert StoredFile.objects.count() == 0


def test_form_that_comes_back_keeps_the_files(client: FlaskClient, company: Raw) -> None:
    file_id = uploaded(client).json["id"]
    form = {"x_papers": ["", file_id], "version": "1", "name": ""}
    answer = client.post(f"/companies/edit/{company['_id']}", data=form)
    assert answer.status_code == 422
    assert f'name="x_papers" value="{file_id}"' in answer.text
    assert "offer.pdf" in answer.text
    wrong = client.post(f"/companies/edit/{company['_id']}", data={**form, "name": "A", "x_papers": ["0" * 24]})
    assert wrong.status_code == 422
    assert "Upload it again" in wrong.text


@pytest.fixture
def signed_in(page: Page, admin: User, company: Raw) -> Page:
    page.goto("/login/")
    page.fill("#username", "admin")
    page.fill("#password", PASSWORD)
    page.locator("button[type=submit]").first.click()
    page.wait_for_url("**/")
    return page


DROP = """(place) => {
  const data = new DataTransfer();
  for (const name of ["one.txt", "two.txt"]) data.items.add(new File([name], name));
  for (const type of ["dragover", "drop"]) place.dispatchEvent(new DragEvent(type, {dataTransfer: data, bubbles: true,
                                                                                    cancelable: true}));
}"""


def test_files_are_dropped_and_chosen_in_a_form(signed_in: Page, admin_access: Access, company: Raw) -> None:
    signed_in.goto(f"/companies/edit/{company['_id']}")
    place = signed_in.locator("[data-files=x_papers]")
    place.evaluate(DROP)
    expect(place.locator("li a")).to_have_text(["one.txt", "two.txt"])
    signed_in.locator("input[type=file]").set_input_files([
        {"name": "three.png", "mimeType": "image/png", "buffer": PNG},
        {"name": "none.txt", "mimeType": "text/plain", "buffer": b""},
    ])  # fmt: skip
    expect(place.locator("li a")).to_have_count(3)
    expect(place.locator("li.k-error")).to_contain_text("none.txt")
    place.get_by_role("button", name="Remove two.txt").click()
    signed_in.get_by_role("button", name="Save", exact=True).click()
    signed_in.wait_for_url("**/show/**")
    names = {raw.pk: raw.name for raw in StoredFile.objects}
    assert [names[key] for key in held(admin_access, company)] == ["one.txt", "three.png"]
    with signed_in.expect_download() as download:
        signed_in.locator("[data-value] a", has_text="one.txt").click()
    assert download.value.path().read_text() == "one.txt"


def test_files_are_added_in_place(signed_in: Page, admin_access: Access, company: Raw) -> None:
    signed_in.goto(f"/companies/show/{company['_id']}")
    signed_in.get_by_role("button", name="Edit Papers").press("Enter")
    chosen = {"name": "a.txt", "mimeType": "x/y", "buffer": b"a"}
    signed_in.locator(".k-inplace input[type=file]").set_input_files(chosen)
    expect(signed_in.locator(".k-inplace li a")).to_have_text("a.txt")
    signed_in.locator(".k-inplace").get_by_role("button", name="Save").click()
    expect(signed_in.locator("[data-edit$='/x_papers'] [data-value] a")).to_have_text("a.txt")
    assert len(held(admin_access, company)) == 1


def test_form_waits_for_files_that_are_being_sent(signed_in: Page, admin_access: Access, company: Raw) -> None:
    waiting: list[Any] = []
    signed_in.route("**/files/upload", lambda route: waiting.append(route))
    signed_in.goto(f"/companies/edit/{company['_id']}")
    signed_in.locator("input[type=file]").set_input_files({"name": "slow.txt", "mimeType": "x/y", "buffer": b"a"})
    expect(signed_in.get_by_role("progressbar", name="Sending slow.txt")).to_be_visible()
    signed_in.get_by_role("button", name="Save", exact=True).click()
    expect(signed_in.get_by_text("Wait until the files have been sent")).to_be_visible()
    waiting[0].continue_()
    expect(signed_in.locator("[data-files] li a")).to_have_text("slow.txt")
    signed_in.get_by_role("button", name="Save", exact=True).click()
    signed_in.wait_for_url("**/show/**")
    assert len(held(admin_access, company)) == 1


def test_an_administrator_gets_no_file_of_a_private_record(
    client: FlaskClient, make_user: Callable[..., User], sign_in: Callable[[User], FlaskClient],
    access_of: Callable[[User], Access],
) -> None:  # fmt: skip
    anna = make_user("anna", "Staff")
    hers = sign_in(anna)
    file_id = hers.post("/files/upload", data={"file": (io.BytesIO(b"Doctor's note"), "note.txt")}).json["id"]
    raw = create_record(access_of(anna), "activity", {"name": "Doctor", "private": True, "files": [file_id]})
    assert client.get(f"/files/{file_id}").status_code == 404
    update_record(access_of(anna), "activity", raw["_id"], {"private": False})
    assert client.get(f"/files/{file_id}").data == b"Doctor's note"
