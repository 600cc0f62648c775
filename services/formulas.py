"""Texts that spreadsheets would take for formulas: defused in CSV, and as they were again when it comes back."""

import re

#: What spreadsheets take for the beginning of a formula, perhaps behind apostrophes, and what is no more than a number
#: or a phone number.
FORMULA = re.compile(r"'*\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
HARMLESS = re.compile(r"[+-]?[\d\s.,()]*")
APOSTROPHE = "'"


def defused(text: str) -> str:
    """Text that no spreadsheet takes for a formula (OWASP, CSV injection): an apostrophe stands before such.

    One stands before an apostrophe before such, too, so that `undefused` gives every text back.
    """
    return APOSTROPHE + text if FORMULA.match(text) and not HARMLESS.fullmatch(text) else text


def undefused(text: str) -> str:
    """The text that `defused` made this one of."""
    return text[1:] if text[:1] == APOSTROPHE and defused(text[1:]) == text else text
