"""Documents of every shape that the conformance suite needs: each kind of field, each kind of key, each delete rule."""

import datetime as dt
import uuid
from functools import cache
from typing import Any

import mongoengine as me

from fab_mongo import Column, Kind, MongoInterface


class Maker(me.Document):
    """What samples refer to."""

    name = me.StringField(required=True, max_length=40)
    meta = {"collection": "conf_maker", "ordering": ["name"]}

    def __str__(self) -> str:
        return self.name


class Sample(me.Document):
    """A field of every kind."""

    string = me.StringField(max_length=60, db_field="s")
    text = me.StringField(max_length=2000)
    integer = me.IntField()
    number = me.FloatField()
    exact = me.Decimal128Field()
    boolean = me.BooleanField()
    date = me.DateField()
    datetime = me.DateTimeField()
    choice = me.StringField(choices=[("a", "First"), ("b", "Second"), (".*", "Any")])
    choices = me.ListField(me.StringField(choices=["a", "b", "c"]))
    email = me.EmailField()
    url = me.URLField()
    one = me.ReferenceField(Maker)
    many = me.ListField(me.ReferenceField(Maker))
    json = me.DictField()
    extra = me.DictField(read_only=True)
    meta = {"collection": "conf_sample"}


EXTRA_KINDS = (
    Kind.STRING, Kind.TEXT, Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN, Kind.DATE, Kind.DATETIME, Kind.CHOICE,
    Kind.CHOICES, Kind.EMAIL, Kind.URL,
)  # fmt: skip


@cache
def extra_columns() -> dict[str, Column]:
    """Columns whose values lie in `extra`, one of every kind that is no reference."""
    declared = {"choice": (("a", "First"), ("b", "Second"), (".*", "Any")), "choices": (("a", 1), ("b", 2), ("c", 3))}
    return {
        f"x_{kind}": Column(
            f"x_{kind}", f"extra.{kind}", kind, label=f"Extra {kind}", choices=declared.get(kind, ()),
            orderable=not kind.is_several,
        )
        for kind in EXTRA_KINDS
    }  # fmt: skip


class SampleInterface(MongoInterface):
    """Samples with columns inside `extra` too."""

    def columns(self) -> dict[str, Column]:
        return {**super().columns(), **extra_columns()}


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


# Keys.


class TextKey(me.Document):
    name = me.StringField(primary_key=True, max_length=40)
    meta = {"collection": "conf_text_key"}


class NumberKey(me.Document):
    number = me.IntField(primary_key=True)
    meta = {"collection": "conf_number_key"}


class UuidKey(me.Document):
    key = me.UUIDField(primary_key=True, default=uuid.uuid4)
    meta = {"collection": "conf_uuid_key"}


class CountedKey(me.Document):
    key = me.SequenceField(primary_key=True)
    name = me.StringField()
    meta = {"collection": "conf_counted_key"}


# Delete rules: what becomes of those that refer to a deleted Owner.


class Owner(me.Document):
    name = me.StringField()
    meta = {"collection": "conf_owner"}


class Denying(me.Document):
    owner = me.ReferenceField(Owner, reverse_delete_rule=me.DENY)
    meta = {"collection": "conf_denying"}


class Nullified(me.Document):
    owner = me.ReferenceField(Owner, reverse_delete_rule=me.NULLIFY)
    meta = {"collection": "conf_nullified"}


class Cascading(me.Document):
    owner = me.ReferenceField(Owner, reverse_delete_rule=me.CASCADE)
    meta = {"collection": "conf_cascading"}


class Pulled(me.Document):
    owners = me.ListField(me.ReferenceField(Owner, reverse_delete_rule=me.PULL))
    meta = {"collection": "conf_pulled"}


class Careless(me.Document):
    owner = me.ReferenceField(Owner, reverse_delete_rule=me.DO_NOTHING)
    owners = me.ListField(me.ReferenceField(Owner))
    meta = {"collection": "conf_careless"}


class Nested(me.Document):
    """Refers to what is deleted with an owner, and forbids that."""

    above = me.ReferenceField(Cascading, reverse_delete_rule=me.DENY)
    meta = {"collection": "conf_nested"}


# Uniqueness and inheritance.


class Unique(me.Document):
    code = me.StringField(unique=True, sparse=True, max_length=20)
    first = me.StringField(max_length=20)
    second = me.StringField(unique_with="first", sparse=True, max_length=20)
    meta = {"collection": "conf_unique"}


class Vehicle(me.Document):
    name = me.StringField(required=True)
    meta = {"collection": "conf_vehicle", "allow_inheritance": True, "ordering": ["name"]}


class Car(Vehicle):
    doors = me.IntField()


class Boat(Vehicle):
    length = me.FloatField()


ALL: tuple[Any, ...] = (
    Maker, Sample, TextKey, NumberKey, UuidKey, CountedKey, Owner, Denying, Nullified, Cascading, Pulled, Careless,
    Nested, Unique, Vehicle,
)  # fmt: skip
