"""Backups and whole exports: what comes back is the same, also when written in the midst of work; bad files are refused
before anything is changed."""

import datetime as dt
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bson
import mongoengine as me
import pytest
from bson import Decimal128, Int64, ObjectId, Regex
from bson.raw_bson import RawBSONDocument
from click.testing import Result
from flask import Flask
from pymongo.errors import PyMongoError

from app.indexes import ensure_indexes
from config import VERSION
from models.audit import AuditEntry, What
from models.companies import Company
from models.jobs import Job, JobState
from models.mailings import DRAFT, PAUSED, SCHEDULED, Mailing
from models.outbox import Message, MessageState
from models.rights import Access
from models.security import User
from services.audit.chain import check_chain
from services.backup import BSON, JSON, Archive, BadArchive, fill, settle, write_archive
from services.backup.making import LEFT_OUT, RAW
from services.files import add_file, keep_content, new_file, open_content
from services.mailings import start
from services.records import create_record, create_records, delete_record, update_record
from services.security import access_for
from services.settings import define_field
from services.trays import bind_ready_trays
from tests.factories import CompanyFactory, PersonFactory
from tests.fixtures.app import PASSWORD
from tests.services.mailing_fixtures import everybody, mailing_to, people_of

Raw = dict[str, Any]
CONTENTS = (b"a" * 600_000, b"", b"\x00\xff" * 10)
#: What the commands themselves write: the audit's new entry, and when content was last in use.
OWN = ("audit", "audit_head")


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=arguments)


def everything() -> dict[str, list[bytes]]:
    """Collection -> its documents as they are kept, but for those that commands write of themselves."""
    database = me.get_db()
    names = [name for name in database.list_collection_names()
             if not name.startswith("system.") and name not in (*LEFT_OUT, *OWN)]  # fmt: skip
    found = {name: [raw.raw for raw in database.get_collection(name, codec_options=RAW).find().sort("_id", 1)]
             for name in names}  # fmt: skip
    return {name: documents for name, documents in found.items() if documents}


def contents() -> dict[str, bytes]:
    return {raw["_id"]: open_content({"_id": None, "sha256": raw["_id"]}).read() for raw in me.get_db()["blob"].find()}


def wipe() -> None:
    database = me.get_db()
    for name in database.list_collection_names():
        if not name.startswith("system."):
            database.drop_collection(name)


@pytest.fixture
def organisation(app: Flask, admin: User, admin_access: Access) -> None:
    """Some of everything in an installation that has been started: records, fields, changes, deleted ones, files, and
    values of every type there is."""
    ensure_indexes()
    bind_ready_trays()
    define_field(admin_access, {"register": "company", "key": "worth", "kind": "money", "label": {"en": "Worth"}})
    companies = [CompanyFactory(name=f"Firm {number} Ä", x_worth=f"{number}.50 EUR") for number in range(30)]
    update_record(admin_access, "company", companies[0]["_id"], {"name": "Renamed"})
    delete_record(admin_access, "company", companies[1]["_id"])
    PersonFactory(first_name="Aino", last_name="Öö", companies=[str(companies[2]["_id"])])
    for number, content in enumerate(CONTENTS):
        kept = keep_content(io.BytesIO(content))
        add_file(None, new_file(admin_access, f"file {number}.bin", "application/octet-stream", "result", kept))
    me.get_db()["company"].update_one({"_id": companies[3]["_id"]}, {"$set": {"odd": {
        "long": Int64(5), "int": 5, "double": 5.0, "nan": float("nan"), "decimal": Decimal128("1.50"), "bytes": b"\x00",
        "early": bson.DatetimeMS(-10**15), "now": dt.datetime.now(dt.UTC), "regex": Regex("^a", "i"), "null": None,
        "$and": "key", "id": ObjectId(), "list": [[], {}, ""],
    }}})  # fmt: skip


@pytest.mark.usefixtures("organisation")
@pytest.mark.parametrize(("out", "back"), [
    ("backup", "restore"), pytest.param("export-all", "import-all", marks=pytest.mark.slow),
])  # fmt: skip
def test_what_was_written_comes_back_into_an_empty_installation(
    app: Flask, tmp_path: Path, out: str, back: str
) -> None:
    file = tmp_path / "all.zip"
    written = run(app, out, str(file))
    assert written.exit_code == 0, written.output
    assert file.stat().st_mode & 0o777 == 0o600
    before, files = everything(), contents()
    audit = [raw.raw for raw in me.get_db().get_collection("audit", codec_options=RAW).find().sort("_id", 1)]
    wipe()
    result = run(app, back, str(file))
    assert result.exit_code == 0, result.output
    after = everything()
    if back == "restore":
        forget_sessions(before, after)
    assert after.keys() == before.keys()
    for name, documents in before.items():
        assert after[name] == documents, name
    assert contents() == files
    kept = [raw.raw for raw in me.get_db().get_collection("audit", codec_options=RAW).find().sort("_id", 1)]
    # The last entry is that of the writing itself, which comes after what was written.
    assert kept[:-1] == audit[:-1]
    assert AuditEntry.objects.order_by("-id").first().what == What.RESTORED.value
    check_chain()


def forget_sessions(*states: dict[str, list[bytes]]) -> None:
    """Who goes back to an earlier state logs in anew: the rest of a user is the same."""
    for state in states:
        users = [bson.decode(raw) for raw in state["ab_user"]]
        state["ab_user"] = [bson.encode({key: value for key, value in sorted(user.items())
                                         if key not in ("sessions", "token_era")}) for user in users]  # fmt: skip


@pytest.mark.slow
@pytest.mark.usefixtures("organisation")
def test_after_restoring_the_program_works_on(app: Flask, tmp_path: Path) -> None:
    file = str(tmp_path / "all.zip")
    assert run(app, "backup", file).exit_code == 0
    CompanyFactory(name="Added later")
    assert run(app, "restore", file, "--yes").exit_code == 0
    assert Company.objects(name="Added later").count() == 0
    client = app.test_client()
    assert client.post("/login/", data={"username": "admin", "password": PASSWORD}).status_code == 302
    assert "Renamed" in client.get("/companies/?_flt_ct_name=Renamed").text
    assert client.post("/companies/quick_add", data={"name": "After"}).status_code == 302
    assert Company.objects(name="After").count() == 1


def test_a_backup_holds_one_moment_while_others_write(app: Flask, admin_access: Access, tmp_path: Path) -> None:
    """Each transaction writes a company with its change entry: an archive never has one without the other."""
    stop, failed = threading.Event(), []

    def work() -> None:
        with app.app_context():
            number = 0
            while not stop.is_set():
                number += 1
                try:
                    create_record(admin_access, "company", {"name": f"Written meanwhile {number}"})
                except PyMongoError as error:
                    failed.append(error)
                    return

    create_records(admin_access, "company", [{"name": f"Firm {number}"} for number in range(500)])
    writer = threading.Thread(target=work)
    writer.start()
    try:
        for number in range(3):
            with (tmp_path / f"{number}.zip").open("w+b") as stream:
                write_archive(stream, BSON, VERSION)
                archive = Archive(stream, VERSION)
                archive.check()
                companies = {raw["_id"] for raw in archive.documents("company")}
                changed = {raw["record"] for raw in archive.documents("change") if raw["register"] == "company"}
                assert companies == changed
                assert len(companies) >= 500
    finally:
        stop.set()
        writer.join()
    assert failed == []


def test_a_collection_that_was_made_just_now_is_no_hindrance(app: Flask) -> None:
    for number in range(5):
        me.get_db()[f"made_just_now_{number}"].create_index("name")
        write_archive(io.BytesIO(), BSON, VERSION)
        me.get_db().drop_collection(f"made_just_now_{number}")


@pytest.fixture
def archive(organisation: None) -> bytes:
    out = io.BytesIO()
    write_archive(out, JSON, VERSION)
    return out.getvalue()


def changed(archive: bytes, name: str, content: bytes | None) -> bytes:
    """The archive with another content of one file; without it for None."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.namelist():
            if entry != name:
                new.writestr(entry, old.read(entry))
        if content is not None:
            new.writestr(name, content)
    return out.getvalue()


def with_manifest(archive: bytes, **parts: Any) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as old:
        said = json.loads(old.read("manifest.json"))
    return changed(archive, "manifest.json", json.dumps(said | parts).encode())


def damaged_ones(archive: bytes) -> Iterator[tuple[str, bytes]]:
    middle = len(archive) // 2
    yield "cut short", archive[:middle]
    yield "turned over", archive[:middle] + bytes([archive[middle] ^ 255]) + archive[middle + 1 :]
    yield "empty", b""
    yield "none", b"%PDF-1.4"
    yield "other zip", changed(archive, "manifest.json", None)
    yield "changed", changed(archive, "data/company.jsonl", b'{"_id": 1}\n')
    yield "missing", changed(archive, "data/company.jsonl", None)
    yield "more", changed(archive, "data/more.jsonl", b"{}\n")
    yield "newer format", with_manifest(archive, format=99, encoding="other", entries=7)
    yield "newer program", with_manifest(archive, version="99.0.0")
    yield "nonsense", with_manifest(archive, version="x")
    yield "way out", with_manifest(archive, entries={"data/../x.jsonl": {"sha256": "", "size": 0, "count": 0}})
    yield "list", changed(archive, "manifest.json", b"[]")


def test_bad_files_are_refused_before_anything_is_changed(app: Flask, archive: bytes, tmp_path: Path) -> None:
    before = everything()
    for what, data in damaged_ones(archive):
        file = tmp_path / "bad.zip"
        file.write_bytes(data)
        result = run(app, "restore", str(file), "--yes")
        assert result.exit_code == 1, what
        assert "nothing was changed" in result.output, what
        if what.startswith("newer"):
            assert "Bring the program up to date" in result.output
    assert everything() == before


def test_nothing_is_imported_where_somebody_has_begun(app: Flask, archive: bytes, tmp_path: Path) -> None:
    file = tmp_path / "all.zip"
    file.write_bytes(archive)
    before = everything()
    result = run(app, "import-all", str(file))
    assert result.exit_code == 1
    assert "There are users here already" in result.output
    assert run(app, "restore", str(file)).exit_code == 1
    assert everything() == before


def test_a_filling_that_breaks_off_changes_nothing_and_the_next_one_finishes(
    archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything()

    def broken() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("services.backup.filling.take_names", broken)
        with pytest.raises(KeyboardInterrupt):
            fill(Archive(io.BytesIO(archive), VERSION))
    assert {name: raws for name, raws in everything().items() if not name.startswith("filling.")} == before
    fill(Archive(io.BytesIO(archive), VERSION))
    assert everything() == before


def test_what_was_on_its_way_is_not_done_again(admin: User) -> None:
    moment = dt.datetime.now(dt.UTC)
    for key, due in (("due", moment), ("later", moment + dt.timedelta(days=1))):
        Message(purpose="direct", address="a@example.com", message_id=key, state=MessageState.WAITING.value, due_at=due,
                created_at=moment).save()  # fmt: skip
    Job(kind="merge", owner=admin.pk, state=JobState.RUNNING.value, created_at=moment).save()
    settle()
    states = {message.message_id: message.state for message in Message.objects}
    assert states == {"due": MessageState.UNCLEAR.value, "later": MessageState.WAITING.value}
    assert Job.objects.get(kind="merge").state == JobState.FAILED.value


def test_mailings_of_an_earlier_state_are_held(
    app: Flask, admin_access: Access, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "SMTP_URL", "smtp://127.0.0.1:9")
    people_of(admin_access, "a@example.com")
    segment = everybody(admin_access)
    going, passed, coming = (mailing_to(admin_access, segment, name=name)["_id"] for name in ("a", "b", "c"))
    start(access_for(admin), going)
    for one in (passed, coming):
        start(access_for(admin), one, dt.datetime.now(dt.UTC) + dt.timedelta(hours=1))
    me.get_db()["mailing"].update_one({"_id": passed}, {"$set": {"starts_at": dt.datetime.now(dt.UTC)}})
    settle()
    assert [Mailing.objects.get(pk=one).state for one in (going, passed, coming)] == [PAUSED, DRAFT, SCHEDULED]


@pytest.mark.usefixtures("organisation")
def test_content_that_the_database_has_lost_is_told_and_the_rest_written(app: Flask, tmp_path: Path) -> None:
    blob = me.get_db()["blob"].find_one({"size": len(CONTENTS[0])})
    me.get_db()["blobs.chunks"].delete_one({"files_id": blob["grid_id"], "n": 1})
    result = run(app, "backup", str(tmp_path / "all.zip"))
    assert result.exit_code == 0
    assert f"lost the content of file {blob['_id']}" in result.output
    with (tmp_path / "all.zip").open("rb") as stream:
        archive = Archive(stream, VERSION)
        archive.check()
        assert blob["_id"] not in {raw["_id"] for raw in archive.documents("blob")}


def test_an_archive_is_there_whole_or_not_at_all(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "all.zip"
    file.write_bytes(b"the one of yesterday")

    def full(*_arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("services.backup.making.write_contents", full)
    result = run(app, "backup", str(file))
    assert result.exit_code == 1
    assert "No space left" in result.output
    assert file.read_bytes() == b"the one of yesterday"
    assert [path.name for path in tmp_path.iterdir()] == ["all.zip"]


def test_raw_documents_of_an_archive_are_read_one_by_one(archive: bytes) -> None:
    documents = Archive(io.BytesIO(archive), VERSION).documents("company")
    assert isinstance(next(documents), RawBSONDocument)
    with pytest.raises(BadArchive):
        Archive(io.BytesIO(b"PK\x05\x06" + b"\0" * 18), VERSION)
