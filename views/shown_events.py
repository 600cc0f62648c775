"""What timelines and histories show of a record's events."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True)
class ShownChange:
    """One field's change as HTML."""

    label: str
    before: Markup
    after: Markup


@dataclass(frozen=True)
class ShownEvent:
    """One change entry as pages show it; `about` leads up to the name ("Works for"), where it is a relationship's."""

    version: int
    action: str
    icon: str
    at: dt.datetime
    by: str
    source: str
    about: str
    name: str
    url: str
    changes: Sequence[ShownChange]
    undoable: bool
    #: Of what happened: its kind and whom it was with, and how its text begins.
    facts: Sequence[Markup] = ()
    excerpt: str = ""
