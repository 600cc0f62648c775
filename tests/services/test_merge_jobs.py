"""Letters for records: what stands in them, for whom they are made, and a job that leaves one result."""

import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bson import ObjectId

from models.files import StoredFile
from models.jobs import Job, JobState
from models.rights import Access, NotAllowed
from models.security import FieldRight, User
from services.jobs import LeaseLost, Run, cancel_job, claim, run_job, wake_due
from services.labels import names_of_all
from services.merge import MergeProblem, delete_template, set_field_map, start_merge
from services.merge.jobs import run_merge
from services.records import RecordNotFound, now
from services.search import Selection
from services.settings import define_field
from tests.factories import CompanyFactory, PersonFactory
from tests.services.merging import ALL, keep, letters, make

TAGS = {"a": "First", "b": "Second"}


@pytest.fixture
def anna(make_user: Callable[..., User], access_of: Callable[..., Access]) -> Access:
    """A member of staff, whose jobs run with staff's rights."""
    return access_of(make_user("anna", "Staff"))


def results() -> int:
    return StoredFile._get_collection().count_documents({"purpose": "result"})


def test_start_merge_all_matching_makes_letters_in_name_order(anna: Access) -> None:
    for name, city in (("Åkerlund Oy", "Oulu"), ("beta Oy", "Oulu"), ("Alfa Oy", "Oulu"), ("Muu Oy", "Turku")):
        CompanyFactory(name=name, city=city)
    chosen = Selection(conditions=({"col": "city", "opr": "eq", "value": "Oulu"},), all_matching=True)
    job = make(anna, keep(anna, "Name", "Kaupunki!", "city"), chosen)
    assert letters(anna, job) == ["Alfa Oy||Oulu", "beta Oy||Oulu", "Åkerlund Oy||Oulu"]
    assert (job["state"], job["done"], job["total"], job["result"]["letters"]) == ("done", 3, 3, 3)
    assert job["message"] == "3 letters are ready. Left empty, because nothing fills them: Kaupunki!."
    file = StoredFile._get_collection().find_one({"_id": job["result_file"]})
    today = dt.datetime.now(ZoneInfo(anna.time_zone)).date()
    assert (file["name"], file["owner"]) == (f"Letter {today}.docx", anna.user_id)


def test_start_merge_chosen_rows_only(anna: Access) -> None:
    first, _second, third = (CompanyFactory(name=f"Yritys {number}") for number in range(3))
    job = make(anna, keep(anna, "name"), Selection(ids=(str(third["_id"]), str(first["_id"]))))
    assert letters(anna, job) == ["Yritys 0", "Yritys 2"]


def test_start_merge_every_kind_of_value_stands_in_the_letter(admin_access: Access, anna: Access) -> None:
    for key, kind, more in (
        ("turnover", "money", {}), ("staff", "number", {}), ("founded", "date", {}), ("active", "boolean", {}),
        ("tags", "choices", {"choices": [{"key": key, "label": {"en": label}} for key, label in TAGS.items()]}),
        ("parent", "link", {"target": "company"}), ("seller", "user", {}),
    ):  # fmt: skip
        define_field(admin_access, {"register": "company", "key": key, "kind": kind, "label": {"en": key}, **more})
    parent = CompanyFactory(name="Emo Oy")
    CompanyFactory(
        name="Tytär Oy", x_turnover="234.56", x_staff=12, x_founded="2001-05-09", x_active=True, x_tags=["b", "a"],
        x_parent=str(parent["_id"]), x_seller=str(anna.user_id),
    )  # fmt: skip
    chosen = Selection(conditions=({"col": "name", "opr": "eq", "value": "Tytär Oy"},), all_matching=True)
    names = ["turnover", 'staff', "founded", "active", "tags", "parent", "seller"]
    job = make(anna, keep(anna, *names), chosen)
    assert letters(anna, job) == ["234.56|12|9 May 2001|Yes|First, Second|Emo Oy|Anna Tester"]


def test_start_merge_links_are_names_and_those_unseen_are_not_told(
    make_role: Callable, make_user: Callable, access_of: Callable
) -> None:
    role = make_role("P", ("person", "see", "all"), ("person", "merge", "all"), ("company", "see", "own"))
    user = make_user("pekka", role)
    access = access_of(user)
    mine, other = CompanyFactory(name="Oma Oy", owner=str(user.pk)), CompanyFactory(name="Salainen Oy")
    PersonFactory(last_name="Malli", companies=[str(mine["_id"]), str(other["_id"])])
    job = make(access, keep(access, "last_name", "companies", register="person"))
    assert letters(access, job) == ["Malli|Oma Oy"]


def test_start_merge_finnish_user_gets_finnish_values(
    admin_access: Access, make_user: Callable, access_of: Callable
) -> None:
    define_field(admin_access, {"register": "company", "key": "founded", "kind": "date", "label": {"en": "Founded"}})
    CompanyFactory(x_founded="2001-05-09")
    access = access_of(make_user("aino", "Staff", language="fi"), "fi")
    assert letters(access, make(access, keep(access, "founded"))) == ["9.5.2001"]


def test_start_merge_hidden_field_is_empty_even_when_the_map_names_it(
    admin_access: Access, make_role: Callable, make_user: Callable, access_of: Callable
) -> None:
    right = FieldRight(register="company", column="phone", access="hidden")
    grants = (("company", "see", "all"), ("company", "merge", "all"))
    seller = access_of(make_user("seller", make_role("Seller", *grants, field_rights=[right])))
    CompanyFactory(name="A", phone="040 1234567")
    template = keep(admin_access, "name", "phone", "Numero")
    set_field_map(admin_access, template["_id"], {"Numero": "phone"})
    assert letters(seller, make(seller, template)) == ["A||"]
    with pytest.raises(MergeProblem, match="phone, Numero"):
        start_merge(seller, "company", template["_id"], ALL, "stop")


def test_start_merge_only_records_the_user_may_merge(
    make_role: Callable, make_user: Callable, access_of: Callable
) -> None:
    role = make_role("Own", ("company", "see", "all"), ("company", "merge", "own"))
    user = make_user("own", role)
    access = access_of(user)
    other, mine = CompanyFactory(name="Other"), CompanyFactory(name="Mine", owner=str(user.pk))
    template = keep(access, "name")
    both = Selection(ids=(str(other["_id"]), str(mine["_id"])))
    assert letters(access, make(access, template, both)) == ["Mine"]
    with pytest.raises(MergeProblem, match="nobody to write to"):
        start_merge(access, "company", template["_id"], Selection(ids=(str(other["_id"]),)))


def test_start_merge_without_the_right_is_refused(make_user: Callable, access_of: Callable) -> None:
    reader = access_of(make_user("reader", "Reader"))
    with pytest.raises(NotAllowed):
        start_merge(reader, "company", ObjectId(), ALL)


def test_start_merge_template_of_another_register_is_not_there(anna: Access) -> None:
    with pytest.raises(RecordNotFound):
        start_merge(anna, "person", keep(anna, "name")["_id"], ALL)


def test_start_merge_nobody_is_said_at_once_and_no_job_is_left(anna: Access) -> None:
    with pytest.raises(MergeProblem, match="nobody to write to"):
        start_merge(anna, "company", keep(anna, "name")["_id"], ALL)
    assert Job._get_collection().count_documents({}) == 0


def test_run_merge_rights_are_those_of_now_not_of_the_start(anna: Access) -> None:
    CompanyFactory()
    job_id = start_merge(anna, "company", keep(anna, "name")["_id"], ALL)
    User.objects(pk=anna.user_id).update(set__roles=[])
    wake_due()
    assert Job._get_collection().find_one({"_id": job_id})["state"] == JobState.FAILED.value
    assert results() == 0


def test_run_merge_template_deleted_meanwhile_is_told(anna: Access) -> None:
    CompanyFactory()
    template = keep(anna, "name")
    job_id = start_merge(anna, "company", template["_id"], ALL)
    delete_template(anna, template["_id"])
    wake_due()
    job = Job._get_collection().find_one({"_id": job_id})
    assert (job["state"], results()) == (JobState.FAILED.value, 0)
    assert "template was deleted" in job["message"]


def started(access: Access, records: int = 3) -> tuple[ObjectId, dict[str, Any]]:
    """A job of some letters, claimed by this process as a worker would."""
    for _number in range(records):
        CompanyFactory()
    job_id = start_merge(access, "company", keep(access, "name")["_id"], ALL)
    raw = claim()
    assert raw is not None
    return job_id, raw


def lapse(job_id: ObjectId) -> None:
    """What is left when a worker was killed: a lease that runs out."""
    past = now() - dt.timedelta(minutes=1)
    Job._get_collection().update_one({"_id": job_id}, {"$set": {"lease_until": past}})


def test_run_merge_killed_before_the_result_starts_anew(anna: Access) -> None:
    job_id, raw = started(anna)
    Run(raw, anna).advance(2)
    lapse(job_id)
    wake_due()
    job = Job._get_collection().find_one({"_id": job_id})
    assert (job["state"], job["done"], results(), len(letters(anna, job))) == ("done", 3, 1, 3)


def test_run_merge_killed_after_the_result_leaves_that_one(anna: Access) -> None:
    job_id, raw = started(anna)
    run_merge(Run(raw, anna))
    kept = Job._get_collection().find_one({"_id": job_id})["result_file"]
    lapse(job_id)
    wake_due()
    job = Job._get_collection().find_one({"_id": job_id})
    assert (job["state"], job["result_file"], results()) == ("done", kept, 1)
    assert job["message"] == "3 letters are ready."


def test_run_merge_taken_over_by_another_worker_writes_nothing(anna: Access) -> None:
    job_id, raw = started(anna)
    lapse(job_id)
    assert claim() is not None
    with pytest.raises(LeaseLost):
        run_merge(Run(raw, anna))
    assert results() == 0


def test_run_merge_cancelled_stops_without_a_result(anna: Access) -> None:
    job_id, raw = started(anna)
    assert cancel_job(anna, job_id)["state"] == JobState.RUNNING.value
    run_job(raw)
    assert Job._get_collection().find_one({"_id": job_id})["state"] == JobState.CANCELLED.value
    assert results() == 0


def test_run_merge_many_records_ask_for_names_once_a_chunk(
    admin_access: Access, anna: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    companies = [CompanyFactory(name=f"Yritys {number}") for number in range(5)]
    for number in range(5):
        PersonFactory(last_name=f"M{number}", companies=[str(companies[number]["_id"])])
    asked = []
    monkeypatch.setattr("services.merge.letters.CHUNK", 2)
    monkeypatch.setattr("services.labels.names_of_all", lambda *args: asked.extend(args[1]) or names_of_all(*args))
    job = make(anna, keep(anna, "last_name", "companies", register="person"))
    assert letters(anna, job) == [f"M{number}|Yritys {number}" for number in range(5)]
    assert asked == ["company"] * 3
