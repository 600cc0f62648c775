"""The first start, signing in and out, users, roles, groups and one's own settings."""

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_appbuilder.cli import fab

from models.changes import Change
from models.fields.errors import ValidationFailed
from models.rights import Access
from models.security import Group, Role, Team, User
from services.first_start import AlreadyStarted, create_first_administrator, first_start_code
from services.passwords import weakness
from services.records import create_record
from services.users import change_user
from tests.fixtures.app import PASSWORD, QUICK_HASHER
from views.addresses import own_address

FIRST = {"username": "anna", "first_name": "Anna", "last_name": "Virtanen", "email": "anna@example.com",
         "language": "fi", "time_zone": "Europe/Helsinki", "password": "lammas kävelee",
         "repeated": "lammas kävelee"}  # fmt: skip
PERSON = {"username": "uuno", "first_name": "Uuno", "last_name": "Turhapuro", "email": "uuno@example.com",
          "phone": "040 123 4567", "language": "fi", "time_zone": "Asia/Tokyo", "password": "lammas kävelee",
          "active": "y"}  # fmt: skip


def errors(html: str) -> list[str]:
    return [text.strip() for text in re.findall(r'k-error"[^>]*>.*?<span>(.*?)</span>', html, re.S)]


def token_of(html: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', html)
    assert found
    return found[1]


@pytest.fixture
def key(app: Flask) -> str:
    return str(app.config["SECRET_KEY"])


@pytest.fixture
def stranger(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def with_tokens(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """CSRF as it is in earnest; use it after signing in."""
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)


# The first start


@pytest.mark.parametrize("address", ["/", "/companies/", "/login/?next=/people/", "/settings/", "/nowhere"])
def test_every_page_without_users_leads_to_first_start(stranger: FlaskClient, address: str) -> None:
    answer = stranger.get(address)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/first-start/")


@pytest.mark.parametrize(("address", "status"), [
    ("/health", 200), ("/static/nothing.css", 404), ("/api/v1/company/", 401), ("/first-start/", 200),
])  # fmt: skip
def test_what_is_no_page_answers_without_users(stranger: FlaskClient, address: str, status: int) -> None:
    assert stranger.get(address).status_code == status


def test_first_start_creates_administrator_signs_in_and_says_what_is_next(
    stranger: FlaskClient, key: str
) -> None:
    code = first_start_code(key) or ""
    answer = stranger.post("/first-start/", data={**FIRST, "code": f" {code.lower().replace('-', ' ')}"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/setup/")
    start = stranger.get("/").text
    assert 'class="k-steps"' in start
    assert "/setup/" in start
    assert "/settings/users/" in start
    assert '<html lang="fi">' in start
    assert [role.name for role in User.objects.get(username="anna").roles] == ["Admin"]
    assert first_start_code(key) is None
    entry = Change.objects.get(register="user")
    assert "password" not in entry.changes


@pytest.mark.parametrize(("changes", "message"), [
    ({"code": "AAAA-BBBB-CCCC"}, "This is not the code"),
    ({"code": "Ä\ud7ff"}, "This is not the code"),
    ({"password": "short", "repeated": "short"}, "at least 10"),
    ({"repeated": "other words"}, "The two differ"),
    ({"password": "Password2024!", "repeated": "Password2024!"}, "among the first ones"),
    ({"email": "no address"}, "is not an e-mail address"),
    ({"username": "two words"}, "no spaces"),
    ({"last_name": ""}, "This is required"),
])  # fmt: skip
def test_first_start_with_errors_keeps_what_was_typed_and_creates_nobody(
    stranger: FlaskClient, key: str, changes: dict[str, str], message: str
) -> None:
    answer = stranger.post("/first-start/", data={"code": first_start_code(key), **FIRST, **changes},
                           headers={"Accept-Language": "en"})  # fmt: skip
    assert answer.status_code == 422
    assert any(message in text for text in errors(answer.text)), errors(answer.text)
    assert 'value="Anna"' in answer.text
    assert FIRST["password"] not in answer.text
    assert User.objects.count() == 0


def test_first_start_once_there_is_a_user_is_no_more(stranger: FlaskClient, client: FlaskClient) -> None:
    assert stranger.get("/first-start/").headers["Location"].startswith("/login/")
    assert client.get("/first-start/").headers["Location"] == "/"
    assert stranger.post("/first-start/", data={**FIRST, "code": "x"}).status_code == 302
    assert User.objects.count() == 1


def test_first_start_by_two_at_once_makes_one_administrator(app: Flask, key: str) -> None:
    code = first_start_code(key) or ""
    outcomes: list[str] = []
    start = threading.Barrier(4)

    def create(number: int) -> None:
        data = {**FIRST, "username": f"user{number}", "email": f"user{number}@example.com"}
        start.wait()
        with app.app_context():
            try:
                create_first_administrator(key, code, data, FIRST["password"], FIRST["password"])
                outcomes.append("created")
            except (AlreadyStarted, ValidationFailed):
                outcomes.append("late")

    threads = [threading.Thread(target=create, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["created", "late", "late", "late"]
    assert User.objects.count() == 1


def test_first_start_wrong_codes_are_slowed_down(app: Flask, stranger: FlaskClient, key: str) -> None:
    limiter = app.extensions["appbuilder"].sm.limiter
    limiter.enabled = True
    codes = [stranger.post("/first-start/", data={**FIRST, "code": "x"}).status_code for _ in range(12)]
    assert codes[:10] == [422] * 10
    assert codes[-1] == 429


def test_first_start_with_token_only(app: Flask, stranger: FlaskClient, key: str, with_tokens: None) -> None:
    data = {**FIRST, "code": first_start_code(key)}
    assert stranger.post("/first-start/", data=data).status_code == 400
    token = token_of(stranger.get("/first-start/").text)
    assert stranger.post("/first-start/", data={**data, "csrf_token": token}).status_code == 302


def test_create_admin_from_a_shell_needs_nobody_at_the_keyboard(app: Flask, stranger: FlaskClient) -> None:
    arguments = ["create-admin", "--username", "root2", "--firstname", "R", "--lastname", "T",
                 "--email", "r@example.com", "--password", "lammas kävelee"]  # fmt: skip
    result = app.test_cli_runner().invoke(fab, arguments)
    assert result.exit_code == 0, result.output
    answer = stranger.post("/login/", data={"username": "root2", "password": "lammas kävelee"})
    assert answer.status_code == 302
    assert stranger.get("/settings/users/").status_code == 200


# Passwords


@pytest.mark.parametrize(("password", "username", "weak"), [
    ("lammas kävelee", "anna", False), ("correct-horse-battery", "admin", False), ("8731-qpla-7710", "anna", False),
    ("123456789", "anna", True), ("1234567890", "anna", True), ("Salasana123", "anna", True),
    ("!!password!!", "anna", True), ("qwertyuiop", "anna", True), ("aaaaaaaaaaaa", "anna", True),
    ("AnnaVirtanen", "annavirtanen", True), ("annavirtanen99", "annavirtanen", True), ("x" * 201, "anna", True),
    ("\ud800abcdefgh12", "anna", True), ("1qaz2wsx3edc", "anna", True), ("Manchester!!22", "anna", True),
])  # fmt: skip
def test_weakness_of_password_is_named(password: str, username: str, weak: bool) -> None:
    assert (weakness(password, username) is not None) is weak


# Signing in and out


def test_sign_in_leads_to_the_page_that_was_asked_for(stranger: FlaskClient, make_user: Callable) -> None:
    make_user("staff", "Staff")
    asked = stranger.get("/companies/?page=2&_flt_ct_name=a%26b")
    assert asked.status_code == 302
    answer = stranger.post(asked.headers["Location"], data={"username": "STAFF", "password": PASSWORD})
    assert answer.headers["Location"] == "/companies/?page=2&_flt_ct_name=a%26b"


@pytest.mark.parametrize("target", [
    "http://evil.example/", "//evil.example/", "/\\evil.example", "///evil.example", "javascript:alert(1)", "",
    "/\t/evil.example", "http:evil.example", "http://[::1", "/companies/delete_chosen", "/no/such/page",
])  # fmt: skip
def test_sign_in_never_leads_elsewhere(stranger: FlaskClient, make_user: Callable, target: str) -> None:
    make_user("staff", "Staff")
    answer = stranger.post("/login/", query_string={"next": target},
                           data={"username": "staff", "password": PASSWORD})  # fmt: skip
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_own_address_takes_paths_of_this_host_only(app: Flask) -> None:
    with app.test_request_context("http://crm.example/"):
        assert own_address("http://crm.example/people/?a=1") == "/people/?a=1"
        assert own_address("http://crm.example:81/people/") == ""
        assert own_address(None) == ""


@pytest.mark.parametrize("language", ["en", "fi"])
def test_sign_in_page_speaks_the_browser_s_language(
    stranger: FlaskClient, make_user: Callable, language: str
) -> None:
    make_user("staff", "Staff")
    page = stranger.get("/login/?next=/people/", headers={"Accept-Language": language})
    assert f'<html lang="{language}">' in page.text


def test_sign_in_with_wrong_password_says_so_and_keeps_the_name(stranger: FlaskClient, make_user: Callable) -> None:
    make_user("staff", "Staff")
    answer = stranger.post("/login/?next=/people/", data={"username": "staff", "password": "no"})
    assert answer.status_code == 401
    assert 'value="staff"' in answer.text
    assert len(errors(answer.text)) == 1


def test_deactivated_user_can_neither_sign_in_nor_go_on(
    stranger: FlaskClient, make_user: Callable, sign_in: Callable, client: FlaskClient
) -> None:
    user = make_user("staff", "Staff")
    inside = sign_in(user)
    values = {**PERSON, "username": "staff", "email": user.email, "version": "1"}
    del values["active"], values["password"]
    assert client.post(f"/settings/users/edit/{user.pk}", data=values).status_code == 302
    assert inside.get("/companies/").status_code == 302
    assert stranger.post("/login/", data={"username": "staff", "password": PASSWORD}).status_code == 401


def test_sign_out_is_a_post_and_a_visit_only_asks(client: FlaskClient) -> None:
    assert client.get("/logout/").status_code == 200
    assert client.get("/companies/").status_code == 200
    assert client.post("/logout/").status_code == 302
    assert client.get("/companies/").status_code == 302


def test_sign_out_from_elsewhere_is_refused(client: FlaskClient, with_tokens: None) -> None:
    assert client.post("/logout/").status_code == 400
    assert client.get("/companies/").status_code == 200


# Language


def test_language_switch_is_kept_on_the_user_and_returns(client: FlaskClient, admin: User, sign_in: Callable) -> None:
    answer = client.get("/lang/fi", headers={"Referer": "http://localhost/companies/?page=1"})
    assert answer.headers["Location"] == "/companies/?page=1"
    assert User.objects.get(pk=admin.pk).language == "fi"
    assert '<html lang="fi">' in sign_in(admin).get("/companies/").text


def test_language_switch_from_elsewhere_is_not_kept(client: FlaskClient, admin: User) -> None:
    answer = client.get("/lang/fi", headers={"Referer": "http://evil.example/"})
    assert answer.headers["Location"] == "/"
    assert User.objects.get(pk=admin.pk).language == ""


def test_language_switch_to_unknown_language_is_not_found(client: FlaskClient) -> None:
    assert client.get("/lang/xx").status_code == 404


# Users


def test_add_user_saves_what_was_typed_and_notes_it_without_the_password(client: FlaskClient, admin: User) -> None:
    team = Team(name="North").save()
    staff = Role.objects.get(name="Staff")
    answer = client.post("/settings/users/add", data={**PERSON, "team": str(team.pk), "roles": [str(staff.pk)]})
    assert answer.status_code == 302
    user = User.objects.get(username="uuno")
    assert (user.phone, user.time_zone, user.team, user.roles) == ("+358401234567", "Asia/Tokyo", team, [staff])
    assert QUICK_HASHER.verify(user.password, PERSON["password"])
    entry = Change.objects.get(register="user", record=user.pk)
    assert (entry.by, entry.action) == (admin.pk, "create")
    assert "argon2" not in str(entry.changes)
    assert "Uuno Turhapuro" in client.get("/settings/users/").text


@pytest.mark.parametrize(("changes", "message"), [
    ({"username": "ADMIN"}, "this user name already"),
    ({"email": "Admin@Example.com"}, "this e-mail address already"),
    ({"username": "admin@example.com"}, "this user name already"),
    ({"username": "a\x00b"}, "can&#39;t be kept"),
    ({"phone": "call me"}, "is not a phone number"),
    ({"time_zone": "Mars/Base"}, "Not a valid choice"),
    ({"roles": ["64b000000000000000000000"]}, "not a valid choice"),
    ({"team": "abc"}, "Not a valid choice"),
    ({"password": "short"}, "at least 10"),
    ({"password": ""}, "there can be no invitation"),
    ({"first_name": "x" * 65}, "at most 64"),
])  # fmt: skip
def test_add_user_with_errors_keeps_what_was_typed(
    client: FlaskClient, changes: dict[str, Any], message: str
) -> None:
    answer = client.post("/settings/users/add", data={**PERSON, **changes})
    assert answer.status_code == 422
    assert any(message in text for text in errors(answer.text)), errors(answer.text)
    assert 'value="Turhapuro"' in answer.text
    assert User.objects.count() == 1


def test_edit_user_without_password_keeps_it_and_with_one_changes_it(
    client: FlaskClient, make_user: Callable, stranger: FlaskClient
) -> None:
    user = make_user("uuno", "Staff")
    values = {**PERSON, "password": "", "version": "1"}
    client.post(f"/settings/users/edit/{user.pk}", data=values)
    assert QUICK_HASHER.verify(User.objects.get(pk=user.pk).password, PASSWORD)
    client.post(f"/settings/users/edit/{user.pk}", data={**values, "version": "2", "password": "uusi lause 7"})
    assert stranger.post("/login/", data={"username": "uuno", "password": "uusi lause 7"}).status_code == 302
    assert Change.objects(register="user", record=user.pk).order_by("-version").first().changes["password"][1] == "***"


def test_edit_user_that_somebody_else_changed_shows_both(client: FlaskClient, make_user: Callable) -> None:
    user = make_user("uuno", "Staff")
    url = f"/settings/users/edit/{user.pk}"
    values = {**PERSON, "password": ""}
    client.post(url, data={**values, "first_name": "Eka", "version": "1"})
    answer = client.post(url, data={**values, "first_name": "Toka", "version": "1"})
    assert answer.status_code == 409
    assert "It is now: Eka" in answer.text
    assert 'value="Toka"' in answer.text


@pytest.mark.parametrize("changes", [{"roles": []}, {"active": ""}])
def test_last_administrator_can_t_lock_everybody_out(
    client: FlaskClient, admin: User, changes: dict[str, Any]
) -> None:
    values = {**PERSON, "username": "admin", "email": admin.email, "password": "", "version": "1",
              "roles": [str(role.pk) for role in admin.roles], **changes}  # fmt: skip
    values = {name: value for name, value in values.items() if value != "" or name != "active"}
    answer = client.post(f"/settings/users/edit/{admin.pk}", data=values)
    assert answer.status_code == 422
    assert User.objects.get(pk=admin.pk).active
    assert User.objects.get(pk=admin.pk).roles == admin.roles


def test_two_administrators_who_remove_each_other_leave_one(app: Flask, make_user: Callable) -> None:
    users = [make_user("one", "Admin"), make_user("two", "Admin")]
    start, failures = threading.Barrier(2), []

    def demote(by: User, other: User) -> None:
        start.wait()
        with app.app_context():
            try:
                change_user(Access(user_id=by.pk, everything=True), other.pk, {"roles": []})
            except ValidationFailed as error:
                failures.append(error)

    threads = [threading.Thread(target=demote, args=pair) for pair in (users, users[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failures) == 1
    assert User.objects(roles=Role.objects.get(name="Admin")).count() == 1


def test_group_that_makes_the_only_administrator_keeps_its_role(client: FlaskClient, admin: User) -> None:
    role = Role.objects.get(name="Admin")
    group = Group(name="Chiefs", roles=[role]).save()
    admin.update(roles=[], groups=[group])
    answer = client.post(f"/settings/groups/edit/{group.pk}", data={"name": "Chiefs", "version": "1"})
    assert answer.status_code == 422
    assert Group.objects.get(pk=group.pk).roles == [role]


# Roles and groups


def test_role_is_made_of_tables_and_grants_what_they_say(client: FlaskClient) -> None:
    data = {"name": "Sales", "grant.*.see": "all", "grant.company.change": "own", "grant.company.add": "team",
            "grant.person.see": "", "grant.person.send": "own", "grant.person.settings": "all",
            "settings": "y", "right_field": ["company.phone", "", "person.email"],
            "right_access": ["hidden", "hidden", "read_only"]}  # fmt: skip
    assert client.post("/settings/roles/add", data=data).status_code == 302
    role = Role.objects.get(name="Sales")
    assert {(grant.register, grant.action, grant.scope) for grant in role.grants} == {
        ("*", "see", "all"), ("company", "change", "own"), ("company", "add", "team"), ("settings", "change", "all"),
        ("person", "send", "own"), ("person", "settings", "all"),
    }  # fmt: skip
    assert {(right.register, right.column, right.access) for right in role.field_rights} == {
        ("company", "phone", "hidden"), ("person", "email", "read_only")}  # fmt: skip
    page = client.get(f"/settings/roles/edit/{role.pk}").text
    assert re.search(r'<select[^>]*name="grant.company.change".*?value="own" selected', page, re.S)
    assert "menu_access" not in page
    offered = set(re.findall(r'name="grant\.([^."]+\.(?:merge|send))"', page))
    assert offered >= {"*.merge", "*.send", "person.merge", "person.send", "activity.send", "mailing.send"}
    # Nobody writes letters to mailings or segments, or sends anything to products.
    assert offered.isdisjoint({"mailing.merge", "segment.merge", "segment.send", "product.send", "document.send"})
    assert Change.objects(register="role", record=role.pk).count() == 1


@pytest.mark.parametrize("changes", [
    {"name": ""}, {"name": "staff".title()}, {"grant.company.see": "everything"}, {"grant.company.settings": "own"},
    {"right_field": ["company.nope"], "right_access": ["hidden"]},
    {"right_field": ["company.name"], "right_access": ["hidden"]},
    {"right_field": ["nope"], "right_access": []},
    {"right_field": ["company.phone", "company.phone"], "right_access": ["hidden", "read_only"]},
])  # fmt: skip
def test_role_with_errors_is_not_saved(client: FlaskClient, changes: dict[str, Any]) -> None:
    answer = client.post("/settings/roles/add", data={"name": "Sales", "grant.person.add": "team", **changes})
    assert answer.status_code == 422
    assert "k-error" in answer.text or "alert-danger" in answer.text
    assert re.search(r'name="grant.person.add".*?value="team" selected', answer.text, re.S)
    assert Role.objects(name="Sales").count() == 0


def test_role_form_offers_more_rows_without_saving(client: FlaskClient) -> None:
    page = client.post("/settings/roles/add", data={"name": "Sales", "more": "1"})
    assert page.status_code == 200
    assert page.text.count('name="right_field"') == 6
    assert Role.objects(name="Sales").count() == 0


def test_role_that_somebody_else_changed_shows_both(client: FlaskClient) -> None:
    role = Role.objects.get(name="Reader")
    url, version = f"/settings/roles/edit/{role.pk}", "0"
    assert client.post(url, data={"name": "Reader", "version": version}).status_code == 302
    answer = client.post(url, data={"name": "Reader", "grant.*.see": "own", "version": version})
    assert answer.status_code == 409
    assert "It is now" in answer.text


@pytest.mark.parametrize("name", ["Admin", "Public"])
def test_built_in_roles_can_t_be_changed_or_deleted(client: FlaskClient, name: str) -> None:
    role = Role.objects.get(name=name)
    client.post(f"/settings/roles/edit/{role.pk}", data={"name": "Other", "version": "1"})
    client.post(f"/settings/roles/delete/{role.pk}")
    assert Role.objects.get(pk=role.pk).name == name


def test_team_s_leaders_are_chosen_on_the_user_s_page_and_told_on_the_team_s(
    client: FlaskClient, make_user: Callable
) -> None:
    teams = [Team(name=name).save() for name in ("North", "South")]
    assert 'name="leads"' in client.get("/settings/users/add").text
    user = make_user("uuno")
    url = f"/settings/users/edit/{user.pk}"
    data = {**PERSON, "password": "", "leads": [str(team.pk) for team in teams], "version": "1"}
    assert client.post(url, data=data).status_code == 302
    assert [team.name for team in User.objects.get(pk=user.pk).leads] == ["North", "South"]
    assert client.get(url).text.count("checked") == 3  # both teams, and that the user may sign in
    assert client.get("/settings/teams/").text.count("Uuno Turhapuro") == 2
    assert "in use" in client.post(f"/settings/teams/delete/{teams[0].pk}", follow_redirects=True).text
    assert client.post(url, data={**data, "leads": ["nonsense"], "version": "2"}).status_code == 422
    # Nobody makes oneself a leader on one's own page.
    client.post("/profile/", data={**PERSON, "leads": [str(teams[0].pk)]})
    assert User.objects.get(username="admin").leads == []


def test_team_s_page_names_its_leaders_and_lets_administrators_choose_them(
    client: FlaskClient, make_user: Callable, make_role: Callable, sign_in: Callable
) -> None:
    team, other = (Team(name=name).save() for name in ("North", "South"))
    uuno, aino = make_user("uuno", leads=[other]), make_user("aino")
    gone = make_user("gone", leads=[team])
    gone.update(active=False)
    url = f"/settings/teams/edit/{team.pk}"
    assert "Nobody yet" in client.get(url).text
    both = {"name": "North", "version": "0", "leaders": [str(uuno.pk), str(aino.pk)], "choose_leaders": "1"}
    assert client.post(url, data=both).status_code == 302
    assert [one.name for one in User.objects.get(pk=uuno.pk).leads] == ["South", "North"]
    page = client.get(url).text
    assert all(f'href="/settings/users/edit/{user.pk}"' in page for user in (uuno, aino))
    # What the page does not send stays; what somebody else saved meanwhile is not overwritten unseen.
    assert client.post(url, data={"name": "Far north", "version": "1"}).status_code == 302
    assert User.objects(leads=team, active=True).count() == 2
    assert client.post(url, data={**both, "version": "1"}).status_code == 409
    assert client.post(url, data={**both, "leaders": ["nonsense"], "version": "2"}).status_code == 422
    assert client.post(url, data={"name": "", "choose_leaders": "1", "version": "2"}).status_code == 422
    assert client.post(url, data={**both, "version": "2", "leaders": [str(aino.pk)]}).status_code == 302
    assert {one.username for one in User.objects(leads=team)} == {"aino", "gone"}
    assert Change.objects(register="user", record=uuno.pk).count() == 2
    assert client.get("/settings/teams/edit/nonsense").status_code == 404
    # Who looks after settings renames teams, and makes nobody a leader.
    keeper = sign_in(make_user("keeper", make_role("Keeper", ("settings", "change", "all"))))
    page = keeper.get(url).text
    assert "Aino Tester" in page
    assert 'name="leaders"' not in page
    assert "/settings/users/edit/" not in page
    assert keeper.post(url, data={**both, "name": "Up", "version": "3"}).status_code == 302
    assert User.objects(leads=team, active=True).count() == 1
    assert Team.objects.get(pk=team.pk).name == "Up"


def test_role_and_group_in_use_are_not_deleted(client: FlaskClient, make_user: Callable, make_role: Callable) -> None:
    role = make_role("Sales")
    group = Group(name="Team", roles=[role]).save()
    user = make_user("uuno", groups=[group])
    assert "Somebody has this role" in client.post(f"/settings/roles/delete/{role.pk}", follow_redirects=True).text
    assert "Somebody is in this group" in client.post(
        f"/settings/groups/delete/{group.pk}", follow_redirects=True).text  # fmt: skip
    user.update(groups=[])
    client.post(f"/settings/groups/delete/{group.pk}")
    client.post(f"/settings/roles/delete/{role.pk}")
    assert Group.objects.count() == 0
    assert Role.objects(name="Sales").count() == 0


def test_group_gives_its_roles_to_its_users(client: FlaskClient, make_user: Callable, sign_in: Callable) -> None:
    staff = Role.objects.get(name="Staff")
    assert client.post("/settings/groups/add", data={"name": "Office", "roles": [str(staff.pk)]}).status_code == 302
    user = make_user("uuno", groups=[Group.objects.get(name="Office")])
    assert sign_in(user).get("/companies/add").status_code == 200


@pytest.mark.parametrize("address", ["users/add", "roles/add", "groups/add"])
def test_security_forms_need_their_token(client: FlaskClient, with_tokens: None, address: str) -> None:
    data = {**PERSON, "name": "New"}
    assert client.post(f"/settings/{address}", data=data).status_code == 400
    token = token_of(client.get(f"/settings/{address}").text)
    assert client.post(f"/settings/{address}", data={**data, "csrf_token": token}).status_code == 302


# What roles open


def test_staff_see_registers_in_the_menu_and_no_administration(make_user: Callable, sign_in: Callable) -> None:
    page = sign_in(make_user("staff", "Staff")).get("/companies/")
    assert page.status_code == 200
    for link in ('href="/companies/"', 'href="/people/"', 'href="/companies/add"'):
        assert link in page.text
    assert "/settings/users/" not in page.text


def test_menu_has_one_group_of_settings_and_none_of_permissions(client: FlaskClient) -> None:
    page = client.get("/").text
    assert page.count('class="k-navh"') == 1
    for stock in ("List Users", "Base Permissions", "/viewmenus", "/permissions/", "/registeruser", "/users/stats"):
        assert stock not in page
    for address in ("/permissions/list/", "/viewmenus/list/", "/permissionviews/list/", "/users/list/", "/roles/list/"):
        assert client.get(address).status_code == 404


def test_reader_sees_and_neither_adds_nor_deletes(
    make_user: Callable, sign_in: Callable, admin_access: Access
) -> None:
    record = create_record(admin_access, "company", {"name": "Acme"})
    reader = sign_in(make_user("reader", "Reader"))
    page = reader.get("/companies/").text
    assert "Acme" in page
    assert 'href="/companies/add"' not in page
    assert "/companies/delete" not in re.sub(r'action="/companies/delete_chosen"', "", page)
    assert reader.get("/companies/add").status_code == 403
    for address in ("add", f"edit/{record['_id']}", f"delete/{record['_id']}", "delete_chosen"):
        assert reader.post(f"/companies/{address}", data={"name": "Other"}).status_code == 403


def test_role_of_own_records_sees_no_others(
    make_user: Callable, make_role: Callable, sign_in: Callable, access_of: Callable, admin_access: Access
) -> None:
    role = make_role("Seller", *[("company", action, "own") for action in ("see", "add", "change", "delete")])
    seller = make_user("seller", role)
    mine = create_record(access_of(seller), "company", {"name": "Mine Oy"})
    other = create_record(admin_access, "company", {"name": "Other Oy"})
    inside = sign_in(seller)
    page = inside.get("/companies/").text
    assert "Mine Oy" in page
    assert "Other Oy" not in page
    assert inside.get(f"/companies/show/{mine['_id']}").status_code == 200
    assert inside.get(f"/companies/show/{other['_id']}").status_code == 404
    assert inside.post(f"/companies/delete/{other['_id']}").status_code == 404
    assert inside.get("/people/").status_code == 403
    answer = inside.post("/api/v1/security/login", json={"username": "seller", "password": PASSWORD})
    token = {"Authorization": f"Bearer {answer.json['access_token']}"}
    listed = inside.get("/api/v1/company/", headers=token).json
    assert (listed["count"], [row["name"] for row in listed["result"]]) == (1, ["Mine Oy"])
    assert inside.get(f"/api/v1/company/{other['_id']}", headers=token).status_code == 404


# One's own settings


def test_profile_is_saved_and_shown_in_the_chosen_language(client: FlaskClient, admin: User) -> None:
    data = {"first_name": "Aino", "last_name": "A", "email": "aino@example.com", "phone": "0401234567",
            "language": "fi", "time_zone": "UTC", "version": "1", "roles": ["x"], "username": "other"}  # fmt: skip
    answer = client.post("/profile/", data=data, follow_redirects=True)
    assert '<html lang="fi">' in answer.text
    user = User.objects.get(pk=admin.pk)
    assert (user.first_name, user.phone, user.username) == ("Aino", "+358401234567", "admin")
    assert user.roles == admin.roles


def test_profile_with_errors_keeps_what_was_typed(client: FlaskClient) -> None:
    data = {"first_name": "Aino", "last_name": "", "email": "x", "time_zone": "UTC", "version": "1", "language": ""}
    answer = client.post("/profile/", data=data)
    assert answer.status_code == 422
    assert 'value="Aino"' in answer.text
    assert len(errors(answer.text)) == 2


def test_own_password_is_changed_with_the_old_one_only(client: FlaskClient, admin: User) -> None:
    new = {"new_password": "uusi lause 7", "repeated": "uusi lause 7"}
    wrong = client.post("/profile/password", data={"old_password": "nope", **new})
    assert wrong.status_code == 422
    assert len(errors(wrong.text)) == 1
    differ = client.post("/profile/password", data={"old_password": PASSWORD, **new, "repeated": "else"})
    assert differ.status_code == 422
    assert QUICK_HASHER.verify(User.objects.get(pk=admin.pk).password, PASSWORD)
    assert client.post("/profile/password", data={"old_password": PASSWORD, **new}).status_code == 302
    assert QUICK_HASHER.verify(User.objects.get(pk=admin.pk).password, "uusi lause 7")


def test_profile_needs_its_token(client: FlaskClient, with_tokens: None) -> None:
    data = {"first_name": "Aino", "last_name": "A", "email": "a@example.com", "time_zone": "UTC", "version": "1",
            "language": "en"}  # fmt: skip
    assert client.post("/profile/", data=data).status_code == 400
    token = token_of(client.get("/profile/").text)
    assert client.post("/profile/", data={**data, "csrf_token": token}).status_code == 302


def test_profile_of_nobody_asks_to_sign_in(stranger: FlaskClient, admin: User) -> None:
    assert stranger.get("/profile/").status_code == 302
    assert stranger.post("/profile/password", data={}).status_code == 302
