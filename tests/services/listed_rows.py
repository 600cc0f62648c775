"""Three hundred companies, and conditions on them with what they mean in plain Python."""

import random
from collections.abc import Callable
from typing import Any

from models.rights import Access
from services.records import create_records
from services.settings import define_field

Raw = dict[str, Any]
FIELDS = {"size": "choice", "tags": "choices", "staff": "number", "budget": "money", "since": "date", "open": "boolean",
          "note": "text"}  # fmt: skip
SIZES, TAGS = ("big", "mid", "tiny"), ("a", "b", "c", "d")
WORDS = ("Alfa", "beta", "Ähtäri", "Åland", "Öljy", "data", "Zeta")


def make_rows(admin_access: Access) -> list[Raw]:
    """300 companies with values in some of their fields, many of them equal; as they were typed."""
    for key, kind in FIELDS.items():
        choices = {"choice": SIZES, "choices": TAGS}.get(kind, ())
        define_field(admin_access, {"register": "company", "key": key, "kind": kind, "label": {"en": key, "fi": key},
                                    "choices": [{"key": c, "label": {"en": c, "fi": c}} for c in choices]})  # fmt: skip
    chance = random.Random(3)
    values: dict[str, Callable[[], Any]] = {
        "x_size": lambda: chance.choice(SIZES),
        "x_tags": lambda: chance.sample(TAGS, chance.randint(1, 3)),
        "x_staff": lambda: chance.choice((-5, 0, 1, 2.5, 3, 10_000)),
        "x_budget": lambda: f"{chance.randint(0, 9)}.50 EUR",
        "x_since": lambda: f"20{chance.randint(10, 24)}-0{chance.randint(1, 9)}-15",
        "x_open": lambda: chance.random() < 0.5,
        "x_note": lambda: f"{chance.choice(WORDS)} {chance.choice(WORDS)}",
    }
    typed = [
        {"name": f"{chance.choice(WORDS)} {number % 40}"}
        | {column: make() for column, make in values.items() if chance.random() < 0.7}
        for number in range(300)
    ]
    raws = create_records(admin_access, "company", typed)
    return [{**one, "_id": raw["_id"], "created_at": raw["created_at"]} for one, raw in zip(typed, raws, strict=True)]


def amount(row: Raw) -> float | None:
    return float(row["x_budget"].split()[0]) if "x_budget" in row else None


#: Conditions with what they mean, in plain Python.
CONDITIONS: list[tuple[str, str, Any, Callable[[Raw], bool]]] = [
    ("x_size", "eq", "big", lambda r: r.get("x_size") == "big"),
    ("x_size", "neq", "big", lambda r: r.get("x_size") != "big"),
    ("x_size", "in", ["mid", "tiny"], lambda r: r.get("x_size") in ("mid", "tiny")),
    ("x_size", "empty", None, lambda r: "x_size" not in r),
    ("x_size", "nempty", None, lambda r: "x_size" in r),
    ("x_tags", "eq", "a", lambda r: "a" in r.get("x_tags", ())),
    ("x_tags", "all", ["b", "c"], lambda r: {"b", "c"} <= set(r.get("x_tags", ()))),
    ("x_tags", "nin", ["d", "a"], lambda r: not {"a", "d"} & set(r.get("x_tags", ()))),
    ("x_tags", "empty", None, lambda r: not r.get("x_tags")),
    ("x_staff", "ge", 1, lambda r: r.get("x_staff", -9) >= 1),
    ("x_staff", "lt", 3, lambda r: r.get("x_staff", 9) < 3),
    ("x_staff", "eq", "2.5", lambda r: r.get("x_staff") == 2.5),
    ("x_staff", "neq", 0, lambda r: r.get("x_staff") != 0),
    ("x_staff", "empty", None, lambda r: "x_staff" not in r),
    ("x_staff", "nempty", None, lambda r: "x_staff" in r),
    ("x_budget", "ge", "4 EUR", lambda r: (amount(r) or 0) >= 4),
    ("x_budget", "lt", "4 USD", lambda r: False),
    ("x_budget", "empty", None, lambda r: "x_budget" not in r),
    ("x_since", "ge", "2018-05-15", lambda r: r.get("x_since", "") >= "2018-05-15"),
    ("x_since", "le", "2021-01-15", lambda r: r.get("x_since", "9") <= "2021-01-15"),
    ("x_since", "nempty", None, lambda r: "x_since" in r),
    ("x_open", "eq", True, lambda r: r.get("x_open") is True),
    ("x_open", "neq", True, lambda r: r.get("x_open") is not True),
    ("x_note", "ct", "ÄHT", lambda r: "äht" in r.get("x_note", "").lower()),
    ("x_note", "empty", None, lambda r: "x_note" not in r),
    ("name", "ct", "a 1", lambda r: "a 1" in r["name"].lower()),
    ("name", "sw", "ål", lambda r: r["name"].lower().startswith("ål")),
    ("name", "eq", "öljy 7", lambda r: r["name"].lower() == "öljy 7"),
    ("name", "nct", "e", lambda r: "e" not in r["name"].lower()),
]
