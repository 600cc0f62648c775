"""The screens of letters, jobs and files, as a browser without script uses them."""

import html
import io
import json
import re
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect
from werkzeug.test import TestResponse

from models.files import StoredFile
from models.jobs import Job
from models.merge import MergeTemplate
from models.rights import Access
from models.security import FieldRight, User
from services.files import DOCX, add_file, keep_content, new_file
from services.jobs import cancel_job, claim, wake_due
from services.merge import get_template, set_field_map, upload_template
from services.settings import define_field
from tests.factories import CompanyFactory, PersonFactory
from tests.fixtures.app import PASSWORD
from tests.services.merging import REAL, keep, lines, template_with
from tests.word.making import docx, field, merge_field, p, section

NO_ID = "0" * 24
PDF = (REAL / "bad" / "x_pdf.docx").read_bytes()
OULU = {"all_matching": "1", "conditions": json.dumps([{"col": "city", "opr": "eq", "value": "Oulu"}])}


@pytest.fixture
def anna(make_user: Callable[..., User]) -> User:
    return make_user("anna", "Staff")


@pytest.fixture
def staff(anna: User, sign_in: Callable[[User], FlaskClient]) -> FlaskClient:
    return sign_in(anna)


@pytest.fixture
def access(anna: User, access_of: Callable[[User], Access]) -> Access:
    return access_of(anna)


def upload(client: FlaskClient, data: bytes, url: str = "/merge/upload", **values: Any) -> TestResponse:
    form = {"register": "company", "name": "Kesäkirje", "file": (io.BytesIO(data), "kirje.docx"), **values}
    return client.post(url, data=form, content_type="multipart/form-data")


def text_of(answer: TestResponse) -> str:
    """The page's text, on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def hidden_inputs(answer: TestResponse) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', answer.text)
    return {name: html.unescape(value) for name, value in found}


def made(client: FlaskClient, job_url: str) -> tuple[dict[str, Any], list[str]]:
    """Do the waiting jobs; returns the status of this one and its letters as downloaded."""
    wake_due()
    status = client.get(job_url.replace("/show/", "/status/")).json
    return status, lines(client.get(status["result_url"]).data)


# Templates


def test_merge_upload_shows_the_fields_with_the_nearest_chosen(staff: FlaskClient) -> None:
    answer = upload(staff, template_with("Name", "Postcode"))
    assert answer.status_code == 302
    page = staff.get(answer.location)
    assert page.status_code == 200
    assert 'name="field:Postcode"' in page.text
    assert '<option value="postal_code" selected>' in page.text
    assert 'name="field:Name"' not in page.text
    assert "Kesäkirje" in text_of(staff.get("/merge/"))


def test_merge_upload_a_pdf_is_refused_and_the_name_stays(staff: FlaskClient) -> None:
    answer = upload(staff, PDF)
    assert answer.status_code == 422
    assert "it is a PDF file" in text_of(answer)
    assert 'value="Kesäkirje"' in answer.text
    assert MergeTemplate._get_collection().count_documents({}) == 0


@pytest.mark.parametrize(("values", "said"), [
    ({"file": (io.BytesIO(b""), "")}, "Choose a Word file"),
    ({"name": "n" * 300}, "too long"),
])  # fmt: skip
def test_merge_upload_incomplete_form_says_what_is_missing(
    staff: FlaskClient, values: dict[str, Any], said: str
) -> None:
    answer = upload(staff, template_with("name"), **values)
    assert (answer.status_code, said in text_of(answer)) == (422, True)


@pytest.mark.parametrize("register", ["nothing", "", "$where"])
def test_merge_upload_unknown_register_is_not_there(staff: FlaskClient, register: str) -> None:
    assert upload(staff, template_with("name"), register=register).status_code == 404


def test_merge_map_saved_and_wrong_column_refused(staff: FlaskClient, access: Access) -> None:
    template = keep(access, "Paikka")
    url = f"/merge/template/{template['_id']}"
    staff.post(f"{url}/map", data={"field:Paikka": "city"})
    assert get_template(access, template["_id"])["field_map"] == [{"name": "paikka", "column": "city"}]
    answer = staff.post(f"{url}/map", data={"field:Paikka": "nope"}, follow_redirects=True)
    assert "There is no field “nope”" in text_of(answer)
    assert '<option value="city" selected>' in answer.text


def test_merge_edit_renames_replaces_and_refuses(staff: FlaskClient, access: Access) -> None:
    template = keep(access, "Paikka")
    url = f"/merge/template/{template['_id']}"
    assert staff.post(f"{url}/edit", data={"name": "Toinen"}).status_code == 302
    assert upload(staff, template_with("Name"), f"{url}/edit", name="Kolmas").status_code == 302
    changed = get_template(access, template["_id"])
    assert (changed["name"], changed["field_names"]) == ("Kolmas", ["Name"])
    refused = upload(staff, PDF, f"{url}/edit", name="Neljäs")
    assert (refused.status_code, 'value="Neljäs"' in refused.text) == (422, True)
    assert staff.post(f"{url}/edit", data={"name": " "}).status_code == 422
    assert get_template(access, template["_id"])["name"] == "Kolmas"


def test_merge_original_and_delete(staff: FlaskClient, access: Access) -> None:
    template = keep(access, "Name", name="Kesä")
    url = f"/merge/template/{template['_id']}"
    answer = staff.get(f"{url}/original")
    assert answer.data == template_with("Name")
    assert "filename*=UTF-8''Kes%C3%A4.docx" in answer.headers["Content-Disposition"]
    assert staff.post(f"{url}/delete").status_code == 302
    assert staff.get(url).status_code == 404


def test_merge_template_no_longer_readable_is_told_not_a_500(staff: FlaskClient, access: Access) -> None:
    template = keep(access, "Name")
    digest = keep_content(io.BytesIO(PDF))[0]
    StoredFile._get_collection().update_one({"_id": template["file"]}, {"$set": {"sha256": digest}})
    answer = staff.get(f"/merge/template/{template['_id']}")
    assert (answer.status_code, "it is a PDF file" in text_of(answer)) == (200, True)


# From rows to letters


def test_merge_from_chosen_conditions_to_letters(
    staff: FlaskClient, access: Access, admin_access: Access
) -> None:
    define_field(admin_access, {"register": "company", "key": "toimiala", "kind": "text", "label": {"en": "Sector"}})
    for name, city in (("Alfa Oy", "Oulu"), ("Beta Oy", "Turku"), ("Åke & Pojat <Oy>", "Oulu")):
        CompanyFactory(name=name, city=city, x_toimiala="Sähkö")
    template = keep(access, "name", "SECTOR")
    start = staff.post("/merge/start/company", data={**OULU, "back": "?_flt_eq_city=Oulu"})
    assert start.status_code == 200
    assert "Make 2 letters" in start.text
    assert 'href="/companies/?_flt_eq_city=Oulu"' in start.text
    run = staff.post("/merge/run/company", data={**hidden_inputs(start), "template": template["_id"]})
    assert run.status_code == 302
    page = staff.get(run.location)
    assert 'data-job-state="waiting"' in page.text
    status, letters = made(staff, run.location)
    assert letters == ["Alfa Oy|Sähkö", "Åke & Pojat <Oy>|Sähkö"]
    assert (status["state"], status["done"], status["total"]) == ("done", 2, 2)
    assert status["result_url"] in staff.get(run.location).text
    assert "2 letters are ready." in text_of(staff.get("/jobs/"))


# Preview


def test_merge_preview_walks_from_letter_to_letter(staff: FlaskClient, access: Access) -> None:
    for name in ("Alfa & <Oy>", "Beta Oy", "Gamma Oy"):
        CompanyFactory(name=name, city="Oulu")
    template = upload_template(access, "company", "L", docx(
        p("Hei\t", merge_field("name"), " ", field("MERGEREC")), section=section("header default rIdheader1"),
        parts={"header1": p("Ylhäällä ", merge_field("city"))},
    ))  # fmt: skip
    data = {**OULU, "template": template["_id"], "as": "each", "back": "?_flt_eq_city=Oulu"}
    assert 'formaction="/merge/preview/company"' in staff.post("/merge/start/company", data=data).text
    first = staff.post("/merge/preview/company", data=data)
    assert (first.status_code, first.text.count(" disabled")) == (200, 1)
    for said in ("Letter 1 of 3", "Header Ylhäällä Oulu", "Text Hei Alfa & <Oy> 1"):
        assert said in text_of(first)
    carried = hidden_inputs(first)
    assert carried["as"] == "each"
    second = staff.post("/merge/preview/company", data={**carried, "at": "1"})
    assert "Hei Beta Oy 2" in text_of(second)
    last = staff.post("/merge/preview/company", data={**carried, "at": "99999999999999999999"})
    assert ("Letter 3 of 3" in text_of(last), "Hei Gamma Oy" in text_of(last)) == (True, True)
    file = staff.post("/merge/preview/company", data={**carried, "at": "1", "download": "1"})
    assert (lines(file.data), file.headers["Content-Disposition"]) == (
        ["Hei\tBeta Oy 2"], "attachment; filename=\"Beta Oy.docx\"",
    )  # fmt: skip
    assert staff.get("/merge/preview/company").location == "/companies/"
    assert Job._get_collection().count_documents({}) == 0


@pytest.mark.parametrize(("changed", "said"), [
    ({"template": NO_ID}, "Choose a template"), ({"template": ""}, "Choose a template"),
    ({"conditions": json.dumps([{"col": "city", "opr": "eq", "value": "Nowhere"}])}, "nobody to write to"),
    ({"at": "x"}, "Letter 1 of 1"), ({"at": "-5"}, "Letter 1 of 1"),
])  # fmt: skip
def test_merge_preview_of_what_is_not_there(
    staff: FlaskClient, access: Access, changed: dict[str, str], said: str
) -> None:
    CompanyFactory(name="Alfa Oy", city="Oulu")
    answer = staff.post("/merge/preview/company", data={**OULU, "template": keep(access, "name")["_id"], **changed})
    assert answer.status_code in (200, 422)
    assert said in text_of(answer)


def test_merge_preview_template_that_leaves_everybody_out_is_told(staff: FlaskClient, access: Access) -> None:
    CompanyFactory(city="Oulu")
    template = upload_template(access, "company", "L", docx(p(field("SKIPIF 1 = 1"))))
    answer = staff.post("/merge/preview/company", data={**OULU, "template": template["_id"]})
    assert (answer.status_code, "left out every record" in text_of(answer)) == (422, True)


# Forms of the result


def test_merge_run_each_recipient_a_document(staff: FlaskClient, access: Access) -> None:
    for name in ("Alfa Oy", "Beta Oy"):
        CompanyFactory(name=name, city="Oulu")
    data = {**OULU, "template": keep(access, "name")["_id"], "as": "each"}
    wrong = staff.post("/merge/run/company", data={**data, "template": NO_ID})
    assert 'name="as" value="each" checked' in wrong.text
    run = staff.post("/merge/run/company", data=data)
    wake_due()
    status = staff.get(run.location.replace("/show/", "/status/")).json
    with zipfile.ZipFile(io.BytesIO(staff.get(status["result_url"]).data)) as archive:
        assert archive.namelist() == ["Alfa Oy.docx", "Beta Oy.docx"]


@pytest.mark.parametrize("installed", [True, False])
def test_merge_start_offers_pdf_only_where_it_can_be_made(
    staff: FlaskClient, access: Access, monkeypatch: pytest.MonkeyPatch, installed: bool
) -> None:
    CompanyFactory(city="Oulu")
    data = {**OULU, "template": keep(access, "name")["_id"]}
    monkeypatch.setattr("views.merge.find_office", lambda: "/usr/bin/soffice" if installed else "")
    monkeypatch.setattr("services.merge.pdf.find_office", lambda: "")
    assert ('name="pdf"' in staff.post("/merge/start/company", data=data).text) == installed
    refused = staff.post("/merge/run/company", data={**data, "pdf": "1"})
    assert (refused.status_code, "PDF needs LibreOffice on the server" in text_of(refused)) == (422, True)


def test_merge_start_upload_right_there_keeps_the_rows(staff: FlaskClient) -> None:
    rows = [str(CompanyFactory(name=name)["_id"]) for name in ("A", "B", "C")]
    refused = upload(staff, PDF, "/merge/start/company", rowid=rows[:2], upload="1")
    assert (refused.status_code, 'value="Kesäkirje"' in refused.text) == (422, True)
    assert all(f'name="rowid" value="{row}"' in refused.text for row in rows[:2])
    answer = upload(staff, template_with("name"), "/merge/start/company", rowid=rows[:2], upload="1")
    assert "Make 2 letters" in answer.text
    chosen = re.search(r'name="template" value="(\w+)" checked', answer.text)
    assert chosen is not None
    run = staff.post("/merge/run/company", data={"rowid": rows[:2], "template": chosen[1]})
    assert made(staff, run.location)[1] == ["A", "B"]


def test_merge_run_unknown_fields_stop_until_they_may_be_empty(staff: FlaskClient, access: Access) -> None:
    CompanyFactory(name="A", city="Oulu")
    data = {**OULU, "template": keep(access, "name", "Paikka")["_id"]}
    stopped = staff.post("/merge/run/company", data=data)
    assert stopped.status_code == 422
    assert "Nothing fills these merge fields: Paikka." in text_of(stopped)
    assert Job._get_collection().count_documents({}) == 0
    run = staff.post("/merge/run/company", data={**hidden_inputs(stopped), **data, "leave_empty": "1"})
    assert made(staff, run.location)[1] == ["A|"]


def test_merge_hidden_field_merges_as_empty(
    admin_access: Access, make_role: Callable, make_user: Callable, sign_in: Callable
) -> None:
    right = FieldRight(register="company", column="phone", access="hidden")
    grants = (("company", "see", "all"), ("company", "merge", "all"))
    seller = sign_in(make_user("seller", make_role("Seller", *grants, field_rights=[right])))
    CompanyFactory(name="A", city="Oulu", phone="040 1234567")
    template = keep(admin_access, "name", "phone", "Numero")
    set_field_map(admin_access, template["_id"], {"Numero": "phone"})
    page = seller.get(f"/merge/template/{template['_id']}")
    assert 'value="phone"' not in page.text
    run = seller.post("/merge/run/company", data={**OULU, "template": template["_id"], "leave_empty": "1"})
    assert made(seller, run.location)[1] == ["A||"]


@pytest.mark.parametrize("template", ["", "abc", "$where", NO_ID])
def test_merge_run_without_a_good_template_asks_for_one(staff: FlaskClient, template: str) -> None:
    CompanyFactory(city="Oulu")
    answer = staff.post("/merge/run/company", data={**OULU, "template": template})
    assert (answer.status_code, "Choose a template." in text_of(answer)) == (422, True)


@pytest.mark.parametrize("data", [
    {}, {"rowid": "abc"}, {"all_matching": "1", "conditions": "{"}, {"all_matching": "1", "conditions": "[1]"},
    {"all_matching": "1", "conditions": '[{"col": "nope", "opr": "eq", "value": 1}]'},
    {"all_matching": "1", "conditions": '[{"col": "city", "opr": "$ne", "value": {"$gt": ""}}]'},
])  # fmt: skip
@pytest.mark.parametrize("step", ["start", "run"])
def test_merge_rows_that_make_no_sense_lead_back_with_a_message(
    staff: FlaskClient, access: Access, data: dict[str, str], step: str
) -> None:
    CompanyFactory()
    form = {**data, "template": keep(access, "name")["_id"]}
    answer = staff.post(f"/merge/{step}/company", data=form)
    assert (answer.status_code, answer.location) == (302, "/companies/")
    assert "alert-danger" in staff.get("/companies/").text


def test_merge_start_nobody_left_says_so(staff: FlaskClient) -> None:
    answer = staff.post("/merge/start/company", data={"rowid": NO_ID})
    assert "There is nobody to write to" in text_of(answer)
    assert "/merge/run/" not in answer.text


def test_merge_start_opened_by_its_address_leads_to_the_list(staff: FlaskClient) -> None:
    assert staff.get("/merge/start/company").location == "/companies/"


def test_merge_without_the_right_is_refused(
    admin_access: Access, make_user: Callable, sign_in: Callable
) -> None:
    reader = sign_in(make_user("reader", "Reader"))
    template = keep(admin_access, "name")
    row = {"rowid": str(CompanyFactory()["_id"])}
    assert reader.post("/merge/start/company", data=row).status_code == 403
    assert reader.post("/merge/run/company", data={**row, "template": template["_id"]}).status_code == 403
    assert upload(reader, template_with("name")).status_code == 403
    for address in ("", "/original"):
        assert reader.get(f"/merge/template/{template['_id']}{address}").status_code == 404
    for change in ("map", "edit", "delete"):
        assert reader.post(f"/merge/template/{template['_id']}/{change}").status_code == 404
    index = reader.get("/merge/")
    assert (index.status_code, 'href="/merge/"' in index.text) == (200, False)


def test_merge_menu_item_for_those_who_may(staff: FlaskClient) -> None:
    page = staff.get("/jobs/").text
    assert 'href="/merge/"' in page
    assert 'href="/jobs/"' in page


@pytest.mark.parametrize("address", ["/merge/", "/jobs/", f"/jobs/show/{NO_ID}", f"/files/{NO_ID}"])
def test_merge_and_jobs_nobody_signed_in_leads_to_the_login(app: Flask, anna: User, address: str) -> None:
    answer = app.test_client().get(address)
    assert (answer.status_code, "/login/" in answer.location) == (302, True)


def test_merge_of_people_with_their_companies(staff: FlaskClient, access: Access) -> None:
    company = CompanyFactory(name="Alfa Oy")
    PersonFactory(first_name="Liisa", last_name="Malli", companies=[str(company["_id"])])
    data = {"all_matching": "1", "template": keep(access, "First name", "companies", register="person")["_id"]}
    assert made(staff, staff.post("/merge/run/person", data=data).location)[1] == ["Liisa|Alfa Oy"]


# Jobs and files


@pytest.fixture
def job(access: Access) -> Any:
    CompanyFactory(city="Oulu")
    template = keep(access, "name")
    return lambda client: client.post("/merge/run/company", data={**OULU, "template": template["_id"]}).location


def test_jobs_and_files_of_somebody_else_are_not_there(
    staff: FlaskClient, job: Callable, make_user: Callable, sign_in: Callable
) -> None:
    url = job(staff)
    status, _letters = made(staff, url)
    other = sign_in(make_user("otto", "Staff"))
    for address in (url, url.replace("show", "status"), status["result_url"]):
        assert other.get(address).status_code == 404
    assert other.post(url.replace("show", "cancel")).status_code == 404
    assert url not in other.get("/jobs/").text


@pytest.mark.parametrize("address", ["/jobs/show/abc", "/jobs/status/$x", "/files/..", "/files/abc"])
def test_jobs_and_files_bad_ids_are_not_there(staff: FlaskClient, address: str) -> None:
    assert staff.get(address).status_code == 404


def test_jobs_cancel_a_waiting_one(staff: FlaskClient, job: Callable) -> None:
    url = job(staff)
    answer = staff.post(url.replace("show", "cancel"), follow_redirects=True)
    assert 'data-job-state="cancelled"' in answer.text
    assert staff.get(url.replace("show", "status")).json["state"] == "cancelled"
    assert "had ended already" not in text_of(answer)


def test_jobs_show_one_that_stops_and_its_log(staff: FlaskClient, job: Callable, access: Access) -> None:
    url = job(staff)
    raw = claim()
    assert raw is not None
    Job._get_collection().update_one({"_id": raw["_id"]}, {"$set": {"log": ["Row <1> & more"], "done": 1}})
    assert staff.get(url.replace("show", "status")).json["message"] == "Working…"
    cancel_job(access, raw["_id"])
    page = staff.get(url)
    assert "Stopping…" in page.text
    assert "Row &lt;1&gt; &amp; more" in page.text


def test_jobs_failed_shows_why_and_no_result(staff: FlaskClient, job: Callable) -> None:
    url = job(staff)
    MergeTemplate._get_collection().delete_many({})
    wake_due()
    status = staff.get(url.replace("show", "status")).json
    assert (status["state"], status["result_url"]) == ("failed", "")
    assert "template was deleted" in status["message"]


@pytest.mark.parametrize(("name", "content_type"), [
    ("Äiti & «x» 1.docx", DOCX), ("evil.html", "text/html"), ("x.svg", "image/svg+xml"),
])  # fmt: skip
def test_files_are_handed_over_and_never_shown(
    staff: FlaskClient, access: Access, name: str, content_type: str
) -> None:
    content = b"<script>alert(1)</script>" * 20_000
    raw = new_file(access, name, content_type, "result", keep_content(io.BytesIO(content)))
    add_file(None, raw)
    answer = staff.get(f"/files/{raw['_id']}")
    assert answer.data == content
    assert answer.headers["Content-Length"] == str(len(content))
    assert answer.headers["Content-Disposition"].startswith("attachment; filename")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-store"
    if not name.isascii():
        assert "filename*=UTF-8''%C3%84iti" in answer.headers["Content-Disposition"]


def test_files_content_that_is_gone_is_not_there(staff: FlaskClient, access: Access) -> None:
    raw = new_file(access, "x.docx", DOCX, "result", ("0" * 64, 1))
    add_file(None, raw)
    assert staff.get(f"/files/{raw['_id']}").status_code == 404


def test_letter_stands_beside_the_choices_with_the_template_s_fields(staff: FlaskClient, access: Access) -> None:
    for name in ("Alfa & <Oy>", "Beta Oy"):
        CompanyFactory(name=name, city="Oulu")
    template = upload_template(access, "company", "L", docx(p("Hei ", merge_field("name"), merge_field("nonsense"))))
    data = {**OULU, "template": template["_id"]}
    first = staff.post("/merge/letter/company", data=data)
    assert first.status_code == 200
    for said in ("1 / 2", "Hei Alfa &amp; &lt;Oy&gt;", "<code>nonsense</code>", "Unknown", 'data-letter-at="1"'):
        assert said in first.text
    assert "Hei Beta Oy" in staff.post("/merge/letter/company", data={**data, "at": "1"}).text
    assert 'data-letter-url="/merge/letter/company"' in staff.post("/merge/start/company", data=data).text


@pytest.mark.parametrize(("changed", "said"), [
    ({"template": NO_ID}, "Choose a template"), ({"template": ""}, "Choose a template"), ({"at": "x"}, "Alfa Oy"),
    ({"conditions": json.dumps([{"col": "city", "opr": "eq", "value": "Nowhere"}])}, "nobody to write to"),
    ({"conditions": "[[]]"}, "conditions"), ({"all_matching": "", "rowid": ""}, "is not the id"),
])  # fmt: skip
def test_letter_that_can_t_be_shown_says_why(
    staff: FlaskClient, access: Access, changed: dict[str, str], said: str
) -> None:
    CompanyFactory(name="Alfa Oy", city="Oulu")
    data = {**OULU, "template": keep(access, "name")["_id"], **changed}
    answer = staff.post("/merge/letter/company", data=data)
    assert answer.status_code == 200
    assert said in text_of(answer)


def test_reader_turns_letters_and_templates_on_the_page(page: Page, admin: User, access: Access) -> None:
    for name in ("Alfa Oy", "Beta Oy"):
        CompanyFactory(name=name, city="Oulu")
    for title in ("First", "Second"):
        upload_template(access, "company", title, docx(p(f"{title} to ", merge_field("name"))))
    page.goto("/companies/")
    page.get_by_label("User name").fill("admin")
    page.locator("#password").fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Log in").click()
    page.locator("[data-select-all]").check()
    with page.expect_navigation():
        page.locator(".k-bulk").get_by_role("button", name="Letters").click()
    letter = page.locator("[data-letter]")
    expect(letter).to_contain_text("First to Alfa Oy")
    expect(page.locator("[data-letter-fields]")).to_contain_text("name")
    letter.get_by_role("button", name="The next letter").click()
    expect(letter).to_contain_text("First to Beta Oy")
    expect(letter.get_by_role("button", name="The letter before")).to_be_focused()
    page.get_by_role("radio", name="Second").check()
    expect(letter).to_contain_text("Second to Alfa Oy")
    letter.get_by_role("button", name="The next letter").click()
    expect(letter).to_contain_text("Second to Beta Oy")
    with page.expect_download() as download:
        letter.get_by_role("button", name="Download this letter").click()
    assert download.value.suggested_filename == "Beta Oy.docx"


def test_waiting_letters_will_be_downloaded(staff: FlaskClient, access: Access) -> None:
    """The link stands on the page from the start and is shown by the script once the letters are there."""
    CompanyFactory(name="Alfa Oy", city="Oulu")
    started = staff.post("/merge/run/company", data={**OULU, "template": keep(access, "name")["_id"]})
    page = staff.get(started.location).text
    link = page[page.index("data-job-result"):]
    assert link.startswith("data-job-result hidden")
    assert "Download" in link[:link.index("</a>")]
