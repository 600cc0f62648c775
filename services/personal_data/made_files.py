"""Files that jobs made and in which a person may stand without anybody knowing where: exports, labels, letters that no
history tells of. Whoever erases the person decides which go."""

from collections.abc import Sequence
from typing import Any

from bson import ObjectId
from pymongo import DESCENDING
from pymongo.client_session import ClientSession

from models.files import StoredFile
from models.jobs import Job
from models.letters import LetterBatch
from models.rights import Access
from services.labels import names_of
from services.personal_data.letters import split_letters
from services.personal_data.people import REGISTER, Found
from services.personal_data.seeking import Looked
from services.records import RecordNotFound, object_id

Raw = dict[str, Any]
Row = dict[str, Any]
RESULT = "result"
#: So many are shown, the newest.
MOST_FILES = 200


def made_files(access: Access, found: Found, look: Looked | None = None) -> list[Row]:
    """The results made since the person was added, but for letters of which the person's part is known. Where they were
    looked through, those that name the person ("named"), that could not be read, and that are newer."""
    since = min(one.generation_time for one in found.ids)
    its: Raw = {"purpose": RESULT, "created_at": {"$gte": since}, "_id": {"$nin": known_through(found)}}
    if look is not None and look.is_done:
        doubtful = [{"_id": {"$in": [*look.files, *look.unread]}}, {"created_at": {"$gte": look.job["created_at"]}}]
        its = {"purpose": RESULT, "$and": [{"_id": its["_id"]}, {"$or": doubtful}]}
    named = set(look.files) if look else set()
    files = list(StoredFile._get_collection().find(its).sort("created_at", DESCENDING).limit(MOST_FILES))
    users = names_of(access, "user", list({one["owner"] for one in files if one.get("owner")}))
    return [{"id": str(one["_id"]), "name": one["name"], "created_at": one["created_at"],
             "by": users.get(one.get("owner"), ""), "named": one["_id"] in named}
            for one in sorted(files, key=lambda one: one["_id"] not in named)]  # fmt: skip


def known_through(found: Found) -> list[ObjectId]:
    """The documents of letters to people in which the person has no part, or one that can be taken out."""
    _placed, unknown = split_letters(found.ids)
    its = {"register": REGISTER, "_id": {"$nin": list(unknown)}}
    return [raw["file"] for raw in LetterBatch._get_collection().find(its, {"file": 1})]


def delete_made(session: ClientSession, ids: Sequence[Any]) -> list[str]:
    """Delete files that jobs made; returns the hashes of what they held. Raises RecordNotFound."""
    digests = []
    for one in dict.fromkeys(ids):
        its = {"_id": object_id("file", one), "purpose": RESULT}
        raw = StoredFile._get_collection().find_one_and_delete(its, session=session)
        if raw is None:
            raise RecordNotFound("file", one)
        Job._get_collection().update_many({"result_file": raw["_id"]}, {"$unset": {"result_file": ""}}, session=session)
        digests.append(raw["sha256"])
    return digests
