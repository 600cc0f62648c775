"""The screen of exchange rates: adding, changing and taking away, the organisation's currency, and who may."""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.changes import Change
from models.organisation import organisation
from models.rates import ExchangeRate
from models.security import User
from services.currencies import Rates, rates_on
from tests.fixtures.app import PASSWORD

URL = "/settings/currencies/"


def add(client: FlaskClient, currency: str = "SEK", day: str = "2024-01-01", rate: str = "0.09", **more: str) -> Any:
    return client.post(URL, data={"currency": currency, "day": day, "rate": rate, **more})


def test_each_day_goes_by_the_last_rate_that_began_by_then(client: FlaskClient) -> None:
    for day, rate in (("2024-01-01", "0.09"), ("2024-03-01", "0.085"), ("2024-02-01", "0.0888")):
        assert add(client, day=day, rate=rate).status_code == 302
    add(client, currency="usd", day="31.1.2024", rate="0.9")
    found = {day: rates_on(dt.date.fromisoformat(day)).rates
             for day in ("2023-12-31", "2024-01-31", "2024-02-29", "2025-01-01")}  # fmt: skip
    assert found == {
        "2023-12-31": {}, "2024-01-31": {"SEK": Decimal("0.09"), "USD": Decimal("0.9")},
        "2024-02-29": {"SEK": Decimal("0.0888"), "USD": Decimal("0.9")},
        "2025-01-01": {"SEK": Decimal("0.085"), "USD": Decimal("0.9")},
    }  # fmt: skip


def test_amounts_are_converted_exactly_and_without_a_rate_not_at_all() -> None:
    rates = Rates("EUR", {"SEK": Decimal("0.0871234567")})
    assert rates.convert(Decimal("999999999999999.9999"), "SEK") == Decimal("87123456699999.99999128765433")
    assert rates.convert(Decimal("1.005"), "EUR") == Decimal("1.005")
    assert rates.convert(Decimal(1), "NOK") is None


def test_a_rate_is_changed_and_taken_away_and_changes_are_kept(client: FlaskClient) -> None:
    add(client)
    raw = ExchangeRate.objects.get()
    page = client.get(f"{URL}?change={raw.pk}").text
    assert 'value="0.09"' in page
    changed = {"change": str(raw.pk), "version": "1"}
    assert add(client, rate="0.1", **changed).status_code == 302
    late = add(client, rate="0.2", **changed)
    assert late.status_code == 409
    assert "It is now: 0.1" in late.text
    assert 'value="0.2"' in late.text
    assert client.post(f"{URL}delete/{raw.pk}").status_code == 302
    assert ExchangeRate.objects.count() == 0
    entries = Change.objects(record=raw.pk).order_by("at")
    assert [(entry.action, entry.version) for entry in entries] == [("create", 1), ("update", 2), ("delete", 3)]
    assert [str(value) for value in entries[1].changes["rate"]] == ["0.09", "0.1"]
    assert client.get(f"{URL}?change={raw.pk}").status_code == 404
    assert client.post(f"{URL}delete/nothing").status_code == 404


@pytest.mark.parametrize(("part", "value", "message"), [
    ("currency", "XYZ", "not a currency"), ("currency", "EUR", "needs no rate"), ("currency", "", "Choose a currency"),
    ("day", "yesterday", "Give a day"), ("day", "", "Give a day"), ("rate", "0", "above nothing"),
    ("rate", "-1", "above nothing"), ("rate", "a", "above nothing"), ("rate", "1e5", "above nothing"),
    ("rate", "0." + "1" * 13, "above nothing"), ("rate", "1" * 30, "above nothing"), ("day", "2024-01-02", "already"),
])  # fmt: skip
def test_what_makes_no_sense_is_said_and_stays(client: FlaskClient, part: str, value: str, message: str) -> None:
    add(client, day="2024-01-02")
    answer = add(client, **{part: value})
    assert answer.status_code == 422
    assert message in answer.text
    assert not value or value[:40] in answer.text
    assert ExchangeRate.objects.count() == 1


def test_the_organisation_s_currency_changes_while_no_rate_speaks_of_another(client: FlaskClient) -> None:
    assert client.post(URL, data={"own": "SEK"}).status_code == 302
    assert (organisation().currency, rates_on(dt.date(2024, 1, 1)).currency) == ("SEK", "SEK")
    add(client, currency="EUR", rate="11")
    answer = client.post(URL, data={"own": "EUR"})
    assert answer.status_code == 422
    assert "Delete them first" in answer.text
    assert client.post(URL, data={"own": "XYZ"}).status_code == 422
    assert organisation().currency == "SEK"


def test_those_who_manage_no_settings_keep_no_rates(
    app: Flask, make_role: Callable, make_user: Callable, sign_in: Callable
) -> None:
    make_role("Seller", ("opportunity", "see", "all"))
    seller = sign_in(make_user("seller", "Seller"))
    assert [seller.get(URL).status_code, add(seller).status_code] == [403, 403]
    assert "/settings/currencies/" not in seller.get("/settings/").text


def test_a_rate_is_written_with_a_decimal_comma_in_finnish(page: Page, admin: User) -> None:
    User.objects(pk=admin.pk).update(language="fi")
    page.goto("/login/")
    page.fill("[name=username]", admin.username)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(re.compile(r"(?<!login)/$"))
    page.goto(URL)
    page.fill("#rate", "0,0875")
    page.select_option("#currency", "NOK", force=True)
    page.locator("form:has(#rate) button[type=submit]").click()
    expect(page.locator("#rates tbody tr")).to_have_text(re.compile(r"NOK.*0,0875", re.DOTALL))
