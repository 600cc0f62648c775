"""A mailing copied as a new one, since what was sent can't be changed."""

from typing import Any

from flask_babel import gettext as _

from models.rights import Access
from services.mailings.drafts import REGISTER, get_mailing
from services.mailings.pictures import copied_pictures
from services.records import create_record

Raw = dict[str, Any]
#: What a copy takes over.
COPIED = ("channel", "purpose", "language", "segment", "campaign", "subject", "preheader", "sender_name", "reply_to",
          "html", "text")  # fmt: skip


def copy_mailing(access: Access, mailing_id: Any) -> Raw:
    """A new draft that says the same to the same; returns it. Raises RecordNotFound, NotAllowed, ValidationFailed."""
    raw = get_mailing(access, mailing_id)
    values = {column: raw[column] for column in COPIED
              if raw.get(column) not in (None, "") and not access.hides(REGISTER, column)}  # fmt: skip
    pictures, html = copied_pictures(access, raw, str(values.get("html") or ""))
    name = _("Copy of %(name)s", name=raw["name"])[:200]
    return create_record(access, REGISTER, {**values, "name": name, "html": html, "pictures": pictures})
