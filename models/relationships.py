"""How records are related: people who work for companies, companies that own one another, people who know people.

A relationship says "subject <kind> object": Maija works for Voima Oy. It has a title, and days since and until when;
one without `until` is current. What kinds there are is set by administrators; some come with the program.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import mongoengine as me
from flask_babel import lazy_gettext as _l

from models.fields.definitions import KeptByVersion
from models.fields.field import label_in

SUBJECT, OBJECT = "subject", "object"


@dataclass(frozen=True)
class RelationshipKind:
    """One kind. `label` is read from the subject ("works for"), `reverse` from the object ("employs"). `mirrors` is the
    subject's field of links that holds the objects of its current relationships of this kind."""

    key: str
    subject: str
    object: str
    label: Any
    reverse: Any
    mirrors: str = ""
    retired: bool = False
    own: bool = False

    def label_from(self, side: str, language: str) -> str:
        return label_in(self.label if side == SUBJECT else self.reverse, language) or self.key

    def register_of(self, side: str) -> str:
        return self.subject if side == SUBJECT else self.object

    def sides(self, register: str) -> list[str]:
        """On which sides a register's records may stand; of people who know people either side is the same."""
        both = [side for side in (SUBJECT, OBJECT) if self.register_of(side) == register]
        return both[:1] if str(self.label) == str(self.reverse) else both


BUILT_IN = {
    kind.key: kind
    for kind in (
        RelationshipKind("works_for", "person", "company", _l("Works for"), _l("Employs"), mirrors="companies"),
        RelationshipKind("owns", "company", "company", _l("Owns"), _l("Is owned by")),
        RelationshipKind("supplies", "company", "company", _l("Supplies"), _l("Is supplied by")),
        RelationshipKind("part_of", "company", "company", _l("Is part of"), _l("Has as its part")),
        RelationshipKind("knows", "person", "person", _l("Knows"), _l("Knows")),
    )
}


def other_side(side: str) -> str:
    return OBJECT if side == SUBJECT else SUBJECT


class OwnKind(me.Document):
    """A kind of the organisation's own. `key` never changes; labels map a language to text."""

    key = me.StringField(required=True)
    subject = me.StringField(required=True)
    object = me.StringField(required=True)
    label = me.DictField()
    reverse = me.DictField()
    retired = me.BooleanField(default=False)
    version = me.IntField(default=1)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "relationship_kind",
        "auto_create_index": False,
        "indexes": [{"fields": ["key"], "unique": True}],
    }


class Relationship(me.Document):
    """One relationship; `subject` and `object` are records of the kind's registers."""

    kind = me.StringField(required=True)
    subject = me.ObjectIdField(required=True)
    object = me.ObjectIdField(required=True)
    title = me.StringField(max_length=200)
    since = me.DateTimeField()
    until = me.DateTimeField()
    created_at = me.DateTimeField(required=True)
    created_by = me.ObjectIdField()
    changed_at = me.DateTimeField(required=True)
    version = me.IntField(default=1)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "relationship",
        "auto_create_index": False,
        "indexes": [["subject", "kind"], ["object", "kind"]],
    }


@KeptByVersion
def all_kinds() -> dict[str, RelationshipKind]:
    """key -> kind, the program's first, then the organisation's own; retired ones too."""
    own = {raw["key"]: kind_of(raw) for raw in OwnKind._get_collection().find().sort("_id", 1)}
    return {**BUILT_IN, **own}


def kind_of(raw: Mapping[str, Any]) -> RelationshipKind:
    return RelationshipKind(raw["key"], raw["subject"], raw["object"], dict(raw["label"]), dict(raw["reverse"]),
                            retired=bool(raw.get("retired")), own=True)  # fmt: skip


def mirroring(register: str) -> list[RelationshipKind]:
    """The kinds whose current relationships stand in a field of the register."""
    return [kind for kind in BUILT_IN.values() if kind.mirrors and kind.subject == register]
