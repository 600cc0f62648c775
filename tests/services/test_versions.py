"""Two people edit the same record: different fields merge, the same field is a conflict, and nothing is lost."""

import itertools
import threading
from typing import Any

import pytest
from flask import Flask

from models.changes import Change
from models.rights import Access
from services.records import VersionConflict, create_record, delete_record, get_record, update_record
from services.settings import define_field


@pytest.fixture
def company(admin_access: Access) -> dict[str, Any]:
    define_field(admin_access, {"register": "company", "key": "tags", "kind": "choices", "label": {"en": "Tags"},
                                "choices": ["A", "B", "C"]})  # fmt: skip
    return create_record(admin_access, "company", {"name": "Voima Oy", "city": "Oulu", "phone": "040 1234567",
                                                   "x_tags": ["a"]})  # fmt: skip


def form_of(raw: dict[str, Any], **typed: Any) -> dict[str, Any]:
    """What a form sends: everything as it was shown, but for what was typed."""
    return {"name": raw["name"], "city": raw.get("city", ""), "phone": raw.get("phone", ""), "email": "",
            "x_tags": raw["custom"].get("tags", [])} | typed  # fmt: skip


def test_changes_of_different_fields_merge(admin_access: Access, company: dict[str, Any]) -> None:
    key = company["_id"]
    update_record(admin_access, "company", key, form_of(company, city="Turku", x_tags=["a", "b"]), version=1)
    saved = update_record(admin_access, "company", key, form_of(company, email="a@voima.fi"), version=1)
    assert (saved["city"], saved["email"], saved["custom"]["tags"]) == ("Turku", "a@voima.fi", ["a", "b"])
    assert saved["version"] == 3
    assert Change.objects.get(record=key, version=3).changes == {"email": [None, "a@voima.fi"]}


def test_same_field_is_a_conflict_that_tells_which(admin_access: Access, company: dict[str, Any]) -> None:
    key = company["_id"]
    update_record(admin_access, "company", key, form_of(company, city="Turku", name="Voima Ab"), version=1)
    with pytest.raises(VersionConflict) as caught:
        update_record(admin_access, "company", key, form_of(company, city="Lahti", email="a@voima.fi"), version=1)
    assert caught.value.clashes == ["city"]
    assert (caught.value.current["city"], caught.value.seen["city"]) == ("Turku", "Oulu")
    assert get_record(admin_access, "company", key)["city"] == "Turku"


def test_same_value_by_both_is_no_conflict(admin_access: Access, company: dict[str, Any]) -> None:
    key = company["_id"]
    for _who in range(2):
        saved = update_record(admin_access, "company", key, form_of(company, city="Turku", phone=""), version=1)
    assert (saved["city"], saved["version"]) == ("Turku", 2)
    assert "phone" not in saved


def test_conflict_with_clearing(admin_access: Access, company: dict[str, Any]) -> None:
    key = company["_id"]
    update_record(admin_access, "company", key, form_of(company, city=""), version=1)
    with pytest.raises(VersionConflict):
        update_record(admin_access, "company", key, form_of(company, city="Lahti"), version=1)
    # Whoever left it alone does not bring it back.
    saved = update_record(admin_access, "company", key, form_of(company, email="a@voima.fi"), version=1)
    assert "city" not in saved


@pytest.mark.parametrize("version", [-1, 0, 99])
def test_version_that_never_was_is_a_conflict(admin_access: Access, company: dict[str, Any], version: int) -> None:
    with pytest.raises(VersionConflict) as caught:
        update_record(admin_access, "company", company["_id"], {"city": "Lahti"}, version=version)
    assert caught.value.seen is None


def test_strict_takes_the_version_seen_and_no_other(admin_access: Access, company: dict[str, Any]) -> None:
    key = company["_id"]
    update_record(admin_access, "company", key, {"city": "Turku"}, version=1, strict=True)
    with pytest.raises(VersionConflict):
        update_record(admin_access, "company", key, {"email": "a@voima.fi"}, version=1, strict=True)
    with pytest.raises(VersionConflict):
        delete_record(admin_access, "company", key, version=1)
    delete_record(admin_access, "company", key, version=2)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_three_saves_of_what_was_seen_first_lose_nothing_in_any_order(
    admin_access: Access, company: dict[str, Any], order: tuple[int, ...]
) -> None:
    typed = [{"city": "Turku"}, {"email": "a@voima.fi"}, {"phone": "", "x_tags": ["c"]}]
    for number in order:
        update_record(admin_access, "company", company["_id"], form_of(company, **typed[number]), version=1)
    saved = get_record(admin_access, "company", company["_id"])
    assert (saved["city"], saved["email"], saved["custom"]["tags"]) == ("Turku", "a@voima.fi", ["c"])
    assert "phone" not in saved


def test_saves_at_the_same_moment_all_get_through(app: Flask, admin_access: Access, company: dict[str, Any]) -> None:
    typed = [{"city": "Turku"}, {"email": "a@voima.fi"}, {"phone": ""}, {"name": "Voima Ab"}]
    failures: list[BaseException] = []

    def save(values: dict[str, Any]) -> None:
        try:
            with app.app_context():
                update_record(admin_access, "company", company["_id"], form_of(company, **values), version=1)
        except BaseException as error:  # noqa: BLE001 - told by the test
            failures.append(error)

    threads = [threading.Thread(target=save, args=(values,)) for values in typed]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    saved = get_record(admin_access, "company", company["_id"])
    assert (saved["city"], saved["email"], saved["name"], saved["version"]) == ("Turku", "a@voima.fi", "Voima Ab", 5)
    assert "phone" not in saved
