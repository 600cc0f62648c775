"""A template compiled once: fixed bytes and slots for the document, its headers, footers and notes."""

import copy
import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, field

from flask_babel import lazy_gettext as _l
from lxml import etree
from lxml.etree import _Element as Element

from services.word import sections
from services.word.bookmarks import BookmarkTexts
from services.word.errors import TemplateError
from services.word.expressions import Expression
from services.word.fields import Field, find_fields, stories
from services.word.identity import Identities, clean
from services.word.lines import mark_lines
from services.word.lists import Lists, mark_lists
from services.word.markers import Markers
from services.word.meanings import Meanings
from services.word.notes import KINDS as NOTE_KINDS
from services.word.notes import Notes
from services.word.ooxml import FOOTER_TYPE, HEADER_TYPE, MC, PACKAGE_RELS, R, W, r, w
from services.word.package import Package, Relationship, content_type, damaged, parse_xml, rels_name
from services.word.program import EndSlot, HeaderSlot, Program, RestoreSlot, SaveSlot, SectionSlot
from services.word.replace import FieldReplacer
from services.word.settings import clean_settings
from services.word.tables import mark_tables
from services.word.variables import link_variables

_COMMENT_PARTS = ("comments", "commentsExtended", "commentsIds", "commentsExtensible", "people")
_FALLBACK = f"{{{MC}}}Fallback"


@dataclass(frozen=True)
class HeaderPart:
    """A header or footer with fields: written once for each letter."""

    name: str
    relationship: Relationship
    kind: str
    program: Program
    relationships: bytes | None

    @property
    def content_type(self) -> str:
        """The part's content type."""
        return HEADER_TYPE if self.kind == "header" else FOOTER_TYPE


@dataclass(frozen=True)
class NotesPart:
    """Footnotes or endnotes: what stands before, for each letter, and behind."""

    name: str
    head: Program
    letter: Program
    tail: Program


@dataclass
class CompiledTemplate:
    """All that a merge needs. `package` holds the parts that every result shares."""

    package: Package
    head: Program = field(default_factory=list)
    letter: Program = field(default_factory=list)
    section: Program = field(default_factory=list)
    tail: Program = field(default_factory=list)
    headers: list[HeaderPart] = field(default_factory=list)
    notes: list[NotesPart] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list)
    id_count: int = 0
    lists: Lists = field(default_factory=Lists)


@dataclass
class _Part:
    """A part on its way: its tree, what it is called in messages, its relationship from the document, the outermost
    fields of each of its stories."""

    name: str
    kind: str
    root: Element
    relationship: Relationship | None = None
    dynamic: bool = False
    notes: Notes | None = None
    fields: list[tuple[Element, list[Field]]] = field(default_factory=list)


def compile_template(package: Package) -> CompiledTemplate:
    """Compile a template; raises TemplateError for a field that can't be understood."""
    return _Compiler(package).compile()


class _Compiler:
    def __init__(self, package: Package) -> None:
        self._package = package
        self._markers = Markers()
        self._identities = Identities(self._markers)
        self._kept: dict[str, Expression] = {}
        self._result = CompiledTemplate(package)
        settings = clean_settings(package)
        self._suppress_lines = settings.suppress_blank_lines
        self._document = self._read(package.document, "body")
        self._body = self._document.root.find(w("body"))
        if self._document.root.tag != w("document") or self._body is None:
            raise TemplateError(_l("This Word file has no text in it. Save the template in Word as .docx."))
        self._headers = self._related("header", "footer")
        self._notes = self._related(*NOTE_KINDS)
        self._refuse_shared_parts()

    def compile(self) -> CompiledTemplate:
        parts = [self._document, *self._headers, *self._notes]
        for part in parts:
            self._identities.collect_names(part.root)
        texts = BookmarkTexts(part.root for part in parts)
        for part in parts:
            self._find_fields(part, texts)
        link_variables(found for part in parts for _, fields in part.fields for found in fields)
        for part in parts:
            self._replace_fields(part)
        for part in parts:
            part.dynamic |= self._identities.mark(part.root, part.name)
        for note in self._notes:
            assert note.notes is not None
            note.notes.mark(self._markers, self._document.root)
        self._lists()
        self._sections()
        self._cut_document()
        self._cut_headers()
        self._cut_notes()
        self._drop_comments()
        self._result.id_count = self._identities.count
        return self._result

    def _read(self, name: str, kind: str, relationship: Relationship | None = None) -> _Part:
        root = parse_xml(self._package.parts[name], name)
        clean(root)
        notes = Notes.of(kind, name, root) if kind in NOTE_KINDS else None
        return _Part(name, kind, root, relationship, notes=notes)

    def _related(self, *kinds: str) -> list[_Part]:
        found = self._package.related(self._document.name, *kinds)
        return [self._read(relationship.target, relationship.kind, relationship) for relationship in found]

    def _refuse_shared_parts(self) -> None:
        """A part is one thing, and the document has its notes in one part of each kind: letters take both apart."""
        kinds = {(part.name, part.kind) for part in (self._document, *self._headers)}
        taken = [name for name, _ in kinds] + [note.name for note in self._notes]
        places = [note.kind for note in self._notes]
        if len(taken) > len(set(taken)) or len(places) > len(set(places)):
            raise damaged(rels_name(self._document.name), "a part is named twice")

    def _find_fields(self, part: _Part, texts: BookmarkTexts) -> None:
        told = [story for container in self._containers(part) for story in stories(container)]
        for story in told:
            texts.put(story, part.kind)
        part.fields = [(story, find_fields(story, part.kind)) for story in told]
        for story, fields in part.fields:
            if next(story.iterancestors(_FALLBACK), None) is None:
                self._result.fields += [inner for outer in fields for inner in outer.walk()]

    def _replace_fields(self, part: _Part) -> None:
        mark_tables(part.root, [outer for _, fields in part.fields for outer in fields], self._markers)
        replacer = FieldReplacer(self._markers, Meanings(part.kind, self._kept), part.root.prefix, part.kind)
        for _, fields in part.fields:
            replacer.replace(fields)
        if self._suppress_lines:
            mark_lines(part.root, replacer.value_runs, self._markers)
        every = (inner for _, fields in part.fields for outer in fields for inner in outer.walk())
        if any(inner.instruction.kind.startswith("NEXT") for inner in every):
            self._share_records(part.root)
        part.dynamic = replacer.replaced > 0

    def _containers(self, part: _Part) -> Iterable[Element]:
        if part is self._document:
            return [self._body]
        return part.notes.entries if part.notes else [part.root]

    def _share_records(self, root: Element) -> None:
        """A drawing is often there twice, for new and for old programs: both forms show the same records."""
        for element in root.iter(f"{{{MC}}}AlternateContent"):
            fallback = element.find(_FALLBACK)
            if fallback is not None and next(element.iterancestors(_FALLBACK), None) is None:
                element.insert(0, self._markers.slot(SaveSlot()))
                fallback.insert(0, self._markers.slot(RestoreSlot()))

    def _lists(self) -> None:
        numbering, styles = self._tree("numbering"), self._tree("styles")
        if numbering is not None:
            lists = mark_lists(self._body, *numbering, None if styles is None else styles[1], self._markers)
            self._result.lists = lists if lists.instances else Lists()

    def _tree(self, kind: str) -> tuple[str, Element] | None:
        """Name and tree of the part that the document has of that kind."""
        found = next(self._package.related(self._document.name, kind), None)
        return None if found is None else (found.target, parse_xml(self._package.parts[found.target], found.target))

    def _sections(self) -> None:
        found = sections.sections(self._body)
        blanks = {reference: self._blank_part(*reference) for reference in sections.missing_references(found)}
        sections.make_explicit(found, blanks)
        used = [note.notes for note in self._notes if note.notes and note.notes.places]
        sections.start_letter(found[0], notes=tuple(f"{notes.kind.removesuffix('s')}Pr" for notes in used))
        dynamic = [header for header in self._headers if header.dynamic and header.relationship]
        places = {header.relationship.id: place for place, header in enumerate(dynamic) if header.relationship}
        for section in found:
            for reference in section.iter(w("headerReference"), w("footerReference")):
                if reference.get(r("id")) in places:
                    slot = HeaderSlot(places[reference.get(r("id"))])
                    reference.set(r("id"), self._markers.attribute(slot))

    def _blank_part(self, tag: str, kind: str) -> str:
        """An empty header or footer for sections that must not inherit one; its relationship id."""
        name = "header" if tag == w("headerReference") else "footer"
        root = etree.Element(w("hdr" if name == "header" else "ftr"), nsmap={"w": W})
        etree.SubElement(root, w("p"))
        part = posixpath.join(posixpath.dirname(self._document.name), f"{name}Blank{kind.title()}.xml")
        self._package.parts[part] = etree.tostring(root, encoding="UTF-8", xml_declaration=True, standalone=True)
        self._package.types.append(content_type(part, HEADER_TYPE if name == "header" else FOOTER_TYPE))
        attributes = {"Id": f"{name}Blank{kind.title()}", "Type": f"{R}/{name}", "Target": posixpath.basename(part)}
        element = etree.Element(f"{{{PACKAGE_RELS}}}Relationship", attributes, nsmap={None: PACKAGE_RELS})
        added = Relationship(attributes["Id"], attributes["Type"], part, external=False, element=element)
        self._keep_relationships([*self._package.relationships(self._document.name), added])
        return added.id

    def _keep_relationships(self, kept: list[Relationship]) -> None:
        self._package.set_relationships(self._document.name, kept)

    def _cut_document(self) -> None:
        body, section = self._body, self._body.findall(w("sectPr"))[-1]
        body.remove(section)
        self._place_section()
        body.insert(0, self._markers.mark("cut"))
        body.append(self._markers.mark("cut"))
        body.append(section)
        section.addnext(self._markers.mark("cut"))
        self._result.head, self._result.letter, self._result.section, self._result.tail = self._programs(self._document)
        self._package.parts.pop(self._document.name)

    def _place_section(self) -> None:
        """Mark where the section properties go when another letter follows: in the last paragraph if it can be."""
        paragraph = sections.last_paragraph(self._body)
        marker = self._markers.slot(SectionSlot())
        # A branch of an IF may end the paragraph, or a table may repeat it: then there is no telling which is the last.
        if paragraph is None or any(self._markers.breaks(child) for child in paragraph) or self._is_repeated(paragraph):
            paragraph = etree.SubElement(self._body, w("p"))
        properties = sections.paragraph_properties(paragraph)
        change = properties.find(w("pPrChange"))
        if change is None:
            properties.append(marker)
        else:
            change.addprevious(marker)
        prefix = self._document.root.prefix
        paragraph.append(self._markers.slot(EndSlot(f"{prefix}:" if prefix else "")))

    def _is_repeated(self, paragraph: Element) -> bool:
        following = paragraph.getnext()
        return following is not None and self._markers.is_marker(following)

    def _programs(self, part: _Part) -> list[Program]:
        data = etree.tostring(part.root, encoding="UTF-8", xml_declaration=True, standalone=True)
        return self._markers.programs(data)

    def _cut_headers(self) -> None:
        for header in self._headers:
            if not header.dynamic or header.relationship is None:
                continue
            (program,) = self._programs(header)
            rels = self._package.parts.get(rels_name(header.name))
            self._result.headers.append(HeaderPart(header.name, header.relationship, header.kind, program, rels))
        gone = {header.name for header in self._result.headers}
        kept = [item for item in self._package.relationships(self._document.name) if item.target not in gone]
        self._keep_relationships(kept)
        for name in gone:
            self._package.drop(name)

    def _cut_notes(self) -> None:
        for note in self._notes:
            cut = self._programs(note)
            if len(cut) == 3:
                self._result.notes.append(NotesPart(note.name, *cut))
                self._package.parts.pop(note.name)

    def _drop_comments(self) -> None:
        """Comments are talk about the template; letters to customers must not carry them."""
        relationships = self._package.relationships(self._document.name)
        for gone in [item for item in relationships if item.kind in _COMMENT_PARTS and not item.external]:
            self._package.drop(gone.target)
        self._keep_relationships([item for item in relationships if item.kind not in _COMMENT_PARTS])


def copy_relationship(original: Relationship, new_id: str, target: str) -> Element:
    """A relationship like another one, to another part."""
    element = copy.deepcopy(original.element)
    element.set("Id", new_id)
    element.set("Target", target)
    return element
