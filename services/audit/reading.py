"""Reading the audit, for administrators: newest first, by what, by whom and by days, and as a workbook."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any
from zoneinfo import ZoneInfo

import xlsxwriter
from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.errors import ExecutionTimeout

from models.audit import AuditEntry, What
from models.rights import Access
from models.told import Told
from services.audit.chain import READING
from services.audit.writing import write_now
from services.planning import time_limit
from services.records import object_id
from services.search import TooSlow
from services.security import require_administrator

Raw = dict[str, Any]
PAGE = 50
#: Rows of one workbook, the newest ones.
MOST_ROWS = 100_000
WIDTHS = (10, 20, 26, 26, 18, 34, 60, 40)


class NoPlace(Told):
    """The address says after which entry the page begins, and that is none."""

    def __init__(self) -> None:
        super().__init__(_l("There is no such place in the audit. Begin with its newest entries."))


def every_entry() -> Iterator[Raw]:
    """All entries, for whoever looks through what the program keeps."""
    return AuditEntry._get_collection().find()


@dataclass(frozen=True)
class Asked:
    """Which entries are looked for; empty is any. `user` did it or it was done to; days are the reader's own."""

    what: What | None = None
    user: str = ""
    first: dt.date | None = None
    last: dt.date | None = None

    def query(self, time_zone: str) -> Raw:
        """The condition. Raises RecordNotFound for a user that can be none."""
        query: Raw = {"what": self.what.value} if self.what else {}
        if self.user:
            key: ObjectId = object_id("user", self.user)
            query["$or"] = [{"by": key}, {"target.id": key}]
        zone = ZoneInfo(time_zone)
        bounds = {"$gte": self.first and beginning(self.first, zone),
                  "$lt": self.last and self.last < dt.date.max and beginning(self.last + dt.timedelta(days=1), zone)}
        if found := {operator: moment for operator, moment in bounds.items() if moment}:
            query["at"] = found
        return query


def beginning(day: dt.date, zone: ZoneInfo) -> dt.datetime | None:
    """When the day begins, in UTC; nothing for days at the ends of the calendar, which have no such moment."""
    if not 1900 <= day.year <= 9990:
        return None
    return dt.datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(dt.UTC)


def find_entries(access: Access, asked: Asked, after: str = "") -> tuple[list[Raw], str]:
    """(one page, newest first; the key that the next page comes after, "" for none).

    Raises NotAllowed, NoPlace, RecordNotFound, TooSlow.
    """
    require_administrator(access)
    parts = [part for part in (asked.query(access.time_zone), further(after)) if part]
    try:
        rows = list(newest(parts, PAGE + 1))
    except ExecutionTimeout as error:
        raise TooSlow from error
    return rows[:PAGE], key_of(rows[PAGE - 1]) if len(rows) > PAGE else ""


def newest(parts: list[Raw], most: int) -> Iterator[Raw]:
    entries = AuditEntry._get_collection().with_options(codec_options=READING)
    found = entries.find({"$and": parts} if parts else {}, max_time_ms=time_limit())
    yield from found.sort([("at", -1), ("_id", -1)]).limit(most)


def key_of(raw: Raw) -> str:
    return f"{int(raw['at'].timestamp() * 1000)}.{raw['_id']}"


def further(after: str) -> Raw:
    """The condition for what stands after an entry's key. Raises NoPlace."""
    if not after:
        return {}
    milliseconds, _dot, number = after.partition(".")
    if not all(part.isascii() and part.isdigit() and len(part) <= 15 for part in (milliseconds, number)):
        raise NoPlace
    try:
        at = dt.datetime.fromtimestamp(int(milliseconds) / 1000, dt.UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise NoPlace from error
    return {"at": {"$lte": at}, "$or": [{"at": {"$lt": at}}, {"_id": {"$lt": int(number)}}]}


def write_workbook(
    access: Access, asked: Asked, out: IO[bytes], head: list[str], row_of: Any, title: str
) -> int:
    """Write what matches as a workbook, the newest first, and tell the audit of it; answers how many rows there are.

    Raises NotAllowed, RecordNotFound, TooSlow.
    """
    require_administrator(access)
    query, count = asked.query(access.time_zone), 0
    plain = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
             "strings_to_numbers": False}  # fmt: skip
    with xlsxwriter.Workbook(out, plain) as book:
        sheet, bold = book.add_worksheet(title[:31]), book.add_format({"bold": True})
        for column, width in enumerate(WIDTHS):
            sheet.set_column(column, column, width)
        sheet.write_row(0, 0, head, bold)
        sheet.freeze_panes(1, 0)
        try:
            for count, raw in enumerate(newest([query] if query else [], MOST_ROWS), 1):
                sheet.write_row(count, 0, row_of(raw))
        except ExecutionTimeout as error:
            raise TooSlow from error
    write_now(What.EXPORTED, access.user_id, target={"register": "audit", "id": None, "name": ""},
              details={"records": count})  # fmt: skip
    return count
