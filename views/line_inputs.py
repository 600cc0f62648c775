"""How rows of products look in a form: a text of JSON, which assets/js/product-lines.js makes a table of."""

import json
from collections.abc import Mapping
from typing import Any

from flask import render_template, url_for
from markupsafe import Markup
from wtforms.widgets import TextArea

from models.fields.kinds.lines import FROM_PRODUCT
from models.fields.kinds.numbers import DECIMAL_MARKS
from views.base import current_language


class LinesInput:
    """The rows of a value. Without script they are the text that is sent."""

    def __call__(self, field: Any, **attributes: Any) -> Markup:
        asked = ",".join(FROM_PRODUCT.values())
        return Markup(render_template(
            "registers/lines.html", text=TextArea()(field, rows=4, spellcheck="false", **attributes), label_of=field.id,
            label=field.label.text, currency=field.field.currency, names=json.dumps(dict(field.options)),
            mark=DECIMAL_MARKS.get(current_language(), "."),
            options_url=url_for("OptionsView.options", target=field.field.target, columns=asked),
        ))  # fmt: skip


def products_of(text: str) -> list[str]:
    """The ids of products in what a form holds, whatever that is."""
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError):
        return []
    named = [row.get("product") for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    return list(dict.fromkeys(product for product in named if isinstance(product, str) and product))
