"""The pipeline board on screen: cards moved by mouse, keys and menu, won and lost, views, a seller's own, phones."""

import datetime as dt
import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect

from models.opportunities import Opportunity
from models.rights import Access
from models.security import FieldRight, User
from services.records import create_record, create_records, update_record
from tests.fixtures.app import PASSWORD
from tests.views.test_record_page import commands

Raw = dict[str, Any]
TODAY = dt.datetime.now(dt.UTC).date()
BOARD = "/opportunities/board"
#: What the board asks the database, whatever is on it.
MOST_COMMANDS = 18


@pytest.fixture
def opportunities(admin_access: Access) -> dict[str, Raw]:
    company = create_record(admin_access, "company", {"name": "Alfa & Co"})
    rows = [("Crane", {"value": "1000 EUR", "closes_on": "2020-01-01", "company": str(company["_id"])}),
            ("Hoist", {"value": "500.50 EUR"}), ("Table", {"stage": "offer", "value": "2000 EUR"})]  # fmt: skip
    return {name: create_record(admin_access, "opportunity", {"name": name, **values}) for name, values in rows}


def stored(raw: Raw) -> Raw:
    return Opportunity._get_collection().find_one({"_id": raw["_id"]}) or {}


def sign_in_at(page: Page, address: str, user: str = "admin") -> None:
    page.goto(address)
    page.locator("#username").fill(user)
    page.locator("#password").fill(PASSWORD)
    with page.expect_navigation():
        page.locator("#password").press("Enter")


def column(page: Page, key: str) -> Any:
    return page.locator(f'[data-column="{key}"]')


def card(page: Page, name: str) -> Any:
    return page.locator("[data-card]").filter(has=page.get_by_role("link", name=name, exact=True))


def test_board_tells_stages_sums_and_cards(client: FlaskClient, opportunities: dict[str, Raw]) -> None:
    text = client.get(BOARD).text
    order = ["Qualification", "Crane", "Hoist", "Needs known", "Offer made", "Table", "Negotiation"]
    places = [text.index(f">{word}<") if word in opportunities else text.index(f"</span>{word}</h2>") for word in order]
    assert places == sorted(places)
    assert "€1,500.50" in text
    assert "10 % · €150.05" in text
    assert "Alfa &amp; Co" in text
    assert "No next step" in text
    assert re.search(r"Closing overdue</dt><dd class=\"num late\">1<", text)


def test_cards_tell_what_comes_next_what_rests_and_what_is_in_no_sum(
    client: FlaskClient, opportunities: dict[str, Raw], admin_access: Access
) -> None:
    create_record(admin_access, "opportunity", {"name": "Foreign", "value": "9 SEK", "next_step": "Ask Outi"})
    create_record(admin_access, "activity", {"name": "Ring <b>", "kind": "task", "due_on": "2020-02-03",
                                             "opportunities": [str(opportunities["Hoist"]["_id"])]})  # fmt: skip
    long_ago = dt.datetime.now(dt.UTC) - dt.timedelta(days=40)
    Opportunity.objects(pk=opportunities["Table"]["_id"]).update(stage_since=long_ago)
    text = client.get(BOARD).text
    assert "Ring &lt;b&gt; 3 Feb 2020" in text
    assert '<span class="vh">Overdue: </span>Ring' in text
    assert "Ask Outi" in text
    assert text.count("Has rested for 40 days") == 1
    assert "1 record in SEK is left out of the sums" in text


def test_menu_leads_to_the_board_until_the_list_is_looked_at(
    client: FlaskClient, opportunities: dict[str, Raw]
) -> None:
    assert client.get("/opportunities/").location == BOARD
    listed = client.get("/opportunities/?view=all")
    assert listed.status_code == 200
    assert f'href="{BOARD}?view=all"' in listed.text
    assert client.get("/opportunities/").status_code == 200
    narrowed = client.get("/opportunities/?_flt_ct_name=Crane")
    assert f'href="{BOARD}?_flt_ct_name=Crane"' in narrowed.text
    client.get(BOARD)
    assert client.get("/opportunities/").location == BOARD


def test_conditions_are_those_of_the_list(client: FlaskClient, opportunities: dict[str, Raw]) -> None:
    text = client.get(f"{BOARD}?_flt_ct_name=Crane").text
    assert "Crane" in text
    assert "Hoist" not in text
    assert "Remove the condition Name" in text
    nothing = client.get(f"{BOARD}?_flt_ct_name=nothing").text
    assert "No open opportunity matches" in nothing
    wrong = client.get(f"{BOARD}?_flt_eq_nothing=1")
    assert wrong.status_code == 400
    assert "The board can't be shown" in html.unescape(wrong.text)
    assert f'href="{BOARD}?screen=board&' in html.unescape(client.get("/opportunities/search?screen=board&x=1").text)
    found = client.get("/opportunities/found?screen=board&where=" + '[{"col":"name","opr":"ct","value":"Crane"}]')
    assert found.location == f"{BOARD}?_flt_ct_name=Crane"


def test_a_card_goes_on_without_scripts(client: FlaskClient, opportunities: dict[str, Raw]) -> None:
    crane = opportunities["Crane"]
    page = f"/opportunities/show/{crane['_id']}"
    text = client.get(page).text
    assert text.count('name="stage" value=') == 3
    answer = client.post(f"/opportunities/move/{crane['_id']}?version=1", data={"stage": "needs"})
    assert answer.location == page
    assert stored(crane)["stage"] == "needs"
    assert "moved to" in client.get(page).text
    client.post(f"/opportunities/move_back/{crane['_id']}?version=2")
    assert stored(crane)["stage"] == "qualification"
    lost = f"/opportunities/close/{crane['_id']}?state=lost"
    assert f'href="{lost}"' in text
    refused = client.post(lost, data={"version": "3", "reason": "", "reason_text": "Kept", "closed_on": "2026-02-01"})
    assert refused.status_code == 422
    assert "Say why it was lost." in refused.text
    assert "Kept" in refused.text
    assert client.post(lost, data={"version": "3", "reason": "price", "closed_on": "2026-02-01"}).location == page
    assert (stored(crane)["state"], stored(crane)["closed_on"].date()) == ("lost", dt.date(2026, 2, 1))
    assert f'formaction="/opportunities/reopen/{crane["_id"]}' in client.get(page).text
    client.post(f"/opportunities/reopen/{crane['_id']}?version=4")
    assert stored(crane)["state"] == "open"


def test_lists_offer_winning_and_reopening_where_they_fit(
    client: FlaskClient, opportunities: dict[str, Raw], admin_access: Access
) -> None:
    update_record(admin_access, "opportunity", opportunities["Table"]["_id"], {"state": "won"})
    text = client.get("/opportunities/?view=all").text
    assert re.search(rf'data-row="{opportunities["Crane"]["_id"]}" data-may="[^"]*\bclose"', text)
    assert re.search(rf'data-row="{opportunities["Table"]["_id"]}" data-may="[^"]*\breopen"', text)
    assert 'data-row-url="/opportunities/close/{id}?state=lost"' in text


def test_a_conflict_tells_why_and_shows_the_card_as_it_is(
    client: FlaskClient, opportunities: dict[str, Raw], admin_access: Access
) -> None:
    crane = opportunities["Crane"]
    update_record(admin_access, "opportunity", crane["_id"], {"stage": "negotiation"})
    answer = client.post(f"/opportunities/move/{crane['_id']}?version=1", data={"stage": "needs", "part": "1"})
    assert answer.status_code == 409
    assert 'data-said="danger"' in answer.text
    assert 'data-stage="negotiation"' in answer.text
    wrong = client.post(f"/opportunities/move/{crane['_id']}?version=2", data={"stage": "$where", "part": "1"})
    assert wrong.status_code == 422


def test_board_asks_the_database_few_things(
    client: FlaskClient, opportunities: dict[str, Raw], admin_access: Access
) -> None:
    create_records(admin_access, "opportunity", [{"name": f"N{number}", "stage": "needs"} for number in range(60)])
    client.get(BOARD)
    with commands(lambda name: not name.endswith("system.profile")) as asked:
        client.get(BOARD)
    assert 3 <= len(asked) <= MOST_COMMANDS, asked


def test_who_does_not_see_stages_has_the_list(
    make_user: Callable[..., User], make_role: Callable[..., Any], sign_in: Callable[[User], FlaskClient],
    opportunities: dict[str, Raw],
) -> None:  # fmt: skip
    hidden = [FieldRight(register="opportunity", column="stage", access="hidden")]
    narrow = sign_in(make_user("narrow", make_role("Narrow", ("opportunity", "see", "all"), field_rights=hidden)))
    assert narrow.get(BOARD).location == "/opportunities/?view=all"
    listed = narrow.get("/opportunities/")
    assert listed.status_code == 200
    assert "/opportunities/board" not in listed.text


def test_a_seller_sees_own_sums_only_and_moves_what_may_be_changed(
    make_user: Callable[..., User], make_role: Callable[..., Any], sign_in: Callable[[User], FlaskClient],
    access_of: Callable[[User], Access], opportunities: dict[str, Raw],
) -> None:  # fmt: skip
    seller = make_user("seller", make_role("Own", ("opportunity", "see", "own"), ("opportunity", "add", "own")))
    mine = create_record(access_of(seller), "opportunity", {"name": "Mine", "value": "7 EUR"})
    own = sign_in(seller)
    text = own.get(BOARD).text
    assert "€7" in text
    assert "Crane" not in text
    assert "2,000" not in text
    assert "data-movable" not in text
    refused = own.post(f"/opportunities/move/{mine['_id']}?version=1", data={"stage": "needs", "part": "1"})
    assert refused.status_code in (302, 403)
    assert stored(mine)["stage"] == "qualification"


def test_a_saved_view_remembers_that_it_is_a_board(client: FlaskClient, opportunities: dict[str, Raw]) -> None:
    data = {"register": "opportunity", "name": "Cranes", "audience": "me", "screen": "board",
            "query": "?_flt_ct_name=Crane&_flt_eq_pipeline=sales"}  # fmt: skip
    view = client.post("/views/save", data=data).location
    opened = client.get(view, follow_redirects=True)
    assert opened.request.path == BOARD
    assert "Hoist" not in opened.text
    assert 'aria-current="page">Cranes</a>' in opened.text
    assert "Changed" not in opened.text
    wrong = client.post("/views/save", data=data | {"screen": "$where", "name": "Wrong"}).location
    assert client.get(wrong, follow_redirects=True).request.path == "/opportunities/"


def test_a_card_is_dragged_and_taken_back(page: Page, admin: User, opportunities: dict[str, Raw]) -> None:
    sign_in_at(page, BOARD)
    card(page, "Crane").drag_to(column(page, "negotiation").locator("[data-cards]"))
    expect(column(page, "negotiation")).to_contain_text("70 % · €700")
    expect(column(page, "qualification")).to_contain_text("10 % · €50.05")
    expect(column(page, "negotiation").get_by_role("link", name="Crane")).to_be_visible()
    assert stored(opportunities["Crane"])["stage"] == "negotiation"
    page.get_by_role("button", name="Undo").click()
    expect(column(page, "qualification").get_by_role("link", name="Crane")).to_be_visible()
    expect(column(page, "negotiation").locator("[data-card]")).to_have_count(0)
    assert stored(opportunities["Crane"])["stage"] == "qualification"


def test_what_is_refused_goes_back_and_says_why(
    page: Page, admin: User, opportunities: dict[str, Raw], admin_access: Access
) -> None:
    sign_in_at(page, BOARD)
    update_record(admin_access, "opportunity", opportunities["Crane"]["_id"], {"stage": "negotiation"})
    card(page, "Crane").drag_to(column(page, "needs").locator("[data-cards]"))
    expect(page.get_by_role("alert")).to_contain_text("Somebody else has changed")
    expect(column(page, "negotiation").get_by_role("link", name="Crane")).to_be_visible()
    page.route("**/opportunities/move/**", lambda route: route.abort())
    card(page, "Hoist").drag_to(column(page, "needs").locator("[data-cards]"))
    expect(page.get_by_role("alert").filter(has_text="does not answer")).to_be_visible()
    expect(column(page, "qualification").get_by_role("link", name="Hoist")).to_be_visible()


def test_keys_move_a_card_and_it_is_announced(page: Page, admin: User, opportunities: dict[str, Raw]) -> None:
    sign_in_at(page, BOARD)
    page.get_by_role("link", name="Crane").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="Hoist")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("link", name="Table")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Alt+ArrowRight")
    expect(page.locator("[data-board-said]")).to_have_text("Crane is at Needs known now.")
    expect(card(page, "Crane").get_by_role("link")).to_be_focused()
    assert stored(opportunities["Crane"])["stage"] == "needs"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#board-menu")).to_be_visible()
    page.get_by_role("button", name="Negotiation").press("Enter")
    expect(page.locator("[data-board-said]")).to_have_text("Crane is at Negotiation now.")
    card(page, "Crane").get_by_role("link").press("Alt+ArrowRight")
    expect(page.locator("[data-board-said]")).to_have_text("There is no stage beyond Negotiation.")


def test_lost_asks_for_a_reason(page: Page, admin: User, opportunities: dict[str, Raw]) -> None:
    sign_in_at(page, BOARD)
    card(page, "Crane").drag_to(page.locator('[data-closes="lost"]'))
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Lost: Crane")
    dialog.get_by_role("button", name="Lost").click()
    expect(dialog).to_contain_text("Say why it was lost.")
    dialog.get_by_label("Reason", exact=True).select_option("price")
    dialog.get_by_role("button", name="Lost").click()
    expect(dialog).to_be_hidden()
    expect(card(page, "Crane")).to_have_count(0)
    expect(page.locator('[data-closes="lost"]')).to_contain_text("1 · €1,000")
    assert (stored(opportunities["Crane"])["state"], stored(opportunities["Crane"])["reason"]) == ("lost", "price")
    page.get_by_role("button", name="Undo").click()
    expect(column(page, "qualification").get_by_role("link", name="Crane")).to_be_visible()


def test_won_asks_for_the_day_and_may_be_left(page: Page, admin: User, opportunities: dict[str, Raw]) -> None:
    sign_in_at(page, BOARD)
    card(page, "Table").get_by_role("button", name="Move Table").click()
    page.get_by_role("button", name="Won…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Closed on")).to_have_value(re.compile(r"^\d{4}-\d\d-\d\d$"))
    dialog.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("link", name="Table")).to_be_focused()
    assert stored(opportunities["Table"])["state"] == "open"
    card(page, "Table").get_by_role("button", name="Move Table").click()
    page.get_by_role("button", name="Won…").click()
    dialog.get_by_label("Value").fill("2500 EUR")
    dialog.get_by_role("button", name="Won").click()
    expect(page.locator('[data-closes="won"]')).to_contain_text("1 · €2,500")
    assert stored(opportunities["Table"])["probability"] == 100


def test_a_thousand_cards_come_as_they_are_asked_for(page: Page, admin: User, admin_access: Access) -> None:
    create_records(admin_access, "opportunity", [
        {"name": f"N{number:04}", "value": "10 EUR", "stage": "offer" if number % 4 else "needs"}
        for number in range(1_000)
    ])  # fmt: skip
    sign_in_at(page, BOARD)
    offers = column(page, "offer")
    expect(offers.locator("[data-card]")).to_have_count(50)
    expect(offers).to_contain_text("750")
    for shown in range(100, 800, 50):
        offers.get_by_role("button", name="Show more").click()
        expect(offers.locator("[data-card]")).to_have_count(shown)
    expect(offers.get_by_role("button", name="Show more")).to_have_count(0)
    last = offers.locator("[data-card]").last
    last.scroll_into_view_if_needed()
    expect(last).to_contain_text("N0999")
    last.get_by_role("link").press("Alt+ArrowRight")
    expect(column(page, "negotiation").locator("[data-card]")).to_have_count(1)
    expect(offers).to_contain_text("749")


def test_a_phone_shows_one_stage_at_a_time_and_moves_by_the_menu(
    browser: Browser, live_server: str, admin: User, opportunities: dict[str, Raw]
) -> None:
    context = browser.new_context(base_url=live_server, locale="en-GB", viewport={"width": 360, "height": 740},
                                  has_touch=True, is_mobile=True)  # fmt: skip
    page = context.new_page()
    sign_in_at(page, BOARD)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    width = column(page, "qualification").bounding_box()
    assert width
    assert 250 < width["width"] < 320
    card(page, "Crane").get_by_role("button", name="Move Crane").tap()
    page.get_by_role("button", name="Offer made").tap()
    expect(column(page, "offer").get_by_role("link", name="Crane")).to_be_attached()
    expect(page.locator(".k-toast")).to_contain_text("Crane was moved to")
    assert stored(opportunities["Crane"])["stage"] == "offer"
    context.close()


def test_a_call_logged_on_an_opportunity_is_its_company_s_as_well(
    client: FlaskClient, opportunities: dict[str, Raw]
) -> None:
    crane = opportunities["Crane"]
    block = client.get(f"/opportunities/activities/{crane['_id']}").text
    assert re.search(rf'<option value="{crane["company"]}" selected>Alfa &amp; Co', block)


def test_a_finger_that_rests_on_a_card_drags_it(
    browser: Browser, live_server: str, admin: User, opportunities: dict[str, Raw]
) -> None:
    context = browser.new_context(base_url=live_server, locale="en-GB", viewport={"width": 390, "height": 844},
                                  has_touch=True, is_mobile=True)  # fmt: skip
    page = context.new_page()
    sign_in_at(page, BOARD)
    fingers = context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        touched = [{"x": x, "y": y} for x, y in points]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touched})

    box = card(page, "Crane").bounding_box()
    assert box
    x, y = box["x"] + 60, box["y"] + 40
    touch("touchStart", (x, y))
    expect(card(page, "Crane")).to_have_class(re.compile("is-chosen"))
    page.wait_for_timeout(300)
    for step in range(1, 12):
        touch("touchMove", (x + step * 24, y))
        page.wait_for_timeout(30)
    touch("touchEnd")
    expect(column(page, "needs").get_by_role("link", name="Crane")).to_be_attached()
    expect(page.locator(".k-toast")).to_contain_text("Crane was moved to")
    assert stored(opportunities["Crane"])["stage"] == "needs"
    context.close()
