"""Passwords: how they are kept (Argon2id), and which ones are too weak to be chosen."""

from functools import cache
from pathlib import Path
from typing import Any

import argon2
from flask_babel import lazy_gettext as _l

SHORTEST = 10
#: Hashing takes time with the length; nobody types more.
LONGEST = 200
COMMON_FILE = Path(__file__).with_name("common_passwords.txt")


class Hashing:
    """The hasher of this process; tests put a quicker one in its place."""

    hasher = argon2.PasswordHasher()


def hash_password(password: str) -> str:
    return Hashing.hasher.hash(password)


def is_password(hashed: str | None, password: str) -> bool:
    """Whether the password is right; an account without one takes as long as a wrong password."""
    try:
        return Hashing.hasher.verify(hashed or hash_of_nothing(), password) and bool(hashed)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError, UnicodeEncodeError):
        return False


@cache
def hash_of_nothing() -> str:
    """The hash of no password, made once in a process."""
    return hash_password("no such account")


@cache
def common_passwords() -> frozenset[str]:
    """Passwords that everybody tries first, and the words they are made of, in small letters: our own of here, and the
    30,000 of zxcvbn's list, counted in what was stolen elsewhere."""
    # Four megabytes that only those need who choose a password.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(COMMON_FILE.read_text(encoding="utf-8").split()) | frozenset(FREQUENCY_LISTS["passwords"])


def check_new_password(password: str, username: str, column: str = "password") -> dict[str, list[Any]]:
    """What is wrong with a password somebody wants, as {column: [message]}; empty where nothing is."""
    message = weakness(password, username)
    return {column: [message]} if message else {}


def check_repeated(password: str, repeated: str) -> dict[str, list[Any]]:
    return {} if password == repeated else {"repeated": [_l("The two differ. Type the new password twice.")]}


def weakness(password: str, username: str) -> Any:
    """Why the password is too weak, None where it is not."""
    plain, name = password.casefold(), username.casefold()
    if len(password) < SHORTEST:
        return _l("Use at least %(count)s characters. A few words in a row are easy to remember.", count=SHORTEST)
    if len(password) > LONGEST:
        return _l("Use at most %(count)s characters.", count=LONGEST)
    if any("\ud800" <= sign <= "\udfff" for sign in password):
        return _l("This holds characters that can't be kept. Type it again.")
    if (name and plain.replace(name, "", 1) in ("", name)) or (len(name) > 3 and core_of(plain) == name):
        return _l("The password must not be the user name.")
    if plain in common_passwords() or core_of(plain) in common_passwords() or len(set(plain)) < 4:
        return _l("This password is among the first ones that anybody tries. Choose another.")
    return None


def core_of(plain: str) -> str:
    """What is left without the digits and signs around it: "password2024!" is "password" still."""
    signs = "".join({sign for sign in plain if not sign.isalpha()})
    return plain.strip(signs) if signs else plain
