"""The set-up: from the first administrator to invited users by its pages alone; the settings in one place."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.fields.schema import schema_of
from models.organisation import organisation
from models.outbox import Message
from models.security import Role, User
from models.starting_sets import UsedSet
from services.organisation import change_organisation
from services.rates import save_rate
from services.security import access_for
from services.setup.inviting import split_name
from services.setup.sets import starting_sets
from tests.fixtures.app import PASSWORD

ORGANISATION = {"name": "Malli Oy", "language": "fi", "country": "FI", "currency": "EUR", "support_email": ""}


@pytest.fixture
def with_mail(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "SMTP_URL", "smtp://127.0.0.1:1")


def errors(html: str) -> list[str]:
    return [text.strip() for text in re.findall(r'k-error"[^>]*>.*?<span>(.*?)</span>', html, re.S)]


def rows(*typed: tuple[str, str, str]) -> dict[str, list[str]]:
    columns = list(zip(*typed, strict=True)) or [(), (), ()]
    return {name: list(column) for name, column in zip(("name", "email", "role"), columns, strict=True)}


# The organisation


def test_the_first_step_asks_who_the_organisation_is_and_keeps_what_was_typed(client: FlaskClient, admin: User) -> None:
    assert f'value="{admin.email}"' in client.get("/setup/").text
    wrong = client.post("/setup/", data={**ORGANISATION, "support_email": "nobody", "currency": "???"})
    assert wrong.status_code == 422
    assert 'value="Malli Oy"' in wrong.text
    assert 'value="nobody"' in wrong.text
    answer = client.post("/setup/", data=ORGANISATION)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/setup/business")
    assert (organisation().name, organisation().language) == ("Malli Oy", "fi")


def test_the_page_of_the_organisation_shows_both_values_after_a_conflict(client: FlaskClient, admin: User) -> None:
    access = access_for(admin)
    change_organisation(access, {"name": "First Oy", "country": "SE"})
    sent = {**ORGANISATION, "bin_days": "90", "version": "0"}
    answer = client.post("/settings/organisation/", data=sent)
    assert answer.status_code == 409
    assert errors(answer.text) == ["It is now: First Oy", "It is now: As the browser asks", "It is now: Sweden"]
    version = re.search(r'name="version" value="(\d+)"', answer.text)
    assert version
    assert client.post("/settings/organisation/", data={**sent, "version": version[1]}).status_code == 302
    assert (organisation().name, organisation().country) == ("Malli Oy", "FI")


def test_a_currency_that_rates_speak_of_is_refused_beside_its_field(client: FlaskClient, admin: User) -> None:
    save_rate(access_for(admin), {"currency": "SEK", "day": "2024-01-01", "rate": "0.09"})
    answer = client.post("/settings/organisation/", data={**ORGANISATION, "currency": "NOK", "bin_days": "90",
                                                          "version": str(organisation().version)})  # fmt: skip
    assert answer.status_code == 422
    assert any("Delete them first" in text for text in errors(answer.text))


# The line of business


def test_a_starting_set_is_taken_without_the_fields_that_were_left_out(client: FlaskClient) -> None:
    client.post("/setup/", data=ORGANISATION)
    page = client.get("/setup/business/trade").text
    offered = re.findall(r'name="field" value="([^"]+)"', page)
    assert len(offered) == sum(map(len, starting_sets()["trade"].fields.values()))
    answer = client.post("/setup/business/trade", data={"field": [*offered[1:], "company.nonsense"]})
    assert answer.headers["Location"] == "/setup/users"
    columns = schema_of("company").by_column
    assert "x_customer_number" not in columns
    assert "x_discount" in columns
    # Roles have one name for everybody: in the organisation's language.
    assert Role.objects(name="Tilauskeskus").count() == 1
    assert client.post("/setup/business/trade").status_code == 302
    assert client.post("/setup/business/trade/back").headers["Location"] == "/setup/business"
    assert "x_discount" not in schema_of("company").by_column
    assert Role.objects(name="Customer service").count() == 1


@pytest.mark.parametrize("address", ["nothing", "$where", "nothing/back"])
def test_a_set_that_there_is_not_is_not_found(client: FlaskClient, address: str) -> None:
    assert client.post(f"/setup/business/{address}").status_code == 404
    assert UsedSet.objects.count() == 0


# Users


def test_several_users_are_invited_at_once(client: FlaskClient, with_mail: None) -> None:
    client.post("/setup/", data=ORGANISATION)
    role = str(Role.objects.get(name="Sales staff").pk)
    data = rows(("Aino Maria Lehtonen", "aino.lehtonen@example.com", role), ("", "", ""),
                ("Ömer, Åke", "ake@other.example", role), ("Ake Two", "ake@example.com", role))  # fmt: skip
    assert client.post("/setup/users", data=data).headers["Location"] == "/setup/customers"
    found = {user.username: user for user in User.objects(email__in=data["email"])}
    assert set(found) == {"aino.lehtonen", "ake", "ake2"}
    assert (found["ake"].first_name, found["ake"].last_name) == ("Åke", "Ömer")
    assert {user.standing() for user in found.values()} == {"invited"}
    assert {user.language for user in found.values()} == {"fi"}
    assert {str(one.pk) for user in found.values() for one in user.roles} == {role}
    assert Message.objects(purpose="user_invitation").count() == 3


def test_with_one_row_wrong_nobody_is_invited_and_all_rows_stay(
    client: FlaskClient, with_mail: None, admin: User
) -> None:
    role = str(Role.objects.get(name="Reader").pk)
    data = rows(("Aino Lehtonen", "aino@example.com", role), ("Ville", "nowhere", ""),
                ("Anna Other", admin.email.upper(), role), ("Aino Again", "AINO@example.com", role))  # fmt: skip
    answer = client.post("/setup/users", data=data)
    assert answer.status_code == 422
    assert errors(answer.text) == [
        "Give the first and the last name.",
        "“nowhere” is not an e-mail address. It should look like name@company.fi.", "Choose a role.",
        "Somebody has this e-mail address already. Give another.", "This address is here twice.",
    ]  # fmt: skip
    assert all(f'value="{email}"' in answer.text for email in data["email"])
    assert User.objects.count() == 1
    assert Message.objects.count() == 0


@pytest.mark.parametrize("data", [
    {}, {"name": ["x"] * 300, "email": ["y"] * 300, "role": ["z"] * 300}, {"name": "A B", "email": "a@b.example"},
    rows(("\x00 \ud7ff", "\x00@example.com", "$ne")), rows(("x" * 500, f"{'x' * 400}@example.com", "0" * 24)),
])  # fmt: skip
def test_nonsense_for_users_is_told(client: FlaskClient, with_mail: None, data: dict[str, Any]) -> None:
    answer = client.post("/setup/users", data=data)
    assert answer.status_code == 422
    assert User.objects.count() == 1


def test_without_a_mail_server_the_page_says_how_else(client: FlaskClient) -> None:
    page = client.get("/setup/users").text
    assert "No e-mail can be sent yet" in page
    assert "/settings/users/add" in page
    assert client.post("/setup/users", data=rows(("A B", "a@example.com", ""))).status_code == 422


def test_more_rows_keep_what_was_typed(client: FlaskClient, with_mail: None) -> None:
    answer = client.post("/setup/users", data={**rows(("Aino", "aino@", "")), "more": "1"})
    assert answer.status_code == 200
    assert 'value="aino@"' in answer.text
    assert answer.text.count('name="email"') == 6


@pytest.mark.parametrize(("typed", "names"), [
    ("Aino Lehtonen", ("Aino", "Lehtonen")), ("Lehtonen, Aino Maria", ("Aino Maria", "Lehtonen")),
    ("Aino", ("Aino", "")), ("", ("", "")), (" , ", ("", "")),
])  # fmt: skip
def test_names_are_split_as_people_write_them(typed: str, names: tuple[str, str]) -> None:
    assert split_name(typed) == names


# The end, and who may


def test_finished_it_is_not_among_the_first_steps_any_more(client: FlaskClient) -> None:
    def step() -> str:
        page = client.get("/tray/general/tool/first_steps").text
        found = re.search(r"<li[^>]*>(?:(?!</li>).)*/setup/", page, re.S)
        return found[0] if found else ""

    assert step()
    assert "is-done" not in step()
    assert client.post("/setup/finish").headers["Location"] == "/"
    assert "is-done" in step()


def test_only_administrators_set_up(make_role: Callable, make_user: Callable, sign_in: Callable) -> None:
    make_role("Keeper", ("settings", "change", "all"))
    keeper = sign_in(make_user("keeper", "Keeper"))
    for address in ("/setup/", "/setup/business", "/setup/business/it", "/setup/users", "/setup/customers"):
        assert keeper.get(address).status_code == 403
    for address in ("/setup/", "/setup/business/it", "/setup/business/it/back", "/setup/users", "/setup/finish"):
        assert keeper.post(address, data=ORGANISATION).status_code == 403
    page = keeper.get("/settings/organisation/").text
    assert 'name="name"' in page
    assert 'name="bin_days"' not in page
    sent = {**ORGANISATION, "bin_days": "1", "version": "0"}
    assert keeper.post("/settings/organisation/", data=sent).status_code == 302
    assert (organisation().name, organisation().bin_days) == ("Malli Oy", 90)
    assert "/setup/" not in keeper.get("/settings/").text


# The settings in one place


@pytest.mark.parametrize(("typed", "found"), [
    ("password", "/settings/users/"), ("EXCHANGE rates", "/settings/currencies/"),
    ("columns people", "/settings/fields/person"), ("people rights", "/settings/roles/"),
])  # fmt: skip
def test_settings_are_found_by_words_without_script(client: FlaskClient, typed: str, found: str) -> None:
    page = client.get("/settings/", query_string={"q": typed}).text
    assert f'href="{found}"' in page
    assert "/settings/audit/" not in page.partition('<main')[2]
    assert "No setting has these words" in page


def test_each_place_leads_to_a_page(client: FlaskClient) -> None:
    page = client.get("/settings/").text.partition("<main")[2]
    places = re.findall(r'data-narrow-item[^>]*><a href="([^"]+)"', page)
    assert len(places) > 25
    assert {client.get(address).status_code for address in places} <= {200, 302}


def test_an_organisation_is_set_up_by_keyboard_and_settings_are_found_as_one_types(
    page: Page, admin: User, with_mail: None
) -> None:
    page.goto("/login/?next=/setup/")
    page.fill("[name=username]", admin.username)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.get_by_label("Name of the organisation").fill("Malli Oy")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Association").press("Enter")
    page.get_by_label("District", exact=True).press("Space")
    page.get_by_role("button", name="Take these into use").press("Enter")
    row = page.get_by_role("group", name="User 1")
    row.get_by_label("Name").fill("Aino Lehtonen")
    row.get_by_label("E-mail").fill("aino@example.com")
    row.get_by_label("Role").select_option("Member service")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Send the invitations").press("Enter")
    expect(page.get_by_text("1 invitation is on its way.")).to_be_visible()
    page.get_by_role("button", name="Finish").press("Enter")
    expect(page.locator(".k-side .k-brand")).to_have_text("Malli Oy")
    assert "x_district" not in schema_of("company").by_column
    page.goto("/settings/")
    page.get_by_label("Search the settings").fill("hand over")
    expect(page.locator("[data-narrow-item]:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/settings/users/"))
