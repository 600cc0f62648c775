"""The OpenAPI document made smaller for the phase of schemathesis that tries every keyword of every schema.

Conditions stand in lists, exports, saved views and segments, each with groups within groups: four fifths of all calls
would be about the same four levels. Bodies of registers have up to fifty properties of the same few kinds.
"""

import random
from collections.abc import Iterator
from typing import Any

Raw = dict[str, Any]
#: Properties that a body keeps besides those it must have.
KEPT = 4
REFERENCE = "#/components/schemas/"


def thinned(document: Raw, seed: int) -> Raw:
    """The document with conditions of one level, and with bodies of properties that the seed draws.

    What calls are answered with stays whole, so that answers are held to the same schemas.
    """
    schemas = document["components"]["schemas"]
    levels = sorted(name for name in schemas if name.startswith("Condition"))
    schemas |= dict.fromkeys(levels[1:], schemas[levels[0]])
    for name in sorted({*body_names(document)}):
        schemas[name] = drawn(schemas[name], random.Random(f"{seed} {name}"))
    return document


def body_names(document: Raw) -> Iterator[str]:
    """The names of schemas that are bodies, or what a body is a list of."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for content in operation.get("requestBody", {"content": {}})["content"].values():
                schema = content["schema"].get("items", content["schema"])
                if "$ref" in schema:
                    yield schema["$ref"].removeprefix(REFERENCE)


def drawn(schema: Raw, chance: random.Random) -> Raw:
    properties, required = schema["properties"], schema.get("required", [])
    others = sorted(properties.keys() - set(required))
    kept = {*required, *chance.sample(others, min(KEPT, len(others)))}
    return {**schema, "properties": {name: value for name, value in properties.items() if name in kept}}
