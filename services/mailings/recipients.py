"""Whom a mailing goes to: the members of its segment, each address once, and who is left out for what reason."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import phonenumbers
from bson import ObjectId
from flask_babel import lazy_gettext as _l
from phonenumbers import PhoneNumberType
from pymongo.errors import ExecutionTimeout

from models.base import stored_value
from models.fields.errors import ConditionError
from models.fields.field import Field
from models.fields.kinds.texts import Email, Phone, plain_number
from models.fields.schema import Schema, schema_of
from models.mailings import MAIL, MARKETING
from models.registers import Register, register_of
from models.rights import Access, NotAllowed
from services import consent, segments
from services.mail import is_address
from services.mailings.errors import MailingProblem
from services.planning import predicates_of
from services.reading import Reader
from services.records import RecordNotFound
from services.search import Selection, TooSlow, selection_query

Raw = dict[str, Any]
#: So many recipients are looked at, and their messages written, at once.
BATCH = 500
#: More members than that are no mailing's.
MOST_MEMBERS = 1_000_000
NO_ADDRESS, DOUBLE = "no_address", "double"
#: Why somebody gets no message; other reasons are those of services.consent.
REASONS: Mapping[str, Any] = {
    NO_ADDRESS: _l("No address"),
    DOUBLE: _l("The address is there already"),
    "refused": _l("Refused marketing"),
    "no_consent": _l("Has not consented"),
    "suppressed": _l("The address gets no marketing"),
    "deleted": _l("The record was deleted"),
}
#: Numbers that take SMS; of some countries nobody can tell.
MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.PERSONAL_NUMBER,
          PhoneNumberType.UNKNOWN)  # fmt: skip


@dataclass(frozen=True)
class Recipient:
    """A member of the segment; with a `reason` there is no message for it."""

    raw: Raw
    address: str
    reason: str = ""

    @property
    def name(self) -> str:
        return str(self.raw.get("name") or "")


@dataclass(frozen=True)
class Audience:
    """The members of a mailing's segment for whom one user may make messages."""

    access: Access
    card: Register
    selection: Selection
    channel: str
    marketing: bool
    addresses: tuple[Field, ...]

    def members(self) -> list[ObjectId]:
        """The ids of all members, in an order that is the same at every try. Raises ConditionError, TooSlow."""
        query = selection_query(self.access, self.card.key, self.selection, "send")
        reader = Reader(self.card.document._get_collection(), tuple(predicates_of(query)))
        try:
            return sorted(reader.different("_id", MOST_MEMBERS))
        except ExecutionTimeout as error:
            raise TooSlow from error

    def rows(self, ids: Sequence[ObjectId]) -> list[Raw]:
        """The records of these members, in this order; those that are gone by now are left out."""
        found = {raw["_id"]: raw for raw in self.card.document._get_collection().find({"_id": {"$in": list(ids)}})}
        return [found[key] for key in ids if key in found]

    def recipients(self, rows: Sequence[Raw]) -> list[Recipient]:
        """Each of the rows with its address and why it is left out, if it is; doubles are not looked for."""
        addresses = [self.address(raw) for raw in rows]
        refusals = self.refusals(rows, addresses) if self.marketing else [""] * len(rows)
        return [Recipient(raw, address, refusal if address else NO_ADDRESS)
                for raw, address, refusal in zip(rows, addresses, refusals, strict=True)]  # fmt: skip

    def refusals(self, rows: Sequence[Raw], addresses: Sequence[str]) -> list[str]:
        """Why marketing may not go to each of the rows at its address."""
        column = consent.ADDRESS_FIELDS[self.channel]
        asked = [{**raw, column: address} for raw, address in zip(rows, addresses, strict=True)]
        return consent.reasons(self.access, self.channel, asked, self.card.key)

    def address(self, raw: Raw) -> str:
        """The address that a record's message goes to; "" where it has none."""
        for found in self.addresses:
            value = str(stored_value(found, raw) or "").strip()
            if value and (is_address(value) if self.channel == MAIL else takes_sms(value)):
                return value
        return ""


def audience_of(access: Access, mailing: Raw) -> Audience:
    """Whom the mailing (raw) goes to. Raises MailingProblem, NotAllowed, ConditionError."""
    if not mailing.get("segment"):
        raise MailingProblem(_l("Choose a segment: whom the mailing goes to."))
    try:
        register, selection = segments.members_selection(access, mailing["segment"])
    except RecordNotFound as error:
        raise MailingProblem(_l("The mailing's segment is not there any more, or you may not see it. "
                                "Choose another.")) from error  # fmt: skip
    card = check_may_send(access, register)
    schema = schema_of(register).for_access(access)
    channel = str(mailing.get("channel") or MAIL)
    return Audience(access, card, selection, channel, mailing.get("purpose") == MARKETING,
                    address_fields(schema, channel))  # fmt: skip


def check_may_send(access: Access, register: str) -> Register:
    """The card of a register to whose records the user may send. Raises UnknownRegister, NotAllowed."""
    card = register_of(register)
    if not (card.mergeable and access.may(register, "send")):
        raise NotAllowed(_l("You may not send messages to these records. Ask an administrator for the right."))
    return card


def address_fields(schema: Schema, channel: str) -> tuple[Field, ...]:
    """Where the addresses stand: the first field of e-mail, or all phone fields but fax numbers', in their order."""
    if channel == MAIL:
        return tuple(found for found in schema.fields if isinstance(found.kind, Email))[:1]
    return tuple(found for found in schema.fields if isinstance(found.kind, Phone) and "fax" not in found.key)


def takes_sms(value: str) -> bool:
    """Whether a kept phone number is one of a mobile phone."""
    number = plain_number(value)
    return number is not None and phonenumbers.number_type(number) in MOBILE


def address_key(address: str) -> str:
    """What two equal addresses have in common."""
    return address.strip().lower()


def batches(ids: Sequence[ObjectId]) -> Iterator[Sequence[ObjectId]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


def members_or_none(access: Access, mailing: Raw) -> tuple[Audience, list[ObjectId]] | None:
    """(audience, its members); None for a mailing that goes to nobody yet, or to whom the user may not write. Raises
    TooSlow."""
    try:
        audience = audience_of(access, mailing)
        return audience, audience.members()
    except (MailingProblem, NotAllowed, ConditionError):
        return None
