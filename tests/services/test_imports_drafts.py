"""An import prepared as a draft: what is guessed, checked, mended, written, and taken back."""

import datetime as dt
import io
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId

from models.changes import DeletedRecord
from models.fields.errors import ValidationFailed
from models.fields.schema import schema_of
from models.files import StoredFile
from models.jobs import Job
from models.rights import Access
from models.security import Role, Team, User
from services.imports import ImportProblem, drafts, undoing, writing
from services.imports.matching import BY_NAME, MISFIT
from services.imports.old_drafts import remove_old_drafts
from services.jobs import claim, run_job
from services.records import Overtaken, RecordNotFound, VersionConflict, create_record, now, update_record
from services.settings import define_field
from tests.services.importing import records, values

SP500 = Path(__file__).parents[1] / "data" / "sp500" / "constituents.csv"
LIST = """\
Asiakaslista 2024

Yritys;Y-tunnus;Liikevaihto;Asiakas alkaen;Luokka;Verkkosivu
Aho Oy;0112038-9;1 234,50;31.12.2023;A;www.aho.fi
Berg Ab;;12,5;1.2.2024;B;https://berg.fi
Cello Oy;;paljon;2.3.2024;A;
"""


def work() -> dict[str, Any]:
    """What a worker does: the next due job, to its end."""
    job = claim()
    assert job is not None
    run_job(job)
    return job


def started(access: Access, text: str | bytes, name: str = "list.csv", register: str = "company") -> ObjectId:
    return drafts.start_draft(access, register, io.BytesIO(text.encode() if isinstance(text, str) else text), name)


def by_header(draft: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {column["header"]: column for column in draft["columns"]}


def checked(access: Access, draft_id: ObjectId) -> dict[str, Any]:
    drafts.check_draft(access, draft_id)
    work()
    return drafts.get_draft(access, draft_id)


def done(access: Access, draft_id: ObjectId) -> dict[str, Any]:
    drafts.run_draft(access, draft_id)
    work()
    return drafts.get_draft(access, draft_id)


def names(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return [raw["name"] for raw in rows]


def test_file_of_the_office_is_understood_by_itself(admin_access: Access) -> None:
    draft = drafts.get_draft(admin_access, started(admin_access, LIST))
    columns = by_header(draft)
    assert draft["options"] == {"sheet": "", "header_row": 3, "separator": ";", "encoding": "utf-8", "decimal": ",",
                                "dates": "dmy", "language": "en"}  # fmt: skip
    assert [columns[name]["choice"] for name in ("Yritys", "Y-tunnus", "Verkkosivu")] == [
        {"field": "name"}, {"field": "business_id"}, {"field": "website"}]  # fmt: skip
    assert columns["Asiakas alkaen"]["choice"]["define"]["kind"] == "date"
    assert draft["match"] == ["business_id"]


def test_whole_way_of_a_list_with_a_faulty_cell(admin_access: Access) -> None:
    draft_id = started(admin_access, LIST)
    number = {"place": 2, "choice": {"define": {"kind": "number", "label": {"en": "Turnover"}}}}
    drafts.set_columns(admin_access, draft_id, [number], match=["name"], on_existing="skip", version=1)
    draft = checked(admin_access, draft_id)
    assert draft["state"] == "checked"
    assert [draft["checked"][name] for name in ("rows", "create", "faulty")] == [3, 2, 1]
    assert draft["checked"]["sample_rows"][0]["values"]["x_turnover"] == "1234.5"
    assert not records()
    assert len(schema_of("company").fields) == len(schema_of("company").register.fixed_fields)
    (cell,), count = drafts.faulty_cells(admin_access, draft_id)
    assert (cell["row"], cell["place"], cell["value"], count) == (6, 2, "paljon", 1)
    assert drafts.correct_cells(admin_access, draft_id, {(6, 2): "vähän"}) == 0
    assert drafts.faulty_cells(admin_access, draft_id)[0][0]["value"] == "vähän"
    assert drafts.correct_cells(admin_access, draft_id, {(6, 2): "7,25"}) == 1
    draft = done(admin_access, draft_id)
    assert (draft["state"], draft["result"]["created"], draft["result"]["failed"]) == ("done", 3, 0)
    assert [values(raw)["turnover"] for raw in records()] == [1234.5, 12.5, 7.25]


def test_check_tells_of_new_fields_choices_and_links(admin_access: Access) -> None:
    rows = "".join(f"Person {n};Firm {n % 3};{'AB'[n % 2]}\n" for n in range(12))
    draft_id = started(admin_access, f"Name;Company;Group\n{rows}", register="person")
    draft = checked(admin_access, draft_id)
    found = draft["checked"]
    assert (found["create"], found["faulty"], found["new_links"]) == (12, 0, {"company": 3})
    (new,) = found["new_fields"]
    assert (new["key"], new["kind"], new["choices"]) == ("group", "choice", 2)
    assert not records("person")
    assert not records()
    assert done(admin_access, draft_id)["result"]["created"] == 12
    assert len(records()) == 3


def test_same_value_is_mended_everywhere_at_once(admin_access: Access) -> None:
    draft_id = started(admin_access, "Name,Size\nA,big\nB,7\nC,big\n")
    drafts.set_columns(admin_access, draft_id, [{"place": 1, "choice": {"define": {"kind": "number"}}}])
    checked(admin_access, draft_id)
    assert [(one["value"], one["count"]) for one in drafts.faulty_values(admin_access, draft_id)] == [("big", 2)]
    with pytest.raises(ValidationFailed):
        drafts.correct_values(admin_access, draft_id, 1, "big", "large")
    assert drafts.correct_values(admin_access, draft_id, 1, "big", "9") == 2
    assert drafts.get_draft(admin_access, draft_id)["checked"]["faulty"] == 0
    done(admin_access, draft_id)
    assert [values(raw)["size"] for raw in records()] == [9, 7, 9]


@pytest.mark.parametrize(("on_existing", "cities"), [
    ("skip", ["Oulu", None]), ("fill", ["Oulu", "Vaasa"]), ("overwrite", ["Turku", "Vaasa"]),
])  # fmt: skip
def test_existing_records_are_skipped_filled_or_overwritten_and_come_back(
    admin_access: Access, on_existing: str, cities: list[str | None]
) -> None:
    create_record(admin_access, "company", {"name": "Aho", "city": "Oulu", "phone": "+358401234567"})
    create_record(admin_access, "company", {"name": "Berg"})
    before = [values(raw) for raw in records()]
    draft_id = started(admin_access, "Name,City,Phone\naho,Turku,\nBerg,Vaasa,\nCello,Pori,\n")
    drafts.set_columns(admin_access, draft_id, [], match=["name"], on_existing=on_existing)
    counts = checked(admin_access, draft_id)["checked"]
    draft = done(admin_access, draft_id)
    assert [raw.get("city") for raw in records()] == [*cities, "Pori"]
    assert (counts["create"], counts["change"]) == (draft["result"]["created"], draft["result"]["changed"])
    drafts.undo_import(admin_access, draft_id)
    work()
    assert drafts.get_draft(admin_access, draft_id)["state"] == "undone"
    assert [values(raw) for raw in records()] == before
    assert names(raw["document"] for raw in DeletedRecord._get_collection().find()) == ["Cello"]


def test_undo_keeps_what_was_changed_since_and_tells(admin_access: Access) -> None:
    old = create_record(admin_access, "company", {"name": "Aho"})
    draft_id = started(admin_access, "Name,City\nAho,Turku\nBerg,Vaasa\nCello,Pori\n")
    drafts.set_columns(admin_access, draft_id, [], match=["name"], on_existing="fill")
    done(admin_access, draft_id)
    berg = next(raw for raw in records() if raw["name"] == "Berg")
    update_record(admin_access, "company", old["_id"], {"city": "Lahti"})
    update_record(admin_access, "company", berg["_id"], {"city": "Lohja"})
    drafts.undo_import(admin_access, draft_id)
    work()
    draft = drafts.get_draft(admin_access, draft_id)
    assert draft["undone"] == {"removed": 1, "restored": 0, "kept": 2}
    job = drafts.job_of(draft)
    assert job is not None
    assert {line.split(":")[0] for line in job["log"]} == {"Aho", "Berg"}
    assert [raw["city"] for raw in records()] == ["Lahti", "Lohja"]


def test_undo_takes_linked_records_too(admin_access: Access) -> None:
    draft_id = started(admin_access, "Name,Company\nAnna,Firm\nBertta,Firm\nCecilia,Other\n", register="person")
    done(admin_access, draft_id)
    assert len(records()) == 2
    drafts.undo_import(admin_access, draft_id)
    work()
    assert drafts.get_draft(admin_access, draft_id)["undone"] == {"removed": 5, "restored": 0, "kept": 0}
    assert not records()
    assert not records("person")


def test_rows_left_out_come_as_a_sheet_that_is_mended_and_brought_in(admin_access: Access) -> None:
    draft_id = started(admin_access, "Name,City\n=1+1,Turku\n,Oulu\n")
    draft = done(admin_access, draft_id)
    assert (draft["result"]["created"], draft["result"]["failed"]) == (1, 1)
    name, content = drafts.report_file(admin_access, draft_id)
    with content:
        again = drafts.get_draft(admin_access, started(admin_access, content.read(), name))
    assert [column["choice"] for column in again["columns"]] == [{}, {}, {"field": "name"}, {"field": "city"}]
    assert again["columns"][3]["samples"] == ["Oulu"]


def test_columns_are_remembered_by_their_headers(admin_access: Access) -> None:
    first = started(admin_access, "Firma,Ort\nA,Köln\nB,Bonn\n")
    columns = [{"place": 0, "choice": {"field": "name"}}, {"place": 1, "choice": {"field": "city"}}]
    drafts.set_columns(admin_access, first, columns)
    done(admin_access, first)
    again = drafts.get_draft(admin_access, started(admin_access, "ORT,Firma,Neu\nUlm,C,1\n"))
    assert [column["choice"].get("field") for column in again["columns"]] == ["city", "name", None]


def test_values_that_the_field_of_that_name_does_not_take_are_told_at_once(admin_access: Access) -> None:
    define_field(admin_access, {"register": "company", "key": "founded", "kind": "date", "label": {"en": "Founded"}})
    years, days = "Name,Founded\nA,1902\nB,1888\nC,1.2.1999\n", "Name,Founded\nA,1.2.1902\nB,3.4.1888\nC,1999\n"
    why = [by_header(drafts.get_draft(admin_access, started(admin_access, text)))["Founded"] for text in (years, days)]
    assert [column["choice"] for column in why] == [{"field": "x_founded"}] * 2
    assert [column["why"] for column in why] == [str(MISFIT), str(BY_NAME)]


def test_wrong_columns_are_told_by_their_places(admin_access: Access) -> None:
    draft_id = started(admin_access, "Name,City,Extra\nA,Oulu,1\n")
    wrong = [{"place": 1, "choice": {"field": "name"}}, {"place": 2, "choice": {"define": {"kind": "nothing"}}}]
    with pytest.raises(ValidationFailed) as failed:
        drafts.set_columns(admin_access, draft_id, wrong, match=[], on_existing="skip")
    assert failed.value.errors.keys() == {"1", "2", "match"}
    with pytest.raises(VersionConflict):
        drafts.set_columns(admin_access, draft_id, [], version=7)


def test_options_are_corrected(admin_access: Access) -> None:
    draft_id = started(admin_access, "Name,Day\nA,3/4/2024\n")
    assert drafts.get_draft(admin_access, draft_id)["options"]["dates"] == "dmy"
    drafts.set_options(admin_access, draft_id, {"dates": "mdy"})
    done(admin_access, draft_id)
    assert records()[0]["custom"]["day"].date().isoformat() == "2024-03-04"


@pytest.mark.slow
def test_sp500_comes_in_by_what_is_guessed(admin_access: Access) -> None:
    draft = done(admin_access, started(admin_access, SP500.read_bytes(), "constituents.csv"))
    assert (draft["result"]["created"], draft["result"]["failed"]) == (503, 0)


class Killed(BaseException):
    """Stands for a worker's end: nothing catches it, nothing is noted."""


def test_undo_killed_twice_goes_on_and_tells_of_each_record_once(
    admin_access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undoing, "STEP", 40)
    for n in range(50):
        create_record(admin_access, "company", {"name": f"C{n}"})
    before = [values(raw) for raw in records()]
    draft_id = started(admin_access, "Name,City\n" + "".join(f"C{n},Turku\n" for n in range(100)))
    drafts.set_columns(admin_access, draft_id, [], match=["name"], on_existing="fill")
    done(admin_access, draft_id)
    job_id = drafts.undo_import(admin_access, draft_id)
    for _time in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(undoing, "undo_step", killed_after(undoing.undo_step))
            with pytest.raises(Killed):
                work()
        Job._get_collection().update_one({"_id": job_id}, {"$set": {"lease_until": now() - dt.timedelta(seconds=1)}})
    work()
    assert drafts.get_draft(admin_access, draft_id)["undone"] == {"removed": 50, "restored": 50, "kept": 0}
    assert [values(raw) for raw in records()] == before


def killed_after(step: Callable[..., bool]) -> Callable[..., bool]:
    """The step, the second of which is the worker's last deed."""
    calls = iter((False, True))

    def deadly(*args: Any, **options: Any) -> bool:
        if next(calls):
            raise Killed
        return step(*args, **options)

    return deadly


def test_undo_whose_transaction_begins_anew_leaves_nothing_out(
    admin_access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft_id = started(admin_access, "Name\n" + "".join(f"C{n}\n" for n in range(100)))
    done(admin_access, draft_id)
    original, troubles = undoing.undo_step, iter([Overtaken({"_id": draft_id})])

    def troubled(*args: Any, **options: Any) -> bool:
        going_on = original(*args, **options)
        for trouble in troubles:
            raise trouble
        return going_on

    monkeypatch.setattr(undoing, "STEP", 40)
    monkeypatch.setattr(undoing, "undo_step", troubled)
    drafts.undo_import(admin_access, draft_id)
    work()
    assert drafts.get_draft(admin_access, draft_id)["undone"]["removed"] == 100
    assert not records()


def test_record_saved_by_somebody_else_meanwhile_is_filled_all_the_same(
    admin_access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = create_record(admin_access, "company", {"name": "Aho"})
    draft_id = started(admin_access, "Name,City,Country\nAho,Turku,Suomi\nBerg,Oulu,Suomi\n")
    drafts.set_columns(admin_access, draft_id, [], match=["name"], on_existing="fill")
    original, saves = writing.write_step, iter(["Vaasa"])

    def overtaken(*args: Any) -> None:
        for city in saves:
            update_record(admin_access, "company", raw["_id"], {"city": city})
        original(*args)

    monkeypatch.setattr(writing, "write_step", overtaken)
    draft = done(admin_access, draft_id)
    assert (draft["result"]["created"], draft["result"]["changed"]) == (1, 1)
    assert [(one["city"], one["country"]) for one in records()] == [("Vaasa", "Suomi"), ("Oulu", "Suomi")]


def test_rights_hold_for_changing_and_for_undoing(
    make_role: Callable[..., Role], make_user: Callable[..., User], access_of: Callable[[User], Access],
    admin_access: Access,
) -> None:  # fmt: skip
    create_record(admin_access, "company", {"name": "Aho"})
    role = make_role("Adder", ("*", "see", "all"), ("*", "add", "all"), ("*", "change", "own"))
    seller = access_of(make_user("anna", role))
    draft_id = started(seller, "Name,City\nAho,Turku\nBerg,Oulu\n")
    drafts.set_columns(seller, draft_id, [], match=["name"], on_existing="fill")
    draft = checked(seller, draft_id)
    assert (draft["checked"]["create"], draft["checked"]["faulty"]) == (1, 1)
    assert "may not change" in drafts.faulty_cells(seller, draft_id)[0][0]["reason"]
    done(seller, draft_id)
    drafts.undo_import(seller, draft_id)
    work()
    assert drafts.get_draft(seller, draft_id)["undone"] == {"removed": 0, "restored": 0, "kept": 1}
    assert names(records()) == ["Aho", "Berg"]


def test_new_field_needs_the_right_to_settings(
    make_user: Callable[..., User], access_of: Callable[[User], Access]
) -> None:
    seller = access_of(make_user("anna", "Staff"))
    draft_id = started(seller, "Name,Size\nAho,5\n")
    with pytest.raises(ValidationFailed) as failed:
        drafts.set_columns(seller, draft_id, [{"place": 1, "choice": {"define": {"kind": "number"}}}])
    assert failed.value.errors.keys() == {"1"}


def test_settings_of_the_register_are_enough_for_new_fields_and_those_of_another_are_not(
    make_role: Callable[..., Role], make_user: Callable[..., User], access_of: Callable[[User], Access]
) -> None:
    grants = [("*", action, "all") for action in ("see", "add")]
    keeper, other = (access_of(make_user(register, make_role(register, *grants, (register, "settings", "all"))))
                     for register in ("company", "person"))  # fmt: skip
    defined = [{"place": 1, "choice": {"define": {"kind": "number"}}}]
    draft_id = started(other, "Name,Size\nAho,5\n")
    with pytest.raises(ValidationFailed):
        drafts.set_columns(other, draft_id, defined)
    draft_id = started(keeper, "Name,Size\nAho,5\n")
    drafts.set_columns(keeper, draft_id, defined)
    assert checked(keeper, draft_id)["checked"]["create"] == 1
    assert done(keeper, draft_id)["result"]["created"] == 1
    assert schema_of("company").get("x_size") is not None


def test_cards_come_in_with_their_companies(admin_access: Access) -> None:
    card = "BEGIN:VCARD\nVERSION:3.0\nN:Aho;Anna;;;\nFN:Anna Aho\nORG:Firma Oy\nEMAIL:anna@firma.fi\nEND:VCARD\n"
    draft_id = started(admin_access, card + "BEGIN:VCARD\nN:Broken", "cards.vcf", "person")
    draft = checked(admin_access, draft_id)
    assert (draft["format"], draft["checked"]["create"], draft["checked"]["faulty"]) == ("vcards", 1, 1)
    done(admin_access, draft_id)
    assert names(records()) == ["Firma Oy"]


def test_failed_import_that_wrote_nothing_can_be_mended_and_started_again(admin_access: Access) -> None:
    draft_id = started(admin_access, "Name,Kind\n" + "".join(f"C{n},K{n}\n" for n in range(600)))
    drafts.set_columns(admin_access, draft_id, [{"place": 1, "choice": {"define": {"kind": "choice"}}}])
    draft = done(admin_access, draft_id)
    assert draft["state"] == "draft"
    assert "500 different values" in draft["message"]
    drafts.set_columns(admin_access, draft_id, [{"place": 1, "choice": {}}])
    assert done(admin_access, draft_id)["result"]["created"] == 600
    with pytest.raises(ImportProblem):
        drafts.set_columns(admin_access, draft_id, [])


def test_draft_is_dropped_with_its_file(admin_access: Access) -> None:
    draft_id = started(admin_access, "Name\nA\n")
    drafts.drop_draft(admin_access, draft_id)
    assert StoredFile.objects.count() == 0
    with pytest.raises(RecordNotFound):
        drafts.get_draft(admin_access, draft_id)


def test_owners_and_teams_are_found_by_name_or_address(admin_access: Access, make_user: Callable[..., User]) -> None:
    team = Team(name="Sales").save()
    anna = make_user("anna", "Staff")
    draft_id = started(admin_access, "Name,Owner,Team\nA,anna tester,Sales\nB,anna@example.com,\nC,Nobody,sales\n")
    draft = checked(admin_access, draft_id)
    assert [column["choice"].get("field") for column in draft["columns"]] == ["name", "owner", "team"]
    (cell,), _count = drafts.faulty_cells(admin_access, draft_id)
    assert (cell["row"], cell["value"]) == (4, "Nobody")
    assert drafts.correct_cells(admin_access, draft_id, {(4, 1): "Tester, Anna"}) == 1
    done(admin_access, draft_id)
    assert [(raw["owner"], raw.get("team")) for raw in records()] == [(anna.pk, team.pk), (anna.pk, None),
                                                                     (anna.pk, team.pk)]  # fmt: skip


def test_column_that_is_given_another_field_goes_by_what_that_one_is(admin_access: Access) -> None:
    draft_id = started(admin_access, "Name,Ref\nA,Firm\nB,Firm\n", register="person")
    link = {"place": 1, "choice": {"field": "companies"}, "add_choices": True, "create_missing": True}
    draft = drafts.set_columns(admin_access, draft_id, [link])
    assert draft["columns"][1]["link_by"] == "name"
    assert not draft["columns"][1]["add_choices"]
    done(admin_access, draft_id)
    assert names(records()) == ["Firm"]


@pytest.mark.parametrize("on_existing", ["skip", "overwrite"])
def test_rows_that_others_link_to_before_they_come_are_themselves(admin_access: Access, on_existing: str) -> None:
    define_field(admin_access, {"register": "company", "key": "parent", "kind": "link", "label": {"en": "Parent"}})
    draft_id = started(admin_access, "Name,City,Parent\nChild,Turku,Mother\nMother,Oulu,\nOther,Pori,Mother\n")
    parent = {"place": 2, "choice": {"field": "x_parent"}, "create_missing": True}
    drafts.set_columns(admin_access, draft_id, [parent], match=["name"], on_existing=on_existing)
    done(admin_access, draft_id)
    found = {raw["name"]: raw for raw in records()}
    assert {name: raw["city"] for name, raw in found.items()} == {"Mother": "Oulu", "Child": "Turku", "Other": "Pori"}
    assert found["Child"]["custom"]["parent"] == found["Other"]["custom"]["parent"] == found["Mother"]["_id"]
    drafts.undo_import(admin_access, draft_id)
    work()
    assert not records()


def test_drafts_that_nobody_touches_go_with_their_files_and_imports_stay(admin_access: Access) -> None:
    left, ended = started(admin_access, "Name\nA\n"), started(admin_access, "Name\nB\n")
    done(admin_access, ended)
    assert remove_old_drafts() == 0
    assert remove_old_drafts(dt.timedelta(seconds=-1)) == 1
    assert drafts.get_draft(admin_access, ended)["state"] == "done"
    assert StoredFile.objects.count() == 1
    with pytest.raises(RecordNotFound):
        drafts.get_draft(admin_access, left)


@pytest.mark.parametrize(("there", "given"), [
    (("anna@firma.fi", "bertta@firma.fi"), ("ANNA@firma.fi", "Bertta@Firma.fi")),
    (("info@aho.fi", "info@berg.fi"), ("info@aho.fi", "Info@Berg.fi")),
])  # fmt: skip
def test_records_are_known_by_their_addresses_in_any_case(
    admin_access: Access, there: tuple[str, str], given: tuple[str, str]
) -> None:
    others = ("anna@other.fi", "info@other.fi")
    for address in (*there, *others):
        create_record(admin_access, "person", {"name": address, "email": address})
    draft_id = started(admin_access, f"E-mail,Title\n{given[0]},Head\n{given[1]},Hand\nnew@firma.fi,New\n",
                       register="person")  # fmt: skip
    drafts.set_columns(admin_access, draft_id, [{"place": 0, "choice": {"field": "email"}}], match=["email"],
                       on_existing="fill")  # fmt: skip
    done(admin_access, draft_id)
    assert [raw.get("title") for raw in records("person")[:4]] == ["Head", "Hand", None, None]
