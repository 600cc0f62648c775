"""A mailing copied as a new one, since what was sent can't be changed."""

from typing import Any

from flask_babel import gettext as _

from models.rights import Access
from services.labels import names_of_all
from services.mailings.drafts import REGISTER, get_mailing
from services.mailings.pictures import copied_pictures
from services.records import create_record

Raw = dict[str, Any]
#: What a copy takes over.
COPIED = ("channel", "purpose", "language", "segment", "campaign", "subject", "preheader", "sender_name", "reply_to",
          "html", "text")  # fmt: skip
#: Those of them that point at a record of the register of that name.
LINKS = ("segment", "campaign")


def copy_mailing(access: Access, mailing_id: Any) -> Raw:
    """A new draft that says the same to the same; returns it. A segment or campaign that is gone, or hidden from the
    user, is left out. Raises RecordNotFound, NotAllowed, ValidationFailed."""
    raw = get_mailing(access, mailing_id)
    values = {column: raw[column] for column in COPIED
              if raw.get(column) not in (None, "") and not access.hides(REGISTER, column)}  # fmt: skip
    seen = names_of_all(access, {link: [values[link]] for link in LINKS if link in values})
    values = {column: value for column, value in values.items() if column not in LINKS or (column, value) in seen}
    pictures, html = copied_pictures(access, raw, str(values.get("html") or ""))
    name = _("Copy of %(name)s", name=raw["name"])[:200]
    return create_record(access, REGISTER, {**values, "name": name, "html": html, "pictures": pictures})
