"""vCards: what is read of files of every version, what would be made of them, and that they are added as a whole."""

from collections.abc import Callable
from typing import Any

import pytest
from bson import ObjectId

from models.changes import Change
from models.companies import Company
from models.people import Person
from models.rights import Access, NotAllowed
from models.security import FieldRight, User
from services.settings import define_field
from services.vcard_people import add_cards, drafts_of
from services.vcards import MOST_BYTES, MOST_CARDS, BadCards, Card, from_text, read_cards, to_text
from tests.factories import CompanyFactory, PersonFactory
from tests.services import faults

OLD = """BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=A4kel=C3=A4;Aino
FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Aino M=C3=A4k=
el=C3=A4
ORG:Testi Oy;Sales
TITLE:Buyer
TEL;CELL;VOICE:040 123 4567
TEL;WORK:03 1234567
EMAIL;INTERNET:aino@example.com
PHOTO;ENCODING=BASE64;TYPE=JPEG:/9j/4AAQSkZJRgABAQ
 AAAQABAAD
END:VCARD
"""
LATIN = "BEGIN:VCARD\nVERSION:2.1\nN;ENCODING=quoted-printable:L=F6nn;P=E4ivi\nEND:VCARD\n"
NEW = """begin:vcard
VERSION:3.0
N:Laine;Ville;;;
FN:Ville Laine
item1.EMAIL;type=INTERNET:ville@example.com
EMAIL:second@example.com
NOTE:Met at the fair\\nLikes tea
 \\, and more
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Kaija Koo
TEL;VALUE=uri;TYPE="voice,work":tel:+358-40-765-4321
END:VCARD
"""


def one(text: str | bytes) -> Card:
    cards, damaged = read_cards([text if isinstance(text, bytes) else text.encode()])
    assert (len(cards), damaged) == (1, 0)
    return cards[0]


def test_cards_of_every_version_are_read(app: Any) -> None:
    (old, ville, kaija), damaged = read_cards([OLD.encode(), NEW.replace("\n", "\r\n").encode()])
    assert damaged == 0
    assert old == Card("Aino", "Mäkelä", "Aino Mäkelä", "Buyer", "Testi Oy", "040 123 4567", "aino@example.com",
                       others=("03 1234567",))  # fmt: skip
    assert (ville.note, ville.email, ville.others) == (
        "Met at the fair\nLikes tea, and more", "ville@example.com", ("second@example.com",))  # fmt: skip
    assert (kaija.called, kaija.phone) == ("Kaija Koo", "+358-40-765-4321")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_charset_of_a_file_is_found_out(app: Any, encoding: str) -> None:
    assert one("BEGIN:VCARD\nVERSION:3.0\nFN:Päivi Lönn\nEND:VCARD\n".encode(encoding)).name == "Päivi Lönn"


def test_quoted_text_without_a_charset_or_with_an_unknown_one_is_guessed(app: Any) -> None:
    assert (one(LATIN).first_name, one(LATIN).last_name) == ("Päivi", "Lönn")
    assert one(LATIN.replace("N;", "N;CHARSET=x-nothing;")).last_name == "Lönn"


@pytest.mark.parametrize("data", [
    b"", b"BEGIN:VCARD", b"\x00\xff\xfe" * 100, b"BEGIN:VCARD\nEND:VCARD\n" * (MOST_CARDS + 1), b"x" * (MOST_BYTES + 1),
    b"BEGIN:VCALENDAR\nEND:VCALENDAR\n", b"\xff\xfe" + b"\x00\xd8" * 9,
])  # fmt: skip
def test_what_is_no_vcard_or_too_much_is_refused(app: Any, data: bytes) -> None:
    with pytest.raises(BadCards):
        read_cards([data])


@pytest.mark.parametrize("line", [
    "N:;;;;", "N", ":", "N;:x", "N;ENCODING=B:%%%", "FN;ENCODING=QUOTED-PRINTABLE:=ZZ=", "ORG:", "X" * 100_000,
    "BEGIN:VCARD", "BEGIN:VEVENT", "TEL;TYPE=\"a:b", "FN;CHARSET=\x00:x", "N;ENCODING=QUOTED-PRINTABLE;ENCODING=B:x",
    "REV:nothing", "ADR:a", "item1.N:a;b", "VERSION:9",
])  # fmt: skip
def test_a_hostile_line_costs_its_card_at_most(app: Any, line: str) -> None:
    cards, damaged = read_cards([f"BEGIN:VCARD\n{line}\nEND:VCARD\n{NEW}".encode()])
    assert {"Ville Laine", "Kaija Koo"} - {card.called for card in cards} <= {"Ville Laine"}
    assert len(cards) + damaged in (2, 3, 4)


@pytest.mark.parametrize("text", ["", "{}", "[]", "3", "[3]", '[{"name": 3}]', '[{"others": 3}]', '"abc"', "[" * 9_999,
                                  '[{"name": "' + "x" * 10_001 + '"}]'])  # fmt: skip
def test_what_a_page_did_not_send_is_refused(app: Any, text: str) -> None:
    with pytest.raises(BadCards):
        from_text(text)


def test_cards_come_back_from_the_page_as_they_went(app: Any) -> None:
    cards = read_cards([OLD.encode(), NEW.encode()])[0]
    assert from_text(to_text(cards)) == cards


def test_companies_are_found_or_offered_and_odd_values_named(admin_access: Access) -> None:
    company = CompanyFactory.create(name="Testi Oy")
    for _time in range(2):
        CompanyFactory.create(name="Two Oy")
    cards = [Card(name="A", company="testi  oy", phone="abc", others=("03 1",)), Card(name="B", company="New Oy"),
             Card(name="C", company="Two Oy"), Card(phone="040 1234567"), Card(name="D", title="x" * 101)]  # fmt: skip
    a, b, c, nameless, d = drafts_of(admin_access, cards)
    assert a.values["companies"] == [str(company["_id"])]
    assert any("abc" in text for text in a.odd)
    assert "Left out: 03 1" in a.odd
    assert (b.new_company, b.odd) == ("New Oy", [])
    assert ("companies" in c.values, len(c.odd)) == (False, 1)
    assert not nameless.possible
    assert ("title" in d.values, len(d.odd)) == (False, 1)


def test_a_note_goes_to_a_field_that_is_called_so(admin_access: Access) -> None:
    assert "Left out: Tea, please" in drafts_of(admin_access, [Card(name="A", note="Tea,\nplease")])[0].odd
    define_field(admin_access, {"register": "person", "key": "note", "kind": "long_text", "label": "Note"})
    add_cards(admin_access, [Card(name="A", note="Tea,\nplease")], {0}, make_companies=False)
    assert Person._get_collection().find_one()["custom"]["note"] == "Tea,\nplease"


def test_who_is_there_already_is_marked_as_far_as_the_user_sees_them(
    admin_access: Access, make_user: Callable[..., User], make_role: Callable[..., Any],
    access_of: Callable[[User], Access],
) -> None:  # fmt: skip
    by_email = PersonFactory.create(email="aino@example.com")
    by_phone = PersonFactory.create(first_name="Ville", last_name="Laine", phone="040 1234567")
    cards = [Card(name="X", email="Aino@Example.com"), Card(name="ville laine", phone="+358401234567"),
             Card(name="Ville Laine", phone="040 7654321"), Card(name="New", email="new@example.com"),
             Card(name="Again", email="new@example.com")]  # fmt: skip
    assert [draft.double and draft.double[0] for draft in drafts_of(admin_access, cards)] == [
        by_email["_id"], by_phone["_id"], None, None, None]  # fmt: skip
    assert drafts_of(admin_access, cards)[-1].double == (None, "New")
    own = access_of(make_user("own", make_role("Own", ("person", "see", "own"), ("person", "add", "own"))))
    assert [draft.double for draft in drafts_of(own, cards)[:3]] == [None, None, None]
    hidden = [FieldRight(register="person", column="email", access="hidden")]
    blind = access_of(make_user("blind", make_role("Blind", ("person", "see", "all"), ("person", "add", "all"),
                                                   field_rights=hidden)))  # fmt: skip
    first, second = drafts_of(blind, cards)[:2]
    assert (first.double, first.odd, second.double) == (
        None, ["Left out: Aino@Example.com"], (by_phone["_id"], "Ville Laine"))  # fmt: skip
    with pytest.raises(NotAllowed):
        drafts_of(access_of(make_user("none")), cards)


def test_those_taken_are_added_with_their_companies_as_one_batch(admin_access: Access) -> None:
    cards = [*read_cards([OLD.encode(), NEW.encode()])[0], Card(name="Same firm", company="TESTI OY", phone="odd one")]
    added = add_cards(admin_access, cards, {0, 1, 3, 99}, make_companies=True)
    assert [raw["name"] for raw in added.people] == ["Aino Mäkelä", "Ville Laine", "Same firm"]
    (company,) = added.companies
    assert [raw.get("companies") for raw in added.people] == [[company["_id"]], None, [company["_id"]]]
    assert [raw.get("phone") for raw in added.people] == ["+358401234567", None, "odd one"]
    entries = list(Change._get_collection().find({"action": "create", "register": {"$in": ["person", "company"]}}))
    assert {(raw["source"], raw["batch"]) for raw in entries} == {("import", added.batch)}
    assert len(entries) == 4


def test_without_the_tick_no_company_is_made(admin_access: Access) -> None:
    add_cards(admin_access, [Card(name="A", company="New Oy")], {0}, make_companies=False)
    assert (Company.objects.count(), Person.objects.count()) == (0, 1)


def test_cards_are_added_all_or_none(admin_access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    cards = [Card(name="A", company="New Oy"), Card(name="B", company="New Oy")]
    assert faults.failed_at_each_write(
        monkeypatch, lambda: add_cards(admin_access, cards, {0, 1}, make_companies=True)) >= 4  # fmt: skip
    assert (Company.objects.count(), Person.objects.count()) == (1, 2)
    assert isinstance(Person.objects.first().companies[0], ObjectId)


@pytest.mark.parametrize("line", ["TEL;TYPE=" + "a," * 10_000, "N;" + "a=b;" * 10_000 + ":x", "BEGIN:A\n" * 5_000])
def test_a_line_made_to_take_long_is_not_looked_at(app: Any, line: str) -> None:
    assert one(f"BEGIN:VCARD\nFN:Kaija\n{line}\nEND:VCARD\n") == Card(name="Kaija")
