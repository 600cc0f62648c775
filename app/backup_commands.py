"""Backups and whole exports from a shell: `flask --app app backup FILE`, `restore`, `export-all`, `import-all`."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from pymongo.errors import PyMongoError

from app.database import works_elsewhere
from app.indexes import ensure_indexes
from app.merge_command import written_whole
from config import VERSION
from services.backup import BSON, JSON, Archive, BadArchive, fill, is_empty, settle, write_archive
from services.security import add_ready_roles
from services.trays import bind_ready_trays

LANGUAGE = click.option("--language", type=click.Choice(["en", "fi"]), default="en", help="Language of the messages.")
NEW_FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
OLD_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
#: Whoever reads a backup reads everything.
OWNER_ALONE = 0o600


@contextmanager
def told(language: str) -> Iterator[None]:
    """What goes wrong is one sentence, and the command ends with 1."""
    with force_locale(language):
        try:
            yield
        except (BadArchive, PyMongoError, OSError) as problem:
            click.echo(str(problem), err=True)
            sys.exit(1)


@click.command("backup")
@NEW_FILE
@LANGUAGE
def backup(file: Path, language: str) -> None:
    """Write everything into FILE, database and files, as they are at one moment; the program may be in use."""
    with told(language):
        write(file, BSON)
        key = current_app.config["DATA_DIR"] / "secret_key"
        if key.exists():
            click.echo(_("Keep %(path)s with it: links in e-mails that were sent go by that key.", path=key))


@click.command("export-all")
@NEW_FILE
@LANGUAGE
def export_all(file: Path, language: str) -> None:
    """Write everything into FILE in forms that other programs read: lines of JSON, and the files."""
    with told(language):
        write(file, JSON)


@click.command("restore")
@OLD_FILE
@click.option("--yes", is_flag=True, help="Don't ask.")
@LANGUAGE
def restore(file: Path, language: str, yes: bool) -> None:
    """Put what FILE holds in the place of everything that is there. Stop the program first."""
    with told(language), file.open("rb") as stream:
        if works_elsewhere(current_app.config["DATA_DIR"]):
            raise BadArchive(_("The program is running: stop it first."))
        archive = Archive(stream, VERSION)
        if not (yes or is_empty()):
            click.confirm(_("Everything here is replaced by what there was at %(moment)s. Go on?",
                            moment=archive.manifest.made_at), abort=True)  # fmt: skip
        read_in(archive)
        settle()


@click.command("import-all")
@OLD_FILE
@LANGUAGE
def import_all(file: Path, language: str) -> None:
    """Bring what FILE holds into an empty installation."""
    with told(language), file.open("rb") as stream:
        if not is_empty():
            raise BadArchive(_("There are users here already. To replace everything that is there, use restore."))
        read_in(Archive(stream, VERSION))


def write(file: Path, encoding: str) -> None:
    with written_whole(file) as out:
        os.fchmod(out.fileno(), OWNER_ALONE)
        made = write_archive(out, encoding, VERSION)
        out.flush()
        os.fsync(out.fileno())
    click.echo(_("%(documents)s documents and %(files)s files are in %(path)s.", documents=f"{made.documents:,}",
                 files=f"{made.files:,}", path=file))  # fmt: skip
    for digest in made.lost:
        click.echo(_("The database has lost the content of file %(digest)s.", digest=digest), err=True)


def read_in(archive: Archive) -> None:
    """Fill the installation, and prepare it as a start does."""
    archive.check()
    filled = fill(archive)
    add_ready_roles()
    ensure_indexes()
    bind_ready_trays()
    click.echo(_("%(documents)s documents and %(files)s files are back, as of %(moment)s.", files=f"{filled.files:,}",
                 documents=f"{filled.documents:,}", moment=archive.manifest.made_at))  # fmt: skip
