"""Every setting of Kortisto: its environment variable, its default, one line of help.

Nothing else reads the environment. `docs/settings.md` describes the same table to administrators, and a test holds
the two together.
"""

from config.flask import OUTSIDE_TIMEOUT, flask_config
from config.place import DATABASE_NAME, PROJECT_ROOT, VERSION
from config.secret import kept_secret, secret_key
from config.settings import Settings, SettingsError, load_settings
from config.table import SETTINGS

__all__ = ["DATABASE_NAME", "OUTSIDE_TIMEOUT", "PROJECT_ROOT", "SETTINGS", "VERSION", "Settings", "SettingsError",
           "flask_config", "kept_secret", "load_settings", "secret_key"]  # fmt: skip
