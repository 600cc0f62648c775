"""How the field registry's inputs look: form field, filter input and cell for every name that a kind may give."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus

from bson import ObjectId
from flask import url_for
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from markupsafe import Markup
from wtforms import Field as FormField
from wtforms.widgets import TextArea, TextInput, html_params

from models.base import stored_value
from models.fields.context import Context
from models.fields.field import Field
from models.fields.kinds.base import EMPTY_VALUES
from models.fields.kinds.clock import USUAL
from models.fields.kinds.consent import STATES as CONSENT_STATES
from models.fields.kinds.consent import note_text, state_choice, state_text
from models.fields.kinds.references import FILE
from models.fields.kinds.written import size_text
from models.fields.operators import OPERATORS
from models.formatted import formatted
from models.registers import REGISTERS
from views.condition_inputs import Built, ConditionsInput
from views.consent_inputs import ConsentInput, consent_sent
from views.file_inputs import FilesInput
from views.line_cells import line_table
from views.line_inputs import LinesInput, products_of
from views.recurrence import recurrence_editor, rule_label

Option = tuple[str, str]


@dataclass(frozen=True)
class Input:
    """One name that a kind may give as its `input`.

    `form` is the HTML input type, or "textarea", "rich_text", "files", "product_lines", "consent", "conditions" or
    "select"; `filter` the name the filter panel knows; `several` is for lists of values; `remote` for options searched
    on the server.
    """

    form: str
    filter: str
    mode: str = ""
    several: bool = False
    remote: bool = False

    @property
    def wide(self) -> bool:
        """Whether it takes the whole row of a form."""
        return self.form in ("textarea", "rich_text", "files", "product_lines", "consent", "conditions")

    @property
    def many(self) -> bool:
        """Whether a value may hold other things than the one that is asked for."""
        return self.several or self.form == "product_lines"


INPUTS: dict[str, Input] = {
    "text": Input("text", "text"),
    "long_text": Input("textarea", "text"),
    "rich_text": Input("rich_text", "text"),
    "mail_html": Input("textarea", "text"),
    "number": Input("text", "number", mode="decimal"),
    "money": Input("text", "money", mode="decimal"),
    "date": Input("date", "date"),
    "datetime": Input("datetime-local", "datetime"),
    "time": Input("time", "text"),
    "recurrence": Input("select", "select"),
    "boolean": Input("select", "select"),
    "select": Input("select", "select"),
    "multi_select": Input("select", "select", several=True),
    "email": Input("email", "text"),
    "tel": Input("tel", "text"),
    "url": Input("url", "text", mode="url"),
    "user": Input("select", "remote", remote=True),
    "multi_user": Input("select", "remote", several=True, remote=True),
    "product_lines": Input("product_lines", "remote", remote=True),
    "conditions": Input("conditions", "text"),
    "files": Input("files", "text", several=True),
    "consent": Input("consent", "select"),
    "file_versions": Input("text", "text"),
    "team": Input("select", "remote", remote=True),
    "link": Input("select", "remote", remote=True),
    "multi_link": Input("select", "remote", several=True, remote=True),
}
#: A browser shows nothing for text that its own date input does not understand: then the text is shown as text.
PICKER_FORMATS = {"date": ("%Y-%m-%d",), "datetime-local": ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")}


def options_url(field: Field) -> str:
    """Where the options of a link, user or team field are searched as one types."""
    return url_for("OptionsView.options", target=field.kind.target(field))  # type: ignore[attr-defined]


# Forms


class ValueInput(TextInput):
    """A one-line input of the right type for the field's kind."""

    def __init__(self, spec: Input) -> None:
        super().__init__()
        self.spec = spec
        self.input_type = spec.form

    def __call__(self, field: FormField, **attributes: Any) -> Markup:
        text = field._value()
        shown = self.spec.form if fits_picker(self.spec.form, text) else "text"
        if self.spec.mode:
            attributes.setdefault("inputmode", self.spec.mode)
        return super().__call__(field, type=shown, autocomplete="off", **attributes)


class RichTextArea(TextArea):
    """The HTML of a formatted text; assets/js/rich-texts.js sets an editor over it."""

    def __call__(self, field: FormField, **attributes: Any) -> Markup:
        return super().__call__(field, **{"data-rich-text": True, "rows": 6}, **attributes)


class ValueSelect:
    """A select; one that searches on the server holds only the options that are chosen already."""

    def __init__(self, *, multiple: bool) -> None:
        self.multiple = multiple

    def __call__(self, field: "ValueField", **attributes: Any) -> Markup:
        if field.spec.remote:
            attributes["data-options-url"] = options_url(field.field)
        attributes.update({"class": "form-select", "multiple": self.multiple})
        attributes = {"id": field.id, "name": field.name, "data-enhance": True, **attributes}
        options = [
            Markup("<option {}>{}</option>").format(Markup(html_params(value=value, selected=chosen)), label)
            for value, label, chosen in field.choices()
        ]
        # Unticking everything sends nothing at all, so an empty value goes along to say "none".
        none = Markup('<input type="hidden" name="{}" value="">').format(field.name) if self.multiple else Markup()
        return none + Markup("<select {}>{}</select>").format(Markup(html_params(**attributes)), Markup().join(options))


class RecurrenceSelect(ValueSelect):
    """The usual rules; with script any other rule is put together beneath (assets/js/recurrence.js)."""

    def __init__(self) -> None:
        super().__init__(multiple=False)

    def __call__(self, field: "ValueField", **attributes: Any) -> Markup:
        return super().__call__(field, **attributes, **{"data-enhance": False, "data-repeat": len(USUAL)}) + (
            recurrence_editor(field.id, field.label.text))  # fmt: skip


class ValueField(FormField):
    """The form field of any registry field: it carries what was typed; the service that saves it checks it."""

    def __init__(self, label: Any = None, *, field: Field, **options: Any) -> None:
        self.field = field
        self.spec = INPUTS[field.kind.input]
        self.options: list[Option] = []
        #: The files that are chosen (raw StoredFile).
        self.files: list[dict[str, Any]] = []
        #: What somebody else has saved meanwhile, as text, where the user must choose.
        self.theirs = ""
        #: What the search builder begins with.
        self.built = Built()
        widgets = {"textarea": TextArea(), "rich_text": RichTextArea(), "files": FilesInput(),
                   "product_lines": LinesInput(), "consent": ConsentInput(), "conditions": ConditionsInput(),
                   "select": ValueSelect(multiple=self.spec.several)}
        if field.kind.input == "recurrence":
            widgets["select"] = RecurrenceSelect()
        super().__init__(label, widget=widgets.get(self.spec.form) or ValueInput(self.spec), **options)
        self.flags.required = field.required

    data: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        if self.spec.several:
            self.data = [text for text in valuelist if text]
        elif self.spec.form == "consent":
            self.data = consent_sent(valuelist)
        elif valuelist:
            # Browsers end the lines of a text in their own way, and what nobody touched must come back as it was.
            rows = self.spec.form in ("product_lines", "conditions")
            self.data = valuelist[-1].replace("\r\n", "\n") if rows else valuelist[-1]

    def _value(self) -> str:
        return "" if self.data is None else str(self.data)

    def chosen(self) -> list[str]:
        if self.spec.form == "product_lines":
            return products_of(self._value())
        values = self.data if isinstance(self.data, list) else [self.data]
        return [str(value) for value in values if value not in (None, "")]

    def choices(self) -> Iterable[tuple[str, str, bool]]:
        """(value, label, chosen) of each option; what was sent and is no option stays visible."""
        chosen = self.chosen()
        if not self.spec.several:
            yield "", "", not chosen
        for value, label in self.options:
            yield value, label, value in chosen
        for value in chosen:
            if value not in dict(self.options):
                yield value, value, True


def fits_picker(input_type: str, text: str) -> bool:
    if not text or input_type not in PICKER_FORMATS:
        return True
    for pattern in PICKER_FORMATS[input_type]:
        try:
            datetime.strptime(text, pattern)  # noqa: DTZ007 - only its shape matters
        except ValueError:
            continue
        return True
    return False


def form_class(fields: Iterable[Field], labels: Any) -> type[FlaskForm]:
    """A form with a field for each that may be written; `labels(field)` gives lazy label and help."""
    made = {
        field.column: ValueField(labels(field)[0], field=field, description=labels(field)[1], name=field.column)
        for field in fields if not field.read_only
    }  # fmt: skip
    return type("RecordForm", (FlaskForm,), made)


def form_fields(form: FlaskForm) -> list[ValueField]:
    return [field for field in form if isinstance(field, ValueField)]


def local_options(field: Field, language: str, held: Iterable[str] = ()) -> list[Option]:
    """The options of a yes/no or choice field; retired choices only where they are held."""
    if field.kind.input == "boolean":
        return [("1", _("Yes")), ("0", _("No"))]
    if field.kind.input == "consent":
        return [(choice.key, choice.text(language)) for choice in CONSENT_STATES]
    if field.kind.input == "recurrence":
        return [(rule, rule_label(rule, Context(language=language).locale)) for rule in dict.fromkeys(
            (*USUAL, *filter(None, held)))]  # fmt: skip
    held = set(held)
    return [(c.key, c.text(language)) for c in field.choices if not c.retired or c.key in held]


# Filters


def filter_column(field: Field, language: str, section: str) -> dict[str, Any]:
    """A field as the filter panel takes it."""
    spec = INPUTS[field.kind.input]
    own = field.kind.operand_choices
    return {
        "column": field.column, "label": field.label_in(language), "section": section,
        "operators": [
            {"op": code, "label": str(field.kind.operator_label(code)),
             "input": "select" if own(code) and not spec.remote else filter_input(spec, code),
             "choices": [{"value": value, "label": str(label)} for value, label in own(code)]}
            for code in field.kind.operators
        ],
        "choices": [
            {"value": v, "label": text}
            for v, text in local_options(field, language, {c.key for c in field.choices})
        ],
        "options_url": options_url(field) if spec.remote else None,
    }  # fmt: skip


def filter_input(spec: Input, code: str) -> str:
    takes = OPERATORS[code].takes
    if takes == "none":
        return "none"
    return "multi" if takes == "many" and spec.filter in ("select", "remote") else spec.filter


# Cells


class Part(NamedTuple):
    """One piece of a cell: text, where it leads, the colour of its badge; `html` is a formatted text as a
    whole or a table, `note` what stands beside it (the size of a file, where and when a consent was given)."""

    text: str
    href: str = ""
    colour: str = ""
    html: Markup = Markup()
    note: str = ""


class Cell(NamedTuple):
    """A value as a list or record page shows it. `number` aligns right; `long` keeps its line breaks; `only` is what
    the list's address takes to show the records of this value alone."""

    field: Field
    label: str
    parts: tuple[Part, ...]
    number: bool = False
    long: bool = False
    only: str = ""

    @property
    def empty(self) -> bool:
        return not self.parts

    @property
    def wide(self) -> bool:
        """Whether it takes the whole row of its section."""
        return self.field.kind.needs_room


def cell(field: Field, raw: Mapping[str, Any], context: Context) -> Cell:
    """A field's value in a raw document, as its cell."""
    value = stored_value(field, raw)
    parts = whole_parts(field, value, context)
    long = field.kind.input in WHOLE_INPUTS
    only = only_condition(field, value, context) if parts and not long else ""
    return Cell(field, field.label_in(context.language), parts, field.kind.numeric, long, only)


def only_condition(field: Field, value: Any, context: Context) -> str:
    """`_flt_eq_<column>=<value>` for a value that stands alone; "" for several values and kinds without equality."""
    if isinstance(value, list) and len(value) != 1:
        return ""
    if "eq" not in field.kind.operators:
        return ""
    asked = field.kind.asked_text(value, field, context)
    if isinstance(asked, list):
        asked = asked[0] if asked else ""
    return f"_flt_eq_{field.column}={in_query(asked)}" if asked else ""


@lru_cache(maxsize=16_384)
def in_query(text: str) -> str:
    """A text as it stands in an address; lists repeat themselves."""
    return quote_plus(text)


#: Values with such an input keep their lines where they are shown as a whole.
LONG_INPUTS = ("long_text", "rich_text", "mail_html")
#: Values with such an input are shown as a whole where there is room.
WHOLE_INPUTS = (*LONG_INPUTS, "product_lines")
#: A list shows so many characters of a formatted text.
MOST_IN_LIST = 160
#: A click on a value with such an input leads somewhere.
LINKED_INPUTS = ("email", "tel", "url")


def whole_parts(field: Field, value: Any, context: Context) -> tuple[Part, ...]:
    """The pieces of a value where there is room for all of it: a formatted text as it was formatted."""
    if field.kind.input == "rich_text" and value not in EMPTY_VALUES:
        # Cleaned once more, as it goes into the page: whatever wrote it into the database.
        shown = shortened(field.kind.text(value, field, context))
        return (Part(shown, html=Markup('<div class="k-rich">{}</div>').format(Markup(formatted(value)))),)
    if field.kind.input == "product_lines" and value not in EMPTY_VALUES:
        return (Part(field.kind.full_text(value, field, context), html=line_table(field, value, context)),)
    return parts_of(field, value, context)


def parts_of(field: Field, value: Any, context: Context) -> tuple[Part, ...]:
    """The pieces that a value is shown in; none for no value, and none for a link whose reader may not see what it
    points at."""
    if value in EMPTY_VALUES:
        return ()
    kind = field.kind
    values = value if isinstance(value, list) else (value,)
    if kind.name in ("choice", "choices"):
        found = [choice_part(field, key, context.language) for key in values]
    elif kind.input == "mail_html":
        found = [Part(shortened(kind.text(value, field, context)))]
    elif kind.input in ("link", "multi_link"):
        labels, target = context.labels, field.target
        found = [Part(labels.get((target, reference), ""), record_url(target, reference)) for reference in values]
    elif kind.input == "files":
        found = [file_part(key, context) for key in values]
    elif kind.input == "consent":
        found = [consent_part(value, context)]
    elif kind.input == "file_versions":
        found = [Part(kind.text(value, field, context))]
    elif kind.input == "rich_text":
        found = [Part(shortened(kind.text(value, field, context)))]
    else:
        href = value_href(kind.input, str(value)) if kind.input in LINKED_INPUTS else ""
        found = [Part(kind.text(value, field, context), href)]
    return tuple([part for part in found if part.text])


def consent_part(value: Mapping[str, Any], context: Context) -> Part:
    choice = state_choice(value)
    return Part(state_text(value, context), colour=choice.colour if choice else "grey", note=note_text(value, context))


def file_part(file_id: ObjectId, context: Context) -> Part:
    size = context.sizes.get(file_id)
    return Part(context.labels.get((FILE, file_id), ""), f"/files/{file_id}",
                note=size_text(size, context.locale) if size else "")  # fmt: skip


def shortened(text: str) -> str:
    """A text in one line, as much of it as a list shows."""
    line = " ".join(text.split())
    return line if len(line) <= MOST_IN_LIST else f"{line[:MOST_IN_LIST].rstrip()}…"


def choice_part(field: Field, key: str, language: str) -> Part:
    choice = field.choice(key)
    return Part(choice.text(language) if choice else key, colour=choice.colour if choice else "grey")


def value_href(input_name: str, value: str) -> str:
    """Where a click on an address, a phone number or a web page leads; "" for any other value."""
    if input_name == "email":
        return f"mailto:{quote(value, safe='@')}"
    if input_name == "tel":
        return f"tel:{quote(value, safe='+')}"
    return value if input_name == "url" and value.startswith(("http://", "https://")) else ""


def record_url(register: str, record_id: Any) -> str:
    card = REGISTERS.get(register)
    return f"{card.path}/show/{record_id}" if card else ""


