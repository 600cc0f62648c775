"""What those invited get: a few lines in their language, and the entry as iCalendar (iTIP, RFC 5546, by e-mail)."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from flask_babel import gettext as _
from icalendar import Calendar, Event, vCalAddress

from models.activities import TAGS
from models.fields.context import Context
from models.fields.schema import schema_of
from models.rights import Access
from models.security import User
from services.ical import PRODUCT, event_of, uid_of
from services.letters import when, writing_to, zone_named
from services.mail import mail_from
from services.mail_headers import is_address, one_line
from services.records import now

Raw = dict[str, Any]
REGISTER = "activity"
REQUEST, CANCEL = "REQUEST", "CANCEL"
PURPOSE = "invitation"
FILE_NAME = "invite.ics"


@dataclass(frozen=True)
class Recipient:
    """Whom a message goes to: a person or a user, by record. Without a zone the entry's own holds."""

    register: str
    id: ObjectId
    name: str
    address: str
    language: str = "en"
    zone: str = ""

    @property
    def key(self) -> tuple[str, ObjectId]:
        return self.register, self.id


@dataclass(frozen=True)
class Invitation:
    """What a message tells: the entry as its sender sees it, its changed occurrences, what is asked of the calendar
    that reads it (REQUEST or CANCEL), and who invites (name, address)."""

    raw: Mapping[str, Any]
    occurrences: Sequence[Mapping[str, Any]]
    method: str
    sequence: int
    organizer: tuple[str, str]
    again: bool = False


def organizer_of(access: Access, raw: Mapping[str, Any]) -> tuple[str, str]:
    """(name, address) of the owner; of the sender where the owner has no address any more."""
    ids = [one for one in (raw.get("owner"), access.user_id) if one]
    found = {user["_id"]: user for user in User._get_collection().find({"_id": {"$in": ids}, "active": True})}
    for one in ids:
        user = found.get(one, {})
        if is_address(str(user.get("email") or "")):
            return " ".join(filter(None, (user.get("first_name"), user.get("last_name")))), user["email"]
    return "Kortisto", mail_from()


def message_of(invitation: Invitation, recipient: Recipient) -> Raw:
    """The message to one recipient, as `services.outbox.queue_messages` takes it."""
    with writing_to({"language": recipient.language}):
        subject, text = words_of(invitation, recipient)
    calendar = {"name": FILE_NAME, "content_type": "text/calendar", "method": invitation.method,
                "content": calendar_of(invitation, recipient)}  # fmt: skip
    return {"purpose": PURPOSE, "address": recipient.address, "subject": one_line(subject), "text": text,
            "user": recipient.id if recipient.register == "user" else None, "attachments": [calendar]}  # fmt: skip


def words_of(invitation: Invitation, recipient: Recipient) -> tuple[str, str]:
    """(subject, text), in the language of the moment."""
    raw = invitation.raw
    zone = zone_named(raw.get("zone") if raw.get("all_day") or not recipient.zone else recipient.zone)
    moment = when(raw["starts_at"], zone, whole_day=bool(raw.get("all_day"))) if raw.get("starts_at") else ""
    values = {"who": invitation.organizer[0], "name": raw.get("name") or _("(no name)")}
    if invitation.method == CANCEL:
        title, said = _("Cancelled: %(name)s", **values), _("%(who)s cancels: %(name)s", **values)
    elif invitation.again:
        title, said = _("Changed: %(name)s", **values), _("%(who)s has changed: %(name)s", **values)
    else:
        title, said = _("Invitation: %(name)s", **values), _("%(who)s invites you: %(name)s", **values)
    lines = [said, "", _("When: %(when)s", when=f"{moment} ({zone.key})") if moment else "",
             _("Place: %(place)s", place=one_line(raw["place"])) if raw.get("place") else "",
             _("Repeats: %(rule)s", rule=repeats_text(raw, recipient)) if raw.get("repeats") else ""]  # fmt: skip
    about = plain(raw.get("text") or "") if invitation.method == REQUEST else ""
    text = "\n".join([*lines[:2], *filter(None, lines[2:]), *(["", about] if about else []), ""])
    return f"{title}, {moment}" if moment else title, text


def repeats_text(raw: Mapping[str, Any], recipient: Recipient) -> str:
    rule = schema_of(REGISTER).by_column["repeats"]
    return rule.kind.text(raw["repeats"], rule, Context(recipient.language, recipient.zone or raw.get("zone") or "UTC"))


def plain(text: str) -> str:
    return html.unescape(TAGS.sub(" ", text)).strip()


def calendar_of(invitation: Invitation, recipient: Recipient) -> bytes:
    """The entry for its recipient alone: others' addresses are not told."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", invitation.method)
    raw, occurrences = invitation.raw, invitation.occurrences if invitation.method == REQUEST else ()
    changed = {one["occurrence"] for one in occurrences}
    own = event_of(raw, None, changed, (), "") if raw.get("starts_at") else timeless(raw)
    events = [own, *(event_of(one, raw, set(), (), "") for one in occurrences)]
    moment = now()
    for event in events:
        for name, value in (("sequence", invitation.sequence), ("dtstamp", moment)):
            event.pop(name, None)
            event.add(name, value)
        if invitation.method == CANCEL:
            event.pop("status", None)
            event.add("status", "CANCELLED")
        event.add("organizer", calendar_address(*invitation.organizer))
        event.add("attendee", attendee_of(invitation, recipient))
        calendar.add_component(event)
    calendar.add_missing_timezones()
    return calendar.to_ical()


def timeless(raw: Mapping[str, Any]) -> Event:
    """What is left of an entry that has no time any more, enough to cancel it."""
    event = Event()
    event.add("uid", uid_of(raw))
    event.add("summary", raw.get("name") or "")
    return event


def calendar_address(name: str, address: str) -> vCalAddress:
    found = vCalAddress(f"mailto:{address}")
    # A parameter can't hold a quotation mark (RFC 5545, 3.2).
    if said := one_line(name).replace('"', "'"):
        found.params["CN"] = said
    return found


def attendee_of(invitation: Invitation, recipient: Recipient) -> vCalAddress:
    found = calendar_address(recipient.name, recipient.address)
    found.params["ROLE"] = "REQ-PARTICIPANT"
    if invitation.method == REQUEST:
        found.params["PARTSTAT"] = "NEEDS-ACTION"
        found.params["RSVP"] = "TRUE"
    return found
