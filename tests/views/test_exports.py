"""The screen of exports: from a list as it stands, and from chosen rows, to a file."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect
from python_calamine import CalamineWorkbook

from models.jobs import Job
from models.security import Role, User
from services.jobs import wake_due
from tests.factories import CompanyFactory
from tests.fixtures.app import PASSWORD

Raw = dict[str, Any]
ALL = {"all_matching": "1", "conditions": "[]"}
CSV = {**ALL, "form": "csv", "fields": "shown", "separator": "comma", "decimal": "."}


@pytest.fixture
def companies(app: Flask) -> list[Raw]:
    return [CompanyFactory(name=name, city=city) for name, city in (("A", "Oulu"), ("B", "Pori"), ("C", "Oulu"))]


@pytest.mark.usefixtures("companies")
def test_a_list_goes_out_with_its_conditions_columns_and_order(client: FlaskClient) -> None:
    query = "?_flt_eq_city=Oulu&cols=city,name&order=name&dir=desc"
    page = client.get(f"/export/start/company{query}").text
    assert "Export 2 records" in page
    assert "City, Name" in page
    assert "vCard" not in page
    conditions = '[{"col": "city", "opr": "eq", "value": "Oulu"}]'
    assert client.post("/export/run/company", data={**CSV, "conditions": conditions, "back": query}).status_code == 302
    wake_due()
    file = client.get(f"/files/{Job.objects.get().result_file}")
    assert file.data.decode("utf-8-sig").splitlines() == ["City,Name", "Oulu,C", "Oulu,A"]
    again = client.get("/export/start/company").text
    assert 'value="csv" checked' in again
    assert 'value="comma" checked' in again


@pytest.mark.usefixtures("companies")
@pytest.mark.parametrize("wrong", [
    {"form": "exe"}, {"form": "vcard"}, {"separator": "x"}, {"decimal": ","}, {"all_matching": "", "rowid": "x"},
    {"conditions": "["}, {"conditions": '[{"col": "$where", "opr": "eq"}]'}, {"back": "?cols=%00&order=$where&group=x"},
], ids=str)  # fmt: skip
def test_what_can_t_be_exported_is_told_and_what_was_chosen_stays(client: FlaskClient, wrong: Raw) -> None:
    answer = client.post("/export/run/company", data={**CSV, **wrong})
    if wrong.keys() & {"form", "separator", "decimal"}:
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
        assert Job.objects.count() == 0
    else:
        assert answer.status_code == 302
    assert client.post("/export/start/company", data={**CSV, **wrong}).status_code in (200, 302)


@pytest.mark.usefixtures("companies")
def test_who_may_not_export_is_not_offered_it(
    make_user: Callable[..., User], sign_in: Callable[[User], FlaskClient]
) -> None:
    Role(name="Looker", grants=[{"register": "*", "action": "see", "scope": "all"}]).save()
    reader = sign_in(make_user("reader", "Looker"))
    assert "/export/" not in reader.get("/companies/").text
    assert reader.get("/export/start/company").status_code == 403
    for path in ("start", "run"):
        assert reader.post(f"/export/{path}/company", data=CSV).status_code == 403


@pytest.mark.usefixtures("companies", "admin")
def test_chosen_rows_become_a_sheet(page: Page, tmp_path: Any) -> None:
    page.goto("/companies/")
    page.fill("#username", "admin")
    page.fill("#password", PASSWORD)
    page.locator("button[type=submit]").first.click()
    page.get_by_role("button", name="More", exact=True).first.click()
    page.get_by_role("link", name="Export", exact=True).click()
    expect(page.get_by_role("button", name="Export 3 records")).to_be_visible()
    expect(page.get_by_role("heading", name="CSV")).to_be_hidden()
    page.get_by_label("CSV, for other programs").check()
    expect(page.get_by_role("heading", name="CSV")).to_be_visible()
    page.goto("/companies/")
    page.get_by_role("checkbox", name="Select A", exact=True).check()
    page.get_by_role("button", name="Export", exact=True).click()
    page.get_by_role("button", name="Export 1 record").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename.endswith(".xlsx")
    download.value.save_as(tmp_path / "companies.xlsx")
    rows = CalamineWorkbook.from_path(tmp_path / "companies.xlsx").get_sheet_by_index(0).to_python()
    assert [row[0] for row in rows] == ["Name", "A"]
