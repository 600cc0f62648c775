"""The words of the calendar's script, in the page's language. No per cent sign: gettext takes it for a format."""

from typing import Any

from flask_babel import lazy_gettext as _l

TEXTS: dict[str, Any] = {
    "all_day": _l("All day"), "more": _l("{count} more"), "no_entries": _l("Nothing in this time"),
    "undo": _l("Undo"), "moved_back": _l("It is back where it was."), "week": _l("Week {number}"),
    "week_short": _l("W{number}"), "one": _l("Only this one"), "all": _l("All of them"),
    "later": _l("This one and all later ones"), "reload": _l("Show it as it is now"),
    "proposed": _l("proposed"), "private": _l("private"), "due": _l("due"), "previous": _l("Earlier"),
    "next": _l("Later"), "close": _l("Close"), "expand": _l("Unfold"), "collapse": _l("Fold"),
    "no_answer": _l("The server does not answer. Try again in a moment."),
    "signed_out": _l("You are no longer signed in. Sign in again in another tab, then try again here."),
}  # fmt: skip


def calendar_texts() -> dict[str, str]:
    return {name: str(text) for name, text in TEXTS.items()}
