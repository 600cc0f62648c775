"""REF fields of bookmarks that hold merge fields: their text is another one in each letter, so it is put there.

Word would show what the template showed until somebody updates the fields of the finished letters.
"""

import copy
from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from lxml import etree
from lxml.etree import _Element as Element

from services.word.errors import TemplateError
from services.word.fields import Field, find_fields
from services.word.ooxml import R, w

#: Bytes of XML that REF fields may repeat in one template.
MAX_COPIED = 5_000_000
#: Switches that leave the text as it is; the others ask for a number, a place or another form.
_KEPT_SWITCHES = frozenset("*h")
_DROPPED = frozenset({w("bookmarkStart"), w("bookmarkEnd")})


class BookmarkTexts:
    """What stands in the bookmarks of a template, where that is part of one paragraph and holds merge fields."""

    def __init__(self, roots: Iterable[Element]) -> None:
        self._found: dict[str, tuple[list[Element], int]] = {}
        self._left = MAX_COPIED
        for root in roots:
            for start in root.iter(w("bookmarkStart")):
                content = _content(start)
                if content is not None and any(map(_merges, content)) and not any(map(_is_bound, content)):
                    size = sum(len(etree.tostring(element)) for element in content)
                    self._found[(start.get(w("name")) or "").casefold()] = (content, size)

    def put(self, story: Element, part: str) -> None:
        """Replace each REF of such a bookmark by what stands in it.

        Raises TemplateError for broken fields, and where so much text is repeated that no letter can be meant.
        """
        for outer in find_fields(story, part) if self._found else ():
            for found in outer.walk():
                content, size = self._found.get(_bookmark_of(found), (None, 0))
                if content is not None and not _is_inside(found, content):
                    self._left -= size
                    if self._left < 0:
                        raise TemplateError(_l("REF fields repeat too much text. Put it in where it is read."))
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
