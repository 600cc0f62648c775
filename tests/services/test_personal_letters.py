"""A person's part in letters that were made for many goes with the person; the others' letters stay what they were."""

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from typing import Any

import mongoengine as me
import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from models.files import StoredFile
from models.jobs import Job
from models.letters import Letter, LetterBatch
from models.rights import Access
from models.security import User
from services.files import keep_content, open_content
from services.jobs import Run, cancel_job, claim, wake_due
from services.merge import Form, results, upload_template
from services.merge.errors import MergeProblem
from services.merge.history import letter_file
from services.personal_data import ANONYMISE, ERASE, collect, erase, letters
from services.records import RecordNotFound, now
from services.security import access_for
from tests.factories import PersonFactory
from tests.services.merging import keep, lines, make
from tests.word.making import docx, field, merge_field, p
from tests.word.reading import parts
from tests.word.validity import assert_package_whole

NAMES = ("Aino Aalto", "Vilhelmiina Kurki", "Cecilia Cederberg")
GONE = NAMES[1]


@pytest.fixture
def boss(admin: User) -> Access:
    return access_for(admin)


@pytest.fixture
def people() -> list[dict[str, Any]]:
    return [PersonFactory(first_name=first, last_name=last) for first, last in map(str.split, NAMES)]


def file_of(job: dict[str, Any]) -> dict[str, Any]:
    return StoredFile._get_collection().find_one({"_id": job["result_file"]}) or {}


def content_of(file: dict[str, Any]) -> bytes:
    with open_content(file) as content:
        return content.read()


def letter_of(access: Access, person: dict[str, Any]) -> bytes:
    letter = Letter._get_collection().find_one({"record": person["_id"]}) or {}
    with letter_file(access, letter["_id"]).content as content:
        return content.read()


def all_parts(data: bytes) -> bytes:
    """What stands in a package, unpacked, be it a zip of packages."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        found = [name.encode() + archive.read(name) for name in archive.namelist()]
        return b"".join(found + [all_parts(archive.read(name)) for name in archive.namelist()
                                 if name.endswith(".docx")])  # fmt: skip


@pytest.mark.parametrize("how", [ERASE, ANONYMISE])
@pytest.mark.parametrize("form", ["one", "split", "each"])
def test_part_of_one_who_is_erased_goes_and_every_other_letter_stays_as_it_was(
    boss: Access, people: list[dict[str, Any]], form: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "SPLIT", 2)
    job = make(boss, keep(boss, "name", register="person"), form=Form(form))
    before, others = file_of(job), (people[0], people[2])
    whole = all_parts(content_of(before))
    assert all(name.encode() in whole for name in NAMES)
    read = [parts(letter_of(boss, one)) for one in others]
    long_ago = now() - dt.timedelta(days=2)
    me.get_db()["blob"].update_one({"_id": before["sha256"]}, {"$set": {"used_at": long_ago}})
    erase(boss, people[1]["_id"], how, why="wish", name=GONE)
    wake_due()
    after = file_of(job)
    rest = content_of(after)
    assert after["size"] == len(rest)
    whole = all_parts(rest)
    assert [name for name in NAMES if name.encode() in whole] == [NAMES[0], NAMES[2]]
    assert [parts(letter_of(boss, one)) for one in others] == read
    if form == "one":
        assert_package_whole(rest)
        assert lines(rest) == [NAMES[0], NAMES[2]]
    blobs = me.get_db()["blob"]
    assert [blobs.count_documents({"_id": one["sha256"]}) for one in (before, after)] == [0, 1]
    assert Job._get_collection().find_one({"kind": letters.KIND})["message"] == "The letters were taken out of 1 file."


def pdf_of(*texts: str) -> io.BytesIO:
    """A PDF with a page for each text."""
    out = io.BytesIO()
    with PdfWriter() as writer:
        for text in texts:
            page = writer.add_blank_page(595, 842)
            stream = DecodedStreamObject()
            stream.set_data(f"BT /F 12 Tf 50 700 Td ({text}) Tj ET".encode())
            names = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
            font = DictionaryObject({NameObject(key): NameObject(name) for key, name in names.items()})
            page[NameObject("/Contents")] = writer._add_object(stream)
            page[NameObject("/Resources")] = DictionaryObject(
                {NameObject("/Font"): DictionaryObject({NameObject("/F"): font})})  # fmt: skip
        writer.write(out)
    return out


@pytest.fixture
def in_pdf(boss: Access, people: list[dict[str, Any]]) -> dict[str, Any]:
    """The job of letters as a PDF: the person who goes has two pages in the middle."""
    job = make(boss, keep(boss, "name", register="person"))
    digest, size = keep_content(pdf_of(NAMES[0], GONE, f"{GONE} goes on", NAMES[2]))
    its = {"_id": job["result_file"]}
    StoredFile._get_collection().update_one(its, {"$set": {"sha256": digest, "size": size}})
    LetterBatch._get_collection().update_one({}, {"$set": {"pdf": True}})
    for person, start, end in zip(people, (1, 2, 4), (1, 3, 4), strict=True):
        Letter._get_collection().update_one({"record": person["_id"]}, {"$set": {"start": start, "end": end}})
    return job


def test_pages_of_one_who_is_erased_are_empty_and_the_others_keep_their_numbers(
    boss: Access, people: list[dict[str, Any]], in_pdf: dict[str, Any]
) -> None:
    erase(boss, people[1]["_id"], ERASE, why="wish", name=GONE)
    wake_due()
    data = content_of(file_of(in_pdf))
    read = PdfReader(io.BytesIO(data))
    assert [page.extract_text() for page in read.pages] == [NAMES[0], "", "", NAMES[2]]
    assert b"Vilhelmiina" not in data
    for person, name in ((people[0], NAMES[0]), (people[2], NAMES[2])):
        pages = PdfReader(io.BytesIO(letter_of(boss, person))).pages
        assert [page.extract_text() for page in pages] == [name]


def test_job_that_is_killed_between_documents_goes_on_and_nobody_cancels_it(
    boss: Access, people: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [make(boss, keep(boss, "name", register="person", name=name)) for name in ("A", "B")]
    erase(boss, people[1]["_id"], ERASE, why="wish", name=GONE)
    raw = claim()
    assert raw is not None
    assert GONE.split()[0] not in str(raw)
    assert cancel_job(boss, raw["_id"])["state"] == "running"
    run = Run(raw, boss)
    assert letters.is_written_anew(run, raw["params"]["documents"][0], 1)
    Job._get_collection().update_one({"_id": raw["_id"]}, {"$set": {"lease_until": now() - dt.timedelta(minutes=1)}})
    written = []
    monkeypatch.setattr(letters, "is_written_anew", lambda run, document, done, work=letters.is_written_anew: (
        written.append(done), work(run, document, done))[1])  # fmt: skip
    wake_due()
    assert written == [2]
    assert [lines(content_of(file_of(job))) for job in jobs] == [[NAMES[0], NAMES[2]]] * 2


def test_two_who_are_erased_at_once_are_both_gone(
    boss: Access, people: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make(boss, keep(boss, "name", register="person"))
    for person, name in zip(people[:2], NAMES, strict=False):
        erase(boss, person["_id"], ERASE, why="wish", name=name)
    work, tries = letters.take_letters_out, []

    def slow(*given: Any) -> None:
        work(*given)
        tries.append(given)
        if len(tries) == 1:
            wake_due()

    monkeypatch.setattr(letters, "take_letters_out", slow)
    wake_due()
    assert len(tries) == 3
    assert lines(content_of(file_of(job))) == [NAMES[2]]


def test_file_that_cannot_be_written_anew_is_named_for_deleting(
    boss: Access, people: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [make(boss, keep(boss, "name", register="person", name=name)) for name in ("A", "B")]
    work = letters.take_letters_out

    def some(whole: Any, batch: dict[str, Any], *given: Any) -> None:
        if batch["template"] == "A":
            raise MergeProblem("too large")
        work(whole, batch, *given)

    monkeypatch.setattr(letters, "take_letters_out", some)
    erase(boss, people[1]["_id"], ERASE, why="wish", name=GONE)
    wake_due()
    job = Job._get_collection().find_one({"kind": letters.KIND})
    assert (job["state"], file_of(made[0])["name"] in job["message"]) == ("failed", True)
    assert lines(content_of(file_of(made[1]))) == [NAMES[0], NAMES[2]]


def test_letter_with_others_values_stays_until_they_go_too_and_is_listed(
    boss: Access, people: list[dict[str, Any]]
) -> None:
    two = docx(p(merge_field("name"), field(" NEXT "), merge_field("name")))
    job = make(boss, upload_template(boss, "person", "Two", two))
    shared = Letter._get_collection().distinct("record", {"shared": True})
    first, second = (one for one in people if one["_id"] in shared)
    (alone,) = (one["name"] for one in people if one["_id"] not in shared)
    assert [row["id"] for row in collect(boss, first["_id"]).files] == [str(job["result_file"])]
    erase(boss, first["_id"], ERASE, why="wish", name=first["name"])
    wake_due()
    assert first["name"].encode() in all_parts(content_of(file_of(job)))
    erase(boss, second["_id"], ERASE, why="wish", name=second["name"])
    wake_due()
    whole = all_parts(content_of(file_of(job)))
    assert [name for name in NAMES if name.encode() in whole] == [alone]


def test_files_without_known_parts_are_listed_and_those_that_are_ticked_go(
    boss: Access, client: FlaskClient, people: list[dict[str, Any]], sign_in: Callable
) -> None:
    known = make(boss, keep(boss, "name", register="person"))
    others = [make(boss, keep(boss, "name", register="person")) for _number in range(2)]
    gone = [job["_id"] for job in others]
    LetterBatch._get_collection().delete_many({"_id": {"$in": gone}})
    listed = {row["id"] for row in collect(boss, people[1]["_id"]).files}
    assert listed == {str(job["result_file"]) for job in others}
    pk = people[1]["_id"]
    page = client.get(f"/people/personal_data/{pk}").text
    assert all(f'value="{one}"' in page for one in listed)
    sent = {"how": ERASE, "why": "wish", "name": GONE, "files": str(others[0]["result_file"])}
    assert client.post(f"/people/erase/{pk}", data=sent).status_code == 302
    assert [bool(file_of(job)) for job in (known, *others)] == [True, False, True]
    assert "result_file" not in Job._get_collection().find_one({"_id": others[0]["_id"]})


@pytest.mark.parametrize("which", ["x", "0" * 24, "template"])
def test_only_files_that_jobs_made_are_deleted_along(
    boss: Access, people: list[dict[str, Any]], which: str
) -> None:
    template = keep(boss, "name", register="person")
    file = str(template["file"]) if which == "template" else which
    with pytest.raises(RecordNotFound):
        erase(boss, people[1]["_id"], ERASE, why="wish", name=GONE, files=[file])
    assert collect(boss, people[1]["_id"]).name == GONE
