"""The package of a Word file: taken apart only after it is known to be safe, with its parts and relationships."""

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO

from flask_babel import lazy_gettext as _l
from lxml import etree
from lxml.etree import _Element as Element

from services.word.errors import TemplateError
from services.word.ooxml import CONTENT_TYPES, DOCUMENT_TYPE, PACKAGE_RELS, STRICT_NAMES, TEMPLATE_TYPE

MAX_TOTAL = 50 * 1024 * 1024
MAX_PART = 20 * 1024 * 1024
MAX_ENTRIES = 2_000
MAX_TAGS = 500_000

_OLE = b"\xd0\xcf\x11\xe0"
_DRIVE = re.compile(r"^[A-Za-z]:")
_STRICT_ROOT = b"http://purl.oclc.org/ooxml/"
_STRICT_PATTERN = re.compile(b"|".join(re.escape(old.encode()) for old, _ in STRICT_NAMES))
_STRICT_MAP = {old.encode(): new.encode() for old, new in STRICT_NAMES}
TYPES_NAME = "[Content_Types].xml"


@dataclass(frozen=True)
class Relationship:
    """One relationship of a part; `target` is the other part's name, or an address outside."""

    id: str
    type: str
    target: str
    external: bool
    element: Element

    @property
    def kind(self) -> str:
        """The last word of the type: "header", "footnotes"."""
        return self.type.rpartition("/")[2]


@dataclass
class Package:
    """The parts of a Word file by name, without a leading slash."""

    parts: dict[str, bytes]
    types: Element
    document: str = ""
    _relationships: dict[str, list[Relationship]] = field(default_factory=dict)

    def relationships(self, part: str) -> list[Relationship]:
        """A part's relationships; "" is the package itself."""
        if part not in self._relationships:
            name = rels_name(part)
            root = parse_xml(self.parts[name], name) if name in self.parts else ()
            found = [_relationship(part, element) for element in root if element.get("Id")]
            if len({relationship.id for relationship in found}) < len(found):
                raise damaged(name, "an Id is there twice")
            self._relationships[part] = found
        return self._relationships[part]

    def related(self, part: str, *kinds: str) -> Iterator[Relationship]:
        """The relationships of those kinds to parts that exist."""
        for relationship in self.relationships(part):
            if relationship.kind in kinds and not relationship.external and relationship.target in self.parts:
                yield relationship

    def drop(self, part: str) -> None:
        """Take a part out with its relationships and its content type."""
        self.parts.pop(part, None)
        self.parts.pop(rels_name(part), None)
        for override in self.overrides(part):
            self.types.remove(override)

    def overrides(self, part: str) -> list[Element]:
        """The content type entries made for that part alone."""
        return [item for item in self.types if (item.get("PartName") or "").lstrip("/").lower() == part.lower()]

    def content_type(self, part: str) -> str:
        """A part's content type: its own entry, else that of its extension."""
        own = self.overrides(part)
        extension = part.rpartition(".")[2].lower()
        shared = [item for item in self.types if (item.get("Extension") or "").lower() == extension]
        return next((item.get("ContentType") or "" for item in (*own, *shared)), "")

    def set_relationships(self, part: str, kept: list[Relationship]) -> None:
        """Write a part's relationships anew; none left leaves no relationships part but the document's."""
        self._relationships[part] = kept
        if kept or part == self.document:
            self.parts[rels_name(part)] = relationships_xml(kept)
        else:
            self.parts.pop(rels_name(part), None)


def rels_name(part: str) -> str:
    """Where a part's relationships stand; "" is the package itself."""
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", name + ".rels")


def relationships_xml(relationships: list[Relationship]) -> bytes:
    """A relationships part."""
    root = etree.Element(f"{{{PACKAGE_RELS}}}Relationships", nsmap={None: PACKAGE_RELS})
    root.extend(relationship.element for relationship in relationships)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, standalone=True)


def _relationship(part: str, element: Element) -> Relationship:
    target, external = element.get("Target") or "", element.get("TargetMode") == "External"
    if not external:
        folder = posixpath.dirname(part)
        target = posixpath.normpath(posixpath.join("/" + folder, target)).lstrip("/")
    return Relationship(element.get("Id"), element.get("Type") or "", target, external, element)


def parse_xml(data: bytes, name: str) -> Element:
    """A part's tree, without comments and processing instructions; nothing is fetched, no entity is resolved.

    Raises TemplateError for what is no XML, has a document type, or is too deep or too full.
    """
    if b"<!DOCTYPE" in data or b"<!DOCTYPE" in data.replace(b"\0", b""):
        raise _refused(_l("the part %(part)s has a document type declaration, which Word files never have", part=name))
    if data.count(b"<") > MAX_TAGS * 2:
        raise _refused(_l("the part %(part)s is too large", part=name))
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        if "depth" in str(error).lower():
            raise _refused(_l("the part %(part)s is nested too deeply", part=name)) from error
        raise damaged(name, str(error)) from error
    # With some other fault beside it (xml:space=""), the parser lets a prefix pass that is not declared.
    undeclared = next((entry for entry in parser.error_log if entry.domain == etree.ErrorDomains.NAMESPACE), None)
    if undeclared is not None:
        raise damaged(name, undeclared.message)
    if root.getroottree().docinfo.internalDTD is not None:
        raise _refused(_l("the part %(part)s has a document type declaration, which Word files never have", part=name))
    return root


def damaged(name: str, detail: str) -> TemplateError:
    """The error for a part that is not as Word writes it."""
    return _refused(_l("the part %(part)s is damaged (%(detail)s)", part=name, detail=detail))


def _refused(reason: object) -> TemplateError:
    return TemplateError(
        _l("This Word file can't be used: %(reason)s. Open it in Word, save it as .docx and try again.", reason=reason)
    )


def _unreadable(reason: object) -> TemplateError:
    return TemplateError(
        _l("This is not a readable Word file: %(reason)s. Save the template in Word as .docx.", reason=reason)
    )


def read_package(data: bytes) -> Package:
    """Take a Word file apart after checking it.

    Raises TemplateError for anything that is no Word document or template, is damaged, holds macros, or would
    unpack to more than the limits of this module.
    """
    parts = _read_parts(data)
    if TYPES_NAME not in parts:
        raise _unreadable(_l("it is a zip file of something else"))
    for name, content in parts.items():
        if _is_xml(name):
            parts[name] = content = _transitional(content)
            parse_xml(content, name)
    types = parse_xml(parts.pop(TYPES_NAME), TYPES_NAME)
    package = Package(parts, types)
    _refuse_macros(package)
    package.document = _main_part(package)
    return package


def _is_xml(name: str) -> bool:
    return name.lower().endswith((".xml", ".rels", ".vml"))


def _transitional(data: bytes) -> bytes:
    """ISO strict names as the transitional ones that this package and every Word version read."""
    if _STRICT_ROOT not in data:
        return data
    return _STRICT_PATTERN.sub(lambda match: _STRICT_MAP[match[0]], data)


def _read_parts(data: bytes) -> dict[str, bytes]:
    if not data:
        raise _unreadable(_l("it is empty"))
    if data.startswith(b"%PDF"):
        raise _unreadable(_l("it is a PDF file"))
    if data.startswith(_OLE):
        raise _unreadable(_l("it is in the old .doc format or protected with a password"))
    if not data.startswith(b"PK"):
        raise _unreadable(_l("it is some other kind of file"))
    if len(data) > MAX_TOTAL:
        raise _refused(_l("it is larger than %(size)d MB", size=MAX_TOTAL // 1024**2))
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
            if not all(entry.filename for entry in entries):
                raise zipfile.BadZipFile("an entry has no name")
            entries = [entry for entry in entries if not entry.is_dir()]
            _check_entries(entries)
            return {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise _unreadable(_l("it is damaged or cut short")) from error


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    """Look at what the archive declares, before anything is unpacked; reading stops at the declared size."""
    if len(entries) > MAX_ENTRIES:
        raise _refused(_l("it has more than %(count)d parts", count=MAX_ENTRIES))
    if sum(entry.file_size for entry in entries) > MAX_TOTAL:
        raise _refused(_l("it unpacks to more than %(size)d MB", size=MAX_TOTAL // 1024**2))
    names = {entry.filename.lower() for entry in entries}
    if len(names) < len(entries):
        raise _refused(_l("it holds a part twice"))
    for entry in entries:
        _check_entry(entry)


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = entry.orig_filename
    if name.startswith(("/", "\\")) or "\\" in name or ".." in name.split("/") or _DRIVE.match(name) or "\0" in name:
        raise _refused(_l("it names a place outside itself (%(name)s)", name=name))
    if entry.file_size > MAX_PART:
        raise _refused(_l("the part %(part)s is larger than %(size)d MB", part=name, size=MAX_PART // 1024**2))
    if entry.flag_bits & 0x1:
        raise _refused(_l("it is protected with a password"))
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refused(_l("it is packed in a way that Word does not use"))


def _refuse_macros(package: Package) -> None:
    types = {(item.get("ContentType") or "").lower() for item in package.types}
    if any("macroenabled" in kind or "vbaproject" in kind for kind in types) or any(
        name.lower().endswith("vbaproject.bin") for name in package.parts
    ):
        raise TemplateError(
            _l("This Word file holds macros, which are not accepted. Save it in Word as .docx, without macros.")
        )


def _main_part(package: Package) -> str:
    """The document's name; a template's content type becomes a document's."""
    for relationship in package.related("", "officeDocument"):
        if package.content_type(relationship.target) in (DOCUMENT_TYPE, TEMPLATE_TYPE):
            for override in package.overrides(relationship.target):
                package.types.remove(override)
            package.types.append(content_type(relationship.target, DOCUMENT_TYPE))
            return relationship.target
        raise _unreadable(_l("it is a file of another program, such as Excel or PowerPoint"))
    raise _unreadable(_l("it holds no document"))


def content_type(name: str, kind: str) -> Element:
    """A content type entry for one part."""
    attributes = {"PartName": "/" + name, "ContentType": kind}
    return etree.Element(f"{{{CONTENT_TYPES}}}Override", attributes, nsmap={None: CONTENT_TYPES})
