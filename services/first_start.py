"""The first start: a code that lets the person who started the server, and nobody else, create the administrator."""

import hmac
from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from models.changes import Source
from models.fields.errors import ValidationFailed
from models.rights import Access
from models.security import ADMIN_ROLE, Role, User
from models.transactions import in_transaction
from services.passwords import check_new_password, check_repeated, hash_password
from services.security import insert_noted, lock_administrators
from services.users import cleaned_user, taken

# Without letters and digits that are mistaken for one another.
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
GROUPS = 3
GROUP_LENGTH = 4
PATH = "/first-start/"


class AlreadyStarted(Exception):
    """There is a user already: the first administrator can be created once only."""


def has_users() -> bool:
    return User._get_collection().find_one({}, {"_id": 1}) is not None


def first_start_code(secret_key: str) -> str | None:
    """The code to print while there is no user yet, None afterwards.

    It is made from the key that signs sessions, which all machines share: the code of one is good at any other.
    Needs the connection to the database.
    """
    if has_users():
        return None
    digest = hmac.digest(secret_key.encode(), b"first start", "sha256")
    letters = [ALPHABET[byte % len(ALPHABET)] for byte in digest[: GROUPS * GROUP_LENGTH]]
    return "-".join("".join(letters[start : start + GROUP_LENGTH]) for start in range(0, len(letters), GROUP_LENGTH))


def accepts_first_start_code(secret_key: str, typed: str) -> bool:
    """Whether `typed` is the code, whatever its case, spaces and hyphens; never once there is a user."""
    code = first_start_code(secret_key)
    return code is not None and hmac.compare_digest(_plain(code).encode(), _plain(typed).encode("utf-8", "replace"))


def create_first_administrator(
    secret_key: str, code: str, data: Mapping[str, Any], password: str, repeated: str
) -> ObjectId:
    """Create the administrator and return its id; of two at the same moment one wins.

    Raises AlreadyStarted, ValidationFailed (`code` among its columns).
    """
    if has_users():
        raise AlreadyStarted
    errors: dict[str, list[Any]] = {}
    if not accepts_first_start_code(secret_key, code):
        errors["code"] = [_l("This is not the code. Copy it from the terminal in which the server was started.")]
    user = cleaned_user(data, errors)
    errors.update(check_new_password(password, user.get("username") or ""))
    errors.update(check_repeated(password, repeated))
    if errors:
        raise ValidationFailed(errors)
    user["password"] = hash_password(password)
    try:
        in_transaction(lambda session: insert_administrator(session, user))
    except DuplicateKeyError as error:
        raise taken(error) from error
    return user["_id"]


def insert_administrator(session: ClientSession, user: dict[str, Any]) -> None:
    """Every first administrator writes to the same role first, so that the second one meets the first one's user."""
    lock_administrators(session)
    if User._get_collection().find_one({}, {"_id": 1}, session=session) is not None:
        raise AlreadyStarted
    role = Role._get_collection().find_one({"name": ADMIN_ROLE}, {"_id": 1}, session=session) or {}
    user["roles"] = [role["_id"]]
    insert_noted(session, Access(user_id=user["_id"], everything=True), "user", user, Source.SCREEN)


def _plain(code: str) -> str:
    return "".join(code.upper().replace("-", " ").split())
