"""Files as tables: encodings, separators, workbooks, and everything that is no table."""

import datetime as dt
import io
import zipfile
from collections.abc import Callable

import openpyxl
import pytest

from services.imports.errors import TableError
from services.imports.options import TableOptions
from services.imports.tables import Table, cell_text, open_table
from services.imports.workbooks import CellError
from tests.services.importing import workbook

#: As a sheet holds it: without a zone.
AFTERNOON = dt.datetime.fromisoformat("2024-12-31 14:30")


def opened(content: bytes | str, **options: object) -> Table:
    data = content.encode() if isinstance(content, str) else content
    return open_table(io.BytesIO(data), TableOptions(**options))  # type: ignore[arg-type]


def rows_of(table: Table) -> list[tuple[int, list[object]]]:
    return [(row.number, row.cells) for row in table.rows()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_open_table_in_any_usual_encoding_reads_the_letters(encoding: str) -> None:
    table = opened("Nimi,Kunta\nÄlä Öljy Oy,Hämeenlinna\n".encode(encoding))
    assert (table.header, rows_of(table)) == (["Nimi", "Kunta"], [(2, ["Älä Öljy Oy", "Hämeenlinna"])])


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_open_table_finds_the_separator(separator: str) -> None:
    table = opened(separator.join(["Name", "Price", "Notes"]) + "\n" + separator.join(["A", "1", "x y"]))
    assert (table.header, rows_of(table)) == (["Name", "Price", "Notes"], [(2, ["A", "1", "x y"])])


def test_open_table_with_decimal_commas_takes_the_semicolon() -> None:
    assert opened("Nimi;Hinta\nA;1,5\nB;2,5\n").header == ["Nimi", "Hinta"]


def test_open_table_with_the_separator_given_does_not_guess() -> None:
    assert opened("a,b;c,d\n1,2;3,4\n", separator=";").header == ["a,b", "c,d"]


def test_rows_with_line_breaks_and_blank_lines_count_as_a_spreadsheet_does() -> None:
    table = opened('Name,Notes\n"A","first\nsecond"\n\nB,x\n')
    assert rows_of(table) == [(2, ["A", "first\nsecond"]), (4, ["B", "x"])]


def test_rows_can_be_read_again() -> None:
    table = opened("Name\nA\nB\n")
    assert rows_of(table) == rows_of(table) == [(2, ["A"]), (3, ["B"])]


def test_header_with_doubles_and_blanks_names_every_column() -> None:
    assert opened("Phone,,Phone,Name\n1,2,3,4\n").header == ["Phone", "(2)", "Phone (2)", "Name"]


def test_header_row_given_skips_the_notes_above() -> None:
    table = opened("A list of customers,\nName,City\nA,Turku\n", header_row=2)
    assert (table.header, rows_of(table)) == (["Name", "City"], [(3, ["A", "Turku"])])


@pytest.mark.parametrize(("content", "message"), [
    (b"", "The file is empty."),
    (b"\n\n , \n", "no header row"),
    (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "PDF"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel file"),
    (b"Name\x00,City\n", "not a table of text"),
    (b"PK\x03\x04 not really", "can't be read"),
    (b"Name\n\x81\x8d\xff", "letters in this file can't be read"),
])  # fmt: skip
def test_open_table_of_what_is_no_table_says_so(content: bytes, message: str) -> None:
    with pytest.raises(TableError, match=message):
        opened(content)


@pytest.mark.parametrize(("content", "message"), [
    ('Name,City\n"A,Turku\n', "line 2"),
    ('Name,City\n"A"x,Turku\n', "line 2"),
    ("Name,City\nA," + "x" * 140_000, "longer than 131072"),
])  # fmt: skip
def test_rows_that_break_off_say_where(content: str, message: str) -> None:
    table = opened(content)
    with pytest.raises(TableError, match=message):
        list(table.rows())


def test_open_table_in_another_encoding_than_given_says_so() -> None:
    with pytest.raises(TableError, match="utf-8"):
        opened("Nimi\nÄ\n".encode("cp1252"), encoding="utf-8")


def test_open_table_with_too_many_columns_is_refused() -> None:
    with pytest.raises(TableError, match="more than 1000 columns"):
        opened(",".join(str(n) for n in range(1_001)))


def test_workbook_gives_numbers_dates_and_text_as_they_are() -> None:
    stream = workbook([["Name", "Founded", "Share", "Since", "At", "Ok"],
                       ["A", 1902, 0.1, dt.date(2024, 12, 31), AFTERNOON, True]])  # fmt: skip
    ((number, cells),) = rows_of(open_table(stream, TableOptions()))
    assert number == 2
    assert cells == ["A", 1902, 0.1, dt.date(2024, 12, 31), AFTERNOON, True]
    assert [cell_text(cell) for cell in cells] == ["A", "1902", "0.1", "2024-12-31", "2024-12-31 14:30", "TRUE"]


def test_workbook_takes_the_first_sheet_with_anything_in_it() -> None:
    assert open_table(workbook([], Second=[["Name"], ["A"]]), TableOptions()).header == ["Name"]


def test_workbook_with_the_sheet_given_takes_that_one() -> None:
    stream = workbook([["Other"]], Second=[["Name"], ["A"]])
    assert open_table(stream, TableOptions(sheet="Second")).header == ["Name"]


def test_workbook_without_the_sheet_names_those_there_are() -> None:
    with pytest.raises(TableError, match=r"no sheet “Third”\. Its sheets: List, Second"):
        open_table(workbook([["A"]], Second=[["B"]]), TableOptions(sheet="Third"))


def test_workbook_that_is_empty_says_so() -> None:
    with pytest.raises(TableError, match="empty"):
        open_table(workbook([]), TableOptions())


def test_workbook_with_a_table_off_the_corner_keeps_the_row_numbers_and_marks_errors() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet["B3"], sheet["C3"], sheet["B4"] = "Name", "Price", "A"
    sheet["C4"] = "#DIV/0!"
    sheet["C4"].data_type = "e"
    stream = io.BytesIO()
    book.save(stream)
    ((number, cells),) = rows_of(open_table(stream, TableOptions()))
    assert (number, cells[-2:]) == (4, ["A", "#DIV/0!"])
    assert isinstance(cells[-1], CellError)


def test_workbook_whose_cells_reach_too_far_is_refused() -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "Name"
    book.active["XFD1048576"] = "far"
    stream = io.BytesIO()
    book.save(stream)
    with pytest.raises(TableError, match="reach to row 1048576"):
        open_table(stream, TableOptions())


def test_workbook_that_unpacks_into_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.imports.sheet_parts.MAX_UNPACKED", 1_000)
    with pytest.raises(TableError, match="too large once unpacked"):
        open_table(workbook([["Name"], ["A"]]), TableOptions())


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-40], lambda data: data[:200] + bytes(len(data) - 1_200) + data[-1_000:]]
)
def test_workbook_that_is_damaged_says_so(damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(TableError, match="can't be read"):
        opened(damage(workbook([["Name"], ["A"]]).getvalue()))


def test_zip_that_is_no_workbook_is_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    with pytest.raises(TableError, match="no workbook"):
        open_table(stream, TableOptions())


def ods(rows: str) -> io.BytesIO:
    """An OpenDocument spreadsheet of the rows, as XML."""
    spaces = ('xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
              'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
              'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
              'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"')  # fmt: skip
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("content.xml", f"<office:document-content {spaces}><office:body><office:spreadsheet>"
                         f'<table:table table:name="List">{rows}</table:table></office:spreadsheet></office:body>'
                         "</office:document-content>")  # fmt: skip
    return stream


def ods_row(*cells: str, **attributes: str) -> str:
    given = "".join(f' table:number-rows-repeated="{value}"' for value in attributes.values())
    return f"<table:table-row{given}>{''.join(cells)}</table:table-row>"


def ods_text(text: str, more: str = "") -> str:
    return f'<table:table-cell office:value-type="string"{more}><text:p>{text}</text:p></table:table-cell>'


EMPTY_REST = '<table:table-cell table:number-columns-repeated="16380"/>'


def test_opendocument_gives_numbers_dates_and_text_as_they_are() -> None:
    number = '<table:table-cell office:value-type="float" office:value="1902"><text:p>1902</text:p></table:table-cell>'
    day = ('<table:table-cell office:value-type="date" office:date-value="2024-12-31"><text:p>31.12.2024</text:p>'
           "</table:table-cell>")  # fmt: skip
    wrong = ods_text("#DIV/0!", ' calcext:value-type="error"')
    stream = ods(ods_row(*map(ods_text, ("Name", "Founded", "Since", "Share")), EMPTY_REST)
                 + ods_row(ods_text("A"), number, day, wrong, EMPTY_REST)
                 + ods_row(EMPTY_REST, repeated="1048570"))  # fmt: skip
    table = open_table(stream, TableOptions())
    assert table.header == ["Name", "Founded", "Since", "Share"]
    ((_number, cells),) = rows_of(table)
    assert [cell_text(cell) for cell in cells] == ["A", "1902", "2024-12-31", "#DIV/0!"]
    assert isinstance(cells[3], CellError)


def test_opendocument_that_repeats_a_row_without_end_is_refused() -> None:
    stream = ods(ods_row(ods_text("Name", ' table:number-columns-repeated="16384"'), repeated="1048576"))
    with pytest.raises(TableError, match="reach to row 1048576"):
        open_table(stream, TableOptions())


def test_cards_are_a_table_and_damaged_ones_are_told() -> None:
    lines = ("BEGIN:VCARD", "VERSION:3.0", "N:Aho;Anna;;;", "FN:Anna Aho", "ORG:Firma Oy", "TEL:+358401234567",
             "END:VCARD", "BEGIN:VCARD", "N:Broken")  # fmt: skip
    table = opened("\r\n".join(lines).encode())
    rows = [cells for _number, cells in rows_of(table)]
    assert rows[0][:7] == ["Anna", "Aho", "Anna Aho", "", "Firma Oy", "+358401234567", ""]
    assert not any(rows[1][:9])
    assert "Broken" in rows[1][9]


def test_file_that_is_not_in_the_encoding_given_says_so() -> None:
    with pytest.raises(TableError, match="not in the encoding utf-16"):
        open_table(io.BytesIO(b"Name\nA\n"), TableOptions(encoding="utf-16", separator=","))
