"""Who may open the console, and the note of everything that is looked at there."""

from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l

from models.console import Look
from models.rights import Access, NotAllowed
from services.labels import names_of
from services.records import now

Raw = dict[str, Any]
MAX_DETAIL = 2_000
SHOWN = 200


def require_console(access: Access) -> None:
    """Raises NotAllowed for everybody but administrators."""
    if not access.everything:
        raise NotAllowed(_l("Only administrators may look at the raw data. Ask one of them."))


def note_look(access: Access, page: str, collection: str = "", detail: str = "") -> None:
    """Note what is about to be shown; where that can't be noted, nothing is shown. Raises NotAllowed."""
    require_console(access)
    Look._get_collection().insert_one({
        "_id": ObjectId(), "at": now(), "by": access.user_id, "page": page, "collection": collection[:200],
        "detail": printable(detail[:MAX_DETAIL]),
    })  # fmt: skip


def printable(text: str) -> str:
    """Text that the database can keep, whatever stood in the address."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "�")


def list_looks(access: Access) -> list[Raw]:
    """The newest looks, with the name of who looked. Raises NotAllowed."""
    require_console(access)
    found = list(Look._get_collection().find().sort("at", -1).limit(SHOWN))
    names = names_of(access, "user", {raw["by"] for raw in found if raw.get("by")})
    return [{**raw, "name": names.get(raw.get("by"), "")} for raw in found]
