"""The screens of field definitions: defining, changing, ordering, retiring; what is typed stays."""

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.changes import Change
from models.fields.definitions import FieldDefinition, forget_version
from models.fields.kinds import OFFERED_KINDS
from models.rights import Access
from models.security import FieldRight, User
from services.field_order import move_field
from services.records import VersionConflict, create_record, get_record
from services.settings import define_field
from tests.fixtures.app import PASSWORD

ADD = "/settings/fields/company/add"


def errors(html: str) -> list[str]:
    return [text.strip() for text in re.findall(r'k-error"[^>]*>.*?<span>(.*?)</span>', html, re.S)]


def sent(**changes: Any) -> dict[str, Any]:
    """What the form sends for a text field."""
    return {"kind": "text", "label_en": "Slogan", "label_fi": "", "section": "extra", "key": "", **changes}


def choices(*labels: str, key: str = "", state: str = "") -> dict[str, Any]:
    rows = range(len(labels))
    return {"choice_en": list(labels), "choice_fi": ["" for _ in rows], "choice_key": [key for _ in rows],
            "choice_colour": ["teal" for _ in rows], "choice_state": [state for _ in rows]}  # fmt: skip


def order(register: str = "company") -> list[str]:
    return [field.key for field in FieldDefinition.objects(register=register).order_by("order", "id")]


@pytest.fixture
def fields(admin_access: Access) -> list[dict]:
    """Three fields of the company's extra section, as an import makes them: all of the same order."""
    data = ({"register": "company", "kind": "text", "label": {"en": name}} for name in ("Alpha", "Beta", "Gamma"))
    return [define_field(admin_access, item) for item in data]


# Defining


def test_add_field_with_label_only_makes_key_and_shows_everywhere(client: FlaskClient) -> None:
    assert client.post(ADD, data=sent(label_en="Founded (year)")).status_code == 302
    assert FieldDefinition.objects.get(key="founded_year").label == {"en": "Founded (year)"}
    assert 'name="x_founded_year"' in client.get("/companies/add").text
    assert "Founded (year)" in client.get("/settings/fields/company").text


def test_add_field_by_another_process_shows_in_the_next_request(client: FlaskClient) -> None:
    before = client.get("/companies/add").text
    # As another process does it: through the database alone.
    FieldDefinition(register="company", key="elsewhere", kind="text", label={"en": "Elsewhere"}).save()
    FieldDefinition._get_db()["schema_version"].update_one({"_id": "fields"}, {"$inc": {"n": 1}}, upsert=True)
    assert 'name="x_elsewhere"' not in before
    assert 'name="x_elsewhere"' in client.get("/companies/add").text


def test_add_choice_field_keeps_order_keys_and_colours(client: FlaskClient) -> None:
    data = sent(kind="choice", label_en="Sector", **choices("Metal", "", "Wood & paper"))
    assert client.post(ADD, data=data).status_code == 302
    found = FieldDefinition.objects.get(key="sector").choices
    assert [(choice["key"], choice["colour"]) for choice in found] == [("metal", "teal"), ("wood_paper", "teal")]


def test_add_link_and_money_keep_target_and_currency(client: FlaskClient) -> None:
    client.post(ADD, data=sent(kind="link", label_en="Parent", target="person"))
    client.post(ADD, data=sent(kind="money", label_en="Turnover", currency=" sek "))
    assert FieldDefinition.objects.get(key="parent").target == "person"
    assert FieldDefinition.objects.get(key="turnover").currency == "SEK"


@pytest.mark.parametrize(("changes", "message"), [
    ({"key": "alpha"}, "already a field with the key"),
    ({"key": "name"}, "reserved name"),
    ({"key": "facets"}, "reserved name"),
    ({"key": "Två ord"}, "A key starts with"),
    ({"label_en": "x" * 101}, "at most 100"),
    ({"kind": "choice"}, "at least one choice"),
    ({"kind": "choice", **choices("A", "A")}, "is there twice"),
    ({"kind": "choice", **choices("A", key="two words")}, "A choice key has"),
    ({"kind": "nope"}, "Not a valid choice"),
    ({"section": "nope"}, "Not a valid choice"),
    ({"kind": "money", "currency": "euro"}, "three capital letters"),
    ({"kind": "number", "default": "many"}, "number"),
    ({"help_en": "x" * 1001}, "1,000"),
])  # fmt: skip
def test_add_field_with_errors_keeps_everything_typed(
    client: FlaskClient, fields: list[dict], changes: dict[str, Any], message: str
) -> None:
    data = sent(label_fi="Iskulause", help_fi="Lyhyt & ytimekäs", **{"label_en": "Slogan", **changes})
    answer = client.post(ADD, data=data)
    assert answer.status_code == 422
    assert any(message in text for text in errors(answer.text)), errors(answer.text)
    assert 'value="Iskulause"' in answer.text
    assert "Lyhyt &amp; ytimekäs" in answer.text
    for typed in changes.get("choice_en", []):
        assert f'value="{typed}"' in answer.text
    assert FieldDefinition.objects.count() == 3


def test_add_field_without_label_asks_for_it_and_nothing_else(client: FlaskClient) -> None:
    assert len(errors(client.post(ADD, data=sent(label_en=" ")).text)) == 1


@pytest.mark.parametrize("data", [
    {}, {"choice_en": ["a"], "kind": "choice"}, {"rows": "up:99999999999"}, {"rows": "sideways:x"},
    {"label_en": "\x00\ud7ff", "kind": ["text", "number"]}, {"rows": "remove:-1", "choice_key": ["a", "b"]},
])  # fmt: skip
def test_add_field_with_odd_requests_never_fails(client: FlaskClient, data: dict[str, Any]) -> None:
    assert client.post(ADD, data=data).status_code in (200, 302, 422)


def test_rows_are_added_moved_and_removed_without_saving(client: FlaskClient) -> None:
    def labels(command: str) -> list[str]:
        data = sent(kind="choice", rows=command, **choices("One", "Two", "Three"))
        page = client.post(ADD, data=data)
        assert page.status_code == 200
        return re.findall(r'name="choice_en" value="([^"]*)"', page.text)

    assert labels("up:1") == ["Two", "One", "Three"]
    assert labels("down:0") == ["Two", "One", "Three"]
    assert labels("up:0") == ["One", "Two", "Three"]
    assert labels("remove:1") == ["One", "Three"]
    assert labels("add") == ["One", "Two", "Three", "", "", ""]
    assert FieldDefinition.objects.count() == 0


# Changing


def test_edit_field_changes_label_and_leaves_key_and_kind(client: FlaskClient, fields: list[dict]) -> None:
    url = f"/settings/fields/edit/{fields[0]['_id']}"
    data = sent(label_en="Better", kind="number", key="other", version="1", required="y")
    assert client.post(url, data=data).status_code == 302
    saved = FieldDefinition.objects.get(pk=fields[0]["_id"])
    assert (saved.label, saved.kind, saved.key, saved.required) == ({"en": "Better"}, "text", "alpha", True)
    assert Change.objects(register="field_definition", record=saved.pk, action="update").count() == 1


def test_edit_field_that_somebody_else_changed_shows_both(client: FlaskClient, fields: list[dict]) -> None:
    url = f"/settings/fields/edit/{fields[0]['_id']}"
    assert client.post(url, data=sent(label_en="First", version="1")).status_code == 302
    answer = client.post(url, data=sent(label_en="Second", version="1"))
    assert answer.status_code == 409
    assert "It is now: First" in answer.text
    assert 'value="Second"' in answer.text
    assert 'name="version" value="2"' in answer.text
    assert client.post(url, data=sent(label_en="Second", version="2")).status_code == 302


def test_edit_choices_retires_what_is_left_out_and_restores(client: FlaskClient, admin_access: Access) -> None:
    raw = define_field(admin_access, {"register": "company", "kind": "choice", "label": "Size",
                                      "choices": ["Small", "Large"]})  # fmt: skip
    url = f"/settings/fields/edit/{raw['_id']}"
    rows = {"choice_key": ["small", "large"], "choice_en": ["Small", "Large"], "choice_fi": ["", "Iso"],
            "choice_colour": ["grey", "red"], "choice_state": ["retired", ""]}  # fmt: skip
    assert client.post(url, data=sent(label_en="Size", version="1", **rows)).status_code == 302
    found = {choice["key"]: choice for choice in FieldDefinition.objects.get(pk=raw["_id"]).choices}
    assert found["small"]["retired"]
    assert found["large"]["label"] == {"en": "Large", "fi": "Iso"}
    page = client.post(url, data=sent(label_en="Size", version="2", rows="restore:0", **rows))
    assert page.text.count('name="choice_state" value="retired"') == 0


def test_retired_field_disappears_and_restored_brings_values_back(
    client: FlaskClient, fields: list[dict], admin_access: Access
) -> None:
    record = create_record(admin_access, "company", {"name": "Acme", "x_alpha": "kept"})
    client.post(f"/settings/fields/retire/{fields[0]['_id']}")
    assert 'name="x_alpha"' not in client.get("/companies/add").text
    assert "Restore" in client.get("/settings/fields/company").text
    client.post(f"/settings/fields/restore/{fields[0]['_id']}")
    assert 'name="x_alpha"' in client.get("/companies/add").text
    assert get_record(admin_access, "company", record["_id"])["custom"]["alpha"] == "kept"


def test_move_field_saves_order_and_gives_focus_back(client: FlaskClient, fields: list[dict]) -> None:
    answer = client.post(f"/settings/fields/move/{fields[2]['_id']}", data={"direction": "up"})
    assert order() == ["alpha", "gamma", "beta"]
    page = client.get(answer.headers["Location"]).text
    assert re.search(rf'move/{fields[2]["_id"]}"[^>]*value="up"[^>]*autofocus', page)


def test_move_field_beyond_the_end_changes_nothing(admin_access: Access, fields: list[dict]) -> None:
    assert not move_field(admin_access, fields[0]["_id"], "up")
    assert not move_field(admin_access, fields[2]["_id"], "down")
    assert order() == ["alpha", "beta", "gamma"]


def test_new_field_stands_after_those_there_are(client: FlaskClient, fields: list[dict]) -> None:
    client.post(f"/settings/fields/move/{fields[0]['_id']}", data={"direction": "down"})
    client.post(ADD, data=sent(label_en="Last"))
    assert order()[-1] == "last"


@pytest.mark.parametrize("address", ["edit/abc", "edit/64b000000000000000000000", "nope", "nope/add"])
def test_fields_that_are_not_there_are_not_found(client: FlaskClient, address: str) -> None:
    assert client.get(f"/settings/fields/{address}").status_code == 404


# Who may


def test_settings_right_opens_fields_and_teams_and_not_users(
    make_role: Callable, make_user: Callable[..., User], sign_in: Callable
) -> None:
    keeper = sign_in(make_user("keeper", make_role("Keeper", ("settings", "change", "all"))))
    assert keeper.post(ADD, data=sent()).status_code == 302
    assert keeper.get("/settings/teams/").status_code == 200
    assert keeper.get("/settings/users/").status_code == 403
    page = keeper.get("/settings/").text
    assert "/settings/teams/" in page
    assert "/settings/users/" not in page


def test_who_sets_up_one_register_finds_the_way_there_and_nowhere_else(
    admin_access: Access, make_role: Callable, make_user: Callable[..., User], sign_in: Callable
) -> None:
    other = define_field(admin_access, {"register": "person", "kind": "text", "label": {"en": "Other"}})
    keeper = sign_in(make_user("keeper", make_role("Keeper", ("company", "settings", "all"))))
    page = keeper.get("/settings/").text
    found = set(re.findall(r'href="(/settings/[^"#]+)"', page))
    assert found == {"/settings/fields/company", "/settings/layouts/"}
    assert keeper.get("/settings/fields/").headers["Location"] == "/settings/fields/company"
    assert keeper.get("/settings/layouts/").headers["Location"] == "/settings/layouts/company"
    assert "/settings/fields/person" not in keeper.get("/settings/fields/company").text
    for address in ("fields/company/add", "layouts/company", "choices/company/status"):
        assert keeper.get(f"/settings/{address}").status_code == 200
    assert keeper.post(ADD, data=sent()).status_code == 302
    for address in ("fields/person", "fields/person/add", "fields/person/filled", f"fields/edit/{other['_id']}",
                    "layouts/person", "choices/activity/kind", "pipelines/", "pipelines/add", "pipelines/edit/sales",
                    "teams/", "currencies/", "trays/", "relationships/", "consent/", "users/", "roles/"):  # fmt: skip
        assert keeper.get(f"/settings/{address}").status_code == 403, address
    for address in (f"fields/retire/{other['_id']}", f"fields/move/{other['_id']}", "layouts/person/reset",
                    "pipelines/retire/sales", "fields/person/add"):  # fmt: skip
        assert keeper.post(f"/settings/{address}", data=sent()).status_code == 403, address
    assert {field.key for field in FieldDefinition.objects(retired__ne=True)} == {"other", "slogan"}


def test_pipelines_belong_to_the_settings_of_opportunities(
    make_role: Callable, make_user: Callable[..., User], sign_in: Callable
) -> None:
    grants = (("opportunity", "see", "all"), ("opportunity", "settings", "all"))
    keeper = sign_in(make_user("keeper", make_role("Keeper", *grants)))
    assert "/settings/pipelines/" in keeper.get("/settings/").text
    assert "/settings/pipelines/" in keeper.get("/opportunities/board").text
    assert keeper.get("/settings/pipelines/edit/sales").status_code == 200


def test_staff_see_their_own_settings_only(make_user: Callable[..., User], sign_in: Callable) -> None:
    staff = sign_in(make_user("staff", "Staff"))
    page = staff.get("/settings/").text
    assert "/profile/" in page
    assert "/settings/fields" not in page
    for address in ("fields/company", "fields/company/add", "teams/", "users/", "roles/", "groups/"):
        assert staff.get(f"/settings/{address}").status_code == 403
    assert staff.post(ADD, data=sent()).status_code == 403
    assert FieldDefinition.objects.count() == 0


def test_teams_are_added_and_one_in_use_is_kept(client: FlaskClient, make_user: Callable[..., User]) -> None:
    from_form = {"name": "North"}
    assert client.post("/settings/teams/add", data=from_form).status_code == 302
    team = User.team.document_type.objects.get(name="North")
    make_user("nina", "Staff", team=team)
    answer = client.post(f"/settings/teams/delete/{team.pk}", follow_redirects=True)
    assert "This team is in use" in answer.text
    assert User.team.document_type.objects.count() == 1


# With the token, and in a browser


def test_field_form_without_token_is_refused_and_with_it_saved(
    app: Flask, make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch, sign_in: Callable
) -> None:
    client = sign_in(make_user("admin", "Admin"))
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    assert client.post(ADD, data=sent()).status_code == 400
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(ADD).text)
    assert token
    assert client.post(ADD, data=sent(csrf_token=token[1])).status_code == 302


def log_in(page: Page) -> None:
    """Wait for the page that signing in leads to, its script included: a key pressed before that is nobody's."""
    page.get_by_label("User name").fill("admin")
    page.locator("#password").fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Log in").click()


def test_field_form_in_browser_shows_what_the_kind_needs(page: Page, make_user: Callable[..., User]) -> None:
    make_user("admin", "Admin")
    page.goto(ADD)
    log_in(page)
    # Signing in leads back to the page that was asked for.
    expect(page).to_have_url(re.compile(ADD + "$"))
    expect(page.locator("#choices")).to_be_hidden()
    page.get_by_label("Label in English").fill("Sector")
    page.get_by_role("radio", name="Choice One out of a list").check(force=True)
    expect(page.locator("#choices")).to_be_visible()
    page.get_by_label("English", exact=True).nth(0).fill("Metal")
    page.get_by_label("English", exact=True).nth(1).fill("Wood")
    page.get_by_role("button", name="Move up").nth(1).click()
    expect(page.get_by_label("English", exact=True).nth(0)).to_have_value("Wood")
    # Enter saves rather than pressing the first row's button.
    page.get_by_label("Label in English").press("Enter")
    expect(page.get_by_text("The field was added")).to_be_visible()
    found = FieldDefinition.objects.get(key="sector")
    assert [choice["key"] for choice in found.choices] == ["wood", "metal"]


def test_move_with_the_keyboard_keeps_the_focus(page: Page, make_user: Callable[..., User], fields: list[dict]) -> None:
    make_user("admin", "Admin")
    page.goto("/settings/fields/company")
    log_in(page)
    # The button has the focus before as well: only the next page's tells something.
    with page.expect_navigation():
        page.get_by_role("button", name="Move Alpha down").press("Enter")
    expect(page.get_by_role("button", name="Move Alpha down")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("tr#field-gamma ~ tr#field-alpha")).to_be_visible()
    assert order() == ["beta", "gamma", "alpha"]


def test_two_moves_at_once_leave_every_field_in_its_place_once(
    app: Flask, admin_access: Access, fields: list[dict]
) -> None:
    def move(place: int) -> None:
        with app.app_context():
            forget_version()
            try:
                move_field(admin_access, fields[place]["_id"], "down")
            except VersionConflict as error:
                failures.append(error)

    failures: list[VersionConflict] = []
    threads = [threading.Thread(target=move, args=(place,)) for place in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failures) < 2
    assert sorted(order()) == ["alpha", "beta", "gamma"]


def test_dragged_field_takes_its_place_in_another_section_and_one_change_entry_each(
    client: FlaskClient, admin_access: Access, fields: list[dict]
) -> None:
    sent = {"item": str(fields[0]["_id"]), "list": "basic", "after": ""}
    assert client.post("/settings/fields/place", data=sent).json == {"saved": True}
    assert FieldDefinition.objects.get(key="alpha").section == "basic"
    last = Change._get_collection().find_one({"record": fields[0]["_id"]}, sort=[("_id", -1)])
    assert last["changes"]["section"] == {"before": "extra", "after": "basic"} or "section" in last["changes"]
    sent = {"item": str(fields[0]["_id"]), "list": fields[1]["section"], "after": str(fields[1]["_id"])}
    assert client.post("/settings/fields/place", data=sent).status_code == 200
    assert order() == ["beta", "alpha", "gamma"]
    versions = {raw.key: raw.version for raw in FieldDefinition.objects}
    client.post("/settings/fields/place", data=sent)
    assert {raw.key: raw.version for raw in FieldDefinition.objects} == versions


@pytest.mark.parametrize(("sent", "status"), [
    ({}, 404), ({"item": "nope", "list": "basic"}, 404), ({"item": "0" * 24, "list": "basic"}, 404),
    ({"list": "nope"}, 422), ({"list": "record"}, 422), ({"list": "basic", "after": "$where"}, 200),
])  # fmt: skip
def test_dragging_with_odd_requests_never_fails(
    client: FlaskClient, fields: list[dict], sent: dict[str, str], status: int
) -> None:
    item = {} if "item" in sent or not sent else {"item": str(fields[0]["_id"])}
    assert client.post("/settings/fields/place", data={**item, **sent}).status_code == status


def test_filled_counts_records_that_have_a_value(
    client: FlaskClient, admin_access: Access, fields: list[dict]
) -> None:
    key = f"x_{fields[0]['key']}"
    for value in ("one", "two", None, ""):
        create_record(admin_access, "company", {"name": "A", key: value})
    found = client.get("/settings/fields/company/filled").json
    assert found["records"] == 4
    assert (found["filled"]["name"], found["filled"][key], found["filled"]["city"]) == (4, 2, 0)
    assert client.get("/settings/fields/nope/filled").status_code == 404


def test_filled_counts_only_records_and_fields_that_the_user_sees(
    make_user: Callable[..., User], make_role: Callable[..., Any], sign_in: Callable[[User], FlaskClient],
    admin_access: Access,
) -> None:  # fmt: skip
    rights = [FieldRight(register="company", column="city", access="hidden")]
    grants = (("company", "see", "own"), ("settings", "change", "all"))
    user = make_user("fields", make_role("Fields", *grants, field_rights=rights))
    create_record(admin_access, "company", {"name": "Other Oy", "city": "Oulu", "street": "Tie 1"})
    create_record(admin_access, "company", {"name": "Own Oy", "city": "Oulu", "owner": str(user.id)})
    found = sign_in(user).get("/settings/fields/company/filled").json
    assert (found["records"], found["filled"]["name"], found["filled"]["street"]) == (1, 1, 0)
    assert "city" not in found["filled"]


@pytest.mark.parametrize("kind", [*OFFERED_KINDS, "nope", ""])
def test_preview_shows_field_list_and_condition_of_any_kind(client: FlaskClient, kind: str) -> None:
    data = sent(kind=kind, label_en="<Interest>", choice_en=["Hot", "Cold"], choice_key=["", ""],
                choice_fi=["", ""], choice_colour=["red", "nope"], choice_state=["", ""])  # fmt: skip
    answer = client.post("/settings/fields/preview", data=data)
    assert answer.status_code == 200
    assert answer.text.count("&lt;Interest&gt;") >= 3
    assert ("Hot" in answer.text) == (kind in ("choice", "choices"))


def test_field_is_dragged_and_previewed_in_the_browser(
    page: Page, make_user: Callable[..., User], admin_access: Access, fields: list[dict]
) -> None:
    make_user("admin", "Admin")
    page.goto("/settings/fields/company")
    log_in(page)
    page.get_by_role("button", name="Move Alpha", exact=True).press("Alt+ArrowDown")
    expect(page.locator(".k-toast")).to_contain_text("The new order is saved")
    assert order() == ["beta", "alpha", "gamma"]
    handle, target = (page.get_by_role("button", name=f"Move {name}", exact=True).bounding_box()
                      for name in ("Gamma", "Beta"))  # fmt: skip
    assert handle
    assert target
    page.mouse.move(handle["x"] + 8, handle["y"] + 8)
    page.mouse.down()
    # A hand is slower than the moving of the rows, while which nothing is dropped between them.
    for step in range(12):
        page.mouse.move(handle["x"] + 8, handle["y"] + (target["y"] + 2 - handle["y"]) * (step + 1) / 12)
        page.wait_for_timeout(40)
    page.mouse.up()
    expect(page.locator(".k-toast")).to_have_count(2)
    assert order() == ["gamma", "beta", "alpha"]
    page.goto("/settings/fields/company/add")
    page.get_by_label("Label in English").fill("Interest")
    expect(page.locator("[data-preview]")).to_contain_text("Interest")
