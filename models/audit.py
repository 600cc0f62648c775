"""The audit: who did what that matters for security, in a chain: each entry holds the hash of the one before."""

from enum import StrEnum
from typing import Any, ClassVar

import mongoengine as me


class What(StrEnum):
    """What an entry tells of."""

    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    CODE_FAILED = "code_failed"
    SIGNED_OUT = "signed_out"
    SESSIONS_ENDED = "sessions_ended"
    PASSWORD_CHANGED = "password_changed"
    PASSWORD_LINK_SENT = "password_link_sent"
    PASSWORD_LINK_USED = "password_link_used"
    AUTHENTICATOR_CHANGED = "authenticator_changed"
    USER_INVITED = "user_invited"
    USER_CHANGED = "user_changed"
    ROLE_CHANGED = "role_changed"
    GROUP_CHANGED = "group_changed"
    TEAM_CHANGED = "team_changed"
    API_KEY_CHANGED = "api_key_changed"
    RECORDS_HANDED_OVER = "records_handed_over"
    LOOKED_AS_BEGUN = "looked_as_begun"
    LOOKED_AS_ENDED = "looked_as_ended"
    SETTING_CHANGED = "setting_changed"
    EXPORTED = "exported"
    LETTERS_MADE = "letters_made"
    LABELS_MADE = "labels_made"
    WORKBOOK_MADE = "workbook_made"
    RESTORED = "restored"
    PERSONAL_DATA_GIVEN = "personal_data_given"
    PERSON_ERASED = "person_erased"
    PERSON_ANONYMISED = "person_anonymised"


class AuditEntry(me.Document):
    """One entry. Entries are added by `services.audit.write` alone, and never changed or deleted.

    `by` did it, `who` was their name then; `target` {register, id, name} is what or whom it was done to, `details` what
    else there is to tell. `hash` is the SHA-256 of all the rest (services/audit/chain.py), `previous` among it.
    """

    id = me.IntField(primary_key=True)
    at = me.DateTimeField(required=True)
    what = me.StringField(required=True, choices=[what.value for what in What])
    by = me.ObjectIdField()
    who = me.StringField(default="")
    address = me.StringField(default="")
    agent = me.StringField(default="")
    target = me.DictField()
    details = me.DictField()
    previous = me.StringField(default="")
    hash = me.StringField(required=True)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "audit",
        "auto_create_index": False,
        "indexes": [["at", "_id"], ["what", "at", "_id"], ["by", "at", "_id", "what"],
                    ["target.id", "at", "_id", "what"]],
    }  # fmt: skip


class AuditHead(me.Document):
    """The end of the chain: the number and the hash of its last entry. There is one, which every writer writes to."""

    id = me.StringField(primary_key=True)
    number = me.IntField(required=True)
    hash = me.StringField(default="")

    meta: ClassVar[dict[str, Any]] = {"collection": "audit_head", "auto_create_index": False}


class FailedTries(me.Document):
    """The failed tries of one account from one address within one minute: the first has its entry, the others are
    counted here, and get one together when the minute is over."""

    id = me.StringField(primary_key=True)
    minute = me.DateTimeField(required=True)
    count = me.IntField(default=0)
    what = me.StringField(required=True)
    target = me.DictField()
    details = me.DictField()
    address = me.StringField(default="")
    agent = me.StringField(default="")

    meta: ClassVar[dict[str, Any]] = {"collection": "audit_tries", "auto_create_index": False, "indexes": ["minute"]}
