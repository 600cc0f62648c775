"""Mailings over REST: read and written as any record, sent, and how far they are."""

from collections.abc import Callable
from typing import Any

import pytest
from bson import ObjectId

from models.rights import Access
from services.jobs import wake_due
from services.outbox import send_due
from services.removal import delete_selected
from services.search import Selection
from tests.fixtures.mail import Inbox
from tests.rest.conftest import Caller
from tests.services.mailing_fixtures import everybody, people_of

Make = Callable[..., Any]


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are run by the tests themselves."""
    monkeypatch.setattr("services.mailings.sending.wake", lambda: None)


def test_content_is_cleaned_and_read_back(rest: Caller) -> None:
    html = "<style>p{color:red}</style><p onclick='x()'>Hei</p><script>x</script>"
    made = rest.add("mailing", name="News", html=html)
    assert made["html"] == "<style>p{color:red}</style><p>Hei</p>"
    changed = rest.call("PATCH", f"mailing/{made['id']}", json={"html": made["html"], "subject": "Hei"})["result"]
    assert (changed["html"], changed["subject"], changed["state"]) == (made["html"], "Hei", "draft")
    problem = rest.call("PATCH", f"mailing/{made['id']}", 422, json={"state": "sent"})
    assert list(problem["errors"]) == ["state"]


def test_mailing_is_sent_and_then_settled(rest: Caller, admin_access: Access, inbox: Inbox) -> None:
    people_of(admin_access, "a@example.com", "a@example.com")
    segment = everybody(admin_access)
    made = rest.add("mailing", name="News", subject="Hei", html="<p>Hei {{first_name}}</p>", purpose="notice",
                    segment=str(segment["_id"]))  # fmt: skip
    path = f"mailing/{made['id']}"
    assert rest.call("GET", f"{path}/progress")["state"] == "draft"
    job = rest.call("POST", f"{path}/start", 202)["job"]
    wake_due()
    assert rest.call("GET", f"job/{job}")["result"]["state"] == "done"
    assert send_due() == 1
    found = rest.call("GET", f"{path}/progress")
    assert (found["state"], found["counts"], found["left_out"]) == ("sending", {"sent": 1}, {"double": 1})
    assert (found["recipients"], found["ended"], found["percent"]) == (1, 1, 100)
    assert list(rest.call("PATCH", path, 422, json={"subject": "Other"})["errors"]) == ["subject"]
    rest.call("POST", f"{path}/start", 409)
    # What was sent is history: neither alone nor among others.
    rest.call("DELETE", path, 403)
    assert delete_selected(admin_access, "mailing", Selection(all_matching=True)).count == 0


def test_what_can_t_be_sent_is_told(rest: Caller, make_user: Make, caller_of: Make) -> None:
    made = rest.add("mailing", name="News")
    problem = rest.call("POST", f"mailing/{made['id']}/start", 409)
    assert "segment" in problem["detail"]
    for one in (str(ObjectId()), "x"):
        rest.call("POST", f"mailing/{one}/start", 404)
        rest.call("GET", f"mailing/{one}/progress", 404)
    reader = caller_of(make_user("anna", "Reader"))
    reader.call("POST", f"mailing/{made['id']}/start", 403)
