"""The forms of the result: one document, a zip of documents, a zip of one document each; Word and PDF."""

import json
import socket
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pypdf import PdfReader

from models.rights import Access
from models.security import User
from services.files import get_file, open_content
from services.merge import Form, MergeProblem, pdf, results, start_merge
from services.merge.files import FileNames, safe_name
from services.merge.results import write_result
from services.word import FILE_NAME, TemplateError, WordTemplate, normalise_name
from tests.factories import CompanyFactory
from tests.services.merging import ALL, keep, lines, make, template_with
from tests.services.test_merge_command import run
from tests.word.making import docx, field, merge_field, notes, p, section, zipped
from tests.word.reading import parts, read_letters
from tests.word.validity import assert_valid

NAME = merge_field("name")


def records(count: int) -> Iterator[dict[str, Any]]:
    return ({"name": f"Nimi {number}", FILE_NAME: f"Nimi {number}"} for number in range(1, count + 1))


def unzipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def written(template: bytes, form: Form, rows: Any, told: list[int] | None = None) -> tuple[bytes, Any]:
    out = BytesIO()
    report = write_result(WordTemplate.read(template), rows, out, form, title="Letter", language="en",
                          progress=told.append if told is not None else None)  # fmt: skip
    return out.getvalue(), report


def test_write_result_split_numbers_documents_and_goes_on_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "SPLIT", 2)
    template = docx(p(NAME, " ", field("MERGEREC"), "/", field("MERGESEQ"), field('SKIPIF ', NAME, ' = "Nimi 5"')))
    data, report = written(template, Form("split"), records(5))
    files = unzipped(data)
    assert list(files) == ["Letter 001.docx", "Letter 002.docx"]
    assert [line for file in files.values() for line in lines(file)] == [
        "Nimi 1 1/1", "Nimi 2 2/2", "Nimi 3 3/3", "Nimi 4 4/4",
    ]  # fmt: skip
    assert (report.letters, report.records, report.skipped) == (4, 5, 1)


def test_write_result_each_has_its_own_headers_and_notes(tmp_path: Path) -> None:
    note = '<w:r><w:footnoteReference w:id="1"/></w:r>'
    template = docx(
        p("Hello ", NAME, note), section=section("header default rIdheader1"),
        parts={"header1": p("To ", NAME), "footnotes": notes("footnotes", p("Only ", NAME))},
    )  # fmt: skip
    told: list[int] = []
    data, report = written(template, Form("each"), records(60), told)
    files = unzipped(data)
    assert list(files)[:2] == ["Nimi 1.docx", "Nimi 2.docx"]
    assert (len(files), report.letters, told) == (60, 60, [50, 60])
    for number in (1, 60):
        (letter,) = read_letters(files[f"Nimi {number}.docx"])
        name = f"Nimi {number}"
        assert (letter.lines, letter.headers, letter.footnotes) == (
            [f"Hello {name}"], {"default": f"To {name}"}, [f"Only {name}"],
        )  # fmt: skip
    assert_valid(files["Nimi 60.docx"], template, tmp_path)


def test_write_result_each_takes_the_records_that_next_takes() -> None:
    data, report = written(docx(p(NAME, field("NEXT"), " & ", NAME)), Form("each"), records(3))
    assert {name: lines(file) for name, file in unzipped(data).items()} == {
        "Nimi 1.docx": ["Nimi 1 & Nimi 2"], "Nimi 3.docx": ["Nimi 3 & "],
    }  # fmt: skip
    assert (report.letters, report.records) == (2, 3)


@pytest.mark.parametrize("form", ["split", "each"])
def test_write_result_of_nobody_is_told(form: str) -> None:
    with pytest.raises(TemplateError, match="nobody to write to"):
        written(docx(p(NAME)), Form(form), iter(()))
    with pytest.raises(TemplateError, match="left out every record"):
        written(docx(p(field("SKIPIF 1 = 1"))), Form(form), records(3))


def test_file_names_are_safe_and_each_only_once() -> None:
    names = FileNames()
    given = ["Åkerlund Oy", "åkerlund oy", "a/b\\c:d?", "../../etc/passwd", "CON", "", "...",
             "Åkerlund Oy (2)", "x" * 500]  # fmt: skip
    made = [names.of({FILE_NAME: name}, ".docx") for name in given]
    assert made[:8] == ["Åkerlund Oy.docx", "åkerlund oy (2).docx", "a b c d.docx", "etc passwd.docx", "_CON.docx",
                        "Letter.docx", "Letter (2).docx", "Åkerlund Oy (2) (2).docx"]  # fmt: skip
    assert len(made[8].encode()) < 200
    assert safe_name("a\u202etxt.\x00\ud800") == "a txt"


def test_start_merge_each_keeps_a_zip(make_user: Callable[..., User], access_of: Callable[..., Access]) -> None:
    anna = access_of(make_user("anna", "Staff"))
    for name in ("Alfa Oy", "Beta Oy", "Beta Oy"):
        CompanyFactory(name=name)
    job = make(anna, keep(anna, "name"), form=Form("each"))
    file = get_file(anna, job["result_file"])
    assert (file["content_type"], file["name"][-4:]) == ("application/zip", ".zip")
    with open_content(file) as content:
        files = unzipped(content.read())
    assert {name: lines(data) for name, data in files.items()} == {
        "Alfa Oy.docx": ["Alfa Oy"], "Beta Oy.docx": ["Beta Oy"], "Beta Oy (2).docx": ["Beta Oy"],
    }  # fmt: skip


def test_merge_records_as_each_names_rows(app: Flask, tmp_path: Path) -> None:
    template, data, out = tmp_path / "kirje.docx", tmp_path / "rows.json", tmp_path / "out.zip"
    template.write_bytes(template_with("Nimi"))
    data.write_text(json.dumps([{"Nimi": "Aino"}, {"Nimi": None}]), encoding="utf-8")
    assert run(app, template, out, "--data", data, "--as", "each").exit_code == 0
    assert list(unzipped(out.read_bytes())) == ["Aino.docx", "Letter.docx"]
    assert run(app, template, out, "--data", data, "--as", "split").exit_code == 0
    assert list(unzipped(out.read_bytes())) == ["kirje 001.docx"]


# PDF


def test_write_result_pdf_joins_pieces_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "LETTERS_A_CALL", 2)
    told: list[int] = []
    data, report = written(docx(p(NAME)), Form("one", pdf=True), records(3), told)
    assert [page.extract_text().strip() for page in PdfReader(BytesIO(data)).pages] == ["Nimi 1", "Nimi 2", "Nimi 3"]
    assert (report.letters, told[-1]) == (3, 3)


def test_write_result_pdf_for_each_recipient() -> None:
    data, _report = written(docx(p(NAME)), Form("each", pdf=True), records(2))
    texts = {name: PdfReader(BytesIO(file)).pages[0].extract_text().strip() for name, file in unzipped(data).items()}
    assert texts == {"Nimi 1.pdf": "Nimi 1", "Nimi 2.pdf": "Nimi 2"}


def office(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A LibreOffice that does as the script says."""
    program = folder / "soffice"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(pdf, "find_office", lambda: str(program))


@pytest.mark.parametrize(("script", "said"), [
    ("exit 77", "ended with code 77"), ("exit 0", "left no result"), ("sleep 30", "more than"),
])  # fmt: skip
def test_write_result_pdf_failing_office_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, said: str
) -> None:
    office(tmp_path, monkeypatch, script)
    monkeypatch.setattr(pdf, "MAX_SECONDS", 1)
    with pytest.raises(MergeProblem, match=said):
        written(docx(p(NAME)), Form("one", pdf=True), records(1))


def test_write_result_pdf_can_be_cancelled_while_office_works(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    office(tmp_path, monkeypatch, f"echo $$ > {tmp_path}/pid; sleep 60")

    def cancel(_done: int) -> None:
        if (tmp_path / "pid").exists():
            raise InterruptedError

    with pytest.raises(InterruptedError):
        write_result(WordTemplate.read(docx(p(NAME))), records(1), BytesIO(), Form("one", pdf=True), title="x",
                     language="en", progress=cancel)  # fmt: skip
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


def test_start_merge_pdf_keeps_a_pdf(make_user: Callable[..., User], access_of: Callable[..., Access]) -> None:
    anna = access_of(make_user("anna", "Staff"))
    for name in ("Alfa Oy", "Beta Oy"):
        CompanyFactory(name=name)
    job = make(anna, keep(anna, "name"), form=Form("one", pdf=True))
    assert (job["state"], job["done"], job["total"], job["message"]) == ("done", 2, 2, "2 letters are ready.")
    file = get_file(anna, job["result_file"])
    assert (file["content_type"], file["name"][-4:]) == ("application/pdf", ".pdf")
    with open_content(file) as content:
        pages = PdfReader(BytesIO(content.read())).pages
    assert [page.extract_text().strip() for page in pages] == ["Alfa Oy", "Beta Oy"]


def test_start_merge_pdf_that_fails_is_told_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_user: Callable[..., User], access_of: Callable[..., Access]
) -> None:
    anna = access_of(make_user("anna", "Staff"))
    CompanyFactory(name="Alfa Oy")
    office(tmp_path, monkeypatch, "exit 3")
    job = make(anna, keep(anna, "name"), form=Form("each", pdf=True))
    assert (job["state"], job.get("result_file")) == ("failed", None)
    assert "LibreOffice could not make the PDF: it ended with code 3." in job["message"]


def test_start_merge_pdf_without_office_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, make_user: Callable[..., User], access_of: Callable[..., Access]
) -> None:
    anna = access_of(make_user("anna", "Staff"))
    CompanyFactory()
    template = keep(anna, "name")
    monkeypatch.setattr(pdf, "find_office", lambda: "")
    with pytest.raises(MergeProblem, match="needs LibreOffice"):
        start_merge(anna, "company", template["_id"], ALL, form=Form("one", pdf=True))


def test_file_name_is_no_name_of_a_merge_field() -> None:
    assert normalise_name(FILE_NAME) != FILE_NAME


LINKED = '<a:blip r:link="rIdlinked"/><a:stretch><a:fillRect/></a:stretch>'
PICTURE = "http://schemas.openxmlformats.org/drawingml/2006/picture"
DRAWING = (
    '<w:r><w:drawing><wp:inline><wp:extent cx="900000" cy="900000"/><wp:docPr id="7" name="P"/><a:graphic>'
    f'<a:graphicData uri="{PICTURE}"><pic:pic xmlns:pic="{PICTURE}"><pic:nvPicPr><pic:cNvPr id="0" name="P"/>'
    f"<pic:cNvPicPr/></pic:nvPicPr><pic:blipFill>{LINKED}</pic:blipFill><pic:spPr><a:xfrm>"
    '<a:off x="0" y="0"/><a:ext cx="900000" cy="900000"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
    "</pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
)


def test_write_result_pdf_fetches_nothing_that_the_template_links_to() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/p.png"
        files = parts(docx(p(NAME, DRAWING) + p(field(f'INCLUDEPICTURE "{address}" \\d'))))
        rels = files["word/_rels/document.xml.rels"]
        link = (
            '<Relationship Id="rIdlinked" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
            f'image" Target="{address}" TargetMode="External"/></Relationships>'
        )
        files["word/_rels/document.xml.rels"] = rels.replace(b"</Relationships>", link.encode())
        data, _report = written(zipped(files), Form("one", pdf=True), records(1))
        assert PdfReader(BytesIO(data)).pages[0].extract_text().startswith("Nimi 1")
        server.settimeout(0.1)
        with pytest.raises(TimeoutError):
            server.accept()
