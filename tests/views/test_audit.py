"""The audit: every kind of entry is written by what it tells of, and administrators see them."""

import datetime as dt
import io
import re
from collections.abc import Callable
from typing import Any

import openpyxl
import pyotp
import pytest
from bson import ObjectId
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from config import PROJECT_ROOT
from models.audit import AuditEntry, FailedTries, What
from models.layouts import RecordLayout
from models.outbox import Message
from models.rights import Access
from models.security import Group, Role, Team, User
from models.sign_in import SignInAttempt
from services.audit import write_now
from services.audit.chain import check_chain
from services.audit.reading import Asked, further
from services.audit.tries import write_counted_tries
from services.forgotten_passwords import send_links
from services.jobs import start_job
from services.layouts import reset_layout, save
from services.rates import choose_currency
from services.recycle_bin import set_bin_days
from services.reports.saved import save_report
from services.security import access_for
from services.working_time import choose_country
from tests.factories import CompanyFactory
from tests.fixtures.app import PASSWORD
from views.audit_texts import KINDS

Raw = dict[str, Any]
WRONG = {"username": "anna", "password": "not the password"}


@pytest.fixture(autouse=True)
def chain_holds(app: Flask) -> Any:
    """Whatever a test does, the chain is whole after it."""
    yield
    check_chain()


def entries(what: What | None = None) -> list[Raw]:
    return list(AuditEntry._get_collection().find({"what": what.value} if what else {}).sort("_id", 1))


def only(what: What) -> Raw:
    (found,) = entries(what)
    return found


def test_every_kind_has_a_name() -> None:
    assert set(KINDS) == set(What)


# Logging in and out


def test_logging_in_and_out_is_told_with_name_address_and_browser(app: Flask, make_user: Callable) -> None:
    anna = make_user("anna", "Staff")
    client = app.test_client()
    client.post("/login/", data={"username": "anna", "password": PASSWORD}, headers={"User-Agent": "Firefox/131"},
                environ_base={"REMOTE_ADDR": "192.0.2.7"})  # fmt: skip
    entry = only(What.SIGNED_IN)
    assert (entry["by"], entry["who"], entry["address"], entry["agent"], entry["details"]) == (
        anna.pk, "Anna Tester (anna)", "192.0.2.7", "Firefox/131", {"how": "password"})  # fmt: skip
    client.post("/logout/")
    assert only(What.SIGNED_OUT)["by"] == anna.pk
    client.post("/logout/")
    assert len(entries()) == 2


def test_token_of_a_program_is_told(app: Flask, make_user: Callable) -> None:
    anna = make_user("anna", "Staff")
    app.test_client().post("/api/v1/security/login", json={"username": "anna", "password": PASSWORD})
    entry = only(What.SIGNED_IN)
    assert (entry["by"], entry["details"]) == (anna.pk, {"how": "password", "rest": True})


def test_failed_tries_of_a_minute_are_two_entries_at_most(
    app: Flask, make_user: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_user("anna", "Staff")
    moment = dt.datetime.now(dt.UTC).replace(second=20)
    monkeypatch.setattr("services.audit.tries.now", lambda: moment)
    client = app.test_client()
    assert [client.post("/login/", data=WRONG).status_code for _try in range(8)] == [401] * 5 + [429] * 3
    first, held = entries()
    assert first["target"] == {"register": "user", "id": anna.pk, "name": "Anna Tester (anna)"}
    assert (first["by"], first["details"], held["details"]) == (None, {}, {"held_up": True})
    write_counted_tries()
    assert len(entries()) == 2
    moment += dt.timedelta(minutes=3)
    write_counted_tries()
    assert [entry["details"].get("more_tries") for entry in entries()] == [None, None, 4, 2]
    assert {entry["address"] for entry in entries()} == {"127.0.0.1"}
    assert FailedTries.objects.count() == 0
    write_counted_tries()
    assert len(entries()) == 4


def test_name_that_is_nobodys_is_not_kept(app: Flask, make_user: Callable) -> None:
    make_user("anna", "Staff")
    typed = "my secret password"
    for name in (typed, f" {typed.upper()} ", "another"):
        app.test_client().post("/login/", data={"username": name, "password": "x"})
    kept = entries(What.SIGN_IN_FAILED)
    assert typed not in str(entries()).lower()
    assert typed not in str(list(FailedTries._get_collection().find())).lower()
    hashes = [entry["details"]["name_hash"] for entry in kept]
    assert len(hashes) == len(set(hashes)) == 2
    assert all(entry["target"] == {} for entry in kept)


def test_tries_for_somebody_deactivated_name_them(app: Flask, make_user: Callable) -> None:
    anna = make_user("anna", "Staff")
    User.objects(pk=anna.pk).update(active=False)
    app.test_client().post("/login/", data={"username": "anna", "password": PASSWORD})
    assert only(What.SIGN_IN_FAILED)["target"]["id"] == anna.pk


def test_ended_sessions_and_passwords_are_told(
    client: FlaskClient, admin: User, make_user: Callable, sign_in: Callable[[User], FlaskClient]
) -> None:
    anna = make_user("anna", "Staff")
    here, _there = sign_in(anna), sign_in(anna)
    page = here.get("/profile/").text
    here.post(re.findall(r'formaction="(/profile/sessions/end/[0-9a-f]+)"', page)[0])
    client.post(f"/settings/users/sessions/end/{anna.pk}")
    own, all_of_them = entries(What.SESSIONS_ENDED)
    assert (own["by"], own["details"]) == (anna.pk, {"sessions": 1, "everywhere": False})
    assert (all_of_them["by"], all_of_them["target"]["id"]) == (admin.pk, anna.pk)
    assert all_of_them["details"] == {"sessions": 1, "everywhere": True}
    again = sign_in(anna)
    new = {"old_password": PASSWORD, "new_password": "uusi pitkä lause", "repeated": "uusi pitkä lause"}
    again.post("/profile/password", data=new)
    changed = only(What.PASSWORD_CHANGED)
    assert (changed["by"], changed["target"]["id"]) == (anna.pk, anna.pk)
    assert "uusi" not in str(entries())
    assert "argon2" not in str(entries())


def test_password_links_are_told(app: Flask, make_user: Callable) -> None:
    anna, client = make_user("anna", "Staff"), app.test_client()
    client.post("/login/forgotten", data={"username": "anna"}, environ_base={"REMOTE_ADDR": "192.0.2.9"})
    send_links()
    sent = only(What.PASSWORD_LINK_SENT)
    assert (sent["by"], sent["target"]["id"], sent["address"]) == (None, anna.pk, "192.0.2.9")
    link = re.search(r"/login/new-password/\S+", Message.objects.first().text)
    assert link
    client.post(link[0], data={"new_password": "uusi pitkä lause", "repeated": "uusi pitkä lause"})
    assert only(What.PASSWORD_LINK_USED)["by"] == anna.pk
    assert only(What.PASSWORD_CHANGED)["target"]["id"] == anna.pk
    assert link[0].rpartition("/")[2] not in str(entries())


def test_failed_codes_and_changed_means_are_told(
    app: Flask, make_user: Callable, sign_in: Callable[[User], FlaskClient]
) -> None:
    anna = make_user("anna", "Staff")
    client = sign_in(anna)
    page = client.get("/profile/authenticator/").text
    secret = re.search(r"secret=([A-Z2-7]+)", page)
    assert secret
    typed = {"code": pyotp.TOTP(secret[1]).now(), "password": PASSWORD}
    assert client.post("/profile/authenticator/", data=typed).status_code == 200
    User.objects(pk=anna.pk).update(sign_in_way="password_code")
    other = app.test_client()
    other.post("/login/", data={"username": "anna", "password": PASSWORD})
    other.post("/login/code", data={"code": "000000"})
    failed = only(What.CODE_FAILED)
    assert failed["target"]["id"] == anna.pk
    client.post("/profile/authenticator/recovery", data={"password": PASSWORD})
    client.post("/profile/authenticator/leave", data={"password": PASSWORD})
    means = entries(What.AUTHENTICATOR_CHANGED)
    assert [one["details"]["to"] for one in means] == ["app", "recovery_codes", "sms"]
    assert secret[1] not in str(entries())
    assert SignInAttempt.objects.count() == 1


# Rights and settings


def test_changed_users_roles_groups_and_teams_are_told(client: FlaskClient, admin: User) -> None:
    client.post("/settings/roles/add", data={"name": "Seller", "grant:company:see": "own"})
    role = Role.objects.get(name="Seller")
    client.post("/settings/groups/add", data={"name": "North", "roles": [str(role.pk)]})
    client.post("/settings/teams/add", data={"name": "South"})
    team = Team.objects.get()
    client.post(f"/settings/teams/edit/{team.pk}", data={"name": "West"})
    person = {"username": "uuno", "first_name": "Uuno", "last_name": "T", "email": "u@example.com", "active": "y",
              "time_zone": "UTC", "language": "", "sign_in_way": "", "password": "lammas kävelee",
              "roles": [str(role.pk)], "team": str(team.pk)}  # fmt: skip
    client.post("/settings/users/add", data=person)
    client.post(f"/settings/groups/delete/{Group.objects.get().pk}")
    told = [(entry["what"], entry["details"]["action"], entry["target"]["name"]) for entry in entries()
            if entry["what"] != "signed_in"]  # fmt: skip
    assert told == [
        ("role_changed", "create", "Seller"), ("group_changed", "create", "North"), ("team_changed", "create", "South"),
        ("team_changed", "update", "West"), ("user_changed", "create", "Uuno T (uuno)"),
        ("group_changed", "delete", "North"),
    ]  # fmt: skip
    assert all(entry["by"] == admin.pk for entry in entries())
    assert only(What.USER_CHANGED)["details"]["changes"]["roles"] == [None, [role.pk]]
    assert "lammas" not in str(entries())
    page = client.get("/settings/audit/").text
    assert "Roles: nothing → Seller" in page
    assert "Name: South → West" in page


def test_team_that_is_there_already_is_refused_and_not_told(client: FlaskClient) -> None:
    client.post("/settings/teams/add", data={"name": "South"})
    answer = client.post("/settings/teams/add", data={"name": "South"})
    assert "Already exists" in answer.text
    assert len(entries(What.TEAM_CHANGED)) == 1


def test_changed_settings_are_told(client: FlaskClient, admin: User) -> None:
    field = {"label_en": "Turnover", "kind": "number", "key": "turnover", "section": "extra"}
    assert client.post("/settings/fields/company/add", data=field).status_code == 302
    assert client.post("/settings/pipelines/add", data={"label_en": "Spare parts"}).status_code in (302, 422)
    access = access_for(admin)
    choose_currency(access, "SEK")
    choose_country(access, "SE")
    set_bin_days(access, 30)
    set_bin_days(access, 30)
    save(access, "company", None, {"main": [], "side": []})
    reset_layout(access, "company", None)
    told = [entry["target"]["register"] for entry in entries(What.SETTING_CHANGED)]
    assert told[0] == "field_definition"
    assert told[-5:] == ["organisation"] * 3 + ["record_layout"] * 2
    assert RecordLayout.objects.count() == 0
    assert entries(What.SETTING_CHANGED)[-3]["details"] == {"action": "update", "changes": {"bin_days": [90, 30]}}


def test_change_entries_of_settings_and_rights_are_written_through_the_audit() -> None:
    """Whoever adds a setting finds here that the audit wants to know of it."""
    writers = {str(path.relative_to(PROJECT_ROOT)) for path in (PROJECT_ROOT / "services").rglob("*.py")
               if re.search(r"Change\._get_collection\(\)\.insert", path.read_text())}  # fmt: skip
    assert writers == {
        "services/audit/writing.py", "services/records.py", "services/recycle_bin.py", "services/relationships.py",
        "services/reports/saved.py", "services/saved_views.py",
    }  # fmt: skip


# What is carried out


def test_letters_labels_and_workbooks_are_told(client: FlaskClient, admin: User, admin_access: Access) -> None:
    CompanyFactory.create_batch(3)
    access = access_for(admin)
    job = start_job(access, "merge", "Letters: Offer", {"template": "x", "selection": {"ids": []}}, 3)
    start_job(access, "address_labels", "Labels: Companies", {"register": "company"}, 2)
    start_job(access, "export", "Companies", {"register": "company"}, 2)
    start_job(access, "import", "Companies", {}, 2)
    letters = only(What.LETTERS_MADE)
    assert letters["target"] == {"register": "job", "id": job, "name": "Letters: Offer"}
    assert letters["details"] == {"records": 3, "template": "x", "selection": {"ids": []}}
    assert only(What.LABELS_MADE)["details"] == {"records": 2, "register": "company"}
    assert only(What.EXPORTED)["details"] == {"records": 2, "register": "company"}
    report = save_report(access, {"register": "company", "name": "How many", "groups": [], "across": False,
                                  "conditions": [], "measures": [{"how": "count"}]})  # fmt: skip
    assert client.get(f"/reports/{report['_id']}/xlsx").status_code == 200
    assert client.get("/reports/ready/offer_book/xlsx").status_code == 200
    own, ready = entries(What.WORKBOOK_MADE)
    assert (own["target"]["name"], own["target"]["id"]) == ("How many", report["_id"])
    assert ready["target"]["id"] is None


# The screen


def test_screen_is_for_administrators(
    app: Flask, make_user: Callable, make_role: Callable, sign_in: Callable[[User], FlaskClient]
) -> None:
    role = make_role("Settings", ("settings", "change", "all"), ("*", "see", "all"))
    manager = sign_in(make_user("ada", role))
    for address in ("/settings/audit/", "/settings/audit/workbook"):
        assert manager.get(address).status_code == 403
        assert "/login/" in app.test_client().get(address).headers["Location"]
    assert "/settings/audit/" not in manager.get("/settings/").text


def test_screen_narrows_by_kind_user_and_days(client: FlaskClient, admin: User, make_user: Callable) -> None:
    anna = make_user("anna", "Staff")
    write_now(What.EXPORTED, anna.pk, details={"records": 7})
    write_now(What.SESSIONS_ENDED, admin.pk, target={"register": "user", "id": anna.pk, "name": "Anna"})

    def told(query: str) -> list[str]:
        table = client.get(f"/settings/audit/?{query}").text.partition("<tbody>")[2]
        return re.findall(r'data-label="What">([^<]+)<', table)

    today = dt.datetime.now(dt.UTC).date()
    assert told("") == ["Sessions ended", "Exported", "Logged in"]
    assert told("what=exported") == ["Exported"]
    assert told(f"user={anna.pk}") == ["Sessions ended", "Exported"]
    assert told(f"user={anna.pk}&what=exported") == ["Exported"]
    assert len(told(f"first={today - dt.timedelta(days=1)}&last={today + dt.timedelta(days=1)}")) == 3
    assert told(f"last={today - dt.timedelta(days=2)}") == []
    assert told(f"first={today + dt.timedelta(days=2)}") == []
    assert told("what=nonsense&user=nonsense") == told("")
    assert told("first=0001-01-01&last=9999-12-31") == told("")
    wrong = client.get("/settings/audit/?first=yesterday")
    assert (wrong.status_code, "Give a day as" in wrong.text) == (422, True)


def test_pages_follow_one_another_without_gaps(client: FlaskClient, admin: User) -> None:
    for number in range(120):
        write_now(What.EXPORTED, admin.pk, details={"records": 1_000 + number})
    seen: list[str] = []
    address = "/settings/audit/?what=exported"
    for _page in range(3):
        page = client.get(address).text
        seen += re.findall(r"Records: (1\d\d\d)<", page)
        following = re.search(r'href="([^"]*after=[^"]+)"', page)
        address = following[1].replace("&amp;", "&") if following else ""
    assert seen == [str(1_119 - number) for number in range(120)]
    assert address == ""
    assert client.get("/settings/audit/?after=nonsense").status_code == 302


def test_workbook_has_what_matches_and_is_told_itself(client: FlaskClient, admin: User) -> None:
    write_now(What.EXPORTED, admin.pk, details={"records": 7}, agent="=cmd()")
    answer = client.get("/settings/audit/workbook?what=exported")
    rows = list(openpyxl.load_workbook(io.BytesIO(answer.data)).active.values)
    assert rows[0][:3] == ("Number", "When", "What")
    assert [(row[2], row[6], row[7]) for row in rows[1:]] == [("Exported", "Records: 7", "=cmd()")]
    assert entries(What.EXPORTED)[-1]["target"]["register"] == "audit"


def test_entries_that_somebody_spoiled_are_shown_as_far_as_they_go(client: FlaskClient, admin: User) -> None:
    numbers = [write_now(What.EXPORTED, admin.pk) for _number in range(3)]
    audit, kept = AuditEntry._get_collection(), entries()
    audit.update_one({"_id": numbers[0]}, {"$set": {"what": {"a": 1}, "target": "x", "details": [1], "agent": None}})
    audit.update_one({"_id": numbers[1]}, {"$set": {"details": {"changes": {"a": [ObjectId(), {"b": [b"x"]}, 3]}}}})
    assert client.get("/settings/audit/").status_code == 200
    audit.delete_many({})
    audit.insert_many(kept)


def test_audit_is_read_in_the_browser(page: Page, admin: User) -> None:
    page.goto("/login/?next=/settings/audit/")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Audit")).to_be_visible()
    expect(page.locator("#audit tbody tr")).to_have_count(1)
    page.get_by_label("What").select_option("exported")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("heading", name="Nothing of that kind")).to_be_visible()


def test_indexes_answer_every_question_of_the_screen(app: Flask, admin: User) -> None:
    number = write_now(What.EXPORTED, admin.pk)
    entry = AuditEntry._get_collection().find_one({"_id": number}) or {}
    questions = [Asked(), Asked(What.EXPORTED), Asked(user=str(admin.pk)), Asked(What.EXPORTED, str(admin.pk)),
                 Asked(first=dt.date(2020, 1, 1), last=dt.date(2100, 1, 1))]  # fmt: skip
    for asked in questions:
        parts = [part for part in (asked.query("UTC"), further(f"{int(entry['at'].timestamp() * 1000)}.9")) if part]
        plan = str(AuditEntry._get_collection().find({"$and": parts}).sort([("at", -1), ("_id", -1)]).explain())
        assert "IXSCAN" in plan
        assert "'stage': 'SORT'" not in plan.partition("rejectedPlans")[0]
