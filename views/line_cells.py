"""Rows of products as HTML: the table on a record's page, the list in a history."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from models.fields.context import Context
from models.fields.field import Field
from models.fields.kinds.lines import (
    Line,
    amount_text,
    decimal,
    discount_text,
    line_text,
    price_text,
    quantity_text,
    sum_of,
)
from models.fields.kinds.numbers import amount_of
from models.fields.kinds.written import money_text
from models.registers import REGISTERS


def line_table(field: Field, lines: Sequence[Line], context: Context) -> Markup:
    """Each row with its quantity, price, discount and amount, and their sum. A product that the reader may see is
    linked."""
    discounts = any(decimal(line["discount"]) for line in lines)
    heads = [_("Product"), _("Quantity"), _("Price"), *([_("Discount")] if discounts else []), _("Amount")]
    total = sum_of(lines)
    return Markup(
        '<div class="k-lineview"><table><thead><tr>{}</tr></thead><tbody>{}</tbody>'
        '<tfoot><tr><th scope="row" colspan="{}">{}</th><td class="num">{}</td></tr></tfoot></table></div>'
    ).format(
        Markup().join(Markup('<th scope="col">{}</th>').format(head) for head in heads),
        Markup().join(row_html(field, line, heads, context, discounts=discounts) for line in lines),
        len(heads) - 1, _("Sum"),
        money_text(amount_of(total), total["currency"], context.locale) if total else "",
    )  # fmt: skip


def row_html(field: Field, line: Line, heads: Sequence[str], context: Context, *, discounts: bool) -> Markup:
    numbers = [quantity_text(line, context), price_text(line, context),
               *([discount_text(line, context)] if discounts else []), amount_text(line, context)]  # fmt: skip
    cells = [Markup('<td class="num" data-label="{}">{}</td>').format(head, text)
             for head, text in zip(heads[1:], numbers, strict=True)]  # fmt: skip
    return Markup("<tr><td>{}</td>{}</tr>").format(name_html(field, line, context), Markup().join(cells))


def name_html(field: Field, line: Line, context: Context) -> Any:
    """What the row is called; a link where its product is one that the reader may see."""
    if (field.target, line["product"]) not in context.labels:
        return line["name"]
    return Markup('<a href="{}/show/{}">{}</a>').format(REGISTERS[field.target].path, line["product"], line["name"])


def line_list(lines: Sequence[Line], context: Context) -> Markup:
    """The rows one below the other, each in words."""
    return Markup('<span class="k-linetexts">{}</span>').format(
        Markup().join(Markup("<span>{}</span>").format(line_text(line, context)) for line in lines)
    )
