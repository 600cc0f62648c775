"""Checking a body that is no record's: which properties it may have, of which types, and which it must have."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from jsonschema import Draft202012Validator

from fab_mongo.values import is_storable
from models.fields.errors import ValidationFailed
from views.rest import openapi
from views.rest.body import json_object

Raw = dict[str, Any]


def sent_values(
    allowed: Mapping[str, Raw], *, told: Iterable[str] = (), known: Mapping[str, Any] | None = None,
    needed: Iterable[str] = (),
) -> Raw:  # fmt: skip
    """The JSON object that was sent. `allowed` maps what may be sent to its schema; what is only `told` is passed over
    where it is sent back as it is `known`. Raises Problem, ValidationFailed."""
    sent, known, told = json_object(), known or {}, tuple(told)
    errors = {name[:80]: [_("This holds characters or numbers that can't be kept. Type it again.")]
              for name, value in sent.items() if not is_storable([name, value])}  # fmt: skip
    for name in [name for name in sent if name not in allowed]:
        if name in told and sent[name] in (None, known.get(name)):
            del sent[name]
        else:
            errors.setdefault(name[:80], [_("You can't change this field.") if name in told else
                                          _("There is no field “%(column)s”.", column=name[:80])])  # fmt: skip
    schema = openapi.object_of(allowed, required=needed)
    for error in Draft202012Validator(schema).iter_errors(sent):
        missing = [name for name in schema.get("required", ()) if name not in sent]
        for name in [str(error.absolute_path[0])] if error.absolute_path else missing:
            errors.setdefault(name, [_("This is missing or of the wrong type.")])
    if errors:
        raise ValidationFailed(errors)
    return sent
