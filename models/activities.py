"""The activity register (V9-V11): what was done, what is to be done, and when people meet, in one shape."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import mongoengine as me
from flask_babel import lazy_gettext as _l
from pymongo import ASCENDING, DESCENDING, IndexModel

from models.base import Record
from models.fields.field import Choice
from models.fields.fixed import fixed
from models.fields.kinds.times import aware, to_utc
from models.registers import Register, add_register
from models.rights import Access, Sharing

TASK = "task"
KINDS = (
    Choice("call", _l("Call"), "green"),
    Choice("meeting", _l("Meeting"), "blue"),
    Choice("email", _l("E-mail"), "violet"),
    Choice("sms", _l("SMS"), "pink"),
    Choice("letter", _l("Letter"), "teal"),
    Choice("note", _l("Note"), "grey"),
    Choice("offer", _l("Offer sent"), "orange"),
    Choice(TASK, _l("Task"), "amber"),
    Choice("other", _l("Other"), "grey"),
)
OPEN, WAITING, DONE, CANCELLED = "open", "waiting", "done", "cancelled"
STATES = (
    Choice(OPEN, _l("To be done"), "blue"),
    Choice(WAITING, _l("Waiting for others"), "amber"),
    Choice(DONE, _l("Done"), "green"),
    Choice(CANCELLED, _l("Cancelled"), "grey"),
)
#: The states in which something is still to be done.
PENDING = (OPEN, WAITING)
PRIORITIES = (
    Choice("high", _l("High"), "red"),
    Choice("normal", _l("Normal"), "blue"),
    Choice("low", _l("Low"), "grey"),
)
#: What somebody answered to a campaign.
RESPONSES = (
    Choice("interested", _l("Interested"), "green"),
    Choice("registered", _l("Registered"), "teal"),
    Choice("attended", _l("Attended"), "blue"),
    Choice("bought", _l("Bought"), "violet"),
    Choice("not_interested", _l("Not interested"), "grey"),
    Choice("complained", _l("Complained"), "red"),
    Choice("other", _l("Other"), "grey"),
)
MOMENT = "moment"
#: Minutes before the beginning, or the due time, at which one is reminded.
REMINDERS = (
    Choice("0", _l("At the time")),
    Choice("15", _l("15 minutes before")),
    Choice("60", _l("1 hour before")),
    Choice("1440", _l("1 day before")),
    Choice("10080", _l("1 week before")),
    Choice(MOMENT, _l("At a moment")),
)
LONGEST_NAME = 80
#: What other programs are told of an activity besides its times.
WORDS = ("name", "place", "text")
#: Where an activity stands in lists and timelines: at the first of these that it has.
STANDS_AT = ("starts_at", "due_at", "done_at", "created_at")
DAY = dt.timedelta(days=1)
#: What a user has answered to an entry that was proposed to them.
PROPOSED, ACCEPTED, DECLINED = "proposed", "accepted", "declined"
#: What is entered once it was done, where an address says that it is to be entered.
LOGGED = ("call", "email", "sms", "letter", "note", "offer")
#: The fields that tell with whom, and about what deal.
LINKS = ("companies", "people", "opportunities")
LOG_FIRST = ("kind", "name", *LINKS, "text", "starts_at", "ends_at", "state")
TASK_FIRST = ("kind", "name", "due_on", "due_time", *LINKS, "priority", "text")
TAGS = re.compile(r"<[^>]*>")
#: The index by which a record's or a user's activities are read in the order in which they happen.
BY_FACET_MOMENT, BY_FACET_START, BY_SERIES = "by_facet_moment", "by_facet_start", "by_series"
BY_REPEATING, BY_LONG, BY_UID = "by_repeating", "by_long", "by_uid"
#: Those by which tasks are read: what is to be done as it becomes due, what is done as it was done.
BY_PENDING, BY_DONE = "by_pending", "by_done"
#: What lasts longer stands in an index of its own, so that a calendar's week need not look far back for the rest.
SHORT = dt.timedelta(days=2)


class Activity(Record):
    """A call, a task, a meeting: one shape, so that a task that is done becomes history, and what was agreed stands in
    the calendar without being entered twice.

    `zone` is where its clock times are meant; `answers` maps the id of a user it was proposed to (as text) to
    "proposed", "accepted" or "declined"; `skipped` are the starts that a repeating one leaves out, and `series` and
    `occurrence` tell which of them a record stands for that was changed by itself. `lasts_long` (derived) marks what
    lasts longer than SHORT. `repeated` is the rule of a task that is done: it repeats no more, its next one does
    (services/repeating.py).
    """

    register_key = "activity"
    made_of = {"name": ("text",)}

    name = fixed(
        "text", _l("Subject"), required=True, max_length=200, in_list=True,
        help=_l("Left empty, it is made of the text."),
    )  # fmt: skip
    kind = fixed("choice", _l("Kind"), choices=KINDS, default="call", extensible=True, in_list=True, in_head=True)
    state = fixed("choice", _l("State"), choices=STATES, default=OPEN, in_list=True, in_head=True)
    priority = fixed("choice", _l("Priority"), choices=PRIORITIES, default="normal")
    companies = fixed("links", _l("Companies"), target="company", in_list=True, in_head=True)
    people = fixed("links", _l("People"), target="person", in_list=True, in_head=True)
    opportunities = fixed("links", _l("Opportunities"), target="opportunity")
    users = fixed("users", _l("Colleagues"))
    at = fixed("datetime", _l("When"), read_only=True, derived=True, indexed=True, in_list=True,
               help=_l("When it begins, else when it is due, else when it was done or entered."))  # fmt: skip
    starts_at = fixed("datetime", _l("Starts"), indexed=True)
    ends_at = fixed("datetime", _l("Ends"))
    all_day = fixed("boolean", _l("All day"))
    due_on = fixed("date", _l("Due"), indexed=True)
    due_time = fixed("time", _l("Due time"), help=_l("Left empty, it is due by the end of the day."))
    due_at = fixed("datetime", _l("Overdue from"), section="record", read_only=True, derived=True, indexed=True)
    done_at = fixed("datetime", _l("Done at"), section="record", read_only=True, derived=True, indexed=True)
    repeats = fixed("recurrence", _l("Repeats"))
    reminder = fixed("choice", _l("Reminder"), choices=REMINDERS)
    reminder_at = fixed("datetime", _l("Remind at"))
    place = fixed("text", _l("Place"))
    text = fixed("rich_text", _l("Text"))
    files = fixed("files", _l("Files"))
    campaign = fixed("link", _l("Campaign"), target="campaign", section="extra")
    response = fixed("choice", _l("Response"), choices=RESPONSES, extensible=True, section="extra",
                     help=_l("What was answered to the campaign."))  # fmt: skip
    private = fixed("boolean", _l("Private"), help=_l("Others see only that you are busy."))
    previous = fixed("link", _l("Follows"), target="activity", section="record", order=905)
    zone = fixed("text", _l("Time zone"), section="record", order=925, read_only=True)
    answers = me.DictField()
    skipped = me.ListField(me.DateTimeField())
    series = me.ObjectIdField()
    occurrence = me.DateTimeField()
    lasts_long = me.BooleanField()
    repeated = me.StringField()
    #: The name that an event of another program came with (services/ical_reading.py).
    uid = me.StringField()
    #: Whom invitations went to, {register, id, address, told}, and the last one's number (services/invitations.py).
    invited = me.ListField(me.DictField())
    sequence = me.IntField()

    meta = {"collection": "activity"}

    @classmethod
    def begin(cls, access: Access) -> dict[str, Any]:
        return {"zone": access.home_zone or access.time_zone}

    @classmethod
    def complete(cls, values: dict[str, Any]) -> dict[str, Any]:
        if values.get("name") or not values.get("text"):
            return values
        words = " ".join(TAGS.sub(" ", values["text"]).split())
        return {**values, "name": words if len(words) <= LONGEST_NAME else words[:LONGEST_NAME].rstrip() + "…"}

    @classmethod
    def form_defaults(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        return {"state": DONE} if given.get("kind") in LOGGED else {}

    @classmethod
    def first_in_form(cls, values: Mapping[str, Any]) -> Sequence[str]:
        return TASK_FIRST if values.get("kind") == TASK else LOG_FIRST

    @classmethod
    def problems(cls, document: Mapping[str, Any]) -> dict[str, Any]:
        starts, ends = document.get("starts_at"), document.get("ends_at")
        anchored = starts is not None or document.get("due_on") is not None
        found: dict[str, Any] = {}
        if ends is not None and (starts is None or aware(ends) < aware(starts)):
            found["ends_at"] = (_l("Say when it starts as well.") if starts is None else
                                _l("It can't end before it starts."))  # fmt: skip
        if document.get("due_time") and document.get("due_on") is None:
            found["due_on"] = _l("Say on which day it is due.")
        if document.get("repeats") and not anchored:
            found["repeats"] = _l("What repeats needs a start or a day on which it is due.")
        if document.get("reminder") == MOMENT and document.get("reminder_at") is None:
            found["reminder_at"] = _l("Say when to remind.")
        elif document.get("reminder") not in (None, MOMENT) and not anchored:
            found["reminder"] = _l("Say when it starts or is due, or choose a moment.")
        return found

    @classmethod
    def derive(cls, document: dict[str, Any]) -> dict[str, Any]:
        zone = ZoneInfo(document.get("zone") or "UTC")
        made = {**document, **rules_of(document), "due_at": due_moment(document, zone),
                "done_at": done_moment(document), "lasts_long": lasts_long(document)}  # fmt: skip
        made["at"] = next((made[name] for name in STANDS_AT if made.get(name)), None)
        return {name: value for name, value in made.items() if value is not None}

    @classmethod
    def index_models(cls) -> list[IndexModel]:
        repeating, pending = {"repeats": {"$exists": True}}, {"state": {"$in": list(PENDING)}}
        return [
            *super().index_models(),
            IndexModel([("facets", ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)], name=BY_FACET_MOMENT),
            IndexModel([("facets", ASCENDING), ("starts_at", ASCENDING)], name=BY_FACET_START),
            IndexModel([("facets", ASCENDING)], name=BY_REPEATING, partialFilterExpression=repeating),
            IndexModel([("facets", ASCENDING), ("ends_at", ASCENDING)], name=BY_LONG,
                       partialFilterExpression={"lasts_long": True}),
            IndexModel([("facets", ASCENDING), ("due_at", ASCENDING), ("_id", ASCENDING)], name=BY_PENDING,
                       partialFilterExpression=pending),
            IndexModel([("facets", ASCENDING), ("done_at", DESCENDING), ("_id", DESCENDING)], name=BY_DONE,
                       partialFilterExpression={"done_at": {"$exists": True}}),
            IndexModel([("series", ASCENDING), ("occurrence", ASCENDING)], name=BY_SERIES, sparse=True),
            IndexModel([("uid", ASCENDING), ("owner", ASCENDING)], name=BY_UID, sparse=True),
        ]  # fmt: skip


def lasts_long(document: Mapping[str, Any]) -> bool | None:
    """True for what lasts longer than SHORT, None for all else."""
    starts, ends = document.get("starts_at"), document.get("ends_at")
    return True if starts and ends and aware(ends) - aware(starts) > SHORT else None


def due_moment(document: dict[str, Any], zone: dt.tzinfo) -> dt.datetime | None:
    """When it is overdue: after its time on the day that it is due, without a time after that day."""
    day = document.get("due_on")
    if day is None:
        return None
    midnight = dt.datetime(day.year, day.month, day.day)  # noqa: DTZ001 - the day as its own zone's clock has it
    if not document.get("due_time"):
        return to_utc((midnight + DAY).replace(tzinfo=zone))
    hour, minute = map(int, document["due_time"].split(":"))
    return to_utc(midnight.replace(hour=hour, minute=minute, tzinfo=zone))


def rules_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """`repeats` and `repeated`: a task that is done hands its rule on, one that is taken up again has it back. What
    takes place at a time is in the calendar as often as its rule says, whatever its state."""
    task = document.get("due_on") is not None and document.get("starts_at") is None
    if not task or document.get("state") != DONE:
        return {"repeated": None}
    return {"repeats": None, "repeated": document.get("repeats") or document.get("repeated")}


def done_moment(document: dict[str, Any]) -> dt.datetime | None:
    """When it became done; nothing once it is taken up again."""
    if document.get("state") != DONE:
        return None
    if document.get("done_at"):
        return aware(document["done_at"])
    moment = dt.datetime.now(dt.UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


ACTIVITIES = add_register(
    Register(
        key="activity",
        document=Activity,
        label=_l("Activities"),
        singular=_l("Activity"),
        add_label=_l("Add activity"),
        path="/activities",
        icon="calendar-event",
        sends=True,
        label_fields=("name", "kind", "at"),
        name_weight=0.0,
        order=("at", "desc"),
        sharing=Sharing(users="users", private="private"),
        happens=True,
    )
)
