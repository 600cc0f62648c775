"""Reading iCalendar files (RFC 5545): events become the reader's activities; the same UID again changes them."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from flask_babel import lazy_gettext as _l
from icalendar import Calendar

from models.activities import BY_UID, CANCELLED, OPEN, Activity
from models.changes import Source
from models.fields.errors import ValidationFailed
from models.fields.kinds.times import to_utc
from models.fields.schema import schema_of
from models.rights import Access, NotAllowed
from models.told import Told
from models.transactions import in_transaction
from services.occurrences import change_occurrence, write_skipped
from services.records import BulkFailed, Origin, VersionConflict, get_record, insert, prepare_new, update_record

Raw = dict[str, Any]
REGISTER = "activity"
MOST_BYTES, MOST_EVENTS = 2 * 1024 * 1024, 1_000
LONGEST_NAME, LONGEST_UID, MOST_SKIPPED = 200, 250, 1_000
YEARS = range(1900, 2200)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


class BadCalendar(Told):
    """The file can't be read as iCalendar."""


@dataclass
class Outcome:
    """What became of a file: how many events were added and changed, and why others were not ([name, reason])."""

    added: int = 0
    changed: int = 0
    left: list[tuple[str, str]] = field(default_factory=list)


def read_calendar(access: Access, data: bytes) -> Outcome:
    """Take the events of a file into the user's calendar, each by itself. Raises BadCalendar, NotAllowed."""
    if not access.may(REGISTER, "add"):
        raise NotAllowed(_l("You may not add records here. Ask an administrator for the right."))
    outcome = Outcome()
    # A changed occurrence needs its series.
    for event in sorted(events_of(data), key=lambda one: "RECURRENCE-ID" in one):
        name = str(event.get("SUMMARY") or "")[:LONGEST_NAME]
        try:
            take(access, event, outcome)
        except ValidationFailed as error:
            outcome.left.append((name, error.in_one()))
        except (Told, VersionConflict) as error:
            outcome.left.append((name, str(error)))
    return outcome


def events_of(data: bytes) -> Iterator[Any]:
    if len(data) > MOST_BYTES:
        raise BadCalendar(_l("The file is too large: at most 2 MB."))
    try:
        found = [one for part in Calendar.from_ical(data, multiple=True) for one in part.walk("VEVENT")]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise BadCalendar(_l("This is no calendar file (.ics), or it is damaged.")) from error
    if not found:
        raise BadCalendar(_l("There is no event in this file."))
    if len(found) > MOST_EVENTS:
        raise BadCalendar(_l("There are more than %(most)s events in this file.", most=MOST_EVENTS))
    return iter(found)


def take(access: Access, event: Any, outcome: Outcome) -> None:
    """Add one event, or change the activity that came of it before."""
    try:
        uid, values, zone = str(event.get("UID") or "")[:LONGEST_UID], values_of(access, event), zone_of(access, event)
        occurrence = moment_of(event["RECURRENCE-ID"].dt, zone) if "RECURRENCE-ID" in event else None
        skipped = [moment_of(one.dt, zone) for one in excluded(event)][:MOST_SKIPPED]
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise BadCalendar(_l("Its time or its repetition can't be read.")) from error
    held = known(access, uid, occurrence)
    if held is not None:
        update_record(access, REGISTER, held["_id"], values, origin=Origin(Source.IMPORT))
        outcome.changed += 1
    elif occurrence is not None and (series := known(access, uid, None)) is not None:
        held = change_occurrence(access, series["_id"], occurrence, values)
        outcome.changed += 1
    else:
        held = added(access, uid, values, zone, occurrence)
        outcome.added += 1
    if skipped and held.get("repeats"):
        leave_out(access, held, skipped)


def known(access: Access, uid: str, occurrence: dt.datetime | None) -> Raw | None:
    """What came of an event before: the series or single activity, or that occurrence of it."""
    if not uid:
        return None
    one: Raw | None = Activity._get_collection().find_one({"uid": uid, "owner": access.user_id}, hint=BY_UID)
    if one is None or occurrence is None:
        return one
    return Activity._get_collection().find_one({"series": one["_id"], "occurrence": occurrence})


def added(access: Access, uid: str, values: Raw, zone: ZoneInfo, occurrence: dt.datetime | None) -> Raw:
    schema = schema_of(REGISTER)
    try:
        (document,) = prepare_new(access, schema, [values])
    except BulkFailed as failed:
        raise failed.errors[0] from None
    document["zone"] = zone.key
    if uid and occurrence is None:
        document["uid"] = uid
    document.update(schema.register.document.derive(document))
    in_transaction(lambda session: insert(session, access, schema, [document], Origin(Source.IMPORT)))
    return document


def leave_out(access: Access, held: Raw, skipped: list[dt.datetime]) -> None:
    """Have the series leave out what the file does, besides what was left out here."""
    series = get_record(access, REGISTER, held["_id"], "change")
    wanted = sorted({*(series.get("skipped") or ()), *skipped})
    if wanted != (series.get("skipped") or []):
        in_transaction(lambda session: write_skipped(session, access, schema_of(REGISTER), series, wanted))


def values_of(access: Access, event: Any) -> Raw:
    """What the activity's fields get of an event, as a form would send it."""
    first = event["DTSTART"].dt
    whole, zone = not isinstance(first, dt.datetime), zone_of(access, event)
    if "DTEND" in event:
        last = event["DTEND"].dt
    else:
        last = first + (event["DURATION"].dt if "DURATION" in event else DAY if whole else dt.timedelta(0))
    rule = event.get("RRULE")
    if isinstance(rule, list):
        raise BadCalendar(_l("It repeats by several rules, which is not supported."))
    return {
        "name": str(event.get("SUMMARY") or "").strip()[:LONGEST_NAME] or str(_l("(no name)")), "kind": "meeting",
        "starts_at": moment_of(first, zone), "ends_at": moment_of(last, zone), "all_day": "1" if whole else "0",
        "place": str(event.get("LOCATION") or "").strip()[:LONGEST_NAME],
        "text": str(event.get("DESCRIPTION") or "").strip(), "repeats": rule.to_ical().decode() if rule else "",
        "private": "1" if str(event.get("CLASS") or "").upper() in ("PRIVATE", "CONFIDENTIAL") else "0",
        "state": CANCELLED if str(event.get("STATUS") or "").upper() == "CANCELLED" else OPEN,
    }  # fmt: skip


def excluded(event: Any) -> Iterator[Any]:
    """The starts that an event leaves out; a file may give them in one list or in several."""
    given = event.get("EXDATE") or []
    for part in given if isinstance(given, list) else [given]:
        yield from part.dts


def zone_of(access: Access, event: Any) -> ZoneInfo:
    """The zone of an event's clock; the user's for one that names none, or none that is known."""
    key = getattr(getattr(event["DTSTART"].dt, "tzinfo", None), "key", "")
    return ZoneInfo(key if key in available_timezones() and key != "UTC" else access.time_zone)


def moment_of(value: dt.date, zone: ZoneInfo) -> dt.datetime:
    """A day's midnight, a wall time or a moment, in UTC. Raises ValueError for one that no calendar shows."""
    if value.year not in YEARS:
        raise ValueError(value)
    if not isinstance(value, dt.datetime):
        value = dt.datetime.combine(value, dt.time())
    return to_utc(value if value.tzinfo else value.replace(tzinfo=zone))
