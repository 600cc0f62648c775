"""Letters in their recipients' histories: stored once, told by timelines, taken out one by one."""

import datetime as dt
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from bson import ObjectId
from pypdf import PdfReader

from models.files import StoredFile
from models.jobs import Job
from models.letters import Letter, LetterBatch
from models.rights import Access, NotAllowed
from models.security import FieldRight, User
from services.jobs import JobCancelled, LeaseLost, Run, cancel_job, claim, run_job, wake_due
from services.joining import join_records
from services.merge import Form, history, results, start_merge, upload_template
from services.merge.history import SentLetter, letter_file
from services.merge.leaving_out import segment_of
from services.merge.pdf import Office
from services.records import RecordNotFound, create_record, delete_record, get_record, now
from services.recycle_bin import empty_old
from services.search import Selection
from services.segments import members_selection, moved_since, snapshots_of
from services.timeline import timeline_of
from tests.factories import CompanyFactory, PersonFactory
from tests.services.merging import ALL, keep, letters, lines, make
from tests.word.making import docx, field, merge_field, p, simple, table

NAMES = ("Alfa Oy", "Beta Oy", "Cee Oy")


@pytest.fixture
def anna(make_user: Callable[..., User], access_of: Callable[..., Access]) -> Access:
    return access_of(make_user("anna", "Staff"))


@pytest.fixture
def companies() -> list[dict[str, Any]]:
    return [CompanyFactory(name=name) for name in NAMES]


def sent(access: Access, register: str, raw: dict[str, Any]) -> list[SentLetter]:
    return [one for one in timeline_of(access, register, raw)[0] if isinstance(one, SentLetter)]


def content(access: Access, letter: SentLetter) -> bytes:
    with letter_file(access, letter.raw["_id"]).content as file:
        return file.read()


def shown(form: Form, data: bytes) -> list[str]:
    if form.pdf:
        return [page.extract_text().strip() for page in PdfReader(io.BytesIO(data)).pages]
    return lines(data)


@pytest.mark.parametrize("form", [Form(one, pdf) for pdf in (False, True) for one in ("one", "split", "each")])
def test_each_recipient_s_letter_is_told_and_taken_out_of_what_is_stored_once(
    anna: Access, companies: list[dict[str, Any]], form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "SPLIT", 2)
    monkeypatch.setattr(results, "LETTERS_A_CALL", 2)
    job = make(anna, keep(anna, "name", name="Joulukirje"), form=form)
    assert StoredFile._get_collection().count_documents({"purpose": "result"}) == 1
    for number, company in enumerate(companies, start=1):
        (letter,) = sent(anna, "company", company)
        assert (letter.batch["template"], letter.raw["number"], letter.batch["file"]) == (
            "Joulukirje", number, job["result_file"],
        )  # fmt: skip
        found = letter_file(anna, letter.raw["_id"])
        with found.content as file:
            assert shown(form, file.read()) == [company["name"]]
        assert found.name == f"Joulukirje {company['name']}.{'pdf' if form.pdf else 'docx'}"


def test_pages_of_a_pdf_are_those_of_letters_of_several_pages(
    anna: Access, companies: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "LETTERS_A_CALL", 2)
    body = p(merge_field("name")) + "".join(p("line ", merge_field("name")) for _ in range(60))
    make(anna, upload_template(anna, "company", "Long", docx(body)), form=Form("one", pdf=True))
    told = [sent(anna, "company", company)[0] for company in companies]
    assert [(one.raw["start"], one.raw["end"]) for one in told] == [(1, 2), (3, 4), (5, 6)]
    pages = shown(Form("one", pdf=True), content(anna, told[1]))
    assert len(pages) == 2
    assert all("Beta Oy" in text and "Alfa" not in text and "Cee" not in text for text in pages)


def test_history_is_kept_only_where_it_is_wanted(anna: Access, companies: list[dict[str, Any]]) -> None:
    start_merge(anna, "company", keep(anna, "name")["_id"], ALL, history=False)
    wake_due()
    assert (sent(anna, "company", companies[0]), LetterBatch.objects.count()) == ([], 0)


def test_company_s_timeline_tells_of_letters_to_its_people(anna: Access, companies: list[dict[str, Any]]) -> None:
    person = PersonFactory(first_name="Aino", last_name="Aalto", companies=[str(companies[0]["_id"])])
    make(anna, keep(anna, "name", register="person"))
    (letter,) = sent(anna, "company", companies[0])
    assert (letter.raw["record"], letter.name) == (person["_id"], "Aino Aalto")
    assert sent(anna, "company", companies[1]) == []


def test_letter_is_for_those_who_see_the_recipient_and_all_fields_in_it(
    anna: Access, make_role: Callable, make_user: Callable, access_of: Callable
) -> None:
    company = CompanyFactory(name="Alfa Oy", phone="+358401234567")
    make(anna, keep(anna, "name", "phone"))
    (letter,) = sent(anna, "company", company)
    see = ("company", "see", "all")
    reader = access_of(make_user("reader", make_role("Reader2", see)))
    assert lines(content(reader, letter))[0].startswith("Alfa Oy|")
    hidden = FieldRight(register="company", column="phone", access="hidden")
    without = access_of(make_user("without", make_role("Without", see, field_rights=[hidden])))
    assert [one.readable for one in sent(without, "company", company)] == [False]
    with pytest.raises(NotAllowed):
        letter_file(without, letter.raw["_id"])
    nobody = access_of(make_user("nobody", make_role("Nobody", ("company", "see", "own"))))
    for access, which in ((nobody, letter.raw["_id"]), (anna, ObjectId()), (anna, "x")):
        with pytest.raises(RecordNotFound):
            letter_file(access, which)


def test_letter_that_prints_linked_records_is_for_those_who_see_all_of_their_register(
    anna: Access, make_role: Callable, make_user: Callable, access_of: Callable
) -> None:
    company = CompanyFactory(name="Alfa Oy", city="Oulu")
    person = PersonFactory(first_name="Aino", last_name="Aalto", companies=[str(company["_id"])])
    block = 'ADDRESSBLOCK \\f "<<_FIRST0_>><< _LAST0_>>\n<<_CITY_>>"'
    for body in (p(merge_field("company.city")), p(simple(block))):
        make(anna, upload_template(anna, "person", "Letter", docx(body)))
    some = make_role("Some", ("person", "see", "all"), ("company", "see", "own"))
    every = make_role("Every", ("person", "see", "all"), ("company", "see", "all"))
    for role, readable in ((some, False), (every, True)):
        access = access_of(make_user(role.name.lower(), role))
        assert [one.readable for one in sent(access, "person", person)] == [readable] * 2


def test_letters_go_with_a_record_that_is_gone_for_good(
    admin_access: Access, companies: list[dict[str, Any]]
) -> None:
    make(admin_access, keep(admin_access, "name"))
    delete_record(admin_access, "company", companies[0]["_id"])
    assert empty_old(-1) == 1
    assert Letter._get_collection().count_documents({"record": companies[0]["_id"]}) == 0
    assert Letter._get_collection().count_documents({}) == 2


def test_letter_with_several_recipients_is_handed_to_its_maker_alone(
    anna: Access, companies: list[dict[str, Any]], make_user: Callable, access_of: Callable
) -> None:
    two = docx(p(merge_field("name"), field(" NEXT "), merge_field("name")))
    make(anna, upload_template(anna, "company", "Two", two))
    other = access_of(make_user("bertta", "Staff"))
    assert [one.readable for company in companies for one in sent(other, "company", company)] == [False, False, True]
    assert lines(content(anna, sent(anna, "company", companies[1])[0])) == ["Alfa OyBeta Oy"]


def test_letter_of_a_record_merged_into_another_is_the_other_s(
    admin_access: Access, companies: list[dict[str, Any]]
) -> None:
    make(admin_access, keep(admin_access, "name"))
    kept = join_records(admin_access, "company", companies[0]["_id"], companies[1]["_id"], {}).record
    told = sent(admin_access, "company", get_record(admin_access, "company", kept["_id"]))
    assert {line for one in told for line in lines(content(admin_access, one))} == {"Alfa Oy", "Beta Oy"}


def started(access: Access) -> Run:
    start_merge(access, "company", keep(access, "name")["_id"], ALL)
    raw = claim()
    assert raw is not None
    return Run(raw, access)


def test_killed_while_keeping_letters_keeps_each_once(
    anna: Access, companies: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "STEP", 2)
    run = started(anna)
    Letter._get_collection().insert_one({"batch": run.job["_id"], "register": "company", "record": companies[0]["_id"],
                                         "at": now(), "number": 1, "entry": "", "start": 1, "end": 2})  # fmt: skip
    assert sent(anna, "company", companies[0]) == []
    past = now() - dt.timedelta(minutes=1)
    Job._get_collection().update_one({"_id": run.job["_id"]}, {"$set": {"lease_until": past}})
    wake_due()
    assert [len(sent(anna, "company", company)) for company in companies] == [1, 1, 1]
    assert Letter._get_collection().count_documents({}) == 3


def test_worker_that_lost_the_job_takes_nothing_from_the_one_that_has_it(
    anna: Access, companies: list[dict[str, Any]]
) -> None:
    run = started(anna)
    past = now() - dt.timedelta(minutes=1)
    Job._get_collection().update_one({"_id": run.job["_id"]}, {"$set": {"lease_until": past}})
    wake_due()
    with pytest.raises(LeaseLost):
        history.keep_letters(run, {"_id": run.job["_id"]}, history.Places())
    assert Letter._get_collection().count_documents({}) == 3


def test_cancelled_job_leaves_no_letters(
    anna: Access, companies: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(anna)

    def cancelled(*_given: Any) -> None:
        Letter._get_collection().insert_one({"batch": run.job["_id"]})
        raise JobCancelled

    monkeypatch.setattr("services.merge.jobs.keep_letters", cancelled)
    cancel_job(anna, run.job["_id"])
    run_job(run.job)
    assert (Letter._get_collection().count_documents({}), LetterBatch.objects.count()) == (0, 0)


def test_refusals_are_left_out_and_counted(anna: Access) -> None:
    for name, consent in (("Alfa Oy", None), ("Beta Oy", "refused"), ("Cee Oy", "granted")):
        CompanyFactory(name=name, letter_consent=consent and {"state": consent})
    template = keep(anna, "name")
    job_id = start_merge(anna, "company", template["_id"], ALL, leave_out=True)
    wake_due()
    job = Job._get_collection().find_one({"_id": job_id})
    assert job["message"] == "2 letters are ready. 1 recipient who refused letters was left out."
    assert letters(anna, job) == ["Alfa Oy", "Cee Oy"]
    assert make(anna, template)["message"] == "3 letters are ready."


def test_letters_to_a_segment_are_told_by_it_and_its_members(anna: Access, companies: list[dict[str, Any]]) -> None:
    conditions = json.dumps([{"col": "name", "opr": "neq", "value": "Beta Oy"}])
    segment = create_record(anna, "segment", {"name": "S", "members": "company", "conditions": conditions})
    register, chosen = members_selection(anna, segment["_id"])
    assert (register, segment_of(chosen), segment_of(ALL)) == ("company", segment["_id"], None)
    start_merge(anna, register, keep(anna, "name")["_id"], chosen, history=False)
    start_merge(anna, register, keep(anna, "name")["_id"], chosen)
    wake_due()
    assert [len(sent(anna, "company", company)) for company in companies] == [1, 0, 1]
    assert [one["count"] for one in snapshots_of(anna, segment["_id"])] == [2, 2]
    moved = moved_since(anna, segment["_id"])
    assert moved is not None
    CompanyFactory(name="Dee Oy")
    start_merge(anna, register, keep(anna, "name")["_id"], Selection(ids=(str(companies[0]["_id"]),)))
    wake_due()
    assert len(snapshots_of(anna, segment["_id"])) == 2


def test_letter_taken_out_of_a_word_document_opens_in_libreoffice_with_its_rows(anna: Access) -> None:
    for name, people in (("Alfa Oy", ("Aino", "Bertta")), ("Beta Oy", ("Cecilia",)), ("Cee Oy", ())):
        company = CompanyFactory(name=name)
        for person in people:
            PersonFactory(first_name=person, last_name=person, companies=[str(company["_id"])])
    rows = table(p(merge_field("people.number")), p(merge_field("people.first_name")))
    body = p("To ", merge_field("name")) + rows + p("Yours")
    make(anna, upload_template(anna, "company", "People", docx(body)), unknown="stop")
    told = {}
    with Office(lambda: None) as office:
        for letter in Letter._get_collection().find({}):
            path = office.path / f"{letter['number']}.docx"
            with letter_file(anna, letter["_id"]).content as file:
                path.write_bytes(file.read())
            (pdf,) = office.to_pdf([path])
            told[letter["number"]] = [page.extract_text().split() for page in PdfReader(pdf).pages]
    assert told == {
        1: [["To", "Alfa", "Oy", "1", "Aino", "2", "Bertta", "Yours"]],
        2: [["To", "Beta", "Oy", "1", "Cecilia", "Yours"]],
        3: [["To", "Cee", "Oy", "Yours"]],
    }  # fmt: skip
