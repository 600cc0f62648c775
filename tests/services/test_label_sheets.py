"""Label sheets: every label's text lies within its label, on every sheet, in PDF and in Word."""

import re
import subprocess
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from pypdf import PdfReader

from services.label_sheets import SHEETS, BadSheet, Printing, Sheet, first_page, fit, unprintable, write_pdf, write_word
from services.label_sheets.fonts import text_width
from services.label_sheets.layout import ASCENT, DESCENT, SMALLEST, USUAL
from services.label_sheets.sheets import POINTS
from services.merge.pdf import find_office

WORDS = ("Yritys", "Esimerkki", "Oy", "Pitkäsiltainen", "Teollisuuskatu", "Åkerlund", "Łódź", "Şişli", "Москва", "12",
         "Lounais-Suomen", "Kiinteistönhuolto", "ja", "B", "Kansainvälinenliiketoimintaosasto")  # fmt: skip
GAPPED = Sheet("own", 210, 297, 2, 4, 10, 12, 98, 60, 90, 50)
#: What rounding to a hundredth of a point and to half a twip makes.
SLACK = 0.1
Lines = Sequence[str]


def drawn(random: Random) -> list[str]:
    """A label's lines: some blank, some long, some of words that are too long for a small label."""
    return [" ".join(random.choices(WORDS, k=random.choice((0, 1, 2, 3, 6)))) for _line in range(random.randint(1, 7))]


def labels(number: int, seed: str = "labels") -> list[list[str]]:
    random = Random(seed)
    return [["Nimi", *drawn(random)] for _label in range(number)]


def pieces(page: Any) -> Iterator[tuple[str, float, float, float]]:
    """(text, left, base line from the top, size) of each piece of text on a page, in points."""
    height, found = float(page.mediabox.height), []

    def visit(text: str, matrix: Any, place: Any, _font: Any, size: float) -> None:
        if text.strip():
            x = place[4] * matrix[0] + place[5] * matrix[2] + matrix[4]
            y = place[4] * matrix[1] + place[5] * matrix[3] + matrix[5]
            found.append((text.strip("\n"), x, height - y, size * abs(place[3] * matrix[3])))

    page.extract_text(visitor_text=visit)
    yield from found


def inside(sheet: Sheet, left: float, top: float, right: float, bottom: float) -> bool:
    """Whether a box (points) lies within one label of the sheet."""
    edges = [(x * POINTS, y * POINTS) for x, y in map(sheet.place, range(sheet.each))]
    return any(x - SLACK <= left and right <= x + sheet.width * POINTS + SLACK
               and y - SLACK <= top and bottom <= y + sheet.height * POINTS + SLACK for x, y in edges)  # fmt: skip


@pytest.mark.parametrize("sheet", [*SHEETS.values(), GAPPED], ids=lambda sheet: sheet.key)
def test_text_of_a_pdf_lies_within_its_label_on_every_sheet(sheet: Sheet) -> None:
    out, made = BytesIO(), labels(sheet.each * 2 - 3, sheet.key)
    count, _cut = write_pdf(made, Printing(sheet, start=3 % sheet.each), out)
    pages = PdfReader(BytesIO(out.getvalue())).pages
    assert (count, len(pages)) == (len(made), 2)
    assert (round(float(pages[0].mediabox.width) / POINTS, 1), round(float(pages[0].mediabox.height) / POINTS, 1)) == (
        sheet.paper_width, sheet.paper_height)  # fmt: skip
    seen = [one for page in pages for one in pieces(page)]
    assert sum(text == "Nimi" for text, *_rest in seen) == len(made)
    for text, left, line, size in seen:
        assert inside(sheet, left, line - ASCENT * size, left + text_width(text, size), line + DESCENT * size), text


@pytest.mark.parametrize("sheet", [*SHEETS.values(), GAPPED], ids=lambda sheet: sheet.key)
def test_laid_out_text_fits_and_is_all_there(sheet: Sheet) -> None:
    for lines in labels(60, sheet.key):
        fitted = fit(lines, sheet)
        assert SMALLEST <= fitted.size <= USUAL
        assert fitted.height <= sheet.height * POINTS
        assert all(text_width(line, fitted.size) <= sheet.width * POINTS for line in fitted.lines)
        if not fitted.cut:
            assert "".join(fitted.lines).replace(" ", "") == "".join(lines).replace(" ", "")


def test_a_line_is_wrapped_before_the_type_is_shrunk() -> None:
    sheet = SHEETS["L7160"]
    fitted = fit(["Lounais-Suomen Kansainvälinen Kiinteistönhuolto Oy", "", "Katu 1"], sheet)
    assert (fitted.size, len(fitted.lines)) == (USUAL, 3)
    assert fit(["Rivi"] * 12, sheet).size < USUAL
    assert fit(["Rivi"] * 200, sheet).cut
    assert fit([" ", ""], sheet).lines == ()


def test_the_first_sheet_begins_at_any_label_and_moves_with_the_printer() -> None:
    sheet = SHEETS["L7160"]
    places = Printing(sheet, start=20, right=1.5, down=-2).places()
    assert next(places) == (0, *(pytest.approx(value) for value in (7.2 + 2 * 66.04 + 1.5, 15.15 + 6 * 38.1 - 2)))
    assert next(places)[0] == 1


@pytest.mark.parametrize("change", [
    {"columns": 0}, {"columns": 4}, {"rows": 31}, {"left": 60}, {"left": -1}, {"across": 20}, {"width": 0.5},
    {"height": float("nan")}, {"paper_width": 1e9}, {"top": 100},
], ids=str)  # fmt: skip
def test_measures_that_do_not_go_together_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadSheet):
        Sheet(**{**vars(SHEETS["L7160"]), **change})
    for printing in ({"start": 21}, {"start": -1}, {"right": 21}, {"down": float("nan")}):
        with pytest.raises(BadSheet):
            Printing(SHEETS["L7160"], **printing)


def test_signs_that_the_font_does_not_have_are_told() -> None:
    assert not unprintable("Åkerlund Łódź Şişli Москва Αθήνα – € 12 é\u0301\x07")
    assert unprintable("名前 A") == {"名", "前"}


def test_the_font_is_embedded() -> None:
    out = BytesIO()
    write_pdf([["Şişli Łódź"]], Printing(SHEETS["L7160"]), out)
    fonts = PdfReader(BytesIO(out.getvalue())).pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    used = [font.get_object() for font in fonts.values() if "Roboto" in str(font.get_object()["/BaseFont"])]
    assert used
    assert all("/FontFile2" in font["/FontDescriptor"] for font in used)


def test_the_picture_shows_every_label_of_the_first_sheet_and_escapes_its_texts() -> None:
    sheet = SHEETS["L7160"]
    svg = ET.fromstring(first_page([["<b>&"], *labels(40)], Printing(sheet, start=4)))
    space = "{http://www.w3.org/2000/svg}"
    assert len(svg.findall(f"{space}rect")) == 1 + sheet.each
    assert len(svg.findall(f"{space}text")) == sheet.each - 4
    assert svg.find(f"{space}text/{space}tspan").text == "<b>&"  # type: ignore[union-attr]


@pytest.mark.parametrize("sheet", [SHEETS[key] for key in ("L7160", "3474", "3652", "5160", "L7651")] + [GAPPED],
                         ids=lambda sheet: sheet.key)  # fmt: skip
def test_text_of_a_word_document_lies_within_its_label(sheet: Sheet, tmp_path: Path) -> None:
    """As LibreOffice lays it out; short texts, whose width does not hang on the font that it has."""
    made = [[f"N{number}", "Katu 1", "00100 HELSINKI"] for number in range(sheet.each * 2)]
    path = tmp_path / "labels.docx"
    with path.open("wb") as out:
        assert write_word(made, Printing(sheet), out) == (len(made), [])
    office = find_office()
    assert office, "LibreOffice is missing"
    subprocess.run([office, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "pdf",
                    "--outdir", str(tmp_path), str(path)], check=True, capture_output=True, timeout=120)  # fmt: skip
    pages = PdfReader(tmp_path / "labels.pdf").pages
    assert len(pages) == 2
    for place, page in enumerate(pages):
        found = [(text, left, line) for text, left, line, _size in pieces(page) if re.match(r"N\d", text.strip())]
        assert len(found) == sheet.each
        for text, left, line in found:
            number = int(re.match(r"N(\d+)", text.strip())[1]) - place * sheet.each  # type: ignore[index]
            x, y = sheet.place(number)
            assert x <= left / POINTS <= x + sheet.width / 2
            assert y <= line / POINTS <= y + sheet.height
