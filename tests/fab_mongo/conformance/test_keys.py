"""Primary keys: bad ids of every shape, keys of every type, documents of one class among those of its parent."""

import re
import uuid
from typing import Any

import pytest
from bson import DBRef, ObjectId

from fab_mongo import MongoInterface
from tests.fab_mongo.conformance.documents import (
    Boat,
    Car,
    CountedKey,
    Maker,
    NumberKey,
    Sample,
    SampleInterface,
    TextKey,
    UuidKey,
    Vehicle,
)
from tests.fab_mongo.conformance.registry import covers, real_only

pytestmark = pytest.mark.usefixtures("database")

BAD_IDS: tuple[Any, ...] = (
    None, "", " ", "1", 0, 1, -1, 2**63, 10**40, 1.5, float("nan"), True, b"\x00" * 12, b"x" * 13, "0" * 24, "g" * 24,
    "a" * 23, "a" * 25, ObjectId("0" * 24), "$where", "$ne", {"$ne": None}, {"$gt": ""}, {}, [], ["x"], [None],
    [ObjectId()], (), ("a", "b"), {"a"}, object(), "\x00", "a" * 24 + "\x00", "\ud800", "x" * 100_000, "../../etc",
    "' or 1=1", "ä" * 24, uuid.UUID(int=0), DBRef("x", 1), Maker, lambda: 1,
)  # fmt: skip
KEYED = (Sample, TextKey, NumberKey, UuidKey, CountedKey)


def named(value: Any) -> str:
    # The same in every process: addresses and new ids are not.
    text = re.sub(r"0x[0-9a-f]+|[0-9a-f]{24}", "…", repr(value))
    return text[:24].encode("ascii", "backslashreplace").decode()


@covers("BaseInterface.get")
@pytest.mark.parametrize("document_class", KEYED, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("pk", BAD_IDS, ids=named)
def test_get_of_an_id_that_is_none_returns_none(document_class: Any, pk: Any) -> None:
    assert MongoInterface(document_class).get(pk) is None
    assert MongoInterface(document_class).get_many([pk, pk]) == []


@covers("BaseInterface.get_related_obj")
@pytest.mark.parametrize("pk", BAD_IDS, ids=named)
def test_related_object_of_an_id_that_is_none_is_none(pk: Any) -> None:
    assert SampleInterface(Sample).get_related_obj("one", pk) is None


@covers("BaseInterface.get", "BaseInterface.get_pk_value", "BaseInterface.get_keys", "BaseInterface.get_pk_name")
@pytest.mark.parametrize(
    "made",
    [
        lambda: Sample(string="x"),
        lambda: TextKey(name="a name / with signs? ä€"),
        lambda: TextKey(name="$where"),
        lambda: NumberKey(number=-5),
        lambda: NumberKey(number=2**63 - 1),
        lambda: CountedKey(name="x"),
    ],
    ids=["ObjectId", "text", "dollar", "negative", "largest", "counted"],
)
def test_get_finds_by_key_and_by_its_text(made: Any) -> None:
    check_found_by_key(made().save())


@real_only("mongomock cannot store a UUID in the standard representation")
def test_get_finds_by_uuid_and_by_its_text() -> None:
    check_found_by_key(UuidKey().save())


def check_found_by_key(item: Any) -> None:
    interface = MongoInterface(type(item))
    text = interface.get_pk_value(item)
    assert isinstance(text, str)
    assert interface.get_keys([item]) == [text]
    assert interface.get(item.pk) == item
    assert interface.get(text) == item
    assert interface.get_many([text, item.pk]) == [item]
    assert getattr(item, interface.get_pk_name()) == item.pk


@covers("BaseInterface.is_pk", "BaseInterface.is_pk_composite")
def test_key_is_known_and_never_of_several_columns() -> None:
    assert MongoInterface(TextKey).is_pk("name")
    assert MongoInterface(Sample).is_pk("id")
    assert not MongoInterface(Sample).is_pk("string")
    assert not any(MongoInterface(document_class).is_pk_composite() for document_class in KEYED)


@covers("BaseInterface.get", "BaseInterface.query")
def test_documents_of_a_subclass_are_found_by_it_and_its_parent_only() -> None:
    car, boat = Car(name="car", doors=4).save(), Boat(name="boat", length=7.5).save()
    assert MongoInterface(Vehicle).query()[1] == [boat, car]
    assert MongoInterface(Car).query() == (1, [car])
    assert MongoInterface(Vehicle).get(car.pk) == car
    assert MongoInterface(Boat).get(car.pk) is None
    assert MongoInterface(Boat).get_many([car.pk, boat.pk]) == [boat]
    assert "_cls" not in MongoInterface(Car).get_columns_list()


@covers("BaseInterface.get")
def test_get_applies_filters_whatever_the_key() -> None:
    interface = SampleInterface(Sample)
    item = Sample(integer=5).save()
    filters = interface.get_filters(["integer"])
    assert interface.get(item.pk, filters.add_filter("integer", interface.FilterEqual, 5)) == item
    assert interface.get(item.pk, filters.add_filter("integer", interface.FilterEqual, 6)) is None
    assert interface.get(item.pk, interface.get_filters().nothing()) is None
