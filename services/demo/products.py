"""What the demo organisation sells."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from services.demo.words import yaml_of

Values = dict[str, Any]


@dataclass(frozen=True)
class Item:
    """A product: what a sales project is called whose main product it is, and how many are sold at once at most."""

    code: str
    name: str
    category: str
    price: Decimal
    unit: str
    most: int
    deal: str

    @property
    def values(self) -> Values:
        """The product's values by column."""
        return {"code": self.code, "name": self.name, "category": self.category, "unit": self.unit,
                "price": {"amount": str(self.price), "currency": "EUR"}}  # fmt: skip


@cache
def items() -> tuple[Item, ...]:
    return tuple(Item(**{**row, "price": Decimal(row["price"])}) for row in yaml_of("products.yaml"))
