"""What the fields of a template mean: the text that each stands for, worked out of its instruction."""

from dataclasses import dataclass
from decimal import Decimal

from flask_babel import lazy_gettext as _l

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
from services.word.fields import Field, ParagraphBreak, conditional_tokens, field_label
from services.word.formula import FormulaError, calculate
from services.word.lexer import Glyph, Switch, Token
from services.word.ooxml import w
from services.word.values import is_known_language
from services.word.variables import cut_at_names

_CONDITIONS = frozenset({"IF", "NEXTIF", "SKIPIF", "COMPARE"})
#: Kinds that Word works out by itself, but not in finished letters where a merge field stands in them.
_WORKED_OUT = frozenset({"=", "QUOTE"})
MERGE_KINDS = _CONDITIONS | ADDRESS_KINDS | {"MERGEFIELD", "NEXT", "MERGEREC", "MERGESEQ"}


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


class Meanings:
    """Makes expressions of the fields of one part."""

    def __init__(self, part: str, kept: dict[str, Expression]) -> None:
        """`kept` gathers what SET fields keep under their names, for all parts of a template."""
        self._part = part
        self._kept = kept

    def of(self, found: Field) -> Expression:
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
            condition = self.condition_and_texts(found)[0]
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
            switches = text_switches(found)
            joined = Joined(tuple(self._joined(token) for token in found.instruction.arguments))
            return Formatted(joined, switches) if switches else joined
        parts = tuple(self._piece(piece) for piece in _pieces(found))
        return Formula(parts, tuple(switch for switch in found.instruction.switches if switch.name in "#*"))

    def _piece(self, piece: str | _Name | Field) -> Expression:
        if isinstance(piece, str):
            return Literal(piece)
        return KeptText(piece.name, self._kept) if isinstance(piece, _Name) else self.of(piece)

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
        switches = text_switches(found)
        return Formatted(made, switches) if switches else made

    def _choice(self, found: Field) -> Expression:
        condition, then, otherwise = self.condition_and_texts(found)
        if found.instruction.kind == "COMPARE":
            return Choice(condition, Literal("1"), Literal("0"))
        choice = Choice(condition, self._joined(then), self._joined(otherwise))
        switches = text_switches(found)
        return Formatted(choice, switches) if switches else choice

    def condition_and_texts(self, found: Field) -> tuple[Condition, Token, Token]:
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
                parts += [Literal(text), self.of(atom)]
                text = ""
            elif isinstance(atom, ParagraphBreak):
                text += "\n"
        return Joined((*parts, Literal(text))) if parts else Literal(text)


def address_of(found: Field) -> AddressBlock | GreetingLine:
    """What an ADDRESSBLOCK or a GREETINGLINE prints."""
    kind = AddressBlock if found.instruction.kind == "ADDRESSBLOCK" else GreetingLine
    return kind(found.instruction.switches)


def text_switches(found: Field) -> tuple[Switch, ...]:
    """The switches of an IF that change its text as a whole."""
    cases = ("upper", "lower", "firstcap", "caps")
    return tuple(s for s in found.instruction.switches if s.name in "#@" or (s.name == "*" and s.text.lower() in cases))


def _formatting(found: Field) -> tuple[Switch, ...]:
    """The switches that say how a text is written, in the field's order."""
    return tuple(switch for switch in found.instruction.switches if is_formatting(switch))


def _language(found: Field) -> str:
    """The language that the field's own text is marked as, "" without a mark or for a language that is not known."""
    runs = [atom.run for atom in found.atoms if isinstance(atom, Glyph)] if not found.simple else found.result_runs
    marks = (run.find(f"{w('rPr')}/{w('lang')}") for run in runs if run is not None)
    named = next((name for mark in marks if mark is not None and (name := mark.get(w("val")))), "")
    return named if named and is_known_language(named) else ""
