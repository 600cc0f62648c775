"""Declaring a register's fixed fields in its document class."""

from dataclasses import replace
from typing import Any

from models.fields.field import Field
from models.fields.kinds import KINDS, Kind


def fixed(kind: str, label: Any, **options: Any) -> Any:
    """A MongoEngine field that carries its place in the field registry.

    `options` are those of Field (section, required, choices, extensible, in_list, ...). What is required is held
    by the services, for fixed and custom fields alike, so MongoEngine itself is not told.
    """
    if KINDS[kind].longest > Kind.longest:
        options.setdefault("max_length", KINDS[kind].longest)
    spec = Field(key="", kind=KINDS[kind], label=label, **options)
    engine_field = spec.kind.document_field()
    engine_field.spec = spec
    return engine_field


def fixed_fields(document: Any) -> tuple[Field, ...]:
    """The fields a document class declares with `fixed`, in the order they stand, base classes' last."""
    found = [(name, getattr(document._fields[name], "spec", None)) for name in document._fields_ordered]
    specs = [
        replace(spec, key=name, order=spec.order or place * 10)
        for place, (name, spec) in enumerate(found) if spec
    ]
    return tuple(sorted(specs, key=lambda spec: spec.order))
