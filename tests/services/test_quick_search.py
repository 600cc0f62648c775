"""The search box: words in any order, accents aside, numbers in any spacing, only what the user may see."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from models.companies import Company
from models.rights import Access
from models.search_words import LONGEST, MOST_WORDS, digits_of, kept_words, words_of
from models.security import FieldRight, User
from services.quick_search import CANDIDATES, quick_search
from services.records import create_record, delete_record, update_record
from services.settings import define_field, retire_field


def names(access: Access, text: str, **options: Any) -> list[str]:
    return [hit.raw["name"] for found in quick_search(access, text, **options) for hit in found.hits]


@pytest.fixture
def company(admin_access: Access) -> dict[str, Any]:
    return create_record(admin_access, "company", {
        "name": "Järvenpään Konepaja Oy", "business_id": "0112038-9", "phone": "+358401234567",
        "email": "myynti@konepaja-jarvi.fi", "website": "https://www.hitsaus.example/palvelut", "city": "Ylöjärvi",
        "street": "Åkerlundinkatu 11"})  # fmt: skip


@pytest.mark.parametrize("text", [
    "Järvenpään", "jarven", "KONE järv", "järv kone oy", "0112038-9", "01120389", "0112038", "011 2038 9",
    "+358 40 123 4567", "040 1234567", "040-123", "358401", "myynti@konepaja", "konepaja-jarvi.fi", "hitsaus",
    "ylojarvi", "akerlundinkatu", "åkerlund 11", "  oy,  jarvenpaan  ",
])  # fmt: skip
def test_company_is_found_by(company: dict[str, Any], admin_access: Access, text: str) -> None:
    assert names(admin_access, text) == ["Järvenpään Konepaja Oy"]


@pytest.mark.parametrize("text", ["", " ", "paja", "järvi oulu", "999", "!!", "$where", ".*", "\x00", "\ud800",
                                  "x" * 5_000, "https", "www"])  # fmt: skip
def test_company_is_not_found_by(company: dict[str, Any], admin_access: Access, text: str) -> None:
    assert names(admin_access, text) == []


def test_people_and_companies_are_found_together_and_names_come_first(admin_access: Access) -> None:
    create_record(admin_access, "company", {"name": "Virtanen & Pojat Oy"})
    create_record(admin_access, "company", {"name": "Alfa Oy", "street": "Virtasenkatu 1", "city": "Virtanen"})
    create_record(admin_access, "company", {"name": "Virta Oy"})
    create_record(admin_access, "person", {"first_name": "Maija", "last_name": "Virtanen"})
    found = quick_search(admin_access, "virtanen")
    assert [one.card.key for one in found] == ["company", "person"]
    assert [(hit.raw["name"], hit.field and hit.field.column) for hit in found[0].hits] == [
        ("Virtanen & Pojat Oy", None), ("Alfa Oy", "city")]  # fmt: skip
    assert names(admin_access, "virtanen maija") == ["Maija Virtanen"]


def test_texts_of_the_organisations_own_fields_are_searched_until_they_are_retired(admin_access: Access) -> None:
    nickname, *_others = [
        define_field(admin_access, {"register": "company", "key": key, "kind": kind, "label": {"en": key}})
        for key, kind in (("nickname", "text"), ("story", "long_text"), ("rank", "number"))
    ]
    create_record(admin_access, "company", {"name": "A", "x_nickname": "Mörkö", "x_story": "Perustettu\nEspoossa",
                                            "x_rank": "777"})  # fmt: skip
    assert names(admin_access, "morko") == names(admin_access, "espoo perus") == ["A"]
    assert names(admin_access, "777") == []
    retire_field(admin_access, nickname["_id"])
    assert names(admin_access, "morko") == []


def test_what_is_changed_or_deleted_is_found_as_it_is_now(company: dict[str, Any], admin_access: Access) -> None:
    update_record(admin_access, "company", company["_id"], {"name": "Toinen Oy"})
    assert names(admin_access, "järvenpään") == []
    assert names(admin_access, "toinen") == ["Toinen Oy"]
    delete_record(admin_access, "company", company["_id"])
    assert names(admin_access, "toinen") == []


def test_limit_and_more(admin_access: Access) -> None:
    for number in range(5):
        create_record(admin_access, "company", {"name": f"Sama {number}"})
    found = quick_search(admin_access, "sama", limit=3)[0]
    assert [hit.raw["name"] for hit in found.hits] == ["Sama 0", "Sama 1", "Sama 2"]
    assert found.more
    assert not quick_search(admin_access, "sama", limit=5)[0].more


def test_rare_word_is_found_beside_a_common_one(app: Flask, admin_access: Access) -> None:
    rows = [{"name": f"Oy {number}", "sort_name": f"oy {number}", "words": ["oy", str(number)]}
            for number in range(CANDIDATES + 50)]  # fmt: skip
    Company._get_collection().insert_many(rows)
    create_record(admin_access, "company", {"name": "Harvinainen Oy"})
    assert names(admin_access, "oy harv") == ["Harvinainen Oy"]
    assert quick_search(admin_access, "oy")[0].more


def test_rights_hold(
    admin_access: Access, company: dict[str, Any], make_user: Callable[..., User], make_role: Callable[..., Any],
    access_of: Callable[[User], Access],
) -> None:  # fmt: skip
    make_role("Own", ("company", "see", "own"))
    make_role("No phone", ("company", "see", "all"),
              field_rights=[FieldRight(register="company", column="phone", access="hidden")])  # fmt: skip
    own, no_phone = access_of(make_user("own", "Own")), access_of(make_user("nophone", "No phone"))
    assert names(own, "järvenpään") == []
    assert names(no_phone, "järvenpään") == ["Järvenpään Konepaja Oy"]
    assert names(no_phone, "0401234567") == []
    create_record(admin_access, "company", {"name": "Järven Oma Oy", "owner": str(own.user_id)})
    assert names(own, "jarven") == ["Järven Oma Oy"]
    assert quick_search(Access(), "järven") == []


@given(st.text(max_size=80))
def test_words_find_themselves_by_every_beginning(text: str) -> None:
    words = kept_words(words_of(text))
    assert words == kept_words(words)
    assert all(word and len(word) <= LONGEST for word in words)
    # What is typed in capitals or without accents is the same.
    assert kept_words(words_of(text.lower())) == words
    assert list(words_of(" ".join(words))) == words


def test_long_texts_keep_their_first_words() -> None:
    assert len(kept_words(words_of(" ".join(map(str, range(1_000)))))) == MOST_WORDS


@pytest.mark.parametrize(("text", "digits"), [("040 123", "040123"), ("1234567-8", "12345678"), ("12", ""),
                                              ("a123", ""), ("\u0661\u0662\u0663", "")])  # fmt: skip
def test_digits(text: str, digits: str) -> None:
    assert digits_of(text) == digits
