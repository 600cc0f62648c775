"""Values as HTML. Written here and not in a template: a page of a list has hundreds, each a few characters long."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup, escape

from models.base import stored_value
from models.fields.context import Context
from models.fields.field import Field
from models.fields.kinds.base import EMPTY_VALUES
from models.fields.kinds.written import number_text
from models.registers import Register
from views.fields import Part, input_of, only_condition, parts_of

Raw = Mapping[str, Any]
#: The form of the bar that acts on the chosen rows.
CHOSEN = "records-chosen"
#: Stands in a translated text for the name that is put there row by row.
NAME = "\x00"


def value_html(parts: Sequence[Part]) -> Markup:
    """A value's badges, links and texts one after the other; a dash for none."""
    if not parts:
        return Markup('<span class="k-none" aria-label="{}">–</span>').format(_("Empty"))
    return Markup(joined(parts))


def long_html(parts: Sequence[Part]) -> Markup:
    """A long text, its lines and its formats kept."""
    if not parts:
        return value_html(parts)
    return Markup("").join(long_part(part) for part in parts)


def long_part(part: Part) -> Markup:
    return part.html or Markup('<div class="k-long">{}</div>').format(part.text)


def joined(parts: Sequence[Part]) -> str:
    pieces: list[str] = []
    for part in parts[:-1]:
        pieces += (part_html(part), " " if part.colour else ", ")
    return "".join((*pieces, part_html(parts[-1])))


def part_html(part: Part) -> str:
    text = escape(part.text)
    if part.colour:
        note = f' <span class="mute">{escape(part.note)}</span>' if part.note else ""
        return f'<span class="badge c-{escape(part.colour)}">{text}</span>{note}'
    if not part.href:
        return text
    outside = ' rel="noopener noreferrer" target="_blank"' if part.href.startswith("http") else ""
    note = f' <span class="mute num">{escape(part.note)}</span>' if part.note else ""
    return f'<a href="{escape(part.href)}"{outside}>{text}</a>{note}'


@dataclass(frozen=True)
class Grouping:
    """The field that a list is grouped by, and how many records each of its values has."""

    field: Field
    counts: Mapping[Any, int]


class ListRows:
    """Writes the rows of one page of a register's list: what is the same in every row is written once."""

    def __init__(self, card: Register, fields: Sequence[Field], context: Context, rows: Sequence[Raw],
                 may: Callable[[Raw], str], grouping: Grouping | None = None) -> None:  # fmt: skip
        """`may` names the actions that the user may do to a row; grouped rows stand in the order of their groups."""
        self._context, self._grouping = context, grouping
        self._card, self._rows, self._may = card, rows, may
        #: Each column's field and what it is called.
        self.heads = [(field, field.label_in(context.language)) for field in fields]
        empty = value_html(())
        self._columns = [(field.column == card.name_field, ColumnCells(field, label, context, empty))
                         for field, label in self.heads]  # fmt: skip
        self._no_name = _("(no name)")
        self._check, self._acts = (escape(text) for text in
                                   (_("Select %(name)s", name=NAME), _("Actions for %(name)s", name=NAME)))  # fmt: skip

    def __len__(self) -> int:
        return len(self._rows)

    def html(self, dots: str) -> Markup:
        """The rows; `dots` is the icon of the button that opens a row's menu."""
        if self._grouping is None:
            return Markup("".join([self._row(raw, dots) for raw in self._rows]))
        pieces, last = [], object()
        for raw in self._rows:
            value = stored_value(self._grouping.field, raw)
            if value != last:
                pieces.append(self._group_head(self._grouping, value))
                last = value
            pieces.append(self._row(raw, dots))
        return Markup("".join(pieces))

    def _group_head(self, grouping: Grouping, value: Any) -> str:
        """The line above the rows of one value: it, and how many have it."""
        parts = parts_of(grouping.field, value, self._context)
        count = number_text(grouping.counts.get(value, 0), self._context.locale)
        shown = joined(parts) if parts else escape(_("Without a value"))
        # The tick and the button have columns of their own.
        return (f'<tr class="k-grouprow"><th scope="rowgroup" colspan="{len(self.heads) + 2}">'
                f'{shown} <span class="n num">{count}</span></th></tr>\n')  # fmt: skip

    def _row(self, raw: Raw, dots: str) -> str:
        row_id = str(raw["_id"])
        name = str(escape(raw.get("name") or self._no_name))
        address = f"{self._card.path}/show/{row_id}"
        cells = "".join([
            column.named(raw, name, address) if is_name else column.html(raw) for is_name, column in self._columns
        ])  # fmt: skip
        return (
            f'<tr data-row="{row_id}" data-may="{self._may(raw)}"><td class="l-check"><input type="checkbox" '
            f'class="form-check-input" name="rowid" value="{row_id}" form="{CHOSEN}" data-select-row '
            f'aria-label="{self._check.replace(NAME, name)}"></td>{cells}<td class="l-acts"><button type="button" '
            f'class="k-ic" data-row-menu aria-haspopup="menu" aria-label="{self._acts.replace(NAME, name)}">{dots}'
            "</button></td></tr>\n"
        )


def list_cell(card: Register, field: Field, context: Context, raw: Raw) -> Markup:
    """One cell of a list by itself."""
    cells = ColumnCells(field, field.label_in(context.language), context, value_html(()))
    if field.column != card.name_field:
        return Markup(cells.html(raw))
    name = str(escape(raw.get("name") or _("(no name)")))
    return Markup(cells.named(raw, name, f"{card.path}/show/{raw['_id']}"))


class ColumnCells:
    """Writes the cells of one column. Values of kinds that have few different ones are written once each."""

    def __init__(self, field: Field, label: str, context: Context, empty: str) -> None:
        self._field, self._context = field, context
        self._head = f' data-label="{escape(label)}"'
        number = "r num" if field.kind.numeric else ""
        self._start = f'<td class="{number}"{self._head}' if number else f"<td{self._head}"
        self._empty = f'<td class="is-empty {number}"{self._head}>{empty}</td>'
        self._askable = not input_of(field).long and "eq" in field.kind.operators
        self._written: dict[Any, str] | None = {} if field.kind.faceted else None

    def html(self, raw: Raw) -> str:
        value = stored_value(self._field, raw)
        if value in EMPTY_VALUES:
            return self._empty
        if self._written is None or isinstance(value, (list, dict)):
            return self._cell(value)
        if value not in self._written:
            self._written[value] = self._cell(value)
        return self._written[value]

    def named(self, raw: Raw, name: str, address: str) -> str:
        """The cell of the record's name, which leads to it."""
        only = self._only(stored_value(self._field, raw))
        return f'<td class="l-name"{self._head}{only}><a class="name" href="{address}">{name}</a></td>'

    def _cell(self, value: Any) -> str:
        parts = parts_of(self._field, value, self._context)
        return f"{self._start}{self._only(value)}>{joined(parts)}</td>" if parts else self._empty

    def _only(self, value: Any) -> str:
        # A column's name and a quoted value hold nothing that HTML minds.
        asked = only_condition(self._field, value, self._context) if self._askable and value not in EMPTY_VALUES else ""
        return f' data-only="{asked}"' if asked else ""
