"""What a user has chosen for the screens: the columns of each list, and whose calendars are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from models.fields.schema import Schema
from models.rights import Access
from models.security import User

MAX_COLUMNS = 50
#: How the calendar may be looked at, and what its colours may tell.
CALENDAR_VIEWS = ("day", "week", "month", "list", "people")
CALENDAR_COLOURS = ("kind", "person")
MOST_SHOWN = 60


@dataclass(frozen=True)
class CalendarChoice:
    """What a user's calendar shows: of whom, in which view ("" is the usual one), with tasks or without, and what its
    colours tell."""

    users: tuple[ObjectId, ...]
    teams: tuple[ObjectId, ...] = ()
    view: str = ""
    tasks: bool = True
    colours: str = CALENDAR_COLOURS[0]


def calendar_choice(access: Access) -> CalendarChoice:
    """What the user has chosen for the calendar; at first one's own entries, by kind."""
    raw = (User._get_collection().find_one({"_id": access.user_id}, {"calendar": 1}) or {}).get("calendar") or {}
    own = (access.user_id,) if access.user_id else ()
    return CalendarChoice(tuple(raw.get("users", own)), tuple(raw.get("teams", ())), raw.get("view", ""),
                          raw.get("tasks", True), raw.get("colours", CALENDAR_COLOURS[0]))  # fmt: skip


def choose_calendar(
    access: Access, *, users: Sequence[str], teams: Sequence[str], view: str, tasks: bool, colours: str
) -> CalendarChoice:
    """Keep what the calendar is to show; what is none of the known is left out."""
    values = {
        "users": [ObjectId(one) for one in dict.fromkeys(users) if ObjectId.is_valid(one)][:MOST_SHOWN],
        "teams": [ObjectId(one) for one in dict.fromkeys(teams) if ObjectId.is_valid(one)][:MOST_SHOWN],
        "view": view if view in CALENDAR_VIEWS else "", "tasks": tasks,
        "colours": colours if colours in CALENDAR_COLOURS else CALENDAR_COLOURS[0],
    }  # fmt: skip
    User._get_collection().update_one({"_id": access.user_id}, {"$set": {"calendar": values}})
    return calendar_choice(access)


def printing_choice(access: Access) -> dict[str, str]:
    """How the user has printed labels the last time: what the form held, by the names of its inputs."""
    raw = User._get_collection().find_one({"_id": access.user_id}, {"printing": 1}) or {}
    return dict(raw.get("printing") or {})


def choose_printing(access: Access, typed: Mapping[str, str]) -> None:
    """Keep how labels are printed."""
    User._get_collection().update_one({"_id": access.user_id}, {"$set": {"printing": dict(typed)}})


def exporting_choice(access: Access) -> dict[str, str]:
    """How the user has exported records the last time: what the form held, by the names of its inputs."""
    raw = User._get_collection().find_one({"_id": access.user_id}, {"exporting": 1}) or {}
    return dict(raw.get("exporting") or {})


def choose_exporting(access: Access, typed: Mapping[str, str]) -> None:
    """Keep how records are exported."""
    User._get_collection().update_one({"_id": access.user_id}, {"$set": {"exporting": dict(typed)}})


def list_columns(chosen: Mapping[str, Sequence[str]], schema: Schema) -> list[str]:
    """The columns of a register's list: those that its user has chosen for each register, as far as they still exist,
    else the usual ones."""
    known = [column for column in chosen.get(schema.register.key) or () if column in schema.by_column]
    return known or [field.column for field in schema.fields if field.in_list]


def choose_columns(access: Access, schema: Schema, columns: Sequence[str]) -> list[str]:
    """Keep the columns a user wants to see, in that order; the name is always among them. None means the usual."""
    name = schema.register.name_field
    known = [column for column in dict.fromkeys(columns) if column in schema.by_column][:MAX_COLUMNS]
    if known and name not in known:
        known.insert(0, name)
    change: dict[str, Any] = {"$set" if known else "$unset": {f"list_columns.{schema.register.key}": known}}
    User._get_collection().update_one({"_id": access.user_id}, change)
    return known
