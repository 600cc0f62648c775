"""A seller limited to own records sees sums over own records only: on every page, in workbooks and in e-mail."""

import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models.companies import Company
from models.opportunities import Opportunity
from models.outbox import Message
from models.reports import Report
from models.rights import Access
from models.security import User
from services.campaigns import log_response
from services.records import create_record, update_record
from services.reports.ready import READY
from services.reports.saved import save_report
from services.reports.schedules import send_reports
from tests.factories import CompanyFactory

Raw = dict[str, Any]
#: Nothing else on a page has such digits, alone or added to the other's.
MINE, OTHERS = "1111.11", "777777.77"
TELLING = re.compile(r"777.?777|778.?888|Vierasprojekti|Vierasyritys")
ACTIONS = ("see", "add", "change", "export", "merge")
REGISTERS = ("opportunity", "company", "activity", "product", "campaign")
CONDITIONS = "_flt_eq_state=open"


@pytest.fixture
def seller(make_role: Callable[..., Any], make_user: Callable[..., User]) -> User:
    """May see own records alone, of every register."""
    make_role("Own", *[(register, action, "own") for register in REGISTERS for action in ACTIONS])
    return make_user("seija", "Own")


@pytest.fixture
def book(seller: User, make_user: Callable[..., User], admin_access: Access) -> list[Raw]:
    """An open, a won and a lost opportunity of the seller, and the same of somebody else, which had been changed."""
    other, made = make_user("onni", "Staff"), []
    for owner, value, name in ((seller, MINE, "Omaprojekti"), (other, OTHERS, "Vierasprojekti")):
        company = CompanyFactory(name=name.replace("projekti", "yritys"), status="customer", owner=str(owner.pk))
        for state in ("open", "won", "lost"):
            raw = create_record(admin_access, "opportunity", {
                "name": f"{name} {state}", "value": "5 EUR", "owner": str(owner.pk), "company": str(company["_id"]),
                "closes_on": dt.date.today().isoformat(), "stage": "offer"})  # noqa: DTZ011 # fmt: skip
            closing = {"state": state, "reason": "price"} if state != "open" else {}
            made.append(update_record(admin_access, "opportunity", raw["_id"], {"value": f"{value} EUR", **closing}))
        create_record(admin_access, "activity", {"name": f"{name} call", "owner": str(owner.pk), "state": "done",
                                                 "companies": [str(company["_id"])]})  # fmt: skip
    return made


def addresses(client: FlaskClient, report: Raw) -> Iterator[str]:
    """Every page on which something is added up."""
    yield from ("/", "/opportunities/board", f"/opportunities/board?{CONDITIONS}", "/opportunities/?view=none",
                "/opportunities/?group=state", "/companies/", "/reports/", f"/reports/{report['_id']}")  # fmt: skip
    yield from (f"/opportunities/cards?stage={stage}" for stage in ("qualification", "offer", "won", "lost"))
    yield from (f"/reports/ready/{key}" for key in READY)
    yield from (f"/reports/ready/{key}?as_of={yesterday()}" for key in READY if key not in ("activity_by_seller",))
    for what in ("value", "weighted", "count"):
        yield f"/opportunities/development?weeks=13&show={what}"
    yield from (f"/opportunities/moved?since={day}" for day in ("2020-01-01", yesterday()))
    # What a tray fetches after it is shown.
    yield from re.findall(r'data-tool-url="([^"]+)"', client.get("/", follow_redirects=True).text)


def yesterday() -> str:
    return (dt.date.today() - dt.timedelta(days=1)).isoformat()  # noqa: DTZ011


@pytest.fixture
def shared(admin: User, admin_access: Access, access_of: Callable[[User], Access], seller: User) -> Raw:
    """An administrator's report of all offers, shared with everybody and sent to the seller every day."""
    return save_report(access_of(admin), {
        "register": "opportunity", "name": "All offers", "groups": [{"column": "owner"}, {"column": "name"}],
        "measures": [{"how": "sum", "column": "value"}, {"how": "mean", "column": "value"}], "audience": "all",
        "schedule": {"every": "day", "hour": 0, "users": [str(seller.pk)]}})  # fmt: skip


@pytest.mark.usefixtures("book")
def test_no_page_tells_of_others_records(
    seller: User, sign_in: Callable[[User], FlaskClient], shared: Raw, admin: User
) -> None:
    client, seen = sign_in(seller), 0
    for address in addresses(client, shared):
        answer = client.get(address, follow_redirects=True)
        assert answer.status_code in (200, 400, 404, 422), address
        assert not TELLING.search(answer.text), address
        seen += answer.status_code == 200
    assert seen > 25, seen
    # Who may see all is told what is looked for.
    everything = sign_in(admin)
    for address in ("/opportunities/board", "/reports/ready/offer_book", f"/reports/{shared['_id']}"):
        assert TELLING.search(everything.get(address).text), address
    assert re.search(r"1.?111.11", client.get("/reports/ready/offer_book").text)


def test_a_campaign_tells_the_reader_s_sums(
    seller: User, sign_in: Callable[[User], FlaskClient], book: list[Raw], admin: User, admin_access: Access
) -> None:
    campaign = create_record(admin_access, "campaign", {"name": "Autumn", "costs": "100 EUR", "owner": str(seller.pk)})
    for raw in book:
        update_record(admin_access, "opportunity", raw["_id"], {"campaign": str(campaign["_id"])})
    for raw in Company._get_collection().find():
        log_response(admin_access, campaign, {"response": "interested", "companies": [str(raw["_id"])]})
    address = f"/campaigns/results/{campaign['_id']}"
    own, everything = sign_in(seller).get(address), sign_in(admin).get(address)
    assert own.status_code == 200
    assert not TELLING.search(own.text)
    assert re.search(r"1.?111", own.text)
    assert TELLING.search(everything.text)


@pytest.mark.usefixtures("book")
def test_no_workbook_tells_of_others_records(
    seller: User, sign_in: Callable[[User], FlaskClient], shared: Raw
) -> None:
    client = sign_in(seller)
    for address in (f"/reports/{shared['_id']}/xlsx", *(f"/reports/ready/{key}/xlsx" for key in READY)):
        answer = client.get(address)
        assert answer.status_code == 200, address
        with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
            assert not [name for name in book.namelist() if TELLING.search(book.read(name).decode(errors="replace"))]


@pytest.mark.usefixtures("book")
def test_what_is_sent_on_a_schedule_has_the_reader_s_sums(app: Flask, shared: Raw) -> None:
    Report.objects(pk=shared["_id"]).update(created_at=dt.datetime.now(dt.UTC) - dt.timedelta(days=3))
    Report._get_collection().update_one({"_id": shared["_id"]}, {"$unset": {"sent_for": ""}})
    local = dt.datetime.now(dt.UTC)
    Report._get_collection().update_one({"_id": shared["_id"]}, {"$set": {"schedule.hour": local.hour}})
    assert send_reports() == 1
    message = Message.objects.get()
    told = str(message.to_mongo().to_dict())
    assert "1" in told
    assert not TELLING.search(told)


@pytest.mark.usefixtures("book")
def test_others_records_are_not_found_by_rest(seller: User, sign_in: Callable[[User], FlaskClient]) -> None:
    assert Opportunity.objects.count() == 6
    client = sign_in(seller)
    assert not TELLING.search(client.get("/search/quick?q=projekti").text)
