"""Sizes of collections and indexes, how indexes are used, and what GridFS keeps."""

from typing import Any

import mongoengine as me
from pymongo.errors import OperationFailure

from models.rights import Access
from services.console.looks import require_console
from services.console.secrets import is_closed
from services.records import RecordNotFound
from services.search import time_limit

Raw = dict[str, Any]
FILES = ".files"
SHOWN_FILES = 200


def collection_names() -> list[str]:
    return sorted(name for name in me.get_db().list_collection_names() if not name.startswith("system."))


def storage_of(name: str) -> Raw:
    """What MongoDB says of a collection's storage; nothing for a view or one that has just gone."""
    stages: list[Raw] = [{"$collStats": {"storageStats": {}}}]
    try:
        found: list[Raw] = list(me.get_db()[name].aggregate(stages, maxTimeMS=time_limit()))
    except OperationFailure:
        return {}
    return found[0]["storageStats"] if found else {}


def list_collections(access: Access) -> list[Raw]:
    """Every collection: name, documents, bytes of data and of storage, mean bytes a document, indexes and their
    bytes, and whether its documents are shown. Raises NotAllowed."""
    require_console(access)
    return [collection_row(name, storage_of(name)) for name in collection_names()]


def collection_row(name: str, storage: Raw) -> Raw:
    return {
        "name": name, "open": not is_closed(name), "count": storage.get("count", 0), "size": storage.get("size", 0),
        "storage": storage.get("storageSize", 0), "mean": storage.get("avgObjSize", 0),
        "indexes": storage.get("nindexes", 0), "index_size": storage.get("totalIndexSize", 0),
    }  # fmt: skip


def list_indexes(access: Access, name: str) -> list[Raw]:
    """A collection's indexes: name, keys, options, bytes, uses and since when they are counted.

    Raises NotAllowed, RecordNotFound.
    """
    require_console(access)
    if name not in collection_names():
        raise RecordNotFound("collection", name)
    collection, sizes = me.get_db()[name], storage_of(name).get("indexSizes", {})
    uses = {raw["name"]: raw["accesses"] for raw in collection.aggregate([{"$indexStats": {}}], maxTimeMS=time_limit())}
    return [
        {"name": key, "keys": ", ".join(f"{path}: {order}" for path, order in raw["key"]),
         "options": {option: value for option, value in raw.items() if option not in ("key", "v", "ns")},
         "size": sizes.get(key, 0), "uses": uses.get(key, {}).get("ops", 0), "since": uses.get(key, {}).get("since")}
        for key, raw in collection.index_information().items()
    ]  # fmt: skip


def list_files(access: Access) -> list[Raw]:
    """The buckets of GridFS: name, files, bytes, pieces, and the newest files (id, name, bytes, when). What is in a
    file is never shown. Raises NotAllowed."""
    require_console(access)
    buckets = [name.removesuffix(FILES) for name in collection_names() if name.endswith(FILES)]
    return [bucket_row(bucket) for bucket in buckets]


def bucket_row(bucket: str) -> Raw:
    files, chunks = me.get_db()[bucket + FILES], storage_of(f"{bucket}.chunks")
    total = next(iter(files.aggregate(
        [{"$group": {"_id": None, "bytes": {"$sum": "$length"}, "files": {"$sum": 1}}}], maxTimeMS=time_limit()
    )), {"bytes": 0, "files": 0})  # fmt: skip
    newest = files.find({}, {"filename": 1, "length": 1, "uploadDate": 1, "contentType": 1}, max_time_ms=time_limit())
    return {
        "name": bucket, "files": total["files"], "bytes": total["bytes"], "pieces": chunks.get("count", 0),
        "storage": chunks.get("storageSize", 0), "newest": list(newest.sort("uploadDate", -1).limit(SHOWN_FILES)),
    }  # fmt: skip
