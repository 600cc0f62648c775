"""A field's value turned into text by the field's switches."""

import datetime
from collections.abc import Iterable
from decimal import Decimal

from services.word.date_picture import date_picture
from services.word.lexer import Switch
from services.word.number_forms import is_number_form, number_form
from services.word.number_picture import number_picture
from services.word.parsing import parse_date, parse_number
from services.word.values import Value, number_of, plain_text

_NUMBERS = (int, float, Decimal)


def format_value(value: Value, switches: Iterable[Switch], language: str) -> str:
    r"""The text of a value as the switches say.

    `\@` and `\#` change dates and numbers, also those in text, and leave any other text alone. `\b` and `\f` put
    text before and after a value that is not empty.
    """
    switches = tuple(switches)
    text = "0" if _is_pictured(value, switches) else plain_text(value, language)
    if not text:
        return ""
    for switch in switches:
        if switch.name == "@":
            text = _by_date_picture(value, switch.text, text, language)
        elif switch.name == "#":
            text = _by_number_picture(value, switch.text, text, language)
        elif switch.name == "*" and is_number_form(switch.text):
            text = _by_number_form(value, switch.text, text, language)
    return _around(_letters(text, switches), switches)


def _is_pictured(value: Value, switches: tuple[Switch, ...]) -> bool:
    """Whether a value is never seen plain: writing it out that way as well would take as long again."""
    if not switches:
        return False
    if type(value) in _NUMBERS:
        return switches[0].name == "#" and number_of(value) is not None  # type: ignore[arg-type]
    return switches[0].name == "@" and isinstance(value, datetime.date)


def letter_case(text: str, form: str) -> str:
    r"""Text after one `\*` switch; forms that are none of the four leave it alone."""
    form = form.lower()
    if form == "upper":
        return text.upper()
    if form == "lower":
        return text.lower()
    if form == "firstcap":
        return _first_capital(text)
    if form == "caps":
        return "".join(_first_capital(word) for word in _words(text))
    return text


def _letters(text: str, switches: Iterable[Switch]) -> str:
    for switch in switches:
        if switch.name == "*":
            text = letter_case(text, switch.text)
    return text


def _around(text: str, switches: Iterable[Switch]) -> str:
    before = after = ""
    for switch in switches if text else ():
        if switch.name == "b":
            before += switch.text
        elif switch.name == "f":
            after += switch.text
    return before + text + after


def _by_date_picture(value: Value, picture: str, text: str, language: str) -> str:
    moment = value if isinstance(value, datetime.date) else parse_date(text, language)
    return text if moment is None else date_picture(picture, language).format(moment)


def _by_number_picture(value: Value, picture: str, text: str, language: str) -> str:
    number = _number(value, text, language)
    return text if number is None else number_picture(picture, language).format(number)


def _by_number_form(value: Value, form: str, text: str, language: str) -> str:
    number = _number(value, text, language)
    return text if number is None else number_form(number, form, language) or text


def _number(value: Value, text: str, language: str) -> Decimal | None:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return number_of(value)
    return parse_number(text, language)


def _first_capital(text: str) -> str:
    for place, char in enumerate(text):
        if not char.isspace():
            return text[:place] + char.upper() + text[place + 1 :]
    return text


def _words(text: str) -> list[str]:
    """The text cut before each space, so that joining gives it back."""
    words = [""]
    for char in text:
        if char.isspace() and words[-1].strip():
            words.append("")
        words[-1] += char
    return words
