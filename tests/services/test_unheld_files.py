"""Files that nothing holds go after a day; what anything holds, has held or is just being added stays."""

import datetime as dt
import io
from typing import Any

import mongoengine as me
import pytest
from bson import ObjectId
from flask import Flask

from models.documents import READ, Document
from models.files import StoredFile
from models.jobs import Job
from models.rights import Access
from services.attachments import keep_attachment
from services.documents import add_document, add_version
from services.files import keep_content, keep_stream, upload
from services.jobs import claim, run_job
from services.records import create_record, delete_record, get_record, update_record
from services.recycle_bin import empty_old
from services.settings import define_field
from services.unheld_files import collect_content, collect_files, read_again

NOTHING = dt.timedelta(seconds=-1)
Raw = dict[str, Any]


def counts() -> tuple[int, int, int]:
    database = me.get_db()
    return (StoredFile.objects.count(), database["blob"].count_documents({}),
            len(database["blobs.chunks"].distinct("files_id")))  # fmt: skip


def age(hours: int = 25) -> None:
    """As if all that there is had come so long ago."""
    then = dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours)
    StoredFile._get_collection().update_many({}, {"$set": {"created_at": then}})
    me.get_db()["blob"].update_many({}, {"$set": {"used_at": then}})


@pytest.fixture
def papers(admin_access: Access) -> Raw:
    define_field(admin_access, {"register": "company", "key": "papers", "kind": "files", "label": {"en": "Papers"}})
    file = keep_attachment(admin_access, "a.txt", io.BytesIO(b"held"))
    return create_record(admin_access, "company", {"name": "Acme", "x_papers": [str(file["_id"])]})


def test_file_that_was_never_saved_goes_after_a_day_with_its_content(admin_access: Access, papers: Raw) -> None:
    keep_attachment(admin_access, "b.txt", io.BytesIO(b"never saved"))
    assert (collect_files(), collect_content()) == (0, 0)
    age()
    assert (collect_files(), collect_content()) == (1, 1)
    assert counts() == (1, 1, 1)


def test_file_that_a_change_may_bring_back_stays(admin_access: Access, papers: Raw) -> None:
    update_record(admin_access, "company", papers["_id"], {"x_papers": []}, version=1)
    age()
    assert (collect_files(), collect_content()) == (0, 0)


def test_file_goes_with_its_record_once_that_is_gone_for_good(admin_access: Access, papers: Raw) -> None:
    document = add_document(admin_access, "a.txt", io.BytesIO(b"one"), {})
    add_version(admin_access, document["_id"], "b.txt", io.BytesIO(b"two"))
    delete_record(admin_access, "document", document["_id"])
    delete_record(admin_access, "company", papers["_id"])
    age()
    assert (collect_files(), collect_content()) == (0, 0)
    empty_old(days=-1)
    assert (collect_files(), collect_content()) == (3, 3)
    assert counts() == (0, 0, 0)


def test_content_that_two_files_have_stays_as_long_as_one_does(admin_access: Access, papers: Raw) -> None:
    keep_attachment(admin_access, "b.txt", io.BytesIO(b"held"))
    age()
    assert (collect_files(), collect_content()) == (1, 0)
    assert counts() == (1, 1, 1)


def test_content_that_somebody_comes_with_just_now_is_not_taken_from_them(app: Flask) -> None:
    for keep in (keep_content, keep_stream):
        keep_content(io.BytesIO(b"came before"))
        age()
        keep(io.BytesIO(b"came before"))
        assert collect_content() == 0
    age()
    assert collect_content() == 1


def test_uploads_that_broke_off_go(app: Flask) -> None:
    upload("", io.BytesIO(b"a file without a name"))
    me.get_db()["blobs.chunks"].insert_one({"files_id": ObjectId(), "n": 0, "data": b"a piece without a file"})
    assert collect_content() == 0
    assert collect_content(NOTHING) == 2
    assert counts() == (0, 0, 0)


def test_files_of_other_purposes_stay(admin_access: Access) -> None:
    for purpose in ("template", "result", "document", "import"):
        StoredFile(name="a", content_type="x/y", size=1, sha256=purpose, purpose=purpose,
                   created_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC)).save()  # fmt: skip
    assert collect_files() == 0


def test_document_whose_reading_was_lost_is_read_again(admin_access: Access) -> None:
    raw = add_document(admin_access, "a.txt", io.BytesIO(b"words"), {})
    assert read_again(NOTHING) == 0
    Job.objects.update(set__state="failed", set__ended_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    assert read_again() == 0
    assert Job.objects.count() == 0
    assert read_again(NOTHING) == 1
    while (job := claim()) is not None:
        run_job(job)
    assert get_record(admin_access, "document", raw["_id"])["reading"] == READ
    assert Document.objects.count() == 1
