"""Changes that come too late: of what a record says and can't be changed any more (of a mailing that was sent)."""

from collections.abc import Mapping
from typing import Any

from models.fields.schema import Schema
from services.values import Parsed


def check_settled(parsed: Parsed, schema: Schema, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Note what differs though it can't any more; of a column that one does not see, by what was sent."""
    for column, message in schema.register.document.settled(before, after).items():
        if column not in parsed.errors:
            shown = column if column in schema.by_column else next(iter(parsed.values), column)
            parsed.fail(shown, message)
