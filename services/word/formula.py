"""Word's formulas (`= {MERGEFIELD price} * 1,24`) worked out for each record, ECMA-376 part 1, 17.16.3.

What a formula reads from the document (bookmarks, cells of a table) is not known while merging: such formulas are
refused here and stay for Word.
"""

import operator
import re
from collections.abc import Callable, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from services.word.parsing import parse_number
from services.word.values import locale_of

_DEPTH = 40
_POWER = 100
_TOKEN = re.compile(r"\s*(?:(\d+(?:[ \u00a0]\d{3})*(?:[.,]\d+)*|[.,]\d+)|([A-Za-z]+)|(<>|<=|>=|[-+*/^%()<>=;,]))")
_ZERO = Decimal(0)
_COMPARE: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "=": operator.eq, "<>": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_CONSTANTS = {"TRUE": Decimal(1), "FALSE": _ZERO}
_FUNCTIONS: dict[str, tuple[int, int, Callable[..., Decimal]]] = {
    "ABS": (1, 1, abs),
    "AND": (2, 2, lambda a, b: Decimal(bool(a and b))),
    "AVERAGE": (1, 99, lambda *a: sum(a, _ZERO) / len(a)),
    "COUNT": (1, 99, lambda *a: Decimal(len(a))),
    "IF": (3, 3, lambda test, then, otherwise: then if test else otherwise),
    "INT": (1, 1, lambda a: a.to_integral_value(ROUND_DOWN)),
    "MAX": (1, 99, max),
    "MIN": (1, 99, min),
    "MOD": (2, 2, lambda a, b: a % b),
    "NOT": (1, 1, lambda a: Decimal(not a)),
    "OR": (2, 2, lambda a, b: Decimal(bool(a or b))),
    "PRODUCT": (1, 99, lambda *a: _product(a)),
    "ROUND": (2, 2, lambda a, places: _rounded(a, int(places))),
    "SIGN": (1, 1, lambda a: Decimal((a > 0) - (a < 0))),
    "SUM": (1, 99, lambda *a: sum(a, _ZERO)),
}


class FormulaError(Exception):
    """What is no formula of numbers and functions alone."""


def calculate(pieces: Sequence[str | Decimal], language: str) -> Decimal:
    """The value of a formula given as text with values between.

    Raises FormulaError, and ArithmeticError for what has no value (a division by zero, too large a number).
    """
    reader = _Reader(_tokens(pieces), _comma_separates(pieces, language), language)
    value = reader.comparison(0)
    if not reader.ended:
        raise FormulaError
    return value


def shown(number: Decimal) -> Decimal:
    """A result as Word shows it without a picture: at most two decimals."""
    rounded = _rounded(number, 2)
    return rounded.quantize(Decimal(1)) if rounded == rounded.to_integral_value() else rounded.normalize()


def _tokens(pieces: Sequence[str | Decimal]) -> list[str | Decimal]:
    found: list[str | Decimal] = []
    for piece in pieces:
        if isinstance(piece, Decimal):
            found.append(piece)
            continue
        position, text = 0, piece.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise FormulaError
            found.append(match[0].strip())
            position = match.end()
    return found


def _comma_separates(pieces: Sequence[str | Decimal], language: str) -> bool:
    """Whether a comma stands between arguments: not where a semicolon does, nor where it is the decimal mark."""
    text = "".join(piece for piece in pieces if isinstance(piece, str))
    return ";" not in text and locale_of(language).number_symbols["latn"]["decimal"] != ","


class _Reader:
    def __init__(self, tokens: list[str | Decimal], comma_separates: bool, language: str) -> None:
        self._tokens = tokens
        self._at = 0
        self._comma = comma_separates
        self._language = language

    @property
    def ended(self) -> bool:
        return self._at >= len(self._tokens)

    def _take(self, *wanted: str) -> str:
        token = None if self.ended else self._tokens[self._at]
        if isinstance(token, str) and token in wanted:
            self._at += 1
            return token
        return ""

    def comparison(self, depth: int) -> Decimal:
        left = self._sum(depth)
        while sign := self._take(*_COMPARE):
            left = Decimal(_COMPARE[sign](left, self._sum(depth)))
        return left

    def _sum(self, depth: int) -> Decimal:
        left = self._term(depth)
        while sign := self._take("+", "-"):
            right = self._term(depth)
            left = left + right if sign == "+" else left - right
        return left

    def _term(self, depth: int) -> Decimal:
        left = self._power(depth)
        while sign := self._take("*", "/"):
            right = self._power(depth)
            left = left * right if sign == "*" else left / right
        return left

    def _power(self, depth: int) -> Decimal:
        left = self._signed(depth)
        while self._take("^"):
            right = self._signed(depth)
            if abs(right) > _POWER:
                raise OverflowError
            left = left**right
        return left

    def _signed(self, depth: int) -> Decimal:
        negative = False
        while sign := self._take("-", "+"):
            negative ^= sign == "-"
        value = self._operand(depth)
        while self._take("%"):
            value /= 100
        return -value if negative else value

    def _operand(self, depth: int) -> Decimal:
        if self.ended or depth > _DEPTH:
            raise FormulaError
        token = self._tokens[self._at]
        self._at += 1
        if isinstance(token, Decimal):
            return token
        if token == "(":
            value = self.comparison(depth + 1)
            if not self._take(")"):
                raise FormulaError
            return value
        if token.isalpha():
            return self._named(token.upper(), depth)
        return self._number(token)

    def _number(self, token: str) -> Decimal:
        number = parse_number(token, self._language) if token[0].isdigit() or token[0] in ".," else None
        if number is None:
            raise FormulaError
        return number

    def _named(self, name: str, depth: int) -> Decimal:
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        if name not in _FUNCTIONS or not self._take("("):
            raise FormulaError
        fewest, most, function = _FUNCTIONS[name]
        arguments = [self.comparison(depth + 1)]
        while self._take(";", ","):
            arguments.append(self.comparison(depth + 1))
        if not self._take(")") or not fewest <= len(arguments) <= most:
            raise FormulaError
        return function(*arguments)


def _product(numbers: Sequence[Decimal]) -> Decimal:
    result = Decimal(1)
    for number in numbers:
        result *= number
    return result


def _rounded(number: Decimal, places: int) -> Decimal:
    if abs(places) > _POWER:
        raise OverflowError
    return number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
