"""How a consent looks in a form: what was said, where, and on which day, sent under one name in this order."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flask import render_template
from markupsafe import Markup

from models.fields.kinds.consent import PARTS, SOURCES, STATES
from views.base import current_language

Sent = dict[str, str] | str


class ConsentInput:
    """A choice of the state, an input for the source with the usual ones offered, and one for the day."""

    def __call__(self, field: Any, **attributes: Any) -> Markup:
        language = current_language()
        # The look of one input is no look for the three.
        attributes.pop("class", None)
        parts = consent_parts(field.data)
        return Markup(render_template(
            "registers/consent_input.html", field=field, parts=parts, attributes=attributes, sources=SOURCES,
            states=[(choice.key, choice.text(language)) for choice in STATES], day_input=day_input(parts["on"]),
        ))  # fmt: skip


def day_input(text: str) -> str:
    """The type of the day's input: a browser shows nothing for what its own date input does not understand."""
    try:
        dt.date.fromisoformat(text or "2000-01-01")
    except ValueError:
        return "text"
    return "date"


def consent_sent(values: Sequence[str]) -> Sent | None:
    """What a form sent: the three inputs, or a text of all of them."""
    if not any(text.strip() for text in values):
        return "" if values else None
    return dict(zip(PARTS, values, strict=True)) if len(values) == len(PARTS) else values[-1]


def consent_parts(data: Sent | None) -> dict[str, str]:
    """What the three inputs show: what was typed into them, or the parts of a text."""
    if isinstance(data, dict):
        return data
    state, *rest = [part.strip() for part in (data or "").split(";")]
    day = rest.pop() if rest else ""
    return {"state": state, "source": "; ".join(rest), "on": day}
