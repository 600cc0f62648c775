"""Where users are signed in, in words."""

import re
from dataclasses import dataclass
from typing import Any

from flask_babel import format_datetime
from flask_babel import gettext as _

from models.rights import Access
from services.sessions import SignedIn, sessions_of

#: What a browser's and a system's names look like in what it says of itself, the more particular first: several
#: browsers name those that they descend from as well.
BROWSERS = (("Edge", r"Edg(e|A|iOS)?/"), ("Opera", "OPR/"), ("Firefox", "Firefox/|FxiOS/"),
            ("Chrome", "Chrome/|CriOS/|Chromium/"), ("Safari", "Safari/"))  # fmt: skip
SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
           ("macOS", "Mac OS X|Macintosh"), ("Linux", "Linux|X11"))  # fmt: skip


@dataclass(frozen=True)
class ShownSession:
    """One session as a page tells of it."""

    id: str
    browser: str
    address: str
    since: str
    seen: str
    current: bool


def shown_sessions(access: Access, user_id: Any, token: Any = "") -> list[ShownSession]:
    """The sessions of a user that go on. Raises NotAllowed, RecordNotFound."""
    return [shown(one) for one in sessions_of(access, user_id, token)]


def shown(one: SignedIn) -> ShownSession:
    return ShownSession(one.id, browser_of(one.agent), one.address, format_datetime(one.begun_at, "short"),
                        format_datetime(one.seen_at, "short"), one.current)  # fmt: skip


def browser_of(agent: str) -> str:
    """The browser and its system by their names, as far as they are known."""
    names = [next((name for name, sign in known if re.search(sign, agent)), "") for known in (BROWSERS, SYSTEMS)]
    if all(names):
        return _("%(browser)s on %(system)s", browser=names[0], system=names[1])
    return next(filter(None, names), "") or agent[:60] or _("Unknown browser")
