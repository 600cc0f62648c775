"""Cases of writing: one record, an import, letters."""

import csv
import io
import itertools
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

import mongoengine as me
from bson import ObjectId

from benchmarks import floors
from benchmarks.measuring import Case
from models.rights import Access
from models.transactions import in_transaction
from services.demo import SEED, Ref, company
from services.demo.letters import OFFER, word_file
from services.imports import import_now, read_mapping
from services.merge import merge_records
from services.records import create_record

Raw = dict[str, Any]
Item = TypeVar("Item")
#: Companies that the filling does not reach.
FRESH = itertools.count(450_000)
COLUMNS = ("name", "business_id", "street", "postal_code", "city", "phone", "email", "website", "x_industry",
           "x_headcount", "x_revenue", "x_founded", "x_customer_since", "x_newsletter")  # fmt: skip
MAPPING = "register: company\nmatch: [business_id]\nlanguage: en\ncolumns:\n" + "".join(
    f"  {column}: {column.removeprefix('x_')}\n" for column in COLUMNS
)
BATCH = 500
#: Letters are made for customers up to such a number: about two in three companies have one.
FIRST_CUSTOMER = 10_000


def writing_cases(access: Access, rows: int, letters: int, runs: int) -> Iterator[Case]:
    """`rows` is how many an import brings in, `letters` how many are asked for, `runs` how often each case runs."""
    records = supply(fresh_values, runs)
    yield Case("create one record", lambda: create_record(access, "company", next(records)),
               lambda: create_bare(next(records)))  # fmt: skip
    tables = supply(partial(table, rows), runs)
    yield Case("import", lambda: import_rows(access, next(tables), rows), lambda: import_bare(next(tables)), items=rows)
    limit = FIRST_CUSTOMER + letters * 3 // 2
    query = {"custom.customer_number": {"$lte": limit}}
    count = floors.collection().count_documents(query, hint="customer")
    yield Case("letters", partial(make_letters, access, limit), partial(letters_bare, query), items=count)


def supply(make: Callable[[], Item], runs: int) -> Iterator[Item]:
    """What both sides of a case take one of in each run, made beforehand: drawing it is not to be measured."""
    return iter([make() for _ in range(2 * runs)])


def fresh_values() -> Raw:
    """A company's values but for references."""
    values = company(SEED, next(FRESH))
    return {column: value for column, value in values.items() if not isinstance(value, Ref)}


def create_bare(values: Raw) -> None:
    """One document and one entry about it, in a transaction."""
    document = {"_id": ObjectId(), **values}

    def write(session: Any) -> None:
        floors.collection().insert_one(document, session=session)
        me.get_db()["floor_change"].insert_one({"record": document["_id"], "changes": document}, session=session)

    in_transaction(write)


# Import


def table(rows: int) -> bytes:
    """A CSV of so many companies that are not there yet."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for _ in range(rows):
        values = fresh_values()
        writer.writerow([cell(values.get(column)) for column in COLUMNS])
    return out.getvalue().encode()


def cell(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['amount']} {value['currency']}"
    return "" if value is None else str(int(value)) if isinstance(value, bool) else str(value)


def import_rows(access: Access, content: bytes, rows: int) -> None:
    report = import_now(access, "company", io.BytesIO(content), "companies.csv", read_mapping(MAPPING))
    if report.created != rows:
        raise RuntimeError(f"{report.created} of {rows} rows were imported: {report.failed[:3]}")


def import_bare(content: bytes) -> None:
    """The rows as they stand, in transactions with an entry for each."""
    reader = csv.DictReader(io.StringIO(content.decode()))
    while batch := list(itertools.islice(reader, BATCH)):
        in_transaction(partial(insert_bare, [{"_id": ObjectId(), **row} for row in batch]))


def insert_bare(documents: list[Raw], session: Any) -> None:
    floors.collection().insert_many(documents, session=session)
    entries = [{"record": document["_id"], "changes": document} for document in documents]
    me.get_db()["floor_change"].insert_many(entries, session=session)


# Letters


def make_letters(access: Access, limit: int) -> None:
    conditions = [{"col": "x_customer_number", "opr": "le", "value": str(limit)}]
    merge_records(access, "company", word_file(OFFER), io.BytesIO(), conditions=conditions)


def letters_bare(query: Raw) -> None:
    """The least a merge can do: read the same records, format as much text for each, pack it."""
    letter = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in OFFER)
    with zipfile.ZipFile(io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as package, package.open("document.xml", "w") as out:
        for raw in floors.collection().find(query, batch_size=BATCH).sort(list(floors.NAME)).hint("customer"):
            out.write(letter.replace("{Name}", str(raw.get("name"))).encode())
