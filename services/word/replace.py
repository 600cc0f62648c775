"""Fields of the merge taken out of a part's tree, with slots put in their place."""

import copy
from collections.abc import Iterable, Sequence

from flask_babel import lazy_gettext as _l
from lxml import etree
from lxml.etree import _Element as Element

from services.word.addresses import AddressBlock, GreetingLine
from services.word.errors import TemplateError, part_label
from services.word.expressions import Expression, KeepText, MergeValue, NextRecord, SkipRecord
from services.word.fields import Block, Field, ParagraphBreak, Raw, field_label, run_properties
from services.word.lexer import Atom, Glyph
from services.word.markers import Markers
from services.word.meanings import Meanings, is_filled, text_switches
from services.word.ooxml import XML_SPACE, w
from services.word.program import TextMarkup, ValueSlot, escape_code
from services.word.sections import paragraph_properties

_EFFECTS = (NextRecord, SkipRecord, KeepText)
_UNSEEN = frozenset({w("lang"), w("noProof")})


class FieldReplacer:
    """Replaces the fields of one part."""

    def __init__(self, markers: Markers, meanings: Meanings, prefix: str | None, part: str) -> None:
        self._markers = markers
        self._meanings = meanings
        self._markup = TextMarkup.of_prefix(prefix)
        self._part = part
        name = f"{prefix}:p" if prefix else "p"
        self._close, self._open = f"</{name}>".encode(), f"<{name}>".encode()
        self.replaced = 0
        self.value_runs: set[Element] = set()

    def replace(self, fields: Iterable[Field]) -> None:
        """Put slots in the place of outermost fields; a kind that is none of ours stays, with ours inside it."""
        for found in fields:
            if is_filled(found):
                self._put(found, self._nodes(found))
                continue
            for inner in found.nested:
                self._put(inner, self._code_nodes(inner))
            self.replace(found.result_fields)

    def _put(self, found: Field, nodes: Sequence[Element]) -> None:
        self.replaced += 1
        anchor = found.runs[0]
        home = anchor.getparent()
        if found.paragraphs[1:] and home.tag != w("p") and _has_breaks(found.atoms):
            raise self._spread(found)
        kept = set(nodes)
        for node in nodes:
            anchor.addprevious(node)
        for gone in (*found.runs, *found.blocks):
            if gone not in kept and gone.getparent() is not None:
                gone.getparent().remove(gone)
        self._join_paragraphs(found)

    def _join_paragraphs(self, found: Field) -> None:
        """A field over several paragraphs leaves one: what stood after it moves up behind the slot."""
        first, *others = found.paragraphs
        for paragraph in others:
            properties = paragraph.find(w("pPr"))
            section = None if properties is None else properties.find(w("sectPr"))
            if section is not None:
                paragraph_properties(first).append(section)
            for child in list(paragraph):
                if child.tag != w("pPr"):
                    first.append(child)
            paragraph.getparent().remove(paragraph)

    def _spread(self, found: Field) -> TemplateError:
        return TemplateError(
            _l(
                'The field "%(field)s" (%(part)s) starts inside a link or a content control and goes on in the next '
                "paragraph. Keep it in one paragraph.",
                field=field_label(found.atoms),
                part=part_label(self._part),
            )
        )

    def _nodes(self, found: Field) -> list[Element]:
        """What stands in a field's place: a run with a slot, or both texts of an IF with a choice between them."""
        if found.instruction.kind == "IF" and not text_switches(found):
            return self._choice_nodes(found)
        expression = self._meanings.of(found)
        if isinstance(expression, _EFFECTS):
            return [self._markers.slot(self._slot(expression, found))]
        run = self._value_run(expression, found, _result_properties(found))
        if isinstance(expression, MergeValue | AddressBlock | GreetingLine):
            self.value_runs.add(run)
        return [run]

    def _code_nodes(self, found: Field) -> list[Element]:
        """A field's value inside the instruction of a field that is left to Word."""
        if not is_filled(found):
            return self._kept_nodes(found, in_result=set())
        run = etree.Element(w("r"))
        code = etree.SubElement(run, w("instrText"), {XML_SPACE: "preserve"})
        code.append(self._markers.slot(ValueSlot(self._meanings.of(found), field_label(found.atoms), escape_code)))
        return [run]

    def _slot(self, expression: Expression, found: Field) -> ValueSlot:
        label = found.instruction.name or field_label(found.atoms)
        return ValueSlot(expression, label, self._markup.escape)

    def _value_run(self, expression: Expression, found: Field, properties: Element | None) -> Element:
        run = _text_run("", properties)
        run[-1].append(self._markers.slot(self._slot(expression, found)))
        return run

    def _choice_nodes(self, found: Field) -> list[Element]:
        condition, then, otherwise = self._meanings.condition_and_texts(found)
        style = _StyleOverride.of(found)
        return [
            self._markers.mark("if", condition),
            *self._branch(then.atoms, style),
            self._markers.mark("else"),
            *self._branch(otherwise.atoms, style),
            self._markers.mark("end"),
        ]

    def _branch(self, atoms: Sequence[Atom], style: "_StyleOverride") -> list[Element]:
        """One text of an IF as runs, each with the formatting that it has in the template."""
        nodes: list[Element] = []
        text: list[Glyph] = []
        uniform = style.applies_to(atoms)

        def flush() -> None:
            if text:
                properties = style.properties if uniform else run_properties(text[0].run)
                nodes.append(_text_run("".join(glyph.char for glyph in text), properties))
                text.clear()

        for atom in atoms:
            if isinstance(atom, Glyph):
                if text and text[-1].run is not atom.run:
                    flush()
                text.append(atom)
                continue
            flush()
            nodes.extend(self._atom_nodes(atom))
        flush()
        return nodes

    def _atom_nodes(self, atom: Atom) -> list[Element]:
        if isinstance(atom, Field):
            if is_filled(atom):
                return self._nodes(atom)
            return self._kept_nodes(atom, in_result=set(atom.result_runs))
        if isinstance(atom, Raw):
            return [_printed(atom.run)]
        if isinstance(atom, Block):
            return [self._markers.slot(self._close), atom.element, self._markers.slot(self._open)]
        return [self._markers.slot(self._close + self._open), *_copied_properties(atom)]

    def _kept_nodes(self, found: Field, in_result: set[Element]) -> list[Element]:
        """The runs of a field that is left to Word, with the fields inside it replaced."""
        inside = {run: inner for inner in (*found.nested, *found.result_fields) for run in inner.runs}
        done: set[int] = set()
        nodes: list[Element] = []
        for run in found.runs:
            inner = inside.get(run)
            if inner is None:
                nodes.append(_printed(run) if run in in_result else run)
            elif id(inner) not in done:
                done.add(id(inner))
                nodes.extend(self._code_nodes(inner) if inner in found.nested else self._atom_nodes(inner))
        return nodes

class _StyleOverride:
    r"""With `\* MERGEFORMAT` Word keeps the look that the field's text had; applies where a text has one look."""

    def __init__(self, properties: Element | None, active: bool) -> None:
        self.properties = properties
        self._active = active

    @classmethod
    def of(cls, found: Field) -> "_StyleOverride":
        keeps = any(s.name == "*" and s.text.upper() == "MERGEFORMAT" for s in found.instruction.switches)
        shown = [run for run in found.result_runs if _is_text(run)]
        return cls(run_properties(shown[0]) if shown else None, active=keeps and bool(shown))

    def applies_to(self, atoms: Sequence[Atom]) -> bool:
        looks = {_look(run_properties(atom.run)) for atom in atoms if isinstance(atom, Glyph)}
        return self._active and len(looks) == 1


def _look(properties: Element | None) -> frozenset[bytes]:
    if properties is None:
        return frozenset()
    return frozenset(etree.tostring(item) for item in properties if item.tag not in _UNSEEN)


def _has_breaks(atoms: Sequence[Atom]) -> bool:
    return any(isinstance(atom, ParagraphBreak | Block) for atom in atoms)


def _is_text(run: Element) -> bool:
    return run.find(w("t")) is not None or run.find(w("instrText")) is not None


def _result_properties(found: Field) -> Element | None:
    """The formatting of a field's value: that of the text it shows in the template, else of its instruction."""
    first = next((atom.run for atom in found.atoms if isinstance(atom, Glyph) and not atom.char.isspace()), None)
    if any(s.name == "*" and s.text.upper() == "CHARFORMAT" for s in found.instruction.switches):
        return run_properties(first)
    shown = next((run for run in found.result_runs if _is_text(run)), None)
    return run_properties(shown if shown is not None else first)


def _text_run(text: str, properties: Element | None) -> Element:
    run = etree.Element(w("r"))
    if properties is not None:
        run.append(copy.deepcopy(properties))
    for place, piece in enumerate(text.split("\t")):
        if place:
            etree.SubElement(run, w("tab"))
        etree.SubElement(run, w("t"), {XML_SPACE: "preserve"}).text = piece
    return run


def _printed(run: Element) -> Element:
    """A run of an instruction made one that prints."""
    for code in run.findall(w("instrText")):
        code.tag = w("t")
    return run


def _copied_properties(atom: ParagraphBreak) -> list[Element]:
    if atom.properties is None:
        return []
    properties = copy.deepcopy(atom.properties)
    for section in properties.findall(w("sectPr")):
        properties.remove(section)
    return [properties]
