"""Who may be sent marketing: what customers have said, addresses that get none, and the organisation's rules (V19)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.changes import Source, change_of
from models.consent import (
    ADDRESS_FIELDS,
    CHANNELS,
    CONSENT_FIELDS,
    MAIL,
    RULES,
    UNLESS_REFUSED,
    WITH_CONSENT,
    MarketingRules,
    Suppressed,
    marketing_rules,
    normalised,
)
from models.fields.definitions import bump_version, forget_version
from models.fields.errors import ValidationFailed
from models.fields.kinds.consent import GRANTED, REFUSED
from models.fields.schema import schema_of
from models.registers import REGISTERS
from models.rights import Access
from models.transactions import in_transaction
from services.audit import note_change
from services.erased_addresses import hidden_address
from services.mail import is_address
from services.records import VersionConflict, now
from services.settings import require_settings
from services.unsubscribing import record_of, unsubscribe_headers, unsubscribe_url
from services.values import context_of
from services.versioned import put_version

__all__ = ["allowed_channels", "reasons", "refusal", "save_rules", "unsubscribe_headers", "unsubscribe_url"]

Raw = Mapping[str, Any]
#: Why marketing does not go to a record, for people.
REASONS: Mapping[str, Any] = {
    "refused": _l("Refused"),
    "no_address": _l("No address"),
    "suppressed": _l("The address gets no marketing"),
    "no_consent": _l("Consent was not granted"),
    "deleted": _l("The record was deleted"),
}
RULE_LABELS: Mapping[str, Any] = {
    WITH_CONSENT: _l("Only with consent"),
    UNLESS_REFUSED: _l("Unless refused"),
}


@dataclass(frozen=True)
class ChannelState:
    """Whether marketing may go to a record by a channel: `reason` is "" where it may, `why` says more to people."""

    channel: str
    label: Any
    reason: str
    why: str


def reasons(access: Access | None, channel: str, rows: Sequence[Raw], register: str) -> list[str]:
    """For each raw record why marketing may not go to it by the channel, a key of REASONS; "" where it may.

    What a customer said holds also for a user who does not see the field. One query for all addresses.
    """
    addresses = [address_of(channel, raw) for raw in rows]
    suppressed = suppressed_among([(channel, address) for address in addresses if address])
    rule = rule_of(register, channel)
    return [reason(channel, raw, rule, address, suppressed) for raw, address in zip(rows, addresses, strict=True)]


def reason(channel: str, raw: Raw, rule: str, address: str, suppressed: set[tuple[str, str]]) -> str:
    state = consent_state(raw, channel)
    if state == REFUSED:
        return "refused"
    if channel in ADDRESS_FIELDS and not address:
        return "no_address"
    if (channel, address) in suppressed:
        return "suppressed"
    return "no_consent" if state != GRANTED and rule == WITH_CONSENT else ""


def refusal(message: Raw) -> str:
    """Why a message (raw) may not go now, a key of REASONS; "" where it may. Only marketing is ever held back."""
    if not message.get("marketing"):
        return ""
    channel, register = message.get("channel", MAIL), message.get("register") or ""
    if suppressed_among([(channel, normalised(channel, message["address"]))]):
        return "suppressed"
    if register not in REGISTERS or not message.get("record"):
        return ""
    raw = record_of(register, message["record"])
    if raw is None:
        return "deleted"
    # Its address now may be another one: the message goes to the one that stands in it.
    return reason(channel, raw, rule_of(register, channel), message["address"], set())


def consent_state(raw: Raw, channel: str) -> str:
    """ "granted", "refused" or "" for a record that says nothing of the channel."""
    value = raw.get(CONSENT_FIELDS[channel])
    return str(value.get("state", "")) if isinstance(value, Mapping) else ""


def rule_of(register: str, channel: str) -> str:
    """The rule for the records of a register; those that are no customers say nothing, and are asked."""
    return marketing_rules().get(register, {}).get(channel, WITH_CONSENT if channel in ADDRESS_FIELDS
                                                   else UNLESS_REFUSED)  # fmt: skip


def address_of(channel: str, raw: Raw) -> str:
    """The record's address in the channel as suppressed ones are kept; "" for none that a message could go to."""
    field = ADDRESS_FIELDS.get(channel)
    address = normalised(channel, raw.get(field) or "") if field else ""
    if channel == MAIL:
        return address if is_address(address) else ""
    return address if address.startswith("+") else ""


def suppressed_among(pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of the (channel, address) pairs that get no marketing, as they are or as those of people who were erased;
    asks nothing for none."""
    by_channel: dict[str, dict[str, str]] = {}
    for channel, address in pairs:
        by_channel.setdefault(channel, {}).update({address: address, hidden_address(address): address})
    if not by_channel:
        return set()
    either = [{"channel": channel, "address": {"$in": sorted(found)}} for channel, found in by_channel.items()]
    found = Suppressed._get_collection().find({"$or": either}, {"channel": 1, "address": 1, "_id": 0})
    return {(raw["channel"], by_channel[raw["channel"]][raw["address"]]) for raw in found}


def allowed_channels(access: Access, register: str, raw: Raw) -> list[ChannelState]:
    """By each channel whether marketing may go to a record, for a user who sees its consent there; one query, and
    none for a record without addresses."""
    schema, context = schema_of(register).for_access(access), context_of(access)
    seen = [channel for channel, column in CONSENT_FIELDS.items() if schema.get(column) is not None]
    addresses = {channel: address_of(channel, raw) for channel in seen}
    suppressed = suppressed_among([(channel, address) for channel, address in addresses.items() if address])
    found = []
    for channel in seen:
        rule, field = rule_of(register, channel), schema.by_column[CONSENT_FIELDS[channel]]
        why = reason(channel, raw, rule, addresses[channel], suppressed)
        said = field.kind.text(raw.get(field.key), field, context)
        by_rule = why == "no_consent" or (not why and not said)
        text = said if why == "refused" or (not why and said) else str(RULE_LABELS[rule] if by_rule else REASONS[why])
        found.append(ChannelState(channel, CHANNELS[channel], why, text))
    return found


# The organisation's rules

#: Their change entries need an id, and there is one document.
RULES_ID = ObjectId("000000000000000000000001")


def rules_for_settings(access: Access) -> tuple[dict[str, dict[str, str]], int]:
    """({register: {channel: rule}}, the version of them). Raises NotAllowed."""
    require_settings(access)
    saved = MarketingRules._get_collection().find_one({"_id": RULES_ID})
    return marketing_rules(), saved["version"] if saved else 0


def save_rules(
    access: Access, sent: Mapping[str, Mapping[str, str]], version: int | None = None, *,
    source: Source = Source.SCREEN,
) -> None:  # fmt: skip
    """Keep {register: {channel: rule}}; what is left out stays.

    Raises NotAllowed, ValidationFailed, VersionConflict.
    """
    require_settings(access)
    collection = MarketingRules._get_collection()
    before = collection.find_one({"_id": RULES_ID})
    held = before["version"] if before else 0
    if version is not None and version != held:
        raise VersionConflict(before or {"_id": RULES_ID, "version": 0})
    rules = checked_rules(sent)
    after = {"_id": RULES_ID, "version": held + 1, "changed_at": now(), "rules": rules}
    told = [flat_rules(marketing_rules()), flat_rules(rules)]
    if told[0] == told[1]:
        return

    def work(session: ClientSession) -> None:
        put_version(session, collection, before, after)
        note_change(session, {
            "register": "marketing_rules", "record": RULES_ID, "action": "update", "version": after["version"],
            "at": after["changed_at"], "by": access.user_id, "source": source.value, "batch": None,
            "changes": change_of(*told)}, after)  # fmt: skip
        bump_version(session)

    in_transaction(work)
    forget_version()


def checked_rules(sent: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """All rules with those that were sent among them. Raises ValidationFailed."""
    rules = {register: {**held, **sent.get(register, {})} for register, held in marketing_rules().items()}
    wrong = [f"{register}_{channel}" for register, held in rules.items() for channel, rule in held.items()
             if rule not in RULE_LABELS or channel not in RULES[register]]  # fmt: skip
    if wrong:
        raise ValidationFailed({name: [_l("Choose from the list.")] for name in wrong})
    return rules


def flat_rules(rules: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {f"{register}_{channel}": rule for register, held in rules.items() for channel, rule in held.items()}
