"""Asking a directory (LDAP) who somebody is: it is searched for the user name, and asked for the password of what was
found. Imported where a directory is set alone: the library takes ten megabytes."""

import logging
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask import current_app
from ldap3 import NONE, SIMPLE, SUBTREE, Connection, Server, Tls
from ldap3.core.exceptions import LDAPException
from ldap3.core.results import RESULT_INVALID_CREDENTIALS, RESULT_SUCCESS
from ldap3.utils.conv import escape_filter_chars

from config import OUTSIDE_TIMEOUT
from services.outside_users import Outsider, OutsideUnreachable

log = logging.getLogger(__name__)
NAMES = {"first_name": "givenName", "last_name": "sn", "email": "mail"}


class CheckedTls(Tls):
    """TLS with a certificate that the system knows, of the very host that was asked for."""

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        context = ssl.create_default_context()
        connection.socket = context.wrap_socket(connection.socket, server_hostname=connection.server.host,
                                                do_handshake_on_connect=do_handshake)  # fmt: skip


def find_in_directory(name: str, password: str) -> Outsider | None:
    """The user of the directory with this name and password; None where there is none. Raises OutsideUnreachable."""
    # With an empty password a directory lets anybody in, as nobody.
    if not name or not password or "\x00" in name + password:
        return None
    config = current_app.config
    try:
        with bound(config["AUTH_LDAP_BIND_USER"], config["AUTH_LDAP_BIND_PASSWORD"]) as connection:
            if connection is None:
                log.error("KORTISTO_LDAP_BIND_USER and its password are not good for the directory")
                raise OutsideUnreachable
            entry = found_entry(connection, name)
        if entry is None:
            return None
        with bound(entry["dn"], password) as connection:
            return None if connection is None else outsider_of(entry)
    except (LDAPException, OSError) as problem:
        log.error("the directory could not be asked: %s", problem)
        raise OutsideUnreachable from problem


@contextmanager
def bound(user: str, password: str) -> Iterator[Connection | None]:
    """A connection as this user (as nobody, for ""); None where the password is wrong. Raises LDAPException."""
    config = current_app.config
    server = Server(config["AUTH_LDAP_SERVER"], get_info=NONE, connect_timeout=OUTSIDE_TIMEOUT,
                    tls=CheckedTls(validate=ssl.CERT_REQUIRED))  # fmt: skip
    who = {"user": user, "password": password, "authentication": SIMPLE} if user else {}
    connection = Connection(server, receive_timeout=OUTSIDE_TIMEOUT, read_only=True, auto_referrals=False,
                            check_names=False, **who)  # fmt: skip
    try:
        connection.open()
        if config["AUTH_LDAP_USE_TLS"]:
            connection.start_tls()
        yield connection if is_let_in(connection) else None
    finally:
        try:
            connection.unbind()
        finally:
            # The library leaves it open where it could not connect, or not say goodbye.
            if connection.socket is not None:
                connection.socket.close()


def is_let_in(connection: Connection) -> bool:
    if connection.bind():
        return True
    if connection.result["result"] != RESULT_INVALID_CREDENTIALS:
        raise LDAPException(f"{connection.result['description']}: {connection.result['message']}")
    return False


def found_entry(connection: Connection, name: str) -> Mapping[str, Any] | None:
    """The one entry with this user name."""
    config = current_app.config
    user_field, group_field = config["AUTH_LDAP_UID_FIELD"], config["AUTH_LDAP_GROUP_FIELD"]
    wanted = f"(&{config['AUTH_LDAP_SEARCH_FILTER']}({user_field}={escape_filter_chars(name)}))"
    connection.search(config["AUTH_LDAP_SEARCH"], wanted, SUBTREE, time_limit=OUTSIDE_TIMEOUT,
                      attributes=[user_field, group_field, *NAMES.values()])  # fmt: skip
    if connection.result["result"] != RESULT_SUCCESS:
        raise LDAPException(f"{connection.result['description']}: {connection.result['message']}")
    entries = [one for one in connection.response if one["type"] == "searchResEntry"]
    if len(entries) > 1:
        log.error("the directory has several users of one name: none of them is let in")
    return entries[0] if len(entries) == 1 else None


def outsider_of(entry: Mapping[str, Any]) -> Outsider:
    config = current_app.config
    username = next(iter(texts_of(entry, config["AUTH_LDAP_UID_FIELD"])), "")
    names = {column: next(iter(texts_of(entry, attribute)), "") for column, attribute in NAMES.items()}
    return Outsider(
        place="ldap", subject=username.casefold(), told_by="username", username=username, email=names["email"],
        first_name=names["first_name"] or username, last_name=names["last_name"] or username,
        groups=frozenset(texts_of(entry, config["AUTH_LDAP_GROUP_FIELD"])),
    )  # fmt: skip


def texts_of(entry: Mapping[str, Any], attribute: str) -> list[str]:
    """An attribute's values; directories write its name with whatever capitals."""
    found = next((values for name, values in entry["raw_attributes"].items()
                  if name.casefold() == attribute.casefold()), ())  # fmt: skip
    return [value.decode("utf-8", "replace") for value in found or ()]
