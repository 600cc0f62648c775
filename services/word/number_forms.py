r"""Word's `\*` forms for whole numbers: Roman, letters, words, ordinals (ECMA-376 part 1, 17.16.4.3)."""

from collections.abc import Callable
from decimal import Decimal

from num2words import num2words

from services.word.values import locale_of

_ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"),
    (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip
_LARGEST = 999_999


def number_form(number: Decimal, form: str, language: str) -> str | None:
    """The number in a form named as in the template; None for another form or a number that has none."""
    writer = _FORMS.get(form.lower())
    if writer is None or not 0 <= number <= _LARGEST:
        return None
    text = writer(number, language)
    return text.upper() if text and form[0].isupper() and form.lower() in ("roman", "alphabetic") else text


def is_number_form(form: str) -> bool:
    r"""Whether a `\*` switch names a form for numbers."""
    return form.lower() in _FORMS


def _whole(number: Decimal) -> int:
    return int(number.to_integral_value())


def _roman(number: Decimal, _language: str) -> str | None:
    left, text = _whole(number), ""
    if not 0 < left < 32_768:
        return None
    for value, sign in _ROMAN:
        text += sign * (left // value)
        left %= value
    return text.lower()


def _letters(number: Decimal, _language: str) -> str | None:
    """a to z, then aa, bb: Word repeats the letter."""
    place = _whole(number) - 1
    return None if not 0 <= place < 780 else chr(ord("a") + place % 26) * (place // 26 + 1)


def _ordinal(number: Decimal, language: str) -> str:
    whole = _whole(number)
    if locale_of(language).language == "en":
        return num2words(whole, to="ordinal_num", lang="en")
    return f"{whole}."


def _words(number: Decimal, language: str, to: str = "cardinal") -> str:
    return num2words(_whole(number), to=to, lang=_speech(language)).strip()


def _ordinal_words(number: Decimal, language: str) -> str:
    return _words(number, language, "ordinal")


def _money_words(number: Decimal, language: str) -> str:
    cents = int(number * 100) % 100
    words = num2words(int(number), lang=_speech(language))
    joint = {"fi": "ja", "sv": "och", "de": "und"}.get(locale_of(language).language, "and")
    return f"{words} {joint} {cents:02d}/100"


def _speech(language: str) -> str:
    found = locale_of(language).language
    return found if found in ("fi", "sv", "de", "en") else "en"


_FORMS: dict[str, Callable[[Decimal, str], str | None]] = {
    "arabic": lambda number, _language: str(_whole(number)),
    "roman": _roman,
    "alphabetic": _letters,
    "ordinal": _ordinal,
    "hex": lambda number, _language: f"{_whole(number):X}",
    "cardtext": _words,
    "ordtext": _ordinal_words,
    "dollartext": _money_words,
}
