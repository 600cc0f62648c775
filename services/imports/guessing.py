"""What kind of field the values of a column would make, for columns that no field is there for."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from models.fields.context import Context
from models.fields.errors import FieldError
from models.fields.field import Field
from models.fields.kinds import KINDS
from models.fields.kinds.choices import NO, YES
from services.imports.tables import Cell, cell_text

#: From so many values on, few different ones are a classification: at most so many, each several times.
FEWEST, MOST_CHOICES, LONGEST_CHOICE = 8, 150, 60
TIMES_EACH = 3
LONG = 200
#: One value among so many may be wrong without making text of a whole column.
FAULTY_AMONG = 20
WORDS = {word for word in YES | NO if len(word) > 1 and word not in ("on", "off")} | {"k", "e", "y", "n"}
#: A code and no number: 007, 00100. "0" and "0,5" are numbers.
CODE = re.compile(r"[+\-−]?0\d+")
MONEY = re.compile(r"€|\$|£|\bEUR\b|\bUSD\b|\bSEK\b|\bGBP\b|\bNOK\b|\bDKK\b")
#: Numbers under such a header are names of things: nobody adds them up, and their noughts count.
NAMING = {"id", "no", "nro", "code", "koodi", "tunnus", "numero", "number", "sku", "ean", "key", "avain"}
PHONE = re.compile(r"(\+|00|0)[\d\s()/-]{6,20}")


def guess_kind(header: str, cells: Sequence[Cell], context: Context) -> str:
    """The kind whose field could hold the cells, the narrowest first: text, where no other can."""
    texts = [text for cell in cells if (text := cell_text(cell))]
    if not texts:
        return "text"
    kind = native_kind(cells) or next((kind for kind, fits in TRIALS if fits(texts, context)), "text")
    return "text" if kind == "number" and names_things(header, texts) else kind


def names_things(header: str, texts: Sequence[str]) -> bool:
    words = set(re.split(r"[\W_]+", header.casefold()))
    return bool(words & NAMING or header.casefold().endswith(("tunnus", "numero", "koodi"))) and all(
        text.isdigit() for text in texts
    )


def native_kind(cells: Sequence[Cell]) -> str:
    """What a workbook says itself of a column's cells; "" where some of them are text."""
    types = {type(cell) for cell in cells}
    if types == {bool}:
        return "boolean"
    if types <= {int, float}:
        return "number"
    if types <= {dt.datetime, dt.date}:
        timed = any(isinstance(cell, dt.datetime) and cell.time() != dt.time() for cell in cells)
        return "datetime" if timed else "date"
    return ""


def parses(kind: str, texts: Sequence[str], context: Context) -> bool:
    """Whether a field of the kind could hold the texts: each of a few, and of many all but some that are faulty, which
    the check shows before anything is written."""
    left = len(texts) // FAULTY_AMONG
    for text, count in Counter(texts).items():
        if not fits(kind, text, context):
            left -= count
            if left < 0:
                return False
    return True


def fits(kind: str, text: str, context: Context) -> bool:
    try:
        KINDS[kind].parse(text, Field(key="guess", kind=KINDS[kind], label=""), context)
    except FieldError:
        return False
    return True


def is_yes_no(texts: Sequence[str], _context: Context) -> bool:
    return {text.casefold() for text in texts} <= WORDS


def is_number(texts: Sequence[str], context: Context) -> bool:
    return not any(CODE.fullmatch(text) for text in texts) and parses("number", texts, context)


def is_money(texts: Sequence[str], context: Context) -> bool:
    return any(MONEY.search(text) for text in texts) and parses("money", texts, context)


def is_email(texts: Sequence[str], context: Context) -> bool:
    return all("@" in text for text in texts) and parses("email", texts, context)


def is_url(texts: Sequence[str], context: Context) -> bool:
    return all("://" in text or text.casefold().startswith("www.") for text in texts) and parses("url", texts, context)


def is_phone(texts: Sequence[str], context: Context) -> bool:
    return all(PHONE.fullmatch(text) for text in texts) and parses("phone", texts, context)


def is_choice(texts: Sequence[str], _context: Context) -> bool:
    different = {text.casefold() for text in texts}
    return (len(texts) >= FEWEST and len(different) <= MOST_CHOICES and len(texts) >= TIMES_EACH * len(different)
            and max(map(len, texts)) <= LONGEST_CHOICE)  # fmt: skip


def is_long(texts: Sequence[str], _context: Context) -> bool:
    return any(len(text) > LONG or "\n" in text for text in texts)


TRIALS: tuple[tuple[str, Callable[[Sequence[str], Context], bool]], ...] = (
    ("boolean", is_yes_no),
    ("date", lambda texts, context: parses("date", texts, context)),
    ("datetime", lambda texts, context: parses("datetime", texts, context)),
    ("number", is_number),
    ("money", is_money),
    ("email", is_email),
    ("url", is_url),
    ("phone", is_phone),
    ("choice", is_choice),
    ("long_text", is_long),
)


def separator_of(kind: str, texts: Sequence[str]) -> str:
    """The sign between several values in one cell; "" for kinds of one value, and where there is none."""
    if not KINDS[kind].several:
        return ""
    return next((sign for sign in (";", "|", "\n") if any(sign in text for text in texts)), "")


def content_kind(texts: Sequence[str], context: Context) -> str:
    """The kind that most of the texts tell by their very form: an address, a number to call; "" for none."""
    marked: dict[str, Callable[[Sequence[str], Context], Any]] = {
        "email": is_email, "url": is_url, "business_id": lambda texts, context: parses("business_id", texts, context),
        "phone": is_phone}  # fmt: skip
    for kind, told in marked.items():
        if texts and sum(bool(told([text], context)) for text in texts) >= 0.8 * len(texts):
            return kind
    return ""
