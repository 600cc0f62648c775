"""Signing in by a one-time code: by SMS to the user's mobile number, out of an authenticator app, or a recovery code.

A code by SMS has six digits, is good once and for five minutes, for five tries, and in the browser alone that asked for
it; what is kept of it is a keyed hash. Whether a code was asked for by somebody who is no user, nothing tells.
"""

import datetime as dt
import hashlib
import hmac
import logging
import secrets
from typing import Any

import pyotp
from bson import ObjectId
from flask import current_app
from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pymongo import ReturnDocument
from pymongo.client_session import ClientSession

from models.fields.kinds.times import aware
from models.security import BY_BOTH, BY_CODE, BY_PASSWORD, Role, User
from models.sign_in import SignInAttempt
from models.told import Told
from models.transactions import in_transaction
from services.audit import What, target_user, write
from services.audit.tries import note_failed_code
from services.message_content import Content
from services.notices import notify, writes_notice
from services.records import now
from services.security import administrators, roles_of
from services.sending import Unreachable, Unsent
from services.sign_in_tries import TooManyTries, count_try, forget_tries
from services.sign_in_tries import key_of as account_key
from services.sms import Texter, sms_is_set

log = logging.getLogger(__name__)
Raw = dict[str, Any]
SMS, AUTHENTICATOR = "sms", "authenticator"
DIGITS, GOOD_FOR, MOST_TRIES = 6, dt.timedelta(minutes=5), 5
#: An attempt as a whole ends after so long; so many codes are sent in it, no sooner after one another than that.
ATTEMPT_ENDS, MOST_CODES, BETWEEN = dt.timedelta(minutes=15), 3, dt.timedelta(seconds=30)
#: So many codes go to one user in an hour, whoever asks for them.
MOST_IN_AN_HOUR = 10
#: Wrong codes of one account before each further try has to wait.
FREE_TRIES = 10
FAILED = "sms_failed"
#: Seconds of one code of an authenticator app (RFC 6238), and how many of them a clock may be off.
STEP, STEPS_OFF = 30, 1


class CodeProblem(Told):
    """The code is not taken; the message says what to do. `over` tells that the attempt has ended."""

    def __init__(self, message: Any, *, over: bool = False) -> None:
        super().__init__(message)
        self.over = over


def over() -> CodeProblem:
    return CodeProblem(_l("This code is no longer good. Log in anew."), over=True)


# Who signs in how


def way_of(user: User) -> str:
    """How the user signs in: as is set for the user, but never with less than a role demands."""
    demanded = {role.sign_in_way for role in roles_of(user)}
    if BY_BOTH in demanded and user.sign_in_way != BY_BOTH:
        return BY_BOTH
    if user.sign_in_way:
        return str(user.sign_in_way)
    return next((way for way in (BY_BOTH, BY_CODE) if way in demanded), BY_PASSWORD)


def offers_codes_alone() -> bool:
    """Whether anybody signs in by a code alone: then the login page offers it."""
    wanted = {"sign_in_way": BY_CODE}
    return any(document._get_collection().find_one(wanted, {"_id": 1}) for document in (User, Role))


def method_of(user: User) -> str:
    """Whence the user's codes come: the authenticator app where there is one."""
    return AUTHENTICATOR if user.authenticator else SMS


# An attempt


def begin_attempt(user: User | None, typed: str = "") -> str:
    """Begin to ask for a code; answers the token that the browser holds.

    For a name (`typed`) that nobody has the same is done, but nothing is sent.
    """
    token = secrets.token_urlsafe(32)
    whose = str(user.pk) if user else typed.strip().casefold()
    attempt = {"_id": key_of(token), "user": user.pk if user else None, "method": method_of(user) if user else SMS,
               "account": account_key("code", whose), "code": "", "codes": 0, "state": "", "tries": 0, "sent_at": None,
               "begun_at": now()}  # fmt: skip
    SignInAttempt._get_collection().insert_one(attempt)
    return token


def key_of(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def attempt_of(token: Any) -> Raw:
    """The attempt of a token, as long as it goes on. Raises CodeProblem."""
    found = isinstance(token, str) and SignInAttempt._get_collection().find_one({"_id": key_of(token)})
    if not found or now() - aware(found["begun_at"]) > ATTEMPT_ENDS:
        raise over()
    return dict(found)


def send_code(token: str) -> None:
    """Send a code by SMS, in place of the one before. Raises CodeProblem where none may be sent now.

    Takes as long as the way to the gateway takes: call it apart from the request.
    """
    attempt, moment = attempt_of(token), now()
    if attempt["method"] != SMS:
        return
    code = "".join(secrets.choice("0123456789") for _digit in range(DIGITS))
    may = {"_id": attempt["_id"], "codes": {"$lt": MOST_CODES},
           "$or": [{"sent_at": None}, {"sent_at": {"$lte": moment - BETWEEN}}]}  # fmt: skip
    fresh = {"code": hashed(attempt["_id"], code), "sent_at": moment, "state": "", "tries": 0}
    if not SignInAttempt._get_collection().update_one(may, {"$set": fresh, "$inc": {"codes": 1}}).matched_count:
        raise CodeProblem(_l("A code was sent just now. Wait half a minute before asking for another; after three, log "
                             "in anew."))  # fmt: skip
    user = User.objects(pk=attempt["user"]).first() if attempt["user"] else None
    state = "sent" if user is None or sent_to(user, code) else "failed"
    SignInAttempt._get_collection().update_one({"_id": attempt["_id"]}, {"$set": {"state": state}})


def hashed(attempt: str, code: str) -> str:
    """What is kept of a code: of no use without the server's key, nor for another attempt."""
    key = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.new(key, f"sign-in code:{attempt}:{code}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def sent_to(user: User, code: str) -> bool:
    """Send the code to the user's mobile number; administrators are told where it can't be."""
    lately = {"user": user.pk, "sent_at": {"$gt": now() - dt.timedelta(hours=1)}}
    if SignInAttempt._get_collection().count_documents(lately, limit=MOST_IN_AN_HOUR + 1) > MOST_IN_AN_HOUR:
        return False
    with force_locale(user.language or "en"):
        text = _("Kortisto: your code is %(code)s. It is good for 5 minutes. Nobody will ask you for it.", code=code)
    try:
        text_to(user.phone, text)
    except Unsent as problem:
        log.warning("a code could not be sent: %s", problem)
        tell_administrators(str(problem))
        return False
    return True


def text_to(number: str, text: str) -> None:
    """Send an SMS at once, past the outbox, which would keep the code for all to read. Raises Unsent."""
    if not sms_is_set():
        raise Unreachable("no service is set to send SMS by (KORTISTO_SMS_URL)")
    with Texter(current_app.config["SMS_URL"]) as texter:
        texter.send({"address": number or ""}, Content(subject="", text=text))


def tell_administrators(problem: str) -> None:
    """Tell administrators that codes can't be sent, once a day."""
    key = f"{FAILED}:{now().date().isoformat()}"
    notices = [{"user": user, "kind": FAILED, "params": {"problem": problem[:200]}, "url": "/settings/", "key": key}
               for user in administrators()]  # fmt: skip
    in_transaction(lambda session: notify(session, notices))


@writes_notice(FAILED)
def sms_failed(params: Any) -> str:
    return _("A login code could not be sent by SMS: %(problem)s", problem=params.get("problem", ""))


# Checking


def check_code(token: Any, typed: str) -> User:
    """The user who has signed in by this code; the attempt is over then. Raises CodeProblem, TooManyTries."""
    attempt, moment = attempt_of(token), now()
    # Counted before it is looked at: many at once get no more tries.
    counted = SignInAttempt._get_collection().find_one_and_update(
        {"_id": attempt["_id"], "tries": {"$lt": MOST_TRIES}}, {"$inc": {"tries": 1}},
        return_document=ReturnDocument.AFTER,
    )  # fmt: skip
    if counted is None:
        raise over()
    # Whoever has the password may begin as many attempts as they like: their tries count together.
    if wait := count_try(counted["account"], FREE_TRIES):
        raise TooManyTries(wait)
    user = User.objects(pk=counted["user"], active=True).first() if counted["user"] else None
    digits = "".join(typed.split())
    right = user is not None and (is_recovery_code(user, digits) or is_code(user, counted, digits, moment))
    if not right or user is None:
        note_failed_code(counted["user"], counted["account"])
        left = MOST_TRIES - counted["tries"]
        message = ngettext("This is not the code. You have %(num)s try left.",
                           "This is not the code. You have %(num)s tries left.", left)  # fmt: skip
        raise CodeProblem(message, over=not left)
    if not SignInAttempt._get_collection().delete_one({"_id": counted["_id"]}).deleted_count:
        raise over()
    forget_tries(counted["account"])
    return user


def is_code(user: User, attempt: Raw, digits: str, moment: dt.datetime) -> bool:
    if attempt["method"] == AUTHENTICATOR:
        return is_authenticators(user, digits, moment)
    sent = attempt["sent_at"] and aware(attempt["sent_at"])
    same = hmac.compare_digest(hashed(attempt["_id"], digits), attempt["code"])
    return bool(attempt["code"] and sent and moment - sent <= GOOD_FOR and same)


def is_authenticators(user: User, digits: str, moment: dt.datetime) -> bool:
    """Whether the user's app shows these digits now; the same ones are taken once."""
    step = step_of(str(user.authenticator), digits, moment)
    if step is None:
        return False
    later = {"_id": user.pk, "authenticator": user.authenticator, "authenticator_step": {"$lt": step}}
    changed = User._get_collection().update_one(later, {"$set": {"authenticator_step": step}})
    return bool(changed.matched_count)


def step_of(secret: str, digits: str, moment: dt.datetime) -> int | None:
    """The step of time whose code this is, among those that a clock a little off would show."""
    now_step = int(moment.timestamp()) // STEP
    app = pyotp.TOTP(secret, interval=STEP)
    shown = digits.encode("utf-8", "replace")
    return next((step for step in range(now_step - STEPS_OFF, now_step + STEPS_OFF + 1)
                 if hmac.compare_digest(app.at(step * STEP).encode(), shown)), None)  # fmt: skip


def is_recovery_code(user: User, typed: str) -> bool:
    """Whether this is one of the user's recovery codes, which it is no more then."""
    key = key_of(plain(typed))
    mine = {"_id": user.pk, "recovery_codes": key}
    return bool(User._get_collection().update_one(mine, {"$pull": {"recovery_codes": key}}).matched_count)


def plain(typed: str) -> str:
    """A recovery code as it is kept, however it was typed."""
    return "".join(sign for sign in typed.upper() if sign.isalnum())


# An authenticator app, and recovery codes

#: Without letters and digits that are mistaken for one another.
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
RECOVERY_CODES, RECOVERY_LENGTH = 10, 12


def new_secret() -> str:
    """A secret for an authenticator app, in base 32."""
    return str(pyotp.random_base32())


def address_of(user_name: str, secret: str) -> str:
    """What an authenticator app reads from the picture (otpauth://)."""
    return str(pyotp.TOTP(secret, interval=STEP).provisioning_uri(name=user_name, issuer_name="Kortisto"))


def use_authenticator(user_id: ObjectId, secret: str, typed: str) -> list[str]:
    """Have the user's codes come from an app that shows the right one; answers new recovery codes.

    Raises CodeProblem.
    """
    step = step_of(secret, "".join(typed.split()), now())
    if step is None:
        raise CodeProblem(_l("This is not what the app should show now. See that the phone's clock is right, and type "
                             "the newest code."))  # fmt: skip
    codes = new_recovery_codes()
    kept = [key_of(plain(one)) for one in codes]
    values = {"authenticator": secret, "authenticator_step": step, "recovery_codes": kept}
    change_means(user_id, values, "app")
    return codes


def change_means(user_id: ObjectId, values: Raw, what: str) -> None:
    """Write what a user's codes come of; `what` became of it is told to the audit: "app", "sms", "recovery_codes"."""

    def work(session: ClientSession) -> None:
        User._get_collection().update_one({"_id": user_id}, {"$set": values}, session=session)
        write(session, What.AUTHENTICATOR_CHANGED, user_id, target=target_user(user_id, session),
              details={"to": what})  # fmt: skip

    in_transaction(work)


def leave_authenticator(user_id: ObjectId) -> None:
    """Have the user's codes come by SMS again."""
    change_means(user_id, {"authenticator": "", "authenticator_step": 0}, "sms")


def renew_recovery_codes(user_id: ObjectId) -> list[str]:
    """New recovery codes in place of those that are left; told this once."""
    codes = new_recovery_codes()
    kept = [key_of(plain(one)) for one in codes]
    change_means(user_id, {"recovery_codes": kept}, "recovery_codes")
    return codes


def new_recovery_codes() -> list[str]:
    """Codes such as ABCD-EFGH-JKLM: 60 bits each, so that a plain hash keeps them."""
    signs = ["".join(secrets.choice(ALPHABET) for _sign in range(RECOVERY_LENGTH)) for _number in range(RECOVERY_CODES)]
    return ["-".join(one[place : place + 4] for place in range(0, RECOVERY_LENGTH, 4)) for one in signs]
