"""Saving a list's conditions, order and columns under a name, sharing it, pinning it, opening a register with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.changes import Change, Source, change_of
from models.collation import collation_key
from models.fields.errors import ValidationFailed
from models.fields.query import visible_query
from models.fields.schema import schema_of
from models.fields.unseen import LOCKED
from models.registers import register_of
from models.rights import SETTINGS, Access, NotAllowed
from models.saved_views import Audience, SavedView
from models.security import Role, User
from models.transactions import in_transaction
from services.conditions import asks_unseen
from services.groups import group_field
from services.linked import only_check
from services.preferences import MAX_COLUMNS
from services.records import RecordNotFound, VersionConflict, now, object_id
from services.values import context_of
from services.versioned import put_version

Raw = dict[str, Any]
MAX_NAME = 100
#: A register shows so many views, and a user pins so many.
MOST_VIEWS, MOST_PINS = 200, 30
NOTED = ("name", "audience", "role", "conditions", "order", "direction", "columns", "group", "screen")
LIST = "list"


@dataclass(frozen=True)
class Query:
    """What a list shows: conditions as its address gives them (None: those that are kept already), the column it is
    ordered by, its columns, the one it is grouped by, and the screen of the register that shows it."""

    conditions: Sequence[Mapping[str, Any]] | None = ()
    order: str = ""
    direction: str = ""
    columns: Sequence[str] = ()
    group: str = ""
    screen: str = LIST

    def as_raw(self) -> Raw:
        direction = self.direction if self.direction == "desc" and self.order else ""
        return {"conditions": [dict(one) for one in self.conditions or ()], "order": self.order, "direction": direction,
                "columns": list(self.columns), "group": self.group, "screen": self.screen}  # fmt: skip

    def is_that_of(self, view: Raw) -> bool:
        """Whether the list is shown as the view has it."""
        mine = self.as_raw()
        theirs = Query().as_raw() | {name: view[name] for name in mine if name in view}
        return sorted_conditions(mine) == sorted_conditions(view) and all(
            mine[name] == theirs[name] for name in ("order", "direction", "columns", "group", "screen")
        )


def sorted_conditions(view: Mapping[str, Any]) -> list[str]:
    return sorted(repr(sorted(one.items())) for one in view.get("conditions") or ())


# Reading


def seen_by(access: Access) -> Raw:
    """The condition for the views that a user may open: own ones, those for all, those for one of the user's roles."""
    mine: list[Raw] = [{"audience": Audience.ALL.value}]
    if access.user_id is not None:
        mine.append({"owner": access.user_id})
    if access.role_ids:
        mine.append({"audience": Audience.ROLE.value, "role": {"$in": sorted(access.role_ids)}})
    return {"$or": mine}


def list_views(access: Access, register: str) -> list[Raw]:
    """The register's views that the user may open, by name."""
    if not access.may(register, "see"):
        return []
    found = SavedView._get_collection().find({"$and": [{"register": register}, seen_by(access)]}).limit(MOST_VIEWS)
    return sorted(found, key=lambda raw: (collation_key(raw["name"]), raw["_id"]))


def get_view(access: Access, view_id: Any) -> Raw:
    """One view. Raises RecordNotFound, also where the user may not see it or its register."""
    query = {"$and": [{"_id": object_id("saved_view", view_id)}, seen_by(access)]}
    raw = SavedView._get_collection().find_one(query)
    if raw is None or not access.may(raw["register"], "see"):
        raise RecordNotFound("saved_view", view_id)
    return raw


def may_change(access: Access, view: Raw) -> bool:
    return access.everything or view["owner"] == access.user_id


def pinned_views(access: Access, pins: Sequence[ObjectId]) -> list[Raw]:
    """Those of the pinned views that are still there for the user, in the order they were pinned."""
    if not pins:
        return []
    query = {"$and": [{"_id": {"$in": list(pins)}}, seen_by(access)]}
    found = {raw["_id"]: raw for raw in SavedView._get_collection().find(query, {"name": 1, "register": 1})}
    return [found[pin] for pin in pins if pin in found and access.may(found[pin]["register"], "see")]


def audiences(access: Access) -> list[tuple[str, Any]]:
    """(value, label) of those that the user may share with: oneself, roles one has (administrators: any), all."""
    roles = Role.objects if access.everything else Role.objects(pk__in=sorted(access.role_ids))
    found: list[tuple[str, Any]] = [(Audience.ME.value, _l("Only me"))]
    found += [(str(role.pk), role.name) for role in roles.order_by("name") if role.name != "Public"]
    if access.may(SETTINGS, "change"):
        found.append((Audience.ALL.value, _l("Everybody")))
    return found


# Writing


def save_view(
    access: Access, register: str, name: str, audience: str, query: Query, *, replaces: Any = None,
    version: int | None = None,
) -> Raw:  # fmt: skip
    """Keep a view; with `replaces` it is the new state of that one, which was seen in that `version`. `audience` is
    "me", "all" or a role's id.

    Raises NotAllowed, RecordNotFound, ValidationFailed, ConditionError, VersionConflict.
    """
    if access.user_id is None or not access.may(register, "see"):
        raise NotAllowed(_l("You may not do that. Ask an administrator for the right."))
    before = get_view(access, replaces) if replaces else None
    if before is not None and (before["register"] != register or not may_change(access, before)):
        raise NotAllowed(_l("This view is somebody else's. Save it as a new one of your own."))
    if before is not None and version not in (None, before["version"]):
        raise VersionConflict(before)
    raw = before or {"_id": ObjectId(), "register": register, "owner": access.user_id, "created_at": now(),
                     "version": 0}  # fmt: skip
    after = {**raw, "name": clean_name(name), **shared_with(access, audience, before),
             **checked(access, register, with_kept(access, query, before))}  # fmt: skip
    if before is not None and asks_unseen(access, before):
        after["conditions"] = before["conditions"]
    in_transaction(lambda session: write_view(session, access, before, after))
    return get_view(access, after["_id"])


def clean_name(name: str) -> str:
    name = " ".join(str(name).replace("\x00", " ").split())
    if not name or len(name) > MAX_NAME:
        raise ValidationFailed({"name": [_l("Give the view a name of at most %(max)s characters.", max=MAX_NAME)]})
    return name


def shared_with(access: Access, audience: str, before: Raw | None) -> Raw:
    """What a view keeps of whom it is for; it may stay as it is."""
    if before is not None and audience in (before["audience"], str(before.get("role"))):
        return {"audience": before["audience"], "role": before.get("role")}
    if audience not in [value for value, _label in audiences(access)]:
        raise NotAllowed(_l("You may not share a view with them. Choose “Only me”, or a role of your own."))
    if audience in (Audience.ME.value, Audience.ALL.value):
        return {"audience": audience, "role": None}
    return {"audience": Audience.ROLE.value, "role": ObjectId(audience)}


def with_kept(access: Access, query: Query, before: Raw | None) -> Query:
    """The query with the conditions that are kept already where it gives none. What a view asks of fields that its
    owner does not see any more stays as it is, unchecked. Raises ValidationFailed where it would be written over."""
    if before is None or not asks_unseen(access, before):
        kept = (before or {}).get("conditions") or ()
        return query if query.conditions is not None else replace(query, conditions=kept)
    if query.conditions is not None:
        raise ValidationFailed({"conditions": [LOCKED]})
    return query


def checked(access: Access, register: str, query: Query) -> Raw:
    """The query as it is kept; every condition must make sense to whoever saves it."""
    schema = schema_of(register).for_access(access)
    visible_query(schema, access, query.conditions or (), context_of(access), only_check)
    known = [column for column in dict.fromkeys(query.columns) if column in schema.by_column][:MAX_COLUMNS]
    order = query.order if query.order in schema.by_column else ""
    group = query.group if group_field(schema, query.group) else ""
    screen = query.screen if query.screen in schema.register.screens else LIST
    return Query(query.conditions, order, query.direction, known, group, screen).as_raw()


def write_view(session: ClientSession, access: Access, before: Raw | None, after: Raw) -> None:
    after = {**after, "version": after["version"] + 1}
    put_version(session, SavedView._get_collection(), before, after)
    note(session, access, "update" if before else "create", before or {}, after)


def delete_view(access: Access, view_id: Any) -> Raw:
    """Delete a view; whoever pinned it or opens a register with it does so no more.

    Raises RecordNotFound, NotAllowed.
    """
    view = get_view(access, view_id)
    if not may_change(access, view):
        raise NotAllowed(_l("This view is somebody else's. Only its owner and administrators may delete it."))

    def work(session: ClientSession) -> None:
        SavedView._get_collection().delete_one({"_id": view["_id"]}, session=session)
        User._get_collection().update_many({"pinned_views": view["_id"]}, {"$pull": {"pinned_views": view["_id"]}},
                                           session=session)  # fmt: skip
        key = f"default_views.{view['register']}"
        User._get_collection().update_many({key: view["_id"]}, {"$unset": {key: ""}}, session=session)
        gone = {"_id": view["_id"], "version": view["version"] + 1}
        note(session, access, "delete", view, gone)

    in_transaction(work)
    return view


def note(session: ClientSession, access: Access, action: str, before: Raw, after: Raw) -> None:
    told = [{name: view[name] for name in NOTED if view.get(name)} for view in (before, after)]
    Change._get_collection().insert_one({
        "register": "saved_view", "record": after["_id"], "action": action, "version": after["version"], "at": now(),
        "by": access.user_id, "source": Source.SCREEN.value, "batch": None, "changes": change_of(*told)},
        session=session)  # fmt: skip


# What a user does with views


def pin_view(access: Access, view_id: Any, *, pinned: bool) -> None:
    """Pin a view to the side bar, or take it from there. Raises RecordNotFound, ValidationFailed."""
    view = get_view(access, view_id)
    users, me = User._get_collection(), {"_id": access.user_id}
    if not pinned:
        users.update_one(me, {"$pull": {"pinned_views": view["_id"]}})
        return
    free = {**me, f"pinned_views.{MOST_PINS - 1}": {"$exists": False}}
    if not users.update_one(free, {"$addToSet": {"pinned_views": view["_id"]}}).matched_count:
        too_many = _l("At most %(max)s views can be pinned. Take one away first.", max=MOST_PINS)
        raise ValidationFailed({"pin": [too_many]})


def open_with(access: Access, view_id: Any, *, default: bool) -> None:
    """Have the user's list of the view's register open with it, or no longer. Raises RecordNotFound."""
    view = get_view(access, view_id)
    key = f"default_views.{register_of(view['register']).key}"
    change: Raw = {"$set": {key: view["_id"]}} if default else {"$unset": {key: ""}}
    User._get_collection().update_one({"_id": access.user_id}, change)
