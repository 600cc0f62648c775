"""Trays: whose they are, how users and administrators arrange them, what their tools find."""

import datetime as dt
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask

from models.activities import Activity
from models.changes import Change
from models.fields.errors import ValidationFailed
from models.rights import Access, NotAllowed
from models.saved_views import SavedView
from models.security import FieldRight, Role, Team, User
from models.trays import NARROW, WIDE, OwnTray, Tray
from services.ready_trays import GENERAL, READY
from services.records import RecordNotFound, VersionConflict, create_record, update_record
from services.reports.saved import save_report
from services.saved_views import Query, save_view
from services.tasks import MINE, OVERDUE, TEAM, TODAY, WEEK, add_task, finish_task, today_of
from services.tray_arranging import added, moved, placed, removed, resized
from services.tray_figures import WEEKS, added_by_month, done_by_week, newest_records, open_tasks
from services.tray_news import customer_news
from services.tray_pipeline import IS_OPEN, board_of, next_closing, whose_nodes, worth_of
from services.tray_tasks import READ, SHOWN, coming_tasks
from services.tray_tools import TOOLS, offered_tools
from services.trays import (
    MOST_TOOLS,
    all_trays,
    arrange_own,
    arrange_tray,
    bind_ready_trays,
    delete_tray,
    get_tray,
    give_tray,
    reset_own,
    reset_tray,
    save_tray,
    seen_tools,
    tool_of,
    tray_of,
    trays_of,
    undo_own,
    undo_tray,
)

Raw = dict[str, Any]
DAY = dt.timedelta(days=1)
TOOLS_OF_SALES = ("tasks-mine", "pipeline-mine", "calendar", "quick", "news")
BOTH = {"en": "Export", "fi": "Vienti"}


@pytest.fixture
def people(make_user: Callable[..., User], make_role: Callable[..., Role],
           access_of: Callable[[User], Access]) -> dict[str, Access]:  # fmt: skip
    bind_ready_trays()
    make_role("Companies only", ("company", "see", "own"))
    make_role("Settings", ("settings", "change", "all"), ("*", "see", "all"))
    roles = {"sally": ("Sales staff",), "sam": ("Sales staff",), "mia": ("Sales staff", "Management"),
             "otto": ("Staff",), "clara": ("Companies only",), "boss": ("Admin",), "sean": ("Settings",)}  # fmt: skip
    return {name: access_of(make_user(name, *held)) for name, held in roles.items()}


def keys(access: Access) -> list[str]:
    return [tray.key for tray in trays_of(access)]


def ids(access: Access, key: str = "sales") -> list[str]:
    return [raw["id"] for raw in tray_of(access, key).tools]


def drop(access: Access, tool_id: str) -> Callable[[list[Raw]], list[Raw]]:
    return lambda tools: removed(access, tools, tool_id)


def role_id(name: str) -> str:
    return str(Role.objects.get(name=name).pk)


# Whose they are


def test_trays_are_those_of_the_roles_else_the_one_for_all_others(people: dict[str, Access]) -> None:
    found = {name: keys(access) for name, access in people.items()}
    assert found["sally"] == ["sales"]
    assert found["mia"] == ["sales", "management"]
    assert found["otto"] == found["clara"] == found["boss"] == [GENERAL]
    with pytest.raises(RecordNotFound):
        tray_of(people["sally"], "management")
    for nonsense in ("", "$where", "0" * 24, "x" * 300):
        with pytest.raises(RecordNotFound):
            tray_of(people["sally"], nonsense)
        with pytest.raises(RecordNotFound):
            get_tray(nonsense)


def test_every_tray_that_comes_along_is_made_of_tools_there_are(app: Flask, admin_access: Access) -> None:
    for ready in READY.values():
        assert len({raw["id"] for raw in ready.tools}) == len(ready.tools)
        for raw in ready.tools:
            tool = TOOLS[raw["tool"]]
            assert raw["size"] in tool.sizes
            assert set(raw["options"]) == {option.name for option in tool.options}
            for option in tool.options:
                assert raw["options"][option.name] in dict(option.choices(admin_access, []))


def test_a_tool_whose_register_one_may_not_see_is_left_out(people: dict[str, Access]) -> None:
    clara = people["clara"]
    assert [raw["tool"] for raw in seen_tools(clara, tray_of(clara, GENERAL).tools)] == ["news"]
    assert {"tasks", "calendar", "quick", "first_steps"}.isdisjoint(tool.key for tool in offered_tools(clara))
    with pytest.raises(RecordNotFound):
        tool_of(clara, tray_of(clara, GENERAL).tools, "calendar")
    with pytest.raises(RecordNotFound):
        arrange_own(clara, GENERAL, lambda tools: added(clara, tools, "tasks", {"whose": MINE}, None))


def test_ready_trays_stay_as_somebody_has_seen_to_them(people: dict[str, Access]) -> None:
    save_tray(people["boss"], "sales", label=BOTH, roles=[])
    bind_ready_trays()
    give_tray("sales", [ObjectId(role_id("Staff"))])
    assert keys(people["sally"]) == [GENERAL]
    give_tray("service", [ObjectId(role_id("Staff"))])
    assert keys(people["otto"]) == ["service"]


# One's own


def test_what_a_user_arranges_is_for_that_user_alone(people: dict[str, Access]) -> None:
    sally, sam = people["sally"], people["sam"]
    before = ids(sam)
    arrange_own(sally, "sales", drop(sally, "calendar"))
    assert "calendar" not in ids(sally)
    assert ids(sam) == before
    assert [raw["id"] for raw in get_tray("sales").tools] == before
    arrange_tray(people["boss"], "sales", drop(people["boss"], "quick"))
    assert "quick" in ids(sally)
    assert "quick" not in ids(sam)


def test_arranging_is_taken_back_and_begun_anew(people: dict[str, Access]) -> None:
    sally = people["sally"]
    before = ids(sally)
    first = arrange_own(sally, "sales", drop(sally, "calendar"))
    assert undo_own(sally, "sales", first.version).tools == get_tray("sales").tools
    again = arrange_own(sally, "sales", drop(sally, "calendar"))
    arrange_own(sally, "sales", drop(sally, "quick"))
    with pytest.raises(VersionConflict):
        undo_own(sally, "sales", again.version)
    assert "quick" not in ids(sally)
    fresh = reset_own(sally, "sales")
    assert ids(sally) == before
    assert not fresh.arranged
    undo_own(sally, "sales", fresh.version)
    assert "quick" not in ids(sally)
    with pytest.raises(RecordNotFound):
        undo_own(sally, "management", 1)


def test_a_change_that_changes_nothing_is_not_kept(people: dict[str, Access]) -> None:
    sally = people["sally"]
    first = ids(sally)[0]
    arrange_own(sally, "sales", lambda tools: moved(sally, tools, first, down=False))
    reset_own(sally, "sales")
    assert OwnTray.objects.count() == 0


def test_tools_move_among_their_own(people: dict[str, Access]) -> None:
    sally = people["sally"]
    tools = list(get_tray("sales").tools)

    def order(found: list[Raw]) -> list[str]:
        return [raw["id"] for raw in found]

    down = order(moved(sally, tools, "tasks-mine", down=True))
    assert down.index("pipeline-mine") < down.index("tasks-mine") < down.index("calendar")
    assert order(moved(sally, moved(sally, tools, "tasks-mine", down=True), "tasks-mine", down=False)) == order(tools)
    last_figure = [one for one in order(tools) if one.startswith("figure")][-1]
    assert moved(sally, tools, last_figure, down=True) == tools
    assert order(placed(sally, tools, "news", ""))[order(tools).index("tasks-mine")] == "news"
    assert order(placed(sally, tools, "tasks-mine", "news"))[-1] == "tasks-mine"
    assert order(placed(sally, tools, "tasks-mine", "nothing")) == order(tools)
    assert sorted(order(placed(sally, tools, "figure_done", "news"))) == sorted(order(tools))
    with pytest.raises(RecordNotFound):
        placed(sally, tools, "nothing", "")


def test_tools_that_one_does_not_see_are_passed_over(people: dict[str, Access]) -> None:
    clara = people["clara"]
    tools = [{"id": name, "tool": key, "size": NARROW, "options": {}} for name, key in
             (("a", "news"), ("b", "calendar"), ("c", "gone"), ("d", "news"))]  # fmt: skip
    assert moved(clara, tools, "d", down=False)[0]["id"] == "d"
    assert [raw["id"] for raw in removed(clara, tools, "a")] == ["b", "c", "d"]


def test_tools_are_made_wider_as_far_as_they_may(people: dict[str, Access]) -> None:
    sally = people["sally"]
    tools = list(get_tray("sales").tools)
    assert tool_of(sally, resized(sally, tools, "tasks-mine", wide=True), "tasks-mine")["size"] == WIDE
    assert tool_of(sally, resized(sally, tools, "news", wide=False), "news")["size"] == NARROW
    with pytest.raises(RecordNotFound):
        resized(sally, tools, "figure_done", wide=True)


def test_adding_takes_what_is_offered_and_no_more(people: dict[str, Access]) -> None:
    sally = people["sally"]
    tools: list[Raw] = []
    for key, options in (("tasks", {"whose": "all"}), ("tasks", {}), ("view", {"view": "0" * 24}),
                         ("newest", {"register": "activity"}), ("newest", {"register": "$where"})):  # fmt: skip
        with pytest.raises(ValidationFailed):
            added(sally, tools, key, options, None)
    with pytest.raises(RecordNotFound):
        added(sally, tools, "nothing", {}, None)
    tools = added(sally, tools, "newest", {"register": "company", "other": "x"}, None)
    assert tools[0]["options"] == {"register": "company"}
    with pytest.raises(ValidationFailed, match="Remove one first"):
        added(sally, tools * MOST_TOOLS, "calendar", {}, None)


def test_views_offered_are_those_that_the_trays_users_may_open(people: dict[str, Access]) -> None:
    sally, boss = people["sally"], people["boss"]
    sales = role_id("Sales staff")
    own = save_view(sally, "company", "Own", "me", Query())
    shared = save_view(sally, "company", "Shared", sales, Query())
    everybody = save_view(boss, "company", "Everybody", "all", Query())
    choices = TOOLS["view"].options[0].choices
    assert {value for value, _label in choices(sally, None)} == {str(raw["_id"]) for raw in (own, shared, everybody)}
    assert {value for value, _label in choices(boss, [ObjectId(sales)])} == {str(shared["_id"]), str(everybody["_id"])}
    assert {value for value, _label in choices(boss, [])} == {str(everybody["_id"])}
    assert SavedView.objects.count() == 3


# The trays of roles


def test_who_manages_settings_makes_trays_of_roles(people: dict[str, Access]) -> None:
    sean, sally = people["sean"], people["sally"]
    tray = save_tray(sean, None, label={"en": " Export ", "fi": "Vienti"}, roles=[role_id("Staff")], like="sales")
    assert (tray.name_in("fi"), tray.name_in("en"), tray.name_in("sv")) == ("Vienti", "Export", "Export")
    assert [raw["id"] for raw in tray.tools] == ids(sally)
    assert keys(people["otto"]) == [tray.key]
    arrange_tray(sean, tray.key, drop(sean, "calendar"))
    assert "calendar" not in ids(people["otto"], tray.key)
    assert "calendar" in ids(sally)
    arrange_own(people["otto"], tray.key, drop(people["otto"], "quick"))
    delete_tray(sean, tray.key)
    assert keys(people["otto"]) == [GENERAL]
    assert OwnTray.objects.count() == 0
    assert [entry.action for entry in Change.objects(register="tray").order_by("version")] == [
        "create", "update", "delete"]  # fmt: skip


def test_nobody_else_touches_the_trays_of_roles(people: dict[str, Access]) -> None:
    sally, boss = people["sally"], people["boss"]
    for forbidden in (
        lambda: save_tray(sally, None, label=BOTH, roles=[]), lambda: save_tray(sally, "sales", label=BOTH, roles=[]),
        lambda: arrange_tray(sally, "sales", lambda tools: []), lambda: reset_tray(sally, "sales"),
        lambda: undo_tray(sally, "sales", 1), lambda: delete_tray(sally, "sales"),
        lambda: delete_tray(boss, "sales"),
    ):  # fmt: skip
        with pytest.raises(NotAllowed):
            forbidden()
    assert Change.objects(register="tray").count() == 0


def test_names_and_roles_are_checked(people: dict[str, Access]) -> None:
    boss = people["boss"]
    for label, roles in (({}, []), ({"en": " \x00"}, []), ({"en": "x" * 61}, []), (BOTH, ["0" * 24]), (BOTH, ["$ne"])):
        with pytest.raises(ValidationFailed):
            save_tray(boss, None, label=label, roles=roles)
    save_tray(boss, "sales", label=BOTH, roles=[role_id("Staff")])
    with pytest.raises(VersionConflict):
        save_tray(boss, "sales", label=BOTH, roles=[])
    arrange_tray(boss, "sales", drop(boss, "calendar"))
    assert save_tray(boss, "sales", label={"fi": "Myynti"}, roles=[], named=1).name_in("en") == "Myynti"


def test_a_tray_that_comes_along_follows_the_program_until_it_is_changed(people: dict[str, Access]) -> None:
    boss = people["boss"]
    save_tray(boss, "sales", label=BOTH, roles=[role_id("Sales staff")])
    assert Tray.objects.get(ready="sales").tools in (None, [])
    assert [raw["id"] for raw in get_tray("sales").tools] == [raw["id"] for raw in READY["sales"].tools]
    changed = arrange_tray(boss, "sales", drop(boss, "calendar"))
    assert undo_tray(boss, "sales", changed.version).tools == READY["sales"].tools
    arrange_tray(boss, "sales", lambda tools: [])
    assert get_tray("sales").tools == []
    assert reset_tray(boss, "sales").tools == READY["sales"].tools
    with pytest.raises(RecordNotFound):
        reset_tray(boss, save_tray(boss, None, label=BOTH, roles=[]).key)
    assert [tray.key for tray in all_trays()][: len(READY)] == list(READY)


def test_two_who_arrange_at_once_undo_nothing_of_each_other_s(app: Flask, people: dict[str, Access]) -> None:
    boss, failed = people["boss"], []

    def work(tool_id: str) -> None:
        with app.app_context():
            try:
                arrange_tray(boss, "sales", drop(boss, tool_id))
            except Exception as error:  # noqa: BLE001 - told below
                failed.append(error)

    threads = [threading.Thread(target=work, args=(one,)) for one in TOOLS_OF_SALES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert all(raw["id"].startswith("figure") for raw in get_tray("sales").tools)


# What the tools find


def test_coming_tasks_stand_where_the_list_of_tasks_has_them(people: dict[str, Access]) -> None:
    sally = people["sally"]
    today = today_of(sally)
    for name, days in (("Late", -2), ("Now", 0), ("Tomorrow", 1), ("Far", 20)):
        add_task(sally, {"name": name, "due_on": (today + days * DAY).date().isoformat()})
    add_task(sally, {"name": "Some day"})
    add_task(people["sam"], {"name": "Sam's", "due_on": today.date().isoformat()})
    found = {group.key: [raw["name"] for raw in group.rows] for group in coming_tasks(sally, MINE)}
    assert found[OVERDUE] == ["Late"]
    assert found[TODAY] == ["Now"]
    assert found.get(WEEK, []) == (["Tomorrow"] if today.weekday() < 6 else [])
    assert coming_tasks(sally, TEAM) == []


def test_of_very_many_overdue_tasks_those_of_today_are_told_still(people: dict[str, Access]) -> None:
    sally = people["sally"]
    today = today_of(sally)
    for number in range(READ + 1):
        add_task(sally, {"name": f"Late {number}", "due_on": (today - 9 * DAY).date().isoformat()})
    add_task(sally, {"name": "Now", "due_on": today.date().isoformat()})
    late, now = coming_tasks(sally, MINE)[:2]
    assert (len(late.rows), late.count) == (SHOWN[OVERDUE], READ + 1)
    assert [raw["name"] for raw in now.rows] == ["Now"]


def test_tasks_of_a_team_are_those_that_one_sees(
    make_user: Callable[..., User], make_role: Callable[..., Role], access_of: Callable[[User], Access]
) -> None:
    make_role("All", ("activity", "see", "all"), ("activity", "add", "all"))
    make_role("Own", ("activity", "see", "own"), ("activity", "add", "own"))
    team = Team(name="North").save()
    one, other = (access_of(make_user(name, role, team=team)) for name, role in (("anna", "All"), ("oona", "Own")))
    for access in (one, other):
        add_task(access, {"name": "Ring", "due_on": today_of(access).date().isoformat()})
    assert sum(len(group.rows) for group in coming_tasks(one, TEAM)) == 2
    assert sum(len(group.rows) for group in coming_tasks(other, TEAM)) == 1


def test_figures_count_what_is_one_s_own(people: dict[str, Access]) -> None:
    sally, sam = people["sally"], people["sam"]
    tasks = [add_task(sally, {"name": f"Task {number}"}) for number in range(3)]
    add_task(sam, {"name": "Sam's"})
    create_record(sally, "activity", {"name": "A call", "kind": "call"})
    assert open_tasks(sally) == 3
    assert done_by_week(sally) == [0] * WEEKS
    finish_task(sally, tasks[0]["_id"], None)
    last_week = finish_task(sally, tasks[1]["_id"], None)
    Activity._get_collection().update_one({"_id": last_week["_id"]}, {"$inc": {"version": 0}, "$set": {
        "done_at": last_week["done_at"] - 7 * DAY}})  # fmt: skip
    assert open_tasks(sally) == 1
    assert done_by_week(sally)[-2:] == [1, 1]
    assert done_by_week(sam) == [0] * WEEKS


def test_opportunities_are_worth_what_their_reader_sees(
    people: dict[str, Access], make_role: Callable[..., Role], make_user: Callable[..., User],
    access_of: Callable[[User], Access],
) -> None:  # fmt: skip
    make_role("Own", ("opportunity", "see", "own"), ("company", "see", "all"))
    own = access_of(make_user("oona", "Own"))
    worth = [("100.10", people["sally"]), ("200.20", people["sally"]), ("400.40", own), ("7", None)]
    for amount, access in worth:
        create_record(people["boss"], "opportunity", {
            "name": amount, "stage": "offer", "value": f"{amount} EUR",
            "owner": str(access.user_id) if access else ""})  # fmt: skip
    create_record(people["boss"], "opportunity", {"name": "Krona", "stage": "offer", "value": "50 SEK"})

    def told(access: Access, whose: str) -> tuple[int, Decimal | None]:
        found = worth_of(access, [IS_OPEN, *whose_nodes(access, whose)])
        return found.count, found.amount

    assert told(people["sally"], "mine") == (2, Decimal("300.30"))
    assert told(people["sally"], "all") == (5, Decimal("707.70"))
    assert told(people["sally"], "team") == told(people["sally"], "mine")
    assert told(own, "all") == (1, Decimal("400.40"))
    assert worth_of(people["boss"], [IS_OPEN]).left_out == {"SEK": 1}
    assert worth_of(people["boss"], [IS_OPEN], weighted=True).amount == Decimal("353.85")
    _asked, board, _rates = board_of(own, "", "all")
    assert board.total.count == 1
    assert next_closing(own, "", "all") == []


def test_shared_reports_are_offered_for_the_trays_of_their_roles(people: dict[str, Access]) -> None:
    boss, sales = people["boss"], ObjectId(role_id("Sales staff"))
    asked = {"register": "company", "groups": [{"column": "status"}], "measures": [{"how": "count"}]}
    for name, audience, roles in (("Own", "me", []), ("Sales", "role", [sales]), ("Everybody", "all", [])):
        save_report(boss, {"name": name, "audience": audience, "roles": roles, **asked})
    choices = TOOLS["report"].options[0].choices

    def names(access: Access, roles: Any) -> set[str]:
        return {str(label) for _value, label in choices(access, roles)} & {"Own", "Sales", "Everybody"}

    assert names(boss, None) == {"Own", "Sales", "Everybody"}
    assert names(people["sally"], None) == names(boss, [sales]) == {"Sales", "Everybody"}
    assert names(boss, []) == {"Everybody"}


def test_added_records_are_counted_and_shown_within_rights(people: dict[str, Access]) -> None:
    boss, clara = people["boss"], people["clara"]
    for name in ("First", "Second"):
        create_record(boss, "company", {"name": name})
    create_record(boss, "company", {"name": "Clara's", "owner": str(clara.user_id)})
    assert added_by_month(boss, "company") == (0, 3)
    assert added_by_month(clara, "company") == (0, 1)
    assert [raw["name"] for raw in newest_records(boss, "company", 2)] == ["Clara's", "Second"]
    assert [raw["name"] for raw in newest_records(clara, "company", 5)] == ["Clara's"]
    assert newest_records(people["sean"], "company", 5)
    assert newest_records(Access(), "company", 5) == []


def test_news_tell_what_others_did_with_one_s_companies(people: dict[str, Access]) -> None:
    sally, sam = people["sally"], people["sam"]
    mine = create_record(sally, "company", {"name": "Mine", "owner": str(sally.user_id)})
    other = create_record(sam, "company", {"name": "Other", "owner": str(sam.user_id)})
    assert customer_news(sally, 10) == []
    update_record(sam, "company", mine["_id"], {"city": "Oulu"})
    update_record(sally, "company", mine["_id"], {"city": "Turku"})
    update_record(sally, "company", other["_id"], {"city": "Turku"})
    for access in (sally, sam):
        create_record(access, "activity", {"name": "Called", "kind": "call", "state": "done",
                                           "companies": [str(mine["_id"])]})  # fmt: skip
    found = customer_news(sally, 10)
    assert [one.raw.get("name") or one.raw["action"] for one in found] == ["Called", "update"]
    assert {one.raw.get("owner") or one.raw.get("by") for one in found} == {sam.user_id}
    assert len(customer_news(sally, 1)) == 1


def test_news_keep_hidden_fields_and_private_activities(
    people: dict[str, Access], make_role: Callable[..., Role], make_user: Callable[..., User],
    access_of: Callable[[User], Access],
) -> None:  # fmt: skip
    hides = FieldRight(register="company", column="city", access="hidden")
    make_role("No city", ("company", "see", "all"), ("activity", "see", "all"), field_rights=[hides])
    blind = access_of(make_user("blind", "No city"))
    mine = create_record(people["boss"], "company", {"name": "Mine", "owner": str(blind.user_id)})
    update_record(people["sam"], "company", mine["_id"], {"city": "Oulu"})
    create_record(people["sam"], "activity", {"name": "Secret", "kind": "call", "state": "done", "private": "1",
                                              "companies": [str(mine["_id"])]})  # fmt: skip
    assert [one.raw.get("action") for one in customer_news(blind, 10)] == ["create"]
