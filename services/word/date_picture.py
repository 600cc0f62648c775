"""Word's date pictures (`\\@ "d. MMMM yyyy"`), ECMA-376 part 1, 17.16.4.1, with the language's own names."""

import datetime
import re
from collections.abc import Callable
from functools import lru_cache

from babel import Locale

from services.word.values import locale_of

_ITEM = re.compile(r"'([^']*)'|(?i:am/pm|a/p)|[dD]{1,4}|M{1,4}|[yY]{1,4}|H{1,2}|h{1,2}|m{1,2}|[sS]{1,2}")
_MIDNIGHT = datetime.time()
_Writer = Callable[[datetime.datetime], str]


@lru_cache(maxsize=512)
def date_picture(picture: str, language: str = "en") -> "DatePicture":
    """The compiled picture; a month's name takes the form it has in a date (tammikuuta) when a day is shown."""
    return DatePicture(picture, locale_of(language))


class DatePicture:
    """Writes dates as one picture says; a date without a time counts as midnight."""

    def __init__(self, picture: str, locale: Locale) -> None:
        self._locale = locale
        items = list(_items(picture))
        self._context = "format" if {"d", "dd"} & {text.lower() for kind, text in items if kind} else "stand-alone"
        self._writers = [self._writer(text) if kind else text for kind, text in items if text]

    def format(self, value: datetime.date) -> str:
        """The date as text."""
        moment = value if isinstance(value, datetime.datetime) else datetime.datetime.combine(value, _MIDNIGHT)
        return "".join([writer if isinstance(writer, str) else writer(moment) for writer in self._writers])

    def _writer(self, item: str) -> _Writer:
        if "/" in item:
            return lambda at: _half_of_day(at, item)
        if item[0] == "M":
            return self._month(len(item))
        if item[0] in "dD":
            return self._day(len(item))
        return _clock(item)

    def _month(self, length: int) -> _Writer:
        if length < 3:
            return lambda at: f"{at.month:0{length}d}"
        names = self._locale.months[self._context]["abbreviated" if length == 3 else "wide"]
        return lambda at: names[at.month]

    def _day(self, length: int) -> _Writer:
        if length < 3:
            return lambda at: f"{at.day:0{length}d}"
        names = self._locale.days["stand-alone"]["abbreviated" if length == 3 else "wide"]
        return lambda at: names[at.weekday()]


def _items(picture: str) -> list[tuple[bool, str]]:
    """The picture cut up: (True, what is replaced) and (False, what is printed as it stands)."""
    items: list[tuple[bool, str]] = []
    position = 0
    for match in _ITEM.finditer(picture):
        items.append((False, picture[position : match.start()]))
        items.append((False, match[1]) if match[1] is not None else (True, match[0]))
        position = match.end()
    return [*items, (False, picture[position:])]


def _clock(item: str) -> _Writer:
    width = len(item)
    if item[0] in "yY":
        return (lambda at: f"{at.year:04d}") if width > 2 else (lambda at: f"{at.year % 100:02d}")
    if item[0] == "H":
        return lambda at: f"{at.hour:0{width}d}"
    if item[0] == "h":
        return lambda at: f"{at.hour % 12 or 12:0{width}d}"
    if item[0] == "m":
        return lambda at: f"{at.minute:0{width}d}"
    return lambda at: f"{at.second:0{width}d}"


def _half_of_day(at: datetime.datetime, item: str) -> str:
    text = "AM" if at.hour < 12 else "PM"
    text = text if len(item) > 3 else text[0]
    return text.lower() if item.islower() else text
