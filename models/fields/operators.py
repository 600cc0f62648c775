"""The comparisons that conditions are made of: their codes, and the words a person reads.

The codes are Flask-AppBuilder's own (`eq`, `ct`, `gt`, ...), with `ge`, `le`, `nin`, `all`, `period`,
`empty` and `nempty` added. A code holds no underscore, so that `_flt_<code>_<column>` reads unambiguously.
"""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l


@dataclass(frozen=True)
class Operator:
    """One comparison. `takes` says how many values it needs: "none", "one" or "many"."""

    code: str
    label: Any
    takes: str = "one"


_ALL = (
    Operator("eq", _l("is")),
    Operator("neq", _l("is not")),
    Operator("ct", _l("contains")),
    Operator("nct", _l("does not contain")),
    Operator("sw", _l("starts with")),
    Operator("nsw", _l("does not start with")),
    Operator("ew", _l("ends with")),
    Operator("new", _l("does not end with")),
    Operator("gt", _l("more than")),
    Operator("lt", _l("less than")),
    Operator("ge", _l("at least")),
    Operator("le", _l("at most")),
    Operator("in", _l("is any of"), takes="many"),
    Operator("nin", _l("is none of"), takes="many"),
    Operator("all", _l("has all of"), takes="many"),
    Operator("period", _l("is in the period")),
    Operator("empty", _l("is empty"), takes="none"),
    Operator("nempty", _l("is not empty"), takes="none"),
)
OPERATORS = {operator.code: operator for operator in _ALL}

# Other spellings that programs send: Flask-AppBuilder's relation filters and the usual long forms.
ALIASES = {
    "rel_o_m": "eq", "rel_m_m": "eq", "ne": "neq", "gte": "ge", "lte": "le", "not_in": "nin",
    "is_empty": "empty", "not_empty": "nempty", "is_not_empty": "nempty",
}  # fmt: skip

EMPTINESS = ("empty", "nempty")
TEXT = ("ct", "nct", "eq", "neq", "sw", "nsw", "ew", "new", "in", "nin", *EMPTINESS)
ORDERED = ("eq", "neq", "ge", "le", "gt", "lt", *EMPTINESS)
DATES = ("eq", "neq", "ge", "le", "gt", "lt", "period", *EMPTINESS)
MEMBER = ("eq", "neq", "in", "nin", *EMPTINESS)
SEVERAL = ("eq", "neq", "in", "nin", "all", *EMPTINESS)
YES_NO = ("eq", "neq", *EMPTINESS)

# Dates read better in words of their own.
DATE_LABELS = {
    "eq": _l("is on"), "neq": _l("is not on"), "ge": _l("since"), "le": _l("until"),
    "gt": _l("after"), "lt": _l("before"), "period": _l("is in"),
}  # fmt: skip
SEVERAL_LABELS = {
    "eq": _l("includes"), "neq": _l("does not include"), "in": _l("includes any of"), "nin": _l("includes none of"),
    "all": _l("includes all of"),
}  # fmt: skip


def canonical(code: str) -> str:
    """The one code behind a spelling; an unknown one comes back as it is."""
    return ALIASES.get(code, code)
