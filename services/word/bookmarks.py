"""REF fields of bookmarks that hold merge fields: their text is another one in each letter, so it is put there.

Word would show what the template showed until somebody updates the fields of the finished letters.
"""

import copy
from collections.abc import Iterable, Mapping

from lxml.etree import _Element as Element

from services.word.fields import Field, find_fields
from services.word.ooxml import R, w

#: Switches that leave the text as it is; the others ask for a number, a place or another form.
_KEPT_SWITCHES = frozenset("*h")
_DROPPED = frozenset({w("bookmarkStart"), w("bookmarkEnd")})


def texts_of_bookmarks(roots: Iterable[Element]) -> dict[str, list[Element]]:
    """Name in lower case -> what stands in the bookmark, where that is part of one paragraph and holds merge fields."""
    found = {}
    for root in roots:
        for start in root.iter(w("bookmarkStart")):
            content = _content(start)
            if content is not None and any(map(_merges, content)) and not any(map(_is_bound, content)):
                found[(start.get(w("name")) or "").casefold()] = content
    return found


def put_texts(story: Element, part: str, texts: Mapping[str, list[Element]]) -> None:
    """Replace each REF of such a bookmark by what stands in it. Raises TemplateError for broken fields."""
    for outer in find_fields(story, part):
        for found in outer.walk():
            content = texts.get(_bookmark_of(found))
            if content is not None and not _is_inside(found, content):
                _put(found, content)


def _content(start: Element) -> list[Element] | None:
    """The elements between a bookmark's start and its end beside it; None where it ends elsewhere or cuts a field."""
    content: list[Element] = []
    depth = 0
    for element in start.itersiblings():
        if element.tag == w("bookmarkEnd") and element.get(w("id")) == start.get(w("id")):
            return content if not depth else None
        if element.tag not in _DROPPED:
            content.append(element)
        for mark in element.iter(w("fldChar")):
            depth += {"begin": 1, "end": -1}.get(mark.get(w("fldCharType")) or "", 0)
        if depth < 0 or element.tag == w("p"):
            return None
    return None


def _merges(element: Element) -> bool:
    simple = (item.get(w("instr")) or "" for item in element.iter(w("fldSimple")))
    return "MERGEFIELD" in "".join((*element.itertext(w("instrText")), *simple)).upper()


def _is_bound(element: Element) -> bool:
    """Whether it refers to another part of the file by its own part's relationships."""
    return any(name.startswith(f"{{{R}}}") for item in element.iter() for name in item.attrib)


def _bookmark_of(found: Field) -> str:
    instruction = found.instruction
    if instruction.kind != "REF" or {switch.name for switch in instruction.switches} - _KEPT_SWITCHES:
        return ""
    return instruction.arguments[0].text.strip().casefold() if instruction.arguments else ""


def _is_inside(found: Field, content: list[Element]) -> bool:
    around = {found.runs[0], *found.runs[0].iterancestors()}
    return any(element in around for element in content)


def _put(found: Field, content: list[Element]) -> None:
    anchor = found.runs[0]
    for element in content:
        made = copy.deepcopy(element)
        for gone in [item for item in made.iter() if item.tag in _DROPPED]:
            gone.getparent().remove(gone)
        anchor.addprevious(made)
    for gone in found.runs:
        if gone.getparent() is not None:
            gone.getparent().remove(gone)
