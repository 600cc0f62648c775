"""What signing in leaves behind: tries that are counted, and links that let somebody choose a new password."""

from typing import Any, ClassVar

import mongoengine as me

DAY_SECONDS = 86_400


class Tries(me.Document):
    """The failed tries of one account or one network address, until a day has passed without any.

    The key is a hash: what was typed as a user name may have been a password.
    """

    id = me.StringField(primary_key=True)
    failed = me.IntField(default=0)
    #: No password is looked at before this.
    until = me.DateTimeField()
    at = me.DateTimeField(required=True)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "sign_in_tries",
        "auto_create_index": False,
        "indexes": [{"fields": ["at"], "expireAfterSeconds": DAY_SECONDS}],
    }


class SignInAttempt(me.Document):
    """Somebody on the way in who still owes a code. The key is the hash of the token that the browser holds.

    `user` is nobody's where no such user was found, which nothing tells. `code` is the keyed hash of a code sent by
    SMS, `codes` how many were sent; `state` is "" while one is on its way, then "sent" or "failed".
    """

    id = me.StringField(primary_key=True)
    user = me.ObjectIdField()
    method = me.StringField(required=True, choices=("sms", "authenticator"))
    #: What its tries are counted by, over all attempts of the same account.
    account = me.StringField(required=True)
    code = me.StringField(default="")
    codes = me.IntField(default=0)
    state = me.StringField(default="")
    tries = me.IntField(default=0)
    sent_at = me.DateTimeField()
    begun_at = me.DateTimeField(required=True)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "sign_in_attempt",
        "auto_create_index": False,
        "indexes": [["user", "sent_at"], {"fields": ["begun_at"], "expireAfterSeconds": DAY_SECONDS}],
    }


class PasswordRequest(me.Document):
    """Somebody says that a password is forgotten: what was typed, and in which language to answer. Whether there is
    such a user is found out later, so that the answer takes the same time for all."""

    typed = me.StringField(required=True, max_length=320)
    language = me.StringField(default="en")
    #: The network address that asked.
    address = me.StringField(default="")
    at = me.DateTimeField(required=True)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "password_request",
        "auto_create_index": False,
        "indexes": [{"fields": ["at"], "expireAfterSeconds": DAY_SECONDS}],
    }


class PasswordLink(me.Document):
    """A link by which a user chooses a password, once: a forgotten one, or the first. The key is the hash of its token.
    """

    id = me.StringField(primary_key=True)
    user = me.ObjectIdField(required=True)
    kind = me.StringField(default="password", choices=("password", "invitation"))
    made_at = me.DateTimeField(required=True)
    ends_at = me.DateTimeField(required=True)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "password_link",
        "auto_create_index": False,
        "indexes": ["user", {"fields": ["ends_at"], "expireAfterSeconds": DAY_SECONDS}],
    }
