"""The table of inputs: for each name that a kind may give as its `input`, how values are typed, chosen and shown."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup
from wtforms.widgets import TextArea

from models.fields.context import Context
from models.fields.field import Field
from models.fields.kinds.clock import USUAL
from models.fields.kinds.consent import STATES
from views.condition_inputs import ConditionsInput
from views.consent_inputs import ConsentInput, consent_sent
from views.fields.parts import (
    Shown,
    as_formatted,
    as_table,
    choice_parts,
    consent_parts,
    file_parts,
    first_words,
    link_parts,
    linked_text,
    mail_href,
    phone_href,
    text_parts,
    web_href,
)
from views.fields.widgets import PickerInput, RecurrenceSelect, RichTextArea, ValueInput, ValueSelect
from views.file_inputs import FilesInput
from views.line_inputs import LinesInput, products_of
from views.recurrence import rule_label

Option = tuple[str, str]
#: A form field as the HTML of its input.
Widget = Callable[..., Markup]


def last_text(texts: Sequence[str]) -> Any:
    return texts[-1]


def filled_texts(texts: Sequence[str]) -> Any:
    return [text for text in texts if text]


def lines_as_kept(texts: Sequence[str]) -> Any:
    """Browsers end the lines of a text in their own way, and what nobody touched must come back as it was."""
    return texts[-1].replace("\r\n", "\n")


def values_held(data: Any) -> list[str]:
    """The values that a form field holds, as texts."""
    values = data if isinstance(data, list) else [data]
    return [str(value) for value in values if value not in (None, "")]


def products_held(data: Any) -> list[str]:
    return products_of("" if data is None else str(data))


def choice_options(field: Field, language: str, held: Iterable[str]) -> list[Option]:
    """The choices; retired ones only where they are held."""
    held = set(held)
    return [(c.key, c.text(language)) for c in field.choices if not c.retired or c.key in held]


def yes_and_no(_field: Field, _language: str, _held: Iterable[str]) -> list[Option]:
    return [("1", _("Yes")), ("0", _("No"))]


def consent_options(_field: Field, language: str, _held: Iterable[str]) -> list[Option]:
    return [(choice.key, choice.text(language)) for choice in STATES]


def usual_rules(_field: Field, language: str, held: Iterable[str]) -> list[Option]:
    locale = Context(language=language).locale
    return [(rule, rule_label(rule, locale)) for rule in dict.fromkeys((*USUAL, *filter(None, held)))]


@dataclass(frozen=True)
class Input:
    """One way in which values are typed and shown.

    `filter` is the name that the filter panel knows. `sent` makes the form field's data of what was sent (None where
    nothing was), `held` the ids and keys in that data, `options` what there is to choose from. `shown` gives a value's
    pieces, `shown_whole` those for where there is room. `several` is for lists of values, `many` for values that hold
    other things than the one asked for, `remote` for options searched on the server, `selects` for a select, `wide` for
    what takes a form's whole row, `long` for texts of many lines, `files` for files.
    """

    filter: str
    widget: Widget
    shown: Shown = text_parts
    shown_whole: Shown | None = None
    sent: Callable[[Sequence[str]], Any] = last_text
    held: Callable[[Any], list[str]] = values_held
    options: Callable[[Field, str, Iterable[str]], list[Option]] = choice_options
    several: bool = False
    many: bool = False
    remote: bool = False
    selects: bool = False
    wide: bool = False
    long: bool = False
    files: bool = False


def typed(filter_name: str, html_type: str = "text", *, mode: str = "", shown: Shown = text_parts) -> Input:
    """Typed into one line; `mode` chooses a phone's keyboard."""
    return Input(filter_name, ValueInput(html_type, mode=mode), shown)


def picked(filter_name: str, html_type: str) -> Input:
    """Picked by the browser's own means."""
    return Input(filter_name, PickerInput(html_type))


def select(shown: Shown = text_parts, **more: Any) -> Input:
    return Input("select", ValueSelect(), shown, selects=True, **more)


def several(filter_name: str, shown: Shown, **more: Any) -> Input:
    return Input(filter_name, ValueSelect(multiple=True), shown, sent=filled_texts, selects=True, several=True,
                 many=True, **more)  # fmt: skip


def remote(shown: Shown) -> Input:
    return Input("remote", ValueSelect(), shown, selects=True, remote=True)


INPUTS: dict[str, Input] = {
    "text": typed("text"),
    "long_text": Input("text", TextArea(), wide=True, long=True),
    "rich_text": Input("text", RichTextArea(), first_words, as_formatted, wide=True, long=True),
    "mail_html": Input("text", TextArea(), first_words, wide=True, long=True),
    "number": typed("number", mode="decimal"),
    "money": typed("money", mode="decimal"),
    "date": picked("date", "date"),
    "datetime": picked("datetime", "datetime-local"),
    "time": typed("text", "time"),
    "recurrence": Input("select", RecurrenceSelect(), options=usual_rules, selects=True),
    "boolean": select(options=yes_and_no),
    "select": select(choice_parts),
    "multi_select": several("select", choice_parts),
    "email": typed("text", "email", shown=linked_text(mail_href)),
    "tel": typed("text", "tel", shown=linked_text(phone_href)),
    "url": typed("text", "url", mode="url", shown=linked_text(web_href)),
    "user": remote(text_parts),
    "multi_user": several("remote", text_parts, remote=True),
    "product_lines": Input("remote", LinesInput(), text_parts, as_table, sent=lines_as_kept, held=products_held,
                           many=True, remote=True, wide=True),
    "conditions": Input("text", ConditionsInput(), sent=lines_as_kept, wide=True),
    "files": Input("text", FilesInput(), file_parts, sent=filled_texts, several=True, many=True, wide=True,
                   files=True),
    "consent": Input("select", ConsentInput(), consent_parts, sent=consent_sent, options=consent_options, wide=True),
    "file_versions": typed("text"),
    "team": remote(text_parts),
    "link": remote(link_parts),
    "multi_link": several("remote", link_parts, remote=True),
}  # fmt: skip


def input_of(field: Field) -> Input:
    return INPUTS[field.kind.input]


def local_options(field: Field, language: str, held: Iterable[str] = ()) -> list[Option]:
    """The options of a yes/no or choice field; retired choices only where they are held."""
    return input_of(field).options(field, language, held)

