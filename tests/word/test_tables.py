"""Rows of tables that are repeated: products of an offer, people of a company."""

import io
import zipfile
from decimal import Decimal
from pathlib import Path

import docx as python_docx
import pytest

from services.word import Table, TemplateError, Value, WordTemplate, table_key
from tests.word.making import docx, field, merge_field, merged, p, table, text_box
from tests.word.reading import read_letters
from tests.word.validity import assert_valid

HEAD = table(p("Product"), p("Price"))


def rows_of(*cells: str) -> str:
    """The row of a table of its own, to be put behind another row."""
    made = table(*cells)
    return made[made.index("<w:tr>") : -len("</w:tbl>")]


def under(head: str, *rows: str) -> str:
    return head.replace("</w:tbl>", "".join(rows) + "</w:tbl>")


def products(*rows: tuple[Value, ...], names: tuple[str, ...] = ("name", "price")) -> dict[str, Value]:
    keys = [f"products.{name}" for name in names]
    return {table_key("products"): Table(frozenset(keys), [dict(zip(keys, row, strict=True)) for row in rows])}


def make(template: bytes, *records: dict[str, Value], language: str = "fi") -> bytes:
    out = io.BytesIO()
    WordTemplate.read(template).merge(records, out, language=language)
    return out.getvalue()


def cells(data: bytes) -> list[list[str]]:
    document = python_docx.Document(io.BytesIO(data))
    return [[cell.text for cell in row.cells] for found in document.tables for row in found.rows]


PRODUCT_ROW = rows_of(p(merge_field("Products.Name")), p(merge_field("products.price", '\\# "# ##0,00 €"')))
TWO = products(("Pumppu", Decimal("1234.5")), ("Letku & <liitin>", 7))


def test_row_of_one_table_s_fields_is_repeated_and_pictures_work_in_it(tmp_path: Path) -> None:
    total = rows_of(p("Total"), p(merge_field("products.total")))
    template = docx(p(merge_field("name")) + under(HEAD, PRODUCT_ROW, total) + p("Yours"))
    first = {"name": "A", "products.total": "1 241,50", **TWO}
    result = make(template, first, {"name": "B", **products(("Venttiili", 1))})
    assert cells(result) == [
        ["Product", "Price"], ["Pumppu", "1 234,50 €"], ["Letku & <liitin>", "7,00 €"], ["Total", "1 241,50"],
        ["Product", "Price"], ["Venttiili", "1,00 €"], ["Total", ""],
    ]  # fmt: skip
    assert_valid(result, template, tmp_path)


def test_empty_table_leaves_no_row_and_a_table_of_nothing_else_goes(tmp_path: Path) -> None:
    with_head = docx(under(HEAD, PRODUCT_ROW) + p("end"))
    assert cells(make(with_head, products())) == [["Product", "Price"]]
    alone = docx(p("start") + table(p(merge_field("products.name"))) + p("end"))
    result = make(alone, products(), products(("Pumppu", 1)))
    assert cells(result) == [["Pumppu"]]
    assert_valid(result, alone, tmp_path)


def test_row_of_fields_with_a_common_prefix_that_is_no_table_stands_once() -> None:
    template = docx(table(p(merge_field("company.name")), p(merge_field("company.city"))) + p("end"))
    assert cells(make(template, {"company.name": "Alfa", "company.city": "Oulu"})) == [["Alfa", "Oulu"]]


@pytest.mark.parametrize("other", [merge_field("name"), field(" NEXT "), field(' ADDRESSBLOCK \\f "<<_COMPANY_>>" ')])
def test_row_with_a_field_of_the_recipient_is_not_repeated(other: str) -> None:
    template = docx(table(p(merge_field("products.name")), p(other)) + p("end"))
    assert len(cells(make(template, {"name": "A", **TWO}))) == 1


def test_formulas_and_conditions_in_a_row_read_the_row() -> None:
    formula = field(" = ", merge_field("products.quantity"), " * ", merge_field("products.price"), ' \\# "0,00" ')
    choice = field(" IF ", merge_field("products.quantity"), ' > 1 "many" "one" ')
    template = docx(table(p(formula), p(choice)) + p("end"))
    record = products((2, Decimal("10.5")), (1, 3), names=("quantity", "price"))
    assert cells(make(template, record)) == [["21,00", "many"], ["3,00", "one"]]


def test_table_start_and_end_in_one_row_name_columns_shortly() -> None:
    row = rows_of(p(merge_field("TableStart:Products"), merge_field("Name")),
                  p(merge_field("Price"), merge_field("TableEnd:products")))  # fmt: skip
    template = docx(under(HEAD, row) + p(merge_field("name")))
    result = make(template, {"name": "Alfa", **TWO})
    assert cells(result)[1:] == [["Pumppu", "1234,5"], ["Letku & <liitin>", "7"]]
    assert read_letters(result)[0].lines[-1] == "Alfa"
    read = WordTemplate.read(template)
    assert (read.field_names, read.tables) == (("name", "Products.Name", "Products.Price"), frozenset({"products"}))


def test_table_start_and_end_over_several_rows_repeat_them_together() -> None:
    first = rows_of(p(merge_field("TableStart:products"), merge_field("name")), p(""))
    second = rows_of(p(""), p(merge_field("price"), merge_field("TableEnd:products")))
    found = cells(make(docx(under(HEAD, first, second) + p("end")), TWO))
    assert found[1:] == [["Pumppu", ""], ["", "1234,5"], ["Letku & <liitin>", ""], ["", "7"]]


def test_table_start_and_end_around_paragraphs_repeat_them_and_leave_no_blank_lines(tmp_path: Path) -> None:
    body = (p("Before") + p(merge_field("TableStart:products")) + p("Product ", merge_field("name"))
            + p(merge_field("TableEnd:products")))  # fmt: skip
    template = docx(body)
    result = make(template, TWO, products())
    assert [letter.lines for letter in read_letters(result)] == [
        ["Before", "Product Pumppu", "Product Letku & <liitin>"], ["Before"],
    ]  # fmt: skip
    assert_valid(result, template, tmp_path)


def test_repeated_paragraph_may_be_the_last_of_a_text_box_or_a_header(tmp_path: Path) -> None:
    inside = (merge_field("TableStart:products"), merge_field("name"), merge_field("TableEnd:products"))
    template = docx(p(text_box(*inside)) + p("end"))
    result = make(template, TWO, products())
    assert_valid(result, template, tmp_path)
    assert [text for text in read_letters(result)[0].boxes if text] == ["Pumppu", "Letku & <liitin>"]


def test_bookmarks_of_repeated_rows_are_dropped(tmp_path: Path) -> None:
    marked = '<w:bookmarkStart w:id="5" w:name="here"/>' + merge_field("products.name") + '<w:bookmarkEnd w:id="5"/>'
    template = docx(table(f"<w:p>{marked}</w:p>") + p("end"))
    assert_valid(make(template, TWO), template, tmp_path)


@pytest.mark.parametrize("body", [
    p(merge_field("TableStart:products"), merge_field("name")),
    p(merge_field("name"), merge_field("TableEnd:products")),
    p(merge_field("TableStart:products"), merge_field("TableStart:people"), merge_field("TableEnd:people")),
    p(field(" IF 1 = 1 ", '"', merge_field("TableStart:products"), '" ')),
])  # fmt: skip
def test_parts_without_a_partner_are_refused(body: str) -> None:
    with pytest.raises(TemplateError, match="Table"):
        WordTemplate.read(docx(body))


def test_letters_of_templates_without_tables_are_the_same_bytes() -> None:
    template = docx(p(merge_field("name")))
    with zipfile.ZipFile(io.BytesIO(merged(template, {"name": "A"}, {"name": "B"}))) as archive:
        assert b"bookmark" not in archive.read("word/document.xml")
