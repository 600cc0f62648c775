"""What a mapping may say about the file itself."""

from dataclasses import dataclass

ENCODINGS = ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "iso-8859-1", "iso-8859-15", "cp850")
SEPARATORS = (",", ";", "\t", "|")
DECIMALS = (",", ".")
DATES = ("dmy", "mdy", "ymd")


@dataclass(frozen=True)
class TableOptions:
    """How to read the file, where it is not found out by itself. `header_row` counts from 1. `decimal` is the decimal
    mark and `dates` the order of day, month and year in what is text."""

    sheet: str = ""
    header_row: int | None = None
    separator: str = ""
    encoding: str = ""
    decimal: str = ""
    dates: str = ""
