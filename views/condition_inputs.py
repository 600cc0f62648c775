"""How conditions look in a form: a text of JSON, over which assets/js/search-builder.js puts them together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import render_template
from markupsafe import Markup
from wtforms.widgets import TextArea


@dataclass(frozen=True)
class Built:
    """What the search builder begins with: the register that the conditions speak of, the conditions with the names of
    what they point at, and where it fetches the rest (views/conditions.py)."""

    register: str = ""
    nodes: Sequence[Mapping[str, Any]] = ()
    sources: Mapping[str, Any] = field(default_factory=dict)


class ConditionsInput:
    """The conditions of a value. Without script they are the text that is sent."""

    def __call__(self, field: Any, **attributes: Any) -> Markup:
        text = TextArea()(field, rows=4, spellcheck="false", **attributes)
        return Markup(render_template("registers/conditions.html", text=text, label=field.label.text, name=field.name,
                                      about=field.field.about, built=field.built))  # fmt: skip
