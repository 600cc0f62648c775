"""Calendars for other programs: read back by icalendar they hold the same entries, and nothing private of a team's."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from icalendar import Calendar

from models.feeds import CalendarFeed
from models.rights import Access, NotAllowed
from models.security import Team, User
from services.calendar import entries_of
from services.feeds import end_feed, feed_text, renew_feed
from services.occurrences import change_occurrence, skip_occurrence
from services.records import RecordNotFound, create_record

Raw = dict[str, Any]
DAY = dt.timedelta(days=1)


@pytest.fixture
def me(admin: User, access_of: Callable[[User], Access]) -> Access:
    return access_of(admin)


def monday() -> dt.datetime:
    today = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - today.weekday() * DAY


def add(me: Access, start: dt.datetime, hours: int = 1, **values: Any) -> Raw:
    return create_record(me, "activity", {"name": "Meeting", "starts_at": start,
                                          "ends_at": start + dt.timedelta(hours=hours), **values})  # fmt: skip


def read(me: Access, kind: str = "user", whose: Any = None) -> Calendar:
    return Calendar.from_ical(feed_text(renew_feed(me, kind, whose or me.user_id)))


def test_a_feed_read_back_gives_the_same_entries(me: Access) -> None:
    start = monday() + dt.timedelta(hours=7)
    weekly = add(me, start, name="Weekly", repeats="FREQ=WEEKLY;COUNT=5", place="Room 5", text="What & when")
    starts = [one.start for one in entries_of(me, [me.user_id], monday(), monday() + 40 * DAY)]
    skip_occurrence(me, weekly["_id"], starts[1])
    change_occurrence(me, weekly["_id"], starts[2], {"name": "Changed", "starts_at": starts[2] + DAY,
                                                     "ends_at": starts[2] + DAY})  # fmt: skip
    calendar = read(me)
    (rule, changed) = sorted(calendar.walk("VEVENT"), key=lambda event: "RECURRENCE-ID" in event)
    assert (rule["UID"], rule["SUMMARY"], rule["LOCATION"], rule["DESCRIPTION"]) == (
        changed["UID"], "Weekly", "Room 5", "What & when")  # fmt: skip
    assert rule["RRULE"]["COUNT"] == [5]
    assert [one.dt.astimezone(dt.UTC) for one in rule["EXDATE"].dts] == [starts[1]]
    assert changed["RECURRENCE-ID"].dt.astimezone(dt.UTC) == starts[2]
    assert changed["DTSTART"].dt.astimezone(dt.UTC) == starts[2] + DAY
    assert str(rule["DTSTART"].dt.tzinfo) == "Europe/Helsinki"
    assert [zone["TZID"] for zone in calendar.walk("VTIMEZONE")] == ["Europe/Helsinki"]


def test_whole_days_are_days(me: Access) -> None:
    start = dt.datetime.combine(monday().date(), dt.time()).isoformat()[:16]
    create_record(me, "activity", {"name": "Trip", "starts_at": start, "ends_at": (monday() + 2 * DAY).isoformat()[:16],
                                   "all_day": "1"})  # fmt: skip
    (event,) = read(me).walk("VEVENT")
    assert event["DTSTART"].dt == monday().date()
    assert type(event["DTSTART"].dt) is dt.date


def test_a_teams_feed_tells_of_private_entries_that_somebody_is_busy(
    me: Access, make_user: Callable[..., User], access_of: Callable[[User], Access]
) -> None:
    team = Team(name="South").save()
    aino = access_of(make_user("aino", "Staff", team=team))
    secret = add(aino, monday(), name="Dentist", private=True, place="Town")
    add(aino, monday() + DAY, name="Visit")
    text = feed_text(renew_feed(me, "team", team.pk))
    assert sorted(event["SUMMARY"] for event in Calendar.from_ical(text).walk("VEVENT")) == ["Busy", "Visit"]
    for hidden in ("Dentist", "Town", str(secret["_id"])):
        assert hidden.encode() not in text
    assert b"Dentist" in feed_text(renew_feed(aino, "user", aino.user_id))
    with pytest.raises(NotAllowed):
        renew_feed(aino, "team", team.pk)
    with pytest.raises(NotAllowed):
        renew_feed(aino, "user", me.user_id)


def test_an_address_is_renewed_taken_away_and_kept_as_its_hash_alone(me: Access, admin: User) -> None:
    first = renew_feed(me, "user", me.user_id)
    second = renew_feed(me, "user", me.user_id)
    assert first not in str(list(CalendarFeed._get_collection().find()))
    with pytest.raises(RecordNotFound):
        feed_text(first)
    assert feed_text(second)
    end_feed(me, "user", me.user_id)
    with pytest.raises(RecordNotFound):
        feed_text(second)
    third = renew_feed(me, "user", me.user_id)
    User.objects(pk=admin.pk).update_one(set__active=False)
    with pytest.raises(RecordNotFound):
        feed_text(third)


def test_a_program_reads_it_without_signing_in_and_is_told_when_nothing_changed(
    app: Flask, client: FlaskClient, me: Access
) -> None:
    add(me, monday())
    page = client.post(f"/calendar/addresses/user/{me.user_id}", follow_redirects=True).get_data(as_text=True)
    path = page.partition("/calendar/feed/")[2].partition("<")[0]
    program = app.test_client()
    answer = program.get(f"/calendar/feed/{path}")
    assert (answer.status_code, answer.mimetype) == (200, "text/calendar")
    again = program.get(f"/calendar/feed/{path}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert program.get("/calendar/feed/nonsense.ics").status_code == 404


def test_a_feed_goes_by_the_rights_that_its_user_has_when_it_is_read(
    me: Access, make_role: Callable[..., Any], make_user: Callable[..., User], access_of: Callable[[User], Access]
) -> None:
    """An address handed out once tells no more than the screens: not what a role hides, nothing once no role sees."""
    hiding = make_role("Hides", ("activity", "see", "own"), field_rights=[
        {"register": "activity", "column": column, "access": "hidden"} for column in ("place", "text")])  # fmt: skip
    aino = make_user("aino", hiding)
    add(me, monday(), name="Visit", place="Room 5", text="Secret", owner=str(aino.pk))
    secret = renew_feed(access_of(aino), "user", aino.pk)
    (event,) = Calendar.from_ical(feed_text(secret)).walk("VEVENT")
    assert (event["SUMMARY"], "LOCATION" in event, "DESCRIPTION" in event) == ("Visit", False, False)
    User.objects(pk=aino.pk).update(set__roles=[])
    (event,) = Calendar.from_ical(feed_text(secret)).walk("VEVENT")
    assert event["SUMMARY"] == "Busy"
