"""People linked to companies by name, and doubles recognised."""

import pytest

from models.changes import Change
from models.rights import Access
from services.imports import MappingError
from services.records import create_record
from tests.services.importing import import_text, only, records, values

PEOPLE = """\
register: person
match: [name]
columns:
  First: first_name
  Last: last_name
  Companies: {field: companies, link_by: name, separator: ";"%s}
"""
LINKING, MAKING = PEOPLE % "", PEOPLE % ", create_missing: true"


def test_import_of_people_links_them_to_companies_by_name(admin_access: Access) -> None:
    ids = [create_record(admin_access, "company", {"name": name})["_id"] for name in ("Älä Oy", "Beta, Inc.")]
    report = import_text(admin_access, "person", 'First,Last,Companies\nAda,Aho,"älä oy; Beta, Inc."\n', LINKING)
    assert report.odd == ()
    assert only("person") == {"first_name": "Ada", "last_name": "Aho", "name": "Ada Aho", "companies": ids}


def test_import_of_people_with_unknown_companies_keeps_their_names(admin_access: Access) -> None:
    known = create_record(admin_access, "company", {"name": "Beta"})["_id"]
    report = import_text(admin_access, "person", "First,Last,Companies\nAda,Aho,Beta; Nobody; None\n", LINKING)
    person = only("person")
    assert (person["companies"], person["companies_text"]) == ([known], "Nobody; None")
    (note,) = report.odd
    assert (note.row, note.column, note.value, note.kept_in) == (2, "Companies", "Nobody; None", "x_companies_text")
    assert "no record called “Nobody”" in note.reason


def test_import_of_people_with_an_ambiguous_company_links_neither(admin_access: Access) -> None:
    for _ in range(2):
        create_record(admin_access, "company", {"name": "Beta"})
    report = import_text(admin_access, "person", "First,Last,Companies\nAda,Aho,Beta\n", LINKING)
    assert "2 records are called “Beta”" in report.odd[0].reason
    assert only("person")["companies_text"] == "Beta"


def test_import_of_people_can_make_missing_companies_once(admin_access: Access) -> None:
    text = "First,Last,Companies\n" + "".join(f"P,{n},{'Beta' if n % 2 else 'BETA; Gamma'}\n" for n in range(600))
    report = import_text(admin_access, "person", text, MAKING)
    assert (report.created, report.linked_created, report.odd_count) == (600, 2, 0)
    assert sorted(raw["name"] for raw in records("company")) == ["BETA", "Gamma"]
    assert all(raw["companies"] for raw in records("person"))
    assert Change.objects(batch=report.batch, register="company").count() == 2


def test_import_of_people_with_a_company_name_that_is_too_long_keeps_it(admin_access: Access) -> None:
    report = import_text(admin_access, "person", f"First,Last,Companies\nAda,Aho,{'x' * 201}\n", MAKING)
    assert (report.failed_count, report.odd_count, report.linked_created) == (0, 1, 0)
    assert only("person")["companies_text"] == "x" * 201


def test_import_that_matches_skips_what_exists_whatever_its_case(admin_access: Access) -> None:
    create_record(admin_access, "company", {"name": "Älä Öljy Oy"})
    report = import_text(admin_access, "company", "Name\nÄLÄ  ÖLJY OY\nUusi\n", "columns: {Name: name}\nmatch: name")
    assert (report.created, report.skipped) == (1, 1)


@pytest.mark.parametrize(("match", "define"), [
    ("code", "define: {kind: text}"), ("code", "define: {kind: number}"), ("code", "define: {kind: choice}"),
    ("[code, name]", "define: {kind: text}"),
])  # fmt: skip
def test_import_that_matches_by_fields_of_its_own_skips_what_exists(
    admin_access: Access, match: str, define: str
) -> None:
    mapping = f"columns: {{Name: name, Code: {{field: code, add_choices: %s, {define}}}}}\nmatch: {match}"
    mapping %= "true" if "choice" in define else "false"
    import_text(admin_access, "company", "Name,Code\nA,1\nB,2\n", mapping)
    report = import_text(admin_access, "company", "Name,Code\nB,2\nC,3\nD,\n", mapping)
    assert (report.created, report.skipped) == (2, 1)


def test_import_that_matches_tells_of_doubles_in_the_file(admin_access: Access) -> None:
    mapping = "columns: {Name: name, City: city}\nmatch: [name]"
    text = "Name,City\n" + "".join(f"A{n % 600},{n}\n" for n in range(601))
    report = import_text(admin_access, "company", text, mapping)
    (failed,) = report.failed
    assert (report.created, failed.row, failed.cells) == (600, 602, (("Name", "A0"), ("City", "600")))
    assert "Row 2 of this file is the same by Name" in failed.reason


def test_import_that_may_add_doubles_adds_them(admin_access: Access) -> None:
    mapping = "columns: {Name: name}\nmatch: [name]\non_existing: add"
    assert import_text(admin_access, "company", "Name\nA\nA\n", mapping).created == 2


def test_import_that_matches_by_a_link_is_refused(admin_access: Access) -> None:
    with pytest.raises(MappingError, match="match › companies"):
        import_text(admin_access, "person", "First,Last,Companies\nA,B,C\n", LINKING.replace("[name]", "[companies]"))


def test_import_of_people_without_match_adds_namesakes(admin_access: Access) -> None:
    text = "First,Last,Companies\nMatti,Virtanen,\nMatti,Virtanen,\n"
    import_text(admin_access, "person", text, LINKING.replace("match: [name]\n", ""))
    assert [values(raw, "person")["name"] for raw in records("person")] == ["Matti Virtanen"] * 2
