"""How reports group records by a field's values, and what they work out of them: a part of every kind."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from models.collation import collation_key
from models.fields.context import Context
from models.fields.field import Field

Node = dict[str, Any]
#: What stands for a record without a value, or with an empty one.
NOTHING: tuple[Any, ...] = (None, "", [])


class Grouping:
    """What a kind says of its values to reports.

    A report's row has a key for each field that it is grouped by: a stored value (of a several-valued kind one of
    them), the first day of a period, or None for records without a value. `by` is one of `groupings`.
    """

    #: The ways to group by the values: "" by the values themselves, else by periods; none where that makes no sense.
    groupings: ClassVar[Sequence[str]] = ()
    #: Values are numbers, which reports add up.
    numeric: ClassVar[bool] = False
    #: A value is a list, and forms send a list.
    several: ClassVar[bool] = False

    @property
    def in_each(self) -> bool:
        """Whether a record stands in a row for each of its values; `group_expression` then gives the list of them."""
        return self.several

    # What the database is asked for

    def group_expression(self, field: Field, by: str, context: Context) -> Any:
        """The aggregation expression for a record's key; of a several-valued kind for the list of its keys."""
        return f"${field.path}"

    def group_key(self, found: Any, field: Field, by: str, context: Context) -> Any:
        """The key for what the expression gave."""
        return None if found in NOTHING else found

    def group_identity(self, key: Any) -> Any:
        """What is equal for keys that make one row."""
        return key

    def part_expression(self, key: str, values: str, whole: str) -> Any:
        """Of an amount that is made of the field's values: the expression for the part that belongs to one key of a
        record. `key`, `values` and `whole` are the expressions for the key, the values and the whole amount."""
        return whole

    # What a row says

    def group_text(self, key: Any, field: Field, by: str, context: Context) -> str:
        """The key for people; empty text where its reader may not see what it stands for."""
        return self.text([key] if self.several else key, field, context)

    def group_order(self, key: Any, field: Field, context: Context) -> Any:
        """What rows are ordered by."""
        return collation_key(self.group_text(key, field, "", context))

    def group_conditions(self, key: Any, field: Field, by: str, context: Context) -> list[Node]:
        """The conditions that hold for exactly the records with this key."""
        if key is None:
            return [{"col": field.column, "opr": "empty", "value": "1"}]
        value = self.edit_text([key] if self.several else key, field, context)
        return [{"col": field.column, "opr": "eq", "value": value[0] if self.several else value}]

    def group_references(self, key: Any, field: Field) -> Sequence[tuple[str, Any]]:
        """What the key points at, as (target, id): its name is looked up."""
        return ()

    # What is measured

    def amount_path(self, field: Field) -> str:
        """The path of the number that is added up."""
        return field.path

    def currency_path(self, field: Field) -> str:
        """The path of the currency of that number; empty for plain numbers."""
        return ""

    # Kinds have these

    def text(self, value: Any, field: Field, context: Context) -> str:
        raise NotImplementedError

    def edit_text(self, value: Any, field: Field, context: Context) -> Any:
        raise NotImplementedError


def place_of_choice(key: Any, field: Field) -> int:
    """Where a choice stands among the field's; one that is gone stands last."""
    places: Mapping[str, int] = {choice.key: place for place, choice in enumerate(field.choices)}
    return places.get(key, len(places))


def folded(text: str) -> str:
    """Text as the database compares it where case does not matter: letter by letter, none becoming two."""
    return "".join(next((form for form in (sign.casefold(), sign.lower()) if len(form) == 1), sign) for sign in text)
