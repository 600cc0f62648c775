"""What came of a campaign: whom it was for, what was sent, who answered, what it cost and what was sold (V13)."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l

from models.activities import DONE, Activity
from models.consent import Reason, Suppressed
from models.fields.conditions import Node
from models.fields.errors import ConditionError, ValidationFailed
from models.fields.field import Choice
from models.fields.kinds.numbers import decimal_of
from models.fields.query import every_of
from models.fields.schema import schema_of
from models.outbox import Message
from models.registers import REGISTERS
from models.rights import Access
from services.currencies import Rates, rates_on
from services.labels import names_of, names_of_all
from services.opportunities import today_of
from services.planning import time_limit
from services.records import create_record
from services.reports.definition import definition_of
from services.reports.figures import figures_of
from services.search import Selection, TooSlow, count_selected, find_page
from services.tray_pipeline import IS_WON, Worth, worth_of

Raw = dict[str, Any]
REGISTER, ACTIVITY, MAILING, SEGMENT = "campaign", "activity", "mailing", "segment"
#: Of each response so many are named; the list has all.
NAMED, READ = 5, 200
MOST_MAILINGS = 50
#: What people are asked for when a response is logged.
ASKED = ("response", "people", "companies", "text")


@dataclass(frozen=True)
class ResponseKind:
    """How many answered in one way, and the last of them as (register, id, name)."""

    choice: Choice
    count: int
    people: Sequence[tuple[str, ObjectId, str]] = ()


@dataclass(frozen=True)
class MailingRow:
    """A mailing (raw) with how many of its messages are in which state, and how many unsubscribed by it."""

    raw: Raw
    states: Mapping[str, int]
    unsubscribed: int


@dataclass(frozen=True)
class SegmentRow:
    """A segment; `count` is None where its members can't be counted for this user."""

    id: ObjectId
    name: str
    count: int | None


@dataclass
class Results:
    """What a user may know of a campaign; a part that its reader does not see is None or empty.

    Amounts are in `currency`; `returned` is what was won for each unit of cost.
    """

    currency: str
    segments: Sequence[SegmentRow] = ()
    mailings: Sequence[MailingRow] = ()
    responses: Sequence[ResponseKind] | None = None
    sales: Worth | None = None
    won: Worth | None = None
    budget: Decimal | None = None
    costs: Decimal | None = None
    notes: list[Any] = field(default_factory=list)

    @property
    def response_count(self) -> int:
        return sum(one.count for one in self.responses or ())

    @property
    def cost_per_response(self) -> Decimal | None:
        return self.costs / self.response_count if self.costs and self.response_count else None

    @property
    def returned(self) -> Decimal | None:
        amount = self.won.amount if self.won else None
        return amount / self.costs if amount is not None and self.costs else None


def results_of(access: Access, raw: Raw) -> Results:
    """What came of a campaign (raw) that its reader sees. Raises TooSlow."""
    rates = rates_on(today_of(access))
    results = Results(rates.currency, segments_of(access, raw), mailings_of(access, raw["_id"]),
                      responses_of(access, raw["_id"]))  # fmt: skip
    results.sales, results.won = sales_of(access, raw["_id"])
    for name in ("budget", "costs"):
        setattr(results, name, amount_of(access, raw, name, rates, results.notes))
    if results.sales and results.sales.left_out:
        results.notes.append(_l("Opportunities in a currency without a rate are in no sum."))
    return results


def belongs(pk: ObjectId) -> Node:
    """The condition for what belongs to a campaign, of every register that links to it."""
    return {"col": REGISTER, "opr": "eq", "value": str(pk)}


def amount_of(access: Access, raw: Raw, name: str, rates: Rates, notes: list[Any]) -> Decimal | None:
    """An amount of the campaign in the organisation's currency."""
    seen, value = schema_of(REGISTER).for_access(access).get(name), raw.get(name)
    if seen is None or not value:
        return None
    amount = rates.convert(decimal_of(value["amount"]), value["currency"])
    if amount is None:
        notes.append(_l("There is no rate for %(currency)s.", currency=value["currency"]))
    return amount


def sales_of(access: Access, pk: ObjectId) -> tuple[Worth | None, Worth | None]:
    """What the opportunities that came of it are worth: (all, won); None where the user does not see that."""
    if not access.may("opportunity", "see"):
        return None, None
    try:
        return worth_of(access, [belongs(pk)]), worth_of(access, [belongs(pk), IS_WON])
    except (ConditionError, ValidationFailed):
        return None, None


# Responses


def responses_of(access: Access, pk: ObjectId) -> list[ResponseKind] | None:
    """The responses by their kinds in the order of the choices; None where the user does not see them."""
    schema = schema_of(ACTIVITY).for_access(access)
    if not access.may(ACTIVITY, "see") or schema.get("response") is None:
        return None
    asked = {"register": ACTIVITY, "conditions": [belongs(pk), {"col": "response", "opr": "nempty"}],
             "groups": [{"column": "response"}], "measures": [{"how": "count"}]}  # fmt: skip
    try:
        rows = figures_of(access, definition_of(access, asked)).rows
    except (ConditionError, ValidationFailed):
        return None
    counts = Counter({row.keys[0]: int(row.values[0] or 0) for row in rows})
    named = last_to_answer(access, pk) if counts else {}
    choices = schema.by_column["response"].choices
    return [ResponseKind(one, counts[one.key], named.get(one.key, ())) for one in choices if counts[one.key]]


def last_to_answer(access: Access, pk: ObjectId) -> dict[str, list[tuple[str, ObjectId, str]]]:
    """response -> those who gave it last, people before the companies that they speak for."""
    seen = schema_of(ACTIVITY).for_access(access)
    links = [(seen.by_column[column].target, column) for column in ("people", "companies") if seen.get(column)]
    query = every_of([{"facets": f"campaign={pk}", "response": {"$exists": True}}, access.condition(ACTIVITY)])
    found = list(Activity._get_collection().find(query, ["response", *(column for _target, column in links)])
                 .sort("at", -1).limit(READ).max_time_ms(time_limit()))  # fmt: skip
    wanted = {target: [one for raw in found for one in raw.get(column) or ()] for target, column in links}
    names = names_of_all(access, wanted)
    answered: dict[str, list[tuple[str, ObjectId, str]]] = defaultdict(list)
    for raw in found:
        told = [(target, one, names[target, one]) for target, column in links for one in raw.get(column) or ()
                if (target, one) in names]  # fmt: skip
        for one in told[:1]:
            if one not in answered[raw["response"]] and len(answered[raw["response"]]) < NAMED:
                answered[raw["response"]].append(one)
    return answered


def log_response(access: Access, campaign: Raw, values: Mapping[str, Any]) -> Raw:
    """Note what somebody answered; `values` are those of ASKED as they were typed. Raises NotAllowed,
    ValidationFailed."""
    errors: dict[str, list[Any]] = {}
    if not values.get("response"):
        errors["response"] = [_l("Say what was answered.")]
    if not any(values.get("people") or ()) and not any(values.get("companies") or ()):
        errors["people"] = [_l("Choose who answered: a person or a company.")]
    if errors:
        raise ValidationFailed(errors)
    field = schema_of(ACTIVITY).by_column["response"]
    choice = field.choice(str(values["response"]))
    said = choice.text(access.language) if choice else ""
    name = f"{said}: {campaign.get('name') or ''}".strip(": ")[:200]
    return create_record(access, ACTIVITY, {
        **{column: values[column] for column in ASKED if values.get(column)}, "name": name, "kind": "note",
        "state": DONE, REGISTER: str(campaign["_id"])})  # fmt: skip


# Mailings and segments


def mailings_of(access: Access, pk: ObjectId) -> list[MailingRow]:
    """Its mailings with what became of their messages, by name."""
    if not access.may(MAILING, "see"):
        return []
    try:
        rows = find_page(access, MAILING, [belongs(pk)], page_size=MOST_MAILINGS).rows
    except ConditionError:
        return []
    ids = [raw["_id"] for raw in rows]
    states, unsubscribed = message_counts(ids), unsubscribed_by(ids)
    return [MailingRow(raw, states.get(raw["_id"], {}), unsubscribed.get(raw["_id"], 0)) for raw in rows]


def message_counts(mailings: Sequence[ObjectId]) -> dict[ObjectId, dict[str, int]]:
    """mailing -> {state: how many of its messages}."""
    if not mailings:
        return {}
    found: dict[ObjectId, dict[str, int]] = defaultdict(dict)
    for raw in Message._get_collection().aggregate([
        {"$match": {"mailing": {"$in": list(mailings)}}},
        {"$group": {"_id": {"mailing": "$mailing", "state": "$state"}, "count": {"$sum": 1}}},
    ], maxTimeMS=time_limit()):  # fmt: skip
        found[raw["_id"]["mailing"]][raw["_id"]["state"]] = raw["count"]
    return found


def unsubscribed_by(mailings: Sequence[ObjectId]) -> dict[ObjectId, int]:
    """mailing -> how many unsubscribed by its link."""
    if not mailings:
        return {}
    found = Suppressed._get_collection().aggregate([
        {"$match": {"mailing": {"$in": list(mailings)}, "reason": Reason.UNSUBSCRIBED.value}},
        {"$group": {"_id": "$mailing", "count": {"$sum": 1}}},
    ])  # fmt: skip
    return {raw["_id"]: raw["count"] for raw in found}


def segments_of(access: Access, raw: Raw) -> list[SegmentRow]:
    """Its segments with how many members its reader sees in each."""
    ids = raw.get("segments") or []
    if not ids or schema_of(REGISTER).for_access(access).get("segments") is None or not access.may(SEGMENT, "see"):
        return []
    names = names_of(access, SEGMENT, ids)
    found = REGISTERS[SEGMENT].document._get_collection().find({"_id": {"$in": list(names)}}, {"members": 1})
    members = {one["_id"]: one.get("members") or "" for one in found}
    return [SegmentRow(one, names[one], member_count(access, members[one], one)) for one in ids if one in members]


def member_count(access: Access, register: str, segment: ObjectId) -> int | None:
    """How many members of a segment the user sees; None where that can't be told."""
    selection = Selection(conditions=({"segment": str(segment)},), all_matching=True)
    try:
        return count_selected(access, register, selection, "see") if register in REGISTERS else None
    except (ConditionError, TooSlow):
        return None
