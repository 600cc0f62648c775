"""Names of the files in a zip of letters: from the recipient's name, fit for every system, each only once."""

import re
from collections.abc import Mapping

from flask_babel import gettext as _

from services.word import FILE_NAME, Value, normalise_name

#: Of a file name's 255 bytes, so many are left for the name: the number of a namesake and the ending follow.
MAX_NAME = 180
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]')
#: Names that Windows keeps for devices, with any ending.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
#: Where a row that is given instead of a record has its name, the surest first.
ROW_NAMES = tuple(map(normalise_name, ("File name", "Name", "Nimi", "Company", "Yritys", "Last name", "Sukunimi")))


def safe_name(name: str) -> str:
    """A name that every system takes for a file, "" when nothing is left of it."""
    clean = " ".join(_FORBIDDEN.sub(" ", name).split())
    clean = clean.encode()[:MAX_NAME].decode(errors="ignore").strip(". ")
    return f"_{clean}" if _DEVICES.fullmatch(clean) else clean


class FileNames:
    """Gives each letter a name that no other has, also where capitals make no difference."""

    def __init__(self) -> None:
        self._used: set[str] = set()
        self._namesakes: dict[str, int] = {}

    def of(self, record: Mapping[str, Value], ending: str) -> str:
        """The file name of a record's letter; a second Virtanen gets "Virtanen (2)"."""
        stem = safe_name(str(record.get(FILE_NAME) or "")) or _("Letter")
        key = stem.casefold()
        name = stem
        while name.casefold() in self._used:
            self._namesakes[key] = self._namesakes.get(key, 1) + 1
            name = f"{stem} ({self._namesakes[key]})"
        self._used.add(name.casefold())
        return name + ending


def row_name(row: Mapping[str, Value]) -> str:
    """What a row that is given instead of a record is called."""
    return next((str(row[key]) for key in ROW_NAMES if row.get(key) not in (None, "")), "")
