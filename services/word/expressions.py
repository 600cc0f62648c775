"""What fields mean while merging: texts worked out from the record at hand."""

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Protocol

from flask_babel import lazy_gettext as _l

from services.word.errors import TemplateError
from services.word.formatting import format_value
from services.word.formula import FormulaError, calculate, shown
from services.word.lexer import Switch
from services.word.number_forms import is_number_form
from services.word.parsing import parse_number
from services.word.values import Value, normalise_name


class RecordState(Protocol):
    """Where a merge stands: the record whose values are printed and its numbers, counted from one."""

    language: str
    record: Mapping[str, Value]
    letter_number: int
    kept: "Kept"

    @property
    def record_number(self) -> int:
        """The number of the record at hand."""

    def advance(self) -> None:
        """Go on to the next record; after the last one every value is empty."""

    def skip(self) -> None:
        """Leave out the letter being written."""


class Expression(Protocol):
    """Anything with a text."""

    def text(self, state: RecordState) -> str:
        """The text for the record at hand."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A text that is always the same."""

    value: str

    def text(self, state: RecordState) -> str:
        """The text itself."""
        return self.value


class MergeValue:
    """A MERGEFIELD: the record's value as the switches say."""

    __slots__ = ("key", "language", "name", "plain", "switches")

    def __init__(self, name: str, switches: Sequence[Switch], language: str = "") -> None:
        """`language` is the one that the template's text is marked as, "" where it is not: it names the months."""
        self.name = name
        self.key = normalise_name(name)
        self.switches = tuple(switch for switch in switches if is_formatting(switch))
        self.plain = not self.switches
        self.language = language if any(switch.name in "@*" for switch in self.switches) else ""

    def text(self, state: RecordState) -> str:
        """The value's text, "" when the record has no such value."""
        value = state.record.get(self.key)
        if self.plain and type(value) is str:
            return value
        kind = type(value)
        if value is None:
            return ""
        if kind is datetime.date or kind is int:
            return _common(value, self.switches, self.language or state.language)
        return format_value(value, self.switches, self.language or state.language)


@lru_cache(maxsize=8192)
def _common(value: datetime.date | int, switches: tuple[Switch, ...], language: str) -> str:
    """Many letters name the same few thousand days and counts."""
    return format_value(value, switches, language)


def is_formatting(switch: Switch) -> bool:
    """Whether a switch says how a value is written."""
    if switch.name == "*":
        return switch.text.lower() in ("upper", "lower", "firstcap", "caps") or is_number_form(switch.text)
    return switch.name in "@#bf"


@dataclass(frozen=True, slots=True)
class Formula:
    """A `=` field: worked out from the values in it, an empty one counting as nothing."""

    parts: tuple[Expression, ...]
    switches: tuple[Switch, ...]

    def text(self, state: RecordState) -> str:
        """The result as the picture says; what Word prints where there is none."""
        try:
            number = calculate([self._piece(part, state) for part in self.parts], state.language)
            return format_value(number if self.switches else shown(number), self.switches, state.language)
        except ZeroDivisionError:
            return "!Zero Divide"
        except (ArithmeticError, FormulaError):
            return "!Syntax Error"

    @staticmethod
    def _piece(part: Expression, state: RecordState) -> str | Decimal:
        if isinstance(part, Literal):
            return part.value
        text = part.text(state)
        number = parse_number(text, state.language) if text.strip() else Decimal(0)
        if number is None:
            raise FormulaError
        return number


#: Characters that are read of kept texts in one letter, and SET fields that are worked out inside one another.
MAX_KEPT, MAX_CHAIN = 2_000_000, 6


@dataclass(slots=True)
class Kept:
    """The texts that a letter's SET fields keep, by name.

    Texts made of texts grow at a stroke, each twice the one before: what all of them take together is counted.
    """

    texts: dict[str, str] = field(default_factory=dict)
    _left: int = MAX_KEPT
    _chain: int = 0

    def read(self, name: str, fields: Mapping[str, Expression], state: RecordState) -> str:
        """The text under a name. What only a later field keeps, as for a header that reads what the body sets, is
        worked out by that field (`fields` holds those of all names); "" for one that is made of itself.

        Raises TemplateError where the texts are too long or too many are made of one another.
        """
        if name not in self.texts:
            self.texts[name] = ""
            self._chain += 1
            if self._chain > MAX_CHAIN:
                raise TemplateError(_l("Too many SET fields are made of one another. Put them before what reads them."))
            if name in fields:
                self.texts[name] = fields[name].text(state)
            self._chain -= 1
        self._left -= len(self.texts[name])
        if self._left < 0:
            raise TemplateError(_l("The texts that SET fields keep make this letter too long. Shorten them."))
        return self.texts[name]


@dataclass(frozen=True, slots=True)
class KeepText:
    """SET: keeps a text under a name and prints nothing."""

    name: str
    inner: Expression

    def text(self, state: RecordState) -> str:
        """Nothing, having kept the text."""
        state.kept.texts[self.name] = self.inner.text(state)
        return ""


@dataclass(frozen=True, slots=True)
class KeptText:
    """REF of a name that a SET field keeps a text under; `fields` holds what every such field keeps."""

    name: str
    fields: Mapping[str, Expression]
    switches: tuple[Switch, ...] = ()

    def text(self, state: RecordState) -> str:
        """The text that the name has at this place of the letter."""
        return format_value(state.kept.read(self.name, self.fields, state), self.switches, state.language)


class RecordNumber:
    """MERGEREC: the number of the record."""

    def text(self, state: RecordState) -> str:
        """The record's number in the list."""
        return str(state.record_number)


class LetterNumber:
    """MERGESEQ: the number of the letter, skipped ones not counted."""

    def text(self, state: RecordState) -> str:
        """The letter's number in the result."""
        return str(state.letter_number)


class NextRecord:
    """NEXT, or NEXTIF with its condition: what follows comes from the next record."""

    def __init__(self, condition: "Condition | None" = None) -> None:
        self.condition = condition

    def text(self, state: RecordState) -> str:
        """Nothing, having moved on."""
        if self.condition is None or self.condition.holds(state):
            state.advance()
        return ""


class SkipRecord:
    """SKIPIF: no letter for this record."""

    def __init__(self, condition: "Condition") -> None:
        self.condition = condition

    def text(self, state: RecordState) -> str:
        """Nothing, having marked the letter."""
        if self.condition.holds(state):
            state.skip()
        return ""


@dataclass(frozen=True, slots=True)
class Joined:
    """Texts one after the other."""

    parts: tuple[Expression, ...]

    def text(self, state: RecordState) -> str:
        """The texts joined."""
        return "".join(part.text(state) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Choice:
    """IF as a text: one of two."""

    condition: "Condition"
    then: Expression
    otherwise: Expression

    def text(self, state: RecordState) -> str:
        """The text that the condition chooses."""
        return (self.then if self.condition.holds(state) else self.otherwise).text(state)


@dataclass(frozen=True, slots=True)
class Formatted:
    """A text to which the field's own switches are applied."""

    inner: Expression
    switches: tuple[Switch, ...]

    def text(self, state: RecordState) -> str:
        """The inner text, formatted."""
        return format_value(self.inner.text(state), self.switches, state.language)


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison as Word makes it: by number when both sides are numbers, else by text, capitals significant.

    With = and <>, `*` and `?` on the right stand for any characters and any one character.
    """

    left: Expression
    operator: str
    right: Expression

    def holds(self, state: RecordState) -> bool:
        """Whether the comparison is true for the record at hand."""
        left, right = self.left.text(state), self.right.text(state)
        if self.operator in ("=", "<>") and ("*" in right or "?" in right):
            return _matches(left, right) == (self.operator == "=")
        numbers = parse_number(left, state.language), parse_number(right, state.language)
        if numbers[0] is not None and numbers[1] is not None:
            return _compares(numbers[0], self.operator, numbers[1])
        return _compares(left, self.operator, right)


def _matches(text: str, pattern: str) -> bool:
    """Whether a text fits a pattern with wildcards, in time linear in the text times the pattern."""
    pieces = [re.escape(piece).replace(r"\?", ".") for piece in re.split(r"\*+", pattern)]
    first, *middle = pieces
    if not middle:
        return re.fullmatch(first, text, re.DOTALL) is not None
    start = re.match(first, text, re.DOTALL)
    if start is None:
        return False
    position = start.end()
    for piece in middle[:-1]:
        found = re.compile(piece, re.DOTALL).search(text, position)
        if found is None:
            return False
        position = found.end()
    return re.compile(f"{middle[-1]}\\Z", re.DOTALL).search(text, position) is not None


def _compares(left: object, operator: str, right: object) -> bool:
    if operator in ("=", "<>"):
        return (left == right) == (operator == "=")
    if operator in ("<", ">="):
        return (left < right) == (operator == "<")  # type: ignore[operator]
    return (left > right) == (operator == ">")  # type: ignore[operator]
