"""What is looked at before a mailing is sent: what would go wrong, whom it leaves out, what readers would miss."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import ngettext

from models.fields.errors import ConditionError
from models.mail_html import parted
from models.mailings import MAIL, MARKETING
from models.rights import Access, NotAllowed
from services.mail import smtp_is_set
from services.mailings.content import Composed, composed
from services.mailings.drafts import get_mailing
from services.mailings.errors import MailingProblem
from services.mailings.merge_fields import UNSUBSCRIBE, MergeFields, html_template, text_template
from services.mailings.pictures import used_pictures
from services.mailings.recipients import DOUBLE, REASONS, Audience, address_key, audience_of, batches
from services.sms import sms_length

Raw = dict[str, Any]
ERROR, WARNING, INFO = "error", "warning", "info"
#: Gmail shows so many bytes of HTML and hides the rest, the link to unsubscribe with it.
CLIPPED = 100 * 1024
#: Servers refuse larger messages; pictures grow by a third on their way.
LARGEST = 5 << 20
#: More recipients are not looked at one by one before they are sent to.
MOST_CHECKED = 20_000
MOST_NAMED = 10
CID = re.compile(r"cid:([\w.@-]+)")
HREF = re.compile(r'\shref="([^"]*)"')
REMOTE = re.compile(r'\ssrc="https://[^"]*"|url\(&quot;https://|url\("?https://', re.IGNORECASE)
IMAGE = re.compile(r"<img\b[^<>]*>")
#: Braces that are no merge field: one brace, or elements between them.
STRAY = re.compile(r"\{\{|\}\}")


@dataclass(frozen=True)
class Check:
    """One thing that was noticed: an "error" keeps the mailing from being sent, a "warning" asks for a look, "info"
    tells. `code` names it, `count` is how many recipients or places it is about (0 for none), `url` where to mend it.
    """

    level: str
    code: str
    message: str
    count: int = 0
    url: str = ""


@dataclass
class Tally:
    """What becomes of the members of a segment."""

    members: int = 0
    going: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    longest: str = ""


def checks(access: Access, mailing_id: Any) -> list[Check]:
    """Everything that was noticed, errors first. Raises RecordNotFound, NotAllowed (for the mailing), TooSlow."""
    raw = get_mailing(access, mailing_id)
    found = [*content_checks(raw), *server_checks(raw), *recipient_checks(access, raw)]
    return sorted(found, key=lambda check: (ERROR, WARNING, INFO).index(check.level))


# What it says


def content_checks(raw: Raw) -> Iterator[Check]:
    ready = composed(raw)
    if raw.get("channel") != MAIL:
        if not raw.get("text"):
            yield Check(ERROR, "no_content", _("The message has no text yet."))
        return
    if not raw.get("subject"):
        yield Check(ERROR, "no_subject", _("The subject is missing."))
    if not (raw.get("html") or raw.get("text")):
        yield Check(ERROR, "no_content", _("The mailing has no content yet."))
        return
    if raw.get("purpose") == MARKETING and not ready.had_link:
        yield Check(INFO, "no_unsubscribe_link", _("A link to unsubscribe is added at the end."))
    yield from stray_checks(raw, ready)
    yield from size_checks(raw, ready)
    yield from link_checks(str(raw.get("html") or ""))
    yield from picture_checks(raw)


def stray_checks(raw: Raw, ready: Composed) -> Iterator[Check]:
    # Style sheets end with braces of their own.
    body = html_template(parted(str(raw.get("html") or ""))[1], "").render({})
    written = (ready.subject.render({}), body, text_template(str(raw.get("text") or "")).render({}))
    count = sum(len(STRAY.findall(text)) for text in written)
    if count:
        yield Check(WARNING, "stray_braces", _("There are braces that are no merge field. Type the field anew, without "
                                               "formatting a part of it."), count)  # fmt: skip


def size_checks(raw: Raw, ready: Composed) -> Iterator[Check]:
    html = len(ready.render({}).html.encode())
    pictures = sum(file["size"] for file in used_pictures(raw))
    if html > CLIPPED:
        yield Check(WARNING, "long_html", _("The HTML takes %(size)s kB: Gmail cuts what is longer than 102 kB, and "
                                            "the end is not seen.", size=html // 1024))  # fmt: skip
    if html + pictures * 4 // 3 > LARGEST:
        yield Check(ERROR, "too_large", _("Each message takes %(size)s MB, which mail servers refuse. Use fewer or "
                                          "smaller pictures: at most %(max)s MB.", max=LARGEST >> 20,
                                          size=f"{(html + pictures * 4 // 3) / (1 << 20):.1f}"))  # fmt: skip


def link_checks(html: str) -> Iterator[Check]:
    addresses = [unescape(found) for found in HREF.findall(html)]
    bad = [one for one in addresses if not re.match(r"(?:https?://[^/\s]|mailto:.|tel:.|\{\{)", one, re.IGNORECASE)]
    without = len(re.findall(r"<a(?![^<>]*\shref=)(?=[\s>])", html))
    if bad or without:
        yield Check(WARNING, "bad_links", ngettext("%(num)s link leads nowhere: its address must begin with https://.",
                                                   "%(num)s links lead nowhere: their addresses must begin with "
                                                   "https://.", len(bad) + without), len(bad) + without)  # fmt: skip


def picture_checks(raw: Raw) -> Iterator[Check]:
    html = str(raw.get("html") or "")
    gone = set(CID.findall(html)) - {str(file["_id"]) for file in used_pictures(raw)}
    if gone:
        yield Check(ERROR, "missing_pictures", ngettext("%(num)s picture is not there any more. Add it anew.",
                                                        "%(num)s pictures are not there any more. Add them anew.",
                                                        len(gone)), len(gone))  # fmt: skip
    if remote := len(REMOTE.findall(html)):
        yield Check(WARNING, "remote_pictures", ngettext(
            "%(num)s picture is fetched from the web: mail programs hide such until asked. Upload it instead.",
            "%(num)s pictures are fetched from the web: mail programs hide such until asked. Upload them instead.",
            remote), remote)  # fmt: skip
    silent = sum(not re.search(r'\salt="[^"]', one) for one in IMAGE.findall(html))
    if silent:
        yield Check(INFO, "no_alternative", ngettext(
            "%(num)s picture has no text for those who do not see it.",
            "%(num)s pictures have no text for those who do not see them.", silent), silent)  # fmt: skip


def server_checks(raw: Raw) -> Iterator[Check]:
    if raw.get("channel") == MAIL and not smtp_is_set():
        yield Check(ERROR, "no_server", _("No server is set to send e-mail by. Ask an administrator to set one."))
    if raw.get("channel") != MAIL and not current_app.config.get("SMS_URL"):
        yield Check(ERROR, "no_server", _("No service is set to send SMS by. Ask an administrator to set one."))


# Whom it goes to


def recipient_checks(access: Access, raw: Raw) -> Iterator[Check]:
    try:
        audience = audience_of(access, raw)
        tally = tally_of(audience, raw)
    except (MailingProblem, NotAllowed, ConditionError) as error:
        yield Check(ERROR, "no_segment", str(error.message))
        return
    fields = MergeFields.of(audience.access, audience.card.key, str(raw.get("language") or "fi"))
    yield from field_checks(composed(raw), fields, tally)
    yield from left_out_checks(tally)
    if not tally.going:
        yield Check(ERROR, "no_recipients", _("Nobody would get this: the segment is empty, or all are left out."))
        return
    yield Check(INFO, "recipients", ngettext("%(num)s message goes out.", "%(num)s messages go out.", tally.going),
                tally.going)  # fmt: skip
    if tally.members > MOST_CHECKED:
        yield Check(INFO, "checked_in_part", _("The first %(max)s members were looked at.", max=f"{MOST_CHECKED:,}"),
                    tally.members)  # fmt: skip
    if raw.get("channel") != MAIL and tally.longest:
        yield sms_check(tally.longest)


def sms_check(text: str) -> Check:
    length = sms_length(text)
    message = ngettext("The longest message takes %(num)s part (%(characters)s characters).",
                       "The longest message takes %(num)s parts (%(characters)s characters), each of them paid for.",
                       length.parts, characters=length.characters)  # fmt: skip
    return Check(INFO if length.parts < 2 else WARNING, "sms_length", message, length.parts)


def field_checks(ready: Composed, fields: MergeFields, tally: Tally) -> Iterator[Check]:
    for name in ready.names:
        if fields.find(name) is None:
            near = fields.nearest(name)
            said = (_("Nothing fills “%(name)s”. Did you mean “%(near)s”?", name=name, near=near) if near
                    else _("Nothing fills “%(name)s”.", name=name))  # fmt: skip
            yield Check(ERROR, "unknown_field", said)
        elif count := tally.missing[name]:
            yield Check(WARNING, "missing_values", ngettext(
                "“%(name)s” is empty for %(num)s recipient. Give what to say instead: {{%(name)s|…}}.",
                "“%(name)s” is empty for %(num)s recipients. Give what to say instead: {{%(name)s|…}}.",
                count, name=name), count)  # fmt: skip


def left_out_checks(tally: Tally) -> Iterator[Check]:
    for reason, count in tally.left_out.most_common():
        yield Check(INFO, f"left_out_{reason}", ngettext("%(num)s is left out: %(reason)s.",
                                                         "%(num)s are left out: %(reason)s.", count,
                                                         reason=str(REASONS.get(reason, reason))), count)  # fmt: skip


def tally_of(audience: Audience, raw: Raw) -> Tally:
    """What becomes of the members, of the first MOST_CHECKED one by one. Raises ConditionError, TooSlow."""
    ready, tally, seen = composed(raw), Tally(), set[str]()
    fields = MergeFields.of(audience.access, audience.card.key, str(raw.get("language") or "fi"))
    ids = audience.members()
    tally.members = len(ids)
    for batch in batches(ids[:MOST_CHECKED]):
        going = []
        for recipient in audience.recipients(audience.rows(batch)):
            key = address_key(recipient.address)
            reason = recipient.reason or (DOUBLE if key in seen else "")
            if reason:
                tally.left_out[reason] += 1
            else:
                seen.add(key)
                going.append(recipient.raw)
        tally.going += len(going)
        for values in fields.values(ready.names, going):
            tally.missing.update(ready.missing(values))
            if raw.get("channel") != MAIL:
                text = ready.text.render({**values, UNSUBSCRIBE: "https://" + "x" * 100})
                tally.longest = max(tally.longest, text, key=len)
    return tally
