"""Numbers and money."""

import math
import re
import struct
from collections.abc import Sequence
from decimal import Decimal, DecimalException
from functools import cache
from typing import Any, ClassVar

import mongoengine as me
from babel.numbers import list_currencies
from bson import Decimal128
from flask_babel import lazy_gettext as _l

from models.fields import operators as ops
from models.fields.context import Context
from models.fields.errors import FieldError
from models.fields.field import Field
from models.fields.kinds.base import Kind, Query
from models.fields.kinds.written import money_text, number_text

COMPARISONS = {"eq": "$eq", "gt": "$gt", "lt": "$lt", "ge": "$gte", "le": "$lte"}
DECIMAL_MARKS = {"fi": ",", "sv": ",", "de": ","}
INT64 = 2**63
#: Money is kept to four decimals and below a thousand billion: enough for unit prices and for states.
MONEY_LIMIT = Decimal(10) ** 15
#: Longer text is no amount; the expression below would take for ever to find that out of a row of spaces.
MONEY_TEXT = 100
CURRENCY = re.compile(r"^(?P<before>[A-Za-z]{3})?\s*(?P<amount>[^A-Za-z]+?)\s*(?P<after>[A-Za-z]{3})?$")
_BID = struct.Struct("<QQ")
_SIGN, _RARE = 1 << 63, 3 << 61
_EXPONENT_AT, _BIAS = 49, 6176
_HIGH_DIGITS = (1 << _EXPONENT_AT) - 1
_EXACT = 10**28
#: A number whose thousands are grouped by the same mark throughout.
GROUPED = re.compile(r"[+-]?\d{1,3}([.,]\d{3})+")
SYMBOLS = {"€": "EUR", "$": "USD", "£": "GBP"}


def parse_decimal(text: str, language: str, mark: str = "") -> Decimal:
    """A number as people write it: 1 234,5 or 1,234.5 or 1234.5. Raises ValueError.

    A single mark before exactly three digits is read by the language: "1,234" is 1234 in English, 1.234 in
    Finnish; but nobody groups after a nought, and "0.925" is less than one in both. Two kinds of mark: the last one is
    the decimal mark. The same mark twice groups. `mark` is the decimal mark where it is known by other means.
    """
    plain = re.sub(r"[\s\u00a0\u202f']", "", text).replace("−", "-")
    marks = re.findall(r"[.,]", plain)
    decimal_mark = mark or DECIMAL_MARKS.get(language, ".")
    if len(set(marks)) == 2:
        decimal_mark = marks[-1]
    elif len(marks) == 1 and (marks[0] == decimal_mark or not re.search(r"\d[.,]\d{3}$", plain)
                              or re.match(r"[+-]?0[.,]", plain)):  # fmt: skip
        decimal_mark = marks[0]
    elif len(marks) > 1 and not GROUPED.fullmatch(plain):
        # Dates such as 1.3.1960 are none.
        raise ValueError(text)
    elif marks:
        decimal_mark = "," if marks[0] == "." else "."
    grouping = "," if decimal_mark == "." else "."
    plain = plain.replace(grouping, "").replace(decimal_mark, ".")
    if not re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)", plain):
        raise ValueError(text)
    return Decimal(plain)


def read_decimal(text: str, context: Context) -> Decimal:
    """A number as its context writes it. Raises ValueError."""
    return parse_decimal(text, context.language, context.decimal_mark)


class Number(Kind):
    """A whole number is kept as a 64-bit integer, any other as a double."""

    name = "number"
    label = _l("Number")
    input = "number"
    operators = ops.ORDERED
    ranged = True
    lowest = -math.inf
    numeric = True
    groupings: ClassVar[Sequence[str]] = ("",)

    def group_order(self, key: Any, field: Field, context: Context) -> Any:
        return key

    def parse_value(self, raw: Any, field: Field, context: Context) -> int | float:
        if isinstance(raw, bool) or not isinstance(raw, (int, float, Decimal, str)):
            raise FieldError(_l("Give a number, such as 1234.5."))
        try:
            number = read_decimal(raw, context) if isinstance(raw, str) else Decimal(str(raw))
        except (ValueError, DecimalException) as error:
            raise FieldError(_l("“%(value)s” is not a number. Write digits only, such as 1234.5.",
                                value=str(raw)[:80])) from error  # fmt: skip
        return self.native(number)

    def native(self, number: Decimal) -> int | float:
        if number.is_finite() and abs(number) < INT64 and number == number.to_integral_value():
            return int(number)
        value = float(number)
        if not math.isfinite(value) or abs(number) >= INT64:
            raise FieldError(_l("This number is too large. The largest is about 9 000 000 000 000 000 000."))
        return value

    def document_field(self, **options: Any) -> Any:
        return me.DynamicField(**options)

    def text(self, value: Any, field: Field, context: Context) -> str:
        if value is None:
            return ""
        return number_text(value, context.locale)

    def edit_text(self, value: Any, field: Field, context: Context) -> str:
        if value is None:
            return ""
        return plain_number(Decimal(str(value)), context.language)

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "number"}

    def merge_value(self, value: Any, field: Field, context: Context) -> Any:
        return value

    def compare(self, code: str, value: Any, field: Field) -> Query:
        return {self.sort_path(field): {COMPARISONS[code]: value}}


class Money(Number):
    """An amount with its currency: `{"amount": Decimal128, "currency": "EUR"}`.

    Comparisons look at amounts; amounts of another currency than the one asked for do not match.
    """

    name = "money"
    label = _l("Money")
    input = "money"
    groupings = ()

    def amount_path(self, field: Field) -> str:
        return f"{field.path}.amount"

    def currency_path(self, field: Field) -> str:
        return f"{field.path}.currency"

    def parse_value(self, raw: Any, field: Field, context: Context) -> Any:
        amount, currency = self.parts(raw, field)
        try:
            number = read_decimal(amount, context) if isinstance(amount, str) else Decimal(str(amount))
            number = number.quantize(Decimal("0.0001"))
        except (ValueError, DecimalException) as error:
            raise FieldError(_l("“%(value)s” is not an amount of money. Write it as 1234.50 EUR.",
                                value=str(amount)[:80])) from error  # fmt: skip
        if not number.is_finite() or abs(number) >= MONEY_LIMIT:
            raise FieldError(_l("This amount is too large."))
        return {"amount": Decimal128(trimmed(number)), "currency": currency}

    def parts(self, raw: Any, field: Field) -> tuple[Any, str]:
        """(amount, currency) out of "1 200 EUR", 1200 or {"amount": 1200, "currency": "EUR"}."""
        currency: Any = field.currency
        if isinstance(raw, dict):
            raw, currency = raw.get("amount"), raw.get("currency") or currency
        if isinstance(raw, str) and len(raw) > MONEY_TEXT:
            raise FieldError(_l("Give an amount of money, such as 1234.50 EUR."))
        if isinstance(raw, str):
            for symbol, code in SYMBOLS.items():
                raw = raw.replace(symbol, code)
            match = CURRENCY.match(raw.strip())
            if match:
                raw, currency = match["amount"], match["after"] or match["before"] or currency
        if isinstance(raw, bool) or not isinstance(raw, (int, float, str, Decimal)):
            raise FieldError(_l("Give an amount of money, such as 1234.50 EUR."))
        currency = str(currency).upper()
        if currency not in currencies():
            raise FieldError(_l("“%(value)s” is not a currency. Use a code such as EUR.", value=currency[:20]))
        return raw, currency

    def text(self, value: Any, field: Field, context: Context) -> str:
        if not value:
            return ""
        return money_text(amount_of(value), value["currency"], context.locale)

    def edit_text(self, value: Any, field: Field, context: Context) -> str:
        return f"{plain_number(amount_of(value), context.language)} {value['currency']}" if value else ""

    def to_json(self, value: Any, field: Field) -> Any:
        return {"amount": str(amount_of(value)), "currency": value["currency"]} if value else None

    def json_schema(self, field: Field) -> dict[str, Any]:
        properties = {"amount": {"type": ["string", "number"]}, "currency": {"type": "string"}}
        return {"type": ["object", "number", "string"], "properties": properties}

    def merge_value(self, value: Any, field: Field, context: Context) -> Any:
        return amount_of(value) if value else None

    def cell(self, value: Any, field: Field, context: Context) -> Any:
        """The bare amount in the field's own currency, so that it adds up; another currency is written out."""
        if not value or value["currency"] == field.currency:
            return amount_of(value) if value else None
        return self.edit_text(value, field, context)

    def range_value(self, value: Any) -> Any:
        return value["amount"]

    def sort_path(self, field: Field) -> str:
        return super().sort_path(field) if field.custom else f"{field.path}.amount"

    def compare(self, code: str, value: Any, field: Field) -> Query:
        return {self.sort_path(field): {COMPARISONS[code]: value["amount"]},
                f"{field.path}.currency": value["currency"]}  # fmt: skip


@cache
def currencies() -> frozenset[str]:
    """The codes of all currencies, those of the past too (ISO 4217)."""
    return frozenset(list_currencies())


def amount_of(value: dict[str, Any]) -> Decimal:
    amount = value["amount"]
    return decimal_of(amount) if isinstance(amount, Decimal128) else Decimal(str(amount))


def decimal_of(number: Decimal128) -> Decimal:
    """`Decimal128.to_decimal` for the numbers there are, in a fifth of its time (it goes digit by digit).

    The format is IEEE 754-2008, 3.5.2, binary encoding: sign, 14 bits of exponent, 113 bits of digits. What has more
    digits than arithmetic keeps, is not finite or is encoded in the rarer way is left to the library.
    """
    low, high = _BID.unpack(number.bid)
    digits = (high & _HIGH_DIGITS) << 64 | low
    if high & _RARE == _RARE or not 0 < digits < _EXACT:
        return number.to_decimal()
    exponent = ((high & ~_SIGN) >> _EXPONENT_AT) - _BIAS
    return Decimal(-digits if high & _SIGN else digits).scaleb(exponent)


def trimmed(number: Decimal) -> Decimal:
    """Without the zeros that nobody typed, but never fewer than two decimals."""
    cents = number.quantize(Decimal("0.01"))
    return cents if cents == number else number.normalize()


def plain_number(number: Decimal, language: str) -> str:
    """Digits with the language's decimal mark and no grouping: what an input shows and reads back."""
    return format(number, "f").replace(".", DECIMAL_MARKS.get(language, "."))
