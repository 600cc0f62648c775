"""The start page: trays and their tools on screen, arranged by mouse, by keys and without scripts."""

import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect
from pymongo.errors import ExecutionTimeout

from models.rights import Access
from models.saved_views import SavedView
from models.security import FieldRight, Role, User
from models.trays import OwnTray
from services.ready_trays import READY
from services.records import create_record, update_record
from services.reports.saved import save_report
from services.saved_views import Query, save_view
from services.search import TooSlow
from services.tasks import add_task, today_of
from services.tray_tools import TOOLS
from services.trays import arrange_own, bind_ready_trays, get_tray, save_tray, trays_of
from tests.fixtures.app import PASSWORD
from tests.fixtures.commands import commands
from views.tray_tools.drawing import DRAWERS

Raw = dict[str, Any]
AXE = (Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
#: What the page of a tray may ask of the database, with all that stands around it.
MOST_COMMANDS = 18


@pytest.fixture
def sally(make_user: Callable[..., User]) -> User:
    bind_ready_trays()
    return make_user("sally", "Sales staff")


@pytest.fixture
def hers(sally: User, access_of: Callable[[User], Access]) -> Access:
    return access_of(sally)


@pytest.fixture
def work(hers: Access) -> dict[str, Raw]:
    """A task of today, an entry of today, a company of one's own."""
    today = today_of(hers).date().isoformat()
    company = create_record(hers, "company", {"name": "Alfa & Co", "city": "Oulu", "owner": str(hers.user_id)})
    linked = {"companies": [str(company["_id"])]}
    return {
        "company": company, "task": add_task(hers, {"name": "Ring <b>", "due_on": today, **linked}),
        "late": add_task(hers, {"name": "Write", "due_on": "2020-01-01"}),
        "meeting": create_record(hers, "activity", {
            "name": "Meet", "kind": "meeting", "place": "Office", "all_day": "1", "starts_at": f"{today}T09:00",
            "ends_at": f"{today}T10:00"}),
    }  # fmt: skip


def part(client: FlaskClient, tool_id: str, tray: str = "sales") -> str:
    answer = client.get(f"/tray/{tray}/tool/{tool_id}")
    assert answer.status_code == 200
    return answer.text


def add(access: Access, tool: str, size: str = "wide", **options: str) -> str:
    """Put a tool onto the user's tray of sales; its id."""
    raw = {"id": "mine", "tool": tool, "size": size, "options": options}
    arrange_own(access, trays_of(access)[0].key, lambda tools: [*tools, raw])
    return "mine"


# The page


def test_every_tool_has_one_that_draws_it() -> None:
    assert set(DRAWERS) == set(TOOLS)


def test_start_page_is_the_tray_of_the_role(
    sally: User, sign_in: Callable[[User], FlaskClient], work: dict[str, Raw]
) -> None:
    text = sign_in(sally).get("/").text
    main = text[text.index("<main") :]
    for told in ("Sally. 1 task is overdue, the calendar has 1 entry today.", "Ring &lt;b&gt;", "Alfa &amp; Co",
                 "Meet", "Office", "Write", "Done this week", "Add company",
                 'data-tool-url="/tray/sales/tool/pipeline-mine"', 'data-tool-url="/tray/sales/tool/news"'):
        assert told in main, told
    assert main.index("Overdue") < main.index("Write") < main.index("Ring")
    assert 'class="k-tabs"' not in main
    assert 'href="/" aria-current="page"' in text


def test_whoever_has_several_roles_has_several_trays(
    make_user: Callable[..., User], sign_in: Callable[[User], FlaskClient]
) -> None:
    bind_ready_trays()
    client = sign_in(make_user("mia", "Sales staff", "Management"))
    assert 'href="/tray/sales" aria-current="page"' in client.get("/").text
    text = client.get("/tray/management").text
    assert 'href="/tray/management" aria-current="page"' in text
    assert "New this month: Companies" in text
    for key in ("service", "abc", "$where", "0" * 24):
        assert client.get(f"/tray/{key}").status_code == 404
        assert client.get(f"/tray/{key}/arrange").status_code == 404
        assert client.get(f"/tray/{key}/tool/news").status_code == 404


def test_who_may_see_nothing_is_told_so(
    make_user: Callable[..., User], make_role: Callable[..., Role], sign_in: Callable[[User], FlaskClient]
) -> None:
    text = sign_in(make_user("nobody", make_role("Nothing"))).get("/").text
    assert "Ask an administrator for a role" in text
    assert "/arrange" not in text


def test_an_empty_tray_says_how_to_fill_it(sally: User, hers: Access, sign_in: Callable[[User], FlaskClient]) -> None:
    arrange_own(hers, "sales", lambda tools: [])
    text = sign_in(sally).get("/").text
    assert "This tray is empty" in text
    assert 'href="/tray/sales/arrange"' in text


def test_each_tool_says_what_it_shows_when_there_is_nothing(
    sally: User, hers: Access, sign_in: Callable[[User], FlaskClient]
) -> None:
    client = sign_in(sally)
    text = client.get("/").text
    for told in ("Nothing is due this week.", "Nothing stands in your calendar today.", "Nothing is overdue",
                 "the calendar is empty today", "as many as last week"):
        assert told in text, told
    assert "Nobody else has done anything with your companies" in part(client, "news")
    assert "No opportunity is open." in part(client, "pipeline-mine")
    assert "0 opportunities" in part(client, "figure_open-mine")
    view = save_view(hers, "company", "Oulu", "me", Query([{"col": "city", "opr": "eq", "value": "Oulu"}]))
    assert "No records match." in part(client, add(hers, "view", view=str(view["_id"])))
    arrange_own(hers, "sales", lambda tools: [raw for raw in tools if raw["id"] != "mine"])
    assert "Nothing here yet" in part(client, add(hers, "newest", register="person"))
    arrange_own(hers, "sales", lambda tools: [raw for raw in tools if raw["id"] != "mine"])
    assert "No record that you may see fits" in part(client, add(hers, "report", report="forecast"))


def test_page_asks_the_database_few_things(
    sally: User, sign_in: Callable[[User], FlaskClient], work: dict[str, Raw]
) -> None:
    client = sign_in(sally)
    client.get("/")
    with commands(lambda name: not name.endswith("system.profile")) as asked:
        client.get("/")
    assert 3 <= len(asked) <= MOST_COMMANDS, asked


def test_a_view_shows_its_first_rows_by_its_columns(
    sally: User, hers: Access, sign_in: Callable[[User], FlaskClient], work: dict[str, Raw]
) -> None:
    create_record(hers, "company", {"name": "Beta", "city": "Turku"})
    view = save_view(hers, "company", "In Oulu", "me", Query(
        [{"col": "city", "opr": "eq", "value": "Oulu"}], "name", "desc", ["city", "name"]))  # fmt: skip
    add(hers, "view", view=str(view["_id"]))
    client = sign_in(sally)
    text = part(client, "mine")
    assert "In Oulu" in text
    assert "Beta" not in text
    assert text.index("Alfa &amp; Co") < text.index("Oulu</td>")
    assert f'href="/companies/?view={view["_id"]}"' in text
    assert 'class="n num">1</span>' in text
    SavedView.objects(pk=view["_id"]).update(conditions=[{"col": "x_gone", "opr": "eq", "value": "1"}])
    assert "There is no field “x_gone”." in part(client, "mine")
    SavedView.objects.delete()
    assert "not shared with you any more" in part(client, "mine")
    assert client.get("/").status_code == 200


def test_a_tray_shows_nothing_that_the_lists_would_not(
    make_user: Callable[..., User], make_role: Callable[..., Role], sign_in: Callable[[User], FlaskClient],
    admin: User, admin_access: Access, access_of: Callable[[User], Access],
) -> None:  # fmt: skip
    hides = FieldRight(register="company", column="city", access="hidden")
    role = make_role("Own", ("company", "see", "own"), ("activity", "see", "own"), field_rights=[hides])
    user = make_user("oona", role)
    create_record(admin_access, "company", {"name": "Foreign", "city": "Oulu"})
    own = create_record(admin_access, "company", {"name": "Own Oy", "city": "Oulu", "owner": str(user.pk)})
    update_record(access_of(admin), "company", own["_id"], {"city": "Turku", "phone": "03 1234567"})
    boss, in_turku = access_of(admin), [{"col": "city", "opr": "eq", "value": "Turku"}]
    view = save_view(boss, "company", "All of them", "all", Query((), columns=["city"]))
    asks = save_view(boss, "company", "City", "all", Query(in_turku))
    tools = [{"id": f"t{number}", "tool": tool, "size": "wide", "options": options} for number, (tool, options) in
             enumerate([("view", {"view": str(view["_id"])}), ("newest", {"register": "company"}), ("news", {}),
                        ("view", {"view": str(asks["_id"])}), ("newest", {"register": "person"})])]  # fmt: skip
    arrange_own(access_of(user), "general", lambda _tools: tools)
    client = sign_in(user)
    parts = [part(client, raw["id"], "general") for raw in tools]
    for text in parts:
        assert "Foreign" not in text
        assert "Turku" not in text
    assert all("Own Oy" in text for text in parts[:3])
    assert "Phone" in parts[2]
    assert all("not shared with you" in text for text in parts[3:])


def test_a_tool_that_takes_too_long_says_so_and_breaks_nothing(
    app: Flask, sally: User, sign_in: Callable[[User], FlaskClient], work: dict[str, Raw],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def slow(*_arguments: Any) -> Any:
        raise TooSlow

    monkeypatch.setitem(DRAWERS, "tasks", slow)
    monkeypatch.setitem(DRAWERS, "news", slow)
    client = sign_in(sally)
    text = client.get("/").text
    assert "This took too long" in text
    assert "Meet" in text
    assert "This took too long" in part(client, "news")


def test_a_calendar_that_takes_too_long_breaks_nothing(
    sally: User, sign_in: Callable[[User], FlaskClient], work: dict[str, Raw], monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_arguments: Any) -> Any:
        raise ExecutionTimeout("operation exceeded time limit")

    monkeypatch.setattr("views.tray_tools.activities.entries_of", slow)
    text = sign_in(sally).get("/").text
    assert "Sally.</p>" in text
    assert "This took too long" in text
    assert "Ring &lt;b&gt;" in text


def test_first_steps_stand_there_until_they_are_done(client: FlaskClient, admin_access: Access) -> None:
    assert 'class="k-steps"' in client.get("/").text
    assert "Bring in your customers" in part(client, "first_steps", "general")


@pytest.mark.parametrize(("language", "told"), [("fi", "marraskuuta|kuuta"), ("en", "day ")])
def test_the_day_is_told_in_the_reader_s_language(
    sally: User, sign_in: Callable[[User], FlaskClient], language: str, told: str
) -> None:
    text = sign_in(sally).get("/", headers={"Accept-Language": language}).text
    heading = re.search(r"<h1>([^<]+)", text)
    assert heading is not None
    assert re.search(told, heading[1])
    assert heading[1][0].isupper()


def test_a_task_is_led_back_to_the_tray(
    sally: User, sign_in: Callable[[User], FlaskClient], work: dict[str, Raw]
) -> None:
    client = sign_in(sally)
    address = f"/tasks/done/{work['task']['_id']}?version=1"
    assert client.post(f"{address}&back=/tray/sales").headers["Location"] == "/tray/sales"
    assert client.post(f"{address}&back=/").headers["Location"] == "/"
    assert client.post(f"{address}&back=//evil.example/").headers["Location"] == "/tasks/"


# Opportunities and reports


@pytest.fixture
def deals(hers: Access, admin_access: Access, work: dict[str, Raw]) -> list[Raw]:
    """Three of sally's, one of them won; one of somebody else's."""
    company = str(work["company"]["_id"])
    rows = [("Crane <i>", "offer", "1200 EUR", hers.user_id), ("Table", "offer", "800.50 EUR", hers.user_id),
            ("Robot", "negotiation", "5000 EUR", hers.user_id), ("Other", "needs", "70000 EUR", None)]  # fmt: skip
    made = [create_record(admin_access, "opportunity", {
        "name": name, "stage": stage, "value": value, "company": company, "owner": str(owner or ""),
        "closes_on": "2020-01-01" if name == "Table" else "2099-06-01"}) for name, stage, value, owner in rows]
    return [update_record(admin_access, "opportunity", raw["_id"], {"state": "won"}) if raw["name"] == "Robot" else raw
            for raw in made]  # fmt: skip


def test_pipeline_tells_stages_values_and_what_comes_next(
    sally: User, sign_in: Callable[[User], FlaskClient], deals: list[Raw]
) -> None:
    text = part(sign_in(sally), "pipeline-mine")
    assert "My opportunities" in text
    assert "€2,000.50" in text
    assert "Robot" not in text
    assert "Other" not in text
    assert text.index("Offer made") < text.index("To be closed next") < text.index("Table")
    assert text.index("days late") < text.index("Crane &lt;i&gt;")
    assert "Alfa &amp; Co · Offer made" in text
    assert f'href="/opportunities/board?_flt_eq_pipeline=sales&amp;_flt_eq_owner={sally.pk}"' in text
    assert f"_flt_eq_stage=offer&amp;_flt_eq_owner={sally.pk}" in text


def test_figures_of_opportunities_lead_to_their_records(
    sally: User, sign_in: Callable[[User], FlaskClient], deals: list[Raw]
) -> None:
    client = sign_in(sally)
    expected = {"figure_open-mine": ("€2,000", "2 opportunities", 2), "figure_won-mine": ("€5,000", "1 opportunity", 1),
                "figure_stage-mine-offer": (">2<", "€2,000", 2)}  # fmt: skip
    for tool_id, (value, note, count) in expected.items():
        text = part(client, tool_id)
        assert value in text
        assert note in text
        address = re.search(r'href="(/opportunities/[^"]+)"', text)
        assert address is not None
        assert client.get(html.unescape(address[1])).text.count("data-row=") == count


def test_a_report_stands_on_the_tray_within_its_reader_s_rights(
    sally: User, hers: Access, sign_in: Callable[[User], FlaskClient], deals: list[Raw], make_role: Callable[..., Role],
    make_user: Callable[..., User], access_of: Callable[[User], Access], admin: User,
) -> None:  # fmt: skip
    saved = save_report(access_of(admin), {
        "name": "By stage & more", "register": "opportunity", "audience": "all", "across": True,
        "groups": [{"column": "stage"}, {"column": "state"}],
        "measures": [{"how": "count"}, {"how": "sum", "column": "value"}]})  # fmt: skip
    text = part(sign_in(sally), add(hers, "report", report=str(saved["_id"])))
    assert "By stage &amp; more" in text
    assert f'href="/reports/{saved["_id"]}"' in text
    assert "€77,000.50" in text
    assert text.index("Offer made") < text.index("Total")
    own = make_user("oona", make_role("Own", ("opportunity", "see", "own"), ("company", "see", "own")))
    arrange_own(access_of(own), "general", lambda _tools: list(trays_of(hers)[0].tools))
    text = part(sign_in(own), "mine", "general")
    assert "No record that you may see fits" in text
    hides = FieldRight(register="opportunity", column="value", access="hidden")
    blind = make_user("blind", make_role("Blind", ("opportunity", "see", "all"), field_rights=[hides]))
    arrange_own(access_of(blind), "general", lambda _tools: list(trays_of(hers)[0].tools))
    client = sign_in(blind)
    assert "not shared with you any more" in part(client, "mine", "general")
    arrange_own(access_of(blind), "general", lambda _tools: [
        {"id": "a", "tool": "pipeline", "size": "wide", "options": {"of": "all", "pipeline": ""}},
        {"id": "b", "tool": "figure_open", "size": "figure", "options": {"of": "all"}}])  # fmt: skip
    for tool_id in "ab":
        text = part(client, tool_id, "general")
        assert "3" in text
        assert "€" not in text


def test_a_stage_that_is_gone_is_left_out(
    sally: User, hers: Access, sign_in: Callable[[User], FlaskClient]
) -> None:
    add(hers, "figure_stage", "figure", of="mine", stage="gone")
    answer = sign_in(sally).get("/tray/sales/tool/mine")
    assert answer.status_code == 200
    assert answer.text.strip() == ""


# Arranging without scripts


def test_arranging_works_by_plain_forms(sally: User, hers: Access, sign_in: Callable[[User], FlaskClient]) -> None:
    client = sign_in(sally)

    def ids() -> list[str]:
        return re.findall(r'data-sort-item="([^"]+)"', client.get("/tray/sales/arrange").text)

    before = ids()
    page = client.post("/tray/sales/remove/calendar", follow_redirects=True)
    assert "The tool was removed." in page.text
    assert "/tray/sales/undo?version=1" in page.text
    assert "calendar" not in ids()
    client.post("/tray/sales/undo?version=1")
    assert ids() == before
    client.post("/tray/sales/move/tasks-mine/down")
    client.post("/tray/sales/move/tasks-mine/wider")
    client.post("/tray/sales/move/news/narrower")
    sizes = {raw["id"]: raw["size"] for raw in trays_of(hers)[0].tools}
    assert (sizes["tasks-mine"], sizes["news"]) == ("wide", "narrow")
    client.post("/tray/sales/add", data={"tool": "newest", "register": "person"})
    assert "Newest records" in client.get("/tray/sales/arrange").text
    assert client.post("/tray/sales/place", data={"item": "news", "after": ""}).json == {"ok": True}
    refused = client.post("/tray/sales/undo?version=1", data={"part": "1"})
    assert refused.status_code == 409
    assert "changed again since" in refused.text
    client.post("/tray/sales/reset")
    assert ids() == before


@pytest.mark.parametrize(("address", "data", "status"), [
    ("remove/nothing", {}, 404), ("move/tasks-mine/sideways", {}, 404), ("move/figure_done/wider", {}, 404),
    ("add", {"tool": "nothing"}, 404), ("add", {"tool": "newest", "register": "$where", "part": "1"}, 422),
    ("place", {"item": "nothing"}, 404), ("undo?version=x", {"part": "1"}, 409),
])  # fmt: skip
def test_nonsense_changes_nothing(
    sally: User, sign_in: Callable[[User], FlaskClient], address: str, data: Raw, status: int
) -> None:
    assert sign_in(sally).post(f"/tray/sales/{address}", data=data).status_code == status
    assert OwnTray.objects.count() == 0


# The trays of roles


def test_administrators_make_name_and_delete_trays(client: FlaskClient) -> None:
    bind_ready_trays()
    staff = str(Role.objects.get(name="Staff").pk)
    assert "Customer service" in client.get("/settings/trays/").text
    wrong = client.post("/settings/trays/add", data={"label_en": "", "like": "sales"})
    assert wrong.status_code == 422
    assert "Give the tray a name" in wrong.text
    made = client.post("/settings/trays/add", data={"label_en": "Export", "label_fi": "Vienti", "like": "sales",
                                                    "roles": [staff]})  # fmt: skip
    address = made.headers["Location"]
    assert "Quick adds" in client.get(address).text
    client.post(f"{address}/remove/quick")
    saved = client.post(address, data={"label_en": "Exports", "roles": [staff], "version": "0"}, follow_redirects=True)
    assert "Exports was saved." in saved.text
    stale = client.post(address, data={"label_en": "Late", "version": "0"})
    assert stale.status_code == 409
    assert "It is now: Exports" in stale.text
    assert "It is now: Staff" in stale.text
    assert "Exports" in client.get("/settings/trays/", follow_redirects=True).text
    assert "was deleted" in client.post(f"{address}/delete", follow_redirects=True).text
    assert client.get(address).status_code == 404
    assert "comes with the program" in client.post("/settings/trays/sales/delete", follow_redirects=True).text


def test_a_tray_that_comes_along_is_set_back(client: FlaskClient) -> None:
    assert "As it was at first" not in client.get("/settings/trays/sales").text
    client.post("/settings/trays/sales/remove/quick")
    assert "As it was at first" in client.get("/settings/trays/sales").text
    client.post("/settings/trays/sales/reset")
    assert get_tray("sales").tools == READY["sales"].tools


def test_others_do_not_reach_the_trays_of_roles(sally: User, sign_in: Callable[[User], FlaskClient]) -> None:
    client = sign_in(sally)
    for address in ("", "add", "sales"):
        assert client.get(f"/settings/trays/{address}").status_code in (302, 403)
    for address in ("sales/remove/quick", "sales/reset", "sales/delete", "sales", "add"):
        assert client.post(f"/settings/trays/{address}").status_code in (302, 403)
    assert get_tray("sales").tools == READY["sales"].tools


# In a browser


def sign_in_at(page: Page, user: str, address: str = "/") -> None:
    page.goto(f"/login/?next={address}")
    page.locator("#username").fill(user)
    page.locator("#password").fill(PASSWORD)
    with page.expect_navigation():
        page.locator("#password").press("Enter")


def order(page: Page, name: str = "tools") -> list[str]:
    found: list[str] = page.eval_on_selector_all(
        f'[data-sort-list="{name}"] > li', "items => items.map(item => item.dataset.sortItem)")  # fmt: skip
    return found


def no_violations(page: Page) -> None:
    page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, {runOnly: rules}).then(result => result.violations)", RULES)
    assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found] == []


def test_tray_is_arranged_by_keys_and_dragging_for_one_user_alone(
    page: Page, sally: User, hers: Access, make_user: Callable[..., User], work: dict[str, Raw]
) -> None:
    make_user("sam", "Sales staff")
    sign_in_at(page, "sally")
    expect(page.get_by_text("Nobody else has done anything")).to_be_visible()
    page.get_by_role("link", name="Arrange").click()
    no_violations(page)
    before = order(page)
    assert before == ["tasks-mine", "pipeline-mine", "calendar", "quick", "news"]
    down = page.get_by_role("button", name="Down: Tasks, Mine")
    down.focus()
    page.keyboard.press("Enter")
    expect(page.locator('[data-sort-list="tools"] > li').nth(1)).to_have_attribute("data-sort-item", "tasks-mine")
    expect(down).to_be_focused()
    page.get_by_role("button", name="Wider: My day").press("Enter")
    expect(page.get_by_role("button", name="Narrower: My day")).to_be_focused()
    page.get_by_role("button", name="Remove: Quick adds").press("Enter")
    expect(page.get_by_text("The tool was removed.")).to_be_visible()
    assert "quick" not in order(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("The tray is as it was.")).to_be_visible()
    assert "quick" in order(page)
    page.get_by_label("Newest records: Register").select_option("person")
    page.get_by_role("button", name="Add: Newest records").click()
    expect(page.locator('[data-sort-list="tools"] > li')).to_have_count(6)
    news = page.locator('[data-sort-item="news"] [data-sort-handle]')
    with page.expect_response("**/place*"):
        news.drag_to(page.locator('[data-sort-item="calendar"]'), target_position={"x": 5, "y": 5})
    assert order(page).index("news") < order(page).index("calendar")
    arranged = order(page)
    page.get_by_role("link", name="Done").click()
    heads = page.locator("[data-tools] h2")
    expect(heads).to_have_count(6)
    assert [raw["id"] for raw in trays_of(hers)[0].tools if not raw["tool"].startswith("figure")] == arranged
    page.context.clear_cookies()
    sign_in_at(page, "sam", "/tray/sales/arrange")
    assert order(page) == before


def test_tasks_are_ticked_off_and_added_on_the_tray(
    page: Page, make_user: Callable[..., User], access_of: Callable[[User], Access]
) -> None:
    bind_ready_trays()
    cecilia = access_of(make_user("cecilia", "Customer service"))
    add_task(cecilia, {"name": "Write", "due_on": "2020-01-01"})
    sign_in_at(page, "cecilia")
    overdue = page.locator(".k-figure", has_text="Overdue tasks").locator(".v")
    expect(overdue).to_have_text("1")
    page.get_by_role("button", name="Mark Write done").click()
    page.get_by_role("button", name="Skip").click()
    expect(page.locator("[data-row]", has_text="Write")).to_have_count(0)
    expect(overdue).to_have_text("0")
    expect(page.locator("[data-tray-hello]")).to_contain_text("Nothing is overdue")
    page.get_by_label("New task: subject").fill("Post it")
    page.keyboard.press("Enter")
    expect(page.locator("[data-row]", has_text="Post it")).to_be_visible()
    no_violations(page)


@pytest.mark.parametrize(("width", "language"), [(1440, "en-GB"), (360, "fi-FI"), (900, "fi-FI")])
def test_tray_fits_and_is_accessible(
    page: Page, sally: User, hers: Access, work: dict[str, Raw], width: int, language: str
) -> None:
    view = save_view(hers, "company", "A view with a rather long name of its own", "me", Query())
    add(hers, "view", view=str(view["_id"]))
    page.set_viewport_size({"width": width, "height": 800})
    User.objects(pk=sally.pk).update(language=language[:2])
    sign_in_at(page, "sally")
    expect(page.locator(".k-traytable")).to_be_visible()
    for address in ("/", "/tray/sales/arrange"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        no_violations(page)
    assert page.locator("html").get_attribute("lang") == language[:2]


def test_tools_stand_beside_one_another_and_none_over_another(page: Page, sally: User, work: dict[str, Raw]) -> None:
    sign_in_at(page, "sally")
    expect(page.get_by_text("Nobody else has done anything")).to_be_visible()
    page.wait_for_function("document.querySelector('[data-tools]').classList.contains('is-packed')")
    script = ("parts => parts.map(part => part.getBoundingClientRect())"
              ".map(box => [box.left, box.top, box.right, box.bottom])")  # fmt: skip
    boxes = page.eval_on_selector_all("[data-tools] > section > .in", script)
    assert len({round(box[0]) for box in boxes}) == 3
    for number, one in enumerate(boxes):
        for other in boxes[number + 1 :]:
            assert one[2] <= other[0] + 2 or other[2] <= one[0] + 2 or one[3] <= other[1] + 2 or other[3] <= one[1] + 2


def test_a_tray_is_built_for_a_role(page: Page, admin: User, make_user: Callable[..., User]) -> None:
    make_user("otto", "Staff")
    sign_in_at(page, "admin", "/settings/trays/add")
    page.get_by_label("Name in English").fill("Export")
    page.get_by_label("Name in Finnish").fill("Vienti")
    page.get_by_label("Begins like").select_option("sales")
    page.get_by_label("Staff", exact=True).check()
    no_violations(page)
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Remove: News of my customers").click()
    expect(page.locator('[data-sort-item="news"]')).to_have_count(0)
    page.get_by_role("button", name="Add: Open tasks").click()
    expect(page.locator('[data-sort-list="figures"] > li')).to_have_count(5)
    no_violations(page)
    page.context.clear_cookies()
    sign_in_at(page, "otto")
    expect(page.locator(".k-figure")).to_have_count(5)
    page.goto("/tray/general")
    expect(page.locator(".k-stop")).to_be_visible()


def test_a_second_tray_opens_by_its_tab(page: Page, make_user: Callable[..., User], admin_access: Access) -> None:
    bind_ready_trays()
    role = str(Role.objects.get(name="Sales staff").pk)
    save_tray(admin_access, None, label={"en": "Export", "fi": "Vienti"}, roles=[role], like="marketing")
    make_user("mia", "Sales staff")
    sign_in_at(page, "mia")
    page.get_by_role("link", name="Export").click()
    expect(page.get_by_role("heading", name="New this month: People")).to_be_visible()
