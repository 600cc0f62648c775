"""From chosen rows to address labels: the sheet, where to begin on it, and a picture of the first page."""

from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _

from models.fields.errors import ConditionError
from models.fields.kinds.written import number_text
from models.registers import Register
from services.address_labels import (
    FORMS,
    OWN_SHEET,
    LabelProblem,
    Wanted,
    asks_consent,
    first_labels,
    sheet_named,
    start_labels,
)
from services.label_sheets import SHEETS, BadSheet, Printing, Sheet, first_page
from services.merge import check_may_merge
from services.preferences import choose_printing, printing_choice
from services.search import Selection, TooSlow, count_selected
from services.values import context_of
from views.base import current_access
from views.merge import list_url
from views.permissions import OWN
from views.selection import selection_inputs, selection_of_form, selection_or_told

Raw = dict[str, Any]
USUAL_SHEET = "L7160"
#: The measures of a sheet of one's own, as the form names them.
MEASURES = ("paper_width", "paper_height", "columns", "rows", "left", "top", "across", "down", "width", "height")
WHOLE = ("columns", "rows")
NAMES = ("sheet", "start", "move_right", "move_down", "form", "once", "willing", *MEASURES)


class AddressLabelView(BaseView):
    """Whoever may merge a register's records may print labels for them."""

    route_base = "/labels"
    class_permission_name = OWN
    default_view = "start"

    @expose("/start/<register>", methods=["GET", "POST"])
    @has_access
    def start(self, register: str) -> Any:
        """The page on which labels are set up for the chosen rows."""
        card = check_may_merge(current_access(), register)
        selection = selection_or_told() if request.method == "POST" else None
        return redirect(list_url(card)) if selection is None else self.page(card, selection)

    @expose("/picture/<register>", methods=["POST"])
    @has_access
    def picture(self, register: str) -> Any:
        """The first page as SVG, or what is wrong with what was set."""
        card = check_may_merge(current_access(), register)
        try:
            wanted, selection = wanted_of_form(), selection_of_form()
            labels = first_labels(current_access(), card, selection, wanted.printing.sheet.each,
                                  once=wanted.once, willing=wanted.willing)  # fmt: skip
        except (BadSheet, LabelProblem, ConditionError, TooSlow) as problem:
            return Response(str(problem), 422, content_type="text/plain; charset=utf-8")
        return Response(first_page(labels, wanted.printing), content_type="image/svg+xml; charset=utf-8")

    @expose("/run/<register>", methods=["POST"])
    @has_access
    def run(self, register: str) -> Any:
        """Start the job that prints the labels, and remember how they were wanted."""
        card, selection = check_may_merge(current_access(), register), selection_or_told()
        if selection is None:
            return redirect(list_url(card))
        try:
            job_id = start_labels(current_access(), card, selection, wanted_of_form())
        except (BadSheet, LabelProblem, ConditionError) as problem:
            return self.page(card, selection, str(problem), 422)
        choose_printing(current_access(), {name: request.form.get(name, "")[:40] for name in NAMES if name != "start"})
        return redirect(url_for("JobView.show", pk=job_id))

    def page(self, card: Register, selection: Selection, problem: str = "", status: int = 200) -> Any:
        typed = {"sheet": USUAL_SHEET, "start": "1", "form": "pdf", "willing": "1", **printing_choice(current_access())}
        if "sheet" in request.form:
            typed |= {name: request.form.get(name, "") for name in NAMES}
        try:
            count = count_selected(current_access(), card.key, selection, "merge")
        except ConditionError as error:
            flash(str(error), "danger")
            return redirect(list_url(card))
        return self.render_template(
            "labels/start.html", title=_("Labels"), card=card, count=count, problem=problem, back=list_url(card),
            inputs=[*selection_inputs(selection), ("back", request.form.get("back", ""))], typed=typed,
            sheets=sheet_options(), own=OWN_SHEET, measures=measure_labels(),
            asks_consent=asks_consent(card),
        ), status  # fmt: skip


def sheet_options() -> list[tuple[str, str]]:
    """(key, name with what it holds) of the sheets that come along."""
    locale = context_of(current_access()).locale
    return [(key, _("%(name)s – %(across)s × %(down)s labels of %(width)s × %(height)s mm", name=key,
                    across=sheet.columns, down=sheet.rows, width=number_text(sheet.width, locale),
                    height=number_text(sheet.height, locale)))
            for key, sheet in SHEETS.items()]  # fmt: skip


def measure_labels() -> list[tuple[str, str]]:
    return [
        ("paper_width", _("Width of the paper, mm")), ("paper_height", _("Height of the paper, mm")),
        ("columns", _("Labels across")), ("rows", _("Labels down")),
        ("left", _("Left margin, mm")), ("top", _("Top margin, mm")),
        ("across", _("From label to label across, mm")), ("down", _("From label to label down, mm")),
        ("width", _("Width of a label, mm")), ("height", _("Height of a label, mm")),
    ]  # fmt: skip


def wanted_of_form() -> Wanted:
    """What was set on the page. Raises BadSheet, LabelProblem."""
    key = request.form.get("sheet", "")
    sheet = own_sheet() if key == OWN_SHEET else sheet_named(key)
    start = int(number_of("start", "1")) - 1
    printing = Printing(sheet, start, number_of("move_right", "0"), number_of("move_down", "0"))
    form = request.form.get("form", "pdf")
    return Wanted(printing, form if form in FORMS else "pdf", bool(request.form.get("once")),
                  bool(request.form.get("willing")))  # fmt: skip


def own_sheet() -> Sheet:
    numbers: Raw = {name: int(number_of(name)) if name in WHOLE else number_of(name) for name in MEASURES}
    return Sheet(OWN_SHEET, **numbers)


def number_of(name: str, empty: str = "") -> float:
    """A number of the form, with a comma or a point. Raises BadSheet."""
    text = request.form.get(name, "").strip() or empty
    try:
        number = float(text.replace(",", "."))
    except ValueError as error:
        label = dict(measure_labels()).get(name, name)
        raise BadSheet(_("%(name)s: give a number, such as 63.5.", name=label)) from error
    if not abs(number) < 10_000:
        raise BadSheet(_("%(name)s: give a number, such as 63.5.", name=dict(measure_labels()).get(name, name)))
    return number
