"""Fields of the merge taken out of a part's tree, with slots put in their place."""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from flask_babel import lazy_gettext as _l
from lxml import etree
from lxml.etree import _Element as Element

from services.word.addresses import KINDS as ADDRESS_KINDS
from services.word.addresses import AddressBlock, GreetingLine
from services.word.errors import TemplateError, part_label
from services.word.expressions import (
    Choice,
    Condition,
    Expression,
    Formatted,
    Formula,
    Joined,
    KeepText,
    KeptText,
    LetterNumber,
    Literal,
    MergeValue,
    NextRecord,
    RecordNumber,
    SkipRecord,
    is_formatting,
)
from services.word.fields import (
    Block,
    Field,
    ParagraphBreak,
    Raw,
    conditional_tokens,
    field_label,
    run_properties,
)
from services.word.formula import FormulaError, calculate
from services.word.lexer import Atom, Glyph, Switch, Token
from services.word.markers import Markers
from services.word.ooxml import XML_SPACE, w
from services.word.program import TextMarkup, ValueSlot, escape_code
from services.word.sections import paragraph_properties
from services.word.values import is_known_language
from services.word.variables import cut_at_names

_CONDITIONS = frozenset({"IF", "NEXTIF", "SKIPIF", "COMPARE"})
#: Kinds that Word works out by itself, but not in finished letters where a merge field stands in them.
_WORKED_OUT = frozenset({"=", "QUOTE"})
MERGE_KINDS = _CONDITIONS | ADDRESS_KINDS | {"MERGEFIELD", "NEXT", "MERGEREC", "MERGESEQ"}
_EFFECTS = (NextRecord, SkipRecord, KeepText)
_UNSEEN = frozenset({w("lang"), w("noProof")})


def is_filled(found: Field) -> bool:
    """Whether the merge prints something in the field's place."""
    kind = found.instruction.kind
    if kind in _WORKED_OUT:
        reads = bool(found.variables) or any(is_filled(inner) for inner in found.nested)
        return reads and (kind == "QUOTE" or _is_formula(found))
    return kind in MERGE_KINDS or bool(found.variable)


def _is_formula(found: Field) -> bool:
    """Whether a formula is of numbers alone; every value in it stands for a one here."""
    pieces = _pieces(found)
    try:
        calculate([piece if isinstance(piece, str) else Decimal(1) for piece in pieces], "fi")
    except FormulaError:
        return False
    except ArithmeticError:
        return True
    return True


@dataclass(frozen=True, slots=True)
class _Name:
    """A kept text that a formula names."""

    name: str


def _pieces(formula: Field) -> list[str | _Name | Field]:
    """A formula's text and the fields and names between, blank text left out."""
    pieces: list[str | Field] = [""]
    for atom in formula.instruction.arguments[0].atoms:
        if isinstance(atom, Field):
            pieces += [atom, ""]
        elif isinstance(pieces[-1], str):
            pieces[-1] += atom.char if isinstance(atom, Glyph) else atom.plain if hasattr(atom, "plain") else ""
    cut: list[str | _Name | Field] = []
    for piece in pieces:
        if isinstance(piece, Field):
            cut.append(piece)
            continue
        texts = cut_at_names(piece, formula.variables)
        cut += [_Name(text.casefold()) if place % 2 else text for place, text in enumerate(texts)]
    return [piece for piece in cut if not isinstance(piece, str) or piece.strip()]


class FieldReplacer:
    """Replaces the fields of one part."""

    def __init__(
        self, markers: Markers, prefix: str | None, part: str, kept: dict[str, Expression] | None = None
    ) -> None:
        """`kept` gathers what SET fields keep under their names, for all parts of a template."""
        self._markers = markers
        self._kept = {} if kept is None else kept
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
        if found.instruction.kind == "IF" and not _text_switches(found):
            return self._choice_nodes(found)
        expression = self.expression(found)
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
        code.append(self._markers.slot(ValueSlot(self.expression(found), field_label(found.atoms), escape_code)))
        return [run]

    def _slot(self, expression: Expression, found: Field) -> ValueSlot:
        label = found.instruction.name or field_label(found.atoms)
        return ValueSlot(expression, label, self._markup.escape)

    def _value_run(self, expression: Expression, found: Field, properties: Element | None) -> Element:
        run = _text_run("", properties)
        run[-1].append(self._markers.slot(self._slot(expression, found)))
        return run

    def _choice_nodes(self, found: Field) -> list[Element]:
        condition, then, otherwise = self._condition_and_texts(found)
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

    def expression(self, found: Field) -> Expression:
        """The text that a field stands for, as it is needed in a comparison or in another field's instruction."""
        kind = found.instruction.kind
        if kind == "MERGEFIELD":
            return self._merge_value(found)
        if kind in ADDRESS_KINDS:
            return self._address(found)
        if kind == "MERGEREC":
            return RecordNumber()
        if kind == "MERGESEQ":
            return LetterNumber()
        if kind == "NEXT":
            return NextRecord()
        if kind in ("NEXTIF", "SKIPIF"):
            condition = self._condition_and_texts(found)[0]
            return NextRecord(condition) if kind == "NEXTIF" else SkipRecord(condition)
        if kind in _CONDITIONS:
            return self._choice(found)
        if found.variable:
            return self._variable(found)
        if is_filled(found):
            return self._worked_out(found)
        return Literal("".join("".join(run.itertext(w("t"), w("instrText"))) for run in found.result_runs))

    def _worked_out(self, found: Field) -> Expression:
        if found.instruction.kind == "QUOTE":
            switches = _text_switches(found)
            joined = Joined(tuple(self._joined(token) for token in found.instruction.arguments))
            return Formatted(joined, switches) if switches else joined
        parts = tuple(self._piece(piece) for piece in _pieces(found))
        return Formula(parts, tuple(switch for switch in found.instruction.switches if switch.name in "#*"))

    def _piece(self, piece: str | _Name | Field) -> Expression:
        if isinstance(piece, str):
            return Literal(piece)
        return KeptText(piece.name, self._kept) if isinstance(piece, _Name) else self.expression(piece)

    def _variable(self, found: Field) -> Expression:
        if found.instruction.kind != "SET":
            return KeptText(found.variable, self._kept, _formatting(found))
        texts = found.instruction.arguments[1:]
        kept = self._kept[found.variable] = self._joined(texts[0] if texts else Token())
        return KeepText(found.variable, kept)

    def _merge_value(self, found: Field) -> MergeValue:
        if not found.instruction.name.strip():
            raise TemplateError(
                _l(
                    "A MERGEFIELD (%(part)s) names no field. Delete it in Word and insert the field you want.",
                    part=part_label(self._part),
                )
            )
        return MergeValue(found.instruction.name, found.instruction.switches, _language(found))

    def _address(self, found: Field) -> Expression:
        made = address_of(found)
        switches = _text_switches(found)
        return Formatted(made, switches) if switches else made

    def _choice(self, found: Field) -> Expression:
        condition, then, otherwise = self._condition_and_texts(found)
        if found.instruction.kind == "COMPARE":
            return Choice(condition, Literal("1"), Literal("0"))
        choice = Choice(condition, self._joined(then), self._joined(otherwise))
        switches = _text_switches(found)
        return Formatted(choice, switches) if switches else choice

    def _condition_and_texts(self, found: Field) -> tuple[Condition, Token, Token]:
        tokens = conditional_tokens(found)
        if tokens is None:
            raise TemplateError(
                _l(
                    'The field "%(field)s" (%(part)s) has no comparison. Write it as '
                    'IF value = "other value" "text if so" "text if not".',
                    field=field_label(found.atoms),
                    part=part_label(self._part),
                )
            )
        left, operator, right, texts = tokens
        then, otherwise = (*texts, Token(), Token())[:2]
        return Condition(self._joined(left), operator.text, self._joined(right)), then, otherwise

    def _joined(self, token: Token) -> Expression:
        parts: list[Expression] = []
        text = ""
        for atom in token.atoms:
            if isinstance(atom, Glyph):
                text += atom.char
            elif isinstance(atom, Field):
                parts += [Literal(text), self.expression(atom)]
                text = ""
            elif isinstance(atom, ParagraphBreak):
                text += "\n"
        return Joined((*parts, Literal(text))) if parts else Literal(text)


def address_of(found: Field) -> AddressBlock | GreetingLine:
    """What an ADDRESSBLOCK or a GREETINGLINE prints."""
    kind = AddressBlock if found.instruction.kind == "ADDRESSBLOCK" else GreetingLine
    return kind(found.instruction.switches)


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


def _text_switches(found: Field) -> tuple[Switch, ...]:
    """The switches of an IF that change its text as a whole."""
    cases = ("upper", "lower", "firstcap", "caps")
    return tuple(s for s in found.instruction.switches if s.name in "#@" or (s.name == "*" and s.text.lower() in cases))


def _formatting(found: Field) -> tuple[Switch, ...]:
    """The switches that say how a text is written, in the field's order."""
    return tuple(switch for switch in found.instruction.switches if is_formatting(switch))


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


def _language(found: Field) -> str:
    """The language that the field's own text is marked as, "" without a mark or for a language that is not known."""
    runs = [atom.run for atom in found.atoms if isinstance(atom, Glyph)] if not found.simple else found.result_runs
    marks = (run.find(f"{w('rPr')}/{w('lang')}") for run in runs if run is not None)
    named = next((name for mark in marks if mark is not None and (name := mark.get(w("val")))), "")
    return named if named and is_known_language(named) else ""


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
