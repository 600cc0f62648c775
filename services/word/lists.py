"""Numbered lists: those of every letter begin anew, ECMA-376 part 1, 17.9.

Paragraphs of one list instance (`w:num`) count on through the whole document, so each letter after the first gets
instances of its own, which start again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree
from lxml.etree import _Element as Element

from services.word.markers import Markers
from services.word.ooxml import W, w
from services.word.program import ListSlot, fixed
from services.word.sections import paragraph_properties

#: Word keeps so many list instances in a document (MS-DOC, 2.4.6.3: sprmPIlfo); letters after them count on.
MAX_INSTANCES = 2046
_UNCOUNTED = ("bullet", "none")
#: What stands before the numbering among a paragraph's properties (CT_PPrBase, 17.3.1.26).
_BEFORE = frozenset(map(w, ("pStyle", "keepNext", "keepLines", "pageBreakBefore", "framePr", "widowControl")))


@dataclass(frozen=True)
class ListInstance:
    """One list of the letter: the definition it follows and where the levels that it uses start."""

    number: str
    definition: str
    starts: dict[int, int]

    def again(self, number: int) -> bytes:
        """The same list once more, under another number, from the start."""
        levels = "".join(
            f'<w:lvlOverride w:ilvl="{level}"><w:startOverride w:val="{start}"/></w:lvlOverride>'
            for level, start in sorted(self.starts.items())
        )
        inside = f'<w:abstractNumId w:val="{self.definition}"/>{levels}'
        return f'<w:num xmlns:w="{W}" w:numId="{number}">{inside}</w:num>'.encode()


@dataclass
class Lists:
    """The lists of a template's body, marked so that each letter has its own. `name` is the part they stand in."""

    name: str = ""
    head: bytes = b""
    tail: bytes = b""
    base: int = 0
    instances: list[ListInstance] = field(default_factory=list)

    @property
    def letters(self) -> int:
        """How many letters of a document may have their own lists."""
        return (MAX_INSTANCES - self.base) // len(self.instances) + 1 if self.instances else 0

    def of_letter(self, place: int) -> Iterator[bytes]:
        """The instances of the letter at that place of a document; the first letter has the template's own."""
        if 0 < place < self.letters:
            for local, instance in enumerate(self.instances):
                yield instance.again(self.base + (place - 1) * len(self.instances) + local)


def mark_lists(body: Element, name: str, numbering: Element, styles: Element | None, markers: Markers) -> Lists:
    """Find the numbered paragraphs of the body and mark the number of their list; bullets stay as they are."""
    reader = _Reader(numbering, styles)
    used: dict[str, set[int]] = {}
    found = []
    for paragraph in body.iter(w("p")):
        place = reader.place_of(paragraph)
        if place is not None and reader.counts(*place):
            used.setdefault(place[0], set()).add(place[1])
            found.append((paragraph, *place))
    instances = [reader.instance(number, levels) for number, levels in used.items()]
    lists = Lists(name, base=reader.last + 1, instances=instances)
    order = {instance.number: local for local, instance in enumerate(instances)}
    for paragraph, number, level in found:
        slot = ListSlot(number.encode(), lists.base, len(instances), order[number], lists.letters)
        _set_number(paragraph, level, markers.attribute(slot))
    if instances:
        lists.head, lists.tail = _cut(numbering, markers)
    return lists


class _Reader:
    """What numbering and styles say of a paragraph."""

    def __init__(self, numbering: Element, styles: Element | None) -> None:
        self._numbers = {item.get(w("numId")): item for item in numbering.iterchildren(w("num"))}
        self._definitions = {item.get(w("abstractNumId")): item for item in numbering.iterchildren(w("abstractNum"))}
        self._styles = {item.get(w("styleId")): item for item in (() if styles is None else styles.iter(w("style")))}
        self.last = max((value for number in self._numbers if (value := _number(number)) is not None), default=0)

    def place_of(self, paragraph: Element) -> tuple[str, int] | None:
        """(number of the list, level) of a paragraph by itself or by its style; None for one in no list."""
        properties = paragraph.find(w("pPr"))
        number, level = _numbering(properties)
        style = None if properties is None else properties.find(w("pStyle"))
        seen: set[str] = set()
        while style is not None and (name := style.get(w("val")) or "") not in seen and name in self._styles:
            seen.add(name)
            inherited = _numbering(self._styles[name].find(w("pPr")))
            number, level = number if number is not None else inherited[0], level if level is not None else inherited[1]
            style = self._styles[name].find(w("basedOn"))
        return None if number is None or number not in self._numbers else (number, level or 0)

    def counts(self, number: str, level: int) -> bool:
        found = self._level(number, level)
        kind = None if found is None else found.find(w("numFmt"))
        return found is not None and (kind is None or kind.get(w("val")) not in _UNCOUNTED)

    def instance(self, number: str, levels: set[int]) -> ListInstance:
        starts = {level: self._start(number, level) for level in levels}
        return ListInstance(number, self._definition(number), starts)

    def _definition(self, number: str) -> str:
        named = self._numbers[number].find(w("abstractNumId"))
        return "" if named is None else named.get(w("val")) or ""

    def _override(self, number: str, level: int) -> Element | None:
        overrides = self._numbers[number].iterchildren(w("lvlOverride"))
        return next((item for item in overrides if item.get(w("ilvl")) == str(level)), None)

    def _level(self, number: str, level: int) -> Element | None:
        definition = self._definitions.get(self._definition(number))
        override = self._override(number, level)
        for holder in (override, definition):
            for found in () if holder is None else holder.iterchildren(w("lvl")):
                if found.get(w("ilvl")) == str(level):
                    return found
        return None

    def _start(self, number: str, level: int) -> int:
        override, found = self._override(number, level), self._level(number, level)
        again = None if override is None else override.find(w("startOverride"))
        start = again if again is not None else None if found is None else found.find(w("start"))
        value = None if start is None else _number(start.get(w("val")))
        return 1 if value is None else value


def _number(text: str | None) -> int | None:
    """A number that Word may have written, else None."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else None


def _numbering(properties: Element | None) -> tuple[str | None, int | None]:
    found = None if properties is None else properties.find(w("numPr"))
    if found is None:
        return None, None
    number, level = (item.get(w("val")) if (item := found.find(w(name))) is not None else None
                     for name in ("numId", "ilvl"))  # fmt: skip
    return number, _number(level)


def _set_number(paragraph: Element, level: int, value: str) -> None:
    properties = paragraph_properties(paragraph)
    found = properties.find(w("numPr"))
    if found is None:
        found = etree.Element(w("numPr"))
        properties.insert(sum(1 for child in properties if child.tag in _BEFORE), found)
    for name, text in (("numId", value), ("ilvl", str(level))):
        item = found.find(w(name))
        if item is None:
            item = etree.Element(w(name))
            found.insert(0 if name == "ilvl" else len(found.findall(w("ilvl"))), item)
        item.set(w("val"), text)


def _cut(numbering: Element, markers: Markers) -> tuple[bytes, bytes]:
    """The part's bytes before and after the place where more instances go."""
    list(numbering.iterchildren(w("num")))[-1].addnext(markers.mark("cut"))
    data = etree.tostring(numbering, encoding="UTF-8", xml_declaration=True, standalone=True)
    head, tail = (fixed(program) for program in markers.programs(data))
    return head, tail
