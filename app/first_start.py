"""The code that lets the person who started the server, and nobody else, create the first administrator."""

import hmac
import secrets

from config import Settings, kept_secret
from models.security import User

# Without letters and digits that are mistaken for one another.
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
GROUPS = 3
GROUP_LENGTH = 4
PATH = "/first-start/"


def first_start_code(settings: Settings) -> str | None:
    """The code to print while there is no user yet, None afterwards; kept in the data folder, mode 0600.

    Needs the connection to the database.
    """
    path = settings.data_dir / "first_start_code"
    if User.objects.first() is not None:
        path.unlink(missing_ok=True)
        return None
    return kept_secret(path, new_code)


def accepts_first_start_code(settings: Settings, typed: str) -> bool:
    """Whether `typed` is the code, whatever its case, spaces and hyphens; never once there is a user."""
    code = first_start_code(settings)
    return code is not None and hmac.compare_digest(_plain(code).encode(), _plain(typed).encode())


def new_code() -> str:
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))
    return "-".join(groups)


def _plain(code: str) -> str:
    return "".join(code.upper().replace("-", " ").split())
