"""What a reminder says: as a notice, and as an e-mail in its reader's language and time zone."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask_babel import get_timezone
from flask_babel import gettext as _

from services.letters import Line, letter, public_url, when, writing_to, zone_named
from services.notices import writes_notice

Raw = dict[str, Any]
KIND = "reminder"


def activity_path(activity: Mapping[str, Any]) -> str:
    return f"/activities/show/{activity['_id']}"


def facts_of(starts: dt.datetime, activity: Mapping[str, Any]) -> Raw:
    """What is told of an activity at one of its occurrences, as plain values. Of a whole day its zone counts, not the
    reader's: a holiday is the same day wherever one is."""
    timed = bool(activity.get("starts_at"))
    whole_day = bool(activity.get("all_day")) if timed else not activity.get("due_time")
    return {"name": activity.get("name") or "", "starts": starts, "whole_day": whole_day and has_time(activity),
            "zone": activity.get("zone") or "UTC", "due": not timed}  # fmt: skip


def has_time(activity: Mapping[str, Any]) -> bool:
    """Whether the activity stands at a time at all; a reminder alone is told by the clock."""
    return bool(activity.get("starts_at") or activity.get("due_at"))


def when_of(facts: Mapping[str, Any], zone_name: str) -> str:
    """The moment as the reader sees it; a day's end is told as that day."""
    if not facts["whole_day"]:
        return when(facts["starts"], zone_named(zone_name))
    last = facts["starts"] - dt.timedelta(minutes=1) if facts["due"] else facts["starts"]
    return when(last, zone_named(facts["zone"]), whole_day=True)


def told(facts: Mapping[str, Any], zone_name: str) -> str:
    """The reminder in one line."""
    moment = when_of(facts, zone_name)
    if facts["due"] and facts["whole_day"]:
        return _("%(name)s, due %(when)s", name=facts["name"], when=moment)
    return _("%(name)s, %(when)s", name=facts["name"], when=moment)


@writes_notice(KIND)
def written(params: Mapping[str, Any]) -> str:
    """The notice for the reader of this request."""
    return told(params, str(get_timezone() or "UTC"))


def notice_of(reminder: Raw, activity: Raw, user: Raw) -> Raw:
    """The notice of a reminder, as `services.notices.notify` takes it."""
    return {"user": user["_id"], "kind": KIND, "params": facts_of(reminder["starts"], activity),
            "url": activity_path(activity), "key": f"reminder:{reminder['_id']}"}  # fmt: skip


def mail_of(reminder: Raw, activity: Raw, user: Raw) -> Raw:
    """The e-mail of a reminder, as `services.outbox.queue_messages` takes it."""
    with writing_to(user):
        line = told(facts_of(reminder["starts"], activity), user.get("time_zone") or "UTC")
        place = [Line(activity["place"])] if activity.get("place") else []
        text, html = letter(line, [*place, Line(_("Open it"), public_url(activity_path(activity)))],
                            _("You asked to be reminded of this, or take part in it."))  # fmt: skip
        return {"purpose": KIND, "address": user["email"], "user": user["_id"],
                "subject": _("Reminder: %(what)s", what=line), "text": text, "html": html,
                "key": f"reminder:{reminder['_id']}"}  # fmt: skip
