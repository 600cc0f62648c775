"""When repeating activities take place: through changes of the clock, without skipped starts."""

import datetime as dt
import itertools
from typing import Any

import pytest

from services.recurrence import BadRule, check_rule, occurrences

Raw = dict[str, Any]
HELSINKI = "Europe/Helsinki"


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def meeting(start: str, minutes: int = 60, **values: Any) -> Raw:
    return {"starts_at": at(start), "ends_at": at(start) + dt.timedelta(minutes=minutes), "zone": HELSINKI, **values}


def starts(raw: Raw, start: str, end: str) -> list[str]:
    return [span[0].strftime("%m-%d %H:%M") for span in occurrences(raw, at(start), at(end))]


def test_a_meeting_that_does_not_repeat_is_there_where_it_touches_the_time() -> None:
    raw = meeting("2026-03-02T08:00")
    assert list(occurrences(raw, at("2026-03-02T08:30"), at("2026-03-03"))) == [(raw["starts_at"], raw["ends_at"])]
    assert starts(raw, "2026-03-02T09:00", "2026-03-03") == []
    assert starts(raw, "2026-03-01", "2026-03-02T08:00") == []
    assert list(occurrences({"zone": HELSINKI}, at("2026-03-01"), at("2027-01-01"))) == []


def test_a_weekly_meeting_keeps_its_hour_on_the_wall_through_both_changes_of_the_clock() -> None:
    raw = meeting("2026-03-23T07:00", repeats="FREQ=WEEKLY")
    assert starts(raw, "2026-03-20", "2026-04-08") == ["03-23 07:00", "03-30 06:00", "04-06 06:00"]
    assert starts(raw, "2026-10-18", "2026-10-28") == ["10-19 06:00", "10-26 07:00"]


def test_an_hour_that_is_left_out_and_one_that_comes_twice() -> None:
    raw = meeting("2026-03-28T01:30", repeats="FREQ=DAILY")
    assert starts(raw, "2026-03-28", "2026-03-31") == ["03-28 01:30", "03-29 01:30", "03-30 00:30"]
    assert starts(raw, "2026-10-24T12:00", "2026-10-26T12:00") == ["10-25 00:30", "10-26 01:30"]


def test_a_whole_day_is_as_long_as_it_is_there_and_an_hour_is_an_hour() -> None:
    raw = meeting("2026-03-27T22:00", 24 * 60, all_day=True, repeats="FREQ=DAILY")
    found = occurrences(raw, at("2026-03-28"), at("2026-03-30"))
    assert [(end - start).total_seconds() / 3600 for start, end in found] == [24, 23, 24]
    night = meeting("2026-03-27T23:00", 240, repeats="FREQ=DAILY")
    assert {end - start for start, end in occurrences(night, at("2026-03-28"), at("2026-03-30"))} == {
        dt.timedelta(hours=4)
    }


def test_skipped_starts_are_left_out_and_still_counted() -> None:
    raw = meeting("2026-01-05T08:00", repeats="FREQ=WEEKLY;COUNT=3", skipped=[at("2026-01-12T08:00")])
    assert starts(raw, "2026-01-01", "2027-01-01") == ["01-05 08:00", "01-19 08:00"]


@pytest.mark.parametrize(("until", "last"), [
    ("20260119", "01-19 08:00"), ("20260119T080000Z", "01-19 08:00"), ("20260119T075959Z", "01-12 08:00"),
    ("20260119T100000", "01-19 08:00"),
])  # fmt: skip
def test_a_rule_ends_with_its_last_day(until: str, last: str) -> None:
    raw = meeting("2026-01-05T08:00", repeats=f"FREQ=WEEKLY;UNTIL={until}")
    assert starts(raw, "2026-01-01", "2027-01-01")[-1] == last


def test_the_first_start_counts_also_where_the_rule_would_not_give_it() -> None:
    raw = meeting("2026-01-07T08:00", repeats="FREQ=WEEKLY;BYDAY=MO;COUNT=3")
    assert starts(raw, "2026-01-01", "2027-01-01") == ["01-07 08:00", "01-12 08:00", "01-19 08:00"]


def test_the_last_friday_of_each_month_and_every_other_week() -> None:
    raw = meeting("2026-01-30T08:00", repeats="FREQ=MONTHLY;BYDAY=-1FR")
    assert starts(raw, "2026-02-01", "2026-04-25") == ["02-27 08:00", "03-27 08:00", "04-24 07:00"]
    other = meeting("2026-01-05T08:00", repeats="FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU")
    assert starts(other, "2026-01-06", "2026-02-03") == ["01-11 08:00", "01-19 08:00", "01-25 08:00", "02-02 08:00"]


@pytest.mark.parametrize("rule", ["FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY;INTERVAL=3;BYDAY=TU,SA", "FREQ=WEEKLY"])
def test_years_that_are_passed_over_change_nothing(rule: str) -> None:
    raw = meeting("2001-05-08T07:00", repeats=rule)
    through = [span for span in occurrences(raw, at("2001-01-01"), at("2026-07-01")) if span[0] >= at("2026-06-01")]
    assert through
    assert list(occurrences(raw, at("2026-06-01"), at("2026-07-01"))) == through


def test_a_task_repeats_by_the_day_it_is_due_and_stands_at_that_day_s_end() -> None:
    task = {"due_on": at("2026-01-05"), "due_at": at("2026-01-05T22:00"), "zone": HELSINKI,
            "repeats": "FREQ=WEEKLY;BYDAY=MO"}  # fmt: skip
    assert starts(task, "2026-01-01", "2026-01-14") == ["01-05 22:00", "01-12 22:00"]
    assert starts({**task, "due_time": "09:30"}, "2026-01-01", "2026-01-14") == ["01-05 07:30", "01-12 07:30"]


def test_without_an_end_the_spans_go_on_lazily_for_ten_years() -> None:
    raw = meeting("2026-01-05T08:00", repeats="FREQ=YEARLY")
    assert [span[0].year for span in itertools.islice(occurrences(raw, at("2030-01-01")), 3)] == [2030, 2031, 2032]
    assert len(list(occurrences(raw, at("2030-01-01")))) == 11


@pytest.mark.parametrize("start", ["0001-01-01T00:00", "1900-01-01T00:00", "2199-12-31T23:30", "9999-12-31T22:30"])
def test_the_calendar_s_ends_break_nothing(start: str) -> None:
    raw = meeting(start, 10, repeats="FREQ=YEARLY")
    for since in ("0001-01-01", "2026-01-01", "9999-12-31"):
        assert all(one < another for one, another in itertools.pairwise(occurrences(raw, at(since))))
    assert next(occurrences(raw, at("0001-01-01"), at("9999-12-31T23:59")))[0] == at(start)


@pytest.mark.parametrize("rule", [
    "", "x", "FREQ=SECONDLY", "FREQ=HOURLY", "FREQ=DAILY;BYHOUR=1", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=-1",
    "FREQ=DAILY;COUNT=0", "FREQ=DAILY;COUNT=99999", "FREQ=DAILY;COUNT=3;UNTIL=20260101", "FREQ=DAILY;UNTIL=x",
    "FREQ=DAILY;UNTIL=20260231", "FREQ=WEEKLY;BYDAY=XX", "FREQ=MONTHLY;BYMONTHDAY=x", "FREQ=MONTHLY;BYMONTHDAY=",
    "FREQ=DAILY\nRRULE:FREQ=SECONDLY", "FREQ=DAILY;" + "X" * 300, "FREQ=WEEKLY;BYDAY=", "FREQ=MONTHLY;BYSETPOS=400",
    "FREQ=DAILY;WKST=x", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=WEEKLY;BYDAY=99MO;BYMONTH=0,x",
])  # fmt: skip
def test_a_rule_that_is_none_is_refused(rule: str) -> None:
    with pytest.raises(BadRule):
        check_rule(rule)


def test_good_rules_are_taken() -> None:
    for rule in ("FREQ=WEEKLY;BYDAY=MO", "freq=daily;interval=2", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"):
        check_rule(rule)
