"""Exports: what stands in the files, in which order, who may have what, and that nothing in them is carried out."""

import csv
import datetime as dt
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from models.audit import AuditEntry, What
from models.fields.errors import ConditionError
from models.jobs import Job
from models.people import Person
from models.rights import Access, NotAllowed, Scope
from models.security import User
from services.exports import ExportProblem, Wanted, start_export
from services.files import get_file, stream_content
from services.formulas import defused, undefused
from services.jobs import wake_due
from services.records import update_record
from services.search import Selection
from services.security import access_for
from services.settings import define_field
from services.vcards import read_cards
from tests.factories import CompanyFactory, PersonFactory

Raw = dict[str, Any]
ALL = Selection(all_matching=True)
ENGLISH_CSV = {"form": "csv", "separator": ",", "decimal": "."}


@pytest.fixture
def access(admin: User) -> Access:
    return access_for(admin)


def exported(access: Access, register: str, wanted: Wanted, selection: Selection = ALL) -> bytes:
    """The file of an export, made at once."""
    job_id = start_export(access, register, selection, wanted)
    wake_due()
    job = Job.objects.get(pk=job_id)
    assert job.state == "done", job.message
    return b"".join(stream_content(get_file(access, job.result_file)))


def table(access: Access, *columns: str, register: str = "company", **parts: Any) -> list[list[str]]:
    text = exported(access, register, Wanted(columns=columns, **{**ENGLISH_CSV, **parts})).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=parts.get("separator", ",")))


def sheet(data: bytes) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()


def define(access: Access, key: str, kind: str, **values: Any) -> None:
    define_field(access, {"register": "company", "key": key, "kind": kind, "label": {"en": key.title()}, **values})


def test_a_sheet_holds_numbers_days_and_moments_as_such(access: Access) -> None:
    for key, kind in (("size", "number"), ("worth", "money"), ("day", "date"), ("met", "datetime"), ("fit", "boolean")):
        define(access, key, kind)
    CompanyFactory(name="Alfa", x_size="1234,5" if access.language == "fi" else "1234.5", x_worth="1200 EUR",
                   x_day="2024-12-31", x_met="2024-06-01T12:30+03:00", x_fit="yes")  # fmt: skip
    CompanyFactory(name="Beta", x_worth="7 USD", x_day="1850-01-02", x_size="9000000000000000001")
    columns = ("name", "x_size", "x_worth", "x_day", "x_met", "x_fit")
    head, first, second = sheet(exported(access, "company", Wanted("xlsx", columns)))
    assert head == ["Name", "Size", "Worth", "Day", "Met", "Fit"]
    met = dt.datetime.fromisoformat("2024-06-01T12:30")
    assert first == ["Alfa", 1234.5, 1200.0, dt.date(2024, 12, 31), met, "Yes"]
    assert second == ["Beta", "9000000000000000001", "7.00 USD", "1850-01-02", "", ""]


def test_csv_is_written_as_its_reader_wants_it(access: Access) -> None:
    define(access, "worth", "money")
    define(access, "day", "date")
    CompanyFactory(name='Ä; "B", C', x_worth="1234.5 EUR", x_day="2024-12-31")
    columns = ("name", "x_worth", "x_day")
    data = exported(access, "company", Wanted("csv", columns, separator=";", decimal=","))
    assert data.decode("utf-8-sig") == 'Name;Worth;Day\r\n"Ä; ""B"", C";1234,50;2024-12-31\r\n'
    assert data.startswith(b"\xef\xbb\xbf")
    assert table(access, *columns, separator="\t") == [["Name", "Worth", "Day"], ['Ä; "B", C', "1234.50", "2024-12-31"]]


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd", "@SUM(1)", "\t=1", "＝1+1", " =1", "\n=1"])
def test_what_would_be_a_formula_is_text(text: str) -> None:
    assert defused(text) == f"'{text}"
    assert undefused(defused(text)) == text


@given(st.text("'=+-@\t\n 1a＝.", max_size=6) | st.text())
def test_every_text_comes_back_out_of_csv_as_it_was(text: str) -> None:
    assert undefused(defused(text)) == text


@pytest.mark.parametrize("text", ["'s-Hertogenbosch", "'t Hooft", "'-5", "'", "''", "it's =1"])
def test_apostrophes_that_no_export_has_put_stay(text: str) -> None:
    assert undefused(text) == text


@pytest.mark.parametrize("text", ["+358 40 123 4567", "-5", "Oy Firma =) Ab", "a=b", "", "1,5"])
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert defused(text) == text


def test_no_file_holds_a_formula(access: Access) -> None:
    CompanyFactory(name="=HYPERLINK(\"http://evil.example\")")
    assert table(access, "name")[1] == ["'=HYPERLINK(\"http://evil.example\")"]
    data = exported(access, "company", Wanted("xlsx", ("name",)))
    assert sheet(data)[1] == ["=HYPERLINK(\"http://evil.example\")"]


def test_rows_stand_in_the_order_of_the_list_and_the_empty_ones_last(access: Access) -> None:
    define(access, "size", "number")
    for name, size in (("A", "2"), ("B", ""), ("C", "10"), ("D", "2")):
        CompanyFactory(name=name, x_size=size)
    assert [row[0] for row in table(access, "name", order="x_size", direction="desc")[1:]] == ["C", "A", "D", "B"]
    assert [row[0] for row in table(access, "name", order="name", direction="desc")[1:]] == ["D", "C", "B", "A"]
    assert [row[0] for row in table(access, "name", order="$where")[1:]] == ["A", "B", "C", "D"]


def test_all_fields_are_there_and_namesakes_told_apart(access: Access) -> None:
    define(access, "one", "text", label={"en": "Same"})
    define(access, "two", "text", label={"en": "Same"})
    CompanyFactory(name="Alfa", city="Oulu", x_one="1", x_two="2")
    head, row = table(access)
    told = dict(zip(head, row, strict=True))
    assert told["City"] == "Oulu"
    assert (told["Same (x_one)"], told["Same (x_two)"]) == ("1", "2")


def test_chosen_and_matching_rows_are_exported_and_no_others(access: Access) -> None:
    oulu, _pori = CompanyFactory(name="A", city="Oulu"), CompanyFactory(name="B", city="Pori")
    CompanyFactory(name="C", city="Oulu")
    wanted = Wanted("jsonl", ("name",))
    matching = Selection(conditions=({"col": "city", "opr": "eq", "value": "Oulu"},), all_matching=True)
    for selection, names in ((matching, ["A", "C"]), (Selection((str(oulu["_id"]),)), ["A"])):
        lines = exported(access, "company", wanted, selection).splitlines()
        assert [json.loads(line)["name"] for line in lines] == names


def test_json_lines_hold_what_rest_gives(access: Access) -> None:
    firm = CompanyFactory(name="Alfa")
    person = PersonFactory(first_name="Matti", last_name="Malli", companies=[str(firm["_id"])])
    line = json.loads(exported(access, "person", Wanted("jsonl")))
    assert (line["id"], line["name"]) == (str(person["_id"]), "Matti Malli")
    assert line["companies"] == [str(firm["_id"])]


def test_people_come_back_out_of_their_vcards(access: Access) -> None:
    firm = CompanyFactory(name="Alfa, Beta; Oy")
    PersonFactory(first_name="Äijä", last_name="Öö", title="CEO", phone="+358401234567", email="a@example.com",
                  companies=[str(firm["_id"])])  # fmt: skip
    cards, damaged = read_cards([exported(access, "person", Wanted("vcard"))])
    assert damaged == 0
    (card,) = cards
    assert (card.first_name, card.last_name, card.name) == ("Äijä", "Öö", "Äijä Öö")
    assert (card.title, card.email, card.company) == ("CEO", "a@example.com", "Alfa, Beta; Oy")
    assert card.phone.replace(" ", "") in ("+358401234567", "0401234567")


def test_nobody_exports_what_is_not_granted(make_user: Callable[..., User], access: Access) -> None:
    mine = make_user("anna")
    update_record(access, "company", CompanyFactory(name="Mine")["_id"], {"owner": str(mine.pk)})
    CompanyFactory(name="Theirs")
    sees = {("company", "see"): Scope.ALL}
    with pytest.raises(NotAllowed):
        start_export(Access(mine.pk, grants=sees), "company", ALL, Wanted())
    with pytest.raises(NotAllowed):
        start_export(Access(mine.pk, grants={("company", "export"): Scope.ALL}), "company", ALL, Wanted())
    own = Access(mine.pk, grants={**sees, ("company", "export"): Scope.OWN})
    job = Job.objects.get(pk=start_export(own, "company", ALL, Wanted()))
    assert job.total == 1


def test_hidden_fields_are_in_no_file(make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch) -> None:
    PersonFactory(first_name="Matti", last_name="Malli", email="secret@example.com")
    grants = {("person", "see"): Scope.ALL, ("person", "export"): Scope.ALL}
    access = Access(make_user("anna").pk, grants=grants, hidden={"person": frozenset({"email"})})
    monkeypatch.setattr("services.jobs.access_of_id", lambda *_args: access)
    for form in ("xlsx", "csv", "jsonl", "vcard"):
        for columns in ((), ("name", "email")):
            data = exported(access, "person", Wanted(form, columns))
            texts = str(sheet(data)) if form == "xlsx" else data.decode()
            assert "Malli" in texts
            assert "secret" not in texts
    with pytest.raises(ExportProblem):
        start_export(access, "person", ALL, Wanted("csv", ("email",)))
    asked = Selection(conditions=({"col": "email", "opr": "ct", "value": "secret"},), all_matching=True)
    with pytest.raises(ConditionError):
        start_export(access, "person", asked, Wanted())


@pytest.mark.parametrize("wrong", [
    {"form": "exe"}, {"form": "vcard"}, {"form": "csv", "separator": "|"}, {"form": "csv", "decimal": "x"},
    {"form": "csv", "separator": ",", "decimal": ","}, {"columns": ("$where",)},
], ids=str)  # fmt: skip
def test_what_can_t_be_exported_is_told_before_a_job_starts(access: Access, wrong: Raw) -> None:
    CompanyFactory()
    with pytest.raises(ExportProblem):
        start_export(access, "company", ALL, Wanted(**wrong))
    with pytest.raises(ExportProblem):
        start_export(access, "product", ALL, Wanted())
    assert Job.objects.count() == 0


def test_a_text_too_long_for_a_cell_is_cut_and_told(access: Access) -> None:
    define(access, "story", "long_text")
    CompanyFactory(name="Alfa", x_story="ä" * 40_000)
    data = exported(access, "company", Wanted("xlsx", ("x_story",)))
    assert len(sheet(data)[1][0]) == 32_767
    assert "1 text was cut" in Job.objects.get().message


def test_the_audit_tells_of_every_export(access: Access) -> None:
    PersonFactory()
    exported(access, "person", Wanted("csv"))
    (entry,) = AuditEntry.objects(what=What.EXPORTED.value)
    assert entry.details["records"] == Person.objects.count() == 1
    assert (entry.details["register"], entry.details["form"]) == ("person", "csv")
