"""Unsubscribing by the link of a message (RFC 8058): without signing in, and still when the record is long gone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from flask import current_app
from flask_babel import gettext as _
from itsdangerous import BadData, URLSafeSerializer
from pymongo.client_session import ClientSession

from models.changes import Source
from models.consent import ADDRESS_FIELDS, CONSENT_FIELDS, MAIL, Reason, Suppressed, normalised
from models.fields.kinds.consent import LONGEST_SOURCE, REFUSED
from models.fields.schema import schema_of
from models.registers import REGISTERS
from models.rights import system_access
from models.transactions import in_transaction
from services.letters import public_url
from services.records import Origin, finished, now, replace_record

Raw = Mapping[str, Any]
PATH = "/unsubscribe"
SALT = "unsubscribe"
#: One made by us is far shorter, and a long one would only take time to refuse.
LONGEST_TOKEN = 1_000


class BadLink(ValueError):
    """A link that was not made here, or not copied whole."""


@dataclass(frozen=True)
class Subscription:
    """What a link ends: marketing by `channel` to `address`, which stands in the record that it went to."""

    channel: str
    address: str
    register: str = ""
    record: ObjectId | None = None
    mailing: ObjectId | None = None
    language: str = ""


def unsubscribe_url(message: Raw) -> str:
    """The public page that ends marketing to whom a message (raw) goes to; the link works for as long as the program
    keeps its secret key."""
    return public_url(f"{PATH}/{token_of(message)}")


def unsubscribe_headers(message: Raw) -> dict[str, str]:
    """The headers by which mail programs unsubscribe with one click, which they only do by https (RFC 8058)."""
    url = unsubscribe_url(message)
    one_click = {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"} if url.startswith("https://") else {}
    return {"List-Unsubscribe": f"<{url}>", **one_click}


def token_of(message: Raw) -> str:
    ids = [str(message.get(name) or "") for name in ("record", "mailing")]
    channel = message.get("channel", MAIL)
    parts = [channel, normalised(channel, message["address"]), message.get("register") or "", *ids,
             message.get("language") or ""]  # fmt: skip
    token = serializer().dumps(parts)
    return token if isinstance(token, str) else token.decode()


def serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=SALT)


def read_link(token: str) -> Subscription:
    """What a link's token stands for. Raises BadLink."""
    if len(token) > LONGEST_TOKEN:
        raise BadLink(token[:20])
    try:
        channel, address, register, record, mailing, language = serializer().loads(token)
    except (BadData, ValueError, TypeError) as error:
        raise BadLink(token[:20]) from error
    return Subscription(channel, address, register, ObjectId(record) if record else None,
                        ObjectId(mailing) if mailing else None, language)  # fmt: skip


def unsubscribe(link: Subscription) -> None:
    """Send no more marketing there: the address is suppressed and the record says so. Done again, nothing changes."""
    source = source_of(link)
    in_transaction(lambda session: write_refusal(session, link, source))


def source_of(link: Subscription) -> str:
    """Where it was said: the mailing by its name, where there is one still."""
    raw = REGISTERS["mailing"].document._get_collection().find_one({"_id": link.mailing}) if link.mailing else None
    return str((raw or {}).get("name") or _("Unsubscribe link"))[:LONGEST_SOURCE]


def write_refusal(session: ClientSession, link: Subscription, source: str) -> None:
    record, column = subscriber(link, session), CONSENT_FIELDS[link.channel]
    before = record.get(column) if record else None
    if link.channel in ADDRESS_FIELDS:
        suppress(session, link.channel, link.address, Reason.UNSUBSCRIBED, {
            "register": link.register, "record": link.record, "mailing": link.mailing, "before": before})  # fmt: skip
    if record is not None and (before or {}).get("state") != REFUSED:
        write_consent(session, link, record, {"state": REFUSED, "source": source, "on": today()})


def today() -> Any:
    return now().replace(hour=0, minute=0, second=0, microsecond=0)


def subscribe_again(link: Subscription) -> bool:
    """Take back what `unsubscribe` did by the same link; False where nothing of it is left to take back."""
    return in_transaction(lambda session: write_return(session, link))


def write_return(session: ClientSession, link: Subscription) -> bool:
    mine = {"channel": link.channel, "address": link.address, "reason": Reason.UNSUBSCRIBED.value,
            "record": link.record, "mailing": link.mailing}  # fmt: skip
    held = Suppressed._get_collection().find_one_and_delete(mine, session=session)
    record = subscriber(link, session) if held else None
    value = record.get(CONSENT_FIELDS[link.channel]) if record else None
    # Refused before this link was used, it was not the link that said so.
    if held and record and (value or {}).get("state") == REFUSED and value != held.get("before"):
        write_consent(session, link, record, held.get("before"))
    return held is not None


def subscriber(link: Subscription, session: ClientSession) -> dict[str, Any] | None:
    """The record that the message went to; None where it is gone, or has no consent to speak of."""
    known = link.register in REGISTERS and CONSENT_FIELDS[link.channel] in schema_of(link.register).by_column
    return record_of(link.register, link.record, session) if known and link.record else None


def record_of(register: str, record: ObjectId, session: ClientSession | None = None) -> dict[str, Any] | None:
    """The raw record, or the one that it was merged into."""
    collection = REGISTERS[register].document._get_collection()
    found: dict[str, Any] | None = (collection.find_one({"_id": record}, session=session)
                                    or collection.find_one({"merged_from": record}, session=session))  # fmt: skip
    return found


def write_consent(session: ClientSession, link: Subscription, before: dict[str, Any], value: Any) -> None:
    """The record with this consent, whatever else it lacks by now; nobody signed in wrote it."""
    schema = schema_of(link.register)
    after = finished(schema, before, {CONSENT_FIELDS[link.channel]: value})
    after.update(version=before["version"] + 1, changed_at=now())
    replace_record(session, system_access(), schema, before, after, Origin(Source.RECIPIENT))


def suppress(session: ClientSession, channel: str, address: str, reason: Reason, values: Raw | None = None) -> None:
    """Send no more marketing to an address, in the caller's transaction; one that gets none already stays as it is."""
    document = {"reason": reason.value, "note": "", "at": now(), **(values or {})}
    Suppressed._get_collection().update_one(
        {"channel": channel, "address": address}, {"$setOnInsert": document}, upsert=True, session=session)  # fmt: skip
