"""The configuration of Flask and its extensions."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from config.place import DATABASE_NAME, PROJECT_ROOT
from config.secret import secret_key
from config.settings import Settings


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
