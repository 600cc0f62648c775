"""Bringing in a list on its screens: by clicks alone in a real browser, and what the pages are sent that they did not
ask for."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.companies import Company
from models.fields.definitions import FieldDefinition
from models.imports import ImportDraft
from models.rights import Access
from models.security import FieldRight, Grant, Role, User
from services.jobs import wake_due
from tests.factories import CompanyFactory
from tests.fixtures.app import PASSWORD

SP500 = Path(__file__).parents[1] / "data" / "sp500" / "constituents.csv"
LIST = """Customers of ours,,,
exported 1.2.2026,,,

Name,City,Founded,Size
Aalto Oy,Oulu,1990,small
Koski Oy,Turku,perhaps 1991,large
Meri Oy,Turku,perhaps 1991,large
Niemi Oy,Vaasa,1992,small
"""


def sign_in_on(page: Page) -> None:
    page.goto("/login/")
    page.fill("#username", "admin")
    page.fill("#password", PASSWORD)
    page.locator("button[type=submit]").first.click()
    page.locator(".k-nav").first.wait_for(state="attached")


def sent(client: FlaskClient, text: str | bytes = LIST, name: str = "customers.csv", register: str = "company") -> Any:
    content = text.encode() if isinstance(text, str) else text
    return client.post(f"/import/{register}/", data={"file": (io.BytesIO(content), name)})


def begun(client: FlaskClient, text: str = LIST, register: str = "company") -> str:
    """The address of an import that has just begun, without its last part."""
    answer = sent(client, text, register=register)
    assert answer.status_code == 302, answer.text
    return str(answer.location).rpartition("/")[0]


def test_a_list_goes_in_and_out_again_by_clicks_alone(page: Page, admin: User) -> None:
    sign_in_on(page)
    page.goto("/companies/")
    page.get_by_role("button", name="More", exact=True).first.click()
    page.get_by_role("link", name="Import", exact=True).click()
    page.set_input_files("#file", str(SP500))
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("“Security” becomes")).to_have_value("field:name")
    expect(page.get_by_label("“GICS Sector” becomes")).to_have_value("new:choice")
    page.get_by_label("“CIK” becomes").select_option("")
    page.locator("tr", has_text="Headquarters Location").get_by_label("Name of the new field").fill("Home")
    page.get_by_role("button", name="Check the rows").click()
    page.get_by_role("button", name="Import 503 rows").click()
    expect(page.get_by_text("What happened")).to_be_visible()
    assert Company.objects.count() == 503
    fields = {field.key: field.label["en"] for field in FieldDefinition.objects}
    assert fields["headquarters_location"] == "Home"
    assert "cik" not in fields
    page.get_by_role("button", name="Undo the import").click()
    page.get_by_role("dialog").get_by_role("button", name="Undo the import").click()
    expect(page.locator(".k-wayhead .badge")).to_have_text("Undone")
    assert Company.objects.count() == 0


def test_faulty_cells_are_mended_where_they_stand(page: Page, admin: User, tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_text(LIST, encoding="utf-8")
    sign_in_on(page)
    page.goto("/import/company/")
    page.set_input_files("#file", str(file))
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Names on row 4")).to_be_visible()
    page.get_by_label("“Founded” becomes").select_option("new:number")
    page.get_by_role("button", name="Check the rows").click()
    cells = page.locator(".k-importcells tbody tr")
    expect(cells).to_have_count(2)
    assert Company.objects.count() == 0
    # The Enter key keeps what was typed, and begins nothing.
    page.get_by_label("Founded, row 6").fill("about 1991")
    page.get_by_label("Founded, row 6").press("Enter")
    expect(page.get_by_label("Founded, row 6")).to_have_value("about 1991")
    page.get_by_label("Founded, row 6").fill("perhaps 1991")
    page.get_by_role("button", name="Save the cells").click()
    page.get_by_label("In all 2 rows that say the same").first.check()
    page.get_by_label("Founded, row 6").fill("1991")
    page.get_by_role("button", name="Save the cells").click()
    expect(cells).to_have_count(0)
    page.get_by_role("button", name="Check again").click()
    page.get_by_role("button", name="Import 4 rows").click()
    expect(page.get_by_role("link", name="Show the records")).to_be_visible()
    assert [company.custom["founded"] for company in Company.objects.order_by("name")] == [1990, 1991, 1991, 1992]


# What the pages are sent


@pytest.mark.parametrize(("content", "told"), [
    (b"", "The file is empty"), (b"%PDF-1.7", "This file is a PDF"), (b"a,b\x00c\n", "not a table of text"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel file"), (b"PK\x03\x04nonsense", "XLSX"),
    (b",".join([b"x"] * 1_001), "1000 columns"),
])  # fmt: skip
def test_file_that_is_no_list_is_told(client: FlaskClient, content: bytes, told: str) -> None:
    answer = sent(client, content)
    assert answer.status_code == 422
    assert told in answer.text
    assert ImportDraft.objects.count() == 0


def test_no_file_is_told(client: FlaskClient) -> None:
    assert client.post("/import/company/").status_code == 422


def test_what_is_wrong_with_a_column_stands_beside_it_and_nothing_typed_is_lost(client: FlaskClient) -> None:
    place = begun(client)
    form = {"version": "1", "c0": "field:name", "c1": "field:name", "c2": "new:text", "n2": "A name of mine",
            "c3": "new:nonsense", "on_existing": "overwrite", "match": "city", "on_faulty": "keep"}  # fmt: skip
    answer = client.post(f"{place}/columns", data=form)
    assert answer.status_code == 422
    assert 'aria-describedby="c1-error"' in answer.text
    assert 'value="A name of mine"' in answer.text
    assert ImportDraft.objects.get().version == 1


def test_columns_that_somebody_saved_meanwhile_are_not_overwritten(client: FlaskClient) -> None:
    place = begun(client)
    form = {"version": "1", "on_existing": "add"}
    assert client.post(f"{place}/columns", data={**form, "only_save": "1", "c3": ""}).status_code == 302
    answer = client.post(f"{place}/columns", data={**form, "c3": "new:text"})
    assert answer.status_code == 409
    assert ImportDraft.objects.get().columns[3]["choice"] == {}


def test_file_is_read_in_another_way(client: FlaskClient) -> None:
    place = begun(client, "Name;City\nA;Oulu\n")
    assert client.post(f"{place}/options", data={"separator": ",", "header_row": "2"}).status_code == 302
    draft = ImportDraft.objects.get()
    assert [column["header"] for column in draft.columns] == ["A;Oulu"]
    answer = client.post(f"{place}/options", data={"separator": "x", "header_row": "999"})
    assert answer.status_code == 422


def test_existing_records_are_known_by_what_is_chosen(client: FlaskClient, admin_access: Access) -> None:
    CompanyFactory.create(name="Aalto Oy", city="")
    place = begun(client, "Name,City\nAalto Oy,Oulu\nMeri Oy,Vaasa\n")
    form = {"version": "1", "c0": "field:name", "c1": "field:city", "match": "name", "on_existing": "fill"}
    assert client.post(f"{place}/columns", data=form).location.endswith("/check")
    wake_due()
    assert "Import 2 rows" in client.get(f"{place}/check").text
    assert client.post(f"{place}/run", data={}).location.endswith("/result")
    wake_due()
    assert "Undo the import" in client.get(f"{place}/result").text
    assert {company.name: company.city for company in Company.objects} == {"Aalto Oy": "Oulu", "Meri Oy": "Vaasa"}


def test_rows_left_out_are_downloaded(client: FlaskClient) -> None:
    place = begun(client, "Name,City\n,Oulu\nMeri Oy,Vaasa\n")
    client.post(f"{place}/run")
    wake_due()
    with client.get(f"{place}/faulty") as answer:
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.data.startswith(b"PK")


def test_cells_that_are_not_there_change_nothing(client: FlaskClient) -> None:
    place = begun(client, "Name,City\n,Oulu\n")
    client.post(f"{place}/check")
    wake_due()
    for data in ({"cell:2:99": "x"}, {"cell:-1:0": "x"}, {"cell:x:y": "x"}, {"cell:2:0": "x" * 300_000}, {"cell": "x"}):
        assert client.post(f"{place}/correct", data=data).status_code == 302
    assert ImportDraft.objects.get().corrections == {}


def test_import_of_another_is_not_there(
    client: FlaskClient, sign_in: Callable[[User], FlaskClient], make_user: Callable[..., User]
) -> None:
    place = begun(client)
    other = sign_in(make_user("other", "Staff"))
    for page in ("", "columns", "check", "result", "faulty", "file"):
        assert other.get(f"{place}/{page}").status_code == 404
    for page in ("columns", "options", "check", "correct", "run", "cancel", "undo", "drop"):
        assert other.post(f"{place}/{page}").status_code == 404
    assert client.get(place.replace("/company/", "/person/") + "/columns").status_code == 404
    assert "customers.csv" not in other.get("/import/").text


def test_who_may_not_add_records_is_offered_nothing(
    sign_in: Callable[[User], FlaskClient], make_user: Callable[..., User], make_role: Callable[..., Any]
) -> None:
    reader = sign_in(make_user("reader", make_role("Reads", ("*", "see", "all"))))
    assert "/import/company/" not in reader.get("/companies/").text
    assert "Nothing that you may bring in" in reader.get("/import/").text
    assert sent(reader).status_code == 403


def test_who_may_not_make_fields_is_offered_none_and_no_hidden_one(
    sign_in: Callable[[User], FlaskClient], make_user: Callable[..., User], make_role: Callable[..., Any]
) -> None:
    hidden = FieldRight(register="company", column="phone", access="hidden")
    role = make_role("Adds", ("company", "see", "all"), ("company", "add", "all"), field_rights=[hidden])
    seller = sign_in(make_user("seller", role))
    place = begun(seller, "Name,Phone,Extra\nA,+358401234567,1\n")
    page = seller.get(f"{place}/columns").text
    assert 'value="new:' not in page
    assert 'value="field:phone"' not in page
    Role.objects(name="Adds").update(push__grants=Grant(register="company", action="settings", scope="all"))
    assert 'value="new:' in seller.get(f"{place}/columns").text
    Role.objects(name="Adds").update(pull__grants__action="settings")
    form = {"version": "1", "on_existing": "add", "c1": "field:phone", "c2": "new:text"}
    assert seller.post(f"{place}/columns", data=form).status_code == 302
    assert [column["choice"] for column in ImportDraft.objects.get().columns] == [{"field": "name"}, {}, {}]


def test_import_is_thrown_away_with_its_file(client: FlaskClient) -> None:
    place = begun(client)
    assert client.post(f"{place}/drop").location.endswith("/import/")
    assert ImportDraft.objects.count() == 0
    assert client.get(f"{place}/").status_code == 404


def test_what_a_column_was_asked_goes_with_its_choice(client: FlaskClient) -> None:
    CompanyFactory.create(name="Firm")
    place = begun(client, "Name,Company\nAino Aho,Firm\nBerit Berg,Other\n", register="person")
    assert [column["create_missing"] for column in ImportDraft.objects.get().columns] == [False, True]
    form = {"version": "1", "on_existing": "add", "c1": "new:text", "a1": "1", "m1": "1", "s1": ";"}
    assert client.post(f"{place}/columns", data={**form, "only_save": "1"}).status_code == 302
    text = ImportDraft.objects.get().columns[1]
    assert [text[name] for name in ("add_choices", "create_missing", "separator", "link_by")] == [False, False, "", ""]
    form = {"version": "2", "on_existing": "add", "c1": "new:link:company", "n1": "Employer"}
    assert client.post(f"{place}/columns", data={**form, "only_save": "1"}).status_code == 302
    link = ImportDraft.objects.get().columns[1]
    assert (link["choice"]["define"]["target"], link["link_by"]) == ("company", "name")


def test_how_large_a_list_may_be_is_said_before_and_after(client: FlaskClient, app: Flask) -> None:
    most, app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_CONTENT_LENGTH"], 1 << 20
    try:
        page = client.get("/import/company/").text
        assert "At most 1 MB. Up to 100 MB come in over REST or by the command import-records" in page
        answer = client.post("/import/company/", data={"file": (io.BytesIO(b"Name\nAho\n"), "list.csv")},
                             environ_overrides={"CONTENT_LENGTH": str(2 << 20)})  # fmt: skip
    finally:
        app.config["MAX_CONTENT_LENGTH"] = most
    assert answer.status_code == 413
    assert "A list that is sent here has at most 1 MB." in answer.text
    assert "import-records" in answer.text
    assert ImportDraft.objects.count() == 0


def test_a_list_that_is_too_large_is_told_of_before_it_is_sent(page: Page, admin: User) -> None:
    sign_in_on(page)
    page.goto("/import/company/")
    page.evaluate("document.getElementById('file').dataset.mostSize = 1048576")
    page.set_input_files("#file", {"name": "long.csv", "mimeType": "text/csv", "buffer": b"Name\n" + b"x" * (1 << 20)})
    expect(page.get_by_role("alert")).to_have_text("“long.csv” is too large: at most 1 MB.")
    expect(page.locator("#file")).to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(re.compile("/import/company/$"))
    page.set_input_files("#file", {"name": "short.csv", "mimeType": "text/csv", "buffer": b"Name\nAho\n"})
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(re.compile("/columns$"))
