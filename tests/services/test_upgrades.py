"""Records of an older version, brought up to date."""

from flask import Flask

from models.companies import Company
from models.rights import Access
from services.quick_search import quick_search
from services.records import create_record
from services.search import find_page
from services.settings import define_field
from services.upgrades import REPLACED, bring_up_to_date


def test_records_written_without_ranges_are_found_by_them_after_the_upgrade(app: Flask, admin_access: Access) -> None:
    define_field(admin_access, {"register": "company", "key": "staff", "kind": "number", "label": {"en": "Staff"}})
    old, new = (create_record(admin_access, "company", {"name": "A", "x_staff": number}) for number in (5, 6))
    collection = Company._get_collection()
    collection.update_one({"_id": old["_id"]}, {"$unset": {"ranges": 1}})
    collection.create_index([("custom.$**", 1)], name=REPLACED)
    asked = [{"col": "x_staff", "opr": "ge", "value": 1}]
    assert find_page(admin_access, "company", asked).count == 1
    bring_up_to_date()
    assert [row["_id"] for row in find_page(admin_access, "company", asked).rows] == [old["_id"], new["_id"]]
    assert REPLACED not in collection.index_information()
    assert collection.find_one(old["_id"]) == old


def test_records_written_without_words_are_found_by_the_search_box_after_the_upgrade(
    app: Flask, admin_access: Access
) -> None:
    old = create_record(admin_access, "company", {"name": "Järvi Oy"})
    collection = Company._get_collection()
    collection.update_one({"_id": old["_id"]}, {"$unset": {"words": 1}})
    assert quick_search(admin_access, "järvi") == []
    bring_up_to_date()
    assert [hit.raw["_id"] for hit in quick_search(admin_access, "järvi")[0].hits] == [old["_id"]]
    assert collection.find_one(old["_id"]) == old
