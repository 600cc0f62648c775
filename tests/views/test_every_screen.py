"""Every screen in every form: desktop and phone, light and dark, English and Finnish, in a real browser."""

import datetime as dt
import json
from base64 import b64decode
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from models.mailings import Mailing
from models.notices import Notice
from models.opportunities import Opportunity
from models.outbox import Message, MessageState
from models.rights import Access
from models.security import Role, User
from services.api_keys import add_key
from services.audit import What, target_user, write_now
from services.campaigns import log_response
from services.consent import unsubscribe_url
from services.documents import add_document, add_version
from services.imports.drafts import check_draft, run_draft, set_columns, start_draft, undo_import
from services.jobs import wake_due
from services.personal_data import start_looking
from services.pipelines import add_pipeline
from services.records import create_record, delete_record, update_record
from services.reports.saved import save_report
from services.security import access_for
from services.segments import remember
from services.settings import define_field
from services.suppressed import add_suppressed
from tests.factories import CompanyFactory, PersonFactory
from tests.fixtures.app import PASSWORD

pytestmark = pytest.mark.slow

FORMS = [(1440, "light", "en-GB"), (1440, "dark", "fi-FI"), (390, "light", "fi-FI"), (390, "dark", "en-GB"),
         (360, "dark", "fi-FI"), (900, "light", "en-GB")]  # fmt: skip
AXE = (Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
ONE_POINT = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAA"
                      "AABJRU5ErkJggg==")  # fmt: skip
#: WCAG 2.2 A and AA.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
KINDS = ("text", "long_text", "rich_text", "number", "money", "date", "datetime", "boolean", "email", "phone", "url",
         "user", "users",
         "link", "files")  # fmt: skip


@pytest.fixture
def screens(admin: User, admin_access: Access) -> list[str]:
    """The addresses of every kind of page, with a field of every kind and some records."""
    for kind in KINDS:
        define_field(admin_access, {"register": "company", "key": f"a_{kind}", "kind": kind, "in_list": True,
                                    "label": {"en": f"A {kind} of its own", "fi": f"Oma {kind}"}})  # fmt: skip
    for kind in ("choice", "choices"):
        define_field(admin_access, {"register": "company", "key": f"a_{kind}", "kind": kind, "label": kind,
                                    "choices": ["A rather long choice of words", "B"]})  # fmt: skip
    company = CompanyFactory.create(customer=True, x_a_text="word " * 60, x_a_number="1234567.5", x_a_choice="B")
    CompanyFactory.create_batch(30, x_a_money="1200 EUR", x_a_date="31.12.2024", x_a_boolean="yes")
    person = PersonFactory.create(companies=[str(company["_id"])])
    moment = dt.datetime.now(dt.UTC)
    invited = PersonFactory.create(email="a.rather.long.address@example.com")
    texted = PersonFactory.create(phone="+358401234567")
    meeting = create_record(access_for(admin), "activity", {
        "name": "A meeting", "kind": "meeting", "repeats": "FREQ=DAILY", "companies": [str(company["_id"])],
        "people": [str(person["_id"]), str(invited["_id"])], "starts_at": moment,
        "ends_at": moment + dt.timedelta(minutes=30)})  # fmt: skip
    create_record(access_for(admin), "activity", {"name": "A task", "kind": "task"})
    linked = {"companies": [str(company["_id"])], "people": [str(person["_id"])], "owner": str(admin.pk)}
    for name, values in (("Ring", {"due_on": "2020-01-01", "priority": "high"}), ("Think", {}),
                         ("Met", {"kind": "meeting", "starts_at": "2099-01-01T10:00"}), ("Done", {"state": "done"})):
        create_record(admin_access, "activity", {"kind": "task", "name": name, **linked, **values})
    opportunities = add_opportunities(admin_access, company)
    create_record(admin_access, "activity", {"kind": "task", "name": f"About {person['name']}"})
    start_looking(access_for(admin), person["_id"])
    wake_due()
    deleted = CompanyFactory.create()
    delete_record(admin_access, "company", deleted["_id"])
    add_messages(admin)
    invited_user = add_invited(admin)
    report = add_reports(admin)
    living, fixed = add_segments(admin_access, company)
    return [
        "/", "/tray/general", "/tray/general/arrange",
        "/settings/trays/", "/settings/trays/add", "/settings/trays/sales",
        "/companies/", "/companies/?page_size=10&order=x_a_number&dir=desc",
        "/companies/?_flt_in_x_a_choice=B&_flt_ge_x_a_number=1", "/companies/?_flt_ct_name=nothing+like+it",
        "/companies/add", f"/companies/show/{company['_id']}", f"/companies/edit/{company['_id']}",
        f"/companies/?where={GROUPS}", f"/companies/search?where={GROUPS}",
        f"/companies/history/{company['_id']}", f"/companies/as_of/{company['_id']}?day=2100-01-01",
        "/people/", "/people/add", "/people/vcards", "/companies/duplicates", "/export/start/person",
        f"/people/relate/{person['_id']}?kind=works_for&side=subject",
        f"/people/show/{person['_id']}", f"/people/personal_data/{person['_id']}", "/merge/",
        "/merge/fields/opportunity", "/jobs/", "/settings/",
        "/settings/?q=nothing+like+it", "/settings/organisation/", "/setup/", "/setup/business",
        "/setup/business/trade", "/setup/users", "/setup/customers",
        "/settings/fields/company", "/settings/layouts/company", "/settings/relationships/", "/settings/currencies/",
        "/settings/fields/company/add", "/settings/choices/company/status", "/settings/users/", "/settings/users/add",
        "/settings/audit/", "/settings/audit/?what=exported&first=2020-01-01", f"/settings/users/edit/{invited_user}",
        f"/settings/users/deactivate/{invited_user}",
        *add_api_key(admin), "/settings/api-keys/add", "/api/docs/",
        "/settings/roles/", "/settings/roles/add", "/settings/groups/", "/settings/teams/", "/settings/teams/add",
        "/console/", "/console/collection/company/", "/console/collection/company/indexes/", "/console/files/",
        "/console/looks/", "/search/", "/search/?q=a", "/bin/", f"/bin/show/{deleted['_id']}",
        f"/console/collection/company/details/?id={company['_id']}",
        "/calendar/?view=week", "/calendar/?view=month", "/calendar/?view=people", "/calendar/?view=list",
        "/calendar/addresses", f"/calendar/free?users={admin.pk}", "/calendar/hours",
        f"/calendar/invitations/{meeting['_id']}", "/profile/", "/login/", "/login/forgotten",
        "/profile/authenticator/",
        "/notices/", "/outbox/", "/outbox/?state=failed", "/outbox/?q=nothing+like+it", *outbox_pages(admin_access),
        f"/people/message/{invited['_id']}?channel=mail", f"/people/message/{texted['_id']}?channel=sms",
        "/opportunities/development", "/opportunities/development?weeks=13&by=stage&figure=count",
        "/opportunities/development?_flt_ct_name=nothing+like+it", "/opportunities/moved",
        "/opportunities/moved?since=2020-01-01&_flt_ct_name=project", "/reports/ready/offer_book?as_of=2020-01-01",
        "/reports/", "/reports/?q=nothing+like+it", "/reports/new", "/reports/new?register=company",
        "/reports/new?ready=won_lost", "/reports/ready/offer_book", "/reports/ready/won_lost", f"/reports/{report}",
        f"/reports/{report}/edit", f"/reports/{report}?as_of=2999-01-01",
        "/tasks/", "/tasks/?whose=all&due=overdue", "/tasks/?due=done", "/tasks/?priority=low", "/activities/",
        "/activities/add?kind=task",
        "/opportunities/board", "/opportunities/board?_flt_ct_name=nothing", "/opportunities/?view=all",
        f"/opportunities/show/{opportunities[0]['_id']}", f"/opportunities/show/{opportunities[1]['_id']}",
        f"/opportunities/close/{opportunities[0]['_id']}?state=lost", "/opportunities/add?stage=offer",
        *add_mailings(admin_access, living),
        "/segments/", "/segments/add", f"/segments/show/{living}", f"/segments/edit/{living}",
        f"/segments/show/{fixed}", f"/segments/people/{living}", f"/segments/history/{living}",
        f"/companies/?where={quote(json.dumps([{'segment': living}]))}",
        "/settings/pipelines/", "/settings/pipelines/add", "/settings/pipelines/edit/sales",
        *add_marketing(admin_access, company, person, opportunities[0]),
        *add_imports(access_for(admin)),
        "/support/", "/support/?page=/companies/&reference=0123456789abcdef",
        "/documents/", "/documents/?_flt_eq_type=pdf", *add_documents(access_for(admin), company), "/documents/add",
    ]  # fmt: skip


def add_mailings(access: Access, segment: str) -> list[str]:
    """The pages of a written draft, an SMS, an empty one, and one on its way with messages in each state."""
    html = ('<div class="letter"><h1>Hello {{name}}</h1><p>A long word: ' + "x" * 80 + " {{city}} {{nonsense}}</p>"
            '<p align="center"><a class="button" href="https://example.com/">Read</a></p></div>')  # fmt: skip
    name = "A mailing with a rather long name, about all that is new in spring"
    texts = {"subject": "Hello {{name}}", "preheader": "And more", "html": html}
    draft, sms, bare, going = (create_record(access, "mailing", values)["_id"] for values in (
        {"name": name, "segment": segment, **texts},
        {"name": "SMS", "channel": "sms", "segment": segment, "text": "Hello {{name}} 😊"},
        {"name": "Bare"}, {"name": "Going", "segment": segment, **texts}))  # fmt: skip
    Mailing._get_collection().update_one({"_id": going}, {"$set": {"state": "paused"}})
    now = dt.datetime.now(dt.UTC)
    for number, state in enumerate(MessageState):
        Message(purpose="mailing", mailing=going, address=f"a.rather.long.address.{number}@example.com",
                message_id=f"<mailing.{number}@localhost>", state=state.value, attempts=1, due_at=now, created_at=now,
                name="Malli Oy", error="550 5.1.1: User unknown" if state == "failed" else "").save()  # fmt: skip
    pages = ("show", "edit", "recipients", "content", "check", "send")
    return ["/mailings/", "/mailings/add", *(f"/mailings/{page}/{draft}" for page in pages),
            f"/mailings/check/{draft}?size=desktop&tone=dark", f"/mailings/check/{draft}?part=text",
            f"/mailings/recipients/{draft}?reason=no_address",
            *(f"/mailings/{page}/{one}" for one in (sms, bare) for page in pages[2:]),
            f"/mailings/show/{going}", f"/mailings/check/{going}", f"/mailings/follow/{going}",
            f"/mailings/follow/{going}?state=unclear"]  # fmt: skip


def add_segments(admin_access: Access, company: dict[str, Any]) -> tuple[str, str]:
    """The ids of a living segment that somebody had remembered and of an empty fixed one."""
    conditions = [{"none": [{"col": "city", "opr": "eq", "value": "Nowhere at all"}]}, json.loads(unquote(GROUPS))[0]]
    living = create_record(admin_access, "segment", {
        "name": "A rather long name of a segment", "members": "company", "conditions": conditions})  # fmt: skip
    remember(admin_access, living["_id"])
    update_record(admin_access, "company", company["_id"], {"city": "Nowhere at all"})
    fixed = create_record(admin_access, "segment", {"name": "Fixed", "members": "company", "kind": "fixed"})
    return str(living["_id"]), str(fixed["_id"])


def add_marketing(access: Access, company: Any, person: Any, opportunity: Any) -> list[str]:
    """A campaign with all that a campaign may have, whom marketing may not go to, and the way out of it."""
    segment = create_record(access, "segment", {"name": "A rather long name of a group of customers"})
    campaign = create_record(access, "campaign", {"name": "Autumn", "kind": "fair", "costs": "1234.50 EUR",
                                                  "budget": "2 SEK", "segments": [str(segment["_id"])]})  # fmt: skip
    linked = {"campaign": str(campaign["_id"])}
    create_record(access, "mailing", {"name": "A mailing with a rather long name, for all of them", **linked})
    update_record(access, "opportunity", opportunity["_id"], linked)
    for response in ("interested", "complained"):
        log_response(access, campaign, {"response": response, "people": [str(person["_id"])]})
    update_record(access, "company", company["_id"], {
        "email_consent": "granted; A rather long source of it; 2026-05-03", "sms_consent": "refused"})  # fmt: skip
    raw = add_suppressed(access, {"address": "a.rather.long.address@example.com", "note": "Called us about it"})
    token = unsubscribe_url({"address": "a@example.com", "register": "company", "record": company["_id"]})
    pk = campaign["_id"]
    return ["/campaigns/", "/campaigns/add", f"/campaigns/show/{pk}", f"/campaigns/respond/{pk}",
            "/settings/consent/", "/settings/suppressed/", "/settings/suppressed/?q=nothing+like+it",
            f"/settings/suppressed/remove/{raw['_id']}", f"/unsubscribe/{token.rpartition('/')[2]}"]  # fmt: skip


def add_documents(access: Access, company: Any) -> list[str]:
    """Documents of a picture, of a text with older versions and a lying name, and of nothing; their addresses."""
    linked = {"companies": [str(company["_id"])]}
    picture = add_document(access, "A rather long name of a picture of the factory.png", BytesIO(ONE_POINT), linked)
    text = add_document(access, "offer.txt", BytesIO(b"word " * 500), linked)
    add_version(access, text["_id"], "offer.pdf", BytesIO(b"A page\n" * 50), "As it was agreed on the telephone")
    empty = create_record(access, "document", {"name": "Without a file"})
    return [f"/documents/show/{raw['_id']}" for raw in (picture, text, empty)]


def add_imports(access: Access) -> list[str]:
    """The pages of an import that has just begun, one that was checked, one that was done and one that was undone."""
    rows = "".join(f"Company {number},{'perhaps ' if number < 9 else ''}{1900 + number},www.example.com\n"
                   for number in range(40))  # fmt: skip
    content = f"Name,A rather long header of the year in which it was founded,Home\n{rows},1999,\n".encode()
    begun, checked, done, undone = (start_draft(access, "company", BytesIO(content), "A rather long name of a list.csv")
                                    for _ in range(4))  # fmt: skip
    number = {"place": 1, "choice": {"define": {"kind": "number"}}}
    set_columns(access, checked, [number], match=["name"], on_existing="add")
    check_draft(access, checked)
    wake_due()
    for one in (done, undone):
        run_draft(access, one)
        wake_due()
    undo_import(access, undone)
    wake_due()
    return ["/import/", "/import/company/", f"/import/company/{begun}/columns", f"/import/company/{checked}/columns",
            f"/import/company/{checked}/check", f"/import/company/{done}/result",
            f"/import/company/{undone}/result"]  # fmt: skip


def outbox_pages(access: Access) -> list[str]:
    """A mailing with messages in every state, one of which is looked at."""
    mailing = create_record(access, "mailing", {"name": "A rather long name of a mailing to all customers"})["_id"]
    Message._get_collection().insert_many([
        {"purpose": "mailing", "mailing": mailing, "marketing": True, "channel": channel, "state": state.value,
         "address": "a.rather.long.address@a.rather.long.company.example.com", "name": "Somebody", "attempts": 1,
         "error": "550 5.1.1 Recipient address rejected: User unknown in virtual mailbox table", "created_at": now,
         "due_at": now, "message_id": f"<{channel}.{state.value}@example.com>", "text": "Hello", "html": "<p>Hello</p>"}
        for now in [dt.datetime.now(dt.UTC)] for channel in ("mail", "sms") for state in MessageState
    ])  # fmt: skip
    unclear = Message.objects(mailing=mailing, state="unclear").first()
    return [f"/outbox/?mailing={mailing}", f"/outbox/show/{unclear.pk}"]


def add_invited(admin: User) -> str:
    """A user who was invited, and what the audit has to tell; returns the user's id."""
    user = User(username="uuno", first_name="Uuno-Petteri", last_name="Turhapuro-Tuura", email="uuno@example.com",
                active=True, invited_at=dt.datetime.now(dt.UTC)).save()  # fmt: skip
    changes = {"roles": [[], ["x" * 80, "Staff"]], "email": ["a@example.com", "uuno@example.com"]}
    told = {"action": "update", "changes": changes}
    write_now(What.USER_CHANGED, admin.pk, target=target_user(user.pk), details=told,
              agent="Mozilla/5.0 (X11; Linux x86_64) Firefox/131.0", address="2001:db8:1:2:3:4:5:6")  # fmt: skip
    write_now(What.SIGN_IN_FAILED, None, details={"name_hash": "0" * 32, "more_tries": 17})
    return str(user.pk)


def add_reports(admin: User) -> str:
    """Sales projects to count, and a saved report of them, sent and shared; returns its id."""
    access = access_for(admin)
    for number, state in enumerate(("open", "won", "lost", "open")):
        create_record(access, "opportunity", {
            "name": f"A project {number}", "stage": "offer" if number % 2 else "qualification", "state": state,
            "reason": "price", "value": f"{number + 1}234567.50 {'SEK' if number == 3 else 'EUR'}",
            "closes_on": f"2026-0{number + 1}-28", "owner": str(admin.pk)})  # fmt: skip
    report = save_report(access, {
        "register": "opportunity", "name": "A rather long name of a report about what closes when and by whom",
        "conditions": [{"any": [{"col": "state", "opr": "eq", "value": "open"},
                                {"col": "closes_on", "opr": "period", "value": "next_12_months"}]}],
        "groups": [{"column": "closes_on", "by": "month"}, {"column": "owner"}, {"column": "stage"}], "across": True,
        "measures": [{"how": "sum", "column": "value"}, {"how": "count"}], "chart": "line", "audience": "all",
        "schedule": {"every": "week", "weekday": 0, "hour": 8, "users": [str(admin.pk)]}})  # fmt: skip
    return str(report["_id"])


def add_opportunities(access: Access, company: Any) -> list[Any]:
    """An open one that is late and rests, one that is lost, one in a currency without a rate; two pipelines."""
    add_pipeline(access, {"label": {"en": "Spare parts"}, "stages": [{"label": {"en": "First"}}]})
    long = "A rather long name of a sales project with a word that does not end: " + "x" * 40
    rows = [{"name": long, "value": "123456789.50 EUR", "closes_on": "2020-01-01", "company": str(company["_id"])},
            {"name": "Lost", "state": "lost", "reason": "price"}, {"name": "Foreign", "value": "5 SEK"}]  # fmt: skip
    made = [create_record(access, "opportunity", {"owner": "", **row}) for row in rows]
    create_record(access, "activity", {"name": "Ring again", "kind": "task", "due_on": "2020-01-01",
                                       "opportunities": [str(made[0]["_id"])]})  # fmt: skip
    since = dt.datetime.now(dt.UTC) - dt.timedelta(days=99)
    Opportunity.objects(pk=made[2]["_id"]).update(stage_since=since)
    return made


def add_api_key(admin: User) -> list[str]:
    role = Role.objects.get(name="Reader")
    add_key(access_for(admin), {"name": "A rather long name of a program", "owner": admin.pk, "roles": [role.pk]})
    return ["/settings/api-keys/"]


def add_messages(admin: User) -> None:
    """Messages of each state and notices, read and unread."""
    now = dt.datetime.now(dt.UTC)
    for number, state in enumerate(MessageState):
        error = "550 5.1.1 <nobody@example.com>: Recipient address rejected: User unknown" if number == 3 else ""
        Message(purpose="reminder", address="a.rather.long.address@example.com", subject="Reminder: Call Virtanen",
                message_id=f"<{number}@localhost>", state=state.value, error=error, attempts=1, due_at=now,
                created_at=now).save()  # fmt: skip
        name = " about the offer, ".join(["Call Virtanen"] * (number + 1))
        params = {"name": name, "starts": now, "whole_day": False, "zone": "UTC", "due": False}
        Notice(user=admin.pk, kind="reminder", params=params, url="/", at=now,
               read_at=now if number % 2 else None).save()  # fmt: skip
    User.objects(pk=admin.pk).update(unread=3)


def violations(page: Page, address: str) -> list[str]:
    """What axe-core finds wrong with the page as it stands; its script is run beside the policy, not by it."""
    page.evaluate(AXE)
    # What lies half under the bar at the bottom until one scrolls is no small target: the bar stands aside meanwhile.
    page.evaluate("document.querySelectorAll('.k-foot').forEach(bar => { bar.style.position = 'static'; })")
    found = page.evaluate("rules => axe.run(document, {runOnly: rules}).then(result => result.violations)", RULES)
    return [f"{address}: {item['id']}: {item['help']}: {[node['html'][:120] for node in item['nodes']][:3]}"
            for item in found]  # fmt: skip


GROUPS = quote(json.dumps([
    {"any": [{"col": "city", "opr": "eq", "value": "Oulu"}, {"col": "created_at", "opr": "period", "value": "today"}]},
    {"through": "person.companies", "none": [{"col": "name", "opr": "nempty"}]},
]))  # fmt: skip


def problems_of(page: Page, address: str) -> list[str]:
    """What is wrong with a screen: its status, the console (reports of the policy among it), axe's findings, a page
    wider than the window."""
    found: list[str] = []

    def note(message: Any) -> None:
        if message.type == "error":
            found.append(f"{address}: {message.text}")

    page.on("console", note)
    page.on("pageerror", lambda error: found.append(f"{address}: {error}"))
    answer = page.goto(address)
    if answer is None or answer.status != 200:
        found.append(f"{address}: {answer and answer.status}")
    if "/login" in page.url and not address.startswith("/login"):
        found.append(f"{address}: asks to sign in")
    if "/search?where" in address:
        # Its rows are made by the script, of fields that it fetches.
        expect(page.locator(".k-cond")).to_have_count(3)
    if page.locator("textarea[data-mail-text]").count():
        # Its editor comes after the page.
        expect(page.locator(".ProseMirror")).to_be_visible()
    wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    if wider > 0:
        found.append(f"{address}: {wider} px wider than the window")
    page.remove_listener("console", note)
    return found + violations(page, address)


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (360, "dark")])
def test_help_is_accessible(browser: Browser, live_server: str, width: int, scheme: Any) -> None:
    context = browser.new_context(base_url=live_server, viewport={"width": width, "height": 800}, color_scheme=scheme)
    page, found = context.new_page(), []
    for address in ("/help/en/", "/help/fi/henkilotiedot/"):
        page.goto(address)
        found += violations(page, address)
    context.close()
    assert found == []


@pytest.mark.parametrize(("width", "scheme", "language"), FORMS)
def test_screens_fit_and_say_nothing_in_the_console(
    app: Flask, browser: Browser, live_server: str, screens: list[str], width: int, scheme: Any, language: str
) -> None:
    context = browser.new_context(base_url=live_server, viewport={"width": width, "height": 800},
                                  color_scheme=scheme, locale=language)  # fmt: skip
    page = context.new_page()
    sign_in_at(page, live_server)
    found = [problem for address in screens for problem in problems_of(page, address)]
    context.close()
    assert found == []


#: What is opened on a page before axe looks at it again.
OPENED = {
    "/companies/": ("c", "f", "?", "a", "/"), "/settings/": ("?",), "/companies/add": ("?",),
    "/opportunities/board": ("f", "?"),
}  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_menus_panels_and_dialogs_are_accessible(
    browser: Browser, live_server: str, screens: list[str], scheme: Any
) -> None:
    context = browser.new_context(base_url=live_server, viewport={"width": 1440, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    sign_in_at(page, live_server)
    found = []
    for address, keys in OPENED.items():
        for key in keys:
            page.goto(address)
            page.keyboard.press(key)
            page.wait_for_timeout(250)
            found += violations(page, f"{address} {key}")
    page.goto("/companies/")
    page.locator("[data-row] td[data-only]").first.click(button="right")
    found += violations(page, "row menu")
    page.goto("/opportunities/board")
    page.locator("[data-move]").first.click()
    found += violations(page, "board menu")
    page.locator("[data-to-close=lost]").click()
    page.locator("[data-closing] [type=submit]").click()
    page.locator("[data-closing] .k-error").wait_for()
    found += violations(page, "board closing")
    page.goto(next(address for address in screens if "/show/" in address))
    for number in range(page.locator("[data-edit-start]").count()):
        page.locator("[data-edit-start]").nth(number).press("Enter")
        page.locator(".k-inplace").wait_for()
        found += violations(page, f"in place {number}")
        # The first Esc may close an open list of options.
        while page.locator(".k-inplace").count():
            page.keyboard.press("Escape")
    context.close()
    assert found == []


def sign_in_at(page: Page, live_server: str) -> None:
    page.goto("/login/")
    page.fill("#username", "admin")
    page.fill("#password", PASSWORD)
    page.locator("button[type=submit]").first.click()
    page.wait_for_url(f"{live_server}/")
