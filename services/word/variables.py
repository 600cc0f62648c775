"""The texts that SET fields keep under a name, and the fields that read them, ECMA-376 part 1, 17.16.5.54.

`{ SET total { MERGEFIELD price } }` keeps; `{ REF total }`, `{ total }` and `{ = total * 1,24 }` read.
"""

import re
from collections.abc import Iterable

from services.word.fields import Field
from services.word.kinds import LEFT_TO_WORD
from services.word.lexer import Glyph

#: Switches of a REF that ask for the text itself; the others ask where the bookmark stands, which only Word knows.
_TEXT_SWITCHES = frozenset("*#@h")
_WORD = re.compile(r"\w+")


def link_variables(fields: Iterable[Field]) -> None:
    """Tell each field of a template (outermost ones given) which kept texts it sets or reads."""
    every = [inner for outer in fields for inner in outer.walk()]
    set_by = (_first_word(found).casefold() for found in every if found.instruction.kind == "SET")
    # A bookmark's name is one word: what else a SET names can't be read by anything.
    names = frozenset(name for name in set_by if _WORD.fullmatch(name))
    for found in every if names else ():
        name = _name_of(found).casefold()
        if name in names:
            found.variable = name
        if found.instruction.kind == "=":
            found.variables = names.intersection(_WORD.findall(_text(found).casefold()))


def cut_at_names(text: str, names: Iterable[str]) -> list[str]:
    """A formula's text cut so that every second piece is one of the names; one before a bracket calls a function."""
    choice = "|".join(map(re.escape, names))
    return re.split(rf"(?<!\w)({choice})(?![\w(])", text, flags=re.IGNORECASE) if choice else [text]


def _name_of(found: Field) -> str:
    """The name that a field sets or reads, if it is such a field."""
    kind = found.instruction.kind
    if kind == "SET":
        return _first_word(found)
    if any(switch.name not in _TEXT_SWITCHES for switch in found.instruction.switches):
        return ""
    if kind == "REF":
        return _first_word(found)
    return "" if found.instruction.arguments or kind in LEFT_TO_WORD else kind


def _first_word(found: Field) -> str:
    arguments = found.instruction.arguments
    return arguments[0].text.strip() if arguments else ""


def _text(found: Field) -> str:
    return "".join(atom.char for atom in found.atoms if isinstance(atom, Glyph))
