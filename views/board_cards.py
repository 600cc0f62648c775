"""Cards and figures of the pipeline board as they are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bson import ObjectId
from flask_babel import gettext as _
from flask_babel import ngettext

from models.fields.context import Context
from models.fields.kinds.numbers import amount_of
from models.fields.kinds.written import day_text, money_text, number_text
from models.fields.schema import Schema, schema_of
from models.opportunities import CLOSED
from models.pipelines import Stage
from services.board import SHOWN, Asked, Board, Cards, Column, Sums, cards_of, worth_of
from services.currencies import Rates
from services.labels import context_for
from services.next_steps import is_late
from services.opportunities import today_of
from services.repeating import REGISTER as ACTIVITY
from services.settings import COLOURS
from views.blocks import initials
from views.task_rows import when_text

Raw = dict[str, Any]


@dataclass(frozen=True)
class Card:
    """One opportunity. `day` is its expected closing as a date of ISO 8601, for its place in the column; `step` says
    what comes next, and `resting` for how long nothing has."""

    id: str
    version: int
    name: str
    url: str
    stage: str
    company: str
    value: str
    day: str
    closes: str
    late: bool
    owner: str
    initials: str
    colour: str
    step: str
    step_late: bool
    resting: str
    may_move: bool


@dataclass(frozen=True)
class Figure:
    """What stands at the head of a column: how many, worth how much, and what is to be expected of it; texts are empty
    where the reader doesn't see what they are made of."""

    count: str
    late: int
    value: str
    weighted: str


@dataclass(frozen=True)
class ShownColumn:
    stage: Stage
    label: str
    figure: Figure
    cards: Sequence[Card]
    after: str
    share: str


@dataclass(frozen=True)
class ShownBoard:
    """`left_out` says which records are in no sum because their currency has no rate."""

    columns: Sequence[ShownColumn]
    total: Figure
    closed: Mapping[str, Figure]
    left_out: Sequence[str]


def shown_board(asked: Asked, board: Board, rates: Rates) -> ShownBoard:
    """The board with the cards that were read for it, everything they point at called by its name."""
    writing = Writing(asked, rates)
    cards = iter(shown_cards(asked, [raw for column in board.columns for raw in column.rows]))
    columns = [writing.column(column, [next(cards) for _raw in column.rows]) for column in board.columns]
    closed = {state: writing.figure(sums) for state, sums in board.closed.items()}
    everything = board.total
    for sums in board.closed.values():
        everything.add(sums)
    left_out = worth_of(everything.values, everything.valued, rates).left_out
    return ShownBoard(columns, writing.figure(board.total), {state: closed[state] for state in CLOSED if closed},
                      [left_out_text(count, currency) for currency, count in sorted(left_out.items())])  # fmt: skip


def left_out_text(count: int, currency: str) -> str:
    return ngettext("%(num)s record in %(currency)s is left out of the sums: there is no rate.",
                    "%(num)s records in %(currency)s are left out of the sums: there is no rate.",
                    count, currency=currency)  # fmt: skip


class Writing:
    """Writes figures for one reader."""

    def __init__(self, asked: Asked, rates: Rates) -> None:
        self.rates, self.schema = rates, asked.schema.by_column
        self.context = Context(asked.access.language, asked.access.time_zone)

    def column(self, column: Column, cards: Sequence[Card]) -> ShownColumn:
        share = f"{column.stage.probability} %" if "probability" in self.schema else ""
        return ShownColumn(column.stage, column.stage.label_in(self.context.language), self.figure(column.sums), cards,
                           column.after, share)  # fmt: skip

    def figure(self, sums: Sums) -> Figure:
        seen = "value" in self.schema
        return Figure(
            number_text(sums.count, self.context.locale), sums.late,
            self.money(sums.values, sums) if seen else "",
            self.money(sums.weighted, sums) if seen and "probability" in self.schema else "",
        )  # fmt: skip

    def money(self, values: Mapping[str, Decimal], sums: Sums) -> str:
        amount = worth_of(values, sums.valued, self.rates).amount
        return money_text(amount, self.rates.currency, self.context.locale, short=True)


def shown_cards(asked: Asked, rows: Sequence[Raw]) -> list[Card]:
    """The cards of these opportunities; what they tell of is read for all of them at once."""
    schema, told = asked.schema, cards_of(asked, rows)
    fields = [found for column in SHOWN if (found := schema.get(column)) is not None]
    context = context_for(asked.access, fields, rows)
    activities = schema_of(ACTIVITY).for_access(asked.access)
    return [shown_card(asked, raw, told, context, activities) for raw in rows]


def shown_card(asked: Asked, raw: Raw, told: Cards, context: Context, activities: Schema) -> Card:
    access, seen = asked.access, asked.schema.by_column
    closes = raw.get("closes_on") if "closes_on" in seen else None
    value = raw.get("value")
    owner = context.labels.get(("user", raw["owner"]), "") if raw.get("owner") and "owner" in seen else ""
    step, late = step_of(raw, told.steps.get(raw["_id"]), activities, context, own="next_step" in seen)
    days = told.resting.get(raw["_id"])
    stage = asked.schema.get("stage")
    return Card(
        id=str(raw["_id"]), version=raw["version"], name=str(raw.get("name") or _("(no name)")),
        url=f"{asked.schema.register.path}/show/{raw['_id']}", stage=raw.get("stage", ""),
        company=company_of(raw, context) if "company" in seen else "",
        value=value_text(value, context) if "value" in seen else "",
        day=closes.date().isoformat() if closes else "",
        closes=day_text(closes.date(), context.locale) if closes else "",
        late=closes is not None and closes.date() < today_of(access),
        owner=owner, initials=initials(owner), colour=colour_of(raw.get("owner")), step=step, step_late=late,
        resting="" if days is None else ngettext("Has rested for %(num)s day", "Has rested for %(num)s days", days),
        may_move=stage is not None and not stage.read_only and access.allows(asked.schema.register.key, "change", raw),
    )  # fmt: skip


def value_text(value: Raw | None, context: Context) -> str:
    return money_text(amount_of(value), value["currency"], context.locale, short=True) if value else "–"


def company_of(raw: Raw, context: Context) -> str:
    return context.labels.get(("company", raw["company"]), "") if raw.get("company") else ""


def colour_of(user: ObjectId | None) -> str:
    """Whose a card is shows by its colour as well, the same one on every page."""
    return COLOURS[int(str(user)[-6:], 16) % len(COLOURS)] if user else COLOURS[0]


def step_of(raw: Raw, activity: Raw | None, activities: Schema, context: Context, *, own: bool) -> tuple[str, bool]:
    """(what comes next, whether it is late): the next activity, else what the opportunity itself says (`own`)."""
    if activity is None:
        return (str(raw.get("next_step") or ""), False) if own else ("", False)
    name = activity.get("name") or activities.register.singular
    when = when_text(activities.by_column, activity, context)
    return f"{name} {when}".strip(), is_late(activity)


