"""Creating and changing users; what users may change of themselves."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from bson import ObjectId
from bson.errors import InvalidId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession
from pymongo.collation import Collation
from pymongo.errors import DuplicateKeyError

from fab_mongo.values import is_storable_text
from models.changes import Source
from models.fields.context import Context
from models.fields.errors import FieldError, ValidationFailed
from models.fields.field import Field
from models.fields.kinds import KINDS
from models.formatted import formatted
from models.rights import Access, NotAllowed
from models.security import BY_BOTH, BY_CODE, SIGN_IN_WAYS, Group, Role, Team, User
from models.transactions import in_transaction
from services.passwords import check_new_password, check_repeated, hash_password, is_password
from services.records import VersionConflict
from services.security import (
    find_document,
    insert_noted,
    lock_administrators,
    require_administrator,
    require_an_administrator,
    update_noted,
)
from services.sessions import ended_but

Raw = dict[str, Any]
Errors = dict[str, list[Any]]
LANGUAGES = ("", "en", "fi")
#: When the day's entries and tasks come by e-mail: never, or Monday to Friday.
DIGESTS = ("", "weekdays")
LONGEST_SIGNATURE = 5_000
DEFAULT_TIME_ZONE = "Europe/Helsinki"
#: Text about a user, checked as the fields of records are.
TEXTS = {
    "username": Field("username", KINDS["text"], _l("User name"), required=True, max_length=64),
    "first_name": Field("first_name", KINDS["text"], _l("First name"), required=True, max_length=64),
    "last_name": Field("last_name", KINDS["text"], _l("Last name"), required=True, max_length=64),
    "email": Field("email", KINDS["email"], _l("E-mail"), required=True, max_length=320),
    "phone": Field("phone", KINDS["phone"], _l("Mobile phone"), max_length=40),
}
#: What users change of themselves.
OWN_COLUMNS = ("first_name", "last_name", "email", "phone", "language", "time_zone", "digest", "signature")
COLUMNS = ("username", *OWN_COLUMNS, "team", "leads", "roles", "groups", "active", "sign_in_way")
#: Names and addresses that differ in capitals only are the same.
IGNORING_CASE = Collation(locale="en", strength=2)


@cache
def time_zones() -> tuple[str, ...]:
    """The names of time zones that people choose from."""
    return ("UTC", *sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")))


# Creating and changing


def create_user(
    access: Access, data: Mapping[str, Any], password: str, *, given: bool = True, source: Source = Source.SCREEN
) -> Raw:
    """Add a user; a `given` password is one that the user has to replace at the first login.

    Raises NotAllowed, ValidationFailed.
    """
    user = new_user(access, data, check_new_password(password, str(data.get("username") or "")))
    user |= {"password": hash_password(password), "password_given": given}
    insert_user(lambda session: insert_noted(session, access, "user", user, source))
    return user


def new_user(access: Access, data: Mapping[str, Any], errors: Errors) -> Raw:
    """A new user as a document, without a password yet; `errors` is what is wrong already.

    Raises NotAllowed, ValidationFailed.
    """
    require_administrator(access)
    user = cleaned_user({"active": True, **data}, errors)
    refuse_taken(user, None, errors)
    refuse_unreachable(user, errors)
    raise_any(errors)
    return user


def insert_user(work: Callable[[ClientSession], None]) -> None:
    """Run what inserts a user in a transaction. Raises ValidationFailed where somebody was quicker."""
    try:
        in_transaction(work)
    except DuplicateKeyError as error:
        raise taken(error) from error


def change_user(
    access: Access, user_id: Any, data: Mapping[str, Any], *,
    password: str = "", version: int | None = None, source: Source = Source.SCREEN,
) -> Raw:  # fmt: skip
    """Change a user; an empty password leaves the one there is, another's new one has to be replaced at the next login.

    Raises NotAllowed, RecordNotFound, ValidationFailed, VersionConflict.
    """
    require_administrator(access)
    before = find_document("user", user_id)
    errors: Errors = {}
    values = cleaned({name: data[name] for name in COLUMNS if name in data}, errors)
    if before["_id"] == access.user_id and values.get("active") is False:
        errors["active"] = [_l("You can't deactivate yourself. Ask another administrator to do it.")]
    if password:
        errors.update(check_new_password(password, values.get("username") or before["username"]))
    refuse_taken(values, before["_id"], errors)
    refuse_unreachable({**before, **values}, errors)
    raise_any(errors)
    if password:
        given = before["_id"] != access.user_id
        values |= {"password": hash_password(password), "password_given": given, **ended_but(before)}
    if values.get("active") is False:
        values |= ended_but(before)
    return save_user(access, before, values, version, source)


def change_own_profile(access: Access, data: Mapping[str, Any], *, version: int | None = None) -> Raw:
    """Change what users may change of themselves. Raises NotAllowed, ValidationFailed, VersionConflict."""
    before = own_user(access)
    errors: Errors = {}
    values = cleaned({name: data[name] for name in OWN_COLUMNS if name in data}, errors)
    refuse_taken(values, before["_id"], errors)
    refuse_unreachable({**before, **values}, errors)
    raise_any(errors)
    return save_user(access, before, values, version, Source.SCREEN)


def change_own_password(access: Access, old: str, new: str, repeated: str, *, token: str = "") -> None:
    """Give oneself a new password, which ends all sessions but the one of `token`. Raises NotAllowed, ValidationFailed.
    """
    before = own_user(access)
    errors = check_new_password(new, before["username"], "new_password") | check_repeated(new, repeated)
    if not is_password(before.get("password"), old):
        errors["old_password"] = [_l("This is not your present password.")]
    raise_any(errors)
    values = {"password": hash_password(new), "password_given": False, **ended_but(before, token)}
    save_user(access, before, values, None, Source.SCREEN)


def choose_language(access: Access, language: str) -> None:
    """Keep the language that a signed-in user switched to."""
    if access.user_id is not None and language in LANGUAGES:
        User.objects(pk=access.user_id).update_one(set__language=language)


def user_named(typed: str) -> User | None:
    """The active user of this user name or e-mail address, however its capitals were typed."""
    name = typed.strip()
    if not is_storable_text(name) or not name:
        return None
    same = {"$or": [{"username": name}, {"email": name}], "active": True}
    found = User._get_collection().find_one(same, {"_id": 1}, collation=IGNORING_CASE)
    return User.objects(pk=found["_id"]).first() if found else None


def id_of_name(typed: str) -> ObjectId | None:
    """Whose user name or e-mail address this is, whether or not they may sign in."""
    name = typed.strip()
    if not is_storable_text(name) or not name:
        return None
    same = {"$or": [{"username": name}, {"email": name}]}
    found = User._get_collection().find_one(same, {"_id": 1}, collation=IGNORING_CASE)
    return found["_id"] if found else None


def signature_of(user: Mapping[str, Any]) -> str:
    """What stands under the single e-mails of a user (raw), as clean HTML; "" for none."""
    return formatted(str(user.get("signature") or ""))


def own_user(access: Access) -> Raw:
    if access.user_id is None:
        raise NotAllowed(_l("Sign in first."))
    return find_document("user", access.user_id)


def save_user(access: Access, before: Raw, values: Raw, version: int | None, source: Source) -> Raw:
    if version is not None and version != (before.get("version") or 0):
        raise VersionConflict(before)

    def work(session: ClientSession) -> None:
        decides = not {"roles", "groups", "active"}.isdisjoint(values)
        if decides:
            lock_administrators(session)
        update_noted(session, access, "user", before, values, source)
        if decides:
            require_an_administrator(session, "roles" if values.get("active", True) else "active")

    try:
        in_transaction(work)
    except DuplicateKeyError as error:
        raise taken(error) from error
    return {**before, **values}


# Checking what was sent


def raise_any(errors: Errors) -> None:
    if errors:
        raise ValidationFailed(errors)


def cleaned_user(data: Mapping[str, Any], errors: Errors) -> Raw:
    """A whole new user as a document; what is wrong is added to `errors`."""
    given = {name: data[name] for name in COLUMNS if name in data}
    values = cleaned({**dict.fromkeys(TEXTS), **given}, errors)
    return {"_id": ObjectId(), "language": "", "time_zone": DEFAULT_TIME_ZONE, "digest": "", "active": True,
            "sign_in_way": "", "leads": [], "roles": [], "groups": [], "login_count": 0,
            "fail_login_count": 0, **values}  # fmt: skip


def cleaned(data: Mapping[str, Any], errors: Errors) -> Raw:
    """The columns of `data`, each checked and in the form in which it is kept."""
    cleaners = {
        "language": clean_language, "time_zone": clean_time_zone, "digest": clean_digest,
        "sign_in_way": clean_way, "signature": clean_signature,
        "active": lambda value: value is True,
        "team": lambda value: next(iter(clean_references(Team, [value] if value else [])), None),
        "leads": lambda value: clean_references(Team, value),
        "roles": lambda value: clean_references(Role, value), "groups": lambda value: clean_references(Group, value),
    }  # fmt: skip
    values = {}
    for column, value in data.items():
        try:
            values[column] = clean_text(column, value) if column in TEXTS else cleaners[column](value)
        except FieldError as error:
            errors.setdefault(column, []).append(error.message)
    return values


def clean_text(column: str, raw: Any) -> str:
    field = TEXTS[column]
    text = field.kind.parse(raw, field, Context())
    if not text and field.required:
        raise FieldError(_l("This is required."))
    if column == "username" and text and any(sign.isspace() for sign in text):
        raise FieldError(_l("A user name has no spaces."))
    return text or ""


def clean_language(raw: Any) -> str:
    if raw not in LANGUAGES:
        raise FieldError(_l("Choose a language from the list."))
    return raw


def clean_digest(raw: Any) -> str:
    if raw not in DIGESTS:
        raise FieldError(_l("Choose from the list."))
    return raw


def clean_signature(raw: Any) -> str:
    """The signature as cleaned HTML."""
    if not isinstance(raw, str) or len(raw) > LONGEST_SIGNATURE or not is_storable_text(raw):
        raise FieldError(_l("A signature has at most %(max)s characters.", max=LONGEST_SIGNATURE))
    return formatted(raw)


def clean_way(raw: Any) -> str:
    if raw not in SIGN_IN_WAYS:
        raise FieldError(_l("Choose from the list."))
    return raw


def clean_time_zone(raw: Any) -> str:
    if raw not in available_timezones():
        raise FieldError(_l("Choose a time zone from the list, such as Europe/Helsinki."))
    return raw


def clean_references(document: Any, raw: Iterable[Any]) -> list[ObjectId]:
    """The ids among those that exist, in their order. Raises FieldError where one does not."""
    try:
        ids = list(dict.fromkeys(ObjectId(item) for item in raw or ()))
    except (InvalidId, TypeError) as error:
        raise FieldError(_l("Choose from the list.")) from error
    if document.objects(pk__in=ids).count() != len(ids):
        raise FieldError(_l("One of these is gone. Reload the page and choose again."))
    return ids


def refuse_taken(values: Raw, user_id: Any, errors: Errors) -> None:
    """A user name or an e-mail address that somebody else has; each stands for the other when signing in."""
    for column in ("username", "email"):
        if values.get(column) and column not in errors:
            same = {"$or": [{"username": values[column]}, {"email": values[column]}], "_id": {"$ne": user_id}}
            if User._get_collection().find_one(same, {"_id": 1}, collation=IGNORING_CASE):
                errors[column] = [TAKEN[column]]


def refuse_unreachable(user: Raw, errors: Errors) -> None:
    """Whoever logs in by a code must be able to get one."""
    needs = user.get("sign_in_way") in (BY_BOTH, BY_CODE) and not user.get("authenticator")
    if needs and not user.get("phone") and "phone" not in errors:
        errors["phone"] = [_l("The codes for logging in go to this number. Give it, or choose another way to log in.")]


TAKEN = {
    "username": _l("Somebody has this user name already. Choose another."),
    "email": _l("Somebody has this e-mail address already. Give another."),
}


def taken(error: DuplicateKeyError) -> ValidationFailed:
    """A unique index refused it: somebody was quicker."""
    column = next(iter((error.details or {}).get("keyPattern") or {}), "username")
    return ValidationFailed({column: [TAKEN.get(column, _l("This name is taken. Choose another."))]})
