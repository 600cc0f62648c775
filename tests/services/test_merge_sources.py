"""What fills merge fields beside a record's own fields: linked records, the owner, rows of products and of people."""

import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import docx as python_docx
import pytest

from models.rights import Access, system_access
from models.security import FieldRight, User
from services.files import get_file, open_content
from services.merge import MergeProblem, field_status, merge_rows, read_rows, set_field_map, upload_template
from services.merge.reading import find_linked, money
from services.merge.sources import Sources
from services.records import create_record
from services.settings import define_field
from tests.factories import CompanyFactory, PersonFactory
from tests.services.merging import keep, letters, make
from tests.word.making import docx, merge_field, p, simple, table

LINES = [{"name": "Pumppu", "quantity": "2", "price": "1000", "discount": "10", "unit": "kpl"},
         {"name": "Asennus", "quantity": "1", "price": "150.5"}]  # fmt: skip


@pytest.fixture
def anna(make_user: Callable[..., User], access_of: Callable[..., Access]) -> Access:
    signature = "<p>Anna &amp; <b>co</b></p><p>Sales</p>"
    return access_of(make_user("anna", "Staff", phone="+358401234567", signature=signature))


def opportunity(**values: Any) -> dict[str, Any]:
    return create_record(system_access(), "opportunity", values)


def row(*names: str) -> str:
    """A table of one row of merge fields, a paragraph behind it."""
    return table(*(p(merge_field(name)) for name in names)) + p("")


def cells(access: Access, job: dict[str, Any]) -> list[list[str]]:
    with open_content(get_file(access, job["result_file"])) as content:
        document = python_docx.Document(io.BytesIO(content.read()))
    return [[cell.text for cell in found.cells] for one in document.tables for found in one.rows]


def columns(access: Access, register: str, *names: str, tables: tuple[str, ...] = ()) -> list[str]:
    sources = Sources(access, register, {}, tables)
    return [found.column if (found := sources.find_any(name)) else "" for name in names]


def test_linked_fields_by_key_label_and_register_in_both_languages(anna: Access) -> None:
    names = ("company.city", "Company City", "company_postal_code", "Yritys.Kaupunki", "Yritys_Postinumero")
    assert columns(anna, "opportunity", *names[:2]) == ["company.city"] * 2
    assert columns(anna, "opportunity", names[2], names[4]) == ["company.postal_code"] * 2
    assert columns(anna, "person", "companies.city", "company_city", "Companies.City") == ["companies.city"] * 3
    assert columns(anna, "company", "owner.email", "Owner E-mail", "owner_phone") == [
        "owner.email", "owner.email", "owner.phone",
    ]  # fmt: skip
    assert columns(anna, "company", "owner.password", "nobody.name", "company.") == ["", "", ""]


def test_own_field_goes_before_a_linked_one_and_the_longest_link_before_a_shorter(
    admin_access: Access, anna: Access
) -> None:
    define_field(admin_access, {"register": "opportunity", "key": "company_city", "kind": "text",
                                "label": {"en": "Where"}})  # fmt: skip
    define_field(admin_access, {"register": "opportunity", "key": "company_main", "kind": "link",
                                "target": "company", "label": {"en": "Main"}})  # fmt: skip
    assert columns(anna, "opportunity", "company_city", "company_main_city", "company.city") == [
        "x_company_city", "x_company_main.city", "company.city",
    ]  # fmt: skip


def test_letters_print_linked_records_and_the_owner(anna: Access) -> None:
    company = CompanyFactory(name="Alfa Oy", city="Oulu")
    other = CompanyFactory(name="Beta Oy", city="Turku")
    person = PersonFactory(last_name="Malli", companies=[str(other["_id"]), str(company["_id"])])
    opportunity(name="Kauppa", company=str(company["_id"]), people=[str(person["_id"])], owner=str(anna.user_id))
    opportunity(name="Toinen", company=None, people=[])
    names = ("name", "company.name", "company.city", "people.last_name", "owner.name", "owner.phone", "owner.signature")
    job = make(anna, keep(anna, *names, register="opportunity"))
    assert letters(anna, job) == [
        "Kauppa|Alfa Oy|Oulu|Malli|Anna Tester|+358 40 1234567|Anna & co\n\nSales", "Toinen||||||",
    ]  # fmt: skip
    job = make(anna, keep(anna, "last_name", "companies.city", register="person"))
    assert letters(anna, job) == ["Malli|Turku"]


def test_linked_fields_keep_to_rights(make_role: Callable, make_user: Callable, access_of: Callable) -> None:
    hidden = FieldRight(register="company", column="phone", access="hidden")
    role = make_role("P", ("person", "see", "all"), ("person", "merge", "all"), ("company", "see", "own"),
                     field_rights=[hidden])  # fmt: skip
    user = make_user("pekka", role)
    access = access_of(user)
    mine = CompanyFactory(name="Oma Oy", owner=str(user.pk), phone="+358401234567")
    secret = CompanyFactory(name="Salainen Oy")
    PersonFactory(last_name="A", companies=[str(mine["_id"])])
    PersonFactory(last_name="B", companies=[str(secret["_id"])])
    job = make(access, keep(access, "last_name", "companies.name", "companies.phone", register="person"))
    assert letters(access, job) == ["A|Oma Oy|", "B||"]
    assert job["result"]["unknown"] == ["companies.phone"]
    nobody = access_of(make_user("nina", make_role("N", ("person", "see", "all"), ("person", "merge", "all"))))
    assert columns(nobody, "person", "companies.name") == [""]


def test_linked_records_are_asked_for_once_a_chunk(anna: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        company = CompanyFactory(name=f"Y{number}", city=f"C{number}")
        PersonFactory(last_name=f"M{number}", companies=[str(company["_id"])])
    asked: list[int] = []
    monkeypatch.setattr("services.merge.letters.CHUNK", 2)
    monkeypatch.setattr("services.merge.reading.find_linked",
                        lambda *given: asked.append(len(given[2])) or find_linked(*given))
    job = make(anna, keep(anna, "last_name", "company.city", "company.name", register="person"))
    assert letters(anna, job) == [f"M{number}|C{number}|Y{number}" for number in range(5)]
    assert asked == [2, 2, 1]


def test_rows_of_products_repeat_with_their_sum(anna: Access) -> None:
    opportunity(name="A", products=LINES)
    opportunity(name="B", products=[])
    parts = ("number", "name", "quantity", "unit", "price", "discount", "amount")
    body = row(*(f"products.{part}" for part in parts)) + table(p("Total"), p(merge_field("products.total"))) + p("")
    job = make(anna, upload_template(anna, "opportunity", "Offer", docx(body)), unknown="stop")
    assert cells(anna, job) == [
        ["1", "Pumppu", "2", "kpl", "1000.00", "10", "1800.00"],
        ["2", "Asennus", "1", "", "150.50", "", "150.50"],
        ["Total", "1950.50"], ["Total", ""],
    ]  # fmt: skip


def test_rows_of_products_by_finnish_names_and_between_table_start_and_end(anna: Access) -> None:
    opportunity(name="A", products=LINES)
    name = p(merge_field("TableStart:Tuotteet"), merge_field("Nimi"))
    price = p(merge_field("Hinta", '\\# "0,00"'), merge_field("TableEnd:Tuotteet"))
    body = row("Tuotteet.Nimi", "Tuotteet.Määrä", "Tuotteet.Summa") + table(name, price) + p("")
    job = make(anna, upload_template(anna, "opportunity", "Offer", docx(body)), unknown="stop")
    assert cells(anna, job) == [
        ["Pumppu", "2", "1800.00"], ["Asennus", "1", "150.50"], ["Pumppu", "1000,00"], ["Asennus", "150,50"],
    ]  # fmt: skip


def test_rows_of_products_tell_of_the_product_and_activities_come_in_time_order(anna: Access) -> None:
    product = create_record(system_access(), "product", {"name": "Pumppu", "code": "P-1", "price": "10 EUR"})
    lines = [{"product": str(product["_id"]), "quantity": "1"}, {"name": "Muu", "quantity": "1", "price": "5"}]
    deal = opportunity(name="A", products=lines)
    for name, day in (("Later", "2026-02-01"), ("Earlier", "2026-01-01")):
        create_record(system_access(), "activity", {"kind": "task", "name": name, "due_on": day,
                                                    "opportunities": [str(deal["_id"])]})  # fmt: skip
    body = row("products.name", "products.code") + row("activities.name", "activities.number")
    job = make(anna, upload_template(anna, "opportunity", "Offer", docx(body)), unknown="stop")
    assert cells(anna, job) == [["Pumppu", "P-1"], ["Muu", ""], ["Earlier", "1"], ["Later", "2"]]


def test_rows_of_linking_records_in_name_order_within_rights(
    make_role: Callable, make_user: Callable, access_of: Callable, anna: Access
) -> None:
    company, empty = CompanyFactory(name="Alfa Oy"), CompanyFactory(name="Beta Oy")
    role = make_role("P", ("company", "see", "all"), ("company", "merge", "all"), ("person", "see", "own"))
    user = make_user("pekka", role)
    for name, owner in (("Öberg", None), ("Aalto", str(user.pk))):
        PersonFactory(first_name="X", last_name=name, title="CEO", companies=[str(company["_id"])], owner=owner,
                      email=None if owner else "o@example.com")  # fmt: skip
    body = p(merge_field("name")) + row("people.number", "people.last_name", "people.email", "person.title")
    mixed = body.replace("person.title", "people.title")
    template = upload_template(anna, "company", "People", docx(mixed))
    assert cells(anna, make(anna, template)) == [["1", "Aalto", "", "CEO"], ["2", "Öberg", "o@example.com", "CEO"]]
    assert cells(access_of(user), make(access_of(user), template)) == [["1", "Aalto", "", "CEO"]]
    assert empty["name"] in letters(anna, make(anna, template))


def test_rows_of_own_links_keep_their_order(anna: Access) -> None:
    people = [PersonFactory(last_name=name, title="") for name in ("Ö", "A")]
    opportunity(name="Kauppa", people=[str(person["_id"]) for person in people])
    body = p(merge_field("people.last_name")) + row("people.last_name")
    template = upload_template(anna, "opportunity", "P", docx(body))
    job = make(anna, template, unknown="stop")
    assert (letters(anna, job), cells(anna, job)) == (["Ö"], [["Ö"], ["A"]])


def test_status_and_map_of_linked_fields_and_rows(anna: Access) -> None:
    body = p(merge_field("company.cty")) + row("products.nam", "products.price") + p(merge_field("Postipaikka"))
    template = upload_template(anna, "opportunity", "Offer", docx(body))
    found = {status.name: status for status in field_status(anna, template)}
    assert (found["company.cty"].nearest, found["products.nam"].nearest) == ("company.city", "products[].name")
    assert (found["products.price"].state, found["products.price"].label) == ("known", "Products: Price")
    chosen = {"company.cty": "company.city", "products.nam": "products[].name", "Postipaikka": "company.postal_code"}
    template = set_field_map(anna, template["_id"], chosen)
    assert [status.state for status in field_status(anna, template)] == ["known"] * 4
    company = CompanyFactory(city="Oulu", postal_code="90100")
    opportunity(name="A", company=str(company["_id"]), products=LINES[:1])
    job = make(anna, template, unknown="stop")
    assert (letters(anna, job), cells(anna, job)) == (["Oulu", "90100"], [["Pumppu", "1000.00"]])


def test_address_block_of_an_opportunity_is_that_of_its_person_and_company(anna: Access) -> None:
    block = 'ADDRESSBLOCK \\f "<<_FIRST0_>><< _LAST0_>>\n<<_COMPANY_\n>><<_STREET1_\n>><<_CITY_>><<, _STATE_>>"'
    greeting = 'GREETINGLINE \\f "<<_BEFORE_ Hyvä >><<_FIRST0_>><<_AFTER_ !>>" \\e "Hyvä asiakas!"'
    company = CompanyFactory(name="Alfa Oy", street="Katu 1", city="Oulu")
    person = PersonFactory(first_name="Aino", last_name="Aalto", companies=[str(company["_id"])])
    opportunity(name="A", company=str(company["_id"]), people=[str(person["_id"])])
    opportunity(name="B", company=None, people=[str(person["_id"])])
    opportunity(name="C", company=str(company["_id"]), people=[])
    template = upload_template(anna, "opportunity", "Offer", docx(p(simple(block)) + p(simple(greeting))))
    whole = ["Aino Aalto\nAlfa Oy\nKatu 1\nOulu", "Hyvä Aino!"]
    assert letters(anna, make(anna, template)) == [*whole, *whole, "Alfa Oy\nKatu 1\nOulu", "Hyvä asiakas!"]


def test_sums_of_rows_are_exact() -> None:
    assert [money(text) for text in ("10", "10.5", "0.0125")] == [
        Decimal("10.00"), Decimal("10.50"), Decimal("0.0125")]  # fmt: skip


def test_rows_given_as_json_may_hold_tables() -> None:
    products = '[{"Name": "Pumppu", "Price": 10.5}, {"Name": "Letku"}]'
    text = f'[{{"Name": "A", "Products": {products}}}, {{"Name": "B", "Products": []}}]'
    out = io.BytesIO()
    outcome = merge_rows(docx(p(merge_field("name")) + row("products.name", "products.price")), read_rows(text), out)
    assert outcome.unknown == ()
    document = python_docx.Document(out)
    found = [[cell.text for cell in line.cells] for one in document.tables for line in one.rows]
    assert found == [["Pumppu", "10.5"], ["Letku", ""]]
    with pytest.raises(MergeProblem, match=r"“Products\.Name” must be"):
        read_rows('[{"Products": [{"Name": {}}]}]')
