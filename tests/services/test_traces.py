"""Nothing of an erased person is left in any text or file but what the screen has named as kept."""

import datetime as dt
import io
import zipfile
from collections.abc import Iterator
from typing import Any

import mongoengine as me
import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader

from models.documents import Document
from models.fields.schema import schema_of
from models.files import StoredFile
from models.imports import ImportDraft
from models.jobs import Job
from models.letters import Letter
from models.notices import Notice
from models.rights import Access
from models.saved_views import SavedView
from models.security import User
from models.transactions import in_transaction
from services.documents import add_document, add_version
from services.exports import start_export
from services.exports.wanted import Wanted
from services.files import open_content
from services.imports.drafts import check_draft, report_file, run_draft, start_draft, undo_import
from services.jobs import LeaseLost, wake_due
from services.joining import join_records
from services.leases import new_holder
from services.merge import Form
from services.merge.history import letter_file
from services.notices import notify
from services.outbox import queue_message
from services.personal_data import ERASE, collect, erase, seeking, start_looking
from services.personal_data.seeking import FORGET
from services.records import create_record, delete_record, update_record
from services.recycle_bin import empty_old
from services.search import Selection
from services.security import access_for
from services.settings import define_field
from services.traces import Traces
from services.unheld_files import collect_content, collect_files
from tests.services.importing import workbook
from tests.services.merging import keep, make
from tests.word.making import docx, p

NAME, ADDRESS, PHONE = "Vilhelmiina Kurkipää", "vilhelmiina@kurki.example", "+358401234567"
SECRETS = ("vilhelmiina", "kurkipää", "kurki.example", "401234567")
OTHER = "Aino Aalto"
NOW = dt.timedelta(0)


@pytest.fixture
def boss(admin: User) -> Access:
    return access_for(admin)


def everything() -> Iterator[tuple[str, str]]:
    """(where, text) of all that there is: every document, and every file unpacked."""
    database = me.get_db()
    for name in database.list_collection_names():
        if not name.startswith("blobs."):
            yield from ((f"{name} {raw.get('_id')}", str(raw)) for raw in database[name].find())
    for raw in database["blob"].find():
        data = b"".join(one["data"] for one in database["blobs.chunks"].find({"files_id": raw["grid_id"]}).sort("n", 1))
        files = [one["name"] for one in StoredFile._get_collection().find({"sha256": raw["_id"]})]
        yield f"content of {files}", unpacked(data)


def unpacked(data: bytes) -> str:
    if data.startswith(b"%PDF"):
        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages) + str(data)
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return "\n".join(f"{name} {unpacked(archive.read(name))}" for name in archive.namelist())
    return data.decode("utf-8", "replace")


def left() -> list[str]:
    """Where anything of the person is left."""
    return [where for where, text in everything() if any(secret in text.casefold() for secret in SECRETS)]


def imported(boss: Access, rows: list[list[Any]], *, run: bool, name: str = "list.xlsx") -> Any:
    if "x_born" not in schema_of("person").by_column:
        define_field(boss, {"register": "person", "key": "born", "kind": "date", "label": "Born on"})
    draft = start_draft(boss, "person", workbook(rows), name)
    if run:
        check_draft(boss, draft)
        wake_due()
        run_draft(boss, draft)
        wake_due()
    return draft


def person_named(name: str) -> dict[str, Any]:
    found: dict[str, Any] = me.get_db()["person"].find_one({"name": name})
    return found


ROWS: list[list[Any]] = [["First name", "Last name", "E-mail", "Phone", "Born on"],
                         ["Vilhelmiina", "Kurkipää", ADDRESS, PHONE, ""],
                         ["Aino", "Aalto", "aino@aalto.example", "", ""],
                         ["Vilhelmiina", "Kurkipää", "vilhelmiina@@kurki.example", PHONE, "once"]]  # fmt: skip


def test_import_of_an_erased_person_leaves_nothing_of_them_and_can_be_undone_for_others(
    boss: Access, client: FlaskClient
) -> None:
    done = imported(boss, ROWS, run=True)
    begun = imported(boss, ROWS, run=False, name=f"{NAME}.xlsx")
    other = imported(boss, [ROWS[0], ROWS[2]], run=False, name="others.xlsx")
    erased = person_named(NAME)
    assert len(left()) > 5
    assert report_file(boss, done)
    erase(boss, erased["_id"], ERASE, why="wish", name=NAME)
    wake_due()
    collect_content(NOW)
    assert left() == []
    assert ImportDraft.objects(pk=begun).count() == 0
    assert StoredFile.objects(name="others.xlsx").count() == ImportDraft.objects(pk=other).count() == 1
    for step in ("", "columns", "check", "result"):
        assert client.get(f"/import/person/{done}/{step}").status_code in (200, 302, 404), step
    undo_import(boss, done)
    wake_due()
    assert person_named(OTHER) is None
    assert Job.objects(kind="undo_import").get().state == "done"


def test_import_that_is_going_on_stays_and_is_told(boss: Access) -> None:
    draft = imported(boss, ROWS, run=False)
    check_draft(boss, draft)
    person = create_record(boss, "person", {"name": NAME, "email": ADDRESS})
    erase(boss, person["_id"], ERASE, why="wish", name=NAME)
    jobs = Job._get_collection()
    lease = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    at_work = {"state": "running", "worker": new_holder(), "lease_until": lease}
    assert jobs.update_one({"kind": "check_import"}, {"$set": at_work}).matched_count
    wake_due()
    told = jobs.find_one({"kind": FORGET})
    assert (told["state"], StoredFile.objects(purpose="import").count()) == ("failed", 1)
    assert "list.xlsx" in told["message"]


@pytest.mark.parametrize("form", ["one", "each"])
def test_filed_copy_of_letters_for_many_loses_the_part_of_the_erased_person(boss: Access, form: str) -> None:
    people = [create_record(boss, "person", {"name": name}) for name in (OTHER, NAME, "Cecilia Cederberg")]
    job = make(boss, keep(boss, "name", register="person"), form=Form(form))
    result = StoredFile._get_collection().find_one({"_id": job["result_file"]})
    with open_content(result) as content:
        data = content.read()
    filed = add_document(boss, result["name"], io.BytesIO(data), {"name": "The spring letters"})
    binned = add_document(boss, result["name"], io.BytesIO(data), {"name": "The same in the bin"})
    wake_due()
    delete_record(boss, "document", binned["_id"])
    erase(boss, people[1]["_id"], ERASE, why="wish", name=NAME)
    wake_due()
    collect_content(NOW)
    assert left() == []
    after = Document._get_collection().find_one({"_id": filed["_id"]})
    stored = StoredFile._get_collection().find_one({"_id": after["file"][0]["file"]})
    assert (after["file"][0]["sha256"], after["size"]) == (stored["sha256"], stored["size"])
    with open_content(stored) as content:
        rest = unpacked(content.read())
    assert (OTHER in rest, "Cecilia" in rest) == (True, True)
    if form == "one":
        assert (after["reading"], OTHER in after["text"]) == ("read", True)


def test_persons_own_filed_letter_is_ticked_and_goes_along(boss: Access, client: FlaskClient) -> None:
    person = create_record(boss, "person", {"name": NAME})
    make(boss, keep(boss, "name", register="person"))
    letter = Letter._get_collection().find_one({"record": person["_id"]})
    with letter_file(boss, letter["_id"]).content as content:
        add_document(boss, "letter.docx", content, {"name": "Letter", "people": [str(person["_id"])]})
    document = Document.objects.get()
    company = create_record(boss, "company", {"name": "Kohde Oy"})
    shared = add_document(boss, "both.docx", io.BytesIO(docx(p("Of two"))), {
        "people": [str(person["_id"])], "companies": [str(company["_id"])]})  # fmt: skip
    page = client.get(f"/people/personal_data/{person['_id']}").text
    assert f'value="document:{document.pk}" checked' in page
    assert f'value="document:{shared["_id"]}">' in page
    erase(boss, person["_id"], ERASE, why="wish", name=NAME, also=[("document", str(document.pk))])
    wake_due()
    collect_files(NOW)
    collect_content(NOW)
    assert left() == []
    assert [one.pk for one in Document.objects] == [shared["_id"]]


def test_emptied_bin_takes_letters_out_and_leaves_those_of_a_duplicate_to_whom_it_became(boss: Access) -> None:
    for name in (NAME, f"{NAME} Again", OTHER):
        create_record(boss, "person", {"name": name})
    made = make(boss, keep(boss, "name", register="person"))
    kept, merged, gone = person_named(NAME), person_named(f"{NAME} Again"), person_named(OTHER)
    join_records(boss, "person", kept["_id"], merged["_id"], {})
    delete_record(boss, "person", gone["_id"])
    assert empty_old(-1) == 2
    wake_due()
    assert [raw["record"] for raw in Letter._get_collection().find()] == [kept["_id"]] * 2
    with open_content(StoredFile._get_collection().find_one({"_id": made["result_file"]})) as content:
        assert OTHER not in unpacked(content.read())
    erase(boss, kept["_id"], ERASE, why="wish", name=NAME)
    wake_due()
    collect_content(NOW)
    assert left() == []


def scattered(boss: Access, person: dict[str, Any]) -> dict[str, Any]:
    """The person in as many places as there are: what of it somebody decides about, by a name each."""
    imported(boss, ROWS, run=True)
    linked = {"people": [str(person["_id"])]}
    task = create_record(boss, "activity", {"name": f"Ring {NAME}", "kind": "task", **linked})
    renamed = create_record(boss, "activity", {"name": f"Ask {NAME}", "kind": "task"})
    update_record(boss, "activity", renamed["_id"], {"name": "Ask somebody"})
    binned = create_record(boss, "activity", {"name": f"Write to {NAME}", "kind": "task"})
    delete_record(boss, "activity", binned["_id"])
    old = add_document(boss, "plan.docx", io.BytesIO(docx(p(f"With {NAME}"))), {"name": "Plan"})
    add_version(boss, old["_id"], "plan.docx", io.BytesIO(docx(p("With somebody"))))
    notice = {"user": boss.user_id, "kind": "reminder", "params": {"name": f"Ring {NAME}"}, "url": "/activities/"}
    in_transaction(lambda session: notify(session, [notice]))
    told = {"purpose": "reminder", "address": "boss@example.com", "subject": "Today", "text": f"Ring {NAME}, {PHONE}"}
    in_transaction(lambda session: queue_message(session, **told))
    me.get_db()["message"].update_many({}, {"$set": {"state": "sent"}})
    make(boss, keep(boss, "name", "email", register="person"))
    start_export(boss, "person", Selection(all_matching=True), Wanted("xlsx"))
    SavedView(register="person", name="Mine", owner=boss.user_id, audience="me", created_at=dt.datetime.now(dt.UTC),
              conditions=[{"column": "email", "operator": "eq", "value": ADDRESS}]).save()  # fmt: skip
    wake_due()
    return {"task": task, "binned": binned, "plan": old}


def test_nothing_is_left_of_an_erased_person_but_what_the_screen_names_as_kept(
    boss: Access, client: FlaskClient
) -> None:
    imported(boss, ROWS[:1] + ROWS[1:3], run=True)
    person = person_named(NAME)
    there = scattered(boss, person)
    pk = person["_id"]
    assert client.post(f"/people/look_for/{pk}").status_code == 302
    assert "data-job-reload" in client.get(f"/people/personal_data/{pk}").text
    wake_due()
    data = collect(boss, pk)
    assert data.look is not None
    found = {str(row["name"]): row["count"] for row in data.look.rows}
    for where in ("Notices", "Messages to others", "Histories of other records", "Files of imports", "Saved lists",
                  "Files that jobs made", "Files of documents"):
        assert found.get(where), (where, found)
    page = client.get(f"/people/personal_data/{pk}").text
    export = StoredFile.objects(purpose="result", name__startswith="People").get()
    assert f'name="files" value="{export.pk}" checked' in page
    for record in there.values():
        assert str(record["_id"]) in page
    also = [("activity", str(there["task"]["_id"])), ("activity", str(there["binned"]["_id"])),
            ("document", str(there["plan"]["_id"]))]  # fmt: skip
    for other in [raw for raw in me.get_db()["person"].find({"name": NAME}) if raw["_id"] != pk]:
        also.append(("person", str(other["_id"])))
    erase(boss, pk, ERASE, why="wish", name=NAME, also=also, files=[str(export.pk)])
    wake_due()
    collect_files(NOW)
    collect_content(NOW)
    (view,) = SavedView.objects
    assert left() == [f"saved_view {view.pk}"]
    assert "Saved lists: 1" in Job.objects(kind=FORGET).get().message
    assert (Notice.objects.count(), Job.objects(kind="look_for_person").count()) == (0, 0)
    assert person_named(OTHER)


def test_what_is_not_decided_to_go_is_named_and_stays(boss: Access) -> None:
    person = create_record(boss, "person", {"name": NAME, "email": ADDRESS})
    start_export(boss, "person", Selection(all_matching=True), Wanted("csv"))
    wake_due()
    erase(boss, person["_id"], ERASE, why="wish", name=NAME)
    wake_due()
    (export,) = StoredFile.objects(purpose="result")
    assert left() == [f"content of {[export.name]}"]
    told = Job.objects(kind=FORGET).get()
    assert (told.result["files"], "1 file that was kept names the person." in told.message) == ([export.pk], True)
    assert told.log == [export.name]


def test_forgetting_that_is_killed_goes_on_with_the_next_file_and_tells_of_all(
    boss: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = create_record(boss, "person", {"name": NAME, "email": ADDRESS})
    for name in (OTHER, "Cecilia Cederberg"):
        create_record(boss, "person", {"name": name})
        start_export(boss, "person", Selection(all_matching=True), Wanted("csv"))
        wake_due()
    erase(boss, person["_id"], ERASE, why="wish", name=NAME)
    looked = []
    rows_with = seeking.rows_with

    def once(traces: Traces, file: dict[str, Any]) -> tuple[list[int], bool]:
        if looked:
            raise LeaseLost
        looked.append(file["_id"])
        return rows_with(traces, file)

    monkeypatch.setattr(seeking, "rows_with", once)
    wake_due()
    raw = Job._get_collection().find_one({"kind": FORGET})
    assert (raw["state"], raw["position"]["file"]) == ("running", looked[0])
    monkeypatch.setattr(seeking, "rows_with", rows_with)
    ago = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    Job._get_collection().update_one({"_id": raw["_id"]}, {"$set": {"lease_until": ago}})
    wake_due()
    raw = Job._get_collection().find_one({"kind": FORGET})
    assert (raw["state"], len(raw["result"]["files"])) == ("done", 2)


@pytest.mark.parametrize(("text", "found"), [
    ("Kurkipaa, VILHELMIINA", True), ("Vilhelmiina Toinen", False), ("Dear Vilhelmiina\nKurkipää", True),
    ("write to Vilhelmiina@kurki.example now", True), ("kurki.example", False), ("040 123 4567", True),
    ("1 040-1234567", True), ("+358 (40) 1234567", True), ("0401234568", False), ("34567", False), ("", False),
])  # fmt: skip
def test_person_is_told_by_name_address_and_number(boss: Access, text: str, found: bool) -> None:
    traces = Traces.of([NAME, ADDRESS], [PHONE])
    assert traces.are_among([text]) is found
    assert Traces.from_params(traces.as_params()).are_among([text]) is found
    assert not any(secret in str(traces.as_params()) for secret in SECRETS)


def test_name_of_one_word_is_nobodys(boss: Access) -> None:
    assert not Traces.of(["Aino"], ["123"]).are_among(["Aino 123"])


def test_looking_twice_at_once_is_one_look(boss: Access) -> None:
    person = create_record(boss, "person", {"name": NAME})
    assert start_looking(boss, person["_id"]) == start_looking(boss, person["_id"])
