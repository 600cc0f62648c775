"""Broken and hostile files: each refused with a message that says why, at little cost."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from services.word import TemplateError, WordTemplate
from tests.word.making import code, docx, field, mark, merge_field, merged, p, zipped
from tests.word.reading import parts, read_letters

BAD = Path(__file__).parents[1] / "data" / "word" / "bad"
MEGABYTE = b" " * 1024**2

REASONS = {
    "x_badxml.docx": "is damaged",
    "x_crc.docx": "damaged or cut short",
    "x_deep.docx": "nested too deeply",
    "x_empty.docx": "it is empty",
    "x_laughs.docx": "document type declaration",
    "x_nodoc.docx": "no document",
    "x_pdf.docx": "PDF",
    "x_plainzip.docx": "zip file of something else",
    "x_slip.docx": "a place outside itself",
    "x_text.docx": "some other kind of file",
    "x_truncated.docx": "damaged or cut short",
    "x_unbalanced_field.docx": "never closed",
    "x_xxe.docx": "document type declaration",
}


@pytest.mark.parametrize("name", sorted(REASONS))
def test_read_bad_file_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(TemplateError) as refused:
        WordTemplate.read((BAD / name).read_bytes())
    assert REASONS[name] in str(refused.value)


def test_read_bad_folder_every_file_has_its_reason() -> None:
    assert {path.name for path in BAD.glob("*.docx")} == {*REASONS, "x_ssti_jinja.docx"}


def test_read_unbalanced_field_is_named() -> None:
    with pytest.raises(TemplateError, match="MERGEFIELD"):
        WordTemplate.read((BAD / "x_unbalanced_field.docx").read_bytes())
    with pytest.raises(TemplateError, match=r"\(in the text\) is closed but never opened"):
        WordTemplate.read(docx(p("Hello ", mark("end"))))
    unclosed = mark("begin") + code("IF ") + field("MERGEFIELD a") + code(" = 1")
    with pytest.raises(TemplateError, match=r"IF \{MERGEFIELD a\} = 1.*in a header.*never closed"):
        WordTemplate.read(docx(p("Hello"), parts={"header1": p(unclosed)}))


def test_merge_jinja_text_stays_text() -> None:
    data = (BAD / "x_ssti_jinja.docx").read_bytes()
    before = "".join(read_letters(data)[0].lines)
    assert "{{" in before
    (letter,) = read_letters(merged(data, {"name": "{{ 7 * 7 }}"}))
    assert "{{" in "".join(letter.lines)


def _bomb(path: Path, name: str, megabytes: int) -> None:
    entries = docx(p("Hello"))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for part, content in parts(entries).items():
            if part != name:
                archive.writestr(part, content)
        with archive.open(name, "w") as stream:
            for _ in range(megabytes):
                stream.write(MEGABYTE)


@pytest.mark.parametrize(
    ("name", "megabytes"), [("word/document.xml", 400), ("word/media/zz.png", 600), ("word/document.xml", 21)]
)
def test_read_bomb_is_refused_under_100_megabytes(tmp_path: Path, name: str, megabytes: int) -> None:
    path = tmp_path / "bomb.docx"
    _bomb(path, name, megabytes)
    lines = _read_in_a_process(path)
    assert " MB" in lines[0]
    assert int(lines[1]) < 100 * 1024


@pytest.mark.parametrize("name", sorted(REASONS))
def test_read_bad_file_takes_under_100_megabytes(name: str) -> None:
    assert int(_read_in_a_process(BAD / name)[1]) < 100 * 1024


def _read_in_a_process(path: Path) -> list[str]:
    """The message and the peak memory in KB of a process that reads one file."""
    program = (
        "import sys\n"
        "from services.word import TemplateError, WordTemplate\n"
        "try:\n    WordTemplate.read(open(sys.argv[1], 'rb').read())\n"
        "except TemplateError as error:\n    print(error)\n"
        "print(*[line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')])\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_read_bomb_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.docx"
    _bomb(path, "word/document.xml", 30)
    data = path.read_bytes()
    true_size, lie = (30 * 1024**2).to_bytes(4, "little"), (1000).to_bytes(4, "little")
    with pytest.raises(TemplateError, match="damaged"):
        WordTemplate.read(data.replace(true_size, lie))


def test_read_too_many_parts_is_refused() -> None:
    with pytest.raises(TemplateError, match="2000 parts"):
        WordTemplate.read(docx(p("x"), extra={f"word/media/{number}.bin": b"" for number in range(2001)}))


def test_read_too_many_tags_is_refused() -> None:
    with pytest.raises(TemplateError, match="too large"):
        WordTemplate.read(docx("<w:p/>" * 1_000_001))


@pytest.mark.parametrize("name", ["/etc/passwd", "C:/x.xml", "word\\..\\x.xml", "word/../../x.xml"])
def test_read_name_outside_the_file_is_refused(name: str) -> None:
    with pytest.raises(TemplateError, match="outside itself"):
        WordTemplate.read(docx(p("x"), extra={name: b""}))


@pytest.mark.parametrize(
    ("key", "kind", "target"),
    [("rIdheader1", "header", "header1.xml"), ("other", "footer", "header1.xml"),
     ("other", "footnotes", "footnotes.xml")],
    ids=["an Id twice", "a part of two kinds", "two parts of notes"],
)
def test_read_part_named_twice_is_refused(key: str, kind: str, target: str) -> None:
    files = parts(docx(p("x"), parts={"header1": p("h"), "footnotes": ""}))
    WordTemplate.read(zipped(files))
    rels = "word/_rels/document.xml.rels"
    type_ = f"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"
    added = f'<Relationship Id="{key}" Type="{type_}" Target="{target}"/></Relationships>'
    files[rels] = files[rels].replace(b"</Relationships>", added.encode())
    with pytest.raises(TemplateError, match="twice"):
        WordTemplate.read(zipped(files))


def test_read_entry_without_a_name_is_refused() -> None:
    with pytest.raises(TemplateError, match="damaged or cut short"):
        WordTemplate.read(docx(p("x"), extra={"\0": b""}))


def test_read_macros_are_refused() -> None:
    with pytest.raises(TemplateError, match="macros"):
        WordTemplate.read(docx(p("x"), extra={"word/vbaProject.bin": b"x"}))
    files = parts(docx(p("x")))
    files["[Content_Types].xml"] = files["[Content_Types].xml"].replace(
        b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
        b"application/vnd.ms-word.document.macroEnabled.main+xml",
    )
    with pytest.raises(TemplateError, match="macros"):
        WordTemplate.read(zipped(files))


def test_read_entity_in_utf16_is_refused() -> None:
    files = parts(docx(p("x")))
    text = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE w [<!ENTITY a "b">]><w>&a;</w>'
    files["word/document.xml"] = text.encode("utf-16")
    with pytest.raises(TemplateError, match="document type"):
        WordTemplate.read(zipped(files))


def test_read_spreadsheet_and_old_word_file_are_refused() -> None:
    files = parts(docx(p("x")))
    files["[Content_Types].xml"] = files["[Content_Types].xml"].replace(
        b"wordprocessingml.document.main", b"spreadsheetml.sheet.main"
    )
    with pytest.raises(TemplateError, match="Excel"):
        WordTemplate.read(zipped(files))
    with pytest.raises(TemplateError, match=r"\.doc format"):
        WordTemplate.read(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)


@pytest.mark.parametrize(
    ("instruction", "message"),
    [("MERGEFIELD", "names no field"), ('IF "a" "b" "c"', "no comparison"), ("NEXTIF 1", "no comparison")],
)
def test_read_field_that_makes_no_sense_is_refused(instruction: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        WordTemplate.read(docx(p(field(instruction))))


def test_merge_without_records_is_refused() -> None:
    with pytest.raises(TemplateError, match="at least one record"):
        merged(docx(p(merge_field("a"))))
