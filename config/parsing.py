"""The environment's texts as values: each function raises ValueError with what to set instead."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from config.place import PROJECT_ROOT

SHORTEST_SECRET_KEY = 32
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def parse_text(text: str) -> str:
    return text


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """A parser of whole numbers from `least` to `most`."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise ValueError(f"set a whole number from {least} to {most}")
        return int(text)

    return parse


def one_of(values: Mapping[str, Any]) -> Callable[[str], Any]:
    """A parser of one of some words, each with the value that it stands for."""

    def parse(text: str) -> Any:
        if text not in values:
            raise ValueError("set " + " or ".join(values))
        return values[text]

    return parse


def parse_host(text: str) -> str:
    if not text or any(mark in text for mark in "/ []"):
        raise ValueError("set a host name or an IP address, such as 127.0.0.1 or 0.0.0.0")
    return text


def parse_folder(text: str) -> Path:
    """A folder; a relative one stands in the project's root, so that every command finds the same one."""
    return PROJECT_ROOT.joinpath(Path(text).expanduser()).resolve()


def parse_mongodb_uri(text: str) -> str:
    """Check what can be checked without the network: an address by DNS (mongodb+srv) is left to the first use."""
    if text.startswith("mongodb+srv://") or not text:
        return text
    try:
        parse_uri(text)
    except (PyMongoError, ValueError) as error:
        raise ValueError(f"set a MongoDB URI such as mongodb://host:27017/kortisto?replicaSet=rs0 ({error})") from error
    return text


def parse_broker_url(text: str) -> str:
    if text and "://" not in text:
        raise ValueError("set a Celery broker URL such as redis://host:6379/0 or amqp://user:password@host//")
    return text


def parse_public_url(text: str) -> str:
    """The root of the site as its users see it, without a slash at the end."""
    parts = urlsplit(text.rstrip("/"))
    if text and (parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query):
        raise ValueError("set http://host or https://host, with a port if it needs one and without a path")
    return text.rstrip("/")


def parse_secret_key(text: str) -> str:
    if text and len(text) < SHORTEST_SECRET_KEY:
        raise ValueError(f"set at least {SHORTEST_SECRET_KEY} random characters, or nothing to have a key generated")
    return text


def parse_smtp_url(text: str) -> str:
    """The server that e-mail is sent by; the text is never repeated in the message, for it holds a password."""
    try:
        parts = urlsplit(text)
        # Reading the port checks it.
        good = parts.scheme in ("smtp", "smtps") and parts.hostname and parts.port != 0
    except ValueError:
        good = None
    if text and (not good or parts.path.strip("/") or parts.query):
        raise ValueError("set smtp://user:password@host:587 or smtps://user:password@host:465, "
                         "with other signs than letters and digits in the password as %40 and the like")  # fmt: skip
    return text


def parse_address(text: str) -> str:
    """One bare e-mail address, or nothing."""
    name, at, host = text.rpartition("@")
    if text and not (name and at and host and text.isascii() and not any(sign in text for sign in " <>,;\"")):
        raise ValueError("set an e-mail address alone, such as crm@example.com")
    return text


def parse_sms_url(text: str) -> str:
    """The service that SMS are sent by; the text is never repeated in the message, for it holds a key."""
    if text and ("://" not in text or "{to}" not in text):
        raise ValueError("set an Apprise URL with {to} in it, such as d7sms://user:password@{to}")
    return text


def parse_ldap_url(text: str) -> str:
    """The server of the directory."""
    try:
        parts = urlsplit(text)
        # Reading the port checks it.
        good = parts.scheme in ("ldap", "ldaps") and parts.hostname and parts.port != 0
    except ValueError:
        good = None
    if text and (not good or parts.path.strip("/") or parts.query or parts.username):
        raise ValueError("set ldaps://host or ldap://host, with a port if it needs one and nothing else")
    return text.rstrip("/")


def parse_ldap_filter(text: str) -> str:
    if not (text.startswith("(") and text.endswith(")") and text.count("(") == text.count(")")):
        raise ValueError("set an LDAP filter in brackets, such as (objectClass=person)")
    return text


def parse_ldap_name(text: str) -> str:
    """What an attribute of the directory is called: it stands in filters as it is."""
    if not text.replace("-", "").isalnum() or not text.isascii():
        raise ValueError("set the name of an attribute, such as uid or sAMAccountName")
    return text


def parse_issuer(text: str) -> str:
    """The provider of OpenID Connect, word for word as it calls itself: a slash at the end is part of it."""
    parts = urlsplit(text)
    near = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    if text and (not (parts.scheme == "https" or near) or not parts.hostname or parts.query or parts.fragment):
        raise ValueError("set the provider's issuer, such as https://login.example.com/realms/office")
    return text


def parse_outside_roles(text: str) -> dict[str, list[str]]:
    """{group of the directory or the provider: names of roles}; the roles of "*" are everybody's."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(
        isinstance(roles, list) and all(isinstance(role, str) for role in roles) for roles in found.values()
    ):
        raise ValueError('set groups with their roles as JSON, such as {"*": ["Reader"], "sales": ["Sales staff"]}')
    return found


def parse_log_level(text: str) -> str:
    if text.upper() not in LOG_LEVELS:
        raise ValueError("set one of " + ", ".join(LOG_LEVELS))
    return text.upper()
