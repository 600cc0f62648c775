"""Making a report: of a register, out of a ready one or out of somebody else's; changing one's own."""

from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from flask import flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from models.fields.errors import ConditionError, ValidationFailed
from models.fields.schema import Schema
from models.registers import REGISTERS, all_registers
from models.rights import NotAllowed
from services.labels import names_of
from services.records import RecordNotFound, VersionConflict
from services.reports.definition import dimensions, measurable, percents
from services.reports.ready import ready_reports
from services.reports.saved import get_report, may_change, save_report
from services.saved_views import audiences
from views.base import current_access
from views.conditions import builder_sources, sentence, with_labels
from views.permissions import OWN
from views.report_answers import Answer, answer_to, errors_of, schema_seen
from views.report_forms import Typed, typed_in, typed_of
from views.report_texts import (
    AUDIENCES,
    CHARTS,
    EVERY,
    PERIODS,
    field_options,
    group_choices,
    hour_options,
    how_options,
    weekday_options,
)
from views.reports import PATH, ready_entry, ready_report
from views.selection import conditions_of_args

Raw = dict[str, Any]
SAVE_MINE = _l("Save as my own")


class ReportBuilderView(BaseView):
    """The form that makes reports. What is posted is saved, or with `act=show` shown beside the form."""

    route_base = PATH
    default_view = "new"
    class_permission_name = OWN

    @expose("/new", methods=["GET", "POST"])
    @has_access
    def new(self) -> Any:
        """A report of the `register`, of the conditions in the address; out of the `ready` one or a `copy`."""
        if request.method == "POST":
            return self.posted(url_for("ReportView.list"))
        typed = begun()
        if typed is None:
            return self.start()
        return self.form(typed, answer_to(typed.values), back_url=url_for("ReportView.list"))

    @expose("/<pk>/edit", methods=["GET", "POST"])
    @has_access
    def edit(self, pk: str) -> Any:
        """Change a report; somebody else's is saved as one of one's own."""
        access = current_access()
        report = get_report(access, pk)
        mine, back = may_change(access, report), url_for("ReportView.show", pk=pk)
        if request.method == "POST":
            return self.posted(back, pk if mine else None)
        typed = typed_of(report) if mine else own_copy(report)
        remark = "" if mine else _("This report is somebody else's. What you change is saved as a report of your own.")
        return self.form(typed, answer_to(typed.values), back_url=back, version=report["version"] if mine else 0,
                         remark=remark, save_label="" if mine else SAVE_MINE, new=not mine)  # fmt: skip

    @expose("/preview", methods=["POST"])
    @has_access
    def preview(self) -> Any:
        """The result of what the form holds, as a part of its page."""
        schema = register_asked(request.form.get("register", ""))
        answer = answer_to(typed_in(schema, request.form).values)
        return self.render_template("reports/result.html", result=answer.result, problem=answer.problem,
                                    said=answer.problem or told(answer))  # fmt: skip

    def posted(self, back: str, pk: str | None = None) -> Any:
        """Save, or show what it comes to."""
        form = request.form
        typed = typed_in(register_asked(form.get("register", "")), form)
        version = int(form["version"]) if form.get("version", "").isascii() and form.get("version", "").isdigit() else 0
        shown: Raw = {"back_url": back, "version": version, "new": pk is None}
        if form.get("act") == "show":
            answer = answer_to(typed.values)
            return self.form(typed, answer, errors=answer.errors, **shown)
        try:
            report = save_report(current_access(), typed.saved, pk, version or None)
        except (ValidationFailed, ConditionError, NotAllowed, VersionConflict) as error:
            return self.form(typed, answer_to(typed.values), errors=errors_of(error), **shown), 422
        flash(_("The report “%(name)s” was saved.", name=report["name"]), "success")
        return redirect(url_for("ReportView.show", pk=report["_id"]))

    def start(self) -> Any:
        """What a new report may be of."""
        access = current_access()
        cards = [card for card in all_registers() if access.may(card.key, "see")]
        ready = [{"entry": ready_entry(one), "url": url_for("ReportBuilderView.new", ready=one.key)}
                 for one in ready_reports(access)]  # fmt: skip
        return self.render_template("reports/start.html", title=_("New report"), cards=cards, ready=ready)

    def form(
        self, typed: Typed, answer: Answer, *, back_url: str, errors: Mapping[str, Any] | None = None,
        version: int = 0, remark: str = "", save_label: Any = "", new: bool = True,
    ) -> Any:  # fmt: skip
        """The form with what is typed, what it comes to, and what is wrong."""
        schema = schema_seen(typed.values["register"])
        card = schema.register
        return self.render_template(
            "reports/form.html", title=_("New report") if new else _("Change the report"), card=card, form=typed,
            choices=choices_of(schema, typed), nodes=with_labels(schema, typed.nodes),
            sources=builder_sources(), sentence=sentence(schema, typed.nodes), errors=errors or {}, version=version,
            result=answer.result, problem=answer.problem, remark=remark, new=new, back_url=back_url,
            save_label=save_label or _("Save the report"), send_users=people(typed.sending["users"]),
        )  # fmt: skip


def begun() -> Typed | None:
    """What a new report begins with, by the address; None where it says nothing."""
    args = request.args
    if args.get("ready"):
        one = ready_report(args["ready"])
        return own_copy({**one.definition, "name": str(one.label)})
    if args.get("copy"):
        return own_copy(get_report(current_access(), args["copy"]))
    if not args.get("register"):
        return None
    register_asked(args["register"])
    return Typed({"register": args["register"], "conditions": conditions_of_args(), "chart": "bar",
                  "measures": [{"how": "count", "column": "", "by": ""}]})  # fmt: skip


def own_copy(report: Mapping[str, Any]) -> Typed:
    """A report of one's own like another; whom that one is for and when it is sent stay with it."""
    return typed_of({**report, "audience": "me", "roles": (), "schedule": None},
                    _("%(name)s (my own)", name=report["name"])[:100])  # fmt: skip


def register_asked(register: str) -> Schema:
    """The fields of the register that a report is made of. Not found where the user may not see it."""
    if register not in REGISTERS or not current_access().may(register, "see"):
        raise RecordNotFound("register", register)
    return schema_seen(register)


def told(answer: Answer) -> str:
    """How much a result has, for those who don't see it change."""
    count = len(answer.result.table.lines) if answer.result else 0
    return ngettext("The result has %(num)s row.", "The result has %(num)s rows.", count)


def choices_of(schema: Schema, typed: Typed) -> Raw:
    """What the form offers."""
    seen_by = dict(audiences(current_access()))
    roles = [(value, label) for value, label in seen_by.items() if value not in AUDIENCES]
    offered = {"me", typed.audience, *(["role"] if roles else []), *seen_by}
    return {
        "groups": group_choices(schema), "grouped": [one.column for one in dimensions(schema)],
        "periods": list(PERIODS.items()), "hows": how_options(schema), "measured": field_options(measurable(schema)),
        "percents": field_options(percents(schema)), "charts": list(CHARTS.items()), "orders": orders(typed),
        "audiences": [pair for pair in AUDIENCES.items() if pair[0] in offered], "roles": roles,
        "every": list(EVERY.items()), "weekdays": weekday_options(), "days": [(day, f"{day}.") for day in range(1, 29)],
        "hours": hour_options(),
    }  # fmt: skip


def orders(typed: Typed) -> list[tuple[str, Any]]:
    """What rows are ordered by: their groups, or one of the figures (named by the script as it is chosen)."""
    return [("groups", _("By the groups")), *(
        (str(place), _("By figure %(number)s, the largest first", number=place + 1))
        for place in range(len(typed.figures)))]  # fmt: skip


def people(ids: Any) -> list[tuple[str, str]]:
    """(id, name) of users."""
    found = names_of(current_access(), "user", [ObjectId(one) for one in ids if ObjectId.is_valid(one)])
    return [(str(key), name) for key, name in found.items()]
