"""Where it is measured: an application on a database of its own, filled by the demo organisation's generator."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import mongoengine as me
from flask import Flask

from app import create_app, prepare
from app.database import ensure_database, release_database
from app.mongodb_uri import with_database
from config import load_settings
from models.rights import system_access
from services.demo import SEED, Writer
from services.demo.fields import ensure_fields
from services.demo.staff import ensure_users

PASSWORD = "benchmarks-sign-in-once"
USERNAME = "tiina.saarinen"
STEP = 10_000


@contextmanager
def application() -> Iterator[Flask]:
    """The application on a new database of the MongoDB that is set, else the embedded one; dropped at the end."""
    uri = with_database(ensure_database(load_settings()), f"kortisto_bench_{os.getpid()}")
    with tempfile.TemporaryDirectory(prefix="kortisto-bench-") as folder:
        settings = load_settings({"KORTISTO_MONGODB_URI": uri, "KORTISTO_DATA_DIR": str(Path(folder)),
                                  "KORTISTO_BROKER_URL": "memory://", "KORTISTO_LOG_LEVEL": "WARNING"})  # fmt: skip
        try:
            prepare(settings)
            app = create_app(settings)
            # One client signs in once; what CSRF tokens cost is nothing that is measured here.
            app.config.update(WTF_CSRF_ENABLED=False, RATELIMIT_ENABLED=False)
            yield app
        finally:
            database = me.get_db()
            database.client.drop_database(database.name)
            me.disconnect()
            release_database()


def fill(app: Flask, records: int) -> float:
    """Write so many companies with their 30 fields through the services; returns the seconds it took."""
    with app.app_context():
        access = system_access()
        ensure_fields(access)
        users, _new = ensure_users(access, PASSWORD)
        start = time.perf_counter()
        Writer(access, users, tell).write_companies(SEED, records)
        return time.perf_counter() - start


def tell(count: int) -> None:
    # Batches are of 500 records and fewer.
    if count >= STEP and count % STEP < 500:
        click.echo(f"{count:,} records written", err=True)
