"""A large workbook on its way in and out again: looked into, checked, imported and undone, each by its own process."""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import xlsxwriter
from flask import Flask

from app import create_app
from benchmarks.whole_jobs import JobCost, access_of_administrator, cost_of, held, resident
from config import Settings
from models.rights import Access
from services.demo.drawing import business_id
from services.imports import drafts

#: One row in so many stands for a company that is there already, and changes it.
KNOWN_AMONG = 10
FIXED = ("Name", "Business ID", "Street address", "Postal code", "City", "Country", "Phone", "E-mail", "Website",
         "Status")  # fmt: skip
#: What the other columns are called by what they hold; each makes a field.
CUSTOM: dict[str, Callable[[int], Any]] = {
    "Number": lambda number: number % 1_009, "Share": lambda number: number % 997 / 8,
    "Day": lambda number: dt.date(2000, 1, 1) + dt.timedelta(days=number % 9_000),
    "Text": lambda number: f"Remark {number} of this", "Choice": lambda number: f"Choice {number % 12}",
    "Flag": lambda number: number % 3 == 0, "Sum": lambda number: f"{number % 90_001},50 EUR",
}  # fmt: skip
CUSTOM_COLUMNS = 20


def header() -> list[str]:
    names = list(CUSTOM)
    return [*FIXED, *(f"{names[place % len(names)]} {place}" for place in range(CUSTOM_COLUMNS))]


def row(number: int) -> list[Any]:
    """The cells of the company of that number among those of the demo organisation."""
    makers = list(CUSTOM.values())
    return [
        f"Company {number}", business_id(number), f"Street {number % 700}", f"{number % 90_000:05}",
        f"City {number % 300}", "Finland", f"+35840{1_000_000 + number}", f"office{number}@example.com",
        f"https://example.com/{number}", ("Customer", "Prospect")[number % 2],
        *(makers[place % len(makers)](number + place) for place in range(CUSTOM_COLUMNS)),
    ]  # fmt: skip


def write_workbook(path: Path, first: int, rows: int) -> None:
    options = {"constant_memory": True, "default_date_format": "yyyy-mm-dd", "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet = book.add_worksheet()
        for place, cells in enumerate([header(), *(row(first + number) for number in range(rows))]):
            sheet.write_row(place, 0, cells)


def import_costs(app: Flask, settings: Settings, records: int, rows: int) -> Iterator[JobCost]:
    """What so many rows take, `records` companies of the demo organisation being there: a tenth of the rows changes
    some of them."""
    path = Path(settings.data_dir) / "benchmark.xlsx"
    write_workbook(path, max(0, records - rows // KNOWN_AMONG), rows)
    with app.app_context():
        access = access_of_administrator()
        yield alone(settings, partial(look, path, access))
        (draft,) = drafts.recent_drafts(access, "company")
        drafts.set_columns(access, draft["_id"], [], match=["business_id"], on_existing="overwrite")
        for name, start in (("import: its check", drafts.check_draft), ("import: its rows written", drafts.run_draft),
                            ("import: undone", drafts.undo_import)):  # fmt: skip
            start(access, draft["_id"])
            yield alone(settings, partial(cost_of, name))


def look(path: Path, access: Access) -> JobCost:
    """What a file takes that is sent, in the web server."""
    before = resident()
    cpu, wall = time.process_time(), time.perf_counter()
    with path.open("rb") as stream:
        drafts.start_draft(access, "company", stream, path.name)
    return JobCost("import: the file looked into", 1, time.process_time() - cpu, time.perf_counter() - wall,
                   *held(before))  # fmt: skip


def alone(settings: Settings, work: Callable[[], JobCost]) -> JobCost:
    """The work done by a new process: what it holds of memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        return processes.submit(in_application, settings, work).result()


def in_application(settings: Settings, work: Callable[[], JobCost]) -> JobCost:
    with create_app(settings).app_context():
        return work()
