"""The one error that a template or a merge ends with, in words for the person who made the template."""

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from models.told import Told

_PARTS = {
    "body": _l("in the text"),
    "header": _l("in a header"),
    "footer": _l("in a footer"),
    "footnotes": _l("in a footnote"),
    "endnotes": _l("in an endnote"),
}


def part_label(part: str) -> LazyString:
    """Where in the template something stands, as a message says it."""
    return _PARTS[part]


class TemplateError(Told):
    """A template that can't be used: `str(error)` is a sentence in the reader's language, saying what to do."""
