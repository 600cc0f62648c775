"""A mailing as its recipients will see it: for the screen, and as a test message to oneself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.fields.context import Context
from models.fields.errors import FieldError
from models.fields.field import Field
from models.fields.kinds import KINDS
from models.mailings import MAIL
from models.rights import Access
from models.transactions import in_transaction
from services.letters import public_url
from services.mail import is_address
from services.mailings.content import Composed, Rendered, composed
from services.mailings.drafts import REGISTER, get_mailing, mailing_to_send
from services.mailings.errors import MailingProblem
from services.mailings.merge_fields import UNSUBSCRIBE, MergeFields, header_text
from services.mailings.pictures import files_of, picture_url
from services.mailings.recipients import Audience, members_or_none
from services.outbox import queue_messages

Raw = dict[str, Any]
MOST_TESTS = 5
TEST = "mailing_test"
#: Leads to a page that says the link is none; nobody is unsubscribed by a look at a mailing.
NO_LINK = "/unsubscribe/test"


@dataclass(frozen=True)
class Preview:
    """The message of the recipient at a place among `count` (from 0): none of them, with a `count` of 0, where the
    mailing goes to nobody yet; its places then show their names.

    `html` shows pictures from the program's own addresses; `missing` are the names of places that stay empty;
    `reason` is why this member gets no message (services.mailings.recipients.REASONS), "" where it does.
    """

    name: str
    address: str
    subject: str
    html: str
    text: str
    missing: list[str]
    count: int
    place: int = 0
    reason: str = ""


def preview(access: Access, mailing_id: Any, place: int = 0) -> Preview:
    """The mailing as the recipient at a place sees it, as far as the user sees it; a place past the end is the last.
    Raises RecordNotFound, TooSlow."""
    raw = access.without_hidden(REGISTER, get_mailing(access, mailing_id))
    ready = composed(raw)
    found = members_or_none(access, raw)
    if found is None or not found[1]:
        rendered = ready.render({**unfilled(ready), UNSUBSCRIBE: public_url(NO_LINK)})
        return Preview("", "", rendered.subject, shown(raw, rendered), rendered.text, [], 0)
    audience, ids = found
    place = max(0, min(place, len(ids) - 1))
    rows = audience.rows(ids[place : place + 1])
    recipient = audience.recipients(rows)[0]
    values = values_of(audience, raw, ready, rows)[0]
    rendered = ready.render({**values, UNSUBSCRIBE: public_url(NO_LINK)})
    return Preview(recipient.name, recipient.address, rendered.subject, shown(raw, rendered), rendered.text,
                   ready.missing(values), len(ids), place, recipient.reason)  # fmt: skip


def unfilled(ready: Composed) -> dict[str, str]:
    """What stands at places for nobody: their names."""
    return {name: f"[{name}]" for name in ready.names}


def values_of(audience: Audience, raw: Raw, ready: Composed, rows: Sequence[Raw]) -> list[dict[str, str]]:
    """{name: text} for each of the rows."""
    fields = MergeFields.of(audience.access, audience.card.key, str(raw.get("language") or "fi"))
    return fields.values(ready.names, rows)


def shown(raw: Raw, rendered: Rendered) -> str:
    """The HTML with its pictures' addresses here, for a browser."""
    html = rendered.html
    for file in files_of(raw):
        html = html.replace(f"cid:{file['_id']}", picture_url(raw["_id"], file["_id"]))
    return html


# A test message


def send_test(access: Access, mailing_id: Any, addresses: Sequence[str], place: int = 0) -> int:
    """Send the message of the recipient at a place to addresses of one's choice, whatever these have said of
    marketing; answers how many are on their way. What stands in it is what the mailing says when it goes out.

    Raises RecordNotFound, NotAllowed, MailingProblem, TooSlow.
    """
    raw = mailing_to_send(access, mailing_id)
    channel = str(raw.get("channel") or MAIL)
    checked = list(dict.fromkeys(test_address(channel, text) for text in addresses if text.strip()))
    if not checked or len(checked) > MOST_TESTS:
        raise MailingProblem(_l("Give from one to %(max)s addresses for the test.", max=MOST_TESTS))
    check_written(raw, channel)
    values = test_values(access, raw, place)
    subject = test_subject(raw, composed(raw).render(values).subject)
    said = {"mailing": str(raw["_id"]), "texts": listed(values)}
    messages = [
        {"purpose": TEST, "channel": channel, "address": address, "subject": subject, "text": "",
         "user": access.user_id, "language": raw.get("language") or "fi", "values": said}
        for address in checked
    ]  # fmt: skip
    in_transaction(lambda session: queue_messages(session, messages))
    return len(messages)


def check_written(raw: Raw, channel: str) -> None:
    """Raise MailingProblem for a mailing that says nothing."""
    if channel == MAIL and not (raw.get("html") or raw.get("text")):
        raise MailingProblem(_l("The mailing has no content yet. Write it first."))
    if channel != MAIL and not raw.get("text"):
        raise MailingProblem(_l("The message has no text yet. Write it first."))


def test_values(access: Access, raw: Raw, place: int) -> dict[str, str]:
    """The values of the recipient at a place; the names of the places where there is nobody."""
    ready, found = composed(raw), members_or_none(access, raw)
    if found is None or not found[1]:
        return unfilled(ready)
    audience, ids = found
    place = max(0, min(place, len(ids) - 1))
    return values_of(audience, raw, ready, audience.rows(ids[place : place + 1]))[0]


def listed(values: Mapping[str, str]) -> list[list[str]]:
    """Values as a document keeps them: a name may hold signs that a key of a document may not."""
    return [[name, text] for name, text in values.items()]


def test_subject(raw: Raw, subject: str) -> str:
    language = str(raw.get("language") or "fi")
    with force_locale("en_GB" if language == "en" else language):
        return header_text(_("Test: %(subject)s", subject=subject))


def test_address(channel: str, text: str) -> str:
    """Raises MailingProblem for what is no address."""
    text = text.strip()
    if channel == MAIL:
        if not is_address(text):
            raise MailingProblem(_l("“%(value)s” is not an e-mail address. It should look like name@company.fi.",
                                    value=text[:80]))  # fmt: skip
        return text
    phone = Field("phone", KINDS["phone"], "")
    try:
        return str(phone.kind.parse(text, phone, replace(Context(), keep_odd=False)))
    except FieldError as error:
        raise MailingProblem(error.message) from error
