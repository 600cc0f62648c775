"""Inviting several users at once: a name, an e-mail address and a role each; all of them or none."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from models.changes import Source
from models.fields.errors import ValidationFailed
from models.organisation import organisation
from models.rights import Access
from models.security import User
from models.transactions import in_transaction
from services.invited_users import require_mail, send_invitation
from services.security import insert_noted, require_administrator
from services.users import DEFAULT_TIME_ZONE, IGNORING_CASE, new_user, taken

Raw = dict[str, Any]
#: So many at once: more come by LDAP or OpenID Connect, or in several goes.
MOST_AT_ONCE = 50
PARTS = ("name", "email", "role")
LONGEST_USERNAME = 64


def invite_several(access: Access, rows: Sequence[Mapping[str, str]]) -> list[Raw]:
    """Add the users of the rows ({name, email, role: id or ""}) and send each an invitation; empty rows are passed
    over. Answers the users. Raises NotAllowed, ValidationFailed by part and place of the row ("email_0")."""
    require_administrator(access)
    require_mail()
    typed = {place: row for place, row in enumerate(rows) if any(row.get(part, "").strip() for part in PARTS[:2])}
    if not typed:
        raise ValidationFailed({"": [_l("Type a name and an e-mail address first.")]})
    if len(typed) > MOST_AT_ONCE:
        raise ValidationFailed({"": [_l("Invite at most %(max)s at once.", max=MOST_AT_ONCE)]})
    users = new_users(access, typed)

    def work(session: ClientSession) -> None:
        for user in users:
            insert_noted(session, access, "user", user, Source.SCREEN)
            send_invitation(session, access, user)

    try:
        in_transaction(work)
    except DuplicateKeyError as error:
        raise taken(error) from error
    return users


def new_users(access: Access, typed: Mapping[int, Mapping[str, str]]) -> list[Raw]:
    """A user as a document for each row. Raises ValidationFailed with all that is wrong."""
    names = usernames([row.get("email", "") for row in typed.values()])
    wrong: dict[str, list[Any]] = {}
    users: list[Raw] = []
    for (place, row), username in zip(typed.items(), names, strict=True):
        first, last = split_name(row.get("name", ""))
        data = {"username": username, "first_name": first, "last_name": last, "email": row.get("email", "").strip(),
                "language": organisation().language, "time_zone": access.home_zone or DEFAULT_TIME_ZONE,
                "roles": [row["role"]] if row.get("role") else []}  # fmt: skip
        errors = own_errors(row, last, data["email"], [user["email"] for user in users])
        try:
            users.append(new_user(access, data, errors))
        except ValidationFailed as error:
            wrong |= {f"{part}_{place}": texts for part, texts in by_part(error.errors).items()}
    if wrong:
        raise ValidationFailed(wrong)
    return users


def own_errors(row: Mapping[str, str], last: str, email: str, before: Iterable[str]) -> dict[str, list[Any]]:
    """What a row lacks that a user by itself may."""
    errors: dict[str, list[Any]] = {}
    if not last:
        errors["last_name"] = [_l("Give the first and the last name.")]
    if not row.get("role"):
        errors["roles"] = [_l("Choose a role.")]
    if email.casefold() in {other.casefold() for other in before}:
        errors["email"] = [_l("This address is here twice.")]
    return errors


def by_part(errors: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """The errors of a user's columns at the parts of its row, the first one of each."""
    parts = {"first_name": "name", "last_name": "name", "roles": "role"}
    found: dict[str, list[Any]] = {}
    for column, texts in errors.items():
        found.setdefault(parts.get(column, "email"), texts[:1])
    return found


def split_name(typed: str) -> tuple[str, str]:
    """(first names, last name): "Aino Maria Lehtonen" is called Lehtonen; "Lehtonen, Aino" too."""
    last, comma, first = typed.partition(",")
    if comma:
        return " ".join(first.split()), " ".join(last.split())
    words = typed.split()
    return (" ".join(words[:-1]), words[-1]) if len(words) > 1 else (" ".join(words), "")


def usernames(addresses: Iterable[str]) -> Iterator[str]:
    """A user name for each address, made of what stands before its @; with a number behind it where somebody has it."""
    given: set[str] = set()
    for address in addresses:
        wanted = plain(address.partition("@")[0]) or "user"
        name = next(name for name in candidates(wanted) if name not in given and not is_taken(name))
        given.add(name)
        yield name


def candidates(wanted: str) -> Iterator[str]:
    yield wanted
    yield from (f"{wanted}{number}" for number in range(2, 10_000))


def plain(text: str) -> str:
    """The text in the letters a–z, digits, dots, hyphens and _, as user names usually are."""
    letters = unicodedata.normalize("NFKD", text.strip().casefold())
    return re.sub(r"[^a-z0-9._-]+", "", letters)[: LONGEST_USERNAME - 4].strip("._-")


def is_taken(name: str) -> bool:
    same = {"$or": [{"username": name}, {"email": name}]}
    return User._get_collection().find_one(same, {"_id": 1}, collation=IGNORING_CASE) is not None
