"""Writing documents other than records that carry a version: settings, saved views, reports."""

from collections.abc import Mapping
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from services.records import VersionConflict


def put_version(
    session: ClientSession, collection: Collection, before: Mapping[str, Any] | None, after: Mapping[str, Any]
) -> None:
    """Add `after`, or write it in place of `before` as long as that is still its version. Raises VersionConflict."""
    if before is None:
        collection.insert_one(dict(after), session=session)
        return
    same = {"_id": before["_id"], "version": before["version"]}
    if not collection.replace_one(same, after, session=session).matched_count:
        raise VersionConflict(dict(before))
