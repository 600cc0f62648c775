"""Reports on their screens: the list, pages whose rows lead to records, the form, sharing, deleting, workbooks."""

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from html import unescape
from io import BytesIO
from typing import Any
from urllib.parse import quote

import openpyxl
import pytest
from flask.testing import FlaskClient

from models.reports import Report
from models.rights import Access
from models.security import FieldRight, Role, User
from services.records import create_record

Raw = dict[str, Any]
BY_STAGE: Raw = {
    "register": "opportunity", "name": "Value by stage", "group": ["stage", "", ""],
    "group_by": ["month", "month", "month"], "how": ["sum", "count"], "measured": ["value", ""], "percent": ["", ""],
    "chart": "bar", "order": "groups", "limit": "", "audience": "me", "where": "[]", "act": "save",
}  # fmt: skip


@pytest.fixture
def projects(admin_access: Access, admin: User) -> None:
    """Sales projects of two stages, one of them without a value."""
    for name, stage, value, closes in (
        ("Alfa", "qualification", "1000 EUR", "2026-01-15"), ("Beta", "qualification", "500.50 EUR", "2026-03-02"),
        ("Gamma", "offer", "20 EUR", "2026-03-31"), ("Delta", "offer", "", ""),
    ):  # fmt: skip
        create_record(admin_access, "opportunity", {"name": name, "stage": stage, "value": value, "closes_on": closes,
                                                    "owner": str(admin.pk)})  # fmt: skip


def save(client: FlaskClient, **values: Any) -> str:
    """Save a report by the form; returns its address."""
    answer = client.post("/reports/new", data=BY_STAGE | values)
    assert answer.status_code == 302, answer.text
    return str(answer.location)


def rows_of(page: str) -> list[list[str]]:
    """The table's lines as plain texts, totals last."""
    table = re.search(r"<table class=\"k-list k-reporttable.*?</table>", page, re.DOTALL)
    assert table is not None, page
    lines = re.findall(r"<tr>(.*?)</tr>", table[0].partition("<tbody>")[2], re.DOTALL)
    return [[plain(cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", line, re.DOTALL)] for line in lines]


def plain(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html)).replace("\u00a0", " ").strip()


def links_of(page: str) -> dict[str, str]:
    """What the table's links are called -> where they lead."""
    table = page.partition("data-report-table")[2].partition("</table>")[0]
    return {plain(text): unescape(url) for url, text in re.findall(r'<a class="\w+" href="([^"]+)">(.*?)</a>', table)}


def names_on(client: FlaskClient, address: str) -> set[str]:
    """The names of the records on a list's page."""
    answer = client.get(address)
    assert answer.status_code == 200
    return set(re.findall(r'<a class="name" href="/\w+/show/[^"]+">([^<]+)', answer.text))


def chart_of(page: str) -> Raw:
    found = re.search(r'data-chart-data>(.*?)</script>', page, re.DOTALL)
    assert found is not None, page
    return dict(json.loads(found[1]))


# Making one


def test_report_from_the_form_has_its_figures_and_leads_to_their_records(client: FlaskClient, projects: None) -> None:
    address = save(client)
    page = client.get(address).text
    assert rows_of(page) == [
        ["Qualification", "€1,500.50", "2"], ["Offer made", "€20.00", "2"], ["Total", "€1,520.50", "4"],
    ]  # fmt: skip
    assert names_on(client, links_of(page)["Qualification"]) == {"Alfa", "Beta"}
    assert names_on(client, links_of(page)["Offer made"]) == {"Gamma", "Delta"}


def test_conditions_narrow_the_figures_and_are_told_as_chips(client: FlaskClient, projects: None) -> None:
    where = json.dumps([{"col": "value", "opr": "gt", "value": "100"},
                        {"any": [{"col": "name", "opr": "eq", "value": "Alfa"},
                                 {"col": "name", "opr": "eq", "value": "100 %(x)s"}]}])  # fmt: skip
    page = client.get(save(client, where=where)).text
    assert rows_of(page)[-1] == ["Total", "€1,000.00", "1"]
    assert "Name is Alfa or Name is 100 %(x)s" in unescape(page)
    assert names_on(client, links_of(page)["Qualification"]) == {"Alfa"}


def test_group_across_has_totals_both_ways_and_a_link_for_each_figure(client: FlaskClient, projects: None) -> None:
    page = client.get(save(client, group=["closes_on", "stage", ""], group_by=["quarter", "", ""], across="1",
                           how=["sum"], measured=["value"], percent=[""])).text  # fmt: skip
    assert rows_of(page) == [
        ["Q1 2026", "€1,500.50", "€20.00", "€1,520.50"], ["Not given", "–Empty", "€0.00", "€0.00"],
        ["Total", "€1,500.50", "€20.00", "€1,520.50"],
    ]  # fmt: skip
    links = links_of(page)
    assert names_on(client, links["Q1 2026"]) == {"Alfa", "Beta", "Gamma"}
    assert names_on(client, links["Not given"]) == {"Delta"}
    assert names_on(client, links["€0.00"]) == {"Delta"}


def test_form_can_be_begun_from_a_list_with_its_conditions(client: FlaskClient, projects: None) -> None:
    listed = client.get("/opportunities/?_flt_eq_stage=offer").text
    start = re.search(r'href="(/reports/new\?[^"]+)"', listed)
    assert start is not None
    page = client.get(unescape(start[1])).text
    assert rows_of(page) == [["Total", "2"]]
    assert "Stage is Offer made" in page


def test_result_is_shown_without_saving(client: FlaskClient, projects: None) -> None:
    for address in ("/reports/new", "/reports/preview"):
        answer = client.post(address, data=BY_STAGE | {"act": "show", "name": ""})
        assert answer.status_code == 200
        assert rows_of(answer.text)[0] == ["Qualification", "€1,500.50", "2"]
    assert Report.objects.count() == 0


@pytest.mark.parametrize(("sent", "message", "kept"), [
    ({"name": ""}, "Give the report a name", 'name="chart"'),
    ({"limit": "many"}, "Give a number of rows", 'value="many"'),
    ({"how": ["sum"], "measured": [""], "percent": [""]}, "Choose a number or an amount",
     '<option value="sum" selected'),
    ({"group": ["nothing", "", ""]}, "can&#39;t be grouped by", '<option value="nothing" selected'),
    ({"group": ["stage", "stage", ""]}, "Group by each field once", '<option value="stage" selected'),
    ({"audience": "role", "roles": []}, "Choose at least one role", '<option value="role" selected'),
    ({"every": "week", "weekday": "3"}, "Choose to whom it is sent", '<option value="week" selected'),
    ({"chart": "tree"}, "Choose a chart", 'value="Value by stage"'),
    ({"where": "{"}, "needs “col” and “opr”", 'value="Value by stage"'),
    ({"where": '[{"col": "stage", "opr": "ct", "value": "x"}]'}, "can’t be asked|can't be asked|can&#39;t be asked",
     "&#34;opr&#34;:&#34;ct&#34;"),
])  # fmt: skip
def test_bad_input_is_told_and_what_was_typed_stays(
    client: FlaskClient, projects: None, sent: Mapping[str, Any], message: str, kept: str
) -> None:
    answer = client.post("/reports/new", data=BY_STAGE | dict(sent))
    assert answer.status_code == 422
    assert re.search(message, answer.text)
    assert kept in answer.text
    assert 'aria-invalid="true"' in answer.text or "where" in sent
    assert Report.objects.count() == 0
    preview = client.post("/reports/preview", data=BY_STAGE | dict(sent))
    assert preview.status_code == 200


def test_change_that_somebody_else_saved_meanwhile_is_told(client: FlaskClient, projects: None) -> None:
    address = save(client)
    assert client.post(f"{address}/edit", data=BY_STAGE | {"name": "First", "version": "1"}).status_code == 302
    late = client.post(f"{address}/edit", data=BY_STAGE | {"name": "Second", "version": "1"})
    assert late.status_code == 422
    assert 'value="Second"' in late.text
    assert Report.objects.get().name == "First"


def test_ready_report_becomes_one_of_ones_own(client: FlaskClient, projects: None) -> None:
    page = client.get("/reports/ready/offer_book")
    assert "Change as my own" in page.text
    form = client.get("/reports/new?ready=offer_book").text
    assert "Offer book by stage (my own)" in form
    assert '<option value="weighted" selected' in form
    assert client.get("/reports/new?ready=nothing").status_code == 404


# Sharing and rights


@pytest.fixture
def seller(make_role: Callable[..., Role], make_user: Callable[..., User]) -> User:
    """Somebody who sees own sales projects only."""
    return make_user("anna", make_role("Seller", ("opportunity", "see", "own"), ("opportunity", "add", "own")))


def test_shared_report_counts_the_readers_own_records(
    client: FlaskClient, projects: None, admin_access: Access, seller: User, sign_in: Callable[[User], FlaskClient]
) -> None:
    create_record(admin_access, "opportunity", {"name": "Hers", "stage": "offer", "value": "7 EUR",
                                                "owner": str(seller.pk)})  # fmt: skip
    role = str(Role.objects.get(name="Seller").pk)
    address = save(client, audience="role", roles=[role])
    anna = sign_in(seller)
    listed = anna.get("/reports/").text
    assert "Shared with me" in listed
    assert "By Admin Tester" in listed
    page = anna.get(address).text
    assert rows_of(page) == [["Offer made", "€7.00", "1"], ["Total", "€7.00", "1"]]
    assert names_on(anna, links_of(page)["Offer made"]) == {"Hers"}
    assert rows_of(client.get(address).text)[-1] == ["Total", "€1,527.50", "5"]


def test_somebody_elses_report_is_changed_as_ones_own(
    client: FlaskClient, projects: None, seller: User, sign_in: Callable[[User], FlaskClient]
) -> None:
    address, anna = save(client, audience="all"), sign_in(seller)
    form = anna.get(f"{address}/edit").text
    assert "Save as my own" in form
    saved = anna.post(f"{address}/edit", data=BY_STAGE | {"name": "Hers"})
    assert saved.location != address
    assert {report.name: report.owner for report in Report.objects} == {
        "Value by stage": User.objects.get(username="admin").pk, "Hers": seller.pk}  # fmt: skip
    anna.post(f"{address}/delete")
    assert Report.objects.count() == 2


def test_private_report_is_not_found_by_others(
    client: FlaskClient, projects: None, seller: User, sign_in: Callable[[User], FlaskClient]
) -> None:
    address, anna = save(client), sign_in(seller)
    for path in (address, f"{address}/edit", f"{address}/xlsx", f"/reports/new?copy={address.rpartition('/')[2]}"):
        assert anna.get(path).status_code == 404, path
    assert "Value by stage" not in anna.get("/reports/").text


def test_report_tells_nothing_of_hidden_fields(
    client: FlaskClient, projects: None, make_role: Callable[..., Role], make_user: Callable[..., User],
    sign_in: Callable[[User], FlaskClient],
) -> None:  # fmt: skip
    where = '[{"col":"next_step","opr":"eq","value":"secret plan"}]'
    address = save(client, audience="all", where=where, how=["sum"], measured=["value"], percent=[""])
    hidden = [FieldRight(register="opportunity", column=name, access="hidden") for name in ("next_step", "value")]
    role = make_role("Reader of some", ("opportunity", "see", "all"), field_rights=hidden)
    bert = sign_in(make_user("bert", role))
    page = bert.get(address)
    assert page.status_code == 400
    assert "secret plan" not in page.text
    assert "k-reporttable" not in page.text
    listed = bert.get("/reports/")
    assert listed.status_code == 200
    assert "Offer book" not in listed.text
    form = bert.get(f"{address}/edit")
    assert form.status_code == 403
    assert "secret plan" not in form.text


def test_menu_has_reports_for_those_who_see_a_register(
    client: FlaskClient, make_role: Callable[..., Role], make_user: Callable[..., User],
    sign_in: Callable[[User], FlaskClient],
) -> None:  # fmt: skip
    assert 'href="/reports/"' in client.get("/reports/").text
    nobody = sign_in(make_user("nobody", make_role("Nothing")))
    page = nobody.get("/reports/")
    assert page.status_code == 200
    assert "No reports yet" in page.text
    assert 'href="/reports/" ' not in page.text.partition("k-nav")[2].partition("</nav>")[0]
    assert "You may not see the records of any register" in nobody.get("/reports/new").text
    assert nobody.get("/reports/new?register=company").status_code == 404
    assert nobody.post("/reports/new", data=BY_STAGE).status_code == 404


# The list, deleting, files


def test_list_is_searched_by_name_and_by_what_reports_are_about(client: FlaskClient, projects: None) -> None:
    save(client)
    listed = client.get("/reports/").text
    assert "Stage: Value · Count" in listed
    assert listed.index("Value by stage") < listed.index("Offer book by stage")
    found = client.get("/reports/?q=VALUE+stage").text
    assert "Value by stage" in found
    assert "Offer book by seller" not in found
    assert "No such reports" in client.get("/reports/?q=zzz").text


def test_deleted_report_is_put_back_as_it_was(client: FlaskClient, projects: None) -> None:
    address = save(client, audience="all", limit="5", order="1")
    before = Report.objects.get().to_mongo().to_dict()
    gone = client.post(f"{address}/delete", follow_redirects=True)
    undo = re.search(r'formaction="([^"]+/restore)"', gone.text)
    assert undo is not None
    assert client.get(address).status_code == 404
    assert client.post(undo[1]).location == address
    after = Report.objects.get().to_mongo().to_dict()
    written = ("version", "sent_for", "created_at")
    assert {part: value for part, value in after.items() if part not in written} == {
        part: value for part, value in before.items() if part not in written}  # fmt: skip
    assert rows_of(client.get(address).text)[-1] == ["Total", "€1,520.50", "4"]
    assert client.post(undo[1]).status_code == 404


def test_only_who_deleted_a_report_takes_that_back(
    client: FlaskClient, projects: None, seller: User, sign_in: Callable[[User], FlaskClient]
) -> None:
    address, anna = save(client, audience="all"), sign_in(seller)
    client.post(f"{address}/delete")
    refused = anna.post(f"{address}/restore", follow_redirects=True)
    assert "Somebody else has deleted" in refused.text
    assert Report.objects.count() == 0


def test_workbook_has_the_same_figures(client: FlaskClient, projects: None) -> None:
    address = save(client, name="Value: “by stage” / 2026")
    answer = client.get(f"{address}/xlsx")
    assert answer.status_code == 200
    assert "Value by stage 2026.xlsx" in answer.headers["Content-Disposition"]
    sheet = openpyxl.load_workbook(BytesIO(answer.data)).active
    lines = [[cell for cell in row if cell is not None] for row in sheet.iter_rows(values_only=True)]
    assert ["Qualification", 1500.5, 2] in lines
    assert ["Total", 1520.5, 4] in lines
    assert client.get("/reports/ready/offer_book/xlsx").status_code == 200


def test_workbook_that_cannot_be_made_leads_to_the_page_that_says_why(client: FlaskClient, projects: None) -> None:
    address = save(client)
    Report.objects.update(set__measures=[{"how": "sum", "column": "gone", "by": ""}])
    assert client.get(f"{address}/xlsx").location == address
    page = client.get(address)
    assert page.status_code == 400
    assert "alert-danger" in page.text


@pytest.mark.parametrize("day", ["2999-01-01", "yesterday", "2026-13-01", "x" * 300])
def test_day_that_is_none_is_told_and_the_figures_are_todays(client: FlaskClient, projects: None, day: str) -> None:
    page = client.get(f"{save(client)}?as_of={quote(day)}")
    assert page.status_code == 200
    assert 'id="as-of-error"' in page.text
    assert rows_of(page.text)[-1] == ["Total", "€1,520.50", "4"]


def test_figures_of_a_past_day_lead_to_no_list_of_today(
    client: FlaskClient, projects: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, tomorrow = save(client), dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
    monkeypatch.setattr("services.reports.definition.today_of", lambda access: tomorrow)
    page = client.get(f"{address}?as_of={tomorrow - dt.timedelta(days=1)}").text
    assert rows_of(page)[-1] == ["Total", "€1,520.50", "4"]
    assert links_of(page) == {}
    assert f"as_of={tomorrow - dt.timedelta(days=1)}" in page.partition("Excel")[0]
    before = client.get(f"{address}?as_of={tomorrow - dt.timedelta(days=9)}").text
    moved = re.search(r'href="([^"]+)">What moved since<', before)
    assert moved is not None
    assert client.get(unescape(moved[1])).status_code == 200
    assert "Nothing to count" in before
    assert 'name="as_of"' not in client.get("/reports/ready/customers_without_contact").text


def test_amounts_without_a_rate_are_told(client: FlaskClient, projects: None, admin_access: Access) -> None:
    create_record(admin_access, "opportunity", {"name": "Stor", "stage": "offer", "value": "900 SEK"})
    page = client.get(save(client)).text
    assert "1 record in SEK is left out" in page
    assert rows_of(page)[-1] == ["Total", "€1,520.50", "5"]


def test_rows_that_are_cut_off_are_told(client: FlaskClient, projects: None) -> None:
    page = client.get(save(client, limit="1", order="0")).text
    assert "Rows shown: 1." in page
    assert [row[0] for row in rows_of(page)] == ["Qualification", "Total"]


def test_report_of_nothing_says_what_to_do(client: FlaskClient) -> None:
    page = client.get(save(client)).text
    assert "Nothing to count" in page
    assert "Change the conditions" in page


@pytest.mark.parametrize("pk", ["abc", "0" * 24, "$where", "6b08e0a0738a92d76ce550c7"])
def test_reports_that_are_not_there_are_not_found(client: FlaskClient, pk: str) -> None:
    for path in (f"/reports/{pk}", f"/reports/{pk}/edit", f"/reports/{pk}/xlsx", f"/reports/ready/{pk}"):
        assert client.get(path).status_code == 404, path
    for path in (f"/reports/{pk}/delete", f"/reports/{pk}/restore"):
        assert client.post(path).status_code == 404, path


# Charts


def test_bars_of_dates_have_a_place_for_each_month_between(client: FlaskClient, projects: None) -> None:
    chart = chart_of(client.get(save(client, group=["closes_on", "", ""], group_by=["month", "", ""])).text)
    assert chart["categories"] == ["January 2026", "February 2026", "March 2026", "Not given"]
    assert not chart["lying"]
    [series] = chart["series"]
    assert series["name"] == "Value"
    assert series["values"] == [1000.0, None, 520.5, 0.0]
    assert series["texts"][2] == "€520.50"
    assert names_on(client, series["urls"][2]) == {"Beta", "Gamma"}


def test_stacked_bars_are_by_the_last_group(client: FlaskClient, projects: None) -> None:
    page = client.get(save(client, group=["stage", "state", ""], chart="stacked")).text
    chart = chart_of(page)
    assert chart["stacked"]
    assert chart["categories"] == ["Qualification", "Offer made"]
    [series] = chart["series"]
    assert (series["name"], series["values"], series["colour"]) == ("Open", [1500.5, 20.0], "blue")
    assert "Stacked bars. Stage, State: Value · Count." in page
    assert "The largest is Qualification: €1,500.50." in page


def test_pie_gathers_small_slices_and_leaves_out_what_is_nothing(
    client: FlaskClient, admin_access: Access
) -> None:
    for number in range(14):
        create_record(admin_access, "opportunity", {"name": f"P{number:02}", "stage": "offer", "value": f"{number} EUR",
                                                    "next_step": f"Step {number:02}"})  # fmt: skip
    chart = chart_of(client.get(save(client, group=["next_step", "", ""], chart="pie")).text)
    assert chart["categories"] == [*(f"Step {number:02}" for number in range(5, 14)), "Others"]
    assert chart["series"][0]["values"][-1] == float(sum(range(5)))
    assert chart["series"][0]["texts"][-1] == "€10.00"


def test_counts_and_money_are_not_drawn_on_one_axis(client: FlaskClient, projects: None) -> None:
    chart = chart_of(client.get(save(client, how=["count", "sum", "mean", "share"], order="0",
                                     measured=["", "value", "value", "value"], percent=[""] * 4)).text)  # fmt: skip
    assert [one["name"] for one in chart["series"]] == ["Count"]
    assert chart["format"] == {"style": "decimal", "currency": "EUR", "whole": True}
    money = chart_of(client.get(save(client, how=["count", "sum", "mean"], measured=["", "value", "value"],
                                     percent=[""] * 3)).text)  # fmt: skip
    assert [one["name"] for one in money["series"]] == ["Value", "Value, mean"]


def test_page_of_a_ready_report_says_what_it_is_about_and_of_which_day(client: FlaskClient, projects: None) -> None:
    page = client.get("/reports/ready/customers_without_contact").text
    assert ">no Activities where (State is Done and When is in the last 90 days)<" in page
    today = dt.datetime.now(dt.UTC)
    assert f"As of {today.day} {today:%b} {today.year}" in page
