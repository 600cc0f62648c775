"""Every setting: its environment variable, its default, one line of help, and how its text becomes a value."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from config.parsing import (
    one_of,
    parse_address,
    parse_broker_url,
    parse_folder,
    parse_host,
    parse_issuer,
    parse_ldap_filter,
    parse_ldap_name,
    parse_ldap_url,
    parse_log_level,
    parse_mongodb_uri,
    parse_outside_roles,
    parse_public_url,
    parse_secret_key,
    parse_sms_url,
    parse_smtp_url,
    parse_text,
    whole_number,
)


@dataclass(frozen=True)
class Setting:
    """One row of the table: `parse` turns the environment's text into the value or raises ValueError saying what to
    set; `default` is such a text too."""

    name: str
    env: str
    default: str
    help: str
    parse: Callable[[str], Any]


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
