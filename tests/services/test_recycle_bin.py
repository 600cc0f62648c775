"""The recycle bin: restoring one, several and very many, rights, the end after a time."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask

from models.changes import Change, DeletedRecord
from models.companies import Company
from models.fields.errors import ValidationFailed
from models.organisation import BIN_DAYS, organisation
from models.rights import Access, NotAllowed
from models.security import User
from services.jobs import get_job, wake_due
from services.quick_search import quick_search
from services.records import RecordNotFound, create_record, delete_record, get_record, update_record
from services.recycle_bin import (
    AT_ONCE,
    empty_old,
    get_deleted,
    list_deleted,
    may_restore,
    restore_batch,
    restore_records,
    set_bin_days,
)
from services.removal import delete_selected
from services.search import Selection, find_page
from services.settings import define_field, retire_field
from tests.services.faults import failed_at_each_write


def entries(record_id: ObjectId) -> list[tuple[str, int]]:
    found = Change._get_collection().find({"record": record_id}).sort("version")
    return [(raw["action"], raw["version"]) for raw in found]


def test_restored_record_is_as_it_was_with_its_links_and_its_history_goes_on(admin_access: Access) -> None:
    company = create_record(admin_access, "company", {"name": "Alfa Oy", "city": "Oulu"})
    person = create_record(admin_access, "person", {"name": "Maija", "companies": [str(company["_id"])]})
    before = Company._get_collection().find_one(company["_id"])
    delete_record(admin_access, "company", company["_id"])
    restored = restore_records(admin_access, [str(company["_id"])])
    after = get_record(admin_access, "company", company["_id"])
    assert [register for register, _raw in restored.records] == ["company"]
    moving = {"version", "changed_at"}
    assert {k: v for k, v in after.items() if k not in moving} == {k: v for k, v in before.items() if k not in moving}
    assert entries(company["_id"]) == [("create", 1), ("delete", 2), ("restore", 3)]
    assert after["version"] == 3
    linked = find_page(admin_access, "person", [{"col": "companies", "opr": "eq", "value": str(company["_id"])}])
    assert [raw["_id"] for raw in linked.rows] == [person["_id"]]
    assert DeletedRecord._get_collection().count_documents({}) == 0
    assert quick_search(admin_access, "alfa")
    assert update_record(admin_access, "company", company["_id"], {"city": "Turku"}, version=3)["version"] == 4


def test_restoring_twice_says_that_it_is_gone(admin_access: Access) -> None:
    company = create_record(admin_access, "company", {"name": "Alfa Oy"})
    delete_record(admin_access, "company", company["_id"])
    restore_records(admin_access, [company["_id"]])
    for ids in ([company["_id"]], ["abc"], [ObjectId()], ["$where"]):
        with pytest.raises(RecordNotFound):
            restore_records(admin_access, ids)
    with pytest.raises(RecordNotFound):
        restore_batch(admin_access, "no such batch")
    with pytest.raises(ValidationFailed):
        restore_records(admin_access, [ObjectId() for _ in range(AT_ONCE + 1)])


def test_all_or_none_are_restored(admin_access: Access) -> None:
    company = create_record(admin_access, "company", {"name": "Alfa Oy"})
    delete_record(admin_access, "company", company["_id"])
    with pytest.raises(RecordNotFound):
        restore_records(admin_access, [company["_id"], ObjectId()])
    assert get_deleted(admin_access, company["_id"])["name"] == "Alfa Oy"
    assert Company.objects.count() == 0


def test_few_deleted_at_once_are_restored_at_once(admin_access: Access) -> None:
    made = [create_record(admin_access, "company", {"name": f"C{n}"}) for n in range(3)]
    chosen = Selection(ids=tuple(str(raw["_id"]) for raw in made[:2]))
    outcome = delete_selected(admin_access, "company", chosen)
    restored = restore_batch(admin_access, outcome.batch)
    assert sorted(raw["name"] for _register, raw in restored.records) == ["C0", "C1"]
    assert Company.objects.count() == 3


def test_many_are_restored_by_a_job(app: Flask, admin_access: Access) -> None:
    Company._get_collection().insert_many(
        [{"name": f"C{n}", "sort_name": f"c{n}", "version": 1, "facets": [], "ranges": {}, "words": [], "custom": {}}
         for n in range(AT_ONCE + 20)]
    )  # fmt: skip
    outcome = delete_selected(admin_access, "company", Selection(all_matching=True))
    assert outcome.job_id
    wake_due()
    assert Company.objects.count() == 0
    restored = restore_batch(admin_access, outcome.batch)
    assert restored.job_id
    wake_due()
    assert get_job(admin_access, restored.job_id)["result"] == {"restored": AT_ONCE + 20}
    assert Company.objects.count() == AT_ONCE + 20
    assert DeletedRecord._get_collection().count_documents({}) == 0


def test_fields_of_today_decide_what_is_derived(admin_access: Access) -> None:
    field = define_field(admin_access, {"register": "company", "key": "staff", "kind": "number", "label": {"en": "S"}})
    company = create_record(admin_access, "company", {"name": "Alfa Oy", "x_staff": 5})
    delete_record(admin_access, "company", company["_id"])
    retire_field(admin_access, field["_id"])
    restore_records(admin_access, [company["_id"]])
    raw = get_record(admin_access, "company", company["_id"])
    assert raw["custom"] == {"staff": 5}


def test_only_what_one_might_have_deleted_is_seen_and_restored(
    admin_access: Access, make_role: Callable[..., Any], make_user: Callable[..., User],
    access_of: Callable[[User], Access],
) -> None:  # fmt: skip
    make_role("Seller", ("company", "see", "all"), ("company", "delete", "own"))
    make_role("Looker", ("company", "see", "all"))
    make_role("Blind", ("company", "see", "own"), ("company", "delete", "all"), ("person", "delete", "all"))
    seller, looker, blind = (access_of(make_user(role.lower(), role)) for role in ("Seller", "Looker", "Blind"))
    own = create_record(admin_access, "company", {"name": "Own", "owner": str(seller.user_id)})
    other = create_record(admin_access, "company", {"name": "Other"})
    person = create_record(admin_access, "person", {"name": "Maija"})
    for register, raw in (("company", own), ("company", other), ("person", person)):
        delete_record(admin_access, register, raw["_id"])
    assert [row["name"] for row in list_deleted(seller)[0]] == ["Own"]
    assert list_deleted(looker) == ([], False)
    # Whoever may delete without seeing does not see it in the bin either.
    assert list_deleted(blind) == ([], False)
    assert (may_restore(seller), may_restore(looker)) == (True, False)
    for raw in (other, person):
        with pytest.raises(RecordNotFound):
            restore_records(seller, [raw["_id"]])
    restore_records(seller, [own["_id"]])
    assert [row["name"] for row in list_deleted(admin_access)[0]] == ["Maija", "Other"]
    assert [row["name"] for row in list_deleted(admin_access, register="person")[0]] == ["Maija"]


def test_old_ones_go_for_good_with_their_history(admin_access: Access) -> None:
    old, young = (create_record(admin_access, "company", {"name": name}) for name in ("Old", "Young"))
    for raw in (old, young):
        delete_record(admin_access, "company", raw["_id"])
    long_ago = dt.datetime.now(dt.UTC) - dt.timedelta(days=BIN_DAYS + 1)
    DeletedRecord._get_collection().update_one({"_id": old["_id"]}, {"$set": {"deleted_at": long_ago}})
    assert empty_old() == 1
    assert [row["name"] for row in list_deleted(admin_access)[0]] == ["Young"]
    assert entries(old["_id"]) == [("purge", 3)]
    assert Change._get_collection().find_one({"record": old["_id"]})["changes"] == {}
    assert entries(young["_id"]) == [("create", 1), ("delete", 2)]
    assert empty_old() == 0


def test_administrators_say_how_long(admin_access: Access) -> None:
    assert organisation().bin_days == BIN_DAYS
    set_bin_days(admin_access, " 7 ")
    assert organisation().bin_days == 7
    for wrong in ("0", "-1", "abc", "", "99999999999999999999", "٣", None):
        with pytest.raises(ValidationFailed):
            set_bin_days(admin_access, wrong)
    with pytest.raises(NotAllowed):
        set_bin_days(Access(), 5)


def test_fault_at_each_write_of_restoring_leaves_the_bin_as_it_was(
    admin_access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [create_record(admin_access, "company", {"name": name}) for name in ("Alfa", "Beta", "Gamma")]
    create_record(admin_access, "person", {"name": "Maija", "companies": [str(made[0]["_id"])]})
    for raw in made:
        delete_record(admin_access, "company", raw["_id"])
    ids = [raw["_id"] for raw in made]
    assert failed_at_each_write(monkeypatch, lambda: restore_records(admin_access, ids)) == 9
    assert sorted(raw["name"] for raw in find_page(admin_access, "company", []).rows) == ["Alfa", "Beta", "Gamma"]


def test_fault_at_each_write_of_restoring_a_batch_leaves_the_bin_as_it_was(
    admin_access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Alfa", "Beta"):
        create_record(admin_access, "company", {"name": name})
    delete_selected(admin_access, "company", Selection(all_matching=True))
    raw = DeletedRecord._get_collection().find_one({})
    assert raw is not None
    assert failed_at_each_write(monkeypatch, lambda: restore_batch(admin_access, raw["batch"])) == 6
    assert Company.objects.count() == 2
