"""Inviting users by e-mail: a link by which they choose their password and their language, once and within a week; or
the way to the login, where they come with their organisation's account."""

import datetime as dt
import secrets
from collections.abc import Mapping
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.changes import Source
from models.fields.errors import FieldError, ValidationFailed
from models.rights import Access
from models.security import User, standing_of
from models.sign_in import PasswordLink
from models.told import Told
from models.transactions import in_transaction
from services.audit import What, target_of, write
from services.letters import Line, letter, public_url
from services.mail import smtp_is_set
from services.outbox import queue_message
from services.outside_users import has_own_password
from services.password_links import link_of, linked_user, new_link
from services.passwords import check_new_password, check_repeated, hash_password
from services.records import now
from services.security import find_document, insert_noted, require_administrator, update_noted
from services.sessions import ended_but
from services.users import clean_language, insert_user, new_user

Raw = dict[str, Any]
#: Its content is for the recipient's mailbox alone (models/outbox.py).
PURPOSE = "user_invitation"
KIND = "invitation"
GOOD_FOR = dt.timedelta(days=7)
PATH = "/login/invitation/"


class InvitationGone(Told):
    """The invitation was used, is too old, or never was."""

    def __init__(self) -> None:
        super().__init__(_l("This invitation is no longer good: it works once, for seven days. Ask for a new one from "
                            "whoever administers Kortisto with you."))  # fmt: skip


def invite_user(access: Access, data: Mapping[str, Any]) -> Raw:
    """Add a user without a password, and send an invitation. Raises NotAllowed, ValidationFailed."""
    user = new_user(access, data, {})
    require_mail()

    def work(session: ClientSession) -> None:
        insert_noted(session, access, "user", user, Source.SCREEN)
        send_invitation(session, access, user)

    insert_user(work)
    return user


def invite_again(access: Access, user_id: Any) -> Raw:
    """Send another invitation, in place of the one before, to a user who has not come yet.

    Raises NotAllowed, RecordNotFound, ValidationFailed.
    """
    require_administrator(access)
    user = find_document("user", user_id)
    if standing_of(user) != "invited":
        raise ValidationFailed({"": [_l("This user has chosen a password already, or may not sign in.")]})
    require_mail()
    in_transaction(lambda session: send_invitation(session, access, user))
    return user


def require_mail() -> None:
    if not smtp_is_set():
        raise ValidationFailed({"password": [_l("No e-mail can be sent yet, so there can be no invitation. Type a "
                                                "password, or have KORTISTO_SMTP_URL set.")]})  # fmt: skip


def send_invitation(session: ClientSession, access: Access, user: Raw) -> None:
    token, moment = "", now()
    PasswordLink._get_collection().delete_many({"user": user["_id"], "kind": KIND}, session=session)
    if has_own_password(User._from_son(user)):
        token = secrets.token_urlsafe(32)
        new_link(session, token, user["_id"], KIND, moment, GOOD_FOR)
    User._get_collection().update_one({"_id": user["_id"]}, {"$set": {"invited_at": moment}}, session=session)
    write(session, What.USER_INVITED, access.user_id, target=target_of("user", user),
          details={"sent_to": user["email"]})  # fmt: skip
    with force_locale(user.get("language") or access.language):
        lines = lines_of(user, token)
        subject = _("Welcome to Kortisto")
        text, html = letter(subject, lines, _("An administrator of Kortisto has invited you."))
    queue_message(session, purpose=PURPOSE, address=user["email"], subject=subject, text=text, html=html,
                  user=user["_id"])  # fmt: skip


def lines_of(user: Raw, token: str) -> list[Line]:
    """What the invitation says; without a token the user comes with the organisation's account."""
    if not token:
        return [Line(_("You can use Kortisto from now on: log in with your organisation’s account.")),
                Line(_("Log in"), public_url("/login/"))]  # fmt: skip
    return [Line(_("You can use Kortisto from now on. Your user name is “%(name)s”. Choose your password by this "
                   "link, which works once, for seven days:", name=user["username"])),
            Line(_("Choose a password"), public_url(PATH + token))]  # fmt: skip


def check_invitation(token: str) -> Raw:
    """The user (raw) whom the link invites. Raises InvitationGone."""
    user = linked_user(token, KIND)
    if user is None:
        raise InvitationGone
    return user


def accept_invitation(token: str, password: str, repeated: str, language: str) -> None:
    """Give the invited user a password and a language. Raises InvitationGone, ValidationFailed, VersionConflict."""
    user = check_invitation(token)
    errors = (check_new_password(password, user["username"], "new_password") | check_repeated(password, repeated))
    try:
        language = clean_language(language)
    except FieldError as error:
        errors["language"] = [error.message]
    if errors:
        raise ValidationFailed(errors)
    values = {"password": hash_password(password), "password_given": False, "language": language, **ended_but(user)}

    def work(session: ClientSession) -> None:
        if not PasswordLink._get_collection().delete_one(link_of(token, KIND), session=session).deleted_count:
            raise InvitationGone
        PasswordLink._get_collection().delete_many({"user": user["_id"]}, session=session)
        write(session, What.PASSWORD_LINK_USED, user["_id"], details={"invitation": True})
        update_noted(session, Access(user_id=user["_id"]), "user", user, values, Source.SCREEN)

    in_transaction(work)
