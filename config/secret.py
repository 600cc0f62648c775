"""Secrets that the program keeps in its data folder."""

import os
import secrets
from pathlib import Path

from config.settings import Settings


def random_secret() -> str:
    """256 random bits in hexadecimal digits."""
    return secrets.token_hex(32)


def kept_secret(path: Path) -> str:
    """The secret kept in the file `path`, a new one if there is none yet; mode 0600.

    Two processes asking at the same moment get the same secret: only one of them can link its file into place.
    Raises OSError where the folder can't be written.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(random_secret())
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
