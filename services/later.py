"""One occurrence of a repeating activity and all later ones changed: the series ends before it, and another one begins
with it, in one transaction. What was changed by itself, or left out, from there on follows to the new series.
"""

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import takewhile
from typing import Any

from pymongo.client_session import ClientSession

from models.activities import BY_SERIES, Activity
from models.fields.schema import Schema, schema_of
from models.rights import Access
from models.transactions import in_transaction
from services.following import Pairs, follows
from services.occurrences import (
    INSTANT,
    REGISTER,
    NoOccurrence,
    alone,
    begun_at,
    ended_rule,
    occurrence_of,
    series_at,
)
from services.records import (
    SCREEN,
    VersionConflict,
    changed_document,
    get_record,
    insert,
    move_to_bin,
    now,
    replace_record,
    update_record,
    write_version,
)
from services.recurrence import all_spans, moment, own_span, wall_start, zone_of
from services.repeating import counted_down

Raw = dict[str, Any]
Shift = Callable[[dt.datetime], dt.datetime]


def begun_for(access: Access, activity_id: Any, start: dt.datetime, which: str) -> Raw:
    """What a form begins with for the occurrence with that start alone ("one") or for it and all later ones: a record
    that is not written yet. Raises RecordNotFound, NotAllowed, NoOccurrence."""
    series = series_at(access, activity_id, start, None)
    if which == "one":
        return alone(access, series, occurrence_of(series, start))
    return continued(access, series, start)


def change_later(
    access: Access, activity_id: Any, start: dt.datetime, values: Mapping[str, Any], *,
    version: int | None = None, keep: Collection[str] = (),
) -> Raw:  # fmt: skip
    """Change the occurrence with that start and all later ones ({column: what was sent}); returns the series that
    begins there, the same one where it is the first. Raises RecordNotFound, NotAllowed, VersionConflict, NoOccurrence,
    ValidationFailed."""
    series = series_at(access, activity_id, start, version)
    begun = continued(access, series, start)
    if is_first(series, start):
        return update_record(access, REGISTER, series["_id"], values, version=version, keep=keep,
                             strict=version is not None)  # fmt: skip
    schema = schema_of(REGISTER)
    later = changed_document(access, schema, begun, values, keep, begun)
    shift = shift_between(begun, later)
    later = with_skipped(later, [shift(one) for one in series.get("skipped") or () if one > start])
    ended = changed_document(access, schema, series, {"repeats": ended_rule(series, start)}, (), series)
    ended.update(version=series["version"] + 1, changed_at=now())

    def work(session: ClientSession) -> None:
        replace_record(session, access, schema, series, ended, SCREEN)
        insert(session, access, schema, [later], SCREEN)
        hand_over(session, access, schema, changed_ones(session, series, start), later, shift)

    in_transaction(work)
    return later


def rejoin(
    access: Access, later_id: Any, series_id: Any, start: dt.datetime, rule: str, *, version: int, series_version: int
) -> Raw:
    """Take `change_later` back, as long as nobody has changed either series since: the later one goes into the recycle
    bin and the first one goes on by its `rule`; returns it. `start` is the occurrence from which on it was changed.

    Raises RecordNotFound, NotAllowed, VersionConflict, NoOccurrence, ValidationFailed.
    """
    schema = schema_of(REGISTER)
    later, series = get_record(access, REGISTER, later_id, "delete"), get_record(access, REGISTER, series_id, "change")
    for raw, seen in ((later, version), (series, series_version)):
        if raw["version"] != seen:
            raise VersionConflict(raw)
    whole = changed_document(access, schema, series, {"repeats": rule}, (), series)
    whole.update(version=series["version"] + 1, changed_at=now())
    if not whole.get("repeats") or series.get("repeats") != ended_rule(whole, start):
        raise NoOccurrence
    shift = shift_between(later, begun_at(access, whole, occurrence_of(whole, start)))

    def work(session: ClientSession) -> None:
        replace_record(session, access, schema, series, whole, SCREEN)
        hand_over(session, access, schema, changed_ones(session, later), whole, shift)
        move_to_bin(session, access, schema, later, SCREEN)

    in_transaction(work)
    return whole


def continued(access: Access, series: Raw, start: dt.datetime) -> Raw:
    """The series as it goes on from one of its occurrences, not written yet: a rule that counts has fewer to come.
    Raises NoOccurrence."""
    begun = begun_at(access, series, occurrence_of(series, start))
    own = own_span(series) or (start, start)
    earlier = takewhile(lambda span: span[0] < start, all_spans(series, own[0], start + INSTANT))
    return {**begun, "repeats": counted_down(series["repeats"], sum(1 for _span in earlier))}


def is_first(series: Raw, start: dt.datetime) -> bool:
    own = own_span(series)
    return own is not None and own[0] == start


def with_skipped(later: Raw, skipped: Sequence[dt.datetime]) -> Raw:
    return {**later, "skipped": list(skipped)} if skipped and later.get("repeats") else later


def shift_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> Shift:
    """How the starts of a series move when it begins otherwise: as far on the wall clock."""
    if own_span(before) is None or own_span(after) is None:
        return lambda start: start
    was, zone = zone_of(before), zone_of(after)
    by = wall_start(after, zone) - wall_start(before, was)
    if not by and was == zone:
        return lambda start: start
    return lambda start: moment(start.astimezone(was).replace(tzinfo=None) + by, zone)


def changed_ones(session: ClientSession, series: Mapping[str, Any], since: dt.datetime | None = None) -> list[Raw]:
    """The records of a series that stand for one of its occurrences each, of those from `since` on."""
    query: Raw = {"series": series["_id"], **({"occurrence": {"$gte": since}} if since else {})}
    return list(Activity._get_collection().find(query, session=session, hint=BY_SERIES))


def hand_over(
    session: ClientSession, access: Access, schema: Schema, records: Sequence[Raw], series: Raw, shift: Shift
) -> None:
    """Have records that stand for an occurrence each stand for one of this series, as a version of their own."""
    for raw in records:
        after = {**raw, "series": series["_id"], "occurrence": shift(raw["occurrence"]),
                 "version": raw["version"] + 1, "changed_at": now()}  # fmt: skip
        told = ({name: raw[name] for name in ("series", "occurrence")},
                {name: after[name] for name in ("series", "occurrence")})  # fmt: skip
        write_version(session, access, schema, raw, after, told)


@follows(REGISTER)
def keep_left_out(session: ClientSession, access: Access, pairs: Pairs) -> None:
    """Where a whole series begins otherwise, what it leaves out and what stands for its occurrences moves with it, in
    the transaction that writes it: the calendar, a form, REST or a bulk edit."""
    schema = schema_of(REGISTER)
    for before, after in pairs:
        if before is None or after is None or not before.get("skipped") or not after.get("repeats"):
            continue
        if before["skipped"] != after.get("skipped") or own_span(before) == own_span(after):
            continue
        shift = shift_between(before, after)
        after["skipped"] = [shift(one) for one in before["skipped"]]  # type: ignore[index]
        Activity._get_collection().update_one(
            {"_id": after["_id"]}, {"$set": {"skipped": after["skipped"]}}, session=session)  # fmt: skip
        hand_over(session, access, schema, changed_ones(session, before), dict(after), shift)
