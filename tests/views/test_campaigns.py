"""A campaign's page: its results, the ways on from it, and logging a response."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from models.activities import Activity
from models.rights import Access
from models.security import User
from services.records import create_record
from tests.factories import PersonFactory

Raw = dict[str, Any]


@pytest.fixture
def campaign(client: FlaskClient, admin_access: Access) -> Raw:
    return create_record(admin_access, "campaign", {"name": "Autumn", "costs": "500 EUR"})


def test_its_page_fetches_its_results_and_leads_on(client: FlaskClient, campaign: Raw) -> None:
    pk = campaign["_id"]
    assert f'data-part="/campaigns/results/{pk}"' in client.get(f"/campaigns/show/{pk}").text
    text = client.get(f"/campaigns/results/{pk}").text
    for told in ("€500", f"/campaigns/respond/{pk}", f"/mailings/add?campaign={pk}",
                 f"/opportunities/add?campaign={pk}", "Nobody has answered yet."):  # fmt: skip
        assert told in text
    assert client.get("/campaigns/results/abc").status_code == 404


def test_a_response_is_logged_in_a_quick_form(client: FlaskClient, campaign: Raw) -> None:
    url, person = f"/campaigns/respond/{campaign['_id']}", PersonFactory(name="Aino & Co")
    assert 'name="response"' in client.get(url).text
    wrong = client.post(url, data={"response": "", "people": "", "text": "Typed <b>"})
    assert wrong.status_code == 422
    assert "Say what was answered." in wrong.text
    assert "Typed &lt;b&gt;" in wrong.text
    sent = {"response": "attended", "people": ["", str(person["_id"])], "text": "Stayed long"}
    assert client.post(url, data=sent).location.endswith(f"/campaigns/show/{campaign['_id']}")
    raw = Activity._get_collection().find_one()
    assert (raw["name"], raw["state"], raw["campaign"]) == ("Attended: Autumn", "done", campaign["_id"])
    assert client.post(url, data={**sent, "add_another": "1"}).location.endswith(url)
    text = client.get(f"/campaigns/results/{campaign['_id']}").text
    assert "Aino &amp; Co" in text
    assert "_flt_eq_response=attended" in text
    found = client.get(f"/activities/?view=all&_flt_eq_campaign={campaign['_id']}&_flt_eq_response=attended").text
    assert "Attended: Autumn" in found


def test_who_may_add_no_activities_logs_no_response(
    campaign: Raw, make_role: Callable[..., Any], make_user: Callable[..., User],
    sign_in: Callable[[User], FlaskClient],
) -> None:  # fmt: skip
    make_role("Campaigns", ("campaign", "see", "all"))
    reader = sign_in(make_user("reader", "Campaigns"))
    url = f"/campaigns/respond/{campaign['_id']}"
    assert reader.get(url).status_code == 403
    assert reader.post(url, data={"response": "attended"}).status_code == 403
    text = reader.get(f"/campaigns/results/{campaign['_id']}").text
    for way in ("/respond/", "/mailings/add", "/opportunities/add"):
        assert way not in text


def test_an_opportunity_shows_its_campaign(client: FlaskClient, campaign: Raw, admin_access: Access) -> None:
    raw = create_record(admin_access, "opportunity", {"name": "Deal", "stage": "offer",
                                                      "campaign": str(campaign["_id"])})  # fmt: skip
    assert f'href="/campaigns/show/{campaign["_id"]}"' in client.get(f"/opportunities/show/{raw['_id']}").text
    assert "Autumn" in client.get("/reports/ready/opportunities_by_campaign").text
