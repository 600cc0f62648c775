"""Keeping reports under a name, sharing them, and saying when they are sent and to whom."""

from collections.abc import Mapping, Sequence
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.changes import Change, Source, change_of
from models.collation import collation_key
from models.fields.errors import ConditionError, ValidationFailed
from models.reports import Report
from models.rights import SETTINGS, Access, NotAllowed
from models.saved_views import Audience
from models.security import Role, User
from models.transactions import in_transaction
from services.conditions import asks_unseen
from services.records import RecordNotFound, VersionConflict, now, object_id
from services.reports.definition import Problems, definition_of
from services.saved_views import audiences
from services.versioned import put_version

Raw = dict[str, Any]
MAX_NAME = 100
MOST_REPORTS = 500
MOST_RECIPIENTS = 100
EVERY = ("day", "week", "month")
DEFINED = ("register", "conditions", "groups", "across", "measures", "chart", "order", "limit", "as_of")
ASKS_UNSEEN = _l("The conditions of this report speak of fields that you don’t see. Ask its owner or an administrator.")
NOTED = ("name", "audience", "roles", *DEFINED, "schedule")


# Reading


def seen_by(access: Access) -> Raw:
    """The condition for the reports that a user may open: own ones, those for all, those for one of the user's
    roles."""
    mine: list[Raw] = [{"audience": Audience.ALL.value}]
    if access.user_id is not None:
        mine.append({"owner": access.user_id})
    if access.role_ids:
        mine.append({"audience": Audience.ROLE.value, "roles": {"$in": sorted(access.role_ids)}})
    return {"$or": mine}


def reports_for(access: Access) -> list[Raw]:
    """The reports that the user may open, by name: none of a register that the user may not see."""
    found = Report._get_collection().find(seen_by(access)).limit(MOST_REPORTS)
    seen = (raw for raw in found if access.may(raw["register"], "see"))
    return sorted(seen, key=lambda raw: (collation_key(raw["name"]), raw["_id"]))


def get_report(access: Access, report_id: Any) -> Raw:
    """One report. Raises RecordNotFound, also where the user may not see it or its register."""
    raw = Report._get_collection().find_one({"$and": [{"_id": object_id("report", report_id)}, seen_by(access)]})
    if raw is None or not access.may(raw["register"], "see"):
        raise RecordNotFound("report", report_id)
    return raw


def may_change(access: Access, report: Raw) -> bool:
    return access.everything or report["owner"] == access.user_id


def makes_sense(access: Access, report: Mapping[str, Any]) -> bool:
    """Whether the user sees all the fields that the report is about."""
    try:
        definition_of(access, report)
    except (ConditionError, ValidationFailed):
        return False
    return True


# Writing


def save_report(
    access: Access, values: Mapping[str, Any], report_id: Any = None, version: int | None = None
) -> Raw:  # fmt: skip
    """Keep a report, with `report_id` as the new state of that one; what `values` leave out stays as it is.

    `values` are the parts of a definition (services/reports/definition.py), `name`, `audience` ("me", "role", "all"),
    `roles` (ids) and `schedule` ({every, weekday, day, hour, users, roles} or None).
    Raises NotAllowed, RecordNotFound, VersionConflict, ConditionError and ValidationFailed by part.
    """
    if access.user_id is None:
        raise NotAllowed(_l("You may not do that. Ask an administrator for the right."))
    before = get_report(access, report_id) if report_id else None
    if before is not None and not may_change(access, before):
        raise NotAllowed(_l("This report is somebody else's. Save it as a new one of your own."))
    if before is not None and asks_unseen(access, before):
        raise NotAllowed(ASKS_UNSEEN)
    if before is not None and version is not None and version != before["version"]:
        raise VersionConflict(before)
    start = {"_id": ObjectId(), "owner": access.user_id, "created_at": now(), "version": 0}
    given = {part: values[part] for part in NOTED if part in values}
    after = cleaned(access, before, {**start, **(before or {}), **given})
    if after.get("schedule") and after["schedule"] != (before or {}).get("schedule"):
        # It goes out from its next moment on, and not for those that are past.
        after["sent_for"] = now()
    after["version"] += 1
    in_transaction(lambda session: write_report(session, access, before, after))
    return get_report(access, after["_id"])


def cleaned(access: Access, before: Raw | None, values: Mapping[str, Any]) -> Raw:
    """A report as it is kept. Raises ConditionError, and ValidationFailed with all that is wrong."""
    problems = Problems()
    name = " ".join(str(values.get("name") or "").replace("\x00", " ").split())
    if not name or len(name) > MAX_NAME:
        problems.add("name", _l("Give the report a name of at most %(max)s characters.", max=MAX_NAME))
    shared = clean_audience(access, before, values, problems)
    schedule = clean_schedule(access, before, values.get("schedule"), problems)
    try:
        definition = definition_of(access, values).as_raw()
    except ValidationFailed as error:
        raise ValidationFailed({**error.errors, **problems.found}) from error
    problems.raise_if_any()
    kept = {part: values[part] for part in ("_id", "owner", "created_at", "version", "sent_for") if part in values}
    return {**kept, "name": name, **shared, **definition, "schedule": schedule}


def clean_audience(access: Access, before: Raw | None, values: Mapping[str, Any], problems: Problems) -> Raw:
    """Whom the report is for; what it was for before may stay."""
    audience, roles = values.get("audience") or Audience.ME.value, ids_of(values.get("roles"))
    known = {value for value, _label in audiences(access)} | {str(one) for one in (before or {}).get("roles") or ()}
    if audience == Audience.ALL.value:
        if not access.may(SETTINGS, "change") and (before or {}).get("audience") != audience:
            problems.add("audience", _l("You may not share a report with everybody. Choose roles of your own."))
    elif audience == Audience.ROLE.value:
        if not roles:
            problems.add("roles", _l("Choose at least one role."))
        elif not {str(role) for role in roles} <= known:
            problems.add("roles", _l("Choose roles of your own."))
    elif audience != Audience.ME.value:
        problems.add("audience", _l("Choose from the list."))
    return {"audience": audience, "roles": roles if audience == Audience.ROLE.value else []}


def clean_schedule(access: Access, before: Raw | None, raw: Any, problems: Problems) -> Raw | None:
    """When the report is sent and to whom; None for never."""
    if not raw:
        return None
    if not isinstance(raw, Mapping) or raw.get("every") not in EVERY:
        problems.add("schedule", _l("Choose whether it is sent every day, week or month."))
        return None
    held = (before or {}).get("schedule") or {}
    users, roles = ids_of(raw.get("users")), ids_of(raw.get("roles"))
    known_users = {one.pk for one in User.objects(pk__in=users, active=True).only("id")} | set(held.get("users", ()))
    mine = {value for value, _label in audiences(access)}
    known_roles = {one.pk for one in Role.objects(pk__in=roles).only("id") if str(one.pk) in mine}
    if not users and not roles:
        problems.add("schedule", _l("Choose to whom it is sent."))
    elif not set(users) <= known_users or not set(roles) <= known_roles | set(held.get("roles", ())):
        problems.add("schedule", _l("Choose users and roles from the list."))
    elif len(users) > MOST_RECIPIENTS:
        problems.add("schedule", _l("At most %(max)s users. Choose a role instead.", max=MOST_RECIPIENTS))
    return {"every": raw["every"], "weekday": clean_number(raw, "weekday", 0, 6, problems),
            "day": clean_number(raw, "day", 1, 28, problems), "hour": clean_number(raw, "hour", 0, 23, problems),
            "users": users, "roles": roles}  # fmt: skip


def clean_number(raw: Mapping[str, Any], part: str, least: int, most: int, problems: Problems) -> int:
    """A part of a schedule; what is left out is its least."""
    given = raw.get(part)
    text = str(least if given in (None, "") else given)
    if not (text.isascii() and text.isdigit() and least <= int(text[:3]) <= most):
        problems.add("schedule", _l("Choose the day and the hour from the lists."))
        return least
    return int(text)


def ids_of(raw: Any) -> list[ObjectId]:
    """The ids among what was sent, each once."""
    given: Sequence[Any] = raw if isinstance(raw, (list, tuple)) else ()
    return list(dict.fromkeys(ObjectId(one) for one in given if isinstance(one, (str, ObjectId)) and
                              ObjectId.is_valid(one)))  # fmt: skip


def write_report(session: ClientSession, access: Access, before: Raw | None, after: Raw) -> None:
    put_version(session, Report._get_collection(), before, after)
    note(session, access, "update" if before else "create", before or {}, after)


def delete_report(access: Access, report_id: Any) -> Raw:
    """Delete a report; it is sent no more. Raises RecordNotFound, NotAllowed."""
    report = get_report(access, report_id)
    if not may_change(access, report):
        raise NotAllowed(_l("This report is somebody else's. Only its owner and administrators may delete it."))

    def work(session: ClientSession) -> None:
        if Report._get_collection().delete_one({"_id": report["_id"]}, session=session).deleted_count:
            note(session, access, "delete", report, {"_id": report["_id"], "version": report["version"] + 1})

    in_transaction(work)
    return report


def note(session: ClientSession, access: Access, action: str, before: Raw, after: Raw) -> None:
    told = [{part: report[part] for part in NOTED if report.get(part)} for report in (before, after)]
    Change._get_collection().insert_one({
        "register": "report", "record": after["_id"], "action": action, "version": after["version"], "at": now(),
        "by": access.user_id, "source": Source.SCREEN.value, "batch": None, "changes": change_of(*told)},
        session=session)  # fmt: skip
