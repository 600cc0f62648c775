"""Values as HTML. Written here and not in a template: a page of a list has hundreds, each a few characters long."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup, escape

from models.fields.context import Context
from models.fields.field import Field
from models.registers import Register
from views.fields import Cell, Part, cell

#: Stands in a translated text for the name that is put there row by row.
NAME = "\x00"


def value_html(shown: Cell) -> Markup:
    """A value's badges, links and texts one after the other; a dash for none."""
    if not shown.parts:
        return Markup('<span class="k-none" aria-label="{}">–</span>').format(_("Empty"))
    return Markup(joined(shown.parts))


def long_html(shown: Cell) -> Markup:
    """A long text, its lines kept."""
    if not shown.parts:
        return value_html(shown)
    return Markup("".join(f'<div class="k-long">{escape(part.text)}</div>' for part in shown.parts))


def joined(parts: Sequence[Part]) -> str:
    pieces: list[str] = []
    for part in parts[:-1]:
        pieces += (part_html(part), " " if part.colour else ", ")
    return "".join((*pieces, part_html(parts[-1])))


def part_html(part: Part) -> str:
    text = escape(part.text)
    if part.colour:
        return f'<span class="badge c-{escape(part.colour)}">{text}</span>'
    if not part.href:
        return text
    outside = ' rel="noopener noreferrer" target="_blank"' if part.href.startswith("http") else ""
    return f'<a href="{escape(part.href)}"{outside}>{text}</a>'


class ListRows:
    """Writes the rows of one page of a register's list: what is the same in every row is looked up once."""

    def __init__(self, card: Register, fields: Sequence[Field], context: Context) -> None:
        self._card = card
        self._context = context
        self._columns = [(field, field.label_in(context.language), field.column == card.name_field) for field in fields]
        self._heads = {field.column: f' data-label="{escape(label)}"' for field, label, _name in self._columns}
        self._empty = value_html(Cell(fields[0], "", ())) if fields else Markup()
        self._no_name = _("(no name)")
        self._check, self._acts = _("Select %(name)s", name=NAME), _("Actions for %(name)s", name=NAME)

    def row(self, raw: Mapping[str, Any], may: str) -> dict[str, Any]:
        """What the template needs of a row; `may` names the actions that its user may do to it."""
        name = raw.get("name") or self._no_name
        address = f"{self._card.path}/show/{raw['_id']}"
        cells = Markup("".join(self._cell(*column, raw, name, address) for column in self._columns))
        return {"id": str(raw["_id"]), "name": name, "may": may, "cells": cells,
                "check": self._check.replace(NAME, name), "acts": self._acts.replace(NAME, name)}  # fmt: skip

    def _cell(self, field: Field, label: str, is_name: bool, raw: Mapping[str, Any], name: str, address: str) -> str:
        shown = cell(field, raw, self._context, label)
        head = self._heads[field.column]
        only = f' data-only="{escape(shown.only)}"' if shown.only else ""
        if is_name:
            return f'<td class="l-name"{head}{only}><a class="name" href="{address}">{escape(name)}</a></td>'
        if not shown.parts:
            return f'<td class="is-empty{" r num" if shown.number else ""}"{head}>{self._empty}</td>'
        kind = ' class="r num"' if shown.number else ""
        return f"<td{kind}{head}{only}>{joined(shown.parts)}</td>"
