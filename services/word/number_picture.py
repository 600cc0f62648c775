"""Word's number pictures (`\\# "# ##0,00 €;-# ##0,00 €"`), ECMA-376 part 1, 17.16.4.2.

The marks come from the picture itself, not from the machine: a template written in Finland prints Finnish
numbers anywhere. Unlike Word, a `#` without a digit prints nothing instead of a space: letters read better.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from functools import cached_property, lru_cache

from services.word.values import locale_of

_LITERAL = re.compile(r"'([^']*)'")
_QUOTED = "\ue000"
_CORE = re.compile(r"(?:[.,](?=[0#x]))?[0#x](?:[0#x]|(?:[^0#x;A-Za-wyz]{1,3})(?=[0#x]))*")
_SPACES = " \u00a0\u202f"
_MARKS = ".,'" + _SPACES
_CURRENCY = re.compile(r"[€$£¥][ \u00a0\u202f]?$|[€$£¥]$")


@lru_cache(maxsize=512)
def number_picture(picture: str, language: str = "en") -> "NumberPicture":
    """The compiled picture. The language decides only what the picture leaves open, as in `0,000`."""
    return NumberPicture(tuple(_Section.read(part, language) for part in _sections(picture)))


def _sections(picture: str) -> Iterator[str]:
    """The positive, negative and zero parts, cut at the semicolons outside apostrophes."""
    start, quoted = 0, False
    for position, char in enumerate(picture):
        if char == "'":
            quoted = not quoted
        elif char == ";" and not quoted:
            yield picture[start:position]
            start = position + 1
    yield picture[start:]


@dataclass(frozen=True)
class NumberPicture:
    """One to three sections: for every number, or positive; negative; zero."""

    sections: tuple["_Section", ...]

    def format(self, number: Decimal) -> str:
        """The number as the picture writes it, halves rounded away from zero."""
        if number == 0 and len(self.sections) > 2:
            return self.sections[2].format(number, signed=False)
        if number < 0 and len(self.sections) > 1:
            return self.sections[1].format(number, signed=False)
        return self.sections[0].format(number, signed=True)


@dataclass(frozen=True)
class _Section:
    prefix: str
    whole: str
    fraction: str
    decimal: str
    group: str
    suffix: str
    has_core: bool

    @cached_property
    def _step(self) -> Decimal:
        return Decimal(1).scaleb(-len(self.fraction))

    @cached_property
    def _least(self) -> Decimal | None:
        """Numbers from this one on have all the digits that the picture asks for, and are written by a format of
        Python's: that is most numbers of most letters. None where the picture holds more than that can say."""
        slots = self.whole.replace(self.group, "") if self.group else self.whole
        if set(slots) - set("0#") or set(self.fraction) - set("0"):
            return None
        return Decimal(10) ** max(0, slots.count("0") - 1) if "#" not in slots.lstrip("#") else None

    @cached_property
    def _format(self) -> str:
        return ",f" if self.group else "f"

    @classmethod
    def read(cls, picture: str, language: str) -> "_Section":
        literals: list[str] = []

        def hide(match: re.Match[str]) -> str:
            literals.append(match[1])
            return _QUOTED

        masked = _LITERAL.sub(hide, picture)
        core = _find_core(masked)
        if core is None:
            return cls(_unmask(masked, iter(literals)), "", "", "", "", "", has_core=False)
        start, end = core
        words = iter(literals)
        prefix, inside, suffix = (_unmask(part, words) for part in (masked[:start], masked[start:end], masked[end:]))
        whole, decimal, fraction = _split(inside, language)
        return cls(prefix, whole, fraction, decimal, _group_mark(whole), suffix, has_core=True)

    def format(self, number: Decimal, *, signed: bool) -> str:
        """This section's text; a sign is added when the section stands for numbers of both signs."""
        if not self.has_core:
            return self.prefix
        rounded = self._round(abs(number))
        if self._least is not None and rounded >= self._least:
            digits, _, decimals = format(rounded, self._format).partition(".")
            text = digits.replace(",", self.group) + (self.decimal + decimals if decimals else "")
        else:
            digits, _, decimals = format(rounded, "f").partition(".")
            text = self._whole_text(digits) + self._fraction_text(decimals)
        if not signed:
            return self.prefix + text + self.suffix
        return self._with_sign(text, negative=number < 0 and rounded != 0, zero=rounded == 0) + self.suffix

    def _round(self, number: Decimal) -> Decimal:
        if number.adjusted() + len(self.fraction) > 25:
            # More digits than decimal arithmetic keeps: nothing is left to round in such a number.
            return number.to_integral_value(ROUND_DOWN)
        return number.quantize(self._step, rounding=ROUND_HALF_UP)

    def _whole_text(self, digits: str) -> str:
        slots = [char for char in self.whole if char in "0#x"]
        if "x" in slots:
            digits = digits[-(len(slots) - slots.index("x")) :]
        required = len(slots) - slots.index("0") if "0" in slots else 0
        digits = digits.lstrip("0").rjust(required, "0")
        if self.group:
            return re.sub(r"(?<=\d)(?=(?:\d{3})+$)", lambda _: self.group, digits)
        if len(slots) == len(self.whole):
            return digits
        return _fill(self.whole, digits)

    def _fraction_text(self, decimals: str) -> str:
        kept = max((place for place, char in enumerate(self.fraction, 1) if char in "0x"), default=0)
        decimals = decimals[:kept] + decimals[kept:].rstrip("0")
        return self.decimal + decimals if decimals else ""

    def _with_sign(self, text: str, *, negative: bool, zero: bool) -> str:
        sign = "-" if negative else ""
        stem = self.prefix.rstrip(_SPACES)
        if stem.endswith(("+", "-")):
            plus = "+" if stem.endswith("+") and not zero else ""
            return stem[:-1] + (sign or plus) + self.prefix[len(stem) :] + text
        currency = _CURRENCY.search(self.prefix)
        place = currency.start() if currency else len(self.prefix)
        return self.prefix[:place] + sign + self.prefix[place:] + text


def _find_core(masked: str) -> tuple[int, int] | None:
    """Where the digits go: the first run of placeholders with a 0 or #, else one of x alone."""
    runs = list(_CORE.finditer(masked))
    chosen = next((run for run in runs if set(run[0]) & set("0#")), runs[0] if runs else None)
    return None if chosen is None else chosen.span()


def _unmask(masked: str, words: Iterator[str]) -> str:
    return "".join(next(words, "") if char == _QUOTED else char for char in masked)


def _split(core: str, language: str) -> tuple[str, str, str]:
    """Whole part, decimal mark (or nothing) and fraction of the digits' part of a picture."""
    place = max(core.rfind("."), core.rfind(","))
    if place < 0 or not _is_decimal(core, place, language):
        return core, "", ""
    return core[:place], core[place], core[place + 1 :]


def _is_decimal(core: str, place: int, language: str) -> bool:
    mark, tail, before = core[place], core[place + 1 :], core[:place]
    if mark in before or set(tail) - set("0#x"):
        return False
    if len(tail) != 3 or any(char in before for char in _MARKS):
        return True
    # `#,##0` groups in every language; `0,000` depends on which mark the language groups with.
    return not tail.startswith("#") and locale_of(language).number_symbols["latn"]["group"] != mark


def _group_mark(whole: str) -> str:
    """The mark between groups of three; nothing when the marks stand elsewhere (`000 00` is no number)."""
    parts = re.split(r"([^0#x])", whole)
    marks, groups = set(parts[1::2]), parts[2::2]
    if len(marks) == 1 and all(len(group) == 3 for group in groups) and marks <= set(_MARKS):
        return marks.pop()
    return ""


def _fill(whole: str, digits: str) -> str:
    """Digits put into their places from the right, literal characters kept: `(###) ###-####`."""
    left = list(digits)
    first = min(whole.find(char) for char in "0#x" if char in whole)
    text: list[str] = []
    for place in range(len(whole) - 1, -1, -1):
        char = whole[place]
        if char not in "0#x":
            text.append(char if left or place < first else "")
        elif place == first:
            text.extend(reversed(left))
        elif left:
            text.append(left.pop())
    return "".join(reversed(text))
