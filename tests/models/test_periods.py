"""Days that move with today."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.fields.periods import PERIODS, days_of, offered_periods, period_label

DAY = dt.timedelta(days=1)


@pytest.mark.parametrize(("code", "first", "last"), [
    ("today", "2026-11-26", "2026-11-26"), ("yesterday", "2026-11-25", "2026-11-25"),
    ("tomorrow", "2026-11-27", "2026-11-27"), ("this_week", "2026-11-23", "2026-11-29"),
    ("last_week", "2026-11-16", "2026-11-22"), ("next_week", "2026-11-30", "2026-12-06"),
    ("this_month", "2026-11-01", "2026-11-30"), ("last_month", "2026-10-01", "2026-10-31"),
    ("next_month", "2026-12-01", "2026-12-31"), ("this_quarter", "2026-10-01", "2026-12-31"),
    ("last_quarter", "2026-07-01", "2026-09-30"), ("next_quarter", "2027-01-01", "2027-03-31"),
    ("this_year", "2026-01-01", "2026-12-31"), ("last_year", "2025-01-01", "2025-12-31"),
    ("next_year", "2027-01-01", "2027-12-31"), ("last_30_days", "2026-10-28", "2026-11-26"),
    ("next_7_days", "2026-11-26", "2026-12-02"), ("last_1_days", "2026-11-26", "2026-11-26"),
    ("last_6_months", "2026-05-27", "2026-11-26"), ("next_3_months", "2026-11-26", "2027-02-25"),
    ("past", "0001-01-01", "2026-11-25"), ("future", "2026-11-27", "9999-12-30"),
])  # fmt: skip
def test_periods_on_a_thursday_in_november(code: str, first: str, last: str) -> None:
    begins, after = days_of(code, dt.date(2026, 11, 26))
    assert (begins.isoformat(), (after - DAY).isoformat()) == (first, last)


@given(st.dates(dt.date(1950, 1, 1), dt.date(2900, 1, 1)), st.sampled_from(["week", "month", "quarter", "year"]))
def test_last_this_and_next_follow_each_other_without_a_gap(today: dt.date, unit: str) -> None:
    spans = [days_of(f"{which}_{unit}", today) for which in ("last", "this", "next")]
    assert spans[0][1] == spans[1][0]
    assert spans[1][1] == spans[2][0]
    assert spans[1][0] <= today < spans[1][1]


@pytest.mark.parametrize("code", ["", "last", "last_month_", "last_0_days", "last_-3_days", "last_10000_days", "week",
                                  "this_decade", "last_٣_days", "last_0_months", "last_1000_months",
                                  "past_days"])  # fmt: skip
def test_other_words_are_no_periods(code: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        days_of(code, dt.date(2026, 1, 1))
    assert period_label(code) is None


def test_every_offered_period_has_a_label() -> None:
    assert {code for code, _label in offered_periods()} > set(PERIODS)
    for code, label in offered_periods():
        assert str(label)
        days_of(code, dt.date(2024, 2, 29))
