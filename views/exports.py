"""From a list, or from chosen rows, to a file for other programs: its form, its fields, and how CSV is written."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

from flask import flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.fields.errors import ConditionError
from models.fields.schema import Schema, schema_of
from models.registers import Register
from services.exports import CSV, FORMS, ExportProblem, Wanted, check_may_export, forms_of, start_export
from services.groups import group_field
from services.preferences import choose_exporting, exporting_choice
from services.search import Selection, TooSlow, count_selected
from views.base import current_access, current_language
from views.lists import columns_asked
from views.merge import list_url
from views.permissions import OWN
from views.selection import conditions_of_args, selection_inputs, selection_or_told

Raw = dict[str, Any]
FORM_LABELS = {
    "xlsx": _l("Excel (.xlsx)"), "csv": _l("CSV, for other programs and older spreadsheets"),
    "jsonl": _l("JSON Lines, for programs"), "vcard": _l("vCard, for address books and phones"),
}  # fmt: skip
#: What the form calls the separators: a tab can't be seen.
SEPARATOR_SIGNS = {"semicolon": ";", "comma": ",", "tab": "\t"}
SEPARATOR_LABELS = {"semicolon": _l("Semicolon"), "comma": _l("Comma"), "tab": _l("Tab")}
DECIMAL_LABELS = {",": _l("Comma: 1234,5"), ".": _l("Point: 1234.5")}
#: How Excel reads CSV where the language is spoken: separator, decimal mark.
USUAL_CSV = {"fi": ("semicolon", ",")}
NAMES = ("form", "fields", "separator", "decimal")


@dataclass(frozen=True)
class Listed:
    """A list as its user sees it: columns and order."""

    columns: tuple[str, ...]
    order: str = ""
    direction: str = ""


class ExportView(BaseView):
    """Whoever may export a register's records gets them as a file."""

    route_base = "/export"
    class_permission_name = OWN
    default_view = "start"

    @expose("/start/<register>", methods=["GET", "POST"])
    @has_access
    def start(self, register: str) -> Any:
        """The page on which an export is set up: for the list that the address asks for, or for the rows sent."""
        card = check_may_export(current_access(), register)
        if request.method == "POST":
            selection = selection_or_told()
            return redirect(list_url(card)) if selection is None else self.page(card, selection, back_sent())
        query = request.query_string.decode("utf-8", "replace")
        selection = Selection(conditions=tuple(conditions_of_args()), all_matching=True)
        return self.page(card, selection, f"?{query}" if query else "")

    @expose("/run/<register>", methods=["POST"])
    @has_access
    def run(self, register: str) -> Any:
        """Start the job that writes the file, and remember how it was wanted."""
        card, selection = check_may_export(current_access(), register), selection_or_told()
        if selection is None:
            return redirect(list_url(card))
        typed = typed_of_form()
        try:
            listed = listed_of(back_sent(), schema_of(card.key).for_access(current_access()))
            job_id = start_export(current_access(), card.key, selection, wanted_of(typed, listed))
        except (ExportProblem, ConditionError, TooSlow) as problem:
            return self.page(card, selection, back_sent(), str(problem), 422)
        choose_exporting(current_access(), typed)
        return redirect(url_for("JobView.show", pk=job_id))

    def page(self, card: Register, selection: Selection, back: str, problem: str = "", status: int = 200) -> Any:
        access = current_access()
        schema = schema_of(card.key).for_access(access)
        try:
            count = count_selected(access, card.key, selection, "export")
        except (ConditionError, TooSlow) as error:
            flash(str(error), "danger")
            return redirect(card.path + "/")
        columns = listed_of(back, schema).columns
        forms = {form: FORM_LABELS[form] for form in forms_of(card)}
        typed = usual() | exporting_choice(access) | (typed_of_form() if "form" in request.form else {})
        if typed["form"] not in forms:
            typed["form"] = next(iter(forms))
        return self.render_template(
            "exports/start.html", title=_("Export"), card=card, count=count, problem=problem, typed=typed, forms=forms,
            shown=", ".join(schema.by_column[column].label_in(current_language()) for column in columns),
            every=len(schema.fields), separators=SEPARATOR_LABELS, decimals=DECIMAL_LABELS, back=f"{card.path}/{back}",
            inputs=[*selection_inputs(selection), ("back", back)],
        ), status  # fmt: skip


def back_sent() -> str:
    """The query of the list that the form came from; "" for none."""
    back = request.form.get("back", "")
    return back if back.startswith("?") else ""


def listed_of(back: str, schema: Schema) -> Listed:
    """The list of such a query."""
    args = dict(parse_qsl(back.removeprefix("?"), keep_blank_values=True))
    group = group_field(schema, args.get("group", ""))
    order, direction = (group.column, "") if group else (args.get("order", ""), args.get("dir", ""))
    return Listed(tuple(columns_asked(args, schema)), order, direction)


def usual() -> dict[str, str]:
    """What the form holds the first time."""
    separator, decimal = USUAL_CSV.get(current_language(), ("comma", "."))
    return {"form": next(iter(FORMS)), "fields": "shown", "separator": separator, "decimal": decimal}


def typed_of_form() -> dict[str, str]:
    return usual() | {name: request.form[name][:40] for name in NAMES if name in request.form}


def wanted_of(typed: Raw, listed: Listed) -> Wanted:
    """How the export is wanted; what was not among the choices is refused by the service."""
    columns = () if typed["fields"] == "all" else listed.columns
    wanted = Wanted(typed["form"], columns, listed.order, listed.direction)
    if typed["form"] != CSV:
        return wanted
    return replace(wanted, separator=SEPARATOR_SIGNS.get(typed["separator"], ""), decimal=typed["decimal"])
