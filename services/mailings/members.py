"""The members of a mailing's segment, looked at one by one before it is sent: who gets it, who is left out and why."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from bson import ObjectId
from pymongo.errors import ExecutionTimeout

from models.rights import Access
from services.letters import public_url
from services.mailings.checking import MOST_CHECKED
from services.mailings.content import composed
from services.mailings.drafts import get_mailing
from services.mailings.merge_fields import PLACE, UNSUBSCRIBE, read_escaped
from services.mailings.previewing import NO_LINK, preview, shown, values_of
from services.mailings.recipients import (
    DOUBLE,
    Audience,
    Recipient,
    address_key,
    audience_of,
    batches,
    members_or_none,
)
from services.outbox.reading import escaped
from services.search import TooSlow, time_limit

PAGE = 50
#: Around the name of a field that stays empty until it is marked: no text has these.
OPENED, CLOSED = "\ue000", "\ue001"
QUOTED = re.compile(f"{quote(OPENED)}|{quote(CLOSED)}")
TITLE = re.compile(r"<title>.*?</title>", re.DOTALL)
MARK = '<mark style="background-color:#ffe0a3;color:#5c3600">'
MAX_PAGE = MOST_CHECKED // PAGE


@dataclass(frozen=True)
class Members:
    """What becomes of the members of a segment: `count` of them in all, `going` of the first MOST_CHECKED, others
    `left_out` by reason; `rows` are one page of those that were asked for, and `more` follow."""

    register: str = ""
    count: int = 0
    going: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    rows: Sequence[Recipient] = ()
    more: bool = False


def members(access: Access, mailing_id: Any, reason: str = "", page: int = 0) -> Members:
    """The members who get the mailing, or with a `reason` those who are left out for it.

    Raises RecordNotFound, NotAllowed, MailingProblem, ConditionError, TooSlow.
    """
    audience = audience_of(access, get_mailing(access, mailing_id))
    ids = audience.members()
    counted, rows = Counter[str](), []
    for recipient in looked_at(audience, ids[:MOST_CHECKED]):
        if recipient.reason == reason and page * PAGE <= counted[reason] <= (page + 1) * PAGE:
            rows.append(recipient)
        counted[recipient.reason] += 1
    going = counted.pop("", 0)
    return Members(audience.card.key, len(ids), going, counted, rows[:PAGE], len(rows) > PAGE)


def looked_at(audience: Audience, ids: Sequence[ObjectId]) -> Iterator[Recipient]:
    """Each of the members with why it is left out, doubles too."""
    seen = set[str]()
    for batch in batches(ids):
        for recipient in audience.recipients(audience.rows(batch)):
            key = address_key(recipient.address)
            if not recipient.reason and key in seen:
                yield replace(recipient, reason=DOUBLE)
                continue
            if not recipient.reason:
                seen.add(key)
            yield recipient


def marked(access: Access, mailing_id: Any, place: int) -> str:
    """The HTML that `preview` gives, the fields that stay empty in it marked by their names. Raises as it does."""
    raw = get_mailing(access, mailing_id)
    found = members_or_none(access, raw)
    if found is None or not found[1]:
        return preview(access, mailing_id, place).html
    audience, ids = found
    ready, place = composed(raw), max(0, min(place, len(ids) - 1))
    values = values_of(audience, raw, ready, audience.rows(ids[place : place + 1]))[0]
    missing = set(ready.missing(values))

    def named(found: re.Match[str]) -> str:
        place = read_escaped(found.group(1))
        empty = place.name in missing and not place.default
        return f"{{{{{found.group(1)}|{OPENED}{place.name}{CLOSED}}}}}" if empty else found.group(0)

    html = PLACE.sub(named, str(raw.get("html") or ""))
    rendered = composed({**raw, "html": html}).render({**values, UNSUBSCRIBE: public_url(NO_LINK)})
    # In addresses they are quoted, in the title they would be read: both without marks.
    html = QUOTED.sub("", TITLE.sub("", shown(raw, rendered)))
    return html.replace(OPENED, MARK).replace(CLOSED, "</mark>")


def place_of(access: Access, mailing_id: Any, text: str, after: int = -1) -> int | None:
    """The place, as `preview` counts, of the first member behind `after` whose name or address holds the text, else of
    the first of all; None where there is none. Raises as `members` does."""
    audience = audience_of(access, get_mailing(access, mailing_id))
    ids = audience.members()
    part = {"$regex": escaped(text.strip()), "$options": "i"}
    paths = ["name", *(f"custom.{one.key}" if one.custom else one.key for one in audience.addresses)]
    query = {"_id": {"$in": ids}, "$or": [{path: part} for path in paths]}
    try:
        found = {raw["_id"] for raw in audience.card.document._get_collection().find(query, {"_id": 1})
                 .max_time_ms(time_limit())}  # fmt: skip
    except ExecutionTimeout as error:
        raise TooSlow from error
    places = [place for place, key in enumerate(ids) if key in found]
    return next((place for place in places if place > after), places[0] if places else None)
