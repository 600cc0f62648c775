"""Writing the demo organisation through the services, so that rights, change entries and facets are as in life."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from typing import Any

from bson import ObjectId
from flask_babel import gettext as _

from models.changes import Source
from models.fields.schema import Schema, schema_of
from models.organisation import organisation
from models.products import Product
from models.registers import all_registers
from models.rights import Access
from models.transactions import in_transaction
from services.demo.activities import ZONE, activity
from services.demo.companies import company
from services.demo.drawing import Ref
from services.demo.fields import ensure_fields
from services.demo.letters import ensure_templates
from services.demo.marketing import write_marketing
from services.demo.opportunities import opportunity
from services.demo.people import person
from services.demo.products import items
from services.demo.staff import Employee, ensure_teams, ensure_users
from services.demo.telling import Telling
from services.organisation import set_for_all
from services.records import Origin, create_records, finished, insert, now, prepare_new

Raw = dict[str, Any]
#: One transaction holds so many records; the first ones fewer, for parent companies come before their daughters.
BATCH, FIRST_BATCH = 500, 20
#: Stories have several versions each.
STORIES = 100
SEED = 2026
NAME = "Pohjolan Esimerkki Oy"
ORIGIN = Origin(Source.SHELL)
Made = Callable[[int], None]


class RecordsExist(Exception):
    """There are records already; the demo organisation goes among them only when that is asked for."""

    def __str__(self) -> str:
        return _("There are records already. Give --add to put the demo organisation among them.")


@dataclass(frozen=True)
class Loaded:
    """What came of it: how many records of each register, and the users who are new."""

    companies: int
    people: int
    activities: int
    opportunities: int
    fields: int
    templates: int
    users: Sequence[Employee]


def load_organisation(
    access: Access, *, companies: int, people: int, password: str, activities: int = 0, opportunities: int = 0,
    seed: int = SEED, add: bool = False, today: dt.date | None = None, progress: Made = lambda count: None,
) -> Loaded:  # fmt: skip
    """Add the demo organisation: fields, teams, roles, users, records, templates. What is there already is used.

    Opportunities bring products and activities of their own. They and activities lie before and after `today`, which is
    the day of loading unless another one is given. `progress` is told how many records are written so far. Raises
    RecordsExist, NotAllowed, ValidationFailed.
    """
    counts = {card.key: card.document._get_collection().estimated_document_count() for card in all_registers()}
    if any(counts.values()) and not add:
        raise RecordsExist
    name_organisation(access)
    # Roles speak of fields.
    fields = ensure_fields(access)
    users, new = ensure_users(access, password)
    writer = Writer(access, users, progress)
    # Added once more, the organisation goes on where it ended: nobody is there twice.
    writer.write_companies(seed, companies, counts["company"])
    writer.write_people(seed, people, counts["person"])
    day = today or now().date()
    if opportunities:
        writer.write_products()
    writer.write_opportunities(seed, opportunities, day, counts["opportunity"])
    writer.write_activities(seed, activities, day, counts["activity"])
    if companies and not counts["segment"]:
        writer.tell(write_marketing(access, day, ORIGIN))
    return Loaded(companies, people, activities, opportunities, fields, ensure_templates(access), new)


def name_organisation(access: Access) -> None:
    """Give the organisation a name, where it has none, and set it up."""
    if not organisation().name:
        set_for_all(access, {"name": NAME, "set_up": True})


class Writer:
    """Writes companies and people, and remembers the ids that later ones point at."""

    def __init__(self, access: Access, users: Sequence[ObjectId], progress: Made) -> None:
        self.access = access
        self.progress = progress
        self.written = 0
        self.ids: dict[Ref, ObjectId] = {Ref("user", number): key for number, key in enumerate(users)}
        self.ids.update((Ref("team", name), key) for name, key in ensure_teams().items())
        self.companies = self.people = range(0)

    def write_companies(self, seed: int, count: int, start: int = 0) -> None:
        """Companies `start`, `start` + 1 …; a parent that is not among them stays unsaid."""
        for batch in batches(count, start):
            rows = self.write("company", [company(seed, number) for number in batch])
            self.ids.update((Ref("company", number), raw["_id"]) for number, raw in zip(batch, rows, strict=True))
        self.companies = range(start, start + count)

    def write_people(self, seed: int, count: int, start: int = 0) -> None:
        """People who work at the companies written before."""
        made = partial(person, seed, companies=self.companies)
        for batch in batches(count, start):
            rows = self.write("person", [made(number) for number in batch])
            self.ids.update((Ref("person", number), raw["_id"]) for number, raw in zip(batch, rows, strict=True))
        self.people = range(start, start + count)

    def write_activities(self, seed: int, count: int, today: dt.date, start: int = 0) -> None:
        """Activities with the companies and people written before; what was done was done when it says so."""
        for batch in batches(count, start):
            self.insert_activities([activity(seed, number, self.companies, self.people, today) for number in batch])

    def insert_activities(self, drawn: Sequence[Mapping[str, Any]]) -> None:
        schema, access = schema_of("activity"), replace(self.access, time_zone=ZONE)
        done = [values.get("done_at") for values in drawn]
        rows = [{column: value for column, value in values.items() if column != "done_at"} for values in drawn]
        documents = prepare_new(access, schema, [self.resolved(values) for values in rows])
        documents = [finished(schema, raw | {"done_at": moment, "created_at": moment}, {}) if moment else raw
                     for raw, moment in zip(documents, done, strict=True)]  # fmt: skip
        if documents:
            in_transaction(partial(insert, access=access, schema=schema, documents=documents, origin=ORIGIN))
        self.tell(len(documents))

    def write_products(self) -> None:
        """What is sold; a product whose code is there already is used as it is."""
        codes = [item.code for item in items()]
        known = {raw["code"]: raw["_id"] for raw in Product._get_collection().find({"code": {"$in": codes}})}
        new = [item for item in items() if item.code not in known]
        rows = self.write("product", [item.values for item in new])
        known |= {item.code: raw["_id"] for item, raw in zip(new, rows, strict=True)}
        self.ids.update((Ref("product", number), known[code]) for number, code in enumerate(codes))

    def write_opportunities(self, seed: int, count: int, today: dt.date, start: int = 0) -> None:
        """Opportunities with the companies and people written before, as they went, and what was done for them."""
        told, numbers = Telling(self.access, self.resolved), range(start, start + count)
        for batch in (numbers[place : place + STORIES] for place in range(0, count, STORIES)):
            stories = [opportunity(seed, number, self.companies, self.people, today) for number in batch]
            rows = told.write(stories, [Random(f"{seed}/moments/{number}") for number in batch])
            self.ids.update((Ref("opportunity", number), raw["_id"]) for number, raw in zip(batch, rows, strict=True))
            self.tell(len(rows))
            self.insert_activities([values for story in stories for values in story.activities])

    def write(self, register: str, rows: Sequence[Mapping[str, Any]]) -> list[Raw]:
        retired = retired_choices(schema_of(register))
        values = [without_retired(self.resolved(row), retired) for row in rows]
        made = create_records(self.access, register, values, origin=ORIGIN)
        self.tell(len(made))
        return made

    def tell(self, count: int) -> None:
        self.written += count
        self.progress(self.written)

    def resolved(self, row: Mapping[str, Any]) -> Raw:
        values = {column: self.resolve(value) for column, value in row.items()}
        return {column: value for column, value in values.items() if value is not None}

    def resolve(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if isinstance(value, dict):
            return {part: self.resolve(item) for part, item in value.items()}
        return self.ids.get(value) if isinstance(value, Ref) else value


def retired_choices(schema: Schema) -> dict[str, set[str]]:
    """Column -> the keys of its choices that the organisation has retired: new records may not have them."""
    found = {field.column: {choice.key for choice in field.choices if choice.retired} for field in schema.fields}
    return {column: keys for column, keys in found.items() if keys}


def without_retired(values: Raw, retired: Mapping[str, set[str]]) -> Raw:
    kept = dict(values)
    for column in retired.keys() & values.keys():
        value = values[column]
        if isinstance(value, list):
            kept[column] = [key for key in value if key not in retired[column]]
        elif value in retired[column]:
            del kept[column]
    return kept


def batches(count: int, start: int = 0) -> Iterator[range]:
    """The numbers from `start` on in growing pieces, each with at least as many before it as it holds."""
    done = 0
    while done < count:
        size = min(count - done, BATCH, max(FIRST_BATCH, done))
        yield range(start + done, start + done + size)
        done += size
