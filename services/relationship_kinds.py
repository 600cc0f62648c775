"""The kinds of relationship there are: all of them as settings show them, making one's own, retiring it."""

import re
from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.changes import Source, change_of
from models.fields.definitions import bump_version, forget_version
from models.fields.errors import ValidationFailed
from models.registers import REGISTERS
from models.relationships import BUILT_IN, OBJECT, SUBJECT, OwnKind, RelationshipKind, all_kinds
from models.rights import SETTINGS, Access
from models.transactions import in_transaction
from services.audit import note_change
from services.choice_lists import texts_of
from services.records import RecordNotFound, VersionConflict, now
from services.relationships import hides
from services.settings import require_settings
from services.versioned import put_version

Raw = dict[str, Any]
MOST_KINDS = 100


def list_kinds(access: Access) -> list[Raw]:
    """The kinds as they are kept, the program's (version 0) first, retired ones too: all for those who manage settings,
    for others those whose records on both sides they may see."""
    own = {raw["key"]: raw for raw in OwnKind._get_collection().find()}
    return [spelled_out(kind, own.get(kind.key, {}).get("version", 0)) for kind in all_kinds().values()
            if access.may(SETTINGS, "change") or knows(access, kind)]  # fmt: skip


def knows(access: Access, kind: RelationshipKind) -> bool:
    sides = (kind.register_of(side) for side in (SUBJECT, OBJECT))
    return not hides(access, kind) and all(access.may(register, "see") for register in sides)


def spelled_out(kind: RelationshipKind, version: int) -> Raw:
    return {"key": kind.key, "subject": kind.subject, "object": kind.object, "label": texts_of(kind.label),
            "reverse": texts_of(kind.reverse), "mirrors": kind.mirrors, "retired": kind.retired,
            "own": kind.key not in BUILT_IN, "version": version}  # fmt: skip


def add_kind(
    access: Access, subject: str, object_: str, label: Mapping[str, str], reverse: Mapping[str, str], *,
    source: Source = Source.SCREEN,
) -> Raw:  # fmt: skip
    """A new kind of relationship; its key is made of its label. Raises NotAllowed, ValidationFailed."""
    require_settings(access)
    errors: dict[str, list[Any]] = {}
    labels = {"label": cleaned(label), "reverse": cleaned(reverse)}
    for name, texts in labels.items():
        if not texts:
            errors[name] = [_l("Give it a name in one language at least.")]
    for name, key in (("subject", subject), ("object", object_)):
        if key not in REGISTERS:
            errors[name] = [_l("Choose one from the list.")]
    if len(all_kinds()) >= MOST_KINDS:
        errors["label"] = [_l("At most %(max)s kinds.", max=MOST_KINDS)]
    if errors:
        raise ValidationFailed(errors)
    text = next(iter(labels["label"].values()))
    stem = re.sub(r"[^a-z0-9]+", "_", text.casefold()).strip("_")[:40] or "kind"
    known = all_kinds()
    key = next(
        name for name in (stem, *(f"{stem}_{number}" for number in range(2, MOST_KINDS + 2))) if name not in known
    )
    raw = {
        "_id": ObjectId(),
        "key": key,
        "subject": subject,
        "object": object_,
        **labels,
        "retired": False,
        "version": 1,
    }
    in_transaction(lambda session: write_kind(session, access, None, raw, source))
    forget_version()
    return raw


def retire_kind(
    access: Access, key: str, *, retired: bool, version: int | None = None, source: Source = Source.SCREEN
) -> Raw:
    """Offer a kind of one's own no more, or again; what is of it stays. Raises NotAllowed, RecordNotFound,
    VersionConflict."""
    require_settings(access)
    before = OwnKind._get_collection().find_one({"key": str(key)[:60]})
    if before is None:
        raise RecordNotFound("relationship_kind", key)
    if version not in (None, before["version"]):
        raise VersionConflict(before)
    after = {**before, "retired": retired, "version": before["version"] + 1}
    in_transaction(lambda session: write_kind(session, access, before, after, source))
    forget_version()
    return after


def cleaned(texts: Mapping[str, str]) -> dict[str, str]:
    found = {language: " ".join(text.replace("\x00", " ").split())[:100] for language, text in texts.items()}
    return {language: text for language, text in found.items() if text}


def write_kind(session: ClientSession, access: Access, before: Raw | None, after: Raw, source: Source) -> None:
    put_version(session, OwnKind._get_collection(), before, after)
    noted = [
        {name: value for name, value in raw.items() if name not in ("_id", "version")} for raw in (before or {}, after)
    ]
    note_change(session, {
        "register": "relationship_kind", "record": after["_id"], "action": "update" if before else "create",
        "version": after["version"], "at": now(), "by": access.user_id, "source": source.value, "batch": None,
        "changes": change_of(*noted)}, after)  # fmt: skip
    bump_version(session)
