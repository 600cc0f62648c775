"""Tools of opportunities: the pipeline by its stages, and what is open, won, offered and expected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_skeleton
from flask import request
from flask_babel import format_number, get_locale, ngettext
from flask_babel import gettext as _

from models.fields.conditions import Node
from models.fields.context import Context
from models.fields.kinds.numbers import decimal_of
from models.fields.kinds.written import money_text
from models.fields.schema import schema_of
from models.rights import Access
from services.board import Board, Column
from services.board import worth_of as column_worth
from services.currencies import Rates
from services.labels import context_for
from services.opportunities import REGISTER, today_of
from services.tasks import MINE, TEAM
from services.tray_pipeline import (
    IS_OPEN,
    IS_WON,
    Worth,
    board_of,
    next_closing,
    stage_label,
    whose_nodes,
    worth_of,
)
from services.values import context_of
from views.board_cards import left_out_text
from views.selection import pairs_of
from views.tray_tools.drawing import Shown, draws
from views.tray_tools.figures import figure

Raw = Mapping[str, Any]
PATH = "/opportunities/"
#: The bar of stages is so wide in the units of its drawing, with so much between its parts.
BAR, GAP = 100.0, 0.6
#: The shades of the stages of a bar, from the first to the last.
SHADES = 4


@dataclass(frozen=True)
class Stage:
    """One stage of the pipeline: `start` and `width` are its part of the bar."""

    label: str
    count: int
    value: str
    url: str
    shade: int
    start: float
    width: float


@dataclass(frozen=True)
class Closing:
    """One of the opportunities that are to be closed next."""

    name: str
    url: str
    about: str
    value: str
    day: str
    late: bool


@draws("pipeline")
def pipeline(access: Access, options: Raw, _size: str, _address: str) -> Shown:
    whose, key = options.get("of", ""), options.get("pipeline", "")
    asked, board, rates = board_of(access, key, whose)
    left_out = column_worth(board.total.values, board.total.valued, rates).left_out
    nodes: Sequence[Node] = [{"col": "pipeline", "opr": "eq", "value": asked.pipeline.key},
                             *whose_nodes(access, whose)]  # fmt: skip
    return Shown("pipeline", {
        "stages": stages_of(access, board, rates, whose), "next": closings(access, next_closing(access, key, whose)),
        "notes": [left_out_text(count, currency) for currency, count in sorted(left_out.items())],
        "may_add": access.may(REGISTER, "add"),
    }, title=title_of(whose), count=format_number(board.total.count) if board.total.count else "",
        url=f"{request.script_root}{PATH}board?{urlencode(pairs_of(nodes))}", url_label=_("Board"))  # fmt: skip


def title_of(whose: str) -> str:
    return {MINE: _("My opportunities"), TEAM: _("My team's opportunities")}.get(whose, _("Opportunities"))


def stages_of(access: Access, board: Board, rates: Rates, whose: str) -> list[Stage]:
    """The stages in which there is something, with their parts of the bar: by value, or by count where that is not
    seen."""
    valued = "value" in schema_of(REGISTER).for_access(access).by_column
    context = context_of(access)
    amounts = [column_worth(one.sums.values, one.sums.valued, rates).amount if valued else Decimal(one.sums.count)
               for one in board.columns]  # fmt: skip
    total = sum(max(amount, Decimal(0)) for amount in amounts) or Decimal(1)
    found, start = [], 0.0
    for place, (column, amount) in enumerate(zip(board.columns, amounts, strict=True)):
        width = float(max(amount, Decimal(0)) / total) * BAR
        text = money_text(amount, rates.currency, context.locale, short=True) if valued else ""
        shade = 1 + round(place * (SHADES - 1) / max(len(board.columns) - 1, 1))
        found.append(Stage(column.stage.label_in(access.language), column.sums.count, text,
                           list_url([IS_OPEN, stage_node(column), *whose_nodes(access, whose)]), shade,
                           round(start, 2), round(max(width - GAP, 0), 2)))  # fmt: skip
        start += width
    return found


def stage_node(column: Column) -> Node:
    return {"col": "stage", "opr": "eq", "value": column.stage.key}


def closings(access: Access, rows: Sequence[Raw]) -> list[Closing]:
    seen = schema_of(REGISTER).for_access(access).by_column
    fields = [seen[column] for column in ("company", "stage") if column in seen]
    context = context_for(access, fields, rows)
    return [closing(access, raw, context) for raw in rows]


def closing(access: Access, raw: Raw, context: Context) -> Closing:
    seen = schema_of(REGISTER).for_access(access).by_column
    about = [seen[column].kind.text(raw.get(column), seen[column], context) for column in ("company", "stage")
             if column in seen and raw.get(column)]  # fmt: skip
    value = raw.get("value") if "value" in seen else None
    day = raw["closes_on"].date()
    late = (today_of(access) - day).days
    told = (ngettext("%(num)s day late", "%(num)s days late", late) if late > 0 else
            format_skeleton("yMMM" if -late > 300 else "MMMd", day, locale=get_locale()))  # fmt: skip
    return Closing(
        str(raw.get("name") or _("(no name)")), f"{request.script_root}{PATH}show/{raw['_id']}",
        " · ".join(filter(None, about)),
        money_text(decimal_of(value["amount"]), value["currency"], context.locale, short=True) if value else "",
        told, late > 0,
    )  # fmt: skip


def list_url(conditions: Sequence[Node]) -> str:
    return f"{request.script_root}{PATH}?{urlencode(pairs_of(conditions))}"


# Figures


def money_figure(access: Access, title: str, worth: Worth, note: str, conditions: Sequence[Node]) -> Shown:
    """What opportunities are worth in large; how many there are where their value is not seen."""
    value = format_number(worth.count)
    if worth.amount is not None:
        # Cents are in the report; here they would be noise.
        value = money_text(worth.amount.quantize(Decimal(1)), worth.currency, context_of(access).locale, short=True)
    notes = [left_out_text(count, currency) for currency, count in worth.left_out.items()]
    return figure(value, " ".join([note, *notes]), title=title, url=list_url(conditions))


def counted(worth: Worth) -> str:
    return ngettext("%(num)s opportunity", "%(num)s opportunities", worth.count)


@draws("figure_open")
def open_now(access: Access, options: Raw, _size: str, _address: str) -> Shown:
    conditions = [IS_OPEN, *whose_nodes(access, options.get("of", ""))]
    worth = worth_of(access, conditions)
    titles = {MINE: _("My offer book"), TEAM: _("My team's offer book")}
    title = titles.get(options.get("of", ""), _("Offer book"))
    return money_figure(access, title, worth, counted(worth), conditions)


@draws("figure_won")
def won(access: Access, options: Raw, _size: str, _address: str) -> Shown:
    whose = whose_nodes(access, options.get("of", ""))
    conditions, before = ([IS_WON, {"col": "closed_on", "opr": "period", "value": period}, *whose]
                          for period in ("this_month", "last_month"))  # fmt: skip
    worth, last = worth_of(access, conditions), worth_of(access, before)
    note = counted(worth)
    if last.amount is not None:
        amount = money_text(last.amount.quantize(Decimal(1)), last.currency, context_of(access).locale, short=True)
        note = _("%(count)s, last month %(amount)s", count=note, amount=amount)
    return money_figure(access, _("Won this month"), worth, note, conditions)


@draws("figure_stage")
def in_stage(access: Access, options: Raw, _size: str, _address: str) -> Shown | None:
    key = options.get("stage", "")
    label = stage_label(key, access.language)
    if not label:
        return None
    conditions = [IS_OPEN, {"col": "stage", "opr": "eq", "value": key}, *whose_nodes(access, options.get("of", ""))]
    worth = worth_of(access, conditions)
    note = "" if worth.amount is None else money_text(
        worth.amount.quantize(Decimal(1)), worth.currency, context_of(access).locale, short=True)  # fmt: skip
    return figure(format_number(worth.count), note, title=label, url=list_url(conditions))


@draws("figure_expected")
def expected(access: Access, options: Raw, _size: str, _address: str) -> Shown:
    conditions = [IS_OPEN, {"col": "closes_on", "opr": "period", "value": "this_quarter"},
                  *whose_nodes(access, options.get("of", ""))]  # fmt: skip
    worth = worth_of(access, conditions, weighted=True)
    return money_figure(access, _("Expected this quarter"), worth, counted(worth), conditions)
