"""Reports kept under a name: who sees and changes them, their workbooks, and what is sent of them when."""

import datetime as dt
import logging
from collections.abc import Callable
from decimal import Decimal
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bson import ObjectId
from flask import Flask
from python_calamine import CalamineWorkbook

from models.changes import Change
from models.fields.errors import ConditionError, ValidationFailed
from models.outbox import Message
from models.reports import Report
from models.rights import Access, NotAllowed
from models.security import FieldRight, Group, Role, User
from services.outbox import MAX_ATTACHMENTS, send_due
from services.records import RecordNotFound, VersionConflict, create_record, create_records
from services.reports import schedules
from services.reports.definition import definition_of
from services.reports.figures import figures_of
from services.reports.saved import delete_report, get_report, may_change, reports_for, save_report
from services.reports.schedules import due_before, send_reports
from services.reports.workbook import workbook_of
from services.search import TooSlow
from tests.fixtures.mail import Inbox

Raw = dict[str, Any]
BY_STATUS: Raw = {"register": "company", "groups": [{"column": "status"}], "measures": [{"how": "count"}]}
#: A Wednesday, when it is 8:30 in Helsinki.
MORNING = dt.datetime(2026, 6, 10, 5, 30, tzinfo=dt.UTC)
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)


@pytest.fixture
def team(make_role: Callable, make_user: Callable, access_of: Callable) -> dict[str, Access]:
    """Two of one role, and one of another."""
    make_role("Sales", ("company", "see", "own"), ("opportunity", "see", "own"))
    make_role("Care", ("company", "see", "all"))
    return {name: access_of(make_user(name, role, language="en", time_zone="Europe/Helsinki"))
            for name, role in (("anna", "Sales"), ("bo", "Sales"), ("cia", "Care"))}  # fmt: skip


def save(access: Access, **values: Any) -> Raw:
    return save_report(access, {**BY_STATUS, "name": "Customers", **values})


def role(name: str) -> str:
    return str(Role.objects.get(name=name).pk)


# Keeping and sharing


def test_a_report_is_its_owner_s_until_it_is_shared(team: dict[str, Access]) -> None:
    raw = save(team["anna"])
    assert [one["name"] for one in reports_for(team["anna"])] == ["Customers"]
    with pytest.raises(RecordNotFound):
        get_report(team["bo"], raw["_id"])
    save_report(team["anna"], {"audience": "role", "roles": [role("Sales")]}, raw["_id"])
    shared = get_report(team["bo"], raw["_id"])
    assert (shared["groups"], shared["version"]) == (raw["groups"], 2)
    assert not may_change(team["bo"], shared)
    assert reports_for(team["cia"]) == []
    with pytest.raises(NotAllowed):
        save_report(team["bo"], {"name": "Mine"}, raw["_id"])
    with pytest.raises(NotAllowed):
        delete_report(team["bo"], raw["_id"])


def test_changes_are_told_and_none_is_lost(team: dict[str, Access]) -> None:
    raw = save(team["anna"])
    save_report(team["anna"], {"name": "Ours"}, raw["_id"], version=1)
    with pytest.raises(VersionConflict):
        save_report(team["anna"], {"name": "Theirs"}, raw["_id"], version=1)
    delete_report(team["anna"], raw["_id"])
    with pytest.raises(RecordNotFound):
        get_report(team["anna"], raw["_id"])
    entries = Change.objects(register="report", record=raw["_id"]).order_by("version")
    assert [entry.action for entry in entries] == ["create", "update", "delete"]
    assert entries[1].changes == {"name": ["Customers", "Ours"]}


def test_a_shared_report_is_worked_out_by_the_rights_of_whoever_reads_it(
    team: dict[str, Access], admin_access: Access
) -> None:
    for name in ("anna", "bo", "bo"):
        create_record(admin_access, "company", {"name": "A", "owner": str(team[name].user_id)})
    raw = save(team["anna"], audience="role", roles=[role("Sales")])
    totals = [figures_of(team[name], definition_of(team[name], raw)).totals for name in ("anna", "bo")]
    assert totals == [[1], [2]]


def test_nobody_hands_a_report_to_others_or_takes_one_in_another_s_name(team: dict[str, Access]) -> None:
    raw = save(team["anna"], owner=team["bo"].user_id, _id=ObjectId(), version=7)
    assert (raw["owner"], raw["version"]) == (team["anna"].user_id, 1)
    with pytest.raises(NotAllowed):
        save_report(Access(), {**BY_STATUS, "name": "A"})


@pytest.mark.parametrize(("part", "values"), [
    ("name", {"name": " "}), ("name", {"name": "x" * 101}), ("audience", {"audience": "all"}),
    ("audience", {"audience": "world"}), ("roles", {"audience": "role"}),
    ("roles", {"audience": "role", "roles": ["0123456789abcdef01234567"]}), ("groups", {"groups": [{"column": "x"}]}),
    ("schedule", {"schedule": {"every": "minute"}}), ("schedule", {"schedule": "daily"}),
    ("schedule", {"schedule": {"every": "day", "hour": 8}}),
    ("schedule", {"schedule": {"every": "day", "hour": 24, "users": ["me"]}}),
    ("schedule", {"schedule": {"every": "day", "hour": 8, "users": ["0123456789abcdef01234567"]}}),
    ("schedule", {"schedule": {"every": "week", "weekday": "7", "users": ["0123456789abcdef01234567"]}}),
])  # fmt: skip
def test_what_makes_no_sense_is_told_by_part(team: dict[str, Access], part: str, values: Raw) -> None:
    with pytest.raises(ValidationFailed) as told:
        save(team["anna"], **values)
    assert part in told.value.errors
    assert Report.objects.count() == 0
    with pytest.raises(ConditionError):
        save(team["anna"], conditions=[{"col": "nothing", "opr": "eq", "value": 1}])


# Workbooks


def sheet_of(content: bytes) -> list[list[Any]]:
    return CalamineWorkbook.from_object(BytesIO(content)).get_sheet_by_index(0).to_python()


def test_a_workbook_has_the_same_figures_as_numbers_and_no_formulas(app: Flask, admin_access: Access) -> None:
    for name, value in (("=1+1", "10.05 EUR"), ("http://x.fi", "0.10 EUR"), ("@SUM(A1)", "5 XAU")):
        create_record(admin_access, "opportunity", {"name": name, "value": value})
    figures = figures_of(admin_access, definition_of(admin_access, {
        "register": "opportunity", "groups": [{"column": "name"}],
        "measures": [{"how": "count"}, {"how": "sum", "column": "value"}, {"how": "share", "column": "value"}],
        "order": "1", "limit": 2}))  # fmt: skip
    content = workbook_of(figures, "Book: [1] = ?")
    rows = [[cell for cell in row if cell != ""] for row in sheet_of(content)]
    assert [row for row in rows if row] == [
        ["Book: [1] = ?"], ["Amounts in EUR"], ["Name", "Count", "Value", "Value, share"],
        ["=1+1", 1, 10.05, 10.05 / 10.15], ["http://x.fi", 1, 0.1, 0.1 / 10.15], ["Total", 3, 10.15, 1],
        ["1 record in XAU is left out: there is no rate."], ["Only the first 2 rows are shown."]]  # fmt: skip
    assert figures.rows[0].values[1] == Decimal("10.05")


def test_a_workbook_sets_out_what_stands_across(app: Flask, admin_access: Access) -> None:
    create_records(admin_access, "company", [
        {"name": "A", "status": "customer", "city": "Oulu"}, {"name": "B", "status": "prospect", "city": "OULU"},
        {"name": "C", "status": "customer", "city": "Oulu"}, {"name": "D", "status": "customer"}])  # fmt: skip
    figures = figures_of(admin_access, definition_of(admin_access, {
        "register": "company", "groups": [{"column": "status"}, {"column": "city"}], "across": True}))  # fmt: skip
    assert sheet_of(workbook_of(figures, "T"))[2:7] == [
        ["", "Oulu", "Not given", "Total"], ["Status", "Count", "Count", "Count"], ["Prospect", 1, "", 1],
        ["Customer", 2, 1, 3], ["Total", 3, 1, 4]]  # fmt: skip


# Sending


@pytest.fixture
def at(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[dt.datetime], None]:
    """Have schedules believe that it is another moment."""

    def move(moment: dt.datetime) -> None:
        monkeypatch.setattr("services.reports.schedules.now", lambda: moment)
        monkeypatch.setattr("services.reports.saved.now", lambda: moment)

    return move


def schedule(*users: Access, **values: Any) -> Raw:
    return {"every": "day", "hour": 8, "users": [str(one.user_id) for one in users], **values}


def test_each_recipient_gets_own_figures_once_with_a_workbook(
    team: dict[str, Access], admin_access: Access, at: Callable, inbox: Inbox
) -> None:
    at(MORNING - DAY)
    User.objects(username="bo").update(language="fi")
    for name, status in (("anna", "customer"), ("bo", "customer"), ("bo", "prospect")):
        owner = str(team[name].user_id)
        create_record(admin_access, "company", {"name": "A", "status": status, "owner": owner})
    save(team["anna"], schedule=schedule(team["anna"], roles=[role("Sales")]))
    assert send_reports() == 0
    at(MORNING - HOUR)
    assert send_reports() == 0
    at(MORNING)
    assert [send_reports(), send_reports()] == [2, 0]
    assert send_due() == 2
    mails = {str(mail["To"]): mail for mail in inbox.messages}
    assert set(mails) == {"anna@example.com", "bo@example.com"}
    for address, total, day in (("anna", 1, "Wed, 10 Jun 2026"), ("bo", 2, "ke 10.6.2026")):
        mail = mails[f"{address}@example.com"]
        assert mail["Subject"] == f"Customers, {day}"
        (workbook,) = mail.iter_attachments()
        assert workbook.get_filename() == "Customers.xlsx"
        assert sheet_of(workbook.get_content())[-1][1] == total
        assert f">{total}</th>" in mail.get_body(("html",)).get_content()
    at(MORNING + DAY)
    assert send_reports() == 2


def test_nothing_goes_to_who_may_not_see_what_it_is_about(
    team: dict[str, Access], admin_access: Access, at: Callable, make_role: Callable, make_user: Callable,
    access_of: Callable,
) -> None:
    at(MORNING - DAY)
    make_role("No status", ("company", "see", "all"),
              field_rights=[FieldRight(register="company", column="status", access="hidden")])  # fmt: skip
    make_role("Nothing")
    blind, stranger, left = (access_of(make_user(name, kind)) for name, kind in (
        ("blind", "No status"), ("stranger", "Nothing"), ("left", "Care")))  # fmt: skip
    save(team["anna"], schedule=schedule(blind, stranger, left, team["cia"]))
    User.objects(pk=left.user_id).update(active=False)
    at(MORNING)
    assert send_reports() == 1
    assert [message.address for message in Message.objects] == ["cia@example.com"]


def test_those_who_have_a_role_by_a_group_get_what_is_sent_to_it(
    team: dict[str, Access], at: Callable, make_user: Callable
) -> None:
    at(MORNING - DAY)
    group = Group(name="Sellers", roles=[Role.objects.get(name="Sales")]).save()
    make_user("dan", groups=[group])
    save(team["anna"], schedule=schedule(roles=[role("Sales")]))
    at(MORNING)
    assert send_reports() == 3


def test_a_worker_that_was_killed_in_between_leaves_the_rest_to_the_next(
    team: dict[str, Access], at: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(MORNING - DAY)
    save(team["anna"], schedule=schedule(team["anna"], team["cia"]))
    at(MORNING)
    written = schedules.message_to

    def fails_second(report: Raw, user: Raw, due: dt.datetime) -> Raw | None:
        if Message.objects.count():
            raise KeyboardInterrupt
        return written(report, user, due)

    monkeypatch.setattr(schedules, "message_to", fails_second)
    with pytest.raises(KeyboardInterrupt):
        send_reports()
    monkeypatch.setattr(schedules, "message_to", written)
    assert send_reports() == 1
    assert Message.objects.count() == 2


def test_a_report_that_takes_too_long_holds_up_no_other(
    team: dict[str, Access], at: Callable, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    at(MORNING - DAY)
    slow = save(team["anna"], name="Slow", schedule=schedule(team["anna"]))
    save(team["anna"], name="Quick", schedule=schedule(team["anna"]), groups=[])
    at(MORNING)
    worked_out = schedules.figures_of

    def figures(access: Access, definition: Any) -> Any:
        if definition.groups:
            raise TooSlow
        return worked_out(access, definition)

    monkeypatch.setattr(schedules, "figures_of", figures)
    with caplog.at_level(logging.WARNING):
        assert [send_reports(), send_reports()] == [1, 0]
    assert caplog.text.count(str(slow["_id"])) == 1


def test_a_workbook_too_large_to_send_stays_behind(
    team: dict[str, Access], at: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(MORNING - DAY)
    save(team["anna"], schedule=schedule(team["anna"]))
    monkeypatch.setattr("services.reports.mail.workbook_of", lambda *_args: b"x" * (MAX_ATTACHMENTS + 1))
    at(MORNING)
    assert send_reports() == 1
    assert list(Message.objects.get().attachments) == []


@pytest.mark.parametrize(("asked", "due"), [
    ({"every": "day", "hour": 8}, "2026-06-10T05:00"), ({"every": "day", "hour": 9}, "2026-06-09T06:00"),
    ({"every": "week", "weekday": 2, "hour": 8}, "2026-06-10T05:00"),
    ({"every": "week", "weekday": 3, "hour": 8}, "2026-06-04T05:00"),
    ({"every": "week", "weekday": 2, "hour": 9}, "2026-06-03T06:00"),
    ({"every": "month", "day": 10, "hour": 0}, "2026-06-09T21:00"),
    ({"every": "month", "day": 11, "hour": 0}, "2026-05-10T21:00"),
    ({"every": "month", "day": 28, "hour": 8}, "2026-05-28T05:00"),
])  # fmt: skip
def test_the_moment_that_is_due_goes_by_the_owner_s_clock(asked: Raw, due: str) -> None:
    found = due_before({"weekday": 0, "day": 1, **asked}, MORNING.astimezone(ZoneInfo("Europe/Helsinki")))
    assert found == dt.datetime.fromisoformat(due).replace(tzinfo=dt.UTC)


def test_what_was_not_sent_in_time_is_sent_the_next_time(team: dict[str, Access], at: Callable) -> None:
    at(MORNING - DAY)
    save(team["anna"], schedule=schedule(team["anna"]))
    at(MORNING + 13 * HOUR)
    assert send_reports() == 0
    at(MORNING + DAY + 11 * HOUR)
    assert send_reports() == 1
    User.objects(username="anna").update(active=False)
    at(MORNING + 2 * DAY)
    assert send_reports() == 0
