"""What tells colleagues of proposals and of answers: notices on the page, and e-mail in their language."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bson import ObjectId
from flask_babel import get_timezone
from flask_babel import gettext as _
from pymongo.client_session import ClientSession

from models.activities import ACCEPTED
from models.rights import Access
from models.security import User
from services.labels import names_of
from services.letters import Line, letter, public_url, when, writing_to, zone_named
from services.notices import notify, writes_notice
from services.outbox import queue_messages

Raw = dict[str, Any]
Params = Mapping[str, Any]
PROPOSAL, ANSWER = "proposal", "proposal_answer"


def moment_of(params: Params, zone: str) -> str:
    starts: dt.datetime | None = params.get("starts")
    whole = bool(params.get("all_day"))
    return when(starts, zone_named(params.get("zone") if whole else zone), whole_day=whole) if starts else ""


def proposed(params: Params, zone: str) -> str:
    """ "Aino Lehtonen proposes: Meeting, Tue 3 March 2026, 09:00"."""
    return _("%(who)s proposes: %(name)s, %(when)s", who=params["who"], name=params["name"],
             when=moment_of(params, zone))  # fmt: skip


def answered(params: Params, zone: str) -> str:
    """ "Ville Laine declines: Meeting, Tue 3 March 2026, 09:00. Another day?"."""
    values = {"who": params["who"], "name": params["name"], "when": moment_of(params, zone)}
    if params.get("answer") == ACCEPTED:
        said = _("%(who)s accepts: %(name)s, %(when)s", **values)
    else:
        said = _("%(who)s declines: %(name)s, %(when)s", **values)
    return f"{said}. {params['message']}" if params.get("message") else said


#: Kind of message -> what makes its line of the facts, for a reader in a time zone.
KINDS: Mapping[str, Callable[[Params, str], str]] = {PROPOSAL: proposed, ANSWER: answered}


@writes_notice(PROPOSAL)
def proposal_notice(params: Params) -> str:
    return proposed(params, str(get_timezone() or "UTC"))


@writes_notice(ANSWER)
def answer_notice(params: Params) -> str:
    return answered(params, str(get_timezone() or "UTC"))


def tell(
    session: ClientSession, users: Iterable[ObjectId], kind: str, access: Access, activity: Params, **more: Any
) -> None:
    """Tell users of a proposal or an answer, by notice and by e-mail, within the caller's transaction."""
    wanted = [user for user in users if user != access.user_id]
    if not wanted:
        return
    who = names_of(access, "user", [access.user_id]).get(access.user_id, "") if access.user_id else "Kortisto"
    params = {"who": who, "name": activity.get("name") or "", "starts": activity.get("starts_at"),
              "all_day": bool(activity.get("all_day")), "zone": activity.get("zone") or "UTC", **more}  # fmt: skip
    url = f"/activities/show/{activity['_id']}"
    notify(session, [{"user": user, "kind": kind, "params": params, "url": url} for user in wanted])
    readers = User._get_collection().find({"_id": {"$in": wanted}, "active": True}, session=session)
    queue_messages(session, [mail_of(kind, params, url, raw) for raw in readers if raw.get("email")])


def mail_of(kind: str, params: Params, url: str, reader: Params) -> Raw:
    """The e-mail to one reader, as `services.outbox.queue_messages` takes it."""
    with writing_to(reader):
        said = KINDS[kind](params, reader.get("time_zone") or "UTC")
        text, html = letter(said, [Line(_("Open the calendar"), public_url("/calendar/")),
                                   Line(_("Open the entry"), public_url(url))],
                            _("You get this because it concerns your calendar."))  # fmt: skip
    return {"purpose": kind, "address": reader["email"], "subject": said, "text": text, "html": html,
            "user": reader["_id"]}  # fmt: skip
