"""Opportunities with a random past, and their state on any day replayed in plain Python over raw change entries."""

import datetime as dt
import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from bson import ObjectId

from models.changes import Change
from models.rights import Access, system_access
from services.records import create_record, delete_record, update_record
from services.recycle_bin import restore_records
from services.settings import define_field, restore_field, retire_field

Raw = dict[str, Any]
FIRST = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
STAGES = ("qualification", "needs", "offer", "negotiation")


class Clock:
    """What the services take for now."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.moment = FIRST
        for module in ("records", "recycle_bin", "settings"):
            monkeypatch.setattr(f"services.{module}.now", lambda: self.moment)

    def to(self, moment: dt.datetime) -> None:
        self.moment = moment


class Histories:
    """Records that are added, changed, won, lost, taken up again, deleted and restored as chance has it."""

    def __init__(self, clock: Clock, owners: list[ObjectId], seed: int) -> None:
        self.clock, self.owners, self.chance = clock, owners, random.Random(seed)
        self.access: Access = system_access("en", "Europe/Helsinki")
        kinds = {"sector": "choice", "score": "number", "tags": "choices", "met": "datetime", "note": "text",
                 "gone": "choice"}  # fmt: skip
        self.fields = {key: define_field(self.access, {
            "register": "opportunity", "key": key, "kind": kind, "label": {"en": key},
            **({"choices": [{"key": one, "label": {"en": one}} for one in "abc"]} if "choice" in kind else {})})
            for key, kind in kinds.items()}  # fmt: skip
        self.here: list[ObjectId] = []
        self.deleted: list[ObjectId] = []

    def run(self, events: int, days: int) -> None:
        """So many events within so many days; some within one quarter of an hour, some at midnight."""
        moments = sorted(self.moment(days) for _number in range(events))
        for number, moment in enumerate(moments):
            self.clock.to(moment)
            if number == events // 2:
                retire_field(self.access, self.fields["gone"]["_id"])
            elif number == events * 3 // 4:
                restore_field(self.access, self.fields["gone"]["_id"])
            self.event(retired=events // 2 <= number < events * 3 // 4)

    def moment(self, days: int) -> dt.datetime:
        moment = FIRST + dt.timedelta(seconds=self.chance.randrange(days * 86_400))
        if self.chance.random() < 0.1:
            return moment.replace(hour=21, minute=0, second=0)
        return moment.replace(minute=5) if self.chance.random() < 0.2 else moment

    def event(self, *, retired: bool) -> None:
        kind = self.chance.random()
        if kind < 0.25 or not self.here:
            raw = create_record(self.access, "opportunity", {"name": "A", **self.values(retired)})
            self.here.append(raw["_id"])
        elif kind < 0.32:
            gone = self.here.pop(self.chance.randrange(len(self.here)))
            delete_record(self.access, "opportunity", gone)
            self.deleted.append(gone)
        elif kind < 0.38 and self.deleted:
            back = self.deleted.pop(self.chance.randrange(len(self.deleted)))
            restore_records(self.access, [back])
            self.here.append(back)
        else:
            update_record(self.access, "opportunity", self.chance.choice(self.here), self.values(retired))

    def values(self, retired: bool) -> Raw:
        """Some values as they are typed."""
        chance = self.chance
        typed: Raw = {
            "name": chance.choice(["Nosturi", "Äänivalli", "Silta 2"]), "owner": str(chance.choice(self.owners)),
            "stage": chance.choice(STAGES), "probability": chance.choice([5, 33.3, 90]),
            "value": f"{chance.choice(['0.05', '1234.56', '999.99', '100000'])} {chance.choice(['EUR', 'SEK', 'NOK'])}",
            "closes_on": str(dt.date(2026, chance.randint(3, 12), chance.randint(1, 28))),
            "next_step": chance.choice(["Soita", "Käy siellä", ""]), "x_sector": chance.choice("abc"),
            "x_score": chance.choice([1, 2.5, ""]), "x_tags": chance.sample("abc", chance.randint(0, 3)),
            "x_met": f"2026-0{chance.randint(1, 9)}-15T2{chance.randint(0, 3)}:30Z", "x_note": chance.choice("xyz"),
            **({} if retired else {"x_gone": chance.choice("abc")}),
        }  # fmt: skip
        given = {column: value for column, value in typed.items() if chance.random() < 0.35}
        state = chance.choice(["open", "open", "won", "lost", None, None])
        return {**given, **({"state": state, "reason": "price" if state == "lost" else ""} if state else {})}


def replayed(moment: dt.datetime) -> dict[ObjectId, Raw]:
    """id -> {column: value} of each record that was there just before the moment."""
    found: dict[ObjectId, Raw] = {}
    entries = Change._get_collection().find({"register": "opportunity", "at": {"$lt": moment}})
    for entry in entries.sort([("record", 1), ("version", 1)]):
        values = found.setdefault(entry["record"], {})
        values.update({column: after for column, (_before, after) in entry["changes"].items()})
        if entry["action"] == "delete":
            del found[entry["record"]]
    return {key: {column: value for column, value in values.items() if value is not None}
            for key, values in found.items()}  # fmt: skip


def amounts(records: Iterator[Raw] | list[Raw], rates: dict[str, Decimal], percent: bool = False) -> Decimal:
    """The sum of the values in the organisation's currency to the cent, weighted with `percent`."""
    total = Decimal(0)
    for values in records:
        value = values.get("value")
        if value and value["currency"] in rates:
            amount = value["amount"].to_decimal() * rates[value["currency"]]
            total += amount * Decimal(repr(values["probability"])) / 100 if percent else amount
    return total.quantize(Decimal("0.01"), "ROUND_HALF_UP")
