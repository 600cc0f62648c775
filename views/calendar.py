"""The shared calendar: its page, what stands in it, and what one entry is."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from bson import ObjectId
from flask import Response, jsonify, request
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _

from models.activities import CANCELLED, DONE, LINKS, PROPOSED
from models.fields.errors import ValidationFailed
from models.fields.schema import schema_of
from models.rights import Access
from services.bookings import proposals
from services.calendar import MOST_USERS, REGISTER, days_of, entries_of, tasks_without_time, teams_members
from services.calendar_writing import wall_time
from services.invitations import seen_plan, why_untold
from services.labels import context_for, names_of
from services.occurrences import occurrence_of
from services.preferences import CALENDAR_VIEWS, CalendarChoice, calendar_choice, choose_calendar
from services.records import get_record
from services.recurrence import moment, own_span
from views.base import current_access
from views.calendar_entries import entries_json, holidays_json, people_json
from views.calendar_texts import calendar_texts
from views.calendar_writing import CalendarWriting, answering, occurrence_asked
from views.fields import cell
from views.permissions import OWN

Raw = dict[str, Any]
#: What the card of an entry tells, as far as it is filled and its reader may see it.
CARD_FIELDS = (*LINKS, "place", "repeats", "text")


class CalendarView(CalendarWriting, BaseView):
    """`/calendar/`: everybody signed in has one; what of others' is shown goes by rights on activities."""

    route_base = "/calendar"
    class_permission_name = OWN
    default_view = "calendar"

    @expose("/")
    @has_access
    def calendar(self) -> str:
        """The page; `date` and `view` in its address say what is shown first."""
        access = current_access()
        choice = calendar_choice(access)
        asked, mine = proposals(access)
        names = {kind: names_of(access, kind, ids) for kind, ids in (("user", choice.users), ("team", choice.teams))}
        day, view = request.args.get("date", ""), request.args.get("view", "")
        return self.render_template(
            "calendar/calendar.html", title=_("Calendar"), choice=choice, names=names,
            may_add=access.may(REGISTER, "add"), tasks=tasks_json(access),
            asked=[proposal_json(access, raw) for raw in asked],
            waiting=[proposal_json(access, raw) for raw in mine], config=self.config(choice, day, view),
        )  # fmt: skip

    def config(self, choice: CalendarChoice, day: str, view: str) -> Raw:
        """What the script starts from."""
        access = current_access()
        try:
            date = wall_time(day[:10]).date()
        except ValidationFailed:
            date = None
        now = dt.datetime.now(ZoneInfo(access.time_zone))
        return {
            "base": f"{request.script_root}{self.route_base}", "language": access.language,
            "asked": view if view in CALENDAR_VIEWS else "", "view": choice.view,
            "date": (date or now.date()).isoformat(), "today": now.date().isoformat(),
            "offset": f"{now:%z}"[:3] + ":" + f"{now:%z}"[3:5],
            "me": str(access.user_id), "begin": self.begun(),
            "mayAdd": access.may(REGISTER, "add"), "texts": calendar_texts(),
        }  # fmt: skip

    def begun(self) -> list[tuple[str, str]] | None:
        """What the short form opens with at once, where the address names a time (a suggestion was chosen)."""
        if not request.args.get("starts_at"):
            return None
        return [(name, value) for name in ("starts_at", "ends_at", "users") for value in request.args.getlist(name)]

    @expose("/entries")
    @has_access
    @answering
    def entries(self) -> Response:
        """What is shown from `start` until before `end`, wall times of the reader's clock: {people, entries}."""
        access = current_access()
        choice, zone = calendar_choice(access), ZoneInfo(access.time_zone)
        start, end = (moment(wall_time(request.args.get(name)), zone) for name in ("start", "end"))
        people = people_json(access, shown_users(choice))
        users = [ObjectId(one["id"]) for one in people]
        found = entries_of(access, users, start, end, tasks=choice.tasks)
        shown = entries_json(access, found, users, choice.colours)
        answer = jsonify(people=people, entries=[*holidays_json(access, start, end, users), *shown])
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @expose("/shown", methods=["POST"])
    @has_access
    def shown(self) -> Response:
        """Keep whose calendars are shown, and how."""
        form = request.form
        choose_calendar(current_access(), users=form.getlist("users"), teams=form.getlist("teams"),
                        view=form.get("view", ""), tasks="tasks" in form, colours=form.get("colours", ""))  # fmt: skip
        return jsonify({})

    @expose("/entry/<pk>")
    @has_access
    @answering
    def entry(self, pk: str) -> str:
        """One entry as a card beside it; `occurrence` says which of a repeating one."""
        access = current_access()
        raw = get_record(access, REGISTER, pk)
        occurrence = occurrence_asked(request.args.get("occurrence"))
        span = occurrence_of(raw, occurrence) if occurrence else own_span(raw)
        schema = schema_of(REGISTER).for_access(access)
        fields = [schema.by_column[column] for column in CARD_FIELDS if column in schema.by_column]
        context = context_for(access, fields, [raw])
        told = [one for one in (cell(field, raw, context) for field in fields) if not one.empty]
        names = names_of(access, "user", [one for one in (raw.get("owner"), *(raw.get("users") or ())) if one])
        return self.render_template(
            "calendar/card.html", raw=access.without_hidden(REGISTER, raw), cells=told, names=names,
            answers=raw.get("answers") or {},
            when=when_text(access, raw, span) if span else "", occurrence=occurrence, states=(DONE, CANCELLED),
            kind=kind_of(access, raw), asked=is_asked(access, raw), base=self.route_base,
            invitations=seen_plan(access, raw), untold=why_untold(access, raw),
            may={action: access.allows(REGISTER, action, raw) for action in ("change", "delete")},
        )  # fmt: skip


def shown_users(choice: CalendarChoice) -> list[ObjectId]:
    """Whose calendars are shown: the users chosen and the members of the teams chosen."""
    return list(dict.fromkeys((*choice.users, *teams_members(choice.teams))))[:MOST_USERS]


def is_asked(access: Access, raw: Raw) -> str:
    """What the reader was asked or has answered: "" where nothing was."""
    own = access.user_id == raw.get("owner")
    return "" if own else (raw.get("answers") or {}).get(str(access.user_id), "")


def kind_of(access: Access, raw: Raw) -> tuple[str, str]:
    """(label, colour) of an activity's kind."""
    field = schema_of(REGISTER).for_access(access).get("kind")
    choice = field.choice(raw.get("kind", "")) if field else None
    return (choice.text(access.language), choice.colour) if choice else ("", "grey")


def when_text(access: Access, raw: Raw, span: tuple[dt.datetime, dt.datetime]) -> str:
    """When an entry is, in words of its reader's clock: a day, days, or a day with two times."""
    schema = schema_of(REGISTER)
    starts, day = schema.by_column["starts_at"], schema.by_column["due_on"]
    context = context_for(access, (), ())
    if raw.get("all_day") or not raw.get("starts_at"):
        first, last = days_of(raw, span)
        texts = [day.kind.text(dt.datetime.combine(one, dt.time(), dt.UTC), day, context) for one in (first, last)]
        due = raw.get("due_time") if not raw.get("starts_at") else ""
        return " – ".join(dict.fromkeys(texts)) + (f" {due}" if due else "")
    begins, ends = (starts.kind.text(one, starts, context) for one in span)
    zone = ZoneInfo(access.time_zone)
    if span[0] == span[1]:
        return begins
    same = span[0].astimezone(zone).date() == span[1].astimezone(zone).date()
    return f"{begins}–{ends.rpartition(' ')[2]}" if same else f"{begins} – {ends}"


def tasks_json(access: Access) -> list[Raw]:
    """The user's tasks that have no time yet, as the side of the page lists them."""
    due = schema_of(REGISTER).by_column["due_on"]
    context = context_for(access, (), ())
    return [{"id": str(raw["_id"]), "name": raw.get("name") or _("(no name)"), "version": raw["version"],
             "due": due.kind.text(raw.get("due_on"), due, context), "kind": kind_of(access, raw)}
            for raw in tasks_without_time(access)]  # fmt: skip


def proposal_json(access: Access, raw: Raw) -> Raw:
    """What waits for an answer: what, when, by whom, and who has not answered yet."""
    names = names_of(access, "user", [one for one in (raw.get("owner"), *(raw.get("users") or ())) if one])
    waiting = [names.get(user, "") for user in raw.get("users") or ()
               if (raw.get("answers") or {}).get(str(user)) == PROPOSED]  # fmt: skip
    return {"id": str(raw["_id"]), "name": raw.get("name") or _("(no name)"), "version": raw["version"],
            "when": when_text(access, raw, (raw["starts_at"], raw.get("ends_at") or raw["starts_at"])),
            "by": names.get(raw["owner"], "") if raw.get("owner") else "", "waiting": ", ".join(filter(None, waiting)),
            "day": raw["starts_at"].astimezone(ZoneInfo(access.time_zone)).date().isoformat()}  # fmt: skip


