"""What every kind of field knows about its values."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import mongoengine as me
from bson import ObjectId
from flask_babel import lazy_gettext as _l

from models.fields import operators as ops
from models.fields.context import Context
from models.fields.errors import ConditionError, FieldError
from models.fields.field import Field
from models.fields.kinds.grouping import NOTHING, Grouping

Query = dict[str, Any]

#: An operator that negates another one: the condition is the other's, turned round.
NEGATED = {"neq": "eq", "nin": "in", "nct": "ct", "nsw": "sw", "new": "ew"}
#: How MongoDB is asked for any, and for all, of several tokens.
MANY = {"in": "$in", "all": "$all"}
#: Half of a character, which UTF-8 and so the database can't write.
LONE_SURROGATE = re.compile("[\ud800-\udfff]")
EMPTY_VALUES = NOTHING


class Kind(Grouping):
    """A kind of field. One instance each, in `KINDS`; it keeps no state.

    A subclass parses what people and programs send (`parse`), formats (`text`, `to_json`, `merge_value`), says how
    it is asked for (`operators`, `condition`) and which input it needs (`input`, a name that the views map).
    """

    name: ClassVar[str]
    label: ClassVar[Any]
    input: ClassVar[str] = "text"
    operators: ClassVar[Sequence[str]] = ops.TEXT
    operator_labels: ClassVar[Mapping[str, Any]] = {}
    offered: ClassVar[bool] = True
    #: A cell of a table can give the value.
    importable: ClassVar[bool] = True
    #: What to do instead, where none can.
    not_imported: ClassVar[Any] = ""
    #: Equality is answered by `facets` tokens (few different values).
    faceted: ClassVar[bool] = False
    orderable: ClassVar[bool] = True
    #: Values are numbers or moments: `ranges` keeps a copy, which the wildcard index covers; text stays out of it.
    ranged: ClassVar[bool] = False
    #: Comparing with at least this finds every value of a ranged kind, by the index and in its order.
    lowest: ClassVar[Any] = None
    #: Characters that a value of the organisation's own fields may have, as it is sent.
    longest: ClassVar[int] = 2_000
    #: Values are compared by a plain text, which `texts` keeps.
    plain_kept: ClassVar[bool] = False
    #: Values point at records, users or teams; `references` tells at which.
    refers: ClassVar[bool] = False
    #: The search box finds values by all of their words, not by the first ones alone.
    reads_whole: ClassVar[bool] = False
    #: Where two records become one, nothing is chosen: theirs come first, and those of the one that stays last.
    put_together: ClassVar[bool] = False
    #: Its input needs the room of a form: cells of lists don't edit it, and one value makes no sense for many records.
    needs_room: ClassVar[bool] = False

    # What comes in

    def parse(self, raw: Any, field: Field, context: Context) -> Any:
        """The value to store for what was typed or sent; None for nothing. Raises FieldError."""
        if raw is None or (isinstance(raw, str) and not raw.strip()) or raw == []:
            return None
        return self.parse_value(raw, field, context)

    def parse_value(self, raw: Any, field: Field, context: Context) -> Any:
        raise NotImplementedError

    def document_field(self, **options: Any) -> Any:
        """The MongoEngine field that keeps a fixed field of this kind."""
        return me.StringField(**options)

    # What goes out

    def text(self, value: Any, field: Field, context: Context) -> str:
        """The value for people; empty text for none."""
        return "" if value in EMPTY_VALUES else str(value)

    def edit_text(self, value: Any, field: Field, context: Context) -> Any:
        """What an input shows for the value, such that parsing it gives the same value."""
        return self.text(value, field, context)

    def full_text(self, value: Any, field: Field, context: Context) -> str:
        """The value for people with everything that may differ, where two are compared."""
        return self.text(value, field, context)

    def changed(self, before: Any, after: Any) -> tuple[Any, Any]:
        """What a history shows of a change from one stored value to another."""
        return before, after

    def given_text(self, text: str) -> str:
        """What a form's input starts with where an address gives `text`."""
        return text

    def asked_text(self, value: Any, field: Field, context: Context) -> Any:
        """What is compared with to find the records of this value; "" where that can't be said."""
        return self.edit_text(value, field, context)

    def to_json(self, value: Any, field: Field) -> Any:
        return value

    def json_schema(self, field: Field) -> dict[str, Any]:
        """The value's JSON Schema in REST."""
        return {"type": "string"}

    def merge_value(self, value: Any, field: Field, context: Context) -> Any:
        """The value for a Word merge field: text, a number, a date; switches of the template format it."""
        return self.text(value, field, context)

    def cell(self, value: Any, field: Field, context: Context) -> Any:
        """The value for a cell of a sheet, such that an import reads the same out of it: text, a number, a date or a
        moment in the reader's zone; None or "" for none."""
        return self.merge_value(value, field, context)

    # How it is found

    def search_words(self, value: Any) -> Iterable[str]:
        """The words by which the search box finds the value (models/search_words.py)."""
        return ()

    #: How much an equal value says that two records are the same: from 0, nothing, to 1, all.
    match_weight: ClassVar[float] = 0.0

    def match_words(self, value: Any) -> Sequence[str]:
        """Words that every record with an equal value is found by (out of `search_words`)."""
        return list(self.search_words(value))

    def match_key(self, value: Any) -> str:
        """What must be equal for two values to count as the same; "" for a value that tells nothing."""
        return ""

    def facets(self, value: Any, field: Field) -> Iterable[str]:
        """The tokens under which `facets` keeps the value."""
        return ()

    def possible_facets(self, field: Field) -> Iterable[str]:
        """The tokens of all values that an orderable, faceted field may have."""
        return ()

    def range_value(self, value: Any) -> Any:
        """What `ranges` keeps of a stored value of a ranged kind."""
        return value

    def plain(self, value: Any) -> str:
        """What `texts` keeps of a stored value."""
        raise NotImplementedError

    def sort_path(self, field: Field) -> str:
        """The path that orders and ranges go by."""
        return f"ranges.{field.key}" if self.ranged and (field.custom or field.indexed) else field.path

    def presence(self, field: Field, *, present: bool = True) -> Query:
        """The query for the records that have a value, or for those without one."""
        if self.ranged:
            return {self.sort_path(field): {"$gte": self.lowest} if present else None}
        return {field.path: {"$nin": [None, "", []]} if present else {"$in": [None, "", []]}}

    def target(self, field: Field) -> str:
        """What the values point at: a register's key, "user", "team" or "file"; "" where they point at nothing."""
        return ""

    def references(self, value: Any, field: Field) -> Iterable[tuple[str, ObjectId]]:
        """The records the value points at, as (register key, id)."""
        return ()

    def reference_path(self, field: Field) -> str:
        """The path in documents at which the ids of those records stand."""
        return field.path

    def pointed(self, value: Any, keep: ObjectId, other: ObjectId) -> Any:
        """A value that points at `other` pointing at `keep` instead."""
        return value

    def borrowed(self, value: Any) -> Iterable[str]:
        """The columns of what the value points at from which it will be completed."""
        return ()

    def operator_label(self, code: str) -> Any:
        return self.operator_labels.get(code, ops.OPERATORS[code].label)

    def operand_choices(self, code: str) -> Sequence[tuple[str, Any]]:
        """(value, label) of what may be compared with besides the field's own values ("me", "this week")."""
        return ()

    def operand_label(self, code: str, raw: Any) -> Any:
        """What people read for such a value; None for any other."""
        return dict(self.operand_choices(code)).get(raw) if isinstance(raw, str) else None

    def condition(self, code: str, raw: Any, field: Field, context: Context) -> Query:
        """The MongoDB query for `field <operator> value`. Raises ConditionError."""
        code = ops.canonical(code)
        if code not in self.operators:
            raise ConditionError(
                field.column,
                _l("“%(operator)s” can't be asked of this field. Use one of: %(operators)s.",
                   operator=str(code)[:40], operators=", ".join(self.operators)),
            )  # fmt: skip
        if code in ops.EMPTINESS:
            return self.presence(field, present=(code == "empty") != asked_positively(raw))
        value = self.operand(code, raw, field, context)
        if code in NEGATED:
            return {"$nor": [self.compare(NEGATED[code], value, field)]}
        return self.compare(code, value, field)

    def operand(self, code: str, raw: Any, field: Field, context: Context) -> Any:
        """The value(s) to compare with, checked as the field's own values are."""
        many = ops.OPERATORS[code].takes == "many"
        items = list(raw) if isinstance(raw, (list, tuple)) else [raw]
        if not many and len(items) > 1:
            raise ConditionError(field.column, _l("Give one value to compare with."))
        values = [self.operand_value(code, item, field, context) for item in items]
        values = [value for value in values if value is not None]
        if not values:
            raise ConditionError(field.column, _l("Give a value to compare with."))
        return values if many else values[0]

    def operand_value(self, code: str, raw: Any, field: Field, context: Context) -> Any:
        try:
            return self.parse(raw, field, replace(context, asking=True))
        except FieldError as error:
            raise ConditionError(field.column, error.message) from error

    def compare(self, code: str, value: Any, field: Field) -> Query:
        """The query for one positive comparison with a parsed value."""
        raise NotImplementedError


class Faceted(Kind):
    """A kind with few different values: its tokens in `facets` answer equality, for one value and for lists alike."""

    faceted = True
    groupings: ClassVar[Sequence[str]] = ("",)

    def facet(self, value: Any, field: Field) -> str:
        """The token of one value."""
        return f"{field.column}={value}"

    def facets(self, value: Any, field: Field) -> Iterable[str]:
        values = value if isinstance(value, list) else [value]
        return [self.facet(item, field) for item in values if item not in (None, "")]

    def presence(self, field: Field, *, present: bool = True) -> Query:
        # "=" is followed by ">" in Unicode: the span holds all of the field's tokens and no others.
        has = {"facets": {"$elemMatch": {"$gte": f"{field.column}=", "$lt": f"{field.column}>"}}}
        return has if present else {"$nor": [has]}

    def compare(self, code: str, value: Any, field: Field) -> Query:
        if code in MANY:
            return {"facets": {MANY[code]: [self.facet(item, field) for item in value]}}
        return {"facets": self.facet(value, field)}


def asked_positively(raw: Any) -> bool:
    """Whether `empty` was asked with yes (also by saying nothing) or with no."""
    return str(raw).strip().lower() not in ("0", "false", "no", "n")


def text_of(raw: Any, field: Field) -> str:
    """The text sent for a field; refuses lists, objects and yes/no, and text that no database could keep."""
    if isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
        raise FieldError(_l("Give this as text."))
    # Counted as it was sent: REST's document promises no more.
    if len(str(raw)) > field.max_length:
        raise FieldError(_l("Too long: at most %(max)s characters, this has %(length)s.",
                            max=field.max_length, length=len(str(raw))))  # fmt: skip
    text = str(raw).strip()
    if "\x00" in text or LONE_SURROGATE.search(text):
        raise FieldError(_l("This holds characters that can't be kept. Type it again."))
    return text


def matching(pattern: str, value: str) -> re.Pattern[str]:
    """A case-blind expression for typed text, every sign of it taken literally."""
    return re.compile(pattern.format(re.escape(value)), re.IGNORECASE)
