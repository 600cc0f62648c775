"""Numbers, amounts and days are written as Babel writes them."""

import datetime as dt
from decimal import Decimal

import pytest
from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal, list_currencies
from hypothesis import example, given
from hypothesis import strategies as st

from models.fields.kinds.written import clock_text, day_text, money_text, number_text

LOCALES = st.sampled_from(["en_GB", "fi", "sv", "de", "hi", "ar"])


@given(st.one_of(st.integers(-(10**17), 10**17), st.floats(-1e17, 1e17)), LOCALES)
@example(0, "fi")
@example(-0.0, "fi")
@example(9_999.99999999999, "en_GB")
@example(10_000, "fi")
@example(-12_345.678, "fi")
@example(1e-11, "en_GB")
@example(1e17, "sv")
def test_numbers(value: float, locale: str) -> None:
    picture = "#,##0.##########" if abs(value) >= 10_000 else "0.##########"
    expected = format_decimal(value, format=picture, locale=locale)
    written = number_text(value, locale)
    if abs(value) < 5e-11:
        # Babel writes a minus before what is rounded to nothing.
        written, expected = written.lstrip("-"), expected.lstrip("-")
    assert written == expected


@given(st.decimals(-(10**15), 10**15, places=4), st.sampled_from(sorted(list_currencies())), LOCALES)
@example(Decimal("0.005"), "EUR", "fi")
@example(Decimal("-0.001"), "EUR", "fi")
@example(Decimal("1234567.5"), "JPY", "en_GB")
@example(Decimal("-1234.5"), "USD", "fi")
def test_amounts(amount: Decimal, currency: str, locale: str) -> None:
    assert money_text(amount, currency, locale) == format_currency(amount, currency, locale=locale)


@given(st.datetimes(), LOCALES)
def test_days_and_times(moment: dt.datetime, locale: str) -> None:
    assert day_text(moment.date(), locale) == format_date(moment.date(), "medium", locale)
    assert clock_text(moment.hour, moment.minute, locale) == format_time(moment.time(), "short", locale=locale)


@pytest.mark.parametrize(("locale", "text"), [("fi", "-12 345,5"), ("en_GB", "-12,345.5")])
def test_as_people_write_it(locale: str, text: str) -> None:
    assert number_text(-1e-12, locale) == "0"
    # Babel can't write numbers as long as this.
    assert len(number_text(2**63 - 1, locale)) == len("9,223,372,036,854,775,807")
    assert number_text(-12_345.5, locale).replace("\u00a0", " ") == text
