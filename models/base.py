"""What every record of a register has: owner, team, version, custom values and what is derived from them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import mongoengine as me
from flask_babel import lazy_gettext as _l
from pymongo import ASCENDING, IndexModel

from models.collation import collation_key
from models.fields.field import Field
from models.fields.fixed import fixed
from models.rights import Access
from models.search_words import kept_words


class RecordQuerySet(me.QuerySet):
    """The query vocabulary every register shares."""

    def visible_to(self, access: Access, action: str = "see") -> "RecordQuerySet":
        """Only the records on which the access grants the action."""
        return self.filter(__raw__=access.condition(self._document.register_key, action))


class Record(me.Document):
    """One record of a register. Values are written by `services.records` alone.

    `facets` holds "column=value" tokens of the few-valued fields and of owner and team, so that one index answers
    rights and equality in name order (measured: docs/storage.md); `ranges` holds the custom numbers and moments, so
    that a wildcard index covers them and no text; `sort_name` is the collation key; `words` are what the search box
    looks for; `texts` holds the plain text of formatted ones by column, for conditions.
    """

    register_key: ClassVar[str]
    #: Fields that `complete` fills, and the fields it makes them of.
    made_of: ClassVar[dict[str, tuple[str, ...]]] = {}

    owner = fixed("user", _l("Owner"), section="record", order=910)
    team = fixed("team", _l("Team"), section="record", order=920)
    created_at = fixed("datetime", _l("Added"), section="record", order=930, read_only=True,
                       derived=True)  # fmt: skip
    created_by = fixed("user", _l("Added by"), section="record", order=940, read_only=True,
                       derived=True)  # fmt: skip
    changed_at = fixed("datetime", _l("Changed"), section="record", order=950, read_only=True,
                       derived=True)  # fmt: skip
    version = me.IntField(default=1)
    custom = me.DictField()
    facets = me.ListField(me.StringField())
    ranges = me.DictField()
    sort_name = me.StringField()
    texts = me.DictField()
    words = me.ListField(me.StringField())
    #: The records that were merged into this one: their history is its own, and their addresses lead to it.
    merged_from = me.ListField(me.ObjectIdField())

    meta: ClassVar[dict[str, Any]] = {
        "abstract": True,
        "queryset_class": RecordQuerySet,
        "auto_create_index": False,
        "strict": False,
    }

    def __str__(self) -> str:
        return str(getattr(self, "name", "") or self.pk)

    @classmethod
    def complete(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Fixed values completed from one another (a person's name); overridden by registers that need it."""
        return values

    @classmethod
    def implied(cls, before: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
        """What else is written with `values` ({column: stored value}) to a record that was `before` (raw; a new one has
        no version of its own values yet): change entries tell of it as of the rest. Overridden by registers."""
        return {}

    @classmethod
    def begin(cls, access: Access) -> dict[str, Any]:
        """What a new record of a user starts with besides owner and team; overridden by registers that need it."""
        return {}

    @classmethod
    def form_defaults(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """What a new record's form starts with because of what its address gives; overridden by registers."""
        return {}

    @classmethod
    def first_in_form(cls, values: Mapping[str, Any]) -> Sequence[str]:
        """Columns that stand first in a form of these values, in their order; overridden by registers."""
        return ()

    @classmethod
    def as_read(cls, raw: Mapping[str, Any]) -> dict[str, Any]:
        """What finds a record only as long as nobody has written it since it was read (raw); overridden by registers
        of which the program writes something that makes no new version."""
        return {"_id": raw["_id"], "version": raw["version"]}

    @classmethod
    def problems(cls, document: Mapping[str, Any]) -> dict[str, Any]:
        """{column: message} of values that don't go together; overridden by registers that have such."""
        return {}

    @classmethod
    def settled(cls, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
        """{column: message} of what was changed between two raw documents though it can't be any more (of what was
        sent); overridden by registers that have such."""
        return {}

    @classmethod
    def derive(cls, document: dict[str, Any]) -> dict[str, Any]:
        """A raw document with its derived values made anew; overridden by registers that have such."""
        return document

    @classmethod
    def index_models(cls) -> list[IndexModel]:
        """The indexes of a register; `services.planning` chooses among them by their names."""
        return [
            IndexModel([("sort_name", ASCENDING), ("_id", ASCENDING)], name="by_name"),
            IndexModel([("facets", ASCENDING), ("sort_name", ASCENDING), ("_id", ASCENDING)], name="by_facet"),
            IndexModel([("ranges.$**", ASCENDING)], name="by_range"),
            IndexModel([("created_at", ASCENDING)], name="by_created"),
            IndexModel([("words", ASCENDING)], name="by_word"),
            IndexModel([("merged_from", ASCENDING)], name="by_merged", sparse=True),
        ]


def derived_values(filled: Iterable[tuple[Field, Any]], name: Any) -> dict[str, Any]:
    """`facets`, `ranges`, `sort_name`, `words` and `texts` of a document: of its filled fields (`Schema.filled`) and
    its name."""
    facets: list[str] = []
    ranges: dict[str, Any] = {}
    words: list[str] = []
    whole: list[str] = []
    texts: dict[str, str] = {}
    for field, value in filled:
        kind = field.kind
        if kind.plain_kept:
            texts[field.column] = kind.plain(value)
        if kind.faceted:
            facets += kind.facets(value, field)
        elif kind.reads_whole:
            whole += kind.search_words(value)
        elif not kind.ranged:
            words += kind.search_words(value)
        elif field.custom or field.indexed:
            ranges[field.key] = kind.range_value(value)
    return {"facets": facets, "ranges": ranges, "sort_name": collation_key(str(name or "")),
            "words": kept_words(words, whole), "texts": texts}  # fmt: skip


def stored_value(field: Field, raw: Mapping[str, Any]) -> Any:
    """A field's value in a raw MongoDB document, None when there is none; UNSEEN where it speaks of what the reader
    does not see to whom the field's schema belongs."""
    value = (raw.get("custom") or {}).get(field.key) if field.custom else raw.get(field.key)
    return value if field.unseen is None else field.as_read(value, raw.get(field.about))
