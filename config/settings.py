"""The settings as the processes run with them, read from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.table import SETTINGS


class SettingsError(ValueError):
    """One or more settings have values that can't be used; the text lists every one with what to set."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


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
