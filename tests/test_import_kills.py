"""An import of 10,000 rows survives: its worker is killed twice on the way and once while it is undone, and each row is
there once, or gone.

The seed of the moments is printed; KORTISTO_TEST_SEED repeats a run.
"""

import datetime as dt
import io
import os
import random
import signal
import time
from collections import Counter
from typing import Any

import pytest
import xlsxwriter
from bson import Decimal128, ObjectId
from flask import Flask

from models.changes import Change
from models.companies import Company
from models.jobs import Job, JobState
from models.people import Person
from models.rights import system_access
from services.imports import drafts
from services.records import create_records
from services.settings import define_field
from tests.fixtures.program import Program, until
from tests.services.importing import values

pytestmark = pytest.mark.slow

Raw = dict[str, Any]
#: Rows of the file without the last, which is the first one again.
ROWS = 10_000
#: Companies that are there before: as many others, and those of the first rows, of which the first stay as they are.
OTHERS, KNOWN, LEFT = 500, 2_000, 100
CONTACTS, FAULTY_EACH = 50, 500
IMPORT_KILLS, UNDO_KILLS = 2, 1
#: Only so that a test which waits in vain comes to an end.
ALL_SECONDS = 300.0
SECTORS = ("Energy", "Trade", "Health")
FIXED = ("Name", "Business ID", "Street address", "Postal code", "City", "Country", "Phone", "E-mail", "Website",
         "Status")  # fmt: skip
#: Fields that are there before, by the kinds of them; the others of the twenty are made by the import.
THERE = {"Sector": "choice", "Employees": "number", "Turnover": "money", "Founded": "date", "Met": "datetime",
         "Newsletter": "boolean", "Remark": "text", "Story": "long_text", "Shop": "url", "Contact": "link"}  # fmt: skip
MADE = {"Score": "number", "Rank": "number", "Margin": "number", "Renewed": "date", "Ended": "date", "Slogan": "text",
        "Motto": "text", "Region": "choice", "Grade": "choice", "Partner": "boolean"}  # fmt: skip
HEADER = (*FIXED, *THERE, *MADE)


def faulty(number: int) -> bool:
    return number % FAULTY_EACH == FAULTY_EACH - 1


def day(number: int) -> dt.datetime:
    return dt.datetime(2000, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=number % 9_000)


def row(number: int) -> list[Any]:
    """The cells of a row; of the first rows nothing but the name."""
    if number < LEFT:
        return [f"Company {number}"]
    naive = day(number).replace(tzinfo=None)
    return [
        f"Company {number}", "", f"Street {number}", f"{number % 90_000:05}", f"City {number % 40}", "Finland",
        f"+35840{1_000_000 + number}", f"office{number}@example.com", f"https://example.com/{number}", "Customer",
        SECTORS[number % 3], "many" if faulty(number) else number, f"{number},50 EUR", naive.date(),
        naive.replace(hour=9), number % 2 == 0, f"Remark {number}", f"Story {number}\nof two lines",
        f"https://shop.example.com/{number}", f"Contact {number % CONTACTS}",
        number * 2, number % 7, number / 4, naive.date(), naive.date(), f"Slogan {number}", f"Motto {number}",
        f"Region {number % 5}", f"Grade {number % 4}", number % 3 == 0,
    ]  # fmt: skip


def stored(number: int, contacts: dict[str, ObjectId]) -> Raw:
    """What a company holds that has the row's values."""
    return {
        "name": f"Company {number}", "street": f"Street {number}", "postal_code": f"{number % 90_000:05}",
        "city": f"City {number % 40}", "country": "Finland", "phone": f"+35840{1_000_000 + number}",
        "email": f"office{number}@example.com", "website": f"https://example.com/{number}", "status": "customer",
        "sector": SECTORS[number % 3].lower(), "employees": number,
        "turnover": {"amount": Decimal128(f"{number}.50"), "currency": "EUR"}, "founded": day(number),
        "met": day(number).replace(hour=9), "newsletter": number % 2 == 0, "remark": f"Remark {number}",
        "story": f"Story {number}\nof two lines", "shop": f"https://shop.example.com/{number}",
        "contact": contacts[f"Contact {number % CONTACTS}"], "score": number * 2, "rank": number % 7,
        "margin": number / 4, "renewed": day(number), "ended": day(number), "slogan": f"Slogan {number}",
        "motto": f"Motto {number}", "region": f"region_{number % 5}", "grade": f"grade_{number % 4}",
        "partner": number % 3 == 0,
    }  # fmt: skip


def workbook(numbers: list[int]) -> io.BytesIO:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"default_date_format": "yyyy-mm-dd hh:mm", "strings_to_urls": False}) as book:
        sheet = book.add_worksheet()
        for place, cells in enumerate([HEADER, *map(row, numbers)]):
            sheet.write_row(place, 0, cells)
    stream.seek(0)
    return stream


def define_fields() -> None:
    more: dict[str, Raw] = {"choice": {"choices": list(SECTORS)}, "link": {"target": "person"}}
    for label, kind in THERE.items():
        define_field(system_access(), {"register": "company", "key": label.lower(), "label": label, "kind": kind,
                                       **more.get(kind, {})})  # fmt: skip


def make_companies() -> None:
    """Companies that the file knows and others that it doesn't, each with values of its own."""
    (contact,) = create_records(system_access(), "person", [{"name": "Old contact"}])
    names = [f"Company {number}" for number in range(KNOWN)] + [f"Other {number}" for number in range(OTHERS)]
    create_records(system_access(), "company", [
        {"name": name, "city": f"Old {place % 9}", "status": "prospect", "x_employees": 1, "x_sector": "trade",
         "x_remark": f"As it was {place}", "x_turnover": "12 SEK", "x_contact": contact["_id"] if place % 2 else None}
        for place, name in enumerate(names)
    ])  # fmt: skip


def everything() -> dict[ObjectId, Raw]:
    """All companies and people whole, but for what counts and dates their versions."""
    return {raw["_id"]: {key: value for key, value in raw.items() if key not in ("version", "changed_at")}
            for document in (Company, Person) for raw in document._get_collection().find()}  # fmt: skip


def prepared(stream: io.BytesIO) -> ObjectId:
    """A draft as its guesses have it, that has rows overwrite the records of their names."""
    draft_id = drafts.start_draft(system_access(), "company", stream, "customers.xlsx")
    draft = drafts.set_columns(system_access(), draft_id, [], match=["name"], on_existing="overwrite")
    made = {column["header"]: column["choice"]["define"]["kind"]
            for column in draft["columns"] if "define" in column["choice"]}  # fmt: skip
    assert made == MADE
    return draft_id


def job_of(draft_id: ObjectId) -> Raw:
    job = drafts.job_of(drafts.get_draft(system_access(), draft_id))
    assert job is not None
    return job


def end_with_kills(program: Program, chance: random.Random, draft_id: ObjectId, kills: int) -> Raw:
    """Kill the process that has the draft's job at chance moments of it, so often; then wait for its end."""
    job_id = job_of(draft_id)["_id"]

    def job() -> Raw:
        return Job.objects.get(pk=job_id).to_mongo().to_dict()

    for kill in range(kills):
        # Each in its own part of the way, and none so late that the job is over by then.
        share = (kill + chance.random()) / (kills + 1)
        assert until(lambda share=share: job()["done"] >= share * (job().get("total") or ROWS), ALL_SECONDS), job()
        time.sleep(chance.uniform(0, 0.3))
        held = job()
        assert held["state"] == JobState.RUNNING, f"It was over before it could be killed: {held}"
        os.kill(int(held["worker"].split()[-2]), signal.SIGKILL)
        assert until(lambda held=held: job()["worker"] != held["worker"], ALL_SECONDS), program.state()
    assert until(lambda: JobState(job()["state"]).ended, ALL_SECONDS), f"{job()}\n{program.state()}"
    assert job()["state"] == JobState.DONE, job()["message"]
    return job()


def test_import_killed_twice_writes_each_row_once_and_is_undone_whole_although_that_is_killed_too(
    program: Program, inside: Flask
) -> None:
    seed = int(os.environ.get("KORTISTO_TEST_SEED") or random.randrange(10**6))
    print(f"KORTISTO_TEST_SEED={seed}")  # noqa: T201 - shown by pytest when the test fails
    chance = random.Random(seed)
    define_fields()
    make_companies()
    before = everything()
    draft_id = prepared(workbook([*range(ROWS), LEFT]))

    drafts.run_draft(system_access(), draft_id)
    job = end_with_kills(program, chance, draft_id, IMPORT_KILLS)
    good = [number for number in range(LEFT, ROWS) if not faulty(number)]
    changed = [number for number in good if number < KNOWN]
    expected = {"rows": ROWS + 1, "created": len(good) - len(changed), "changed": len(changed), "skipped": LEFT,
                "odd": 0, "failed": ROWS - LEFT - len(good) + 1, "linked": CONTACTS}  # fmt: skip
    assert {name: job["result"][name] for name in expected} == expected
    check_companies(before, good)
    check_entries(job, expected)

    drafts.undo_import(system_access(), draft_id)
    job = end_with_kills(program, chance, draft_id, UNDO_KILLS)
    assert job["result"] == {"removed": expected["created"] + CONTACTS, "restored": len(changed), "kept": 0}
    assert everything() == before
    assert drafts.get_draft(system_access(), draft_id)["state"] == "undone"


def check_companies(before: dict[ObjectId, Raw], good: list[int]) -> None:
    """Each row's company is there once with its values, and what no row has changed is as it was."""
    contacts = {raw["name"]: raw["_id"] for raw in Person._get_collection().find()}
    assert len(contacts) == CONTACTS + 1
    expected = {f"Company {number}": stored(number, contacts) for number in good}
    found = list(Company._get_collection().find())
    assert Counter(raw["name"] for raw in found) == Counter({raw["name"] for raw in before.values()
                                                             if "city" in raw} | expected.keys())  # fmt: skip
    for raw in found:
        if raw["name"] in expected:
            assert values(raw) == expected[raw["name"]]
        else:
            assert {key: value for key, value in raw.items() if key not in ("version", "changed_at")} == before[
                raw["_id"]]  # fmt: skip


def check_entries(job: Raw, expected: Raw) -> None:
    """Each record that was written has one change entry of the import."""
    entries = list(Change._get_collection().find({"batch": str(job["_id"])}, {"record": 1, "action": 1}))
    assert set(Counter(entry["record"] for entry in entries).values()) == {1}
    assert Counter(entry["action"] for entry in entries) == {
        "create": expected["created"] + CONTACTS, "update": expected["changed"]}  # fmt: skip
