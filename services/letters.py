"""The words of e-mails: text and HTML of the same lines, and moments as their reader's clock and calendar show them."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from zoneinfo import ZoneInfo, available_timezones

from babel.dates import format_skeleton, format_time
from flask import current_app
from flask_babel import force_locale, get_locale
from flask_babel import gettext as _
from markupsafe import Markup

from models.organisation import known_organisation

#: Weekday, day, month and year, as each language orders them.
DAY = "yMMMEd"
#: In an e-mail there are no style sheets of ours.
PAGE = Markup(
    '<!doctype html><html lang="{language}"><body style="margin:0;padding:24px;font:16px/1.5 sans-serif;color:#1b1f27">'
    '<h1 style="margin:0 0 12px;font-size:20px">{title}</h1>{parts}'
    '<p style="margin:24px 0 0;font-size:13px;color:#5b6472">{sender}{reason} <a href="{settings}">{change}</a></p>'
    "</body></html>"
)
LINE = Markup('<p style="margin:0 0 8px">{}</p>')
LINK = Markup('<p style="margin:0 0 8px"><a href="{}">{}</a>{}</p>')
SENDER = Markup("<b>{}</b><br>")
HEADING = Markup('<h2 style="margin:20px 0 8px;font-size:16px">{}</h2>')


@dataclass(frozen=True)
class Line:
    """One line of a message: text, a link with what follows it, or a heading."""

    text: str
    url: str = ""
    after: str = ""
    heading: bool = False

    def plain(self) -> str:
        if self.heading:
            return f"\n{self.text}"
        return f"{self.text}{self.after}" + (f"\n  {self.url}" if self.url else "")

    def html(self) -> Markup:
        if self.heading:
            return HEADING.format(self.text)
        return LINK.format(self.url, self.text, self.after) if self.url else LINE.format(self.text + self.after)


class Part(Protocol):
    """What stands in a message: a line, a table."""

    def plain(self) -> str: ...

    def html(self) -> Markup: ...


def letter(title: str, lines: Sequence[Part], reason: str) -> tuple[str, str]:
    """(text, HTML) of a message in the language of the moment. `reason` says why the reader gets it."""
    settings, change, name = public_url("/profile/"), _("Change your settings"), known_organisation().name
    foot = ["--", *([name] if name else []), reason, settings, ""]
    text = "\n".join([title, "", *(line.plain() for line in lines), "", *foot])
    html = PAGE.format(language=str(get_locale() or "en")[:2], title=title, reason=reason, settings=settings,
                       sender=SENDER.format(name) if name else "", change=change,
                       parts=Markup("").join(line.html() for line in lines))  # fmt: skip
    return text, str(html)


def public_url(path: str) -> str:
    """A path of ours as people open it from outside."""
    return f"{current_app.config['PUBLIC_ADDRESS']}{path}"


def zone_named(name: str | None) -> ZoneInfo:
    """A user's time zone; UTC for one that this machine does not know."""
    return ZoneInfo(name if name in available_timezones() else "UTC")


def when(moment: dt.datetime, zone: ZoneInfo, whole_day: bool = False) -> str:
    """A moment, or its day alone, in the language of the moment."""
    local, locale = moment.astimezone(zone), get_locale() or "en_GB"
    day = str(format_skeleton(DAY, local, tzinfo=zone, locale=locale))
    if whole_day:
        return day
    return _("%(day)s at %(time)s", day=day, time=format_time(local, "short", tzinfo=zone, locale=locale))


@contextmanager
def writing_to(user: Mapping[str, Any]) -> Iterator[None]:
    """Have texts be in the user's language; English as it is written in Europe, as on the page."""
    language = user.get("language") or known_organisation().language or "en"
    with force_locale("en_GB" if language == "en" else language):
        yield
