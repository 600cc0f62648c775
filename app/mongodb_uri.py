"""Putting a database's name into a MongoDB URI without changing who signs in where."""

from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit


def has_database(uri: str) -> bool:
    return bool(urlsplit(uri).path.strip("/"))


def with_database(uri: str, name: str) -> str:
    """The same server with `name` as the default database.

    A URI with a user but without authSource signs in at the database it names, else at admin (connection string
    specification): that choice is written out, because the new name must not change it.
    """
    parts = urlsplit(uri)
    options = parse_qsl(parts.query, keep_blank_values=True)
    if "@" in parts.netloc and "authsource" not in {key.lower() for key, _ in options}:
        options.append(("authSource", parts.path.strip("/") or "admin"))
    return urlunsplit((parts.scheme, parts.netloc, "/" + quote(name, safe=""), urlencode(options), ""))
