"""The demo organisation's own fields, as definitions."""

from collections.abc import Iterator
from typing import Any

from models.fields.definitions import FieldDefinition
from models.rights import Access
from services.demo.words import trades, yaml_of
from services.settings import define_field

REGISTERS = ("company", "person")


def definitions(register: str) -> Iterator[dict[str, Any]]:
    """What `define_field` takes, for each field of the register in its order."""
    for place, data in enumerate(yaml_of("fields.yaml")[register]):
        choices = trade_choices() if data.get("choices") == "trades" else data.get("choices")
        found = {**data, "register": register, "order": place * 10}
        yield {**found, "choices": choices} if choices else found


def trade_choices() -> list[dict[str, Any]]:
    return [{"key": trade.key, "label": dict(trade.label)} for trade in trades().items]


def ensure_fields(access: Access) -> int:
    """Define the fields that are missing; returns how many. Raises ValidationFailed, NotAllowed."""
    made = 0
    for register in REGISTERS:
        known = {definition.key for definition in FieldDefinition.objects(register=register)}
        for data in definitions(register):
            if data["key"] not in known:
                define_field(access, data)
                made += 1
    return made
