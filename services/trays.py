"""Trays: which ones a user has and how they have arranged them; making and arranging the trays of roles."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from bson.errors import InvalidId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from models.changes import Source, change_of
from models.collation import collation_key
from models.fields.errors import ValidationFailed
from models.fields.field import label_in
from models.rights import Access, NotAllowed
from models.security import Role
from models.transactions import in_transaction
from models.trays import OwnTray, Tray
from services.audit import note_change
from services.ready_trays import GENERAL, READY
from services.records import RecordNotFound, VersionConflict, now
from services.settings import require_settings
from services.tray_tools import TOOLS

Raw = dict[str, Any]
Tools = list[Raw]
#: From the tools of a tray those that it is to have.
Arranging = Callable[[Tools], Tools]
LANGUAGES = ("en", "fi")
MAX_NAME = 60
#: An organisation has so many trays of its own, and a tray so many tools.
MOST_TRAYS, MOST_TOOLS = 100, 40
NOTED = ("label", "roles", "tools")


@dataclass(frozen=True)
class SeenTray:
    """A tray as one sees it: by its key in addresses; `tools` as the user has arranged them, or the role has them.

    `version` is that of the arrangement, 0 where there is none yet; `arranged` says that it is the user's own. `named`
    counts how often its name and roles were saved: who arranges it meanwhile is in nobody's way.
    """

    key: str
    label: Any
    tools: Sequence[Raw]
    roles: Sequence[ObjectId] = ()
    version: int = 0
    arranged: bool = False
    named: int = 0

    def name_in(self, language: str) -> str:
        return label_in(self.label, language)

    @property
    def ready(self) -> bool:
        return self.key in READY


# Reading


def trays_of(access: Access) -> list[SeenTray]:
    """The trays of the user's roles, else the one for all others, each as the user has arranged it. One command."""
    roles: Raw = {"$or": [{"roles": {"$in": sorted(access.role_ids)}}, {"ready": GENERAL}]}
    own = {"$unionWith": {"coll": OwnTray._get_collection().name, "pipeline": [{"$match": {"user": access.user_id}}]}}
    found = list(Tray._get_collection().aggregate([{"$match": roles}, own]))
    arranged = {raw["tray"]: raw for raw in found if "tray" in raw}
    trays = [seen_tray(raw) for raw in found if "tray" not in raw and access.role_ids.intersection(raw["roles"])]
    trays = trays or [next((seen_tray(raw) for raw in found if raw.get("ready") == GENERAL), ready_tray(GENERAL))]
    return in_order(as_arranged(tray, arranged.get(tray.key)) for tray in trays)


def tray_of(access: Access, key: str) -> SeenTray:
    """One of the user's trays. Raises RecordNotFound."""
    found = next((tray for tray in trays_of(access) if tray.key == key), None)
    if found is None:
        raise RecordNotFound("tray", key)
    return found


def all_trays() -> list[SeenTray]:
    """Every tray as its roles have it: those that come with the program first."""
    stored = [seen_tray(raw) for raw in Tray._get_collection().find().limit(MOST_TRAYS + len(READY))]
    keys = {tray.key for tray in stored}
    return in_order([*stored, *(ready_tray(key) for key in READY if key not in keys)])


def get_tray(key: str) -> SeenTray:
    """One tray as its roles have it. Raises RecordNotFound."""
    raw = Tray._get_collection().find_one(query_of(key))
    if raw is None and key not in READY:
        raise RecordNotFound("tray", key)
    return ready_tray(key) if raw is None else seen_tray(raw)


def query_of(key: str) -> Raw:
    """What finds a tray by its key. Raises RecordNotFound for one that none can have."""
    if key in READY:
        return {"ready": key}
    try:
        return {"_id": ObjectId(key), "ready": None}
    except (InvalidId, TypeError) as error:
        raise RecordNotFound("tray", key) from error


def ready_tray(key: str) -> SeenTray:
    return SeenTray(key, READY[key].label, READY[key].tools)


def seen_tray(raw: Raw) -> SeenTray:
    ready = READY.get(raw.get("ready") or "")
    label, tools = raw.get("label"), raw.get("tools")
    return SeenTray(
        ready.key if ready else str(raw["_id"]), ready.label if ready and label is None else label or {},
        ready.tools if ready and tools is None else tools or [], raw.get("roles") or (), raw["version"],
        named=raw.get("named") or 0,
    )  # fmt: skip


def as_arranged(tray: SeenTray, own: Raw | None) -> SeenTray:
    """The tray as its user has it. Its version is then that of the user's arrangement."""
    if own is None:
        return SeenTray(tray.key, tray.label, tray.tools, tray.roles)
    tools = own.get("tools")
    return SeenTray(tray.key, tray.label, tray.tools if tools is None else tools, tray.roles, own["version"],
                    tools is not None)  # fmt: skip


def in_order(trays: Iterable[SeenTray]) -> list[SeenTray]:
    places = {key: place for place, key in enumerate(READY)}
    return sorted(trays, key=lambda tray: (places.get(tray.key, len(places)), collation_key(tray.name_in("en"))))


def seen_tools(access: Access, tools: Iterable[Raw]) -> Tools:
    """Those of the tools that there are and that the user may have."""
    return [raw for raw in tools if raw["tool"] in TOOLS and TOOLS[raw["tool"]].may(access)]


def tool_of(access: Access, tools: Iterable[Raw], tool_id: str) -> Raw:
    """One of a tray's tools. Raises RecordNotFound."""
    found = next((raw for raw in seen_tools(access, tools) if raw["id"] == tool_id), None)
    if found is None:
        raise RecordNotFound("tool", tool_id)
    return found


# Arranging


def arrange_own(access: Access, key: str, change: Arranging) -> SeenTray:
    """Change the tools of the user's own tray. Raises RecordNotFound, ValidationFailed, and what `change` does."""
    return write_own(access, key, lambda tools, _own: change(tools))


def reset_own(access: Access, key: str) -> SeenTray:
    """Have the user's tray as its role has it. Raises RecordNotFound."""
    return write_own(access, key, lambda _tools, _own: None)


def undo_own(access: Access, key: str, version: int) -> SeenTray:
    """Take the change back that made `version`. Raises RecordNotFound, VersionConflict where another one followed."""
    return write_own(access, key, lambda _tools, own: tools_before(own, version))


def arrange_tray(access: Access, key: str, change: Arranging) -> SeenTray:
    """Change the tools that a tray has for its roles. Raises NotAllowed, RecordNotFound, ValidationFailed."""
    return write_tray(access, key, lambda tools, _raw: {"tools": change(tools)})


def reset_tray(access: Access, key: str) -> SeenTray:
    """Have a tray that comes with the program as it was at first. Raises NotAllowed, RecordNotFound."""
    if key not in READY:
        raise RecordNotFound("tray", key)
    return write_tray(access, key, lambda _tools, _raw: {"tools": None})


def undo_tray(access: Access, key: str, version: int) -> SeenTray:
    """Take the change of tools back that made `version`. Raises NotAllowed, RecordNotFound, VersionConflict."""
    return write_tray(access, key, lambda _tools, raw: {"tools": tools_before(raw, version)})


def tools_before(raw: Raw, version: int) -> Tools | None:
    if raw["version"] != version:
        raise VersionConflict(raw)
    return raw.get("before")


def write_own(access: Access, key: str, tools_of: Callable[[Tools, Raw], Tools | None]) -> SeenTray:
    """Keep what `tools_of` makes of the tools and of the user's arrangement as it is kept so far."""
    tray = tray_of(access, key)
    of_role = get_tray(key).tools
    place = {"user": access.user_id, "tray": tray.key}

    def work(session: ClientSession) -> None:
        own = OwnTray._get_collection().find_one(place, session=session) or {"_id": None, "version": 0}
        kept = own.get("tools")
        present = [*(of_role if kept is None else kept)]
        tools = tools_of([*present], own)
        if tools != kept and (kept is not None or tools != present):
            values = {"tools": tools, "before": kept, "version": own["version"] + 1}
            OwnTray._get_collection().update_one(place, {"$set": values}, upsert=True, session=session)

    in_transaction(work)
    return tray_of(access, key)


# Making the trays of roles


def save_tray(
    access: Access, key: str | None, *, label: Mapping[str, str], roles: Sequence[str], named: int = 0, like: str = "",
    tools: Tools | None = None, source: Source = Source.SCREEN,
) -> SeenTray:  # fmt: skip
    """Name a tray and say for which roles it is, where `named` is what it was; without a key a new one, with these
    tools or those of the tray `like`.

    Raises NotAllowed, RecordNotFound, ValidationFailed by "label" and "roles", VersionConflict.
    """
    require_settings(access)
    values = {"label": clean_label(label), "roles": clean_roles(roles)}
    if key is not None:
        return write_tray(access, key, lambda _tools, raw: {**values, "named": next_name(raw, named)})
    if Tray._get_collection().count_documents({}, limit=MOST_TRAYS) >= MOST_TRAYS:
        raise ValidationFailed({"label": [_l("There are %(max)s trays already. Delete one first.", max=MOST_TRAYS)]})
    raw = {"_id": ObjectId(), **values, "version": 1,
           "tools": [*get_tray(like or GENERAL).tools] if tools is None else tools}  # fmt: skip

    def work(session: ClientSession) -> None:
        Tray._get_collection().insert_one(raw, session=session)
        note(session, access, "create", {}, raw, source)

    in_transaction(work)
    return seen_tray(raw)


def next_name(raw: Raw, named: int) -> int:
    if (raw.get("named") or 0) != named:
        raise VersionConflict(raw)
    return named + 1


def delete_tray(access: Access, key: str, *, source: Source = Source.SCREEN) -> SeenTray:
    """Delete a tray with what users have arranged of it. Raises NotAllowed, also for one that comes with the program,
    RecordNotFound."""
    require_settings(access)
    tray = get_tray(key)
    if tray.ready:
        raise NotAllowed(_l("This tray comes with the program. Take it from its roles, and nobody has it."))

    def work(session: ClientSession) -> None:
        before = Tray._get_collection().find_one_and_delete(query_of(key), session=session)
        if before is None:
            raise RecordNotFound("tray", key)
        OwnTray._get_collection().delete_many({"tray": key}, session=session)
        note(session, access, "delete", before, {"_id": before["_id"], "version": before["version"] + 1}, source)

    in_transaction(work)
    return tray


def write_tray(
    access: Access, key: str, values_of: Callable[[Tools, Raw], Raw], source: Source = Source.SCREEN
) -> SeenTray:
    """Set what `values_of` makes of a tray's tools and of what is kept of it. A tray that comes with the program is
    kept from the first time that it is changed."""
    require_settings(access)
    in_transaction(lambda session: put_tray(session, access, key, values_of, source))
    return get_tray(key)


def put_tray(
    session: ClientSession, access: Access, key: str, values_of: Callable[[Tools, Raw], Raw],
    source: Source = Source.SCREEN,
) -> None:  # fmt: skip
    raw = Tray._get_collection().find_one(query_of(key), session=session)
    if raw is None and key not in READY:
        raise RecordNotFound("tray", key)
    before = raw or {"_id": ObjectId(), "ready": key, "roles": [], "version": 0}
    values = values_of([*seen_tray(before).tools], before)
    if "tools" in values:
        values["before"] = before.get("tools")
    after = {**before, **values, "version": before["version"] + 1}
    Tray._get_collection().replace_one({"_id": after["_id"]}, after, upsert=True, session=session)
    note(session, access, "update" if raw else "create", raw or {}, after, source)


def clean_label(label: Mapping[str, str]) -> Raw:
    texts = {language: " ".join(str(label.get(language, "")).replace("\x00", " ").split()) for language in LANGUAGES}
    if not any(texts.values()) or max(map(len, texts.values())) > MAX_NAME:
        raise ValidationFailed({"label": [_l("Give the tray a name of at most %(max)s characters.", max=MAX_NAME)]})
    return {language: text for language, text in texts.items() if text}


def clean_roles(roles: Sequence[str]) -> list[ObjectId]:
    ids = [ObjectId(one) for one in dict.fromkeys(roles) if ObjectId.is_valid(one)]
    known = {role.pk for role in Role.objects(pk__in=ids).only("id")}
    if len(known) < len(set(roles)):
        raise ValidationFailed({"roles": [_l("A role is gone. Choose anew.")]})
    return ids


def bind_ready_trays() -> None:
    """Give the trays that come with the program to the ready roles; those that somebody has seen to are left alone."""
    roles = {role.name: role.pk for role in Role.objects}
    for ready in READY.values():
        ids = [roles[name] for name in ready.roles if name in roles]
        if ids:
            give_tray(ready.key, ids)


def give_tray(key: str, roles: Sequence[ObjectId]) -> None:
    """Give a tray that comes with the program to roles as well, as long as nobody has seen to it."""
    untouched = {"ready": key, "version": 1}
    with suppress(DuplicateKeyError):
        Tray._get_collection().update_one(untouched, {"$addToSet": {"roles": {"$each": list(roles)}}}, upsert=True)


def note(session: ClientSession, access: Access, action: str, before: Raw, after: Raw, source: Source) -> None:
    told = [{name: tray[name] for name in NOTED if tray.get(name) is not None} for tray in (before, after)]
    note_change(session, {
        "register": "tray", "record": after["_id"], "action": action, "version": after["version"], "at": now(),
        "by": access.user_id, "source": source.value, "batch": None, "changes": change_of(*told)},
        {**before, **after})  # fmt: skip
