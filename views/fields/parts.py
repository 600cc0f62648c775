"""The pieces that values are shown in: one function for each way, by which views/fields/inputs.py names it."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from bson import ObjectId
from markupsafe import Markup

from models.fields.context import Context
from models.fields.field import Field
from models.fields.kinds.consent import note_text, state_choice, state_text
from models.fields.kinds.references import FILE
from models.fields.kinds.written import size_text
from models.formatted import formatted
from models.registers import REGISTERS
from views.line_cells import line_table

#: A list shows so many characters of a formatted text.
MOST_IN_LIST = 160


class Part(NamedTuple):
    """One piece of a cell: text, where it leads, the colour of its badge; `html` is a formatted text as a
    whole or a table, `note` what stands beside it (the size of a file, where and when a consent was given)."""

    text: str
    href: str = ""
    colour: str = ""
    html: Markup = Markup()
    note: str = ""


#: How a value is shown: (field, value, context) to its pieces.
Shown = Callable[[Field, Any, Context], list[Part]]


def text_parts(field: Field, value: Any, context: Context) -> list[Part]:
    return [Part(field.kind.text(value, field, context))]


def linked_text(href: Callable[[str], str]) -> Shown:
    """A text that leads somewhere; `href` says where of what is kept."""

    def parts(field: Field, value: Any, context: Context) -> list[Part]:
        return [Part(field.kind.text(value, field, context), href(str(value)))]

    return parts


def mail_href(value: str) -> str:
    return f"mailto:{quote(value, safe='@')}"


def phone_href(value: str) -> str:
    return f"tel:{quote(value, safe='+')}"


def web_href(value: str) -> str:
    return value if value.startswith(("http://", "https://")) else ""


def first_words(field: Field, value: Any, context: Context) -> list[Part]:
    """The beginning of a formatted text, without its form."""
    return [Part(shortened(field.kind.text(value, field, context)))]


def as_formatted(field: Field, value: Any, context: Context) -> list[Part]:
    """A formatted text as it was formatted: cleaned once more, as it goes into the page, whatever wrote it."""
    html = Markup('<div class="k-rich">{}</div>').format(Markup(formatted(value)))
    return [Part(shortened(field.kind.text(value, field, context)), html=html)]


def as_table(field: Field, value: Any, context: Context) -> list[Part]:
    """Rows of products with their columns."""
    return [Part(field.kind.full_text(value, field, context), html=line_table(field, value, context))]


def choice_parts(field: Field, value: Any, context: Context) -> list[Part]:
    return [choice_part(field, key, context.language) for key in values_of(value)]


def choice_part(field: Field, key: str, language: str) -> Part:
    choice = field.choice(key)
    return Part(choice.text(language) if choice else key, colour=choice.colour if choice else "grey")


def link_parts(field: Field, value: Any, context: Context) -> list[Part]:
    labels, target = context.labels, field.target
    return [Part(labels.get((target, reference), ""), record_url(target, reference)) for reference in values_of(value)]


def file_parts(field: Field, value: Any, context: Context) -> list[Part]:
    return [file_part(file_id, context) for file_id in values_of(value)]


def file_part(file_id: ObjectId, context: Context) -> Part:
    size = context.sizes.get(file_id)
    return Part(context.labels.get((FILE, file_id), ""), f"/files/{file_id}",
                note=size_text(size, context.locale) if size else "")  # fmt: skip


def consent_parts(field: Field, value: Mapping[str, Any], context: Context) -> list[Part]:
    choice = state_choice(value)
    colour = choice.colour if choice else "grey"
    return [Part(state_text(value, context), colour=colour, note=note_text(value, context))]


def values_of(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def shortened(text: str) -> str:
    """A text in one line, as much of it as a list shows."""
    line = " ".join(text.split())
    return line if len(line) <= MOST_IN_LIST else f"{line[:MOST_IN_LIST].rstrip()}…"


def record_url(register: str, record_id: Any) -> str:
    card = REGISTERS.get(register)
    return f"{card.path}/show/{record_id}" if card else ""
