"""What became of a write: the sentence for a person, and the messages of single columns."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from mongoengine.errors import NotUniqueError, OperationError, ValidationError
from pymongo.errors import DocumentTooLarge

from fab_mongo.columns import Column

REFUSALS = (ValidationError, NotUniqueError, OperationError, DocumentTooLarge)
"""Errors of a write that the person who asked for it can do something about; see `refused`."""


@dataclass(frozen=True)
class Outcome:
    """The result of one write."""

    message: tuple[str, str] = ("", "")
    errors: Mapping[str, list[str]] = field(default_factory=dict)


def refused(error: Exception, columns: Mapping[str, Column]) -> Outcome:
    """Turn a write's error into messages; raises it again when it is not the person's to solve."""
    if isinstance(error, ValidationError):
        return _invalid(error, columns)
    if isinstance(error, NotUniqueError):
        return _not_unique(error, columns)
    if isinstance(error, DocumentTooLarge):
        return Outcome((_("This is too large to be saved."), "danger"))
    # MongoEngine raises a bare OperationError when a delete rule forbids; with a driver's error behind it, it is ours.
    if error.__context__ is None:
        return Outcome((_("Associated data exists, please delete them first"), "warning"))
    raise error


def _invalid(error: ValidationError, columns: Mapping[str, Column]) -> Outcome:
    errors = {name: [_sentence(problem)] for name, problem in error.to_dict().items() if name in columns}
    if errors:
        return Outcome((_("Some values need correcting."), "warning"), errors)
    return Outcome((_sentence(error.message), "warning"))


def _sentence(problem: Any) -> str:
    if isinstance(problem, dict):
        return "; ".join(f"{name}: {_sentence(inner)}" for name, inner in problem.items())
    return str(problem)


def _not_unique(error: NotUniqueError, columns: Mapping[str, Column]) -> Outcome:
    details = getattr(error.__context__, "details", None) or {}
    paths = set(details.get("keyPattern") or re.findall(r"index: (\w+?)_-?1", str(error)))
    taken = [column for column in columns.values() if column.path in paths]
    if not taken:
        return Outcome((_("Another record already has these values."), "warning"))
    labels = ", ".join(str(column.label) for column in taken)
    message = _("Another record already has this value: %(labels)s.", labels=labels)
    return Outcome((message, "warning"), {column.name: [_("Already exists.")] for column in taken})
