"""The opportunity register: sales projects from the first sign to the deal (V12)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from models.base import Record
from models.fields.field import Choice
from models.fields.fixed import fixed
from models.fields.kinds.lines import FROM_PRODUCT, Line, sum_of, with_amount
from models.pipelines import find_stage
from models.products import Product
from models.registers import Register, add_register

OPEN, WON, LOST = "open", "won", "lost"
STATES = (
    Choice(OPEN, lazy_pgettext("state", "Open"), "blue"),
    Choice(WON, _l("Won"), "green"),
    Choice(LOST, _l("Lost"), "red"),
)
#: Those that are decided.
CLOSED = (WON, LOST)
#: How likely a decided one is, in percent.
CERTAIN = {WON: 100, LOST: 0}
REASONS = (
    Choice("price", _l("Price"), "amber"),
    Choice("product", _l("Product"), "blue"),
    Choice("relationship", _l("Relationship"), "green"),
    Choice("delivery", _l("Delivery time"), "teal"),
    Choice("competitor", _l("Competitor"), "red"),
    Choice("no_budget", _l("No budget"), "orange"),
    Choice("no_decision", _l("No decision"), "grey"),
    Choice("other", _l("Other reason"), "grey"),
)


class Opportunity(Record):
    """A sales project; a name and a stage are mandatory, and a reason once it is lost.

    `pipeline` is the stage's; `stage_since` tells from when on it has been in its stage.
    """

    register_key = "opportunity"
    made_of = {"value": ("products",)}

    name = fixed("text", _l("Name"), required=True, max_length=200, in_list=True)
    company = fixed("link", _l("Company"), target="company", in_list=True, in_head=True)
    people = fixed("links", _l("People"), target="person")
    stage = fixed("choice", _l("Stage"), choices_from="stages", required=True, in_list=True, in_head=True)
    value = fixed("money", _l("Value"), in_list=True, in_head=True,
                  help=_l("With rows of products it is their sum."))  # fmt: skip
    probability = fixed("number", _l("Probability, %"), indexed=True, in_list=True, in_head=True,
                        help=_l("Follows the stage when that changes."))  # fmt: skip
    closes_on = fixed("date", _l("Expected closing"), indexed=True, in_list=True, in_head=True)
    next_step = fixed("text", _l("Next step"), max_length=200)
    products = fixed("product_lines", _l("Products"), target="product")
    state = fixed("choice", _l("State"), choices=STATES, default=OPEN, in_list=True)
    reason = fixed("choice", _l("Reason"), choices=REASONS, extensible=True,
                   help=_l("Why it was won or lost."))  # fmt: skip
    reason_text = fixed("long_text", _l("More of the reason"))
    closed_on = fixed("date", _l("Closed on"), indexed=True, help=_l("The day on which it was won or lost."))
    campaign = fixed("link", _l("Campaign"), target="campaign", help=_l("What it came of."))
    description = fixed("long_text", _l("Description"))
    pipeline = fixed("choice", _l("Pipeline"), choices_from="pipelines", section="record", read_only=True, order=905)
    stage_since = fixed("datetime", _l("In this stage since"), section="record", read_only=True, derived=True,
                        indexed=True, order=906)  # fmt: skip

    meta = {"collection": "opportunity"}

    @classmethod
    def implied(cls, before: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
        implied = moved(before, values)
        if values.get("products"):
            implied["products"] = completed_lines(values["products"])
        return implied

    @classmethod
    def complete(cls, values: dict[str, Any]) -> dict[str, Any]:
        total = sum_of(values.get("products") or ())
        return {**values, "value": total} if total else values

    @classmethod
    def problems(cls, document: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if document.get("state") == LOST and not document.get("reason"):
            found["reason"] = _l("Say why it was lost.")
        if document.get("state") not in CLOSED and document.get("closed_on"):
            found["closed_on"] = _l("Say whether it was won or lost, or leave the day empty.")
        if message := line_problem(document.get("products") or ()):
            found["products"] = message
        if not 0 <= (document.get("probability") or 0) <= 100:
            found["probability"] = _l("A probability is a percentage from 0 to 100.")
        return found


def moved(before: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """What follows from coming to another stage, and from being won, lost or taken up again."""
    stage, state = (values.get(name, before.get(name)) for name in ("stage", "state"))
    implied: dict[str, Any] = {}
    found = find_stage(stage)
    if stage != before.get("stage") and found:
        implied |= {"pipeline": found[0].key, "stage_since": this_moment()}
    if state in CLOSED and state != before.get("state"):
        implied |= {"probability": CERTAIN[state]}
        if not values.get("closed_on") and not before.get("closed_on"):
            implied["closed_on"] = today()
    elif state not in CLOSED and before.get("state") in CLOSED:
        implied |= {name: None for name in ("closed_on", "reason", "reason_text") if name not in values}
    likely = values.get("probability")
    changed = stage != before.get("stage") or before.get("state") in CLOSED
    if state not in CLOSED and found and likely is None and (changed or "probability" in values):
        implied["probability"] = found[1].probability
    return implied


def this_moment() -> dt.datetime:
    """The moment to the millisecond, which is all that MongoDB keeps."""
    moment = dt.datetime.now(dt.UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def today() -> dt.datetime:
    """The day as dates are kept: midnight UTC."""
    return dt.datetime.combine(dt.datetime.now(dt.UTC).date(), dt.time(), dt.UTC)


def completed_lines(lines: list[Line]) -> list[Line]:
    """The rows, those that only name a product with its name, price and currency."""
    wanted: list[ObjectId] = [line["product"] for line in lines
                              if line["product"] and (not line["name"] or line["price"] is None)]  # fmt: skip
    known: dict[ObjectId, Any] = {}
    if wanted:
        found = Product._get_collection().find({"_id": {"$in": wanted}}, list(FROM_PRODUCT.values()))
        known = {raw["_id"]: raw for raw in found}
    return [completed_line(line, known.get(line["product"], {})) for line in lines]


def completed_line(line: Line, product: Mapping[str, Any]) -> Line:
    """What a row says itself stays; a price comes with its currency and, where no unit is said, what it is for."""
    price = product.get("price") if line["price"] is None else None
    line = {**line, "name": line["name"] or product.get("name", "")}
    if not price:
        return line
    unit = line.get("unit") or product.get("unit")
    line = {**line, "price": price["amount"], "currency": price["currency"]}
    return with_amount({**line, "unit": unit} if unit else line)


def line_problem(lines: Sequence[Line]) -> Any:
    """What is wrong with completed rows; None where nothing is."""
    unpriced = next((number for number, line in enumerate(lines, start=1) if line["price"] is None), None)
    if unpriced:
        return _l("Row %(number)s: give a price, the product has none.", number=unpriced)
    mixed = len({line["currency"] for line in lines}) > 1
    return _l("Give all rows of products in one currency.") if mixed else None


OPPORTUNITIES = add_register(
    Register(
        key="opportunity",
        document=Opportunity,
        label=_l("Opportunities"),
        singular=_l("Opportunity"),
        add_label=_l("Add opportunity"),
        path="/opportunities",
        icon="target-arrow",
        sends=True,
        duplicate_keys=(),
        name_weight=0.0,
        label_fields=("name", "state", "stage", "value", "company"),
        screens=("board", "list"),
        keeps_past=True,
    )
)
