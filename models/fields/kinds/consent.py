"""A customer's word on being sent marketing: whether it is wanted, where that was said, and on which day."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import mongoengine as me
from flask_babel import lazy_gettext as _l

from models.fields import operators as ops
from models.fields.context import Context
from models.fields.errors import FieldError
from models.fields.field import Choice as ChoiceValue
from models.fields.field import Field
from models.fields.kinds.base import Faceted, text_of
from models.fields.kinds.choices import NO, YES, label_texts
from models.fields.kinds.times import Date, parse_date
from models.fields.kinds.written import day_text

Value = dict[str, Any]
GRANTED, REFUSED = "granted", "refused"
STATES = (
    ChoiceValue(GRANTED, _l("Granted"), "green"),
    ChoiceValue(REFUSED, _l("Refused"), "red"),
)
#: What else tables say for them, in lower case.
WORDS = {
    GRANTED: YES | {"given", "consented", "subscribed", "opt-in", "myönnetty", "annettu", "sallittu", "lupa"},
    REFUSED: NO | {"denied", "unsubscribed", "opt-out", "kielletty", "kieltänyt", "kielto", "peruttu"},
}
#: Where people usually say it; any other text may stand there.
SOURCES = (_l("Trade fair"), _l("Web form"), _l("Customer asked"), _l("Unsubscribe link"))
LONGEST_SOURCE = 200
PARTS = ("state", "source", "on")
DAY = Date()


class Consent(Faceted):
    """Kept as `{"state": "granted" or "refused", "source": text, "on": midnight UTC of the day}`.

    A text has the same three with semicolons between them, "refused; Trade fair 2026; 3.5.2026", of which the first
    is enough. A state without a day was said today, unless the record held that state already.
    """

    name = "consent"
    label = _l("Consent")
    input = "consent"
    operators: ClassVar[Sequence[str]] = ops.MEMBER
    orderable = False
    offered = False

    def parse_value(self, raw: Any, field: Field, context: Context) -> Value | None:
        parts = parts_of(raw, field)
        if parts and not any(parts.values()):
            return None
        state = state_of(parts.get("state"), field)
        held = context.held if isinstance(context.held, Mapping) and context.held.get("state") == state else {}
        source = parts["source"] if "source" in parts else held.get("source", "")
        if len(source) > LONGEST_SOURCE:
            raise FieldError(_l("Too long: at most %(max)s characters, this has %(length)s.",
                                max=LONGEST_SOURCE, length=len(source)))  # fmt: skip
        if parts.get("on"):
            day = DAY.parse_value(parts["on"], field, context)
        else:
            day = held.get("on") or DAY.parse_value(context.now.astimezone(context.zone).date(), field, context)
        return {"state": state, "source": source, "on": day}

    def document_field(self, **options: Any) -> Any:
        return me.DynamicField(**options)

    def operand_value(self, code: str, raw: Any, field: Field, context: Context) -> Any:
        value = super().operand_value(code, raw, field, context)
        return value["state"] if value else None

    # What goes out

    def text(self, value: Any, field: Field, context: Context) -> str:
        if not value:
            return ""
        note = note_text(value, context)
        return f"{state_text(value, context)} ({note})" if note else state_text(value, context)

    def edit_text(self, value: Any, field: Field, context: Context) -> str:
        return "; ".join(spoken(value)[part] for part in PARTS) if value else ""

    def asked_text(self, value: Any, field: Field, context: Context) -> str:
        return state_key(value) if value else ""

    def to_json(self, value: Any, field: Field) -> Any:
        return spoken(value) if value else None

    def json_schema(self, field: Field) -> dict[str, Any]:
        properties = {
            "state": {"type": "string", "enum": [GRANTED, REFUSED]},
            "source": {"type": "string", "maxLength": LONGEST_SOURCE}, "on": {"type": "string", "format": "date"},
        }  # fmt: skip
        return {"type": "object", "properties": properties, "required": ["state"]}

    def cell(self, value: Any, field: Field, context: Context) -> Any:
        return "; ".join((state_text(value, context), *(spoken(value)[part] for part in PARTS[1:]))) if value else ""

    # How it is found, and how reports group by it

    def facet(self, value: Any, field: Field) -> str:
        return f"{field.column}={state_key(value)}"

    def possible_facets(self, field: Field) -> Iterable[str]:
        return [self.facet(choice.key, field) for choice in STATES]

    def group_expression(self, field: Field, by: str, context: Context) -> Any:
        return f"${field.path}.state"

    def group_order(self, key: Any, field: Field, context: Context) -> Any:
        keys = [choice.key for choice in STATES]
        return keys.index(key) if key in keys else len(keys)

    def group_conditions(self, key: Any, field: Field, by: str, context: Context) -> list[dict[str, Any]]:
        if key is None:
            return super().group_conditions(key, field, by, context)
        return [{"col": field.column, "opr": "eq", "value": key}]


def parts_of(raw: Any, field: Field) -> dict[str, Any]:
    """The parts that were given, blank ones as "", of an object or of its text. Raises FieldError."""
    if isinstance(raw, bool):
        return {"state": GRANTED if raw else REFUSED}
    if isinstance(raw, Mapping):
        return {part: given(raw[part], field) for part in PARTS if raw.get(part) is not None}
    state, *rest = [part.strip() for part in text_of(raw, field).split(";")]
    parts: dict[str, Any] = {"state": state}
    if rest and (rest[-1] == "" or is_day(rest[-1])):
        parts["on"] = rest.pop()
    if rest:
        parts["source"] = one_line(";".join(rest))
    return parts


def given(part: Any, field: Field) -> Any:
    """A part as it was sent: a day may come as one, everything else is text. Raises FieldError."""
    if isinstance(part, (int, float)):
        raise FieldError(_l("Give this as text."))
    return part if isinstance(part, dt.date) else one_line(text_of(part, field))


def one_line(text: str) -> str:
    """A part as it is kept, the same whichever way it came."""
    return " ".join(text.replace(";", "; ").split())


def is_day(text: str) -> bool:
    try:
        parse_date(text)
    except ValueError:
        return False
    return True


def state_of(raw: Any, field: Field) -> str:
    """The state that a word means. Raises FieldError."""
    folded = str(raw or "").casefold()
    for choice in STATES:
        if folded in WORDS[choice.key] or folded == choice.key or folded in label_texts(choice):
            return choice.key
    if not folded:
        raise FieldError(_l("Say whether the consent was granted or refused."))
    raise FieldError(_l("“%(value)s” is no consent. Write granted or refused, and after semicolons where that was said "
                        "and when: refused; Trade fair; 31.12.2024.", value=str(raw)[:80]))  # fmt: skip


def state_key(value: Any) -> str:
    """The state of a stored value, or of one that conditions compare with, which is the state alone."""
    return str(value["state"]) if isinstance(value, Mapping) else str(value)


def state_choice(value: Any) -> ChoiceValue | None:
    key = state_key(value)
    return next((choice for choice in STATES if choice.key == key), None)


def state_text(value: Any, context: Context) -> str:
    choice = state_choice(value)
    return choice.text(context.language) if choice else state_key(value)


def note_text(value: Any, context: Context) -> str:
    """Where and when it was said, "Trade fair 2026, 3 May 2026"."""
    if not isinstance(value, Mapping):
        return ""
    day = day_text(value["on"].date(), context.locale) if value.get("on") else ""
    return ", ".join(filter(None, (value.get("source", ""), day)))


def spoken(value: Mapping[str, Any]) -> dict[str, str]:
    """A stored value as programs send it."""
    day = value.get("on")
    return {"state": state_key(value), "source": value.get("source") or "",
            "on": day.date().isoformat() if day else ""}  # fmt: skip
