"""Word's field instructions (`IF x = "y" "a" "b" \\* MERGEFORMAT`) cut into a kind, arguments and switches.

An instruction is a sequence of atoms: single characters that know the run they stand in, and opaque things between
them, such as a nested field, a picture or a paragraph's end. ECMA-376 part 1, 17.16.2.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

_OPENING = '"“”„'
_CLOSING = {'"': '"', "“": "“”", "”": "“”", "„": "“”"}
_OPERATOR = "=<>"
_BARE_SWITCHES = frozenset("mv")
CONDITIONAL = frozenset({"IF", "NEXTIF", "SKIPIF", "COMPARE"})


@dataclass(frozen=True, slots=True)
class Glyph:
    """One character of an instruction and the run whose formatting it has."""

    char: str
    run: Any = None


Atom = Any
"""A Glyph, or something opaque that stands between glyphs."""


def glyphs(text: str, run: Any = None) -> list[Glyph]:
    """The atoms of plain text."""
    return [Glyph(char, run) for char in text]


def text_of(atoms: Iterable[Atom]) -> str:
    """The characters among the atoms."""
    return "".join(atom.char for atom in atoms if isinstance(atom, Glyph))


@dataclass(frozen=True, slots=True)
class Token:
    """An argument, or (with `switch`, its letter) a switch without its argument."""

    atoms: tuple[Atom, ...] = ()
    quoted: bool = False
    switch: str = ""

    @property
    def text(self) -> str:
        """The token's characters, opaque atoms left out."""
        return text_of(self.atoms)

    @property
    def lines(self) -> str:
        """The token's characters and, of opaque atoms that have one, their text: a line break stays one."""
        return "".join(atom.char if isinstance(atom, Glyph) else getattr(atom, "plain", "") for atom in self.atoms)


@dataclass(frozen=True, slots=True)
class Switch:
    r"""A switch such as `\* Upper`: its letter in lower case and its argument's text."""

    name: str
    text: str = ""

    def __str__(self) -> str:
        if not self.text:
            return f"\\{self.name}"
        return f'\\{self.name} "{self.text}"' if self.name in "@#bf" else f"\\{self.name} {self.text}"


@dataclass(frozen=True, slots=True)
class Instruction:
    """A field's instruction understood: its kind in capitals, its arguments, its switches."""

    kind: str
    arguments: tuple[Token, ...] = ()
    switches: tuple[Switch, ...] = ()
    name: str = field(default="")


def parse_instruction(atoms: Sequence[Atom]) -> Instruction:
    """The instruction that the atoms spell. An empty one has the kind ""."""
    lexer = _Lexer(atoms)
    first = lexer.token()
    if first is None:
        return Instruction("")
    if first.text.startswith("="):
        return _formula(atoms)
    kind = first.text.upper()
    lexer.wants_operator = kind in CONDITIONAL
    arguments: list[Token] = []
    switches: list[Switch] = []
    rest = lexer.rest()
    for place, token in enumerate(rest):
        if token.switch:
            switches.append(Switch(token.switch, _argument(token.switch, rest[place + 1 :])))
        elif not switches or (kind in CONDITIONAL and not _taken(rest, place)):
            arguments.append(token)
    return Instruction(kind, tuple(arguments), tuple(switches), _name(kind, arguments))


def _formula(atoms: Sequence[Atom]) -> Instruction:
    """A `=` field: one argument up to the first switch."""
    chars = [atom.char if isinstance(atom, Glyph) else "" for atom in atoms]
    start = chars.index("=") + 1
    end = chars.index("\\", start) if "\\" in chars[start:] else len(chars)
    rest = _Lexer(atoms[end:]).rest()
    switches = tuple(
        Switch(token.switch, _argument(token.switch, rest[place + 1 :]))
        for place, token in enumerate(rest)
        if token.switch
    )
    return Instruction("=", (Token(tuple(atoms[start:end])),), switches)


def _name(kind: str, arguments: Sequence[Token]) -> str:
    """The merge field's name; words without quotes belong together, as people expect of names with spaces."""
    return " ".join(token.text for token in arguments) if kind == "MERGEFIELD" else ""


def _argument(switch: str, following: Sequence[Token]) -> str:
    r"""A switch's argument: the next token; for `\#` and `\@` all words up to the next switch."""
    if switch in _BARE_SWITCHES or not following or following[0].switch:
        return ""
    if switch in "bef":
        return following[0].lines
    if following[0].quoted or switch not in "#@":
        return following[0].text
    words = []
    for token in following:
        if token.switch:
            break
        words.append(token.text)
    return " ".join(words)


def _taken(tokens: Sequence[Token], place: int) -> bool:
    """Whether the token at that place is the argument of the switch before it."""
    return place > 0 and tokens[place - 1].switch not in ("", *_BARE_SWITCHES)


class _Lexer:
    def __init__(self, atoms: Sequence[Atom]) -> None:
        self._atoms = atoms
        self._at = 0
        self.wants_operator = False
        # A field may follow the kind without a space: IF{MERGEFIELD x}="a".
        self.first_word = True

    def rest(self) -> list[Token]:
        tokens = []
        while (token := self.token()) is not None:
            tokens.append(token)
        return tokens

    def token(self) -> Token | None:
        """The next token, None at the end."""
        while self._char().isspace():
            self._at += 1
        if self._at >= len(self._atoms):
            return None
        char = self._char()
        if char in _CLOSING:
            return self._quoted(_CLOSING[char])
        if char == "\\" and self._char(1).strip():
            self._at += 2
            return Token(switch=self._char(-1).lower())
        if self.wants_operator and char and char in _OPERATOR:
            return self._operator()
        return self._bare()

    def _char(self, ahead: int = 0) -> str:
        """The character at a place; "" past the end and at an opaque atom."""
        place = self._at + ahead
        atom = self._atoms[place] if place < len(self._atoms) else None
        return atom.char if isinstance(atom, Glyph) else ""

    def _quoted(self, closing: str) -> Token:
        self._at += 1
        taken: list[Atom] = []
        while self._at < len(self._atoms):
            char = self._char()
            if char and char in closing:
                self._at += 1
                break
            if char == "\\" and self._char(1) in ("\\", *_OPENING):
                self._at += 1
            taken.append(self._atoms[self._at])
            self._at += 1
        return Token(tuple(taken), quoted=True)

    def _operator(self) -> Token:
        start = self._at
        while self._char() and self._char() in _OPERATOR:
            self._at += 1
        self.wants_operator = False
        return Token(tuple(self._atoms[start : self._at]))

    def _bare(self) -> Token:
        start = self._at
        while self._at < len(self._atoms) and not self._ends_bare():
            self._at += 1
            if self.first_word and self._at < len(self._atoms) and not self._char():
                break
        self.first_word = False
        return Token(tuple(self._atoms[start : self._at]))

    def _ends_bare(self) -> bool:
        char = self._char()
        if not char:
            return False
        if char.isspace() or char in _OPENING:
            return True
        if char == "\\" and self._char(1) and self._char(1) in "*#@":
            return True
        return self.wants_operator and char in _OPERATOR
