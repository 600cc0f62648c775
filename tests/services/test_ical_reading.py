"""Calendar files taken in: what comes of events, the same file again, and files that are none."""

import datetime as dt
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient

from models.activities import Activity
from models.rights import Access
from models.security import User
from services.calendar import entries_of
from services.feeds import feed_text, renew_feed
from services.ical_reading import BadCalendar, read_calendar
from services.occurrences import change_occurrence
from services.records import create_record

FILE = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Somebody//EN
BEGIN:VEVENT
UID:weekly@example.org
DTSTAMP:20261001T000000Z
DTSTART;TZID=Europe/Helsinki:20261019T090000
DTEND;TZID=Europe/Helsinki:20261019T100000
RRULE:FREQ=WEEKLY;COUNT=4
EXDATE;TZID=Europe/Helsinki:20261102T090000
SUMMARY:Weekly\\, with Aino
LOCATION:Room 5
CLASS:PRIVATE
END:VEVENT
BEGIN:VEVENT
UID:weekly@example.org
DTSTAMP:20261001T000000Z
RECURRENCE-ID;TZID=Europe/Helsinki:20261026T090000
DTSTART;TZID=Europe/Helsinki:20261027T120000
DURATION:PT30M
SUMMARY:Moved
END:VEVENT
BEGIN:VEVENT
UID:trip@example.org
DTSTAMP:20261001T000000Z
DTSTART;VALUE=DATE:20261021
DTEND;VALUE=DATE:20261023
SUMMARY:Trip
END:VEVENT
BEGIN:VEVENT
UID:broken@example.org
DTSTAMP:20261001T000000Z
DTSTART:20261021T090000Z
DTEND:20261020T090000Z
SUMMARY:Ends before it starts
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


@pytest.fixture
def me(admin: User, access_of: Callable[[User], Access]) -> Access:
    return access_of(admin)


def shown(me: Access, start: dt.datetime = dt.datetime(2026, 10, 18, tzinfo=dt.UTC), days: int = 30) -> list[Any]:
    found = entries_of(me, [me.user_id], start, start + dt.timedelta(days=days))
    return [(f"{one.start:%m-%d %H:%M}", one.raw["name"]) for one in found]


def test_events_become_entries_and_the_same_file_again_changes_nothing_twice(me: Access) -> None:
    outcome = read_calendar(me, FILE.encode())
    assert (outcome.added, outcome.changed, [name for name, _why in outcome.left]) == (2, 1, ["Ends before it starts"])
    weekly = "Weekly, with Aino"
    expected = [("10-19 06:00", weekly), ("10-20 21:00", "Trip"), ("10-27 10:00", "Moved"), ("11-09 07:00", weekly)]
    assert shown(me) == expected
    assert read_calendar(me, FILE.encode()).added == 0
    assert shown(me) == expected
    read_calendar(me, FILE.replace("Room 5", "Room 6").encode())
    held = Activity._get_collection().find_one({"uid": "weekly@example.org"}) or {}
    assert (held["place"], held["private"], held["zone"]) == ("Room 6", True, "Europe/Helsinki")


def test_what_a_feed_hands_out_comes_back_the_same(
    me: Access, make_user: Callable[..., User], access_of: Callable[[User], Access]
) -> None:
    start = dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0)
    raw = create_record(me, "activity", {"name": "Weekly", "starts_at": start, "ends_at": start + dt.timedelta(hours=1),
                                         "repeats": "FREQ=DAILY;COUNT=5"})  # fmt: skip
    change_occurrence(me, raw["_id"], start + dt.timedelta(days=2), {"name": "Changed"})
    aino = access_of(make_user("aino", "Staff"))
    read_calendar(aino, feed_text(renew_feed(me, "user", me.user_id)))
    assert shown(aino, start) == shown(me, start)


@pytest.mark.parametrize("data", [
    b"", b"nonsense", b"\x00\xff", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR", b"BEGIN:VCALENDAR", b"x" * 3_000_000,
    b"BEGIN:VEVENT\r\n" * 500,
])  # fmt: skip
def test_what_is_no_calendar_is_refused(me: Access, data: bytes) -> None:
    with pytest.raises(BadCalendar):
        read_calendar(me, data)


@pytest.mark.parametrize("line", [
    "DTSTART:99991231T235959Z", "DTSTART:never", "X-NOTHING:1", "DTSTART;VALUE=DATE:00010101",
    "DTSTART:20261021T090000Z\r\nRRULE:FREQ=SECONDLY", "DTSTART:20261021T090000Z\r\nDURATION:P99999999D",
    "DTSTART:20261021T090000Z\r\nRRULE:FREQ=DAILY\r\nRRULE:FREQ=WEEKLY", "DTSTART:20261021T090000Z\r\nEXDATE:x",
])  # fmt: skip
def test_an_event_that_makes_no_sense_is_left_out_or_its_file_refused(me: Access, line: str) -> None:
    text = f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\n{line}\r\nSUMMARY:Odd\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    try:
        outcome = read_calendar(me, text.encode())
    except BadCalendar:
        return
    assert outcome.added + len(outcome.left) == 1


def test_a_file_is_taken_in_on_the_page(client: FlaskClient) -> None:
    answer = client.post("/calendar/upload", data={"file": (BytesIO(FILE.encode()), "a.ics")}, follow_redirects=True)
    assert b"Events added: 2, changed: 1." in answer.data
    assert client.post("/calendar/upload", data={}).status_code == 302
