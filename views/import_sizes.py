"""How large a list may be that is sent from the page, and how a larger one comes in.

A request has its limit (KORTISTO_MAX_UPLOAD_MB); an import one of its own, for a workbook is held in memory as a whole.
"""

from flask import current_app
from flask_babel import gettext as _

from services.imports.limits import MAX_BYTES


def most_sent() -> int:
    """The megabytes that a list may have which is sent from the page."""
    return min(MAX_BYTES, current_app.config["MAX_CONTENT_LENGTH"]) >> 20


def where_larger_ones_go() -> str:
    """How a list comes in that is too large for the page; nothing where no larger one comes in at all."""
    if most_sent() >= MAX_BYTES >> 20:
        return ""
    return _("Up to %(most)s MB come in over REST or by the command import-records on the server; "
             "split what is larger.", most=MAX_BYTES >> 20)  # fmt: skip


def told_of_size() -> str:
    """What a list that is too large is answered with."""
    split = where_larger_ones_go() or _("Split it into several.")
    return _("A list that is sent here has at most %(most)s MB.", most=most_sent()) + " " + split
