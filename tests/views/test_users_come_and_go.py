"""Users who are invited by e-mail, and users who leave and hand over what they are responsible for."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.audit import AuditEntry
from models.changes import Change
from models.jobs import Job
from models.outbox import Message
from models.rights import Access
from models.security import User
from models.sign_in import PasswordLink
from services import leaving_users
from services.jobs import claim, run_job, wake_due
from services.leaving_users import deactivate_user, held_by
from services.records import create_record, get_record
from services.security import access_for
from services.users import signature_of
from tests.factories import CompanyFactory
from tests.fixtures.app import PASSWORD

Raw = dict[str, Any]
UUNO = {"username": "uuno", "first_name": "Uuno", "last_name": "Turhapuro", "email": "uuno@example.com", "active": "y",
        "language": "fi", "time_zone": "Europe/Helsinki", "sign_in_way": "", "team": ""}  # fmt: skip
CHOSEN = {"new_password": "aivan uusi lause", "repeated": "aivan uusi lause", "language": "en"}


@pytest.fixture
def with_mail(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "SMTP_URL", "smtp://127.0.0.1:1")


def links() -> list[str]:
    found = Message._get_collection().find({"purpose": "user_invitation"}).sort("_id", 1)
    return [re.search(r"/login/invitation/\S+", raw["text"])[0] for raw in found]  # type: ignore[index]


def is_in(client: FlaskClient) -> bool:
    return client.get("/profile/").status_code == 200


# Invited


@pytest.mark.usefixtures("with_mail")
def test_invited_user_chooses_password_and_language_once(app: Flask, client: FlaskClient) -> None:
    assert client.post("/settings/users/add", data=UUNO).status_code == 302
    assert "Invited, not yet come" in client.get("/settings/users/").text
    assert Message.objects.get().address == "uuno@example.com"
    (link,) = links()
    stranger = app.test_client()
    assert stranger.post("/login/", data={"username": "uuno", "password": ""}).status_code == 401
    assert "uuno" in stranger.get(link).text
    assert stranger.post(link, data={**CHOSEN, "new_password": "short"}).status_code == 422
    assert stranger.post(link, data={**CHOSEN, "language": "xx"}).status_code == 422
    assert stranger.post(link, data=CHOSEN).headers["Location"] == "/login/"
    assert stranger.post("/login/", data={"username": "uuno", "password": "aivan uusi lause"}).status_code == 302
    user = User.objects.get(username="uuno")
    assert user.language == "en"
    assert stranger.post(link, data=CHOSEN).headers["Location"] == "/login/"
    assert PasswordLink.objects.count() == 0
    assert "Invited" not in client.get("/settings/users/").text
    kinds = [raw["what"] for raw in AuditEntry._get_collection().find({"target.id": user.pk}).sort("_id", 1)]
    assert kinds[:2] == ["user_changed", "user_invited"]
    assert "password_changed" in kinds
    assert link.rpartition("/")[2] not in str(list(AuditEntry._get_collection().find()))
    assert link.rpartition("/")[2] not in str(list(Change._get_collection().find()))


@pytest.mark.usefixtures("with_mail")
def test_invitation_is_good_for_a_week_and_another_one_replaces_it(app: Flask, client: FlaskClient) -> None:
    client.post("/settings/users/add", data=UUNO)
    user = User.objects.get(username="uuno")
    span = PasswordLink.objects.get().ends_at - PasswordLink.objects.get().made_at
    assert span == dt.timedelta(days=7)
    PasswordLink.objects.update(ends_at=dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1))
    stranger = app.test_client()
    assert stranger.get(links()[0]).headers["Location"] == "/login/"
    assert "no longer good" in stranger.get("/login/").text
    assert "Invite again" in client.get(f"/settings/users/edit/{user.pk}").text
    assert client.post(f"/settings/users/invite/{user.pk}").status_code == 302
    old, new = links()
    assert stranger.get(old).status_code == 302
    assert stranger.get(new).status_code == 200
    assert stranger.get(new.replace("invitation", "new-password")).status_code == 302
    stranger.post(new, data=CHOSEN)
    client.post(f"/settings/users/invite/{user.pk}")
    assert len(links()) == 2


def test_without_a_mail_server_nobody_is_invited(client: FlaskClient) -> None:
    answer = client.post("/settings/users/add", data=UUNO)
    assert (answer.status_code, "there can be no invitation" in answer.text) == (422, True)
    assert User.objects(username="uuno").first() is None


@pytest.mark.usefixtures("with_mail")
def test_user_who_was_deactivated_does_not_come_by_the_invitation(app: Flask, client: FlaskClient) -> None:
    client.post("/settings/users/add", data=UUNO)
    User.objects(username="uuno").update(active=False)
    assert app.test_client().get(links()[0]).status_code == 302


@pytest.mark.usefixtures("with_mail")
def test_nobody_but_administrators_invites_or_deactivates(
    app: Flask, make_user: Callable, sign_in: Callable[[User], FlaskClient]
) -> None:
    anna, bertta = make_user("anna", "Staff"), make_user("bertta", "Staff")
    client = sign_in(anna)
    for address in (f"/settings/users/invite/{bertta.pk}", f"/settings/users/deactivate/{bertta.pk}"):
        assert client.post(address, data={}).status_code == 403
        assert app.test_client().post(address, data={}).status_code == 302
    assert User.objects.get(pk=bertta.pk).active
    assert links() == []


@pytest.mark.parametrize("token", ["x", "%00", "a" * 5_000, "ä"])
def test_made_up_invitations_lead_back(app: Flask, admin: User, token: str) -> None:
    assert app.test_client().get(f"/login/invitation/{token}").status_code in (302, 404)


# Leaving


@pytest.fixture
def anna(make_user: Callable) -> User:
    return make_user("anna", "Staff")


@pytest.fixture
def bertta(make_user: Callable) -> User:
    return make_user("bertta", "Staff")


@pytest.fixture
def held(admin_access: Access, anna: User) -> dict[str, list[ObjectId]]:
    """What Anna is responsible for, by register; of activities one is open."""
    companies = CompanyFactory.create_batch(5, owner=str(anna.pk))
    CompanyFactory.create()
    tasks = [create_record(admin_access, "activity", {"name": state, "kind": "task", "owner": str(anna.pk),
                                                      "state": state}) for state in ("open", "done")]  # fmt: skip
    return {"company": [raw["_id"] for raw in companies], "activity": [raw["_id"] for raw in tasks]}


def owners(access: Access, register: str, ids: list[ObjectId]) -> list[ObjectId]:
    return [get_record(access, register, one)["owner"] for one in ids]


def test_leaving_user_is_out_at_once_and_hands_everything_open_over(
    client: FlaskClient, admin_access: Access, sign_in: Callable[[User], FlaskClient], anna: User, bertta: User,
    held: dict[str, list[ObjectId]],
) -> None:  # fmt: skip
    inside = sign_in(anna)
    address = f"/settings/users/deactivate/{anna.pk}"
    page = client.get(address).text
    assert re.findall(r'class="name">([^<]+)</span></td><td[^>]*><span class="num">(\d+)<', page) == [
        ("Companies", "5"), ("Open activities", "1")]  # fmt: skip
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version
    answer = client.post(address, data={"receiver": str(bertta.pk), "version": version[1]})
    assert "/jobs/show/" in answer.headers["Location"]
    assert not is_in(inside)
    wake_due()
    assert Job.objects.get().message == "6 records were handed over, 0 could not be."
    assert set(owners(admin_access, "company", held["company"])) == {bertta.pk}
    assert owners(admin_access, "activity", held["activity"]) == [bertta.pk, anna.pk]
    (entry,) = AuditEntry._get_collection().find({"what": "records_handed_over"})
    assert entry["details"] == {"receiver": "Bertta Tester (bertta)", "records": {"company": 5, "activity": 1}}
    changes = list(Change._get_collection().find({"batch": Job.objects.get().params["batch"]}))
    assert len(changes) == 6
    assert all(one["changes"]["owner"] == [anna.pk, bertta.pk] for one in changes)


def test_records_may_stay_with_whoever_leaves(
    client: FlaskClient, admin_access: Access, anna: User, held: dict[str, list[ObjectId]]
) -> None:
    version = User.objects.get(pk=anna.pk).version
    answer = client.post(f"/settings/users/deactivate/{anna.pk}", data={"receiver": "", "version": version})
    assert answer.headers["Location"].startswith("/settings/users/")
    assert not User.objects.get(pk=anna.pk).active
    assert Job.objects.count() == 0
    assert set(owners(admin_access, "company", held["company"])) == {anna.pk}
    assert "Deactivated" in client.get("/settings/users/").text


@pytest.mark.usefixtures("held")
def test_who_may_not_leave_or_receive_is_refused_with_a_message(client: FlaskClient, admin: User, anna: User) -> None:
    version = User.objects.get(pk=anna.pk).version
    for receiver in (str(anna.pk), str(ObjectId()), "nonsense"):
        answer = client.post(f"/settings/users/deactivate/{anna.pk}", data={"receiver": receiver, "version": version})
        assert answer.status_code == 422
    assert client.post(f"/settings/users/deactivate/{anna.pk}", data={"receiver": "", "version": 99}).status_code == 409
    own = client.post(f"/settings/users/deactivate/{admin.pk}", data={"receiver": "", "version": 1})
    assert "deactivate yourself" in own.text
    assert User.objects(active=True).count() == 2
    assert client.get(f"/settings/users/deactivate/{ObjectId()}").status_code == 404


@pytest.mark.usefixtures("held")
def test_killed_job_goes_on_where_it_stopped_and_hands_nothing_over_twice(
    admin: User, admin_access: Access, anna: User, bertta: User, monkeypatch: pytest.MonkeyPatch,
    held: dict[str, list[ObjectId]],
) -> None:  # fmt: skip
    monkeypatch.setattr("services.bulk_edit.STEP", 2)
    deactivate_user(access_for(admin), anna.pk, bertta.pk)
    steps = 0
    whole = leaving_users.hand_over

    def dies(*arguments: Any) -> None:
        nonlocal steps
        steps += 1
        if steps == 3:
            raise KeyboardInterrupt
        whole(*arguments)

    monkeypatch.setattr(leaving_users, "hand_over", dies)
    with pytest.raises(KeyboardInterrupt):
        run_job(claim() or {})
    assert Job.objects.get().done == 4
    Job.objects.update(lease_until=dt.datetime.now(dt.UTC) - dt.timedelta(hours=1))
    wake_due()
    job = Job.objects.get()
    assert (job.state, job.done, job.result["changed"]) == ("done", 6, 6)
    assert set(owners(admin_access, "company", held["company"])) == {bertta.pk}
    assert Change._get_collection().count_documents({"batch": job.params["batch"]}) == 6


def test_private_entries_of_others_are_neither_counted_nor_handed_over(
    admin: User, anna: User, access_of: Callable[[User], Access]
) -> None:
    create_record(access_of(anna), "activity", {"name": "Doctor", "kind": "task", "private": True})
    assert held_by(access_for(admin), anna.pk) == []


# One's own page


def test_signature_is_kept_clean_and_given_to_whoever_writes_mail(
    sign_in: Callable[[User], FlaskClient], anna: User
) -> None:
    client = sign_in(anna)
    raw = User._get_collection().find_one({"_id": anna.pk}) or {}
    sent = {"first_name": "Anna", "last_name": "T", "email": "anna@example.com", "time_zone": "UTC", "language": "en",
            "digest": "", "phone": "", "version": raw["version"],
            "signature": "<p><strong>Anna</strong><script>alert(1)</script> <a href='javascript:x'>x</a></p>"}
    assert client.post("/profile/", data=sent).status_code == 302
    kept = signature_of(User._get_collection().find_one({"_id": anna.pk}) or {})
    assert "<strong>Anna</strong>" in kept
    assert "script" not in kept
    assert signature_of({}) == ""
    too_long = client.post("/profile/", data={**sent, "version": raw["version"] + 1, "signature": "x" * 5_001})
    assert (too_long.status_code, "at most 5000 characters" in too_long.text) == (422, True)
    assert "/calendar/hours" in client.get("/profile/").text


def test_leaving_in_the_browser(page: Page, admin: User, anna: User, bertta: User, held: dict[str, Any]) -> None:
    page.goto(f"/login/?next=/settings/users/edit/{anna.pk}")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Deactivate").click()
    expect(page.get_by_role("heading", name="Deactivate Anna Tester")).to_be_visible()
    page.locator("#receiver").evaluate("(select, id) => { select.value = id }", str(bertta.pk))
    page.get_by_role("button", name="Deactivate").click()
    expect(page.get_by_text("6 records were handed over")).to_be_visible()
    assert User.objects.get(pk=anna.pk).active is False
