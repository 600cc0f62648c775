"""Records that may be the same: told while one is typed, found in a whole register, within rights."""

from collections.abc import Callable
from typing import Any

import pytest

from models.jobs import Job
from models.rights import Access
from models.security import FieldRight
from services import duplicates
from services.duplicates import last_search, pairs_found, similar_records, start_search
from services.jobs import claim, run_job
from services.records import create_record, create_records, delete_record, update_record
from services.settings import define_field

Raw = dict[str, Any]


@pytest.fixture
def companies(admin_access: Access) -> dict[str, Raw]:
    define_field(admin_access, {"register": "company", "key": "other_phone", "kind": "phone",
                                "label": {"en": "Other phone"}})  # fmt: skip
    rows = (
        {"name": "Järvi-Kone Oy", "business_id": "0112038-9", "phone": "+358401234567", "email": "info@jarvi.example"},
        {"name": "Jarvi Kone", "phone": "+358401234567"},
        {"name": "Lampi Oy", "email": "INFO@jarvi.example", "x_other_phone": "+358405555555"},
        {"name": "Järvi Kone Ab", "business_id": "0737546-2"},
    )  # fmt: skip
    return {raw["name"]: raw for raw in create_records(admin_access, "company", rows)}


def told(access: Access, typed: Raw, **options: Any) -> list[tuple[str, int, list[str]]]:
    return [(one.raw["name"], round(one.score * 100), [field.column for field in one.reasons])
            for one in similar_records(access, "company", typed, **options)]  # fmt: skip


@pytest.mark.parametrize(("typed", "found"), [
    ({"name": "JARVIKONE"}, []),
    ({"name": "jarvi kone oyj"}, [("Jarvi Kone", 65, ["name"]), ("Järvi Kone Ab", 65, ["name"]),
                                  ("Järvi-Kone Oy", 65, ["name"])]),
    ({"business_id": "01120389"}, [("Järvi-Kone Oy", 95, ["business_id"])]),
    ({"name": "Järvi Kone", "business_id": "0112038-9"},
     [("Järvi-Kone Oy", 98, ["name", "business_id"]), ("Jarvi Kone", 65, ["name"])]),
    ({"phone": "040 123 4567"}, [("Jarvi Kone", 50, ["phone"]), ("Järvi-Kone Oy", 50, ["phone"])]),
    ({"email": "Info@Jarvi.example"}, [("Järvi-Kone Oy", 70, ["email"]), ("Lampi Oy", 70, ["email"])]),
    ({"x_other_phone": "+358 40 555 5555"}, [("Lampi Oy", 50, ["x_other_phone"])]),
    ({"name": "Oy"}, []), ({}, []), ({"city": "Oulu", "nothing": "x", "$where": "1"}, []),
    ({"name": "x" * 400, "phone": "ask Liisa", "business_id": "nonsense", "email": "a@b@c"}, []),
])  # fmt: skip
def test_who_is_like_what_is_typed(
    companies: dict[str, Raw], admin_access: Access, typed: Raw, found: list[tuple]
) -> None:
    assert told(admin_access, typed) == found


def test_the_record_that_is_changed_is_not_told_of(companies: dict[str, Raw], admin_access: Access) -> None:
    mine = companies["Järvi-Kone Oy"]["_id"]
    assert [name for name, *_rest in told(admin_access, {"name": "Järvi Kone"}, but=str(mine))] == [
        "Jarvi Kone", "Järvi Kone Ab"]  # fmt: skip


def test_only_records_and_fields_that_one_sees_are_compared(
    companies: dict[str, Raw], make_role: Callable, make_user: Callable, access_of: Callable, admin_access: Access
) -> None:
    hidden = [FieldRight(register="company", column="business_id", access="hidden")]
    make_role("Own", ("company", "see", "own"), field_rights=hidden)
    anna = access_of(make_user("anna", "Own"))
    typed = {"name": "Järvi Kone", "business_id": "0112038-9"}
    assert told(anna, typed) == []
    update_record(admin_access, "company", companies["Järvi-Kone Oy"]["_id"], {"owner": str(anna.user_id)})
    assert told(anna, typed) == [("Järvi-Kone Oy", 65, ["name"])]
    job = search(anna)
    assert job.result["pairs"] == []


def search(access: Access, register: str = "company") -> Job:
    start_search(access, register)
    raw = claim()
    assert raw is not None
    run_job(raw)
    return Job.objects.get(pk=raw["_id"])


def pairs(access: Access, register: str = "company") -> list[tuple[set[str], int, list[str]]]:
    job = last_search(access, register)
    assert job is not None
    return [({one["name"], other["name"]}, round(score * 100), sorted(columns))
            for one, other, score, columns in pairs_found(access, job)]  # fmt: skip


def test_search_finds_the_likely_pairs(companies: dict[str, Raw], admin_access: Access) -> None:
    """Järvi-Kone Oy and Järvi Kone Ab have the same name and different business IDs: they are two."""
    assert last_search(admin_access, "company") is None
    job = search(admin_access)
    assert (job.state, job.message) == ("done", "3 pairs of records may be the same.")
    assert pairs(admin_access) == [
        ({"Järvi-Kone Oy", "Jarvi Kone"}, 82, ["name", "phone"]),
        ({"Järvi-Kone Oy", "Lampi Oy"}, 70, ["email"]),
        ({"Jarvi Kone", "Järvi Kone Ab"}, 65, ["name"]),
    ]


def test_what_is_gone_since_is_shown_no_more(companies: dict[str, Raw], admin_access: Access) -> None:
    search(admin_access)
    before = len(pairs(admin_access))
    delete_record(admin_access, "company", companies["Lampi Oy"]["_id"])
    assert len(pairs(admin_access)) == before - 1


def test_a_value_that_many_share_says_nothing(admin_access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "MOST_SHARING", 2)
    create_records(admin_access, "company", [
        {"name": f"Firm {number}", "email": "info@hotel.example"} for number in range(3)
    ])  # fmt: skip
    assert search(admin_access).result["pairs"] == []


def test_people_of_the_same_name_are_not_the_same_by_that(admin_access: Access) -> None:
    for email in ("a@example.org", "b@example.org", "a@example.org"):
        create_record(admin_access, "person", {"name": "Matti Koskinen", "email": email})
    found = search(admin_access, "person").result["pairs"]
    assert [(pair["columns"], pair["score"]) for pair in found] == [(["name", "email"], 0.85)]
    typed = similar_records(admin_access, "person", {"name": "koskinen matti"})
    assert typed == []
    assert len(similar_records(admin_access, "person", {"name": "MATTI KOSKINEN"})) == 3


def test_searches_are_one_s_own(
    companies: dict[str, Raw], admin_access: Access, make_user: Callable, access_of: Callable
) -> None:
    anna, bea = (access_of(make_user(name, "Admin")) for name in ("anna", "bea"))
    search(anna)
    assert last_search(anna, "company") is not None
    assert last_search(bea, "company") is None
    assert last_search(anna, "person") is None
