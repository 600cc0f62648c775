"""Counting login attempts in the application's own database, through the connection that is there already."""

from typing import Any

import mongoengine as me
from limits.storage import MongoDBStorage
from pymongo import MongoClient


class ConnectedStorage(MongoDBStorage):
    """The stock storage opens a client of its own, even while the interpreter ends, where that hangs for ever."""

    STORAGE_SCHEME = ["connected"]

    @property
    def storage(self) -> MongoClient:
        """The connection there is now: after a fork, or in tests, it is another one than before."""
        if self._storage is not me.get_connection():
            self._storage = None
        return super().storage

    def _init_mongo_client(self, uri: str | None, **options: Any) -> MongoClient:
        return me.get_connection()

    def __del__(self) -> None:
        """The connection is MongoEngine's to close."""
