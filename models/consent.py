"""What customers have said of marketing: the fields of people and companies, and addresses that get none."""

from enum import StrEnum
from typing import Any, ClassVar

import mongoengine as me
from flask_babel import lazy_gettext as _l

from models.fields.definitions import KeptByVersion
from models.fields.fixed import fixed

MAIL, SMS, LETTER = "mail", "sms", "letter"
#: channel -> the field that says whether marketing is wanted there.
CONSENT_FIELDS = {MAIL: "email_consent", SMS: "sms_consent", LETTER: "letter_consent"}
CHANNELS = {MAIL: _l("E-mail"), SMS: _l("SMS"), LETTER: _l("Letters")}
#: channel -> the field whose value is the address there; letters go to an address of several fields.
ADDRESS_FIELDS = {MAIL: "email", SMS: "phone"}
#: The rules that an organisation may have: only to those who granted it, or to all but those who refused.
WITH_CONSENT, UNLESS_REFUSED = "with_consent", "unless_refused"
#: As Finnish law has it: people are asked before e-mail and SMS, companies and letters go until somebody refuses.
RULES = {
    "person": {MAIL: WITH_CONSENT, SMS: WITH_CONSENT, LETTER: UNLESS_REFUSED},
    "company": {MAIL: UNLESS_REFUSED, SMS: UNLESS_REFUSED, LETTER: UNLESS_REFUSED},
}


def normalised(channel: str, address: Any) -> str:
    """An address such that two of the same inbox or phone are equal."""
    return str(address).strip().lower() if channel == MAIL else "".join(str(address).split())


class MarketingConsent:
    """The fields of whoever may be sent marketing. They stand after the program's other fields
    of their section."""

    email_consent = fixed("consent", _l("E-mail consent"), section="classification", order=810)
    sms_consent = fixed("consent", _l("SMS consent"), section="classification", order=820)
    letter_consent = fixed("consent", _l("Letter consent"), section="classification", order=830)


class Reason(StrEnum):
    """Why an address gets no marketing."""

    UNSUBSCRIBED = "unsubscribed"
    UNDELIVERABLE = "undeliverable"
    BY_HAND = "by_hand"
    #: Its person was erased; the address is kept as a hash (services/erased_addresses.py).
    ERASED = "erased"


class Suppressed(me.Document):
    """An address that gets no marketing, whichever record has it.

    `address` is an e-mail address in lower case or a phone number as phone fields keep it. Of one that unsubscribed,
    `register`, `record` and `mailing` tell by which message, and `before` what the record said until then.
    """

    channel = me.StringField(required=True, choices=[MAIL, SMS])
    address = me.StringField(required=True, max_length=320)
    reason = me.StringField(required=True, choices=[reason.value for reason in Reason])
    note = me.StringField(default="", max_length=500)
    at = me.DateTimeField(required=True)
    by = me.ObjectIdField()
    register = me.StringField()
    record = me.ObjectIdField()
    mailing = me.ObjectIdField()
    before = me.DynamicField()

    meta: ClassVar[dict[str, Any]] = {
        "collection": "suppressed",
        "auto_create_index": False,
        "indexes": [{"fields": ["channel", "address"], "unique": True}, "-at",
                    {"fields": ["mailing"], "sparse": True}],
        "ordering": ["-at"],
        "strict": False,
    }

    def __str__(self) -> str:
        return str(self.address)


class MarketingRules(me.Document):
    """The organisation's rules, {register: {channel: rule}}: one document, made when a rule is changed."""

    rules = me.DictField()
    version = me.IntField(default=1)
    changed_at = me.DateTimeField()

    meta: ClassVar[dict[str, Any]] = {"collection": "marketing_rules", "auto_create_index": False, "strict": False}


@KeptByVersion
def marketing_rules() -> dict[str, dict[str, str]]:
    """{register: {channel: rule}}, the program's own where nothing else was chosen."""
    saved = (MarketingRules._get_collection().find_one() or {}).get("rules") or {}
    return {register: {**rules, **saved.get(register, {})} for register, rules in RULES.items()}
