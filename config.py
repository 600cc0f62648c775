"""Every setting of Kortisto: its environment variable, its default, one line of help.

Nothing else reads the environment. `docs/settings.md` describes the same table to administrators, and a test holds
the two together.
"""

import json
import os
import secrets
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

PROJECT_ROOT = Path(__file__).resolve().parent
VERSION: str = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
DATABASE_NAME = "kortisto"
SHORTEST_SECRET_KEY = 32
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class SettingsError(ValueError):
    """One or more settings have values that can't be used; the text lists every one with what to set."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Setting:
    """One row of the table: `parse` turns the environment's text into the value or raises ValueError saying what to
    set; `default` is such a text too."""

    name: str
    env: str
    default: str
    help: str
    parse: Callable[[str], Any]


@dataclass(frozen=True)
class Settings:
    """The values the processes run with; one attribute for each row of SETTINGS."""

    host: str
    port: int
    trusted_proxies: int
    data_dir: Path
    mongodb_uri: str
    broker_url: str
    public_url: str
    secret_key: str
    web_workers: int
    web_threads: int
    log_level: str
    max_upload_mb: int
    max_file_mb: int
    program_files: bool
    api_per_minute: int
    query_seconds: int
    smtp_url: str
    mail_from: str
    mail_per_minute: int
    sms_url: str
    sms_per_minute: int
    ldap_url: str
    ldap_tls: bool
    ldap_search: str
    ldap_filter: str
    ldap_user_field: str
    ldap_group_field: str
    ldap_bind_user: str
    ldap_bind_password: str
    oidc_issuer: str
    oidc_client_id: str
    oidc_client_secret: str
    oidc_name: str
    oidc_scopes: str
    oidc_groups_claim: str
    oidc_unverified_email: bool
    outside_users: bool
    outside_roles: dict[str, list[str]]
    local_passwords: str

    @property
    def address(self) -> str:
        """The URL people open: the public one where it is set, else that of the listening socket."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"


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


SETTINGS: tuple[Setting, ...] = (
    Setting("host", "KORTISTO_HOST", "127.0.0.1", "Address the web server listens on.", parse_host),
    Setting("port", "KORTISTO_PORT", "8080", "Port the web server listens on.", whole_number(1, 65535)),
    Setting(
        "trusted_proxies",
        "KORTISTO_TRUSTED_PROXIES",
        "0",
        "How many reverse proxies stand in front; that many X-Forwarded entries are believed.",
        whole_number(0, 10),
    ),
    Setting(
        "data_dir",
        "KORTISTO_DATA_DIR",
        "./data",
        "Folder of the embedded database, the logs and the generated keys; relative to the project's root.",
        parse_folder,
    ),
    Setting(
        "mongodb_uri",
        "KORTISTO_MONGODB_URI",
        "",
        "MongoDB replica set to use, 6.0 or newer; empty starts the embedded one.",
        parse_mongodb_uri,
    ),
    Setting(
        "broker_url",
        "KORTISTO_BROKER_URL",
        "",
        "Celery broker, such as Redis or RabbitMQ; empty uses the same MongoDB.",
        parse_broker_url,
    ),
    Setting(
        "public_url",
        "KORTISTO_PUBLIC_URL",
        "",
        "Address people open, used in links; cookies are Secure when it is https.",
        parse_public_url,
    ),
    Setting(
        "secret_key",
        "KORTISTO_SECRET_KEY",
        "",
        "Key that signs sessions and tokens; empty generates one into the data folder.",
        parse_secret_key,
    ),
    Setting("web_workers", "KORTISTO_WEB_WORKERS", "2", "Web server processes.", whole_number(1, 64)),
    Setting("web_threads", "KORTISTO_WEB_THREADS", "4", "Threads of each web server process.", whole_number(1, 64)),
    Setting(
        "log_level",
        "KORTISTO_LOG_LEVEL",
        "INFO",
        "How much is logged: DEBUG, INFO, WARNING or ERROR.",
        parse_log_level,
    ),
    Setting(
        "max_upload_mb",
        "KORTISTO_MAX_UPLOAD_MB",
        "50",
        "Largest request, files included, in megabytes.",
        whole_number(1, 2048),
    ),
    Setting(
        "max_file_mb",
        "KORTISTO_MAX_FILE_MB",
        "2048",
        "Largest file of a document, in megabytes; it is streamed and takes no memory.",
        whole_number(1, 1_048_576),
    ),
    Setting(
        "program_files",
        "KORTISTO_PROGRAM_FILES",
        "refuse",
        "Programs among documents (.exe, .js, .bat and what else runs): refuse or store.",
        one_of({"refuse": False, "store": True}),
    ),
    Setting(
        "api_per_minute",
        "KORTISTO_API_PER_MINUTE",
        "1200",
        "How many REST calls a user or an API key may make in a minute; 0 is any number.",
        whole_number(0, 1_000_000),
    ),
    Setting(
        "query_seconds",
        "KORTISTO_QUERY_SECONDS",
        "10",
        "Time limit of one database query, in seconds.",
        whole_number(1, 600),
    ),
    Setting(
        "smtp_url",
        "KORTISTO_SMTP_URL",
        "",
        "Server that e-mail is sent by, smtp://user:password@host:587 or smtps://…; while it is empty, messages wait.",
        parse_smtp_url,
    ),
    Setting(
        "mail_from",
        "KORTISTO_MAIL_FROM",
        "",
        "Address that e-mail comes from; empty is kortisto@ the host people open.",
        parse_address,
    ),
    Setting(
        "mail_per_minute",
        "KORTISTO_MAIL_PER_MINUTE",
        "0",
        "How many e-mails of mailings are sent in a minute at most; 0 is as many as the server takes.",
        whole_number(0, 100_000),
    ),
    Setting(
        "sms_url",
        "KORTISTO_SMS_URL",
        "",
        "Apprise URL of the service that SMS are sent by, with {to} for the number; while it is empty, SMS wait.",
        parse_sms_url,
    ),
    Setting(
        "sms_per_minute",
        "KORTISTO_SMS_PER_MINUTE",
        "0",
        "How many SMS of mailings are sent in a minute at most; 0 is as many as the service takes.",
        whole_number(0, 100_000),
    ),
    Setting(
        "ldap_url",
        "KORTISTO_LDAP_URL",
        "",
        "Directory (LDAP) whose users log in with its passwords, ldaps://host or ldap://host; empty uses none.",
        parse_ldap_url,
    ),
    Setting(
        "ldap_tls",
        "KORTISTO_LDAP_TLS",
        "require",
        "Encryption of ldap:// (StartTLS): require, or none for a server on this very machine.",
        one_of({"require": True, "none": False}),
    ),
    Setting(
        "ldap_search",
        "KORTISTO_LDAP_SEARCH",
        "",
        "Where in the directory users are, such as ou=people,dc=example,dc=com.",
        parse_text,
    ),
    Setting(
        "ldap_filter",
        "KORTISTO_LDAP_FILTER",
        "(objectClass=person)",
        "Which entries there are users.",
        parse_ldap_filter,
    ),
    Setting(
        "ldap_user_field",
        "KORTISTO_LDAP_USER_FIELD",
        "uid",
        "Attribute with the user name; sAMAccountName in Active Directory.",
        parse_ldap_name,
    ),
    Setting(
        "ldap_group_field",
        "KORTISTO_LDAP_GROUP_FIELD",
        "memberOf",
        "Attribute with the groups of a user.",
        parse_ldap_name,
    ),
    Setting(
        "ldap_bind_user",
        "KORTISTO_LDAP_BIND_USER",
        "",
        "Name (DN) by which users are looked for; empty does so as nobody.",
        parse_text,
    ),
    Setting("ldap_bind_password", "KORTISTO_LDAP_BIND_PASSWORD", "", "Its password.", parse_text),
    Setting(
        "oidc_issuer",
        "KORTISTO_OIDC_ISSUER",
        "",
        "Provider of OpenID Connect whose users log in there, by its issuer, https://…; empty uses none.",
        parse_issuer,
    ),
    Setting("oidc_client_id", "KORTISTO_OIDC_CLIENT_ID", "", "What the provider knows Kortisto by.", parse_text),
    Setting("oidc_client_secret", "KORTISTO_OIDC_CLIENT_SECRET", "", "The secret that goes with it.", parse_text),
    Setting(
        "oidc_name",
        "KORTISTO_OIDC_NAME",
        "OpenID Connect",
        "What the provider is called on the login page.",
        parse_text,
    ),
    Setting(
        "oidc_scopes",
        "KORTISTO_OIDC_SCOPES",
        "openid email profile",
        "What the provider is asked for.",
        parse_text,
    ),
    Setting(
        "oidc_groups_claim",
        "KORTISTO_OIDC_GROUPS_CLAIM",
        "groups",
        "What the provider tells of a user's groups.",
        parse_text,
    ),
    Setting(
        "oidc_unverified_email",
        "KORTISTO_OIDC_UNVERIFIED_EMAIL",
        "refuse",
        "E-mail addresses that the provider does not call verified: refuse, or accept from one that never says.",
        one_of({"refuse": False, "accept": True}),
    ),
    Setting(
        "outside_users",
        "KORTISTO_OUTSIDE_USERS",
        "known",
        "Who may log in by LDAP or OpenID Connect: known users only, or add whoever comes as a user.",
        one_of({"known": False, "add": True}),
    ),
    Setting(
        "outside_roles",
        "KORTISTO_OUTSIDE_ROLES",
        "{}",
        "Groups of LDAP or OpenID Connect and the roles that they give, as JSON.",
        parse_outside_roles,
    ),
    Setting(
        "local_passwords",
        "KORTISTO_LOCAL_PASSWORDS",
        "administrators",
        "Whose passwords of Kortisto's own are good beside LDAP or OpenID Connect: administrators or everybody.",
        one_of({"administrators": "administrators", "everybody": "everybody"}),
    ),
)


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the table from `environ`; an empty variable counts as unset.

    Raises SettingsError naming every wrong value with what to set instead.
    """
    values: dict[str, Any] = {}
    problems = []
    for setting in SETTINGS:
        text = environ.get(setting.env, "").strip() or setting.default
        try:
            values[setting.name] = setting.parse(text)
        except ValueError as error:
            problems.append(f"{setting.env}: {error}.")
    problems += missing_beside(values)
    if problems:
        raise SettingsError(problems)
    return Settings(**values)


def missing_beside(values: Mapping[str, Any]) -> list[str]:
    """Settings that others can't do without."""
    problems = []
    if values.get("ldap_url") and not values.get("ldap_search"):
        problems.append("KORTISTO_LDAP_SEARCH: set where in the directory users are.")
    if values.get("oidc_issuer"):
        if not values.get("oidc_client_id"):
            problems.append("KORTISTO_OIDC_CLIENT_ID: set what the provider knows Kortisto by.")
        if "openid" not in str(values.get("oidc_scopes")).split():
            problems.append("KORTISTO_OIDC_SCOPES: set openid among the scopes.")
    return problems


def random_secret() -> str:
    """256 random bits in hexadecimal digits."""
    return secrets.token_hex(32)


def kept_secret(path: Path, make: Callable[[], str] = random_secret) -> str:
    """The secret kept in the file `path`, a new one if there is none yet; mode 0600.

    Two processes asking at the same moment get the same secret: only one of them can link its file into place.
    Raises OSError where the folder can't be written.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def secret_key(settings: Settings) -> str:
    """The key that signs sessions and tokens: the one set, else the one generated into the data folder."""
    return settings.secret_key or kept_secret(settings.data_dir / "secret_key")


def flask_config(settings: Settings, mongodb_uri: str) -> dict[str, Any]:
    """The configuration of Flask and its extensions for these settings and this database (a URI with its name)."""
    key = secret_key(settings)
    secure = settings.public_url.startswith("https://")
    return {
        "SECRET_KEY": key,
        "MAX_CONTENT_LENGTH": settings.max_upload_mb * 1024 * 1024,
        "MAX_FILE_LENGTH": settings.max_file_mb * 1024 * 1024,
        "PROGRAM_FILES": settings.program_files,
        **_cookie_config(secure),
        **_language_config(),
        **_appbuilder_config(),
        **_outside_config(settings),
        **_rate_limit_config(mongodb_uri),
        "API_PER_MINUTE": settings.api_per_minute,
        # A form left open over lunch is still good: its token lives as long as the session.
        "WTF_CSRF_TIME_LIMIT": None,
        # The Referer check compares with the host of the request, which only https proxies get right.
        "WTF_CSRF_SSL_STRICT": secure,
        "JWT_SECRET_KEY": key,
        "JWT_TOKEN_LOCATION": ["headers"],
        "JWT_ACCESS_TOKEN_EXPIRES": timedelta(hours=1),
        "JWT_REFRESH_TOKEN_EXPIRES": timedelta(days=30),
    }


def _cookie_config(secure: bool) -> dict[str, Any]:
    return {
        # With the prefix, browsers take the cookie from this very host by https alone.
        "SESSION_COOKIE_NAME": "__Host-kortisto_session" if secure else "kortisto_session",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": secure,
        "REMEMBER_COOKIE_HTTPONLY": True,
        "REMEMBER_COOKIE_SAMESITE": "Lax",
        "REMEMBER_COOKIE_SECURE": secure,
        "PERMANENT_SESSION_LIFETIME": timedelta(days=14),
        "PREFERRED_URL_SCHEME": "https" if secure else "http",
    }


def _language_config() -> dict[str, Any]:
    return {
        "LANGUAGES": {"en": {"flag": "gb", "name": "English"}, "fi": {"flag": "fi", "name": "Suomi"}},
        "BABEL_DEFAULT_LOCALE": "en",
        "BABEL_TRANSLATION_DIRECTORIES": str(PROJECT_ROOT / "translations"),
    }


def _appbuilder_config() -> dict[str, Any]:
    return {
        "APP_NAME": "Kortisto",
        "AUTH_RATE_LIMITED": True,
        "AUTH_RATE_LIMIT": "10 per minute",
        "FAB_ADD_SECURITY_VIEWS": True,
        # The menu is for pages; a program has no use for it.
        "FAB_ADD_MENU_API": False,
        "FAB_API_MAX_PAGE_SIZE": 1000,
        # models.api_keys.PREFIX: a bearer that begins so is a key, any other a token.
        "FAB_API_KEY_ENABLED": True,
        "FAB_API_KEY_PREFIXES": ["kortisto_"],
        # Permissions are written once, by run.py, not by every process that starts.
        "FAB_UPDATE_PERMS": False,
    }


#: AUTH_DB, AUTH_LDAP and AUTH_OAUTH of flask_appbuilder.const.
OWN_PASSWORDS, BY_LDAP, BY_OAUTH = 1, 2, 4
#: Seconds that a directory or a provider has for an answer.
OUTSIDE_TIMEOUT = 10


def _outside_config(settings: Settings) -> dict[str, Any]:
    """Logging in from outside, by the names that Flask-AppBuilder has for it. Its kinds exclude each other and ours do
    not: what is set decides, and the kind only has Flask-AppBuilder make its OAuth clients."""
    return {
        "AUTH_TYPE": BY_OAUTH if settings.oidc_issuer else BY_LDAP if settings.ldap_url else OWN_PASSWORDS,
        "AUTH_USER_REGISTRATION": settings.outside_users,
        "AUTH_ROLES_MAPPING": settings.outside_roles,
        "AUTH_ROLES_SYNC_AT_LOGIN": True,
        "AUTH_LDAP_SERVER": settings.ldap_url,
        "AUTH_LDAP_USE_TLS": settings.ldap_tls and settings.ldap_url.startswith("ldap://"),
        "AUTH_LDAP_SEARCH": settings.ldap_search,
        "AUTH_LDAP_SEARCH_FILTER": settings.ldap_filter,
        "AUTH_LDAP_UID_FIELD": settings.ldap_user_field,
        "AUTH_LDAP_GROUP_FIELD": settings.ldap_group_field,
        "AUTH_LDAP_BIND_USER": settings.ldap_bind_user,
        "AUTH_LDAP_BIND_PASSWORD": settings.ldap_bind_password,
        "OAUTH_PROVIDERS": [_openid_provider(settings)] if settings.oidc_issuer else [],
        "OIDC_ISSUER": settings.oidc_issuer,
        "OIDC_NAME": settings.oidc_name,
        "OIDC_GROUPS_CLAIM": settings.oidc_groups_claim,
        "OIDC_UNVERIFIED_EMAIL": settings.oidc_unverified_email,
        "LOCAL_PASSWORDS": settings.local_passwords,
    }


def _openid_provider(settings: Settings) -> dict[str, Any]:
    return {
        "name": "openid",
        "token_key": "access_token",
        "remote_app": {
            "client_id": settings.oidc_client_id,
            "client_secret": settings.oidc_client_secret or None,
            "server_metadata_url": f"{settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration",
            "client_kwargs": {"scope": settings.oidc_scopes, "code_challenge_method": "S256",
                              "default_timeout": OUTSIDE_TIMEOUT},
        },
    }  # fmt: skip


def _rate_limit_config(mongodb_uri: str) -> dict[str, Any]:
    """Limits are counted in the database, so that they hold over all web processes."""
    return {
        # AUTH_RATE_LIMITED does nothing without this switch.
        "RATELIMIT_ENABLED": True,
        # The scheme of app.rate_limits: the database's own connection.
        "RATELIMIT_STORAGE_URI": "connected://",
        "RATELIMIT_STORAGE_OPTIONS": {
            "database_name": urlsplit(mongodb_uri).path.strip("/") or DATABASE_NAME,
            "counter_collection_name": "rate_limit_counters",
            "window_collection_name": "rate_limit_windows",
        },
    }
