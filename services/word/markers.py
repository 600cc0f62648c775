"""Slots while they are still in the XML tree: processing instructions and attribute texts that can't be guessed."""

import re
import secrets
from typing import Any

from lxml import etree
from lxml.etree import _Element as Element

from services.word.expressions import Condition
from services.word.program import IfSlot, LineSlot, Program, Slot

_KEPT = re.compile(r"slot (\d+)")


class Markers:
    """Puts slots into a tree and finds them again in its bytes.

    The token is random, so that nothing in a template can pass for a marker.
    """

    def __init__(self) -> None:
        self._token = "k" + secrets.token_hex(8)
        self._things: list[Any] = []
        pattern = rf"<\?{self._token} ([a-z]+) ?(\d*)\?>|{self._token}(slot)(\d+);"
        self._pattern = re.compile(pattern.encode())

    def mark(self, operation: str, thing: Slot | Condition | bytes | None = None) -> Element:
        """A marker for a place between elements or in a text."""
        if thing is None:
            return etree.ProcessingInstruction(self._token, operation)
        return etree.ProcessingInstruction(self._token, f"{operation} {self._keep(thing)}")

    def slot(self, slot: Slot | bytes) -> Element:
        """The marker of a slot."""
        return self.mark("slot", slot)

    def attribute(self, slot: Slot) -> str:
        """A slot as an attribute's value, or inside a text."""
        return f"{self._token}slot{self._keep(slot)};"

    def is_marker(self, node: Element) -> bool:
        """Whether a node of the tree is a marker."""
        return node.tag is etree.ProcessingInstruction and node.target == self._token

    def breaks(self, node: Element) -> bool:
        """Whether a node is a marker of markup as it stands, with which a paragraph ends and another one begins."""
        found = _KEPT.fullmatch(node.text or "") if self.is_marker(node) else None
        return found is not None and isinstance(self._things[int(found[1])], bytes)

    def _keep(self, thing: Any) -> int:
        self._things.append(thing)
        return len(self._things) - 1

    def programs(self, data: bytes) -> list[Program]:
        """The serialised tree as programs, cut at the `cut` markers."""
        builder = _Builder()
        position = 0
        for match in self._pattern.finditer(data):
            builder.fixed(data[position : match.start()])
            operation, number = match[1] or match[3], match[2] or match[4]
            builder.operation(operation.decode(), self._things[int(number)] if number else None)
            position = match.end()
        builder.fixed(data[position:])
        return builder.cuts


class _Builder:
    def __init__(self) -> None:
        self.cuts: list[Program] = [[]]
        self._open: list[Program] = []

    @property
    def _current(self) -> Program:
        return self._open[-1] if self._open else self.cuts[-1]

    def fixed(self, data: bytes) -> None:
        if not data:
            return
        program = self._current
        if program and isinstance(program[-1], bytes):
            program[-1] += data
        else:
            program.append(data)

    def operation(self, operation: str, thing: Any) -> None:
        if operation == "cut":
            self.cuts.append([])
        elif operation == "slot":
            self.fixed(thing) if isinstance(thing, bytes) else self._current.append(thing)
        elif operation == "if":
            slot = IfSlot(thing, [], [])
            self._current.append(slot)
            self._open += [slot.otherwise, slot.then]
        elif operation == "line":
            line = LineSlot([])
            self._current.append(line)
            self._open.append(line.inner)
        elif operation == "part":
            self._current.append(thing)
            self._open.append(thing.inner)
        else:
            # "else" leaves the first branch for the second, "end" leaves the second branch, the line or the part.
            self._open.pop()
