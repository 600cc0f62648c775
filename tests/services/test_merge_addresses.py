"""Address blocks and greeting lines filled from the registers, from a person's company and from rows."""

from collections.abc import Callable
from io import BytesIO

import pytest

from models.rights import Access
from models.security import FieldRight, User
from services.merge import field_status, merge_rows, read_rows, upload_template
from tests.factories import CompanyFactory, PersonFactory
from tests.services.merging import letters, lines, make
from tests.word.making import docx, p, simple

LINES = "<<_FIRST0_>><< _LAST0_>>\n<<_COMPANY_\n>><<_STREET1_\n>><<_CITY_>><< _POSTAL_>>"
BLOCK = f'ADDRESSBLOCK \\f "{LINES}" \\d \\l 1035'
GREETING = 'GREETINGLINE \\f "<<_BEFORE_ Hyvä >><<_FIRST0_>><<_AFTER_ !>>" \\e "Hyvä asiakas!"'
TEMPLATE = docx(p(simple(BLOCK)) + p(simple(GREETING)))
HELSINKI = {"street": "Katu 1", "postal_code": "00100", "city": "Helsinki"}


@pytest.fixture
def anna(make_user: Callable[..., User], access_of: Callable[..., Access]) -> Access:
    return access_of(make_user("anna", "Staff"))


def test_address_block_of_a_company(anna: Access) -> None:
    CompanyFactory(name="Alfa Oy", **HELSINKI)
    job = make(anna, upload_template(anna, "company", "Letter", TEMPLATE))
    assert letters(anna, job) == ["Alfa Oy\nKatu 1\n00100 Helsinki", "Hyvä asiakas!"]


def test_address_block_of_a_person_is_that_of_the_first_company(anna: Access) -> None:
    first, other = CompanyFactory(name="Alfa Oy", **HELSINKI), CompanyFactory(name="Beta Oy", city="Oulu")
    PersonFactory(first_name="Aino", last_name="Aalto", companies=[str(first["_id"]), str(other["_id"])])
    PersonFactory(first_name="Yrjö", last_name="Yksin", companies=[])
    job = make(anna, upload_template(anna, "person", "Letter", TEMPLATE))
    assert letters(anna, job) == [
        "Aino Aalto\nAlfa Oy\nKatu 1\n00100 Helsinki", "Hyvä Aino!", "Yrjö Yksin", "Hyvä Yrjö!",
    ]  # fmt: skip


def test_address_block_of_a_company_that_the_user_does_not_see_is_left_out(
    make_role: Callable, make_user: Callable, access_of: Callable
) -> None:
    role = make_role("P", ("person", "see", "all"), ("person", "merge", "all"), ("company", "see", "own"))
    access = access_of(make_user("pekka", role))
    secret = CompanyFactory(name="Salainen Oy", **HELSINKI)
    PersonFactory(first_name="Aino", last_name="Aalto", companies=[str(secret["_id"])])
    job = make(access, upload_template(access, "person", "Letter", TEMPLATE))
    assert letters(access, job) == ["Aino Aalto", "Hyvä Aino!"]


def test_address_block_leaves_out_hidden_fields(
    make_role: Callable, make_user: Callable, access_of: Callable
) -> None:
    right = FieldRight(register="company", column="street", access="hidden")
    role = make_role("P", ("company", "see", "all"), ("company", "merge", "all"), field_rights=[right])
    access = access_of(make_user("pekka", role))
    CompanyFactory(name="Alfa Oy", **HELSINKI)
    job = make(access, upload_template(access, "company", "Letter", TEMPLATE))
    assert letters(access, job) == ["Alfa Oy\n00100 Helsinki", "Hyvä asiakas!"]


def test_field_status_of_blocks_says_what_fills_them(anna: Access) -> None:
    found = field_status(anna, upload_template(anna, "company", "Letter", TEMPLATE))
    assert [(item.name, item.state, item.parts, item.label) for item in found] == [
        ("ADDRESSBLOCK", "known", ("body",),
         "Company: Name; Address 1: Street address; City: City; Postal Code: Postal code"),
        ("GREETINGLINE", "unknown", ("body",), ""),
    ]  # fmt: skip


@pytest.mark.parametrize(("rows", "expected"), [
    ('[{"First Name": "Aino", "Address": "Katu 1", "Zip": "00100", "city": "Oulu"}]',
     ["Aino\nKatu 1\n00100 Oulu", "Hyvä Aino!"]),
    ('[{"Yritys": "Alfa Oy", "Katuosoite": "Katu 1"}]', ["Alfa Oy\nKatu 1", "Hyvä asiakas!"]),
])  # fmt: skip
def test_merge_rows_address_block_by_the_names_of_lists(rows: str, expected: list[str]) -> None:
    out = BytesIO()
    assert merge_rows(TEMPLATE, read_rows(rows), out).unknown == ()
    assert lines(out.getvalue()) == expected


def test_merge_rows_address_block_by_a_map() -> None:
    out = BytesIO()
    rows = read_rows('[{"Kadun nimi": "Katu 1", "Firma": "Alfa"}]')
    merge_rows(TEMPLATE, rows, out, field_map={"Address 1": "Kadun nimi", "Company": "Firma"})
    assert lines(out.getvalue()) == ["Alfa\nKatu 1", "Hyvä asiakas!"]
