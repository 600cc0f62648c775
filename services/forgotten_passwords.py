"""A new password for somebody who has forgotten the old one, or was given it: a link, good once and for an hour.

What the page answers, and how soon, is the same for all: the user is looked for by the worker that sends the message.
"""

import datetime as dt
import secrets
from typing import Any

from bson import ObjectId
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.changes import Source
from models.fields.errors import ValidationFailed
from models.rights import Access
from models.security import User
from models.sign_in import PasswordLink, PasswordRequest
from models.told import Told
from models.transactions import in_transaction
from services.audit import What, target_user, write
from services.letters import Line, letter, public_url
from services.outbox import queue_message
from services.outside_users import has_own_password
from services.password_links import link_of, linked_user, new_link
from services.passwords import check_new_password, check_repeated, hash_password, is_password
from services.records import now
from services.security import update_noted
from services.sessions import ended_but
from services.sign_in_tries import forget
from services.users import user_named

Raw = dict[str, Any]
PURPOSE = KIND = "password"
GOOD_FOR = dt.timedelta(hours=1)
#: A user gets so many links in that time: nobody is buried in messages.
MOST_LINKS = 3
LONGEST_NAME = 320
PATH = "/login/new-password/"


class LinkGone(Told):
    """The link was used, is too old, or never was."""

    def __init__(self) -> None:
        super().__init__(_l("This link is no longer good: it works once, for an hour. Ask for a new one."))


def ask_for_link(typed: str, language: str, address: str = "") -> None:
    """Note that whoever has this user name or e-mail address asks for a link; `services.rounds.wake` has it sent.
    `address` is the network's, from which it was asked."""
    name = typed.strip()[:LONGEST_NAME]
    if name:
        PasswordRequest._get_collection().insert_one({"typed": name, "language": language, "at": now(),
                                                      "address": address[:64]})  # fmt: skip


def send_links() -> None:
    """Send a link to each user that was asked for and whose own password is good. A round that is cut short goes on in
    the next."""
    requests = PasswordRequest._get_collection()
    while (asked := requests.find_one({}, sort=[("at", 1)])) is not None:
        user = user_named(asked["typed"])
        if user is None or not may_have_link(user.pk) or not has_own_password(user):
            requests.delete_one({"_id": asked["_id"]})
        else:
            in_transaction(lambda session, asked=asked, user=user: send_link(session, user, asked))  # type: ignore[misc]


def may_have_link(user_id: ObjectId) -> bool:
    lately = {"user": user_id, "kind": {"$in": [KIND, None]}, "made_at": {"$gt": now() - GOOD_FOR}}
    return PasswordLink._get_collection().count_documents(lately, limit=MOST_LINKS) < MOST_LINKS


def send_link(session: ClientSession, user: User, asked: Raw) -> None:
    if not PasswordRequest._get_collection().delete_one({"_id": asked["_id"]}, session=session).deleted_count:
        return
    token, moment = secrets.token_urlsafe(32), now()
    new_link(session, token, user.pk, KIND, moment, GOOD_FOR)
    write(session, What.PASSWORD_LINK_SENT, None, target=target_user(user.pk, session),
          address=asked.get("address", ""))  # fmt: skip
    with force_locale(user.language or asked["language"]):
        lines = [Line(_("Choose a new password for the user “%(name)s” by this link. It works once, for an hour:",
                        name=user.username)),
                 Line(_("Choose a new password"), public_url(PATH + token))]  # fmt: skip
        subject = _("A new password for Kortisto")
        reason = _("Somebody asked for this on the login page. If it was not you, do nothing: your password stays as "
                   "it is.")  # fmt: skip
        text, html = letter(subject, lines, reason)
    queue_message(session, purpose=PURPOSE, address=user.email, subject=subject, text=text, html=html,
                  user=user.pk)  # fmt: skip


def link_for_given(user: User) -> str:
    """A link for a user who has just shown that they know the password somebody else typed for them; answers its token.
    """
    token = secrets.token_urlsafe(32)
    in_transaction(lambda session: new_link(session, token, user.pk, KIND, now(), GOOD_FOR))
    return token


def check_link(token: str) -> str:
    """The name of the user whom the link lets choose a password. Raises LinkGone."""
    return str(user_of_link(token)["username"])


def user_of_link(token: str) -> Raw:
    user = linked_user(token, KIND)
    if user is None:
        raise LinkGone
    return user


def choose_password(token: str, password: str, repeated: str) -> None:
    """Give the link's user a new password, which ends all sessions and all other links of the user.

    Raises LinkGone, ValidationFailed, VersionConflict.
    """
    user = user_of_link(token)
    errors = check_new_password(password, user["username"], "new_password") | check_repeated(password, repeated)
    if user.get("password_given") and is_password(user.get("password"), password):
        errors["new_password"] = [_l("This is the password you were given. Choose one that nobody else knows.")]
    if errors:
        raise ValidationFailed(errors)
    values = {"password": hash_password(password), "password_given": False, **ended_but(user)}

    def work(session: ClientSession) -> None:
        if not PasswordLink._get_collection().delete_one(link_of(token, KIND), session=session).deleted_count:
            raise LinkGone
        PasswordLink._get_collection().delete_many({"user": user["_id"]}, session=session)
        write(session, What.PASSWORD_LINK_USED, user["_id"])
        update_noted(session, Access(user_id=user["_id"]), "user", user, values, Source.SCREEN)

    in_transaction(work)
    forget(user["username"], user["email"])
