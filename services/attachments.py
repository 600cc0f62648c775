"""Files that records hold: uploaded by one user, read by all who see the record and the field."""

from collections.abc import Iterable
from typing import IO, Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l

from models.fields.errors import ValidationFailed
from models.fields.kinds.references import Files
from models.fields.schema import schema_of
from models.file_types import EMAIL, HTML, SCRIPT, SVG, TEXT
from models.files import StoredFile
from models.registers import all_registers
from models.rights import Access
from services.file_types import HEAD
from services.file_types import content_type as content_told
from services.files import add_file, keep_content, new_file
from services.records import RecordNotFound, object_id

Raw = dict[str, Any]
ATTACHMENT = "attachment"
RUNNING = (HTML, SVG, SCRIPT, EMAIL)
#: A document's file is read at its document alone (services/documents.py), which tells who may.
VERSION = "version"


def keep_attachment(access: Access, name: str, stream: IO[bytes]) -> Raw:
    """Keep an uploaded file (seekable) as its user's own, until a record holds it. Raises ValidationFailed."""
    stream.seek(0)
    head = stream.read(HEAD)
    if not head:
        raise ValidationFailed({"file": [_l("“%(name)s” is empty. Choose a file with content.", name=name[:80])]})
    raw = new_file(access, name, content_type(head), ATTACHMENT, keep_content(stream))
    add_file(None, raw)
    return raw


def content_type(head: bytes) -> str:
    """What a file is by its first bytes; a text that a browser would run is told as any other text."""
    found = content_told(head)
    return TEXT if found in RUNNING else found


def readable_file(access: Access, file_id: Any) -> Raw:
    """A file of the user's own, or one that a record holds which the user sees, in a field which the user sees
    (administrators: any but what private records hold). Raises RecordNotFound."""
    raw = StoredFile._get_collection().find_one({"_id": object_id("file", file_id)})
    purpose = (raw or {}).get("purpose")
    any_file = access.everything and purpose != ATTACHMENT
    if raw is None or purpose == VERSION or not (any_file or owns(access, raw) or held_by_seen(access, [raw["_id"]])):
        raise RecordNotFound("file", file_id)
    return raw


def attachments(access: Access, ids: Iterable[str]) -> list[Raw]:
    """Those of the files that the user may read, in the order of their ids: what a form shows of them."""
    wanted = [ObjectId(text) for text in dict.fromkeys(ids) if ObjectId.is_valid(text)]
    found = {raw["_id"]: raw for raw in StoredFile._get_collection().find({"_id": {"$in": wanted}})}
    others = [key for key, raw in found.items() if not owns(access, raw)]
    held = held_by_seen(access, others)
    return [found[key] for key in wanted if key in found and (key in held or key not in others)]


def owns(access: Access, raw: Raw) -> bool:
    return access.user_id is not None and raw.get("owner") == access.user_id


def held_by_seen(access: Access, ids: Iterable[ObjectId]) -> set[ObjectId]:
    """Those of the files that some record holds which the user sees, in a field which the user sees."""
    wanted, found = list(ids), set()
    for card in all_registers() if wanted else ():
        fields = [field for field in schema_of(card.key).for_access(access).fields if isinstance(field.kind, Files)]
        tokens = {token: key for field in fields for key in wanted for token in field.kind.facets(key, field)}
        if tokens and access.may(card.key, "see"):
            query = {"$and": [{"facets": {"$in": list(tokens)}}, access.condition(card.key)]}
            for raw in card.document._get_collection().find(query, {"facets": 1}):
                found |= {tokens[token] for token in raw["facets"] if token in tokens}
    return found
