"""Values on their way into fields: Finnish formats, odd values kept and told of, rows that can't be imported."""

import datetime as dt
from collections.abc import Callable

import pytest
from bson import Decimal128

from models.fields.schema import schema_of
from models.rights import Access, NotAllowed, Scope, system_access
from models.security import FieldRight, Role, User
from services.imports import ImportProblem, MappingError, import_now, read_mapping
from services.security import access_for
from services.settings import change_field, define_field, retire_field
from tests.services.importing import import_text, only, records, values, workbook

FINNISH = """\
language: fi
columns:
  Nimi: name
  Y-tunnus: business_id
  Puhelin: phone
  Sähköposti: email
  Kotisivu: website
  Liikevaihto: {field: turnover, define: {kind: money, label: {en: Turnover, fi: Liikevaihto}}}
  Kerroin: {field: factor, define: {kind: number, label: {en: Factor, fi: Kerroin}}}
  Asiakas alkaen: {field: since, define: {kind: date, label: {en: Customer since, fi: Asiakas alkaen}}}
"""
HEADER = "Nimi;Y-tunnus;Puhelin;Sähköposti;Kotisivu;Liikevaihto;Kerroin;Asiakas alkaen\n"


def test_import_of_finnish_formats_reads_them(admin_access: Access) -> None:
    text = HEADER + "Älä Öljy Oy;01120389;040 1234567;Myynti@ALAOLJY.fi;www.alaoljy.fi;1 234,50 €;1,125;31.12.2024\n"
    report = import_text(admin_access, "company", text.encode("cp1252"), FINNISH)
    assert (report.created, report.odd) == (1, ())
    assert only() == {
        "name": "Älä Öljy Oy", "business_id": "0112038-9", "phone": "+358401234567", "email": "Myynti@alaoljy.fi",
        "website": "https://www.alaoljy.fi", "factor": 1.125, "since": dt.datetime(2024, 12, 31, tzinfo=dt.UTC),
        "turnover": {"amount": Decimal128("1234.50"), "currency": "EUR"},
    }  # fmt: skip


def test_import_of_odd_values_keeps_every_one_and_tells_of_it(admin_access: Access) -> None:
    text = HEADER + "Outo Oy;1234567-0;soita vaihteeseen;ei ole;javascript:x;paljon;iso;31.2.2024\n"
    report = import_text(admin_access, "company", text.encode("cp1252"), FINNISH)
    assert report.created == 1
    assert only() == {
        "name": "Outo Oy", "business_id": "1234567-0", "phone": "soita vaihteeseen", "email": "ei ole",
        "website_text": "javascript:x", "turnover_text": "paljon", "factor_text": "iso", "since_text": "31.2.2024",
    }  # fmt: skip
    assert {note.column: (note.row, note.value, note.kept_in) for note in report.odd} == {
        "Y-tunnus": (2, "1234567-0", "business_id"), "Puhelin": (2, "soita vaihteeseen", "phone"),
        "Sähköposti": (2, "ei ole", "email"), "Kotisivu": (2, "javascript:x", "x_website_text"),
        "Liikevaihto": (2, "paljon", "x_turnover_text"), "Kerroin": (2, "iso", "x_factor_text"),
        "Asiakas alkaen": (2, "31.2.2024", "x_since_text"),
    }  # fmt: skip
    assert all(note.reason for note in report.odd)


def test_import_of_odd_values_makes_text_fields_beside_their_own(admin_access: Access) -> None:
    mapping = FINNISH.replace("label: {en: Factor", "section: classification, label: {en: Factor")
    import_text(admin_access, "company", (HEADER + "A;;;;huono;;iso;\n").encode("cp1252"), mapping)
    fields = {field.key: field for field in schema_of("company").fields}
    assert fields["factor_text"].label_in("en") == "Factor (as text)"
    assert (fields["factor_text"].section, fields["website_text"].section) == ("classification", "basic")
    assert "since_text" not in fields


def test_import_of_odd_values_into_a_field_of_the_mappings_choice(admin_access: Access) -> None:
    mapping = """\
columns:
  Name: name
  Founded:
    field: founded
    define: {kind: number}
    odd: {field: history, label: {en: History, fi: Historia}}
  Listed: {field: listed, define: {kind: date}, odd: history}
"""
    report = import_text(admin_access, "company", "Name,Founded,Listed\nA,long ago,never\n", mapping)
    assert report.fields_created == ("founded", "listed", "history")
    assert only() == {"name": "A", "history": "long ago; never"}
    assert schema_of("company").field("x_history").label_in("fi") == "Historia"


def test_import_of_a_very_long_odd_value_makes_a_long_text_field(admin_access: Access) -> None:
    mapping = "columns: {Name: name, Founded: {field: founded, define: {kind: number}}}"
    import_text(admin_access, "company", f"Name,Founded\nA,{'x' * 3_000}\n", mapping)
    assert only()["founded_text"] == "x" * 3_000
    assert schema_of("company").field("x_founded_text").kind.name == "long_text"


def test_import_of_a_value_too_long_for_its_field_keeps_it_beside(admin_access: Access) -> None:
    report = import_text(admin_access, "company", f"Name,City\nA,{'x' * 150}\n", "columns: {Name: name, City: city}")
    assert only() == {"name": "A", "city_text": "x" * 150}
    assert "at most 100 characters" in report.odd[0].reason


@pytest.mark.parametrize(("name", "reason"), [("", "missing"), ("x" * 201, "at most 200 characters")])
def test_import_of_a_row_without_a_good_name_reports_the_whole_row(
    admin_access: Access, name: str, reason: str
) -> None:
    report = import_text(
        admin_access, "company", f"Name,City\nA,Turku\n{name},Oulu\n", "columns: {Name: name, City: city}"
    )
    (failed,) = report.failed
    assert (report.created, report.failed_count) == (1, 1)
    assert (failed.row, failed.cells) == (3, (("Name", name), ("City", "Oulu")))
    assert reason in failed.reason


def test_import_of_a_choice_that_is_not_there_keeps_it_as_text(admin_access: Access) -> None:
    report = import_text(admin_access, "company", "Name,Status\nA,Asiakas?\nB,Customer\n",
                         "columns: {Name: name, Status: status}")  # fmt: skip
    first, second = map(values, records())
    assert (first, second) == ({"name": "A", "status_text": "Asiakas?"}, {"name": "B", "status": "customer"})
    assert report.odd[0].kept_in == "x_status_text"


def test_import_of_new_choices_makes_keys_of_them(admin_access: Access) -> None:
    mapping = "columns: {Name: name, Line: {field: line, define: {kind: choice, section: classification}}}"
    text = "Name,Line\nA,Real Estate\nB,real estate\nC,Öljy & Kaasu\nD,***\nE,3D\n"
    import_text(admin_access, "company", text, mapping)
    choices = schema_of("company").field("x_line").choices
    assert [choice.key for choice in choices] == ["choice", "f_3d", "real_estate", "oljy_kaasu"]
    assert len({choice.colour for choice in choices}) == 4
    assert [values(raw)["line"] for raw in records()] == ["real_estate", "real_estate", "oljy_kaasu", "choice", "f_3d"]


def test_import_with_add_choices_adds_to_a_field_that_is_there(admin_access: Access) -> None:
    mapping = "columns: {Name: name, Tags: {field: tags, separator: '/', add_choices: true, define: {kind: choices}}}"
    import_text(admin_access, "company", "Name,Tags\nA,Old\n", mapping)
    report = import_text(admin_access, "company", "Name,Tags\nB,old / New / Newer\n", mapping)
    assert report.choices_added == {"tags": ["New", "Newer"]}
    assert values(records()[1])["tags"] == ["old", "new", "newer"]


def test_import_without_add_choices_leaves_a_field_that_is_there(admin_access: Access) -> None:
    mapping = "columns: {Name: name, Line: {field: line, define: {kind: choice}}}"
    import_text(admin_access, "company", "Name,Line\nA,Old\n", mapping)
    report = import_text(admin_access, "company", "Name,Line\nB,New\n", mapping)
    assert (report.choices_added, values(records()[1])) == ({}, {"name": "B", "line_text": "New"})


def test_import_of_a_choice_label_that_is_too_long_keeps_it_as_text(admin_access: Access) -> None:
    mapping = "columns: {Name: name, Line: {field: line, define: {kind: choice}}}"
    report = import_text(admin_access, "company", f"Name,Line\nA,Short\nB,{'x' * 101}\n", mapping)
    assert (report.created, values(records()[1])) == (2, {"name": "B", "line_text": "x" * 101})


def test_import_of_too_many_choices_writes_nothing(admin_access: Access) -> None:
    mapping = "columns: {Name: name, Line: {field: line, define: {kind: choice}}}"
    text = "Name,Line\n" + "".join(f"A{n},Line {n}\n" for n in range(501))
    with pytest.raises(ImportProblem, match="more than 500 different values"):
        import_text(admin_access, "company", text, mapping)
    assert (records(), [field for field in schema_of("company").fields if field.custom]) == ([], [])


def test_import_of_an_empty_choice_column_makes_no_field(admin_access: Access) -> None:
    mapping = "columns: {Name: name, Line: {field: line, define: {kind: choice}}}"
    report = import_text(admin_access, "company", "Name,Line\nA,\n", mapping)
    assert (report.created, report.fields_created) == (1, ())


def test_import_of_constants_fills_every_row(admin_access: Access) -> None:
    import_text(admin_access, "company", "Name\nA\nB\n", "columns: {Name: name}\nconstants: {status: prospect}")
    assert [values(raw)["status"] for raw in records()] == ["prospect", "prospect"]


@pytest.mark.parametrize(("at", "cell", "city", "street"), [
    ("exact", "A, B", "A", "B"), ("first", "A, B, C", "A", "B, C"), ("last", "A, B, C", "A, B", "C"),
])  # fmt: skip
def test_import_of_a_split_column_cuts_where_told(
    admin_access: Access, at: str, cell: str, city: str, street: str
) -> None:
    mapping = f"columns: {{Name: name, Place: {{split: {{separator: ', ', at: {at}, into: [city, street]}}}}}}"
    import_text(admin_access, "company", f'Name,Place\nA,"{cell}"\n', mapping)
    assert only() == {"name": "A", "city": city, "street": street}


def test_import_of_rows_of_another_length_tells_of_them(admin_access: Access) -> None:
    report = import_text(admin_access, "company", "Name,City,Phone\nA\nB,Oulu,040 1234567,more\nC,Turku,,\n",
                         "columns: {Name: name, City: city, Phone: phone}")  # fmt: skip
    assert [(note.row, note.reason) for note in report.odd] == [
        (2, "The row has 1 cells, the header 3: the others are taken as empty."),
    ]
    assert [(failed.row, failed.cells[-1]) for failed in report.failed] == [(3, ("(4)", "more"))]
    assert [raw["name"] for raw in records()] == ["A", "C"]


def test_import_of_columns_without_a_field_names_them(admin_access: Access) -> None:
    report = import_text(admin_access, "company", "Name,Colour,Id\nA,red,1\n", "columns: {Name: name}\nignore: [Id]")
    assert report.unmapped == ("Colour",)


def test_import_of_a_workbook_takes_numbers_and_dates_as_they_are(admin_access: Access) -> None:
    mapping = """\
language: fi
columns:
  Name: name
  Code: {field: code, zero_fill: 6, define: {kind: text}}
  Share: {field: share, define: {kind: number}}
  Since: {field: since, define: {kind: date}}
  At: {field: at, define: {kind: date}}
"""
    rows = [["Name", "Code", "Share", "Since", "At"],
            ["A", 1234, 1234.567, dt.date(2024, 2, 29), dt.datetime.fromisoformat("2024-02-29 14:30")]]  # fmt: skip
    report = import_now(admin_access, "company", workbook(rows), "list.xlsx", read_mapping(mapping))
    assert only() == {"name": "A", "code": "001234", "share": 1234.567, "at_text": "2024-02-29 14:30",
                      "since": dt.datetime(2024, 2, 29, tzinfo=dt.UTC)}  # fmt: skip
    assert [note.column for note in report.odd] == ["At"]


def test_import_of_an_error_in_a_sheet_tells_of_it(admin_access: Access) -> None:
    stream = workbook([["Name", "City"], ["A", "#N/A"]])
    report = import_now(admin_access, "company", stream, "list.xlsx", read_mapping("columns: {Name: name, City: city}"))
    assert [(note.row, note.column, note.value) for note in report.odd] == [(2, "City", "#N/A")]
    assert only() == {"name": "A"}


@pytest.mark.parametrize(("mapping", "message"), [
    ("columns: {Nam: name}", "no column “Nam”; perhaps “Name” is meant"),
    ("columns: {Name: nimi}", "there is no field “nimi”"),
    ("columns: {Name: name, City: {field: city, define: {kind: number}}}", "its kind is text, not number"),
    ("columns: {Name: name, City: {field: x, define: {kind: colour}}}", "define › kind"),
    ("columns: {Name: name, City: {field: Not A Key, define: {kind: text}}}", "define › key"),
    ("columns: {Name: name, City: name}", "“name” gets its value from two places"),
    ("columns: {Name: name, City: city}\nconstants: {city: X}", "“city” gets its value from two places"),
    ("columns: {Name: name}\nconstants: {status: nobody}", "constants › status"),
    ("columns: {Name: name}\nconstants: {nothing: 1}", "constants › nothing: there is no such field"),
    ("columns: {Name: name}\nmatch: [city]", "match › city: no column of the mapping fills this field"),
    ("columns: {Name: name}\nmatch: [nothing]", "match › nothing"),
    ("columns: {Name: name, City: {field: city, separator: ';'}}", "use “split”"),
    ("columns: {Name: name, City: {field: city, link_by: name}}", "link_by"),
    ("columns: {Name: name, City: {field: city, add_choices: true}}", "no choices can be added"),
    ("columns: {Name: name, City: {field: created_at}}", "can't change the field"),
    ("columns: {Name: name, City: {field: city, odd: status}}", "can't keep values that don't fit"),
    ("register: person\ncolumns: {Name: name}", "for the register “person”, not for “company”"),
])  # fmt: skip
def test_import_with_a_mapping_that_does_not_fit_says_so_before_anything_is_written(
    admin_access: Access, mapping: str, message: str
) -> None:
    version = schema_of("company").version
    with pytest.raises(MappingError) as caught:
        import_text(admin_access, "company", "Name,City\nA,Turku\n", mapping)
    assert message in str(caught.value)
    assert (records(), schema_of("company").version) == ([], version)


@pytest.mark.parametrize("use", ["x_size", "{field: x_size, add_choices: true}"])
def test_import_of_a_retired_choice_is_reported_and_kept_beside(admin_access: Access, use: str) -> None:
    choices = [{"key": "small", "label": "Small"}, {"key": "large", "label": "Large"}]
    made = define_field(admin_access, {"register": "company", "key": "size", "kind": "choice", "label": "Size",
                                       "choices": choices})  # fmt: skip
    change_field(admin_access, made["_id"], {"choices": choices[:1]})
    text, mapping = "Name,Size\nA,Small\nB,large\n", f"columns: {{Name: name, Size: {use}}}"
    report = import_text(admin_access, "company", text, mapping)
    assert report.created == 2
    assert [(odd.value, odd.kept_in) for odd in report.odd] == [("large", "x_size_text")]
    assert "retired" in report.odd[0].reason
    assert [raw["custom"] for raw in records()] == [{"size": "small"}, {"size_text": "large"}]


def test_import_into_a_retired_field_says_what_to_do(admin_access: Access) -> None:
    definition = define_field(admin_access, {"register": "company", "key": "old", "kind": "text", "label": "Old"})
    retire_field(admin_access, definition["_id"])
    with pytest.raises(MappingError, match="retired"):
        import_text(admin_access, "company", "Name,Old\nA,x\n",
                    "columns: {Name: name, Old: {field: old, define: {kind: text}}}")  # fmt: skip


def test_import_without_the_right_to_add_is_refused(app: object) -> None:
    with pytest.raises(NotAllowed):
        import_text(Access(grants={("company", "see"): Scope.ALL}), "company", "Name\nA\n", "columns: {Name: name}")


def test_import_that_needs_fields_without_the_right_to_settings_writes_nothing(
    make_role: Callable[..., Role], make_user: Callable[..., User]
) -> None:
    role = make_role("Adder", ("company", "see", "all"), ("company", "add", "all"))
    with pytest.raises(ImportProblem, match="right to its settings"):
        import_text(access_for(make_user("ada", role)), "company", "Name,X\nA,1\n",
                    "columns: {Name: name, X: {field: x, define: {kind: text}}}")  # fmt: skip
    assert records() == []


def test_import_of_odd_values_without_the_right_to_settings_reports_their_rows(
    make_role: Callable[..., Role], make_user: Callable[..., User]
) -> None:
    define_field(system_access(), {"register": "company", "key": "founded", "label": "Founded", "kind": "number"})
    role = make_role("Adder", ("company", "see", "all"), ("company", "add", "all"))
    report = import_text(access_for(make_user("ada", role)), "company", "Name,Founded\nA,1990\nB,long ago\n",
                         "columns: {Name: name, Founded: founded}")  # fmt: skip
    assert [raw["name"] for raw in records()] == ["A"]
    assert [failed.row for failed in report.failed] == [3]
    assert "long ago" in report.failed[0].reason
    assert "ask an administrator" in report.failed[0].reason
    assert report.fields_created == ()


def test_import_by_a_user_makes_the_records_the_users_own(
    make_role: Callable[..., Role], make_user: Callable[..., User]
) -> None:
    user = make_user("ada", make_role("Adder", ("company", "see", "own"), ("company", "add", "own")))
    report = import_text(access_for(user), "company", "Name\nA\n", "columns: {Name: name}")
    (raw,) = records()
    assert (raw["owner"], report.created) == (user.pk, 1)


def test_import_into_a_field_hidden_from_the_user_is_refused(
    make_role: Callable[..., Role], make_user: Callable[..., User]
) -> None:
    hidden = FieldRight(register="company", column="city", access="hidden")
    role = make_role("Adder", ("company", "add", "all"), field_rights=[hidden])
    with pytest.raises(MappingError, match="there is no field “city”"):
        import_text(access_for(make_user("ada", role)), "company", "Name,City\nA,Turku\n",
                    "columns: {Name: name, City: city}")  # fmt: skip
