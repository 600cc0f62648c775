"""Lists, records and pickers show a user nothing beyond the user's rights."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import html

from models.rights import Access
from models.security import FieldRight, Role, User
from services.settings import define_field, retire_field
from tests.factories import CompanyFactory, PersonFactory


@pytest.fixture
def limited(
    make_role: Callable[..., Role], make_user: Callable[..., User], sign_in: Callable[[User], FlaskClient]
) -> FlaskClient:
    """Signed in as somebody who sees own companies only, without their phones, and no people."""
    hidden = [FieldRight(register="company", column="phone", access="hidden")]
    role = make_role("Own", ("company", "see", "own"), ("company", "add", "own"), field_rights=hidden)
    return sign_in(make_user("limited", role))


def test_list_of_a_limited_user_holds_own_records_only(limited: FlaskClient, app: Any) -> None:
    CompanyFactory.create(name="Somebody else's", customer=True)
    limited.post("/companies/add", data={"name": "My own"})
    text = limited.get("/companies/").text
    assert "My own" in text
    assert "Somebody else" not in text
    assert "Phone" not in text


def test_record_of_somebody_else_is_a_404_and_its_form_too(limited: FlaskClient) -> None:
    raw = CompanyFactory.create(name="Somebody else's")
    for address in ("show", "edit"):
        assert limited.get(f"/companies/{address}/{raw['_id']}").status_code in (403, 404)
    assert limited.post(f"/companies/delete/{raw['_id']}").status_code in (403, 404)


def test_register_without_a_grant_is_refused_and_not_in_the_menu(limited: FlaskClient) -> None:
    PersonFactory.create()
    assert limited.get("/people/").status_code == 403
    assert "/people/" not in limited.get("/companies/").text


def test_picker_offers_nothing_beyond_rights(limited: FlaskClient, client: FlaskClient) -> None:
    CompanyFactory.create(name="Somebody else's")
    assert limited.get("/options/company?q=some").json == {"results": []}
    assert [found["label"] for found in client.get("/options/company?q=some").json["results"]] == ["Somebody else's"]
    CompanyFactory.create(name="Voima", city="Oulu")
    assert client.get("/options/company?q=voi").json["results"][0]["label"] == "Voima, Oulu"
    assert client.get("/options/$where").status_code == 404
    assert client.get("/options/company?q=%00").status_code in (200, 400)


def test_hidden_field_in_an_address_is_refused(limited: FlaskClient) -> None:
    assert limited.get("/companies/?_flt_nempty_phone=1").status_code == 400
    assert limited.post("/companies/add", data={"name": "X", "phone": "040 1234567"}).status_code == 302


def test_field_defined_meanwhile_shows_everywhere_on_the_next_request(
    client: FlaskClient, admin_access: Access
) -> None:
    CompanyFactory.create(name="Voima Oy")
    assert client.get("/companies/?_flt_eq_x_grade=a").status_code == 400
    defined = define_field(admin_access, {
        "register": "company", "key": "grade", "kind": "choice", "label": {"en": "Grade", "fi": "Luokka"},
        "section": "classification", "choices": [{"key": "a", "label": {"en": "A"}}], "in_list": True,
    })  # fmt: skip
    assert "Grade" in client.get("/companies/").text
    assert 'name="x_grade"' in client.get("/companies/add").text
    assert client.get("/companies/?_flt_eq_x_grade=a").status_code == 200
    retire_field(admin_access, defined["_id"])
    assert "Grade" not in client.get("/companies/add").text


def test_a_form_sent_as_it_came_adds_a_record_of_one_s_own(limited: FlaskClient, app: Any) -> None:
    """Who may add own records only gets the form with their own name in it; with an error it stays there."""
    page = limited.get("/companies/add").text
    (form,) = html.fromstring(page).find_class("k-form")
    typed = {name: value for name, value in form.form_values() if name != "csrf_token"}
    assert typed["owner"] == str(User.objects.get(username="limited").pk)
    assert limited.post("/companies/add", data={**typed, "name": ""}).text.count(f'selected value="{typed["owner"]}"')
    assert limited.post("/companies/add", data={**typed, "name": "Mine"}).status_code == 302
    assert "Mine" in limited.get("/companies/").text
