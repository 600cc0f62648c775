"""What the calendar's page does: adding, moving, finishing, deleting and answering, each answered in JSON."""

import datetime as dt
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from flask import Response, flash, jsonify, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from models.activities import DONE, OPEN
from models.fields.errors import ValidationFailed
from models.fields.schema import schema_of
from models.rights import NotAllowed
from services.bookings import NotAsked, answer_booking
from services.calendar import REGISTER
from services.calendar_writing import Move, add_entry, instant, move_entry, wall_time
from services.invitations import awaited
from services.later import rejoin
from services.occurrences import NoOccurrence, change_occurrence, end_before, skip_occurrence, take_up_again
from services.records import RecordNotFound, VersionConflict, delete_record, get_record, update_record
from views.base import current_access, current_language
from views.conditions import chosen_options
from views.fields import form_class, form_fields, local_options
from views.interface import field_texts

Raw = dict[str, Any]
#: The fields of the short form; two of them it writes as ticks.
QUICK = ("name", "kind", "starts_at", "ends_at", "companies", "people", "users")
TICKS = ("all_day", "private")
#: What a service refuses, and the status that tells the script so.
REFUSALS: Mapping[type[Exception], int] = {
    ValidationFailed: 422, NotAllowed: 403, RecordNotFound: 404, VersionConflict: 409, NoOccurrence: 409, NotAsked: 409,
}  # fmt: skip


def answering(view: Callable[..., Any]) -> Callable[..., Any]:
    """Have a service's refusal be {message} with its status."""

    @wraps(view)
    def answered(*args: Any, **values: Any) -> Any:
        try:
            return view(*args, **values)
        except tuple(REFUSALS) as error:
            status = next(code for kind, code in REFUSALS.items() if isinstance(error, kind))
            message = error.in_one() if isinstance(error, ValidationFailed) else str(error)
            return jsonify(message=message), status

    return answered


class CalendarWriting(BaseView):
    """The part of the calendar's screens that writes."""

    @expose("/add", methods=["GET", "POST"])
    @has_access
    @answering
    def add(self) -> Any:
        """The short form; posted, the entry's id and version, or the form with what is wrong (422)."""
        access = current_access()
        if not access.may(REGISTER, "add"):
            raise NotAllowed(_("You may not add records here. Ask an administrator for the right."))
        schema = schema_of(REGISTER).for_access(access)
        fields = [schema.by_column[name] for name in QUICK if name in schema.by_column]
        form = form_class(fields, field_texts)(data=self.began(schema.defaults))
        ticked = [name for name in TICKS if request.values.get(name) == "1"]
        errors: dict[str, list[str]] = {}
        if request.method == "POST" and form.validate():
            typed = {field.name: field.data for field in form_fields(form)}
            ticks = {name: "1" for name in ticked if name in schema.by_column}
            try:
                raw = add_entry(access, {**typed, **ticks})
                return saved(raw, self.added(raw))
            except ValidationFailed as error:
                errors = error.messages()
        for name, messages in errors.items():
            if name in form:
                form[name].errors = messages
        self.give_options(form)
        return self.render_template(
            "calendar/quick.html", form=form, ticked=ticked, ticks=[name for name in TICKS if name in schema.by_column],
            others=[text for name, texts in errors.items() if name not in form for text in texts],
        ), 422 if errors or form.errors else 200  # fmt: skip

    def began(self, defaults: Raw) -> Raw:
        """What the form starts with: what the address says (where one clicked), else the usual."""
        given = ("name", "kind", "starts_at", "ends_at")
        asked: Raw = {name: request.args[name] for name in given if request.args.get(name)}
        others = [one for one in request.args.getlist("users") if one != str(current_access().user_id)]
        return {**defaults, "kind": "meeting", **asked, "users": others}

    def added(self, raw: Raw) -> str:
        if "proposed" in (raw.get("answers") or {}).values():
            return _("%(name)s was added and proposed.", name=raw.get("name") or "")
        return _("%(name)s was added.", name=raw.get("name") or "")

    def give_options(self, form: Any) -> None:
        for field in form_fields(form):
            if field.spec.remote:
                field.options = chosen_options(field.field, field.chosen())
            elif field.spec.selects:
                field.options = local_options(field.field, current_language(), field.chosen())

    @expose("/move/<pk>", methods=["POST"])
    @has_access
    @answering
    def move(self, pk: str) -> Response:
        """Move or lengthen an entry: `start`, where its edge was dragged `end`, `all_day`, `occurrence`, and `which` of
        a repeating one ("one", "later", else all)."""
        form, access = request.form, current_access()
        end = form.get("end", "")
        asked = Move(wall_time(form.get("start")), wall_time(end) if end else None, form.get("all_day") == "1",
                     occurrence_asked(form.get("occurrence")), form.get("which", ""))  # fmt: skip
        before = get_record(access, REGISTER, pk)
        raw = move_entry(access, pk, asked, version=version_asked())
        undo = way_back(before, raw, asked.occurrence) if asked.which == "later" and asked.occurrence else {}
        return saved(raw, _("%(name)s was moved.", name=raw.get("name") or ""), undo)

    @expose("/rejoin/<pk>", methods=["POST"])
    @has_access
    @answering
    def rejoin(self, pk: str) -> Response:
        """Make one series again of the two that "this one and all later ones" made; `pk` is the later one."""
        form, occurrence = request.form, occurrence_asked(request.form.get("occurrence"))
        if occurrence is None:
            raise NoOccurrence
        raw = rejoin(current_access(), pk, form.get("series", ""), occurrence, form.get("repeats", ""),
                     version=version_in("version"), series_version=version_in("series_version"))  # fmt: skip
        return saved(raw, _("%(name)s was saved.", name=raw.get("name") or ""))

    @expose("/done/<pk>", methods=["POST"])
    @has_access
    @answering
    def done(self, pk: str) -> Response:
        """Mark an entry as done, or with `again` as open; of a repeating one that occurrence alone."""
        state = OPEN if "again" in request.form else DONE
        occurrence = occurrence_asked(request.form.get("occurrence"))
        if occurrence is None:
            raw = update_record(current_access(), REGISTER, pk, {"state": state}, version=version_asked())
        else:
            raw = change_occurrence(current_access(), pk, occurrence, {"state": state}, version=version_asked())
        return saved(raw, _("%(name)s was saved.", name=raw.get("name") or ""))

    @expose("/delete/<pk>", methods=["POST"])
    @has_access
    @answering
    def delete(self, pk: str) -> Response:
        """Delete an entry; of a repeating one by `which`: "one", "later" (it ends before that one), else all of it."""
        access, occurrence = current_access(), occurrence_asked(request.form.get("occurrence"))
        which = request.form.get("which", "")
        undo: Raw = {}
        if occurrence and which == "one":
            raw = skip_occurrence(access, pk, occurrence, version=version_asked())
            undo = {"url": url_for("CalendarView.again", pk=pk), "values": {"occurrence": occurrence.isoformat()}}
        elif occurrence and which == "later" and occurrence != get_record(access, REGISTER, pk).get("starts_at"):
            rule = end_before(access, pk, occurrence, version=version_asked())
            raw = update_record(access, REGISTER, pk, {"repeats": rule}, version=version_asked(), strict=True)
        else:
            raw = delete_record(access, REGISTER, pk, version=version_asked())
            undo = {"url": url_for("BinView.restore"), "values": {"rowid": str(raw["_id"])}}
        message = _("%(name)s was deleted.", name=raw.get("name") or "")
        if awaited(raw):
            message = " ".join((message, _("Those invited have not been told.")))
        return jsonify(message=message, undo=undo)

    @expose("/again/<pk>", methods=["POST"])
    @has_access
    @answering
    def again(self, pk: str) -> Response:
        """Put an occurrence that was left out back in."""
        occurrence = occurrence_asked(request.form.get("occurrence"))
        if occurrence is None:
            raise NoOccurrence
        raw = take_up_again(current_access(), pk, occurrence)
        return saved(raw, _("%(name)s was saved.", name=raw.get("name") or ""))

    @expose("/occurrence/<pk>")
    @has_access
    def occurrence(self, pk: str) -> Any:
        """Which of a repeating entry is to be edited: leads on to the form of that one, of all later ones or of all."""
        try:
            asked = occurrence_asked(request.args.get("occurrence"))
        except ValidationFailed as error:
            flash(error.in_one(), "warning")
            return redirect(url_for("CalendarView.calendar"))
        raw = get_record(current_access(), REGISTER, pk, "change")
        return self.render_template("calendar/occurrence.html", title=raw.get("name") or _("(no name)"), raw=raw,
                                    occurrence=asked.isoformat() if asked else "")  # fmt: skip

    @expose("/answer/<pk>", methods=["POST"])
    @has_access
    def answer(self, pk: str) -> AnyResponse:
        """Accept or decline a proposal, from a form of the page."""
        form = request.form
        try:
            answer_booking(current_access(), pk, form.get("answer", ""), message=form.get("message", ""),
                           version=version_asked())  # fmt: skip
            flash(_("Your answer was sent."), "success")
        except (NotAsked, VersionConflict) as error:
            flash(str(error), "warning")
        return redirect(url_for("CalendarView.calendar", date=form.get("date", "")[:10] or None))


def saved(raw: Raw, message: str, undo: Raw | None = None) -> Response:
    """What the script needs of an entry that was written: to say it, and to take it back; `undo` is {url, values}
    where that is done otherwise than by the same way back."""
    return jsonify(id=str(raw["_id"]), version=raw["version"], message=message, undo=undo or {})


def way_back(series: Raw, later: Raw, occurrence: dt.datetime) -> Raw:
    """How the two series are made one again that were made of one; {} where there is still but one."""
    if later["_id"] == series["_id"]:
        return {}
    values = {"version": later["version"], "series": str(series["_id"]), "series_version": series["version"] + 1,
              "occurrence": occurrence.isoformat(), "repeats": series["repeats"]}  # fmt: skip
    return {"url": url_for("CalendarView.rejoin", pk=later["_id"]), "values": values}


def occurrence_asked(text: str | None) -> dt.datetime | None:
    """The start of one occurrence as the page sent it. Raises ValidationFailed."""
    return instant(text) if text else None


def version_asked() -> int | None:
    """The version that the page showed; None where it sent none."""
    return version_in("version") if request.form.get("version") else None


def version_in(name: str) -> int:
    """The version that was sent by this name; one that no record has where none was."""
    text = request.form.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
