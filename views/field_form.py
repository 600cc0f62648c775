"""The form of a field definition: what it sends as a definition, a definition as the form has it, rows of choices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, RadioField, SelectField, StringField, TextAreaField

from models.fields.kinds import OFFERED_KINDS
from models.registers import REGISTERS, SECTIONS
from services.settings import COLOURS
from views.forms import options

Raw = dict[str, Any]
#: Each kind's icon and what it is for, in the order in which the form offers them.
KINDS: dict[str, tuple[str, Any]] = {
    "text": ("letter-case", _l("A line of text")),
    "long_text": ("align-left", _l("Several lines, such as notes")),
    "rich_text": ("typography", _l("Paragraphs, headings, lists and links")),
    "number": ("number-123", _l("Whole or with decimals")),
    "money": ("currency-euro", _l("An amount in a currency")),
    "date": ("calendar", _l("A day, without a time")),
    "datetime": ("clock", _l("A day and a time")),
    "boolean": ("toggle-right", _l("Yes, no, or not known")),
    "choice": ("circle-dot", _l("One out of a list")),
    "choices": ("checks", _l("Several out of a list")),
    "email": ("mail", _l("Checked; a click writes a mail")),
    "phone": ("phone", _l("Checked; a click calls it")),
    "url": ("world", _l("A link to a web page")),
    "user": ("user", _l("One of the users of Kortisto")),
    "users": ("users", _l("Some of the users of Kortisto")),
    "files": ("paperclip", _l("Documents, pictures and the like")),
    "link": ("link", _l("Another record, such as a company")),
}
WITH_CHOICES = ("choice", "choices")
#: Kinds whose default would be the id of a record, which nobody types.
WITHOUT_DEFAULT = ("user", "users", "link", "files")
COLOUR_LABELS = {
    "grey": _l("Grey"), "red": _l("Red"), "orange": _l("Orange"), "amber": _l("Amber"), "green": _l("Green"),
    "teal": _l("Teal"), "blue": _l("Blue"), "violet": _l("Violet"), "pink": _l("Pink"), "accent": _l("Dark green"),
}  # fmt: skip
NEW_ROWS = 3
CURRENCIES = ("EUR", "SEK", "NOK", "DKK", "GBP", "USD", "CHF", "PLN", "CZK", "JPY", "CNY", "CAD", "AUD")
#: Where the messages for a definition's column stand in the form.
PLACES = {"label": "label_en", "help": "help_en"}


class FieldForm(FlaskForm):
    """A field's definition; its choices are rows of their own, read from the request as they stand."""

    kind = RadioField(_l("Kind"), default="text")
    label_en = StringField(_l("Label in English"))
    label_fi = StringField(
        _l("Label in Finnish"), description=_l("One of the two is enough; it then serves both languages.")
    )
    section = SelectField(
        _l("Section"), default="extra", description=_l("The part of the record in which the field stands.")
    )
    key = StringField(
        _l("Key"),
        description=_l(
            "The field's lasting name in templates, imports and REST. Left empty, it is made of the label. "
            "It never changes after."
        ),
    )
    help_en = TextAreaField(_l("Help in English"), description=_l("A sentence under the field in forms."))
    help_fi = TextAreaField(_l("Help in Finnish"))
    required = BooleanField(_l("Required"), description=_l("No record is saved without it."))
    in_list = BooleanField(
        _l("Show in the list"), description=_l("As a column, until users choose columns of their own.")
    )
    in_head = BooleanField(
        _l("At the head of the record"),
        description=_l("Numbers and dates stand there as key figures, other values under the name."),
    )
    default = StringField(
        _l("Default"), description=_l("What a new record starts with, as you would type it there.")
    )
    target = SelectField(_l("Links to"), default="company")
    currency = StringField(_l("Currency"), default="EUR", description=_l("Three letters, such as EUR or SEK."))

    #: What is wrong with the choices as a whole; stands above their rows.
    choice_errors: Sequence[str] = ()

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.kind.choices = options((name, str(kind.label)) for name, kind in offered_kinds().items())
        self.section.choices = options((key, str(label)) for key, label in SECTIONS.items() if key != "record")
        self.target.choices = options((key, str(card.label)) for key, card in REGISTERS.items())


def offered_kinds() -> dict[str, Any]:
    """The kinds in the order of KINDS; one that is new there comes last."""
    order = list(KINDS)
    known = sorted(OFFERED_KINDS, key=lambda name: order.index(name) if name in order else len(order))
    return {name: OFFERED_KINDS[name] for name in known}


@dataclass(frozen=True)
class ChoiceRow:
    """A choice as a row of the form. `saved` ones keep their key for good and are retired rather than removed."""

    key: str = ""
    en: str = ""
    fi: str = ""
    colour: str = "grey"
    retired: bool = False
    saved: bool = False

    @property
    def empty(self) -> bool:
        return not (self.key.strip() or self.en.strip() or self.fi.strip())

    def definition(self) -> Raw:
        label = {language: text for language, text in (("en", self.en), ("fi", self.fi)) if text.strip()}
        return {"key": self.key.strip(), "label": label, "colour": self.colour, "retired": self.retired}


def rows_of(definition: Mapping[str, Any]) -> list[ChoiceRow]:
    """The choices of a definition, those in use first."""
    rows = []
    for choice in definition.get("choices") or ():
        label = choice.get("label")
        texts = label if isinstance(label, Mapping) else {"en": str(label or "")}
        rows.append(ChoiceRow(choice["key"], texts.get("en") or "", texts.get("fi") or "",
                              choice.get("colour") or "grey", bool(choice.get("retired")), True))  # fmt: skip
    return sorted(rows, key=lambda row: row.retired)


def posted_rows(definition: Mapping[str, Any]) -> list[ChoiceRow]:
    """The rows as the page sent them."""
    names = ("choice_key", "choice_en", "choice_fi", "choice_colour", "choice_state")
    saved = {choice["key"] for choice in definition.get("choices") or ()}
    return [
        ChoiceRow(key, en, fi, colour if colour in COLOURS else "grey", state == "retired", key in saved)
        for key, en, fi, colour, state in zip_longest(*map(request.form.getlist, names), fillvalue="")
    ]


def commanded(rows: Sequence[ChoiceRow], command: str) -> list[ChoiceRow]:
    """The rows after a row's button: "add", or "up:2", "down:2", "remove:2", "restore:2" of the row at that place."""
    rows = list(rows)
    verb, _colon, number = command.partition(":")
    place = int(number) if number.isascii() and number.isdigit() and len(number) < 5 else -1
    if verb == "add":
        return [*rows, *[ChoiceRow()] * NEW_ROWS]
    if not 0 <= place < len(rows):
        return rows
    other = {"up": place - 1, "down": place + 1}.get(verb, -1)
    if 0 <= other < len(rows):
        rows[place], rows[other] = rows[other], rows[place]
    elif verb == "remove" and not rows[place].saved:
        del rows[place]
    elif verb in ("remove", "restore"):
        rows[place] = replace(rows[place], retired=verb == "remove")
    return rows


def choices_of(rows: Sequence[ChoiceRow]) -> list[Raw]:
    """The rows as choices, empty ones left out."""
    return [row.definition() for row in rows if not row.empty]


def definition_of(form: FieldForm, rows: Sequence[ChoiceRow], kind: str) -> Raw:
    """What the form says, as the service takes it; what belongs to other kinds is left out."""
    data: Raw = {
        "label": {"en": form.label_en.data or "", "fi": form.label_fi.data or ""},
        "section": form.section.data, "required": form.required.data, "in_list": form.in_list.data,
        "in_head": form.in_head.data,
        "help": help_of(form), "default": None if kind in WITHOUT_DEFAULT else form.default.data,
    }  # fmt: skip
    if kind in WITH_CHOICES:
        data["choices"] = choices_of(rows)
    if kind == "money":
        data["currency"] = (form.currency.data or "").strip().upper()
    return data


def help_of(form: FieldForm) -> Any:
    texts = {"en": (form.help_en.data or "").strip(), "fi": (form.help_fi.data or "").strip()}
    return {language: text for language, text in texts.items() if text} or ""


def form_values(definition: Mapping[str, Any]) -> Raw:
    """A definition as the form's fields have it."""
    label, text = definition.get("label") or {}, definition.get("help") or ""
    texts = text if isinstance(text, Mapping) else {"en": text}
    default = definition.get("default")
    return {
        "label_en": label.get("en") or "", "label_fi": label.get("fi") or "", "section": definition.get("section"),
        "help_en": texts.get("en") or "", "help_fi": texts.get("fi") or "",
        "required": bool(definition.get("required")), "in_list": bool(definition.get("in_list")),
        "in_head": bool(definition.get("in_head")),
        "default": default_text(default), "currency": definition.get("currency") or "EUR",
    }  # fmt: skip


def default_text(default: Any) -> str:
    if isinstance(default, bool):
        return _("Yes") if default else _("No")
    if isinstance(default, (list, tuple)):
        return ", ".join(map(str, default))
    return "" if default is None else str(default)
