"""Yes/no, one choice, several choices."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import mongoengine as me
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l

from models.fields import operators as ops
from models.fields.context import Context
from models.fields.errors import FieldError
from models.fields.field import Choice as ChoiceValue
from models.fields.field import Field, label_in
from models.fields.kinds.base import Faceted
from models.fields.kinds.grouping import place_of_choice

YES = {"1", "y", "yes", "true", "on", "kyllä", "k"}
NO = {"0", "n", "no", "false", "off", "ei", "e"}


class Boolean(Faceted):
    name = "boolean"
    label = _l("Yes or no")
    input = "boolean"
    operators = ops.YES_NO

    def parse_value(self, raw: Any, field: Field, context: Context) -> bool:
        if isinstance(raw, bool):
            return raw
        text = str(raw).strip().lower()
        if isinstance(raw, (str, int)) and text in YES:
            return True
        if isinstance(raw, (str, int)) and text in NO:
            return False
        raise FieldError(_l("Say yes or no."))

    def document_field(self, **options: Any) -> Any:
        return me.BooleanField(**options)

    def text(self, value: Any, field: Field, context: Context) -> str:
        return "" if value is None else str(_l("Yes") if value else _l("No"))

    def edit_text(self, value: Any, field: Field, context: Context) -> str:
        return "" if value is None else "1" if value else "0"

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "boolean"}

    def facet(self, value: Any, field: Field) -> str:
        return f"{field.column}={'1' if value else '0'}"

    def possible_facets(self, field: Field) -> Iterable[str]:
        return [self.facet(value, field) for value in (False, True)]

    def group_order(self, key: Any, field: Field, context: Context) -> Any:
        return not key


class Choice(Faceted):
    """One of the field's choices, kept by its key; a label in any language is understood too."""

    name = "choice"
    label = _l("Choice")
    input = "select"
    operators: ClassVar[Sequence[str]] = ops.MEMBER

    def parse_value(self, raw: Any, field: Field, context: Context) -> Any:
        return find_choice(raw, field, context).key

    def text(self, value: Any, field: Field, context: Context) -> str:
        choice = field.choice(value) if value else None
        return choice.text(context.language) if choice else str(value or "")

    def edit_text(self, value: Any, field: Field, context: Context) -> Any:
        return value or ""

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "string", "enum": [choice.key for choice in field.choices]}

    def possible_facets(self, field: Field) -> Iterable[str]:
        return [self.facet(choice.key, field) for choice in field.choices]

    def group_order(self, key: Any, field: Field, context: Context) -> Any:
        return place_of_choice(key, field)


class Choices(Choice):
    name = "choices"
    label = _l("Several choices")
    input = "multi_select"
    operators = ops.SEVERAL
    operator_labels = ops.SEVERAL_LABELS
    several = True
    orderable = False

    def parse_value(self, raw: Any, field: Field, context: Context) -> list[str]:
        if isinstance(raw, str):
            raw = choice_parts(raw, field)
        if not isinstance(raw, (list, tuple)):
            raise FieldError(_l("Give a list of choices."))
        found = {find_choice(item, field, context).key for item in raw if item not in (None, "")}
        # In the field's order: chosen in another one they are the same.
        return [choice.key for choice in field.choices if choice.key in found]

    def operand_value(self, code: str, raw: Any, field: Field, context: Context) -> Any:
        values = super().operand_value(code, raw, field, context)
        return values[0] if values else None

    def document_field(self, **options: Any) -> Any:
        return me.ListField(me.StringField(), **options)

    def text(self, value: Any, field: Field, context: Context) -> str:
        return ", ".join(super(Choices, self).text(item, field, context) for item in value or ())

    def edit_text(self, value: Any, field: Field, context: Context) -> Any:
        return list(value or ())

    def to_json(self, value: Any, field: Field) -> Any:
        return list(value or ())

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "array", "items": super().json_schema(field)}


def choice_parts(text: str, field: Field, separator: str = "") -> list[str]:
    """The choices that a text names one after the other, by default with commas or semicolons between them. One whose
    own name has such signs in it is one all the same."""
    signs = re.compile(f"({re.escape(separator)})" if separator else "([,;])")
    longest = max((len(signs.findall(name)) for choice in field.choices for name in (choice.key, *label_texts(choice))),
                  default=0)  # fmt: skip
    pieces, parts, place = signs.split(text), [], 0
    while place < len(pieces):
        # Between the pieces stand the signs.
        spans = range(min(longest, (len(pieces) - 1 - place) // 2), 0, -1)
        joined = (("".join(pieces[place : place + 2 * more + 1]).strip(), more) for more in spans)
        part, more = next(((name, more) for name, more in joined if fitting(name, field)), (pieces[place].strip(), 0))
        parts.append(part)
        place += 2 * more + 2
    return [part for part in parts if part]


def find_choice(raw: Any, field: Field, context: Context) -> ChoiceValue:
    """The choice meant by a key or a label in any language, ignoring case; of two that fit, the one still offered.

    A retired choice is taken only where the record holds it already, or to compare with. Raises FieldError.
    """
    text = str(raw).strip() if isinstance(raw, (str, int, float)) and not isinstance(raw, bool) else ""
    meant = field.choice(text)
    # A key to the letter, as programs send: labels need not be looked at.
    if meant is not None and not meant.retired:
        return meant
    found = fitting(text, field)
    choice = next((c for c in found if not c.retired or allowed_retired(c, context)), None)
    if choice is None:
        names = {"value": text[:80], "choices": OfferedChoices(field)}
        if found:
            raise FieldError(_l("“%(value)s” has been retired: it stays where it is, and can't be chosen anew. "
                                "Choose one of: %(choices)s.", **names))  # fmt: skip
        raise FieldError(_l("“%(value)s” is not among the choices. Choose one of: %(choices)s.", **names))
    return choice


def fitting(text: str, field: Field) -> list[ChoiceValue]:
    """The choices that a text may mean, the likeliest first: its key to the letter, then those still offered."""
    folded = text.casefold()
    found = [c for c in field.choices if text and (c.key in (text, folded) or folded in label_texts(c))]
    return sorted(found, key=lambda choice: (choice.key != text, choice.retired))


def allowed_retired(choice: ChoiceValue, context: Context) -> bool:
    held = context.held if isinstance(context.held, (list, tuple)) else [context.held]
    return context.asking or choice.key in held


class OfferedChoices:
    """The labels of the choices that a field offers, in the language of whoever reads them."""

    def __init__(self, field: Field) -> None:
        self.field = field

    def __str__(self) -> str:
        language = str(get_locale() or "en")
        return ", ".join(choice.text(language) for choice in self.field.offered)[:500] or "–"


def label_texts(choice: ChoiceValue) -> set[str]:
    labels = choice.label.values() if isinstance(choice.label, dict) else [label_in(choice.label, "en")]
    return {str(label).casefold() for label in labels}
