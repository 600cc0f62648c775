"""Users, roles, groups and permissions: screens, commands, several processes at once."""

import json
import multiprocessing
import re
from collections.abc import Callable
from pathlib import Path

import mongoengine as me
import pytest
from click.testing import Result
from flask import Flask
from flask_appbuilder.cli import fab

from fab_mongo import MongoSecurityManager, NoSqlSessionError, Permission, PermissionView, ViewMenu
from tests.fab_mongo import toys
from tests.fab_mongo.conftest import Browser
from tests.fab_mongo.toys import PASSWORD, ToyGroup, ToyRole, ToyUser

pytestmark = pytest.mark.on_both


@pytest.fixture
def sm(app: Flask) -> MongoSecurityManager:
    return app.appbuilder.sm  # type: ignore[attr-defined]


Shell = Callable[..., Result]


@pytest.fixture
def shell(app: Flask) -> Shell:
    """Run `flask fab` with these arguments."""
    return lambda *arguments: app.test_cli_runner().invoke(fab, arguments)


def new_user(**values: object) -> dict[str, object]:
    """Return a filled user form."""
    role = ToyRole.objects.get(name="Public")
    return {
        "first_name": "New",
        "last_name": "User",
        "username": "newbie",
        "email": "newbie@example.org",
        "active": "y",
        "roles": [str(role.pk)],
        "password": PASSWORD,
        "conf_password": PASSWORD,
    } | values


# Screens.


@pytest.mark.parametrize(
    "url",
    [
        "/users/list/",
        "/users/add",
        "/users/userinfo/",
        "/roles/list/",
        "/roles/add",
        "/groups/list/",
        "/groups/add",
        "/permissions/list/",
        "/viewmenus/list/",
        "/permissionviews/list/",
        "/resetmypassword/form",
        "/userinfoeditview/form",
        "/swagger/v1",
        "/",
    ],
)
def test_security_screen_opens(boss: Browser, url: str) -> None:
    page = boss.get(url)
    assert ToyUser.objects.get(username="boss").password not in page


def test_user_added_on_screen_can_log_in(boss: Browser, browser_of: Callable[[str], Browser]) -> None:
    boss.post("/users/add", new_user())
    user = ToyUser.objects.get(username="newbie")
    assert PASSWORD not in user.password
    assert "Newbie" not in boss.get("/users/list/")
    assert "newbie@example.org" in boss.get("/users/list/")
    assert "newbie" in boss.get(f"/users/show/{user.pk}")
    assert "/logout/" in browser_of("newbie").get("/")
    assert ToyUser.objects.get(username="newbie").login_count == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"username": "boss"},
        {"email": "boss@example.org"},
        {"email": "nobody"},
        {"conf_password": "other"},
        {"roles": []},
        {"username": ""},
        {"roles": ["junk"]},
    ],
)
def test_user_form_with_wrong_value_keeps_what_was_typed(boss: Browser, wrong: dict[str, object]) -> None:
    page = boss.post("/users/add", new_user(last_name="Typed-name") | wrong)
    assert "Typed-name" in page
    assert ToyUser.objects.count() == 1
    assert PASSWORD not in page


def test_user_edited_keeps_the_password(boss: Browser) -> None:
    user = ToyUser.objects.get(username="boss")
    boss.post(f"/users/edit/{user.pk}", new_user(username="boss", email="boss@example.org", first_name="Renamed"))
    changed = ToyUser.objects.get(pk=user.pk)
    assert changed.first_name == "Renamed"
    assert changed.password == user.password
    assert changed.changed_on > user.changed_on


def test_password_is_in_no_column_filter_or_form(boss: Browser) -> None:
    user = ToyUser.objects.get(username="boss")
    for url in ("/users/list/", f"/users/show/{user.pk}", f"/users/edit/{user.pk}"):
        assert user.password not in boss.get(url)
    assert "alert-danger" in boss.get("/users/list/?_flt_sw_password=scrypt")
    assert 'name="password"' not in boss.get(f"/users/edit/{user.pk}")


def test_password_reset_by_administrator_works(boss: Browser, sm: MongoSecurityManager, app: Flask) -> None:
    user = toys.add_user(app, "guest", "Public")
    url = f"/resetpassword/form?pk={user.pk}"
    boss.post(url, {"password": "another one", "conf_password": "another one"})
    with app.test_request_context():
        assert sm.auth_user_db("guest", PASSWORD) is None
        assert sm.auth_user_db("guest@example.org", "another one") == user


@pytest.mark.parametrize("pk", ["", "junk", "0" * 24])
def test_password_reset_of_unknown_user_is_not_found(boss: Browser, pk: str) -> None:
    assert boss.status(f"/resetpassword/form?pk={pk}") == 404


def test_own_name_can_be_changed_within_bounds(boss: Browser) -> None:
    boss.post("/userinfoeditview/form", {"first_name": "Big", "last_name": "Boss"})
    assert str(ToyUser.objects.get(username="boss")) == "Big Boss"
    page = boss.post("/userinfoeditview/form", {"first_name": "x" * 65, "last_name": "Typed-name"})
    assert "Typed-name" in page
    assert str(ToyUser.objects.get(username="boss")) == "Big Boss"


def test_role_on_screen_grants_and_is_copied(boss: Browser, app: Flask, browser_of: Callable[[str], Browser]) -> None:
    pair = PermissionView.objects.get(pk="can_list on BookView")
    boss.post("/roles/add", {"name": "Readers", "permissions": [pair.pk]})
    role = ToyRole.objects.get(name="Readers")
    assert role.permissions == [pair]
    toys.add_user(app, "guest", "Readers")
    assert browser_of("guest").status("/bookview/list/") == 200
    for _time in range(2):
        boss.post("/roles/action_post", {"action": "copyrole", "rowid": [str(role.pk)]}, page="/roles/add")
    copies = ToyRole.objects(name__startswith="Readers copy")
    assert sorted(copy.name for copy in copies) == ["Readers copy", "Readers copy 2"]
    assert copies[0].permissions == [pair]
    boss.get(f"/roles/show/{role.pk}")


def test_role_and_group_in_use_are_not_deleted(boss: Browser, app: Flask) -> None:
    toys.add_user(app, "guest", "Guests")
    group = ToyGroup(name="Team").save()
    ToyUser.objects(username="guest").update_one(add_to_set__groups=group)
    role = ToyRole.objects.get(name="Guests")
    assert "cannot delete" in boss.post(f"/roles/delete/{role.pk}", {}, page="/roles/add")
    assert "cannot delete" in boss.post(f"/groups/delete/{group.pk}", {}, page="/groups/add")
    ToyUser.objects(username="guest").delete()
    boss.post(f"/roles/delete/{role.pk}", {}, page="/roles/add")
    boss.post(f"/groups/delete/{group.pk}", {}, page="/groups/add")
    assert ToyRole.objects(name="Guests").count() == 0
    assert ToyGroup.objects.count() == 0


def test_roles_of_groups_count(boss: Browser, app: Flask, browser_of: Callable[[str], Browser]) -> None:
    role = ToyRole(name="Readers", permissions=["can_list on BookView"]).save()
    boss.post("/groups/add", {"name": "Team", "label": "Team", "roles": [str(role.pk)]})
    toys.add_user(app, "guest", "Public")
    guest = browser_of("guest")
    assert guest.status("/bookview/list/") == 403
    ToyUser.objects(username="guest").update_one(add_to_set__groups=ToyGroup.objects.get(name="Team"))
    assert guest.status("/bookview/list/") == 200
    role.delete()
    assert guest.status("/bookview/list/") == 403


def test_public_role_lets_anybody_in(app: Flask, sm: MongoSecurityManager) -> None:
    client = app.test_client()
    assert client.get("/bookview/list/").status_code == 302
    pair = sm.find_permission_view_menu("can_list", "BookView")
    sm.add_permission_role(ToyRole.objects.get(name="Public"), pair)
    assert client.get("/bookview/list/").status_code == 200
    sm.del_permission_role(ToyRole.objects.get(name="Public"), pair)
    assert client.get("/bookview/list/").status_code == 302


def test_public_role_deleted_lets_nobody_in_and_breaks_nothing(app: Flask, sm: MongoSecurityManager) -> None:
    ToyRole.objects(name="Public").delete()
    client = app.test_client()
    assert client.get("/").status_code == 200
    assert client.get("/bookview/list/").status_code == 302
    assert client.get("/api/v1/menu/").status_code == 401
    with app.app_context():
        sm.create_db()
    assert ToyRole.objects(name="Public").count() == 1


# Logging in.


def test_login_failure_is_counted_and_inactive_users_stay_out(app: Flask, sm: MongoSecurityManager) -> None:
    with app.test_request_context():
        assert sm.auth_user_db("boss", "wrong") is None
        assert ToyUser.objects.get(username="boss").fail_login_count == 1
        assert sm.auth_user_db("BOSS", PASSWORD) is not None
        user = ToyUser.objects.get(username="boss")
        assert (user.fail_login_count, user.login_count) == (0, 1)
        assert user.last_login.utcoffset().total_seconds() == 0
        for name, password in [("boss", ""), ("boss", "\x00"), ("boss", None), ("", "x"), (None, "x"), ("b\x00", "x")]:
            assert sm.auth_user_db(name, password) is None
        ToyUser.objects.update(set__active=False)
        assert sm.auth_user_db("boss", PASSWORD) is None
        assert sm.load_user(user.get_id()) is None


def test_password_hashing_can_be_replaced(
    app: Flask, sm: MongoSecurityManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sm, "hash_password", lambda password: "plain:" + password)
    monkeypatch.setattr(sm, "check_password", lambda hashed, password: hashed == f"plain:{password}")
    with app.test_request_context():
        user = sm.add_user("fancy", "F", "F", "fancy@example.org", None, "secret")
        assert user.password == "plain:secret"
        assert sm.auth_user_db("fancy", "secret") == user
        assert sm.reset_password(user.pk, "changed")
        assert sm.auth_user_db("fancy", "changed") == user
        assert not sm.reset_password("junk", "changed")


def test_user_without_password_cannot_log_in(app: Flask, sm: MongoSecurityManager) -> None:
    with app.test_request_context():
        sm.add_user("nopass", "N", "P", "nopass@example.org", None)
        assert sm.auth_user_db("nopass", "anything") is None


def test_add_user_not_unique_or_invalid_returns_false(sm: MongoSecurityManager, app: Flask) -> None:
    with app.app_context():
        assert sm.add_user("boss", "B", "B", "other@example.org", None, "x") is False
        assert sm.add_user("other", "B", "B", "nobody", None, "x") is False
    assert ToyUser.objects.count() == 1


def test_registration_is_kept_found_and_forgotten(sm: MongoSecurityManager, app: Flask) -> None:
    with app.app_context():
        registration = sm.add_register_user("new", "N", "N", "new@example.org", "secret")
        assert sm.find_register_user(registration.registration_hash) == registration
        assert not sm.add_register_user("new", "N", "N", "new2@example.org", "secret")
        assert sm.del_register_user(registration)
        assert sm.find_register_user(registration.registration_hash) is None


def test_load_user_of_malformed_id_is_nobody(sm: MongoSecurityManager) -> None:
    for pk in ("", "1", None, "0" * 24, "\x00"):
        assert sm.load_user(pk) is None


# Permissions.


def test_permissions_of_a_view_follow_its_methods(sm: MongoSecurityManager, app: Flask) -> None:
    with app.app_context():
        sm.add_permissions_view(["can_list", "can_old"], "PassingView")
        assert sm.find_permission_view_menu("can_old", "PassingView")
        assert "can_old on PassingView" in {pair.pk for pair in ToyRole.objects.get(name="Admin").permissions}
        sm.add_permissions_view(["can_list"], "PassingView")
        assert sm.find_permission_view_menu("can_old", "PassingView") is None
        assert sm.find_permission("can_old") is None
        assert "can_old on PassingView" not in {pair.pk for pair in ToyRole.objects.get(name="Admin").permissions}


def test_permissions_are_written_only_when_asked_for(no_security: None) -> None:
    quiet = toys.make_app(update=False)
    assert PermissionView.objects.count() == 0
    assert sorted(role.name for role in ToyRole.objects) == ["Admin", "Public"]
    with quiet.app_context():
        quiet.appbuilder.add_permissions(update_perms=True)
    assert PermissionView.objects.count() > 50


def test_security_cleanup_removes_what_nothing_has(sm: MongoSecurityManager, shell: Shell, app: Flask) -> None:
    with app.app_context():
        sm.add_permissions_view(["can_list"], "GoneView")
        guests = sm.add_role("Guests")
        sm.add_permission_role(guests, sm.find_permission_view_menu("can_list", "GoneView"))
    assert shell("security-cleanup").exit_code == 0
    assert ViewMenu.objects(pk="GoneView").first() is None
    assert PermissionView.objects(pk="can_list on GoneView").first() is None
    assert ToyRole.objects.get(name="Guests").permissions == []
    assert PermissionView.objects(pk="can_list on BookView").first()


def test_permissions_of_a_request_are_read_once(app: Flask, boss: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[object] = []
    read = MongoSecurityManager._read_pairs
    monkeypatch.setattr(MongoSecurityManager, "_read_pairs", lambda self, ids: reads.append(ids) or read(self, ids))
    for number in range(25):
        toys.Book(title=f"book {number}").save()
    boss.get("/bookview/list/")
    assert len(reads) == 1


# Commands.


def test_create_admin_and_user_work_from_a_shell(shell: Shell, sm: MongoSecurityManager, app: Flask) -> None:
    person = ["--firstname", "A", "--lastname", "B", "--password", PASSWORD]
    admin = shell("create-admin", "--username", "root", "--email", "root@example.org", *person)
    assert "Admin User root created" in admin.output
    again = shell("create-admin", "--username", "root", "--email", "root@example.org", *person)
    assert "already exists" in again.output
    user = ["--username", "user", "--email", "user@example.org", "--role", "Public"]
    assert "User user created" in shell("create-user", *user, *person).output
    with app.test_request_context():
        assert sm.auth_user_db("root", PASSWORD).roles == [ToyRole.objects.get(name="Admin")]
    listed = shell("list-users").output
    assert "root@example.org" in listed
    assert "user@example.org" in listed
    assert PASSWORD not in listed


def test_reset_password_works_from_a_shell(shell: Shell, sm: MongoSecurityManager, app: Flask) -> None:
    result = shell("reset-password", "--username", "boss", "--password", "changed")
    assert "reseted" in result.output
    with app.test_request_context():
        assert sm.auth_user_db("boss", "changed")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("version", "F.A.B Version"),
        ("list-views", "BookView"),
        ("create-permissions", "Created all permissions"),
        ("security-converge", "Finished security converge"),
        ("create-db", "Nothing to create"),
    ],
)
def test_fab_command_runs(shell: Shell, command: str, said: str) -> None:
    result = shell(command)
    assert result.exit_code == 0, result.output
    assert said in result.output


def test_roles_are_exported_and_imported(shell: Shell, app: Flask, sm: MongoSecurityManager, tmp_path: Path) -> None:
    with app.app_context():
        sm.add_permission_role(sm.add_role("Readers"), sm.find_permission_view_menu("can_list", "BookView"))
    path = tmp_path / "roles.json"
    assert shell("export-roles", "--path", str(path), "--indent", "2").exit_code == 0
    readers = [role for role in json.loads(path.read_text()) if role["name"] == "Readers"]
    assert readers[0]["permissions"] == [{"permission": {"name": "can_list"}, "view_menu": {"name": "BookView"}}]
    ToyRole.objects(name="Readers").delete()
    assert shell("import-roles", "--path", str(path)).exit_code == 0
    assert [pair.pk for pair in ToyRole.objects.get(name="Readers").permissions] == ["can_list on BookView"]


def test_sql_session_asked_for_says_there_is_none(app: Flask) -> None:
    with pytest.raises(NoSqlSessionError, match="MongoDB"):
        app.appbuilder.session.query(1)  # type: ignore[attr-defined]


# Several processes.


def _start(uri: str, name: str, barrier: object, results: object) -> None:
    me.disconnect()
    me.connect(name, host=uri, tz_aware=True, uuidRepresentation="standard")
    barrier.wait(30)  # type: ignore[attr-defined]
    toys.make_app()
    results.put("started")  # type: ignore[attr-defined]


@pytest.mark.real_only("several processes")
def test_processes_starting_at_once_make_each_role_and_permission_once(mongodb_uri: str, no_security: None) -> None:
    name = me.get_db().name
    for document_class in (ToyRole, Permission, PermissionView, ViewMenu):
        document_class.drop_collection()
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(4), context.Queue()
    processes = [context.Process(target=_start, args=(mongodb_uri, name, barrier, results)) for _number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    assert [results.get(timeout=5) for _process in processes] == ["started"] * 4
    assert sorted(role.name for role in ToyRole.objects) == ["Admin", "Public"]
    admin = ToyRole.objects.get(name="Admin")
    granted = [reference.pk for reference in admin.permissions]
    assert len(granted) == len(set(granted)) == PermissionView.objects.count()
    assert "can_list on BookView" in granted


def test_session_cookie_of_a_deleted_user_is_nobody(boss: Browser) -> None:
    ToyUser.objects.delete()
    assert boss.status("/bookview/list/") == 302
    assert re.search("Login|Sign In", boss.get("/"))
