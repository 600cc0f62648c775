"""The activity register: moments worked out, what does not go together, who sees what, and where it is told."""

import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bson import ObjectId
from flask import Flask

from models.activities import Activity
from models.changes import Change
from models.fields.errors import ValidationFailed
from models.rights import Access
from models.security import FieldRight, User
from services.bulk_edit import Edit, edit_selected
from services.history import undo_change
from services.quick_search import quick_search
from services.records import RecordNotFound, create_record, delete_record, get_record, update_record
from services.recycle_bin import restore_records
from services.search import Selection, find_page
from services.settings import define_field
from services.timeline import Happening, timeline_of
from tests.factories import CompanyFactory, PersonFactory
from tests.services.importing import import_text, only
from tests.services.merging import keep, letters, make

Raw = dict[str, Any]
HELSINKI = ZoneInfo("Europe/Helsinki")


@pytest.fixture
def staff(make_user: Callable[..., User], access_of: Callable[[User], Access]) -> Callable[[str], Access]:
    """The rights of a new user who may do everything to all records, in Finland."""
    return lambda name: access_of(make_user(name, "Staff", time_zone="Europe/Helsinki"))


def add(access: Access, **values: Any) -> Raw:
    return create_record(access, "activity", {"name": "Soitto", **values})


def names(access: Access, *conditions: Raw, **options: Any) -> list[str]:
    return [raw["name"] for raw in find_page(access, "activity", conditions, **options).rows]


# Moments


@pytest.mark.parametrize(("values", "at"), [
    ({"starts_at": "2026-07-01T09:00", "due_on": "2026-07-03"}, "2026-07-01T06:00Z"),
    ({"due_on": "1.7.2026", "due_time": "14.30"}, "2026-07-01T11:30Z"),
    # By the end of the day, as the clock of whoever entered it has it; the day the clocks are put back is longer.
    ({"due_on": "2026-07-01"}, "2026-07-01T21:00Z"),
    ({"due_on": "2026-10-25"}, "2026-10-25T22:00Z"),
    ({"due_on": "2026-03-29", "due_time": "03:30"}, "2026-03-29T01:30Z"),
])  # fmt: skip
def test_an_activity_stands_at_its_start_else_when_it_is_due(staff: Any, values: Raw, at: str) -> None:
    raw = get_record(staff("anna"), "activity", add(staff("bo"), **values)["_id"])
    assert raw["at"] == dt.datetime.fromisoformat(at)
    assert raw["ranges"]["at"] == raw["at"]
    assert raw["zone"] == "Europe/Helsinki"


def test_without_a_moment_it_stands_where_it_was_done_or_entered(staff: Any) -> None:
    anna = staff("anna")
    raw = add(anna)
    assert raw["at"] == raw["created_at"]
    done = update_record(anna, "activity", raw["_id"], {"state": "done"})
    assert done["at"] == done["done_at"] > raw["created_at"]
    assert update_record(anna, "activity", raw["_id"], {"priority": "high"})["done_at"] == done["done_at"]
    assert "done_at" not in update_record(anna, "activity", raw["_id"], {"state": "open"})


def test_what_is_worked_out_is_no_change_of_its_own(staff: Any) -> None:
    anna = staff("anna")
    raw = add(anna, due_on="2026-07-01")
    update_record(anna, "activity", raw["_id"], {"due_on": "2026-07-02"})
    last = Change.objects(record=raw["_id"]).order_by("-version").first()
    assert set(last.changes) == {"due_on"}
    back = undo_change(anna, "activity", raw["_id"], 2)
    assert (back["due_on"], back["due_at"], back["at"]) == (raw["due_on"], raw["due_at"], raw["at"])


def test_the_subject_may_come_from_the_text(staff: Any) -> None:
    anna = staff("anna")
    raw = create_record(anna, "activity", {"text": "Soitin Matille.\nHän palaa asiaan " + "x" * 100})
    assert raw["name"].startswith("Soitin Matille. Hän palaa asiaan xx")
    assert raw["name"].endswith("…")
    with pytest.raises(ValidationFailed) as refused:
        create_record(anna, "activity", {"kind": "call"})
    assert set(refused.value.errors) == {"name"}


@pytest.mark.parametrize(("values", "column"), [
    ({"starts_at": "2026-07-01T09:00", "ends_at": "2026-07-01T08:00"}, "ends_at"),
    ({"ends_at": "2026-07-01T08:00"}, "ends_at"),
    ({"due_time": "8.00"}, "due_on"),
    ({"repeats": "FREQ=WEEKLY"}, "repeats"),
    ({"reminder": "15"}, "reminder"),
    ({"reminder": "moment", "due_on": "2026-07-01"}, "reminder_at"),
    ({"repeats": "FREQ=HOURLY", "due_on": "2026-07-01"}, "repeats"),
    ({"repeats": "FREQ=WEEKLY;COUNT=2;UNTIL=20270101", "due_on": "2026-07-01"}, "repeats"),
    ({"due_on": "2026-07-01", "due_time": "25:00"}, "due_time"),
    ({"users": [str(ObjectId())]}, "users"),
])  # fmt: skip
def test_what_does_not_go_together_is_said_at_its_field(staff: Any, values: Raw, column: str) -> None:
    anna = staff("anna")
    with pytest.raises(ValidationFailed) as refused:
        add(anna, **values)
    assert set(refused.value.errors) == {column}
    assert Activity.objects.count() == 0
    raw = add(anna)
    with pytest.raises(ValidationFailed):
        update_record(anna, "activity", raw["_id"], values)


# Who sees it


def test_private_ones_are_there_for_owner_and_colleagues_alone(staff: Any) -> None:
    anna, bo, cecilia = staff("anna"), staff("bo"), staff("cecilia")
    raw = add(anna, name="Lääkäri", private=True, users=[str(bo.user_id)])
    open_one = add(anna, name="Palaveri")
    for who in (anna, bo):
        assert sorted(names(who)) == ["Lääkäri", "Palaveri"]
        assert get_record(who, "activity", raw["_id"])["name"] == "Lääkäri"
    assert names(cecilia) == ["Palaveri"]
    with pytest.raises(RecordNotFound):
        get_record(cecilia, "activity", raw["_id"])
    assert [found.rows for found in quick_search(cecilia, "lääkäri")] == []
    assert quick_search(anna, "lääkäri")
    assert get_record(cecilia, "activity", open_one["_id"])


def test_private_ones_are_hidden_from_administrators_and_not_from_the_program(
    staff: Any, admin: User, access_of: Callable[[User], Access], admin_access: Access
) -> None:
    add(staff("anna"), name="Lääkäri", private=True)
    assert names(access_of(admin)) == []
    assert names(admin_access) == ["Lääkäri"]


def test_who_takes_part_sees_it_and_changes_it_only_by_role(
    make_role: Callable, make_user: Callable, access_of: Callable[[User], Access], staff: Any
) -> None:
    own = [("activity", action, "own") for action in ("see", "add", "change", "delete")]
    seller = access_of(make_user("sara", make_role("Seller", *own)))
    theirs, shared = add(staff("anna"), name="Muiden"), add(staff("bo"), name="Yhteinen", users=[str(seller.user_id)])
    mine = add(seller, name="Oma")
    assert sorted(names(seller)) == ["Oma", "Yhteinen"]
    with pytest.raises(RecordNotFound):
        get_record(seller, "activity", theirs["_id"])
    assert get_record(seller, "activity", shared["_id"])
    for raw, may in ((shared, False), (mine, True)):
        assert seller.allows("activity", "change", raw) is may
    edited = edit_selected(seller, "activity", Selection(all_matching=True), [Edit("priority", "high")])
    assert edited.changed == 1
    assert Activity.objects(priority="high").count() == 1


# Lists and searches


def test_the_list_opens_with_the_latest(staff: Any) -> None:
    anna = staff("anna")
    for day in (3, 1, 2):
        add(anna, name=f"{day}.", starts_at=f"{day}.7.2026 9.00")
    assert names(anna) == ["3.", "2.", "1."]
    assert names(anna, order="name") == ["1.", "2.", "3."]
    first = find_page(anna, "activity", page_size=2)
    assert names(anna, after=first.after, page_size=2) == ["1."]


def test_companies_are_found_by_what_was_done_with_them(staff: Any) -> None:
    anna = staff("anna")
    today = dt.datetime.now(HELSINKI).date()
    busy, quiet, late = (CompanyFactory.create(name=name) for name in ("Ahkera", "Hiljainen", "Myöhässä"))
    add(anna, companies=[str(busy["_id"])], starts_at=f"{today}T09:00", state="done")
    add(anna, companies=[str(quiet["_id"])], starts_at=f"{today - dt.timedelta(days=300)}T09:00", state="done")
    add(anna, companies=[str(late["_id"])], due_on=str(today - dt.timedelta(days=2)), kind="task")

    def companies(**group: Any) -> list[str]:
        found = find_page(anna, "company", [{"through": "activity.companies", **group}])
        return [raw["name"] for raw in found.rows]

    recent = {"col": "at", "opr": "period", "value": "last_180_days"}
    assert companies(none=[recent]) == ["Hiljainen"]
    overdue = [{"col": "due_at", "opr": "lt", "value": str(today)}, {"col": "state", "opr": "eq", "value": "open"}]
    assert companies(all=overdue) == ["Myöhässä"]


def test_a_condition_counts_what_is_pointed_at_and_not_what_points(
    staff: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many activities of few companies are few companies."""
    anna = staff("anna")
    monkeypatch.setattr("services.linked.MOST_LINKED", 3)
    companies = [CompanyFactory.create() for _ in range(3)]
    for number in range(12):
        add(anna, companies=[str(companies[number // 4]["_id"])])
    found = find_page(anna, "company", [{"through": "activity.companies", "any": [{"col": "name", "opr": "nempty"}]}])
    assert len(found.rows) == 3


# Timelines


def told(access: Access, register: str, raw: Raw, **options: Any) -> list[str]:
    events, _more = timeline_of(access, register, raw, **options)
    return [one.raw["name"] for one in events if isinstance(one, Happening)]


def test_a_company_s_timeline_tells_what_was_done_with_it_and_its_people(staff: Any) -> None:
    anna, bo = staff("anna"), staff("bo")
    company = CompanyFactory.create()
    person = PersonFactory.create(companies=[str(company["_id"])])
    of_company, of_person = {"companies": [str(company["_id"])]}, {"people": [str(person["_id"])]}
    add(anna, name="Soitto", starts_at="2026-07-01T09:00", **of_company)
    add(anna, name="Tapaaminen", starts_at="2026-07-02T09:00", **of_person)
    add(anna, name="Molemmat", starts_at="2026-07-03T09:00", **of_company, **of_person)
    add(anna, name="Tuleva", starts_at="2999-07-03T09:00", **of_company)
    add(anna, name="Salainen", starts_at="2026-07-04T09:00", private=True, **of_company)
    assert told(bo, "company", company) == ["Molemmat", "Tapaaminen", "Soitto"]
    assert told(anna, "company", company)[0] == "Salainen"
    assert told(bo, "person", person) == ["Molemmat", "Tapaaminen"]
    # Page by page it is the same timeline, changes of the records among it.
    whole, more = timeline_of(bo, "company", company, limit=50)
    assert not more
    pages = [one for skip in range(0, len(whole), 2)
             for one in timeline_of(bo, "company", company, limit=2, skip=skip)[0]]  # fmt: skip
    assert [one.raw["_id"] for one in pages] == [one.raw["_id"] for one in whole]
    assert [one.at for one in whole] == sorted((one.at for one in whole), reverse=True)


def test_a_timeline_tells_of_no_activities_to_who_may_see_none(
    make_role: Callable, make_user: Callable, access_of: Callable[[User], Access], staff: Any
) -> None:
    company = CompanyFactory.create()
    add(staff("anna"), companies=[str(company["_id"])])
    reader = access_of(make_user("risto", make_role("Companies", ("company", "see", "all"))))
    assert told(reader, "company", company) == []


# As any register


def test_deleted_and_restored_it_is_as_it_was(staff: Any) -> None:
    anna = staff("anna")
    raw = add(anna, due_on="2026-07-01", reminder="60")
    delete_record(anna, "activity", raw["_id"])
    assert names(anna) == []
    restore_records(anna, [raw["_id"]])
    again = get_record(anna, "activity", raw["_id"])
    assert {**again, "version": 0, "changed_at": 0} == {**get_raw(raw), "version": 0, "changed_at": 0}


def get_raw(raw: Raw) -> Raw:
    found = Activity._get_collection().find_one({"_id": raw["_id"]})
    return {**raw, **(found or {})}


def test_activities_are_imported_with_the_companies_they_are_of(app: Flask, admin_access: Access) -> None:
    company = CompanyFactory.create(name="Voima Oy")
    mapping = """\
register: activity
columns:
  Aihe: name
  Laji: kind
  Alkaa: starts_at
  Yritys: {field: companies, link_by: name}
"""
    import_text(admin_access, "activity", "Aihe,Laji,Alkaa,Yritys\nTarjous,Meeting,1.7.2026 9.00,Voima Oy\n", mapping)
    values = only("activity")
    assert (values["name"], values["kind"], values["companies"]) == ("Tarjous", "meeting", [company["_id"]])
    assert told(admin_access, "company", company) == ["Tarjous"]
    raw = Activity._get_collection().find_one({"name": "Tarjous"})
    assert raw is not None
    assert raw["at"] == raw["starts_at"]


def test_letters_are_written_of_activities(staff: Any) -> None:
    anna = staff("anna")
    company = CompanyFactory.create(name="Voima Oy")
    add(anna, name="Käynti", kind="meeting", starts_at="2026-07-01T09:00", companies=[str(company["_id"])],
        text="<p>Sovittiin <strong>hinta</strong>.</p>")  # fmt: skip
    template = keep(anna, "Subject", "Tyyppi", "Alkaa", "companies", "Teksti", register="activity")
    (line,) = letters(anna, make(anna, template))
    assert line.startswith("Käynti|Meeting|")
    assert line.endswith("|Voima Oy|Sovittiin hinta.")


def test_a_field_of_one_s_own_belongs_to_activities_as_to_any_register(staff: Any, admin_access: Access) -> None:
    define_field(admin_access, {"register": "activity", "key": "mood", "kind": "choice", "label": {"en": "Mood"},
                                "choices": ["Good", "Bad"], "section": "basic"})  # fmt: skip
    anna = staff("anna")
    add(anna, name="Hyvä", x_mood="good")
    add(anna, name="Huono", x_mood="bad")
    assert names(anna, {"col": "x_mood", "opr": "eq", "value": "good"}) == ["Hyvä"]


def test_what_happened_is_not_told_to_who_may_not_know_when(
    make_role: Callable, make_user: Callable, access_of: Callable[[User], Access], staff: Any
) -> None:
    company = CompanyFactory.create()
    add(staff("anna"), companies=[str(company["_id"])], state="done")
    hidden = FieldRight(register="activity", column="at", access="hidden")
    role = make_role("No times", ("company", "see", "all"), ("activity", "see", "all"), field_rights=[hidden])
    assert told(access_of(make_user("risto", role)), "company", company) == []
    assert told(staff("bo"), "company", company) == ["Soitto"]
