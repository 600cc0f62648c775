"""Making the embedded mongod a one-node replica set with one user.

Everything here signs in as mongod's own internal user, whose password is the key file's content: so the set can be
configured and the user created without the localhost exception, which would let anybody on this machine be first.
"""

import time

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from app.mongod import REPLICA_SET, DatabaseError

USER = "kortisto"
PRIMARY_SECONDS = 120.0


def configure(port: int, key: str, password: str) -> None:
    """Bring the set into service at `port` with our user and `password`; done again, it changes nothing.

    Raises DatabaseError when the node does not become writable, or refuses.
    """
    try:
        with _connect(port, key) as client:
            _settle_members(client, f"127.0.0.1:{port}")
        # A client made before the initiation believes that this server knows no sessions.
        with _connect(port, key) as client:
            _wait_for_primary(client)
            _settle_user(client, password)
    except PyMongoError as error:
        raise DatabaseError(
            f"The embedded database refuses to serve ({error}): its log is logs/mongod.log in the data folder."
        ) from error


def _connect(port: int, key: str) -> MongoClient:
    return MongoClient(
        "127.0.0.1",
        port,
        directConnection=True,
        username="__system",
        password=key,
        authSource="local",
        serverSelectionTimeoutMS=10_000,
    )


def _settle_members(client: MongoClient, address: str) -> None:
    """Initiate the set, or force its one member to `address` when the port has changed since."""
    config = client.local["system.replset"].find_one()
    if config is None:
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [{"_id": 0, "host": address}]})
    elif config["members"][0]["host"] != address:
        config["members"] = [{**config["members"][0], "host": address}]
        client.admin.command("replSetReconfig", config, force=True)


def _wait_for_primary(client: MongoClient) -> None:
    deadline = time.monotonic() + PRIMARY_SECONDS
    while not client.admin.command("hello")["isWritablePrimary"]:
        if time.monotonic() > deadline:
            raise DatabaseError(
                "The embedded database did not become writable: its log is logs/mongod.log in the data folder."
            )
        time.sleep(0.02)


def _settle_user(client: MongoClient, password: str) -> None:
    """Create our user; where it exists, its password becomes the one in the data folder if it differs."""
    if not client.admin.command("usersInfo", USER)["users"]:
        client.admin.command("createUser", USER, pwd=password, roles=["root"])
    elif not _signs_in(client, password):
        client.admin.command("updateUser", USER, pwd=password)


def _signs_in(client: MongoClient, password: str) -> bool:
    host, port = client.address or ("127.0.0.1", 27017)
    attempt: MongoClient = MongoClient(host, port, directConnection=True, username=USER, password=password)
    try:
        with attempt:
            return bool(attempt.admin.command("ping"))
    except PyMongoError:
        return False
