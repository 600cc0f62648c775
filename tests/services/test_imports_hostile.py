"""Files that are made to do harm, or are something else than they say: refused at once, with what to do."""

import io
import random
import resource
import zipfile
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from services.imports.errors import TableError
from services.imports.limits import MAX_SHARED
from services.imports.looking import look_into
from services.imports.options import TableOptions
from services.imports.sheet_parts import MAX_PIECE
from tests.services.importing import workbook

MEGA = 1 << 20
#: What reading a file that is refused may take, in megabytes.
MOST_TAKEN = 300
END = b"</sheetData>"
LAUGHS = '<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {name} "{10 * f"&{before};"}">' for before, name in pairwise("abcdefghij")) + "]>"  # fmt: skip


def refused(content: bytes) -> str:
    """What is said of a file that is refused, without the memory being filled."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(TableError) as refusal:
        look_into(io.BytesIO(content), TableOptions())
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < MOST_TAKEN
    return str(refusal.value)


def changed(name: str, change: Callable[[bytes], bytes]) -> bytes:
    """A workbook with one of its parts changed; one that it has not is made of nothing."""
    changed_book = io.BytesIO()
    with zipfile.ZipFile(workbook([["Name", "City"], ["Aho", "Oulu"]])) as book, \
            zipfile.ZipFile(changed_book, "w", zipfile.ZIP_DEFLATED) as out:  # fmt: skip
        for part in dict.fromkeys([*book.namelist(), name]):
            content = book.read(part) if part in book.namelist() else b""
            out.writestr(part, change(content) if part == name else content)
    return changed_book.getvalue()


def in_sheet(filling: bytes) -> bytes:
    return changed("xl/worksheets/sheet1.xml", lambda part: part.replace(END, filling + END))


def test_workbook_that_packs_better_than_any_list_is_refused() -> None:
    assert "unpacks into far more" in refused(in_sheet(b"<!--" + b" " * (60 * MEGA) + b"-->"))


def test_workbook_of_a_cell_without_end_is_refused() -> None:
    noise = random.Random(1).randbytes(MAX_PIECE).hex().encode()
    assert "unpacks into far more" in refused(in_sheet(b'<row r="3"><c r="A3" t="inlineStr"><is><t>' + noise))


def test_workbook_that_shares_more_text_than_can_be_held_is_refused() -> None:
    texts = b"<sst>" + b"<si><t/></si>" * (MAX_SHARED // 13 + 1) + b"</sst>"
    assert "too large once unpacked" in refused(changed("xl/sharedStrings.xml", lambda _part: texts))


@pytest.mark.parametrize("declared", [LAUGHS, '<!DOCTYPE l [<!ENTITY j SYSTEM "file:///etc/passwd">]>'])
@pytest.mark.parametrize("name", ["xl/workbook.xml", "xl/worksheets/sheet1.xml"])
def test_entities_of_a_workbook_are_never_followed(name: str, declared: str) -> None:
    def infect(part: bytes) -> bytes:
        start = part.index(b"?>") + 2 if part.startswith(b"<?xml") else 0
        body = part[start:].replace(b">Name<", b">&j;<").replace(b'"List"', b'"&j;"')
        return part[:start] + declared.encode() + body

    content = changed(name, infect)
    try:
        header = look_into(io.BytesIO(content), TableOptions()).header
    except TableError as refusal:
        header = (str(refusal),)
    assert not any("root:" in name or "aaaa" in name for name in header)


@pytest.mark.parametrize("line", [b"x," * (15 * MEGA), b"x" * (30 * MEGA), b'"x\n",' * (6 * MEGA)])
def test_row_without_end_is_refused(line: bytes) -> None:
    assert "longer than 2000000 characters" in refused(b"Name,City\n" + line)


def test_too_many_columns_are_refused() -> None:
    assert "more than 1000 columns" in refused(b",".join(b"c%d" % place for place in range(100_000)))


@pytest.mark.parametrize(("content", "said"), [
    (b"<!DOCTYPE html><html><body><table><tr><td>Name</td></tr></table>", "a web page"),
    (b"\xef\xbb\xbf\r\n<html><table>", "a web page"), (b'<?xml version="1.0"?><Workbook/>', "XML"),
    (b'[{"name": "Aho", "city": "Oulu"}]', "JSON"), (b"{\\rtf1\\ansi Name}", "a text document"),
    (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(range(256)), "not a table of text"),
    (b"\x09\x08\x10\x00\x00\x06\x05\x00" + bytes(range(256)), "not a table of text"),
    (b"Name,City\n" + b"Aho,Oulu\n" * 100_000 + b"B\x00,x\n", "not a table of text"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "with a password. Save it as XLSX without a password"),
    (b"\xef\xbb\xbf", "The file is empty"), (b"", "The file is empty"),
    ("Nimi\nMüller\n".encode("cp850"), "letters in this file can't be read"),
])  # fmt: skip
def test_what_is_something_else_is_called_by_its_name(content: bytes, said: str) -> None:
    assert said in refused(content)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "cp1252", "iso-8859-1"])
def test_letters_and_signs_of_usual_encodings_are_read(encoding: str) -> None:
    sign = "EUR" if encoding == "iso-8859-1" else "€"
    look: Any = look_into(io.BytesIO(f"Nimi;Hinta\nÄlä Öljy Åbo;12 {sign}\n".encode(encoding)), TableOptions())
    assert (look.header, look.samples) == (("Nimi", "Hinta"), (["Älä Öljy Åbo"], [f"12 {sign}"]))
