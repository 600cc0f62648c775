"""One occurrence of a repeating activity changed or left out by itself, the others staying as they are.

A changed one is a record of its own, which names its `series` and the start it had by the rule (`occurrence`); the
series leaves that start out (`skipped`). Both are written in one transaction.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.activities import OPEN
from models.fields.kinds.clock import checked_rule
from models.fields.schema import Schema, schema_of
from models.rights import Access
from models.told import Told
from models.transactions import in_transaction
from services.records import (
    SCREEN,
    VersionConflict,
    changed_document,
    get_record,
    insert,
    now,
    write_version,
)
from services.recurrence import BadRule, Span, moment, occurrences, own_span, wall_start, zone_of

Raw = dict[str, Any]
REGISTER = "activity"
#: What a record that is made of a series has of its own.
OWN = ("_id", "answers", "merged_from", "series", "occurrence", "uid", "skipped", "invited", "sequence")
#: A series that leaves out more than that is none any more.
MOST_SKIPPED = 1_000
INSTANT = dt.timedelta(milliseconds=1)


class NoOccurrence(Told):
    """The activity does not take place at that time, or not any more."""

    def __init__(self) -> None:
        super().__init__(_l("It does not take place at that time any more. Reload the page."))


def occurrence_of(raw: Mapping[str, Any], start: dt.datetime) -> Span:
    """The span of the occurrence with that start. Raises NoOccurrence."""
    try:
        found = next(occurrences(raw, start, start + INSTANT), None) if raw.get("repeats") else None
    except BadRule as error:
        raise NoOccurrence from error
    if found is None or found[0] != start:
        raise NoOccurrence
    return found


def change_occurrence(
    access: Access, activity_id: Any, start: dt.datetime, values: Mapping[str, Any], *,
    version: int | None = None, keep: Collection[str] = (),
) -> Raw:  # fmt: skip
    """Make a record of its own of one occurrence, with these values ({column: what was sent}) in place of the series';
    returns it. Raises RecordNotFound, NotAllowed, VersionConflict, NoOccurrence, ValidationFailed."""
    series = series_at(access, activity_id, start, version)
    schema = schema_of(REGISTER)
    begun = alone(access, series, occurrence_of(series, start))
    values = {column: value for column, value in values.items() if column != "repeats"}
    document = changed_document(access, schema, begun, values, keep, begun)

    def work(session: ClientSession) -> None:
        leave_out(session, access, schema, series, start)
        insert(session, access, schema, [document], SCREEN)

    in_transaction(work)
    return document


def skip_occurrence(access: Access, activity_id: Any, start: dt.datetime, *, version: int | None = None) -> Raw:
    """Leave one occurrence out; returns the series as it was. Raises RecordNotFound, NotAllowed, VersionConflict,
    NoOccurrence."""
    series = series_at(access, activity_id, start, version)
    occurrence_of(series, start)
    in_transaction(lambda session: leave_out(session, access, schema_of(REGISTER), series, start))
    return series


def take_up_again(access: Access, activity_id: Any, start: dt.datetime) -> Raw:
    """Put an occurrence that was left out back in; returns the series. Raises RecordNotFound, NotAllowed,
    NoOccurrence, VersionConflict."""
    series = get_record(access, REGISTER, activity_id, "change")
    if start not in (series.get("skipped") or ()):
        raise NoOccurrence
    kept = [one for one in series["skipped"] if one != start]
    return in_transaction(lambda session: write_skipped(session, access, schema_of(REGISTER), series, kept))


def end_before(access: Access, activity_id: Any, start: dt.datetime, *, version: int | None = None) -> str:
    """The rule by which a series ends before one of its occurrences. Raises as `skip_occurrence`."""
    series = series_at(access, activity_id, start, version)
    occurrence_of(series, start)
    return ended_rule(series, start)


def ended_rule(series: Mapping[str, Any], start: dt.datetime) -> str:
    """The rule of a series as it ends before the occurrence with that start: by the end of the day before, as no rule
    has two on a day."""
    parts = [part for part in series["repeats"].split(";") if not part.startswith(("COUNT=", "UNTIL="))]
    day = start.astimezone(zone_of(series)).date() if series.get("starts_at") else due_day(series, start)
    return checked_rule(";".join([*parts, f"UNTIL={day - dt.timedelta(days=1):%Y%m%d}"]))


def moved_start(series: Mapping[str, Any], occurrence: dt.datetime, start: dt.datetime) -> dt.datetime:
    """Where a whole series begins once one of its occurrences begins at `start`: moved as far on the wall clock."""
    zone = zone_of(series)
    shift = start.astimezone(zone).replace(tzinfo=None) - occurrence.astimezone(zone).replace(tzinfo=None)
    return moment(wall_start(series, zone) + shift, zone)


def series_at(access: Access, activity_id: Any, start: dt.datetime, version: int | None) -> Raw:
    series = get_record(access, REGISTER, activity_id, "change")
    if version is not None and version != series["version"]:
        raise VersionConflict(series)
    if not series.get("repeats") or len(series.get("skipped") or ()) >= MOST_SKIPPED:
        raise NoOccurrence
    return series


def alone(access: Access, series: Raw, span: Span) -> Raw:
    """The record that one occurrence of a series becomes, not written yet."""
    begun = begun_at(access, series, span)
    del begun["repeats"]
    return {**begun, "series": series["_id"], "occurrence": span[0], "state": OPEN}


def begun_at(access: Access, series: Raw, span: Span) -> Raw:
    """A new record like the series, but at the time of one of its occurrences; not written yet."""
    taken = {name: value for name, value in series.items() if name not in OWN}
    moment_now, shift = now(), span[0] - (own_span(series) or span)[0]
    begun: Raw = {**taken, "_id": ObjectId(), "version": 1, "zone": series.get("zone") or access.time_zone,
                  "created_at": moment_now, "created_by": access.user_id, "changed_at": moment_now}  # fmt: skip
    if series.get("reminder_at"):
        begun["reminder_at"] = series["reminder_at"] + shift
    if not series.get("starts_at"):
        day = due_day(series, span[0])
        begun["due_on"] = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
    elif series.get("ends_at"):
        begun.update(starts_at=span[0], ends_at=span[1])
    else:
        begun["starts_at"] = span[0]
    return schema_of(REGISTER).register.document.derive(begun)


def due_day(series: Mapping[str, Any], due: dt.datetime) -> dt.date:
    """The day on which a task is due that is overdue from `due`: without a time, the day that ends then."""
    last = due if series.get("due_time") else due - INSTANT
    return last.astimezone(zone_of(series)).date()


def leave_out(session: ClientSession, access: Access, schema: Schema, series: Raw, start: dt.datetime) -> None:
    write_skipped(session, access, schema, series, sorted({*(series.get("skipped") or ()), start}))


def write_skipped(
    session: ClientSession, access: Access, schema: Schema, series: Raw, skipped: list[dt.datetime]
) -> Raw:
    """Write a series with these starts left out, as a version of its own. Raises Overtaken."""
    after = {**series, "skipped": skipped, "version": series["version"] + 1, "changed_at": now()}
    told = {"skipped": series.get("skipped") or []}, {"skipped": skipped}
    write_version(session, access, schema, series, after, told)
    return after
