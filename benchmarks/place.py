"""Where it is measured: an application on a database of its own, filled by the demo organisation's generator."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import mongoengine as me
from flask import Flask

from app import create_app, prepare
from app.database import ensure_database, release_database
from app.mongodb_uri import with_database
from config import Settings, load_settings
from models.rights import Access, system_access
from services.demo import SEED, Writer
from services.demo.fields import ensure_fields
from services.demo.staff import ensure_users
from services.settings import define_field

PASSWORD = "benchmarks-sign-in-once"
USERNAME = "tiina.saarinen"
STEP = 10_000
#: What the demo organisation has.
USUAL_FIELDS = 30


@contextmanager
def application() -> Iterator[tuple[Flask, Settings]]:
    """The application on a new database of the MongoDB that is set, else the embedded one, and its settings; the
    database is dropped at the end."""
    uri = with_database(ensure_database(load_settings()), f"kortisto_bench_{os.getpid()}")
    with tempfile.TemporaryDirectory(prefix="kortisto-bench-") as folder:
        settings = load_settings({"KORTISTO_MONGODB_URI": uri, "KORTISTO_DATA_DIR": str(Path(folder)),
                                  "KORTISTO_BROKER_URL": "memory://", "KORTISTO_LOG_LEVEL": "WARNING"})  # fmt: skip
        try:
            prepare(settings)
            app = create_app(settings)
            # One client signs in once; what CSRF tokens cost is nothing that is measured here.
            app.config.update(WTF_CSRF_ENABLED=False, RATELIMIT_ENABLED=False)
            yield app, settings
        finally:
            database = me.get_db()
            database.client.drop_database(database.name)
            me.disconnect()
            release_database()


class WideWriter(Writer):
    """Writes companies that have more fields than the demo organisation's, all of them filled."""

    more = 0

    def write(self, register: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        first = self.written
        return super().write(register, [{**row, **self.values(first + n)} for n, row in enumerate(rows)])

    def values(self, number: int) -> dict[str, Any]:
        """Values that repeat themselves, each field's in its own rhythm."""
        makers = list(MORE_KINDS.values())
        return {f"x_more_{n}": makers[n % len(makers)](number * (n + 7)) for n in range(self.more)}


#: Kinds of field in turn, and how a value of each is made of a number.
MORE_KINDS: dict[str, Callable[[int], Any]] = {
    "choice": lambda number: "abcdefgh"[number % 8], "number": lambda number: number % 10_007,
    "date": lambda number: f"20{number % 24 + 1:02}-{number % 12 + 1:02}-{number % 28 + 1:02}",
    "text": lambda number: f"Remark {number % 997}", "boolean": lambda number: "1" if number % 3 else "0",
}  # fmt: skip


def more_fields(access: Access, count: int) -> None:
    kinds = list(MORE_KINDS)
    for number in range(count):
        kind = kinds[number % len(kinds)]
        choices = {"choices": [{"key": key, "label": key.upper()} for key in "abcdefgh"]} if kind == "choice" else {}
        define_field(access, {"register": "company", "key": f"more_{number}", "label": f"More {number}", "kind": kind,
                              "order": 1_000 + number, **choices})  # fmt: skip


def fill(app: Flask, records: int, fields: int = USUAL_FIELDS) -> float:
    """Write so many companies with so many fields through the services; returns the seconds it took."""
    with app.app_context():
        access = system_access()
        ensure_fields(access)
        users, _new = ensure_users(access, PASSWORD)
        more_fields(access, fields - USUAL_FIELDS)
        writer = WideWriter(access, users, tell)
        writer.more = fields - USUAL_FIELDS
        start = time.perf_counter()
        writer.write_companies(SEED, records)
        return time.perf_counter() - start


def tell(count: int) -> None:
    # Batches are of 500 records and fewer.
    if count >= STEP and count % STEP < 500:
        click.echo(f"{count:,} records written", err=True)
