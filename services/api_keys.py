"""Keys by which programs use REST: making and revoking them, and what each may do now."""

import datetime as dt
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from fab_mongo.values import is_storable_text
from models.api_keys import PREFIX, SHOWN, ApiKey
from models.fields.errors import FieldError, ValidationFailed
from models.fields.kinds.times import parse_date
from models.rights import Access
from models.security import ADMIN_ROLE, Role, User, access_of
from models.transactions import in_transaction
from services.audit import What, write
from services.records import RecordNotFound, now, object_id
from services.security import access_for, require_administrator
from services.users import clean_references

Raw = dict[str, Any]
SECRET_BYTES = 32
LONGEST_KEY, LONGEST_NAME = 100, 100
#: When a key was used last is noted so often.
NOTED_EVERY = dt.timedelta(minutes=5)
DAY = dt.timedelta(days=1)


def digest_of(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


# Making, listing, revoking


def add_key(access: Access, data: Mapping[str, Any]) -> tuple[Raw, str]:
    """Make a key of `name`, `roles`, `owner` (ids) and `ends_on` (a day, or none): (its document, the key itself).

    The key is kept nowhere. Raises NotAllowed, ValidationFailed.
    """
    require_administrator(access)
    values = cleaned_key(data)
    key = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    raw: Raw = {"_id": ObjectId(), **values, "digest": digest_of(key), "shown": key[:SHOWN], "made_at": now(),
                "made_by": access.user_id}  # fmt: skip

    def work(session: ClientSession) -> None:
        ApiKey._get_collection().insert_one(raw, session=session)
        note(session, access, raw, "create", roles=names_of_roles(raw["roles"]), ends_on=raw["ends_on"])

    in_transaction(work)
    return raw, key


def list_keys(access: Access) -> list[Raw]:
    """Every key there is or was, the newest first. Raises NotAllowed."""
    require_administrator(access)
    return list(ApiKey._get_collection().find().sort("_id", -1))


def get_key(access: Access, key_id: Any) -> Raw:
    """Raises NotAllowed, RecordNotFound."""
    require_administrator(access)
    raw = ApiKey._get_collection().find_one({"_id": object_id("api_key", key_id)})
    if raw is None:
        raise RecordNotFound("api_key", key_id)
    return raw


def revoke_key(access: Access, key_id: Any) -> Raw:
    """Have a key open nothing any more, which can't be undone; returns it. Raises NotAllowed, RecordNotFound."""
    raw = get_key(access, key_id)

    def work(session: ClientSession) -> None:
        good = {"_id": raw["_id"], "revoked_at": None}
        done = ApiKey._get_collection().update_one(good, {"$set": {"revoked_at": now()}}, session=session)
        if done.modified_count:
            note(session, access, raw, "delete")

    in_transaction(work)
    return get_key(access, key_id)


def note(session: ClientSession, access: Access, raw: Raw, action: str, **details: Any) -> None:
    target = {"register": "api_key", "id": raw["_id"], "name": f"{raw['name']} ({raw['shown']}…)"}
    write(session, What.API_KEY_CHANGED, access.user_id, target=target, details={"action": action, **details})


def names_of_roles(ids: list[ObjectId]) -> list[str]:
    return [role.name for role in Role.objects(pk__in=ids).only("name")]


# Checking what was sent


def cleaned_key(data: Mapping[str, Any]) -> Raw:
    """The parts of a new key as they are kept. Raises ValidationFailed."""
    cleaners = {"name": clean_name, "roles": clean_roles, "owner": clean_owner, "ends_on": clean_end}
    values: Raw = {}
    errors: dict[str, list[Any]] = {}
    for column, clean in cleaners.items():
        try:
            values[column] = clean(data.get(column))
        except FieldError as error:
            errors[column] = [error.message]
    if not errors and not may_administer(values["owner"]) and ADMIN_ROLE in names_of_roles(values["roles"]):
        errors["roles"] = [_l("Only a key of an administrator's may administer. Choose another owner or other roles.")]
    if errors:
        raise ValidationFailed(errors)
    return values


def clean_name(raw: Any) -> str:
    text = raw.strip() if isinstance(raw, str) else ""
    if not text:
        raise FieldError(_l("This is required."))
    if len(text) > LONGEST_NAME or not is_storable_text(text):
        raise FieldError(_l("At most %(max)s characters of plain text.", max=LONGEST_NAME))
    return text


def clean_roles(raw: Any) -> list[ObjectId]:
    ids = clean_references(Role, raw if isinstance(raw, (list, tuple)) else ())
    if not ids:
        raise FieldError(_l("Choose at least one role: a key may do what its roles allow."))
    if "Public" in names_of_roles(ids):
        raise FieldError(_l("Choose from the list."))
    return ids


def clean_owner(raw: Any) -> ObjectId:
    (owner,) = clean_references(User, [raw]) if raw else (None,)
    if owner is None or not User.objects(pk=owner, active=True).count():
        raise FieldError(_l("Choose a user who may sign in: what the key makes is theirs."))
    return owner


def clean_end(raw: Any) -> dt.datetime | None:
    if not raw:
        return None
    try:
        day = parse_date(str(raw))
    except ValueError as error:
        raise FieldError(_l("Give a day, such as 31.12.2024 or 2024-12-31.")) from error
    if day < now().date():
        raise FieldError(_l("This day is over. Choose a later one."))
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)


def may_administer(user_id: ObjectId) -> bool:
    user = User.objects(pk=user_id, active=True).first()
    return user is not None and access_for(user).everything


# Using one


def is_good(raw: Mapping[str, Any]) -> bool:
    """Whether the key is neither revoked nor past its last day."""
    ends = raw.get("ends_on")
    return not raw.get("revoked_at") and (ends is None or now() < ends + DAY)


def key_named(text: str) -> Raw | None:
    """The document of a good key, None for what is none."""
    if not text.startswith(PREFIX) or len(text) > LONGEST_KEY:
        return None
    raw = ApiKey._get_collection().find_one({"digest": digest_of(text)})
    return raw if raw is not None and is_good(raw) else None


def owner_of_key(raw: Mapping[str, Any]) -> User | None:
    """In whose name the key works; None where they may not sign in any more."""
    return User.objects(pk=raw["owner"], active=True).first()


def access_of_key(raw: Mapping[str, Any], owner: User, language: str = "") -> Access:
    """What the key may do now: what its roles grant, "own" being its owner's. It administers as long as its owner does.
    """
    roles = [role for role in Role.objects(pk__in=raw["roles"])
             if role.name != ADMIN_ROLE or access_for(owner).everything]  # fmt: skip
    return replace(access_of(owner, roles, language), key_id=raw["_id"])


def access_by_key(key_id: ObjectId, language: str = "") -> Access:
    """What the key of this id may do now; nothing where it is not good any more."""
    raw = ApiKey._get_collection().find_one({"_id": key_id})
    owner = owner_of_key(raw) if raw is not None and is_good(raw) else None
    if raw is None or owner is None:
        return Access(language=language or "en")
    return access_of_key(raw, owner, language)


def note_use(raw: Mapping[str, Any]) -> None:
    """Note now and then that the key is in use."""
    moment, used = now(), raw.get("used_at")
    if used is None or moment - used >= NOTED_EVERY:
        ApiKey._get_collection().update_one({"_id": raw["_id"]}, {"$set": {"used_at": moment}})
