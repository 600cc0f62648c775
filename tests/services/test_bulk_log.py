"""An activity logged with many records at once, by a job if they are many, and taken back as one."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from models.activities import Activity
from models.fields.errors import ValidationFailed
from models.jobs import Job
from models.rights import Access, NotAllowed
from models.security import User
from services.bulk_log import log_for_selected, take_back_log
from services.jobs import wake_due
from services.records import RecordNotFound, create_records, update_record
from services.search import Selection

Raw = dict[str, Any]
SENT = {"kind": "letter", "name": "Mailing sent"}
EVERY = Selection(conditions=(), all_matching=True)


@pytest.fixture
def mine(admin: User, access_of: Callable[[User], Access]) -> Access:
    return access_of(admin)


def companies(access: Access, count: int) -> list[Raw]:
    return create_records(access, "company", [{"name": f"Firm {number:03}"} for number in range(count)])


def test_one_with_each_and_taken_back_but_for_what_was_worked_on(mine: Access) -> None:
    made = companies(mine, 3)
    outcome = log_for_selected(mine, "company", Selection(ids=tuple(str(raw["_id"]) for raw in made[:2])), SENT)
    found = list(Activity._get_collection().find({}).sort("_id", 1))
    assert [raw["companies"] for raw in found] == [[made[0]["_id"]], [made[1]["_id"]]]
    assert {(raw["state"], raw["kind"], raw["name"]) for raw in found} == {("done", "letter", "Mailing sent")}
    update_record(mine, "activity", found[0]["_id"], {"text": "answered"})
    undone = take_back_log(mine, outcome.batch)
    assert (undone.changed, len(undone.refused)) == (1, 1)
    assert Activity.objects.count() == 1


def test_one_with_all(mine: Access) -> None:
    made = companies(mine, 3)
    outcome = log_for_selected(mine, "company", EVERY, SENT, together=True)
    assert outcome.changed == 1
    assert set((Activity._get_collection().find_one({}) or {})["companies"]) == {raw["_id"] for raw in made}
    companies(mine, 200)
    with pytest.raises(ValidationFailed):
        log_for_selected(mine, "company", EVERY, SENT, together=True)


def test_many_are_a_job_each_once(mine: Access) -> None:
    companies(mine, 230)
    outcome = log_for_selected(mine, "company", EVERY, {**SENT, "minutes": "10"})
    wake_due()
    job = Job._get_collection().find_one({"_id": outcome.job_id}) or {}
    assert (job["state"], job["done"]) == ("done", 230)
    assert len(Activity._get_collection().distinct("companies")) == Activity.objects.count() == 230
    undo = take_back_log(mine, outcome.batch)
    wake_due()
    assert (Job._get_collection().find_one({"_id": undo.job_id}) or {})["state"] == "done"
    assert Activity.objects.count() == 0


def test_nothing_is_logged_where_something_is_wrong(
    mine: Access, make_user: Callable[..., User], access_of: Callable[[User], Access]
) -> None:
    companies(mine, 2)
    for typed in ({}, {**SENT, "kind": "$"}, {**SENT, "minutes": "x"}):
        with pytest.raises(ValidationFailed):
            log_for_selected(mine, "company", EVERY, typed)
    with pytest.raises(NotAllowed):
        log_for_selected(access_of(make_user("reader", "Reader")), "company", EVERY, SENT)
    with pytest.raises(RecordNotFound):
        log_for_selected(mine, "activity", EVERY, SENT)
    with pytest.raises(RecordNotFound):
        take_back_log(mine, "0" * 24)
    assert Activity.objects.count() == 0


def test_screens_lead_from_the_list_and_back(client: FlaskClient, mine: Access) -> None:
    made = companies(mine, 2)
    assert "/companies/log_chosen" in client.get("/companies/").text
    assert "log_chosen" not in client.get("/activities/").text
    chosen = {"rowid": [str(raw["_id"]) for raw in made], "back": "?_flt_ct_name=Firm"}
    form = client.post("/companies/log_chosen", data=chosen)
    assert "Log an activity with 2 records" in form.text
    wrong = client.post("/companies/log_chosen", data={**chosen, **SENT, "minutes": "x", "step": "run"})
    assert wrong.status_code == 422
    assert 'value="Mailing sent"' in wrong.text
    done = client.post("/companies/log_chosen", data={**chosen, **SENT, "step": "run"})
    assert done.location == "/companies/?_flt_ct_name=Firm"
    page = client.get("/companies/").text
    assert "2 activities were logged." in page
    batch = page.split('name="batch" value="')[1][:24]
    client.post("/companies/take_back_log", data={"batch": batch})
    assert Activity.objects.count() == 0
    assert client.post("/companies/log_chosen", data={}).status_code == 302
    assert client.get("/companies/log_chosen").status_code == 302
