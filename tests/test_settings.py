"""The table of settings, its documentation, and what the processes make of it."""

import re
import stat
from dataclasses import fields
from pathlib import Path

import pytest

from config import PROJECT_ROOT, SETTINGS, Settings, SettingsError, flask_config, kept_secret, load_settings

URI = "mongodb://127.0.0.1:27017/kortisto"


def documented() -> dict[str, str]:
    """Variable and default of every row in docs/settings.md."""
    text = (PROJECT_ROOT / "docs" / "settings.md").read_text()
    return dict(re.findall(r"^\| `(KORTISTO_\w+)` \|\s*`?([^`|]*?)`?\s*\|", text, re.MULTILINE))


#: What developers may set for the tests.
OF_TESTS = {"KORTISTO_TEST_MONGODB_URI", "KORTISTO_FUZZ_SEED", "KORTISTO_FUZZ_EXAMPLES", "KORTISTO_FUZZ_WHOLE"}


def test_settings_documentation_has_every_setting_with_its_default() -> None:
    assert documented() == {setting.env: setting.default for setting in SETTINGS}


@pytest.mark.parametrize("path", sorted(PROJECT_ROOT.glob("*.md")) + sorted((PROJECT_ROOT / "docs").rglob("*.md")))
def test_settings_documentation_names_no_unknown_setting(path: Path) -> None:
    known = {setting.env for setting in SETTINGS} | OF_TESTS
    assert set(re.findall(r"KORTISTO_[A-Z_]+[A-Z]", path.read_text())) <= known


def test_settings_table_and_attributes_are_the_same() -> None:
    assert [setting.name for setting in SETTINGS] == [field.name for field in fields(Settings)]
    assert all(setting.env == "KORTISTO_" + setting.name.upper() and setting.help for setting in SETTINGS)


def test_load_settings_with_nothing_set_gives_defaults() -> None:
    settings = load_settings({"KORTISTO_PORT": " "})
    assert (settings.host, settings.port, settings.data_dir) == ("127.0.0.1", 8080, PROJECT_ROOT / "data")
    assert settings.address == "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KORTISTO_HOST", "http://here"),
        ("KORTISTO_PORT", "http"),
        ("KORTISTO_PORT", "0"),
        ("KORTISTO_PORT", "70000"),
        ("KORTISTO_TRUSTED_PROXIES", "-1"),
        ("KORTISTO_MONGODB_URI", "localhost:27017"),
        ("KORTISTO_MONGODB_URI", "mongodb://u:p@ss@host:x"),
        ("KORTISTO_BROKER_URL", "redis"),
        ("KORTISTO_PUBLIC_URL", "crm.example.com"),
        ("KORTISTO_PUBLIC_URL", "https://example.com/crm"),
        ("KORTISTO_SECRET_KEY", "secret"),
        ("KORTISTO_WEB_WORKERS", "0"),
        ("KORTISTO_WEB_THREADS", "²"),
        ("KORTISTO_LOG_LEVEL", "loud"),
        ("KORTISTO_MAX_UPLOAD_MB", "1.5"),
        ("KORTISTO_QUERY_SECONDS", "0"),
        ("KORTISTO_SMTP_URL", "mail.example.com"),
        ("KORTISTO_SMTP_URL", "smtp://host:x"),
        ("KORTISTO_SMTP_URL", "smtp://"),
        ("KORTISTO_SMTP_URL", "smtp://[host"),
        ("KORTISTO_MAIL_FROM", "example.com"),
        ("KORTISTO_LDAP_URL", "directory.example.com"),
        ("KORTISTO_LDAP_URL", "ldap://user:password@host"),
        ("KORTISTO_LDAP_URL", "ldap://host:x"),
        ("KORTISTO_LDAP_TLS", "no"),
        ("KORTISTO_LDAP_FILTER", "(a=b))"),
        ("KORTISTO_LDAP_USER_FIELD", "uid)(uid=*"),
        ("KORTISTO_LDAP_SEARCH", ""),
        ("KORTISTO_OIDC_ISSUER", "http://login.example.com"),
        ("KORTISTO_OIDC_ISSUER", "https://"),
        ("KORTISTO_OIDC_SCOPES", "email"),
        ("KORTISTO_OUTSIDE_ROLES", "sales"),
        ("KORTISTO_OUTSIDE_ROLES", '{"sales": "Staff"}'),
        ("KORTISTO_OUTSIDE_ROLES", "[" * 100_000),
        ("KORTISTO_MAIL_FROM", "CRM <crm@example.com>"),
    ],
)
def test_load_settings_with_wrong_value_says_what_to_set(name: str, value: str) -> None:
    outside = {"KORTISTO_LDAP_URL": "ldap://host", "KORTISTO_LDAP_SEARCH": "dc=x",
               "KORTISTO_OIDC_ISSUER": "https://host", "KORTISTO_OIDC_CLIENT_ID": "x"}  # fmt: skip
    with pytest.raises(SettingsError, match=rf"^{name}: set "):
        load_settings({**outside, name: value})


def test_load_settings_with_two_wrong_values_names_both() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"KORTISTO_PORT": "x", "KORTISTO_LOG_LEVEL": "x"})
    assert len(caught.value.problems) == 2


def test_address_of_ipv6_host_and_of_public_url() -> None:
    assert load_settings({"KORTISTO_HOST": "::1"}).address == "http://[::1]:8080"
    assert load_settings({"KORTISTO_PUBLIC_URL": "https://crm.example.com/"}).address == "https://crm.example.com"


def test_kept_secret_asked_again_is_the_same_and_private(tmp_path: Path) -> None:
    path = tmp_path / "new" / "secret_key"
    secret = kept_secret(path)
    assert len(secret) == 64
    assert kept_secret(path) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(("public_url", "secure"), [("", False), ("https://crm.example.com", True)])
def test_flask_config_cookies_are_secure_on_https_only(public_url: str, secure: bool, tmp_path: Path) -> None:
    environ = {"KORTISTO_PUBLIC_URL": public_url, "KORTISTO_DATA_DIR": str(tmp_path)}
    config = flask_config(load_settings(environ), URI)
    assert config["SESSION_COOKIE_SECURE"] is secure
    assert config["REMEMBER_COOKIE_SECURE"] is secure
    assert config["SESSION_COOKIE_HTTPONLY"]
    assert config["SESSION_COOKIE_NAME"].startswith("__Host-") is secure


def test_flask_config_secret_key_is_the_one_set_else_generated(tmp_path: Path) -> None:
    key = "0123456789abcdef" * 2
    given = load_settings({"KORTISTO_SECRET_KEY": key, "KORTISTO_DATA_DIR": str(tmp_path)})
    assert flask_config(given, URI)["SECRET_KEY"] == key
    assert not list(tmp_path.iterdir())
    generated = flask_config(load_settings({"KORTISTO_DATA_DIR": str(tmp_path)}), URI)["SECRET_KEY"]
    assert generated == (tmp_path / "secret_key").read_text()
