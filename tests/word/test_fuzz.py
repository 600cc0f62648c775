"""Damaged templates: whatever is done to a file's parts, it is refused or gives well-formed letters.

The same files each time, so that a run's end hangs on the code alone; `make fuzz` looks further, with seeds by chance.
"""

import io
import os
import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from services.word import TemplateError, WordTemplate, normalise_name
from tests.word.making import zipped
from tests.word.reading import parts

pytestmark = pytest.mark.slow

TEMPLATES = Path(__file__).parents[1] / "data" / "word" / "templates"
#: Damaged files in a run, and the template size up to which one is taken: large ones only take longer.
FILES, LARGEST = 4000, 60_000
SEED = int(os.environ.get("KORTISTO_FUZZ_SEED") or 241321230)
VALUES = ("", "a&<>\"'\n\t\x0b\x00\ud800", "😀", "مرحبا", " x ", "1 234,5", "2024-02-01", "-0", "1e999", "x" * 33_000)
ODD_VALUES = (b"", b"x", b"-1", b"99999999999999999999", b"1.5", "ä".encode(), b"&quot;", "٣".encode())
ODD_CODES = (
    b' IF ', b' = 1 "a" "b"', b'"', b"\\", b'\\# "0,00;;;"', b"\\@ \"'\"", b' ADDRESSBLOCK \\f "<<_" \\l "x" \\e "',
    b" GREETINGLINE \\l 99999999999", b" NEXT ", b" = 1/0 ", b' MERGEFIELD a \\* Roman \\# "', b" SET a 1", b" REF a ",
    b' QUOTE "x', b"\\# x",
)  # fmt: skip
_ELEMENT = rb"<w:(r|p|tbl|tr|tc|pPr|numPr|sectPr|fldChar|instrText|hdr|footnote|bookmarkEnd)\b[^>]*?(/>|>.*?</w:\1>)"
Damage = Callable[[random.Random, bytes], bytes]


def without(xml: bytes, found: re.Match[bytes], group: int = 0, put: bytes = b"") -> bytes:
    return xml[: found.start(group)] + put + xml[found.end(group) :]


def chosen(chance: random.Random, pattern: bytes, xml: bytes) -> re.Match[bytes] | None:
    found = list(re.finditer(pattern, xml, re.DOTALL))
    return chance.choice(found) if found else None


def drop_tag(chance: random.Random, xml: bytes) -> bytes:
    found = chosen(chance, rb"<[^>]+>", xml)
    return without(xml, found) if found else xml


def change_value(chance: random.Random, xml: bytes) -> bytes:
    found = chosen(chance, rb' (?!xmlns)[\w:]+="([^"]*)"', xml)
    return without(xml, found, 1, chance.choice(ODD_VALUES)) if found else xml


def drop_attribute(chance: random.Random, xml: bytes) -> bytes:
    found = chosen(chance, rb' [\w:]+="[^"]*"', xml)
    return without(xml, found) if found else xml


def drop_or_repeat(chance: random.Random, xml: bytes) -> bytes:
    found = chosen(chance, _ELEMENT, xml)
    return without(xml, found, put=chance.choice((b"", found[0] * 2))) if found else xml


def change_code(chance: random.Random, xml: bytes) -> bytes:
    found = chosen(chance, rb"<w:instrText[^>]*>([^<]*)<", xml)
    if not found:
        return xml
    place = chance.randrange(len(found[1]) + 1)
    return without(xml, found, 1, found[1][:place] + chance.choice(ODD_CODES) + found[1][place:])


def swap_tags(chance: random.Random, xml: bytes) -> bytes:
    first, second = (chosen(chance, rb"<[^>]+>", xml) for _ in range(2))
    return xml.replace(first[0], second[0], 1) if first and second else xml


def change_byte(chance: random.Random, xml: bytes) -> bytes:
    place = chance.randrange(len(xml) or 1)
    return xml[:place] + bytes([chance.randrange(256)]) + xml[place + 1 :]


DAMAGES: tuple[Damage, ...] = (
    drop_tag, change_value, drop_attribute, drop_or_repeat, change_code, swap_tags, change_byte,
)  # fmt: skip


def damaged(chance: random.Random, data: bytes) -> bytes:
    """The file with one to four things wrong in its parts, and sometimes in its bytes."""
    files = dict(parts(data))
    xml = [name for name in files if name.endswith((".xml", ".rels"))]
    for _ in range(chance.choice((1, 1, 2, 4))):
        name = chance.choice(xml) if chance.random() < 0.4 else "word/document.xml"
        files[name] = chance.choice(DAMAGES)(chance, files[name])
    if chance.random() < 0.1:
        files.pop(chance.choice(list(files)))
    made = zipped(files)
    return change_byte(chance, made) if chance.random() < 0.1 else made


def test_damaged_templates_are_refused_or_give_well_formed_letters(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    whole = [path.read_bytes() for path in sorted(TEMPLATES.glob("*.docx")) if path.stat().st_size <= LARGEST]
    came_of: Counter[str] = Counter()
    for number in range(FILES):
        data = damaged(chance, chance.choice(whole))
        try:
            came_of[merge_or_refuse(chance, data)] += 1
        except BaseException as error:
            kept = tmp_path / "damaged.docx"
            kept.write_bytes(data)
            error.add_note(f"File {number} of KORTISTO_FUZZ_SEED={SEED}, kept as {kept}")
            raise
    # Both ends are reached often, or the damage is too great or too small to say anything.
    assert min(came_of["merged"], came_of["refused"]) > FILES // 10, came_of


def merge_or_refuse(chance: random.Random, data: bytes) -> str:
    out = io.BytesIO()
    try:
        template = WordTemplate.read(data)
        names = [normalise_name(name) for name in template.field_names]
        template.merge([{name: chance.choice(VALUES) for name in names} for _ in range(3)], out, language="fi")
    except TemplateError:
        return "refused"
    for name, content in parts(out.getvalue()).items():
        if name.endswith((".xml", ".rels")):
            etree.fromstring(content, etree.XMLParser(huge_tree=True, resolve_entities=False))
    return "merged"
