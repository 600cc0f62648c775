"""What a column of an imported file may become: the options that a page offers, and what its form chose of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from models.fields.field import Field
from models.fields.kinds import OFFERED_KINDS
from models.fields.schema import Schema
from models.registers import SECTIONS
from models.rights import Access
from services.imports.plan import CHOICE_KINDS, LINK_KINDS, NOT_MATCHABLE
from views.field_form import KINDS
from views.import_steps import importable

Raw = dict[str, Any]
FIELD, NEW = "field:", "new:"
#: Kinds that a column does not make: nobody types files into a sheet; links are offered register by register.
NOT_MADE = ("files", "link")
#: Kinds of which a linked record can be made that is not there.
TO_RECORDS = ("link", "links")
#: Characters of a separator.
LONGEST_SEPARATOR = 5
OPTION = Markup('<option value="{value}" data-kind="{kind}"{several}{selected}>{label}</option>')
GROUP = Markup('<optgroup label="{label}">{options}</optgroup>')


class Option:
    """One thing that a column may become."""

    def __init__(self, value: str, label: str, kind: str = "", *, several: bool = False) -> None:
        self.value, self.kind, self.several = value, kind, several
        self._told = {"value": value, "label": label, "kind": kind,
                      "several": Markup(" data-several") if several else ""}  # fmt: skip
        self.html = OPTION.format(**self._told, selected="")

    @property
    def selected_html(self) -> Markup:
        return OPTION.format(**self._told, selected=Markup(" selected"))


class ColumnOptions:
    """The options of every column of an import, in groups: left out, the register's fields, new fields. Their HTML is
    made once and shared by all columns: a file may have a thousand of them."""

    def __init__(self, access: Access, schema: Schema) -> None:
        self.schema = schema = schema.for_access(access)
        self.groups = [("", [Option("", _("Leave out"))]), *field_groups(schema, access.language)]
        if access.may(schema.register.key, "settings"):
            self.groups.append((_("New field"), list(new_options(access))))
        self.by_value = {one.value: one for _label, options in self.groups for one in options}
        self.plain = [grouped(label, [one.html for one in options]) for label, options in self.groups]

    def html(self, selected: str) -> Markup:
        """The options with one of them selected; of one that is not among them, such as a field that is retired since,
        the column is left out."""
        parts = list(self.plain)
        for place, (label, options) in enumerate(self.groups):
            if any(one.value == selected for one in options):
                parts[place] = grouped(label, [one.selected_html if one.value == selected else one.html
                                               for one in options])  # fmt: skip
        return Markup("").join(parts)


def grouped(label: str, options: Sequence[Markup]) -> Markup:
    joined = Markup("").join(options)
    return GROUP.format(label=label, options=joined) if label else joined


def field_groups(schema: Schema, language: str) -> Iterator[tuple[str, list[Option]]]:
    """The fields that may be filled, section by section."""
    for section, title in SECTIONS.items():
        options = [Option(FIELD + field.column, field.label_in(language), kind_for(field), several=field.kind.several)
                   for field in schema.fields if field.section == section and may_fill(field)]  # fmt: skip
        if options:
            yield str(title), options


def may_fill(field: Field) -> bool:
    return field.kind.importable and not field.read_only


def kind_for(field: Field) -> str:
    """The kind as far as a column must be asked more because of it."""
    name = field.kind.name
    return "" if name in ("choice", "choices") and not (field.custom or field.extensible) else name


def new_options(access: Access) -> Iterator[Option]:
    for name in KINDS:
        if name not in NOT_MADE:
            kind = OFFERED_KINDS[name]
            # Choices of a new field are taken from the data anyway.
            asked = name if name in LINK_KINDS else ""
            yield Option(NEW + name, _("New field: %(kind)s", kind=kind.label), asked, several=kind.several)
    for card in importable(access):
        yield Option(f"{NEW}link:{card.key}", _("New field: link to %(register)s", register=card.singular), "link")


# What is chosen


def chosen_value(choice: Mapping[str, Any]) -> str:
    """A column's choice as the value of its select."""
    if "field" in choice:
        return f"{FIELD}{choice['field']}"
    if "define" not in choice:
        return ""
    define = choice["define"]
    target = f":{define['target']}" if define.get("target") else ""
    return f"{NEW}{define['kind']}{target}"


def columns_of_form(
    columns: Sequence[Raw], form: MultiDict[str, str], offered: ColumnOptions, language: str
) -> list[Raw]:  # fmt: skip
    """The columns with what the form chose; those that it does not name stay as they are."""
    return [column_of_form(column, form, offered, language) if f"c{column['place']}" in form else column
            for column in columns]  # fmt: skip


def column_of_form(column: Raw, form: MultiDict[str, str], offered: ColumnOptions, language: str) -> Raw:
    place = column["place"]
    option = offered.by_value.get(form[f"c{place}"]) or offered.by_value[""]
    return {
        **column, "choice": choice_of(column, option.value, form.get(f"n{place}", "").strip(), language),
        # What else was said counts as far as the choice takes it: the page hides what it does not take.
        "add_choices": f"a{place}" in form and option.kind in CHOICE_KINDS,
        "create_missing": f"m{place}" in form and option.kind in TO_RECORDS,
        "separator": form.get(f"s{place}", "")[:LONGEST_SEPARATOR] if option.several else "",
        "link_by": "name" if option.kind in LINK_KINDS else "",
    }  # fmt: skip


def choice_of(column: Raw, value: str, name: str, language: str) -> Raw:
    """The choice that a value stands for. A new field keeps what was guessed of it besides its name, as its key."""
    if value.startswith(FIELD):
        return {"field": value.removeprefix(FIELD)}
    if not value:
        return {}
    kind, _colon, target = value.removeprefix(NEW).partition(":")
    before = column["choice"].get("define") or {}
    kept = before if chosen_value(column["choice"]) == value else {}
    label = before.get("label") or {}
    # A program may have given plain text.
    label = {**({"en": label} if isinstance(label, str) else label), language: name or column["header"]}
    return {"define": {**kept, "kind": kind, "label": label, **({"target": target} if target else {})}}


def key_options(schema: Schema, language: str) -> list[tuple[str, str]]:
    """(column, label) of the fields by which a row may be known, those made of others (a person's name) included."""
    made = schema.register.document.made_of
    return [(field.column, field.label_in(language)) for field in schema.fields
            if field.kind.name not in NOT_MATCHABLE and (may_fill(field) or field.column in made)]  # fmt: skip
