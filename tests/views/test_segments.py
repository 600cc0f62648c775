"""Segments on the screen: made of lists and searches, filled with ticked rows, their page, and what is done from it."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from bson import ObjectId
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.jobs import Job
from models.rights import Access
from models.security import FieldRight, User
from models.segments import Segment, SegmentSnapshot
from services import segments
from services.records import create_record, create_records, delete_record, update_record
from services.search import Selection
from tests.fixtures.app import PASSWORD

Raw = dict[str, Any]
OULU = {"col": "city", "opr": "eq", "value": "Oulu"}


@pytest.fixture
def companies(admin_access: Access) -> list[Raw]:
    return create_records(admin_access, "company", [
        {"name": name, "city": city, "street": "Katu 1", "postal_code": "90100"}
        for name, city in (("Alfa", "Oulu"), ("Beta", "Oulu"), ("Gamma", "Pori"))
    ])  # fmt: skip


@pytest.fixture
def oulu(admin_access: Access, companies: list[Raw]) -> Raw:
    return create_record(admin_access, "segment", {"name": "In Oulu", "members": "company", "conditions": [OULU]})


def inside(raw: Raw) -> str:
    return quote(json.dumps([{"segment": str(raw["_id"])}]))


def the_segment(name: str) -> Raw:
    raw = Segment._get_collection().find_one({"name": name})
    assert raw is not None
    return raw


def test_list_of_a_segment_has_its_chip(client: FlaskClient, oulu: Raw) -> None:
    page = client.get(f"/companies/?where={inside(oulu)}").text
    assert '<span class="f">Segment</span> <span class="o">is</span> <span class="v clip">In Oulu</span>' in page
    assert "Alfa" in page
    assert "Gamma" not in page
    without = quote(json.dumps([{"none": [{"segment": str(oulu["_id"])}]}]))
    page = client.get(f"/companies/?where={without}").text
    assert '<span class="o">is not</span> <span class="v clip">In Oulu</span>' in page
    assert "Alfa" not in page
    assert "Gamma" in page
    found = client.get(f"/companies/matching?where={without}").json
    assert found["sentence"] == "Companies where Segment is not “In Oulu”"


def test_list_of_a_deleted_segment_says_so(client: FlaskClient, admin_access: Access, oulu: Raw) -> None:
    delete_record(admin_access, "segment", oulu["_id"])
    answer = client.get(f"/companies/?where={inside(oulu)}")
    assert answer.status_code == 400
    assert "The segment “In Oulu” has been deleted" in answer.text
    assert "Alfa" not in answer.text
    for nonsense in ('[{"segment": "x"}]', '[{"segment": 7}]', f'[{{"segment": "{ObjectId()}"}}]'):
        assert client.get(f"/companies/?where={quote(nonsense)}").status_code == 400


def test_only_companies_and_people_are_asked_for_their_segments(client: FlaskClient, oulu: Raw) -> None:
    offered = {path: [field["column"] for field in client.get(f"/{path}/filter_fields").json]
               for path in ("companies", "people", "opportunities")}  # fmt: skip
    assert offered["companies"][0] == offered["people"][0] == "@segment"
    assert "@segment" not in offered["opportunities"]
    create_record(Access(everything=True), "segment", {"name": "Of people", "members": "person"})
    found = client.get("/options/segment?members=company&q=o").json["results"]
    assert [one["label"].split(",")[0] for one in found] == ["In Oulu"]


def test_list_is_saved_as_a_segment(client: FlaskClient, companies: list[Raw]) -> None:
    page = client.get("/companies/?_flt_eq_city=Oulu").text
    address = re.search(r'href="(/segments/from_list/company[^"]*)"', page)
    assert address is not None
    form = client.get(address[1])
    asked = parse_qs(urlsplit(form.location).query)
    assert json.loads(asked["conditions"][0]) == [OULU]
    assert client.get(form.location).status_code == 200
    posted = client.post(form.location, data={"name": "Towns", "members": "company", "kind": "living",
                                              "conditions": asked["conditions"][0]})  # fmt: skip
    assert posted.status_code == 302
    assert the_segment("Towns")["conditions"] == [OULU]
    assert "/segments/from_list/" not in client.get("/companies/").text
    assert "/segments/from_list/" not in client.get("/opportunities/?_flt_ct_name=a&view=all").text


def test_conditions_that_make_no_sense_stay_in_the_form(client: FlaskClient) -> None:
    for typed in ("[{", '[{"col": "nothing", "opr": "eq", "value": "1"}]', '{"a": "\ud800"}', "[" * 90_000):
        answer = client.post("/segments/add", data={"name": "X", "members": "company", "kind": "living",
                                                    "conditions": typed.encode(errors="surrogatepass")})  # fmt: skip
        assert answer.status_code == 422
        assert 'id="conditions-error"' in answer.text
    assert Segment.objects.count() == 0


def test_page_tells_members_conditions_and_uses(client: FlaskClient, admin_access: Access, oulu: Raw) -> None:
    node = {"none": [{"segment": str(oulu["_id"])}]}
    create_record(admin_access, "segment", {"name": "Elsewhere", "members": "company", "conditions": [node]})
    page = client.get(f"/segments/show/{oulu['_id']}").text
    assert "City is Oulu" in page
    assert "Elsewhere" in page
    members = client.get(f"/segments/members/{oulu['_id']}").text
    assert '<span class="n">2 members</span>' in members
    assert "Alfa" in members
    assert "Gamma" not in members
    delete_record(admin_access, "segment", oulu["_id"])
    elsewhere = the_segment("Elsewhere")
    assert "The segment “In Oulu” has been deleted" in client.get(f"/segments/members/{elsewhere['_id']}").text
    assert client.get(f"/segments/show/{elsewhere['_id']}").status_code == 200


def test_history_tells_conditions_in_words(client: FlaskClient, admin_access: Access, oulu: Raw) -> None:
    update_record(admin_access, "segment", oulu["_id"], {"conditions": [{**OULU, "value": "Pori"}]})
    page = client.get(f"/segments/history/{oulu['_id']}").text
    assert "City is Oulu" in page
    assert "City is Pori" in page
    client.post(f"/segments/undo/{oulu['_id']}", data={"version": "2"})
    assert the_segment("In Oulu")["conditions"] == [OULU]


def test_page_and_history_keep_hidden_fields_to_themselves(
    client: FlaskClient, admin_access: Access, make_role: Callable, make_user: Callable, sign_in: Callable
) -> None:
    nested = [{"any": [{"col": "city", "opr": "eq", "value": "Secret town"}]}]
    raw = create_record(admin_access, "segment", {"name": "S", "members": "company", "conditions": nested})
    make_role("Blind", ("company", "see", "all"), ("segment", "see", "all"),
              field_rights=[FieldRight(register="company", column="city", access="hidden")])  # fmt: skip
    blind = sign_in(make_user("blind", "Blind"))
    for address in ("show", "history"):
        page = blind.get(f"/segments/{address}/{raw['_id']}").text
        assert "Secret town" not in page
        assert "fields that you don’t see" in page


def test_segment_without_members_says_what_to_do(client: FlaskClient, admin_access: Access) -> None:
    told = {"living": "It asks for nothing yet", "fixed": "Tick rows in the list of Companies"}
    for kind, text in told.items():
        raw = create_record(admin_access, "segment", {"name": kind, "members": "company", "kind": kind})
        assert text in client.get(f"/segments/show/{raw['_id']}").text
        assert "Nobody is in it yet" in client.get(f"/segments/members/{raw['_id']}").text


def test_ticked_rows_make_a_segment_and_go_in_and_out(client: FlaskClient, companies: list[Raw]) -> None:
    ids = [str(raw["_id"]) for raw in companies]
    assert "Make a segment of 2 records" in client.post("/segments/put/company", data={"rowid": ids[:2]}).text
    made = client.post("/segments/put/company", data={"rowid": ids[:2], "act": "new", "name": "Chosen"},
                       follow_redirects=True)  # fmt: skip
    assert "2 records were put into the segment." in made.text
    chosen = str(the_segment("Chosen")["_id"])
    client.post("/segments/put/company", data={"all_matching": "1", "conditions": "[]", "act": "in", "segment": chosen})
    assert "3 members" in client.get(f"/segments/members/{chosen}").text
    out = client.post("/segments/put/company", data={"rowid": ids[0], "act": "out", "segment": chosen,
                                                     "back": "?_flt_eq_city=Oulu"})  # fmt: skip
    assert out.location == "/companies/?_flt_eq_city=Oulu"
    assert "2 members" in client.get(f"/segments/members/{chosen}").text


def test_putting_rows_into_what_does_not_hold_them_is_refused(client: FlaskClient, oulu: Raw) -> None:
    row = {"rowid": str(oulu["_id"])}
    for sent in ({**row, "act": "in", "segment": str(oulu["_id"])}, {**row, "act": "in", "segment": "x"},
                 {**row, "act": "new", "name": ""}, {"rowid": "x", "act": "new", "name": "X"}, {}):  # fmt: skip
        answer = client.post("/segments/put/company", data=sent)
        assert answer.status_code in (302, 422)
    assert client.post("/segments/put/opportunity", data=row).status_code == 302
    assert Segment.objects.count() == 1


def test_living_segment_is_kept_as_it_is_now(client: FlaskClient, admin_access: Access, oulu: Raw) -> None:
    assert "Keep as it is now" in client.get(f"/segments/show/{oulu['_id']}").text
    client.post(f"/segments/keep/{oulu['_id']}")
    create_record(admin_access, "company", {"name": "Delta", "city": "Oulu"})
    assert "2 members" in client.get(f"/segments/members/{oulu['_id']}").text
    page = client.get(f"/segments/show/{oulu['_id']}").text
    assert "It was made by these conditions" in page
    assert "/segments/keep/" not in page


def test_who_entered_and_left_is_told_and_made_a_segment(
    client: FlaskClient, admin_access: Access, companies: list[Raw], oulu: Raw
) -> None:
    address = f"/segments/moved/{oulu['_id']}"
    assert "No mailing has gone to it yet" in client.get(address).text
    client.post(f"/segments/remember/{oulu['_id']}")
    update_record(admin_access, "company", companies[0]["_id"], {"city": "Pori"})
    update_record(admin_access, "company", companies[2]["_id"], {"city": "Oulu"})
    mailing = create_record(admin_access, "mailing", {"name": "Spring", "segment": str(oulu["_id"])})
    told = client.get(address).text
    assert re.search(r"Have entered</dt><dd><b class=\"num\">1</b>.*Gamma", told, re.DOTALL)
    assert re.search(r"Have left</dt><dd><b class=\"num\">1</b>.*Alfa", told, re.DOTALL)
    client.post(f"/segments/entered/{oulu['_id']}", data={"since": str(SegmentSnapshot.objects.get().pk)})
    entered = the_segment("In Oulu: those who entered")
    assert "1 member<" in client.get(f"/segments/members/{entered['_id']}").text
    segments.keep_members(None, oulu["_id"], mailing["_id"], [])
    assert "Spring" in client.get(address).text
    assert client.get(f"{address}?since=x").status_code == 404


def test_people_of_the_companies_make_a_segment(client: FlaskClient, admin_access: Access, oulu: Raw) -> None:
    alfa = Segment._get_collection().database["company"].find_one({"name": "Alfa"})
    for name, title in (("Boss", "Director"), ("Clerk", "Clerk")):
        create_record(admin_access, "person", {"name": name, "title": title, "companies": [str(alfa["_id"])]})
    address = f"/segments/people/{oulu['_id']}"
    assert address in client.get(f"/segments/show/{oulu['_id']}").text
    assert "In Oulu: people" in client.get(address).text
    for wrong in ({"kind": "x", "name": "A"}, {"kind": "works_for", "name": ""},
                  {"kind": "works_for", "title": "x" * 300}):  # fmt: skip
        assert client.post(address, data=wrong).status_code == 422
    made = client.post(address, data={"kind": "works_for", "title": "direct", "name": "Directors"})
    raw = the_segment("Directors")
    assert made.location.endswith(f"/segments/show/{raw['_id']}")
    assert "1 member<" in client.get(f"/segments/members/{raw['_id']}").text
    assert "Works for (title: direct) where Segment is “In Oulu”" in client.get(made.location).text


def test_page_offers_what_one_may(
    client: FlaskClient, oulu: Raw, make_role: Callable, make_user: Callable, sign_in: Callable
) -> None:
    offered = client.get(f"/segments/show/{oulu['_id']}").text
    for wanted in ("/merge/start/company", "/labels/start/company", "/companies/edit_chosen", "/mailings/add?segment="):
        assert wanted in offered
    make_role("Looker", ("company", "see", "all"), ("segment", "see", "all"))
    looker = sign_in(make_user("looker", "Looker"))
    page = looker.get(f"/segments/show/{oulu['_id']}").text
    for unwanted in ("/labels/start/", "/edit_chosen", "/mailings/add", "/segments/keep/", "/segments/people/"):
        assert unwanted not in page
    assert looker.post(f"/segments/keep/{oulu['_id']}").status_code in (302, 403)
    assert the_segment("In Oulu")["kind"] == "living"
    assert "/segments/put/" not in looker.get("/companies/").text


def signed_in(page: Page) -> None:
    page.goto("/companies/")
    page.get_by_label("User name").fill("admin")
    page.locator("#password").fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Log in").click()


def choose(page: Page, name: str) -> None:
    page.locator(".ts-dropdown:visible .option", has_text=name).first.click()


def test_segment_is_chosen_in_the_filter_bar(page: Page, admin: User, oulu: Raw) -> None:
    signed_in(page)
    page.keyboard.press("f")
    page.locator("#filter-panel .ts-control").first.click()
    page.keyboard.type("segm")
    choose(page, "Segment")
    page.locator("#flt-value-ts-control").fill("oulu")
    choose(page, "In Oulu")
    with page.expect_navigation():
        page.locator("#filter-panel [type=submit]").click()
    expect(page.locator(".k-chip")).to_contain_text("In Oulu")
    expect(page.locator("#records tbody tr")).to_have_count(2)
    with page.expect_navigation():
        page.locator(".k-chip .x").click()
    expect(page.locator("#records tbody tr")).to_have_count(3)


def test_conditions_are_put_together_in_the_form(page: Page, admin: User, oulu: Raw) -> None:
    signed_in(page)
    page.goto("/segments/add")
    page.locator("#name").fill("Not Oulu")
    expect(page.locator("[data-sentence]")).to_have_text("Nothing is asked yet: nobody is in it.")
    page.locator(".k-group > .acts > button").first.click()
    row = page.locator(".k-cond").first
    row.locator(".ts-control").first.click()
    page.keyboard.type("segm")
    choose(page, "Segment")
    row.locator(".rest > select").select_option("neq")
    row.locator(".rest .ts-control input").fill("oulu")
    choose(page, "In Oulu")
    expect(page.locator("[data-sentence]")).to_contain_text("1 match now.")
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".k-toldconditions")).to_contain_text("Segment is not “In Oulu”")
    expect(page.locator(".k-traytable tbody tr")).to_have_count(1)
    with page.expect_navigation():
        page.keyboard.press("e")
    expect(page.locator("[data-sentence]")).to_contain_text("1 match now.")
    expect(page.locator(".k-cond .ts-control").nth(1)).to_contain_text("In Oulu")


def test_conditions_follow_whose_they_are(page: Page, admin: User, oulu: Raw) -> None:
    signed_in(page)
    page.goto(f"/segments/edit/{oulu['_id']}")
    expect(page.locator(".k-cond")).to_have_count(1)
    members = page.locator("#members")
    members.evaluate("select => (select.tomselect ? select.tomselect.setValue('person') : 0)")
    expect(page.locator(".k-cond")).to_have_count(0)
    members.evaluate("select => select.tomselect.setValue('company')")
    expect(page.locator(".k-cond")).to_have_count(1)


def test_letters_and_labels_go_to_the_members(page: Page, admin: User, oulu: Raw) -> None:
    signed_in(page)
    page.goto(f"/segments/show/{oulu['_id']}")
    with page.expect_navigation():
        page.get_by_role("button", name="Letters").click()
    expect(page.locator(".k-head")).to_contain_text("2")
    page.go_back()
    with page.expect_navigation():
        page.get_by_role("button", name="Labels").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Make 2 labels").click()
    expect(page.locator("[data-job-result]")).to_be_visible()
    job = Job.objects(kind="print_labels").first() or Job.objects.first()
    assert Selection.from_params(job.params["selection"]).conditions == ({"segment": str(oulu["_id"])},)
