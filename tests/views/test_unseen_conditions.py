"""On the screen, conditions that speak of what the user does not see are told as hidden, and stay as they are."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from models.rights import Access
from models.security import FieldRight, User
from models.segments import Segment
from services.records import create_record, update_record
from services.reports.saved import save_report

Raw = dict[str, Any]
STREET = {"col": "street", "opr": "sw", "value": "Salakatu"}
OULU = {"col": "city", "opr": "eq", "value": "Oulu"}
HIDDEN = "speak of fields that you don’t see"


@pytest.fixture
def reader(
    make_role: Callable[..., Any], make_user: Callable[..., User], sign_in: Callable[[User], FlaskClient]
) -> FlaskClient:
    """One who may change segments, and does not see the street of companies."""
    make_role("Clerk", ("company", "see", "all"), ("segment", "see", "all"), ("segment", "change", "all"),
              field_rights=[FieldRight(register="company", column="street", access="hidden")])  # fmt: skip
    return sign_in(make_user("reader", "Clerk"))


@pytest.fixture
def streets(admin_access: Access) -> Raw:
    return create_record(admin_access, "segment", {"name": "One", "members": "company", "conditions": [STREET]})


def kept(raw: Raw) -> Raw:
    found = Segment._get_collection().find_one({"_id": raw["_id"]})
    assert found is not None
    return found


def test_form_tells_that_they_stay(reader: FlaskClient, streets: Raw) -> None:
    path = f"/segments/edit/{streets['_id']}"
    page = reader.get(path).text
    assert HIDDEN in page
    assert "Salakatu" not in page
    assert 'name="conditions"' not in page
    values = {"name": "Renamed", "members": "company", "kind": "living", "description": "", "version": "1"}
    assert reader.post(path, data=values).status_code == 302
    assert (kept(streets)["name"], kept(streets)["conditions"]) == ("Renamed", [STREET])
    answer = reader.post(path, data={**values, "conditions": json.dumps([OULU]), "version": "2"})
    assert answer.status_code == 422
    assert HIDDEN in answer.text
    assert kept(streets)["conditions"] == [STREET]
    assert reader.get(f"/segments/value/{streets['_id']}/conditions").status_code == 404


def test_no_page_of_it_tells_them(reader: FlaskClient, client: FlaskClient, admin_access: Access, streets: Raw) -> None:
    update_record(admin_access, "segment", streets["_id"], {"conditions": [OULU]})
    update_record(admin_access, "segment", streets["_id"], {"conditions": [STREET]})
    pages = ("show/{}", "edit/{}", "values/{}", "history/{}", "timeline/{}", "members/{}", "as_of/{}?day=2100-01-01",
             "?cols=name,conditions")  # fmt: skip
    told = [path for path in pages if "Salakatu" in client.get("/segments/" + path.format(streets["_id"])).text]
    assert {"show/{}", "edit/{}", "history/{}"} <= set(told)
    for path in pages:
        page = reader.get("/segments/" + path.format(streets["_id"]))
        assert page.status_code == 200, path
        assert "Salakatu" not in page.text, path
    assert "Hidden: they" in reader.get(f"/segments/history/{streets['_id']}").text


def test_report_is_neither_shown_nor_copied_where_it_asks_unseen(reader: FlaskClient, admin: User) -> None:
    boss = Access(admin.pk, everything=True)
    report = save_report(boss, {"name": "Streets", "register": "company", "audience": "all", "conditions": [STREET]})
    key = report["_id"]
    for path, status in ((f"/reports/{key}", 400), (f"/reports/{key}/edit", 403), (f"/reports/new?copy={key}", 403)):
        page = reader.get(path)
        assert page.status_code == status, path
        assert HIDDEN in page.text
        assert "Salakatu" not in page.text
