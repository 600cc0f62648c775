"""What an import did, as data: counts, odd values, rows that failed, what was made on the way."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import mongoengine as me
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from services.imports.limits import MAX_NOTES

Raw = dict[str, Any]
#: Characters of one row that a note keeps; beyond, its cells are cut.
MAX_NOTE = 20_000
#: Headers of what stands beside the rows in a workbook of faulty ones; the next import leaves these columns out.
WHY, ROW = _l("Why it was not imported"), _l("Row in the file")


@dataclass(frozen=True)
class OddValue:
    """A value that did not fit its field. `row` is its number in the file, `kept_in` the column of the record that
    keeps it as text; empty where there was nothing to keep."""

    row: int
    column: str
    value: str
    reason: str
    kept_in: str = ""


@dataclass(frozen=True)
class FailedRow:
    """A row that was not imported, with its cells as (header, text or number)."""

    row: int
    reason: str
    cells: tuple[tuple[str, str | int | float], ...] = ()


@dataclass(frozen=True)
class ImportReport:
    """The outcome of one import. `odd` and `failed` hold the first ones only; the counts are of all.

    `batch` ties the change entries of its records together; `unmapped` names columns that were left out.
    """

    batch: str
    rows: int = 0
    created: int = 0
    changed: int = 0
    skipped: int = 0
    odd_count: int = 0
    failed_count: int = 0
    odd: tuple[OddValue, ...] = ()
    failed: tuple[FailedRow, ...] = ()
    fields_created: tuple[str, ...] = ()
    choices_added: Mapping[str, Sequence[str]] = field(default_factory=dict)
    linked_created: int = 0
    unmapped: tuple[str, ...] = ()


def notes() -> Any:
    """The collection of notes. Ids sort by job, row and place, so the index of ids serves every question."""
    return me.get_db()["import_note"]


def write_notes(
    session: ClientSession, batch: str, odd: Sequence[OddValue], failed: Sequence[FailedRow], before: Mapping[str, int]
) -> None:
    """Keep what is odd and what failed, in the step's transaction, as long as there is room for more of it."""
    kept = [*map(odd_note, odd[: max(0, MAX_NOTES - before["odd"])]),
            *map(failed_note, failed[: max(0, MAX_NOTES - before["failed"])])]  # fmt: skip
    documents = [{"_id": f"{batch}:{raw['row']:09d}:{place:05d}", **raw} for place, raw in enumerate(kept)]
    if documents:
        notes().insert_many(documents, session=session)


def odd_note(odd: OddValue) -> Raw:
    return {"kind": "odd", "row": odd.row, "column": odd.column, "value": odd.value[:MAX_NOTE], "reason": odd.reason,
            "kept_in": odd.kept_in}  # fmt: skip


def failed_note(failed: FailedRow) -> Raw:
    room = max(20, MAX_NOTE // max(1, len(failed.cells)))
    fits = sum(len(str(cell)) for _, cell in failed.cells) <= MAX_NOTE
    cells = [[header, cell if fits or len(str(cell)) <= room else f"{str(cell)[:room]}…"]
             for header, cell in failed.cells]  # fmt: skip
    return {"kind": "failed", "row": failed.row, "reason": failed.reason, "cells": cells}


def forget_notes(session: ClientSession, batch: str, rows: Sequence[int]) -> None:
    """Take these rows of the file out of what is kept of an import."""
    its = {"_id": {"$gte": f"{batch}:", "$lt": f"{batch};"}, "row": {"$in": list(rows)}}
    notes().delete_many(its, session=session)


def read_failed(batch: str) -> Iterator[FailedRow]:
    """The rows that were not imported, in the file's order, as far as they were kept."""
    query = {"_id": {"$gte": f"{batch}:", "$lt": f"{batch};"}, "kind": "failed"}
    return (FailedRow(raw["row"], raw["reason"], tuple((header, text) for header, text in raw["cells"]))
            for raw in notes().find(query).sort("_id", 1))  # fmt: skip


def read_notes(batch: str) -> tuple[tuple[OddValue, ...], tuple[FailedRow, ...]]:
    found = list(notes().find({"_id": {"$gte": f"{batch}:", "$lt": f"{batch};"}}).sort("_id", 1))
    odd = (OddValue(raw["row"], raw["column"], raw["value"], raw["reason"], raw["kept_in"])
           for raw in found if raw["kind"] == "odd")  # fmt: skip
    failed = (FailedRow(raw["row"], raw["reason"], tuple((header, text) for header, text in raw["cells"]))
              for raw in found if raw["kind"] == "failed")  # fmt: skip
    return tuple(odd), tuple(failed)
