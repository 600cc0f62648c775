"""Finding the fields of a part: simple and complex, nested, spread over runs and over paragraphs.

A story is a run of paragraphs that fields can't leave: the body, a table cell, a text box, a header, a footnote.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _l
from lxml.etree import _Element as Element

from services.word.errors import TemplateError, part_label
from services.word.lexer import Atom, Instruction, Token, glyphs, parse_instruction, text_of
from services.word.ooxml import MC, local_name, w

#: Fields inside one another, as many as Word takes; each is worked out inside the one around it.
MAX_DEPTH = 20
_INLINE = frozenset(w(name) for name in ("hyperlink", "ins", "moveTo", "smartTag", "customXml", "dir", "bdo", "sdt"))
_INLINE_CONTENT = _INLINE | {w("sdtContent"), f"{{{MC}}}AlternateContent", f"{{{MC}}}Choice", f"{{{MC}}}Fallback"}
_BLOCK_CONTENT = frozenset(w(name) for name in ("sdt", "sdtContent", "customXml", "ins", "moveTo")) | {
    f"{{{MC}}}{name}" for name in ("AlternateContent", "Choice", "Fallback")
}
_TEXT = {w("t"): None, w("instrText"): None, w("tab"): "\t", w("noBreakHyphen"): "\u2011", w("softHyphen"): "\u00ad"}
_SILENT = frozenset(w(name) for name in ("rPr", "lastRenderedPageBreak", "fldChar"))


@dataclass(frozen=True, slots=True)
class Raw:
    """A run inside an instruction that holds more than text: a picture, a line break, a symbol."""

    run: Element

    @property
    def plain(self) -> str:
        """The run's characters and line breaks."""
        signs = {w("br"): "\n", w("cr"): "\n", **_TEXT}
        return "".join(signs[child.tag] or child.text or "" for child in self.run if child.tag in signs)


@dataclass(frozen=True, slots=True)
class ParagraphBreak:
    """The end of a paragraph inside an instruction; `properties` are those of the paragraph that follows."""

    properties: Element | None

    @property
    def plain(self) -> str:
        """A line break."""
        return "\n"


@dataclass(frozen=True, slots=True)
class Block:
    """A table inside an instruction."""

    element: Element


@dataclass(eq=False)
class Field:
    """One field with what it is made of: the runs it covers, its instruction, the fields inside it.

    `table` is the table that it names a column of, where it stands in a row that may be repeated (tables.py).
    `variable` is the kept text that it sets or prints, `variables` those that its formula reads (in lower case).
    """

    part: str
    simple: bool = False
    atoms: list[Atom] = field(default_factory=list)
    runs: list[Element] = field(default_factory=list)
    blocks: list[Element] = field(default_factory=list)
    result_runs: list[Element] = field(default_factory=list)
    result_fields: list["Field"] = field(default_factory=list)
    paragraphs: list[Element] = field(default_factory=list)
    in_result: bool = False
    instruction: Instruction = field(default_factory=lambda: Instruction(""))
    table: str = ""
    variable: str = ""
    variables: frozenset[str] = frozenset()

    @property
    def nested(self) -> list["Field"]:
        """The fields in the instruction."""
        return [atom for atom in self.atoms if isinstance(atom, Field)]

    def walk(self) -> Iterator["Field"]:
        """This field, then those in its instruction, then those in its result."""
        yield self
        for inner in (*self.nested, *self.result_fields):
            yield from inner.walk()


def stories(root: Element) -> Iterator[Element]:
    """The containers of block content that are stories of their own within (and including) an element."""
    yield root
    yield from root.iter(w("tc"), w("txbxContent"))


def find_fields(story: Element, part: str) -> list[Field]:
    """The outermost fields of a story in document order.

    Raises TemplateError, naming the field, for one that is never closed or never opened.
    """
    scanner = _Scanner(part)
    scanner.blocks(story)
    return scanner.finish()


def field_label(atoms: Sequence[Atom]) -> str:
    """A field's instruction as a message names it, fields inside it in braces."""
    pieces = (f"{{{field_label(atom.atoms)}}}" if isinstance(atom, Field) else text_of([atom]) for atom in atoms)
    text = " ".join("".join(pieces).split())
    return text if len(text) <= 60 else text[:59] + "…"


class _Scanner:
    def __init__(self, part: str, depth: int = 0) -> None:
        self._part = part
        self._depth = depth
        self._open: list[Field] = []
        self._found: list[Field] = []

    def finish(self) -> list[Field]:
        if self._open:
            raise TemplateError(
                _l(
                    'The field "%(field)s" (%(part)s) is opened but never closed. '
                    "Delete it in Word and insert it again.",
                    field=field_label(self._open[-1].atoms),
                    part=part_label(self._part),
                )
            )
        return self._found

    def blocks(self, container: Element) -> None:
        """Read the paragraphs of a container; tables are stories of their own."""
        for block in container:
            if block.tag == w("p"):
                self._paragraph(block)
            elif block.tag in _BLOCK_CONTENT:
                self.blocks(block)
            elif block.tag == w("tbl"):
                self._table(block)

    def _table(self, table: Element) -> None:
        for opened in self._open:
            opened.blocks.append(table)
        if self._open and not self._open[-1].in_result:
            self._open[-1].atoms.append(Block(table))

    def _paragraph(self, paragraph: Element) -> None:
        for opened in self._open:
            opened.paragraphs.append(paragraph)
        if self._open and not self._open[-1].in_result:
            self._open[-1].atoms.append(ParagraphBreak(paragraph.find(w("pPr"))))
        self._inline(paragraph, paragraph)

    def _inline(self, container: Element, paragraph: Element) -> None:
        for item in list(container):
            if item.tag == w("r"):
                for run in _single_runs(item):
                    self._run(run, paragraph)
            elif item.tag == w("fldSimple"):
                self._simple(item, paragraph)
            elif item.tag in _INLINE_CONTENT:
                self._inline(item, paragraph)

    def _simple(self, element: Element, paragraph: Element) -> None:
        inside = _Scanner(self._part, self._deeper())
        inside._inline(element, paragraph)
        found = Field(self._part, simple=True, runs=[element], paragraphs=[paragraph])
        found.atoms = list(glyphs(element.get(w("instr")) or ""))
        found.result_runs = list(element.iter(w("r")))
        found.result_fields = inside.finish()
        for opened in self._open:
            opened.runs.append(element)
        self._close(found)

    def _run(self, run: Element, paragraph: Element) -> None:
        mark = run.find(w("fldChar"))
        kind = "" if mark is None else mark.get(w("fldCharType"))
        if kind == "begin":
            self._deeper()
            self._open.append(Field(self._part, paragraphs=[paragraph]))
        for opened in self._open:
            opened.runs.append(run)
        if kind == "separate":
            self._current(run).in_result = True
        elif kind == "end":
            self._current(run)
            self._close(self._open.pop())
        elif not kind and self._open:
            self._content(self._open[-1], run)

    def _deeper(self) -> int:
        """How deep a field that begins here stands. Raises TemplateError where that is deeper than anybody reads."""
        depth = self._depth + len(self._open) + 1
        if depth > MAX_DEPTH:
            raise TemplateError(
                _l(
                    "More than %(most)d fields stand inside one another (%(part)s). Take the letter apart in Word.",
                    most=MAX_DEPTH,
                    part=part_label(self._part),
                )
            )
        return depth

    def _current(self, run: Element) -> Field:
        if not self._open:
            text = "".join(run.getparent().itertext())[:60]
            raise TemplateError(
                _l(
                    'A field near "%(text)s" (%(part)s) is closed but never opened. '
                    "Delete it in Word and insert it again.",
                    text=text,
                    part=part_label(self._part),
                )
            )
        return self._open[-1]

    def _content(self, opened: Field, run: Element) -> None:
        if opened.in_result:
            opened.result_runs.append(run)
        else:
            opened.atoms.extend(_run_atoms(run))

    def _close(self, closed: Field) -> None:
        closed.instruction = parse_instruction(closed.atoms)
        if not self._open:
            self._found.append(closed)
        elif self._open[-1].in_result:
            self._open[-1].result_fields.append(closed)
        else:
            self._open[-1].atoms.append(closed)


def _single_runs(run: Element) -> list[Element]:
    """The run, or, where it holds field marks beside other things, several runs of one child each."""
    children = [child for child in run if child.tag != w("rPr")]
    if len(children) < 2 or run.find(w("fldChar")) is None:
        return [run]
    properties = run.find(w("rPr"))
    runs = []
    for child in children:
        single = run.makeelement(run.tag, dict(run.attrib))
        if properties is not None:
            single.append(copy.deepcopy(properties))
        run.addprevious(single)
        single.append(child)
        runs.append(single)
    run.getparent().remove(run)
    return runs


def _run_atoms(run: Element) -> list[Atom]:
    """What a run adds to an instruction: its characters, or the run as it is when it holds more than text."""
    atoms: list[Atom] = []
    for child in run:
        if child.tag in _TEXT:
            atoms.extend(glyphs(_TEXT[child.tag] or child.text or "", run))
        elif child.tag not in _SILENT and isinstance(child.tag, str):
            return [Raw(run)]
    return atoms


def conditional_tokens(found: Field) -> tuple[Token, Token, Token, tuple[Token, ...]] | None:
    """Left side, operator, right side and the texts of a condition; None when it is not one."""
    arguments = found.instruction.arguments
    if len(arguments) < 3 or arguments[1].quoted or arguments[1].text not in ("=", "<>", "<", ">", "<=", ">="):
        return None
    return arguments[0], arguments[1], arguments[2], arguments[3:]


def run_properties(run: Any) -> Element | None:
    """A run's formatting, None without one."""
    return None if run is None or local_name(run.tag) != "r" else run.find(w("rPr"))
