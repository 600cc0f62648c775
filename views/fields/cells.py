"""A registry field's value as a list or a record's page shows it."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote_plus

from models.base import stored_value
from models.fields.context import Context
from models.fields.field import Field
from models.fields.kinds.base import EMPTY_VALUES
from views.fields.inputs import input_of
from views.fields.parts import Part, Shown


class Cell(NamedTuple):
    """A value with its label. `number` aligns right; `long` keeps its line breaks; `only` is what the list's address
    takes to show the records of this value alone."""

    field: Field
    label: str
    parts: tuple[Part, ...]
    number: bool = False
    long: bool = False
    only: str = ""

    @property
    def empty(self) -> bool:
        return not self.parts

    @property
    def wide(self) -> bool:
        """Whether it takes the whole row of its section."""
        return self.field.kind.needs_room


def cell(field: Field, raw: Mapping[str, Any], context: Context) -> Cell:
    """A field's value in a raw document, as its cell."""
    value = stored_value(field, raw)
    parts = whole_parts(field, value, context)
    spec = input_of(field)
    long = spec.long or spec.shown_whole is not None
    only = only_condition(field, value, context) if parts and not long else ""
    return Cell(field, field.label_in(context.language), parts, field.kind.numeric, long, only)


def only_condition(field: Field, value: Any, context: Context) -> str:
    """`_flt_eq_<column>=<value>` for a value that stands alone; "" for several values and kinds without equality."""
    if isinstance(value, list) and len(value) != 1:
        return ""
    if "eq" not in field.kind.operators:
        return ""
    asked = field.kind.asked_text(value, field, context)
    if isinstance(asked, list):
        asked = asked[0] if asked else ""
    return f"_flt_eq_{field.column}={in_query(asked)}" if asked else ""


@lru_cache(maxsize=16_384)
def in_query(text: str) -> str:
    """A text as it stands in an address; lists repeat themselves."""
    return quote_plus(text)


def whole_parts(field: Field, value: Any, context: Context) -> tuple[Part, ...]:
    """The pieces of a value where there is room for all of it."""
    spec = input_of(field)
    return filled_parts(spec.shown_whole or spec.shown, field, value, context)


def parts_of(field: Field, value: Any, context: Context) -> tuple[Part, ...]:
    """The pieces that a value is shown in; none for no value, and none for a link whose reader may not see what it
    points at."""
    return filled_parts(input_of(field).shown, field, value, context)


def filled_parts(shown: Shown, field: Field, value: Any, context: Context) -> tuple[Part, ...]:
    if value in EMPTY_VALUES:
        return ()
    return tuple([part for part in shown(field, value, context) if part.text])
