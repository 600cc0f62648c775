"""One occurrence of a repeating activity changed or left out by itself, the others staying as they are.

A changed one is a record of its own, which names its `series` and the start it had by the rule (`occurrence`); the
series leaves that start out (`skipped`). Both are written in one transaction.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.base import stored_value
from models.changes import Change
from models.fields.schema import Schema, schema_of
from models.rights import Access
from models.told import Told
from models.transactions import in_transaction
from services.following import follow
from services.records import (
    SCREEN,
    BulkFailed,
    Overtaken,
    VersionConflict,
    entry,
    get_record,
    insert,
    now,
    prepare_new,
)
from services.recurrence import BadRule, Span, moment, occurrences, wall_start, zone_of
from services.values import context_of

Raw = dict[str, Any]
REGISTER = "activity"
#: What a changed occurrence does not take over from its series.
LEFT = ("repeats", "reminder_at", "state")
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
    access: Access, activity_id: Any, start: dt.datetime, values: Mapping[str, Any], *, version: int | None = None
) -> Raw:
    """Make a record of its own of one occurrence, with these values ({column: what was sent}) in place of the series';
    returns it. Raises RecordNotFound, NotAllowed, VersionConflict, NoOccurrence, ValidationFailed."""
    series = series_at(access, activity_id, start, version)
    schema = schema_of(REGISTER)
    span = occurrence_of(series, start)
    taken = taken_over(access, schema, series, span)
    try:
        (document,) = prepare_new(access, schema, [{**taken, **values, "repeats": ""}])
    except BulkFailed as failed:
        raise failed.errors[0] from None
    document.update(series=series["_id"], occurrence=start, zone=series.get("zone") or access.time_zone)
    document.update(schema.register.document.derive(document))

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
    parts = [part for part in series["repeats"].split(";") if not part.startswith(("COUNT=", "UNTIL="))]
    last = start - dt.timedelta(seconds=1)
    return ";".join([*parts, f"UNTIL={last.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"])


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


def taken_over(access: Access, schema: Schema, series: Raw, span: Span) -> Raw:
    """What an occurrence has from its series, as a form would send it, at its own time."""
    context = context_of(access)
    fields = [field for field in schema.for_access(access).fields if not field.read_only and field.column not in LEFT]
    values = [(field, stored_value(field, series)) for field in fields]
    taken = {field.column: field.kind.edit_text(value, field, context) for field, value in values if value is not None}
    times = {"starts_at": span[0], "ends_at": span[1]} if series.get("starts_at") else {
        "due_on": (span[0] - (dt.timedelta(0) if series.get("due_time") else INSTANT)).astimezone(
            zone_of(series)).date()}  # fmt: skip
    return {**taken, **times}


def leave_out(session: ClientSession, access: Access, schema: Schema, series: Raw, start: dt.datetime) -> None:
    write_skipped(session, access, schema, series, sorted({*(series.get("skipped") or ()), start}))


def write_skipped(
    session: ClientSession, access: Access, schema: Schema, series: Raw, skipped: list[dt.datetime]
) -> Raw:
    """Write a series with these starts left out, as a version of its own. Raises Overtaken."""
    after = {**series, "skipped": skipped, "version": series["version"] + 1, "changed_at": now()}
    collection = schema.register.document._get_collection()
    same = {"_id": series["_id"], "version": series["version"]}
    if not collection.replace_one(same, after, session=session).matched_count:
        raise Overtaken(series)
    told = {"skipped": series.get("skipped") or []}, {"skipped": skipped}
    Change._get_collection().insert_one(entry(access, schema, "update", after, *told, SCREEN), session=session)
    follow(session, access, schema, [(series, after)])
    return after
