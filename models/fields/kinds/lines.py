"""Rows of products with quantity, price and discount: what an offer is made of."""

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, DecimalException, localcontext
from typing import Any, ClassVar

import mongoengine as me
from bson import Decimal128, ObjectId
from flask_babel import lazy_gettext as _l

from models.fields import operators as ops
from models.fields.context import Context
from models.fields.errors import ConditionError, FieldError
from models.fields.field import Field
from models.fields.kinds.base import Faceted, text_of
from models.fields.kinds.numbers import (
    MONEY_LIMIT,
    SYMBOLS,
    currencies,
    decimal_of,
    plain_number,
    read_decimal,
    trimmed,
)
from models.fields.kinds.references import parse_id
from models.fields.kinds.written import money_text, number_text

Line = dict[str, Any]
CENT, HUNDRED = Decimal("0.01"), Decimal(100)
MOST_LINES, LONGEST_NAME, LONGEST_UNIT = 200, 200, 20
#: More digits than a product of three numbers has: nothing is rounded but the amount.
DIGITS = 60
#: What a row takes from its product where it says nothing itself: part of the row -> column of the product.
FROM_PRODUCT = {"name": "name", "price": "price", "unit": "unit"}
#: Stands for the product of a row that has none, in tokens and conditions.
FREE = "none"
WITHOUT = _l("Row without a product")


class ProductLines(Faceted):
    """Rows of products: a list of {product, name, quantity, unit, price, discount, amount, currency}.

    `product` is the id of a record of the field's target or None, `name` what the row is called, `unit` what the price
    is for (left out where it isn't said), `discount` is in percent; `amount` is quantity × price × (1 − discount / 100)
    rounded half up to cents. Numbers are Decimal128. All rows are in one currency. A row whose price was left out has
    none until it is completed by its product's.
    """

    name = "product_lines"
    label = _l("Product rows")
    input = "product_lines"
    refers = True
    importable = False
    not_imported = _l("rows of products can't be imported. Leave the column out and add the rows on the records.")
    orderable = False
    offered = False
    needs_room = True
    operators: ClassVar[Sequence[str]] = ops.SEVERAL
    operator_labels: ClassVar[Mapping[str, Any]] = ops.SEVERAL_LABELS
    #: As forms send them: a text of JSON.
    longest = 200_000

    def target(self, field: Field) -> str:
        return field.target

    def parse_value(self, raw: Any, field: Field, context: Context) -> list[Line] | None:
        rows = rows_of(raw, field)
        if len(rows) > MOST_LINES:
            raise FieldError(_l("At most %(max)s rows of products.", max=MOST_LINES))
        lines = [parsed_line(row, number, field, context) for number, row in enumerate(rows, start=1) if not blank(row)]
        if len({line["currency"] for line in lines}) > 1:
            raise FieldError(_l("Give all rows of products in one currency."))
        return lines or None

    def operand_value(self, code: str, raw: Any, field: Field, context: Context) -> Any:
        """The id of a product, also out of a row; FREE for rows without one."""
        if raw == FREE:
            return FREE
        try:
            return parse_id(raw.get("product") if isinstance(raw, Mapping) else raw)
        except FieldError as error:
            raise ConditionError(field.column, error.message) from error

    def document_field(self, **options: Any) -> Any:
        return me.ListField(me.DictField(), **options)

    def text(self, value: Any, field: Field, context: Context) -> str:
        return ", ".join(f"{quantity_text(line, context)} × {line['name']}" for line in value or ())

    def full_text(self, value: Any, field: Field, context: Context) -> str:
        return "; ".join(line_text(line, context) for line in value or ())

    def edit_text(self, value: Any, field: Field, context: Context) -> str:
        """The rows as JSON, one a line, numbers as the language writes them; amounts follow from the rest."""
        if not value:
            return ""
        return "[\n" + ",\n".join(json.dumps(written(line, context), ensure_ascii=False) for line in value) + "\n]"

    def given_text(self, text: str) -> str:
        """One row of the product that an address names by its id."""
        return json.dumps([{"product": text}]) if ObjectId.is_valid(text) else text

    def asked_text(self, value: Any, field: Field, context: Context) -> str:
        products = {line["product"] for line in value or ()}
        return str(products.pop() or "") if len(products) == 1 else ""

    def changed(self, before: Any, after: Any) -> tuple[Any, Any]:
        """The rows that only one of both has; all where they only stand in another order."""
        gone, new = ([line for line in these or () if line not in (those or ())]
                     for these, those in ((before, after), (after, before)))  # fmt: skip
        return (gone, new) if gone or new else (before, after)

    def merge_value(self, value: Any, field: Field, context: Context) -> Any:
        return "\n".join(line_text(line, context) for line in value or ())

    def to_json(self, value: Any, field: Field) -> Any:
        return [spoken(line) for line in value or ()]

    def json_schema(self, field: Field) -> dict[str, Any]:
        number = {"type": ["string", "number", "null"]}
        properties: dict[str, Any] = {
            "product": {"type": ["string", "null"]}, "name": {"type": "string"}, "quantity": number,
            "unit": {"type": "string"}, "price": number, "discount": number, "amount": number,
            "currency": {"type": "string"},
        }  # fmt: skip
        return {"type": "array", "items": {"type": "object", "properties": properties}}

    def operand_choices(self, code: str) -> Sequence[tuple[str, Any]]:
        return ((FREE, WITHOUT),) if code not in ops.EMPTINESS else ()

    def borrowed(self, value: Any) -> Iterable[str]:
        return {FROM_PRODUCT[part] for line in value or () if line.get("product")
                for part in ("name", "price") if line.get(part) in (None, "")}  # fmt: skip

    def facet(self, value: Any, field: Field) -> str:
        return f"{field.column}={product_of(value) if isinstance(value, Mapping) else value}"

    def facets(self, value: Any, field: Field) -> Iterable[str]:
        items = value if isinstance(value, list) else [value]
        return list(dict.fromkeys(self.facet(item, field) for item in items))

    # Reports group by products

    @property
    def in_each(self) -> bool:
        return True

    def group_expression(self, field: Field, by: str, context: Context) -> Any:
        """The products, null for a row without one; where there are no rows, an empty text."""
        rows = {"$size": {"$ifNull": [f"${field.path}", []]}}
        return {"$cond": [{"$gt": [rows, 0]}, f"${field.path}.product", [""]]}

    def group_key(self, found: Any, field: Field, by: str, context: Context) -> Any:
        return FREE if found is None else found or None

    def group_text(self, key: Any, field: Field, by: str, context: Context) -> str:
        return str(WITHOUT) if key == FREE else context.labels.get((field.target, key), "")

    def group_conditions(self, key: Any, field: Field, by: str, context: Context) -> list[dict[str, Any]]:
        if key is None:
            return super().group_conditions(key, field, by, context)
        return [{"col": field.column, "opr": "eq", "value": str(key)}]

    def group_references(self, key: Any, field: Field) -> Sequence[tuple[str, Any]]:
        return ((field.target, key),) if isinstance(key, ObjectId) else ()

    def part_expression(self, key: str, values: str, whole: str) -> Any:
        """The amounts of the product's rows; the whole where there is but one row, or none."""
        mine = {"$filter": {"input": values, "cond": {"$eq": ["$$this.product", key]}}}
        several = {"$gt": [{"$size": {"$ifNull": [values, []]}}, 1]}
        return {"$cond": [several, {"$sum": {"$map": {"input": mine, "in": "$$this.amount"}}}, whole]}

    def references(self, value: Any, field: Field) -> Iterable[tuple[str, ObjectId]]:
        return [(field.target, line["product"]) for line in value or () if line.get("product")]

    def reference_path(self, field: Field) -> str:
        return f"{field.path}.product"

    def pointed(self, value: Any, keep: ObjectId, other: ObjectId) -> Any:
        return [{**line, "product": keep} if line.get("product") == other else line for line in value or ()]


def product_of(line: Mapping[str, Any]) -> Any:
    return line.get("product") or FREE


def rows_of(raw: Any, field: Field) -> list[Any]:
    """The rows that were sent, as a list or as its JSON. Raises FieldError."""
    if isinstance(raw, str):
        try:
            raw = json.loads(text_of(raw, field))
        except (ValueError, RecursionError) as error:
            raise FieldError(_l("Give rows of products, each with a name, a quantity and a price.")) from error
    if not isinstance(raw, (list, tuple)) or not all(isinstance(row, Mapping) for row in raw):
        raise FieldError(_l("Give rows of products, each with a name, a quantity and a price."))
    return list(raw)


def blank(row: Mapping[str, Any]) -> bool:
    """Whether nothing was written in a row: no product, name or price."""
    return all(row.get(part) in (None, "") for part in ("product", "name", "price"))


def parsed_line(row: Mapping[str, Any], number: int, field: Field, context: Context) -> Line:
    """One row as it is kept. Raises FieldError, which tells which row it is."""
    try:
        product = parse_id(row["product"]) if row.get("product") else None
        name, unit = words_of(row, "name", LONGEST_NAME, field), words_of(row, "unit", LONGEST_UNIT, field)
        price = price_of(row, context)
        if product is None and (not name or price is None):
            raise FieldError(_l("Choose a product, or give a name and a price."))
        line: Line = {"product": product, "name": name, "quantity": quantity_of(row, context), "price": price,
                      "discount": discount_of(row, context), "currency": currency_of(row, field)}  # fmt: skip
        return with_amount({**line, "unit": unit} if unit else line)
    except FieldError as error:
        raise FieldError(_l("Row %(number)s: %(message)s", number=number, message=error.message)) from error


def words_of(row: Mapping[str, Any], part: str, most: int, field: Field) -> str:
    """A part of a row that is text, "" for none. Raises FieldError."""
    text = text_of(row[part], field) if row.get(part) not in (None, "") else ""
    if len(text) > most:
        raise FieldError(_l("Too long: at most %(max)s characters, this has %(length)s.", max=most, length=len(text)))
    return text


def number_of(raw: Any, context: Context) -> Decimal:
    """A number of at most four decimals. Raises FieldError."""
    if isinstance(raw, bool) or not isinstance(raw, (str, int, float, Decimal)) or len(str(raw)) > 60:
        raise FieldError(_l("Give a number, such as 1234.5."))
    try:
        number = read_decimal(raw, context) if isinstance(raw, str) else Decimal(str(raw))
        number = number.quantize(Decimal("0.0001"))
    except (ValueError, DecimalException) as error:
        raise FieldError(_l("“%(value)s” is not a number. Write digits only, such as 1234.5.",
                            value=str(raw)[:80])) from error  # fmt: skip
    if not number.is_finite() or abs(number) >= MONEY_LIMIT:
        raise FieldError(_l("This amount is too large."))
    return number


def quantity_of(row: Mapping[str, Any], context: Context) -> Decimal128:
    raw = row.get("quantity")
    return Decimal128(trimmed_number(number_of(raw, context) if raw not in (None, "") else Decimal(1)))


def price_of(row: Mapping[str, Any], context: Context) -> Decimal128 | None:
    raw = row.get("price")
    return None if raw in (None, "") else Decimal128(trimmed(number_of(without_symbol(raw), context)))


def without_symbol(raw: Any) -> Any:
    """A price without the sign or code of a currency: the row's currency stands by itself."""
    if not isinstance(raw, str):
        return raw
    return raw.strip().strip("".join(SYMBOLS)).strip()


def discount_of(row: Mapping[str, Any], context: Context) -> Decimal128:
    raw = row.get("discount")
    raw = raw.strip().rstrip("%").strip() if isinstance(raw, str) else raw
    percent = number_of(raw, context) if raw not in (None, "") else Decimal(0)
    if not 0 <= percent <= HUNDRED:
        raise FieldError(_l("A discount is a percentage from 0 to 100."))
    return Decimal128(trimmed_number(percent))


def currency_of(row: Mapping[str, Any], field: Field) -> str:
    code = str(row.get("currency") or field.currency).upper()
    if code not in currencies():
        raise FieldError(_l("“%(value)s” is not a currency. Use a code such as EUR.", value=code[:20]))
    return code


def with_amount(line: Line) -> Line:
    """The row with its amount; one without a price has none yet. Raises FieldError for one that is too large."""
    if line["price"] is None:
        return {**line, "amount": None}
    price, quantity, discount = (decimal(line[part]) for part in ("price", "quantity", "discount"))
    with localcontext(prec=DIGITS):
        # Nothing is not less than nothing, also where it was rounded to it.
        amount = (price * quantity * (HUNDRED - discount) / HUNDRED).quantize(CENT, ROUND_HALF_UP) + 0
    if abs(amount) >= MONEY_LIMIT:
        raise FieldError(_l("This amount is too large."))
    return {**line, "amount": Decimal128(amount)}


def sum_of(lines: Sequence[Line]) -> dict[str, Any] | None:
    """The sum of the rows as money; None for no rows."""
    if not lines:
        return None
    total = sum((decimal(line["amount"]) for line in lines if line["amount"] is not None), Decimal("0.00"))
    return {"amount": Decimal128(total), "currency": lines[0]["currency"]}


def decimal(number: Any) -> Decimal:
    return decimal_of(number) if isinstance(number, Decimal128) else Decimal(str(number))


def trimmed_number(number: Decimal) -> Decimal:
    """Without the zeros that nobody typed, and without an exponent."""
    whole = number.to_integral_value()
    return whole if whole == number else number.normalize()


def spoken(line: Line) -> Line:
    """A row as JSON has it: ids and numbers as text."""
    return {part: str(value) if isinstance(value, (ObjectId, Decimal128)) else value for part, value in line.items()}


def written(line: Line, context: Context) -> Line:
    """A row as people write it: no amount, numbers with the language's decimal mark."""
    numbers = {part: plain_number(decimal(line[part]), context.language)
               for part in ("quantity", "price", "discount") if line.get(part) is not None}  # fmt: skip
    return {part: value for part, value in (spoken(line) | numbers).items() if part != "amount"}


def quantity_text(line: Line, context: Context) -> str:
    """How many, with the unit where the row has one."""
    return " ".join(filter(None, (decimal_text(line["quantity"], context), line.get("unit"))))


def decimal_text(number: Any, context: Context) -> str:
    return number_text(float(decimal(number)), context.locale)


def discount_text(line: Line, context: Context) -> str:
    """10 %; "" for none."""
    return f"{decimal_text(line['discount'], context)} %" if decimal(line["discount"]) else ""


def price_text(line: Line, context: Context) -> str:
    return "" if line["price"] is None else money_text(decimal(line["price"]), line["currency"], context.locale)


def amount_text(line: Line, context: Context) -> str:
    return "" if line["amount"] is None else money_text(decimal(line["amount"]), line["currency"], context.locale)


def line_text(line: Line, context: Context) -> str:
    """2 × Pump, 1 000,00 € − 10 % = 1 800,00 €; of one at its price, that alone."""
    discount = f" − {discount_text(line, context)}" if decimal(line["discount"]) else ""
    each = f"{price_text(line, context)}{discount}"
    amount = amount_text(line, context)
    total = "" if amount == each else f" = {amount}"
    return f"{quantity_text(line, context)} × {line['name']}, {each}{total}"
