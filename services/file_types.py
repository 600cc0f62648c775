"""What a file is by its content, whatever its name and whoever sent it say."""

import codecs
import re
import struct
import zipfile
import zlib
from collections.abc import Collection
from typing import IO

import filetype

from models.file_types import (
    DOCX,
    EMAIL,
    HTML,
    JAR,
    MACROS,
    ODP,
    ODS,
    ODT,
    OLE,
    PPTX,
    SCRIPT,
    SVG,
    TEXT,
    UNKNOWN,
    XLSX,
    ZIP,
)

#: So many bytes tell of what kind a file is.
HEAD = 8_192
#: The list of what is in an archive stands at its end. One that is longer is looked at no further.
TAIL, MOST_OF_LIST = 66_000, 2 << 20
LIST_END = b"PK\x05\x06"
OLE_BEGIN = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: What tells the formats apart that are ZIP archives, the first that is there.
MARKS = (
    ("word/document.xml", DOCX), ("xl/workbook.xml", XLSX), ("ppt/presentation.xml", PPTX),
    ("META-INF/MANIFEST.MF", JAR),
)  # fmt: skip
OPEN_DOCUMENTS = {kind.encode(): kind for kind in (ODT, ODS, ODP)}
BEGINS_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|script|iframe|img|svg|meta|title|table|div|a)\b", re.I)
MAIL_LINE = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}:[ \t]?.*")
#: How much of a text in an older encoding is ASCII.
MOSTLY = 0.7
#: Lines that a mail begins with; two different ones of them are there in each.
MAIL_NAMES = frozenset(("from", "to", "date", "subject", "received", "message-id", "mime-version", "return-path"))


def content_type(head: bytes) -> str:
    """What a file is by its first bytes (HEAD of them)."""
    found = filetype.guess(head)
    if found is None and head.startswith(OLE_BEGIN):
        return OLE
    # A picture or sound with a page in it is still what its first bytes are: that is what a program opens it as.
    return str(found.mime) if found is not None else text_type(head)


def text_type(head: bytes) -> str:
    """What kind of text it is; UNKNOWN for what is none."""
    try:
        # Step by step, for the last character may be cut.
        coding = "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"
        text = codecs.getincrementaldecoder(coding)().decode(head)
    except UnicodeDecodeError:
        text = head.decode("latin-1")
        plain = sum(char.isascii() and (char.isprintable() or char in "\t\n\r\f") for char in text)
        if plain < MOSTLY * len(text) or any("\x7f" <= char <= "\x9f" or char < "\t" for char in text):
            return UNKNOWN
    if "\x00" in text:
        return UNKNOWN
    if text.startswith("#!"):
        return SCRIPT
    if re.search(r"<svg[\s>]", text, re.IGNORECASE) and text.lstrip("\ufeff \t\r\n").startswith("<"):
        return SVG
    if BEGINS_HTML.search(head):
        return HTML
    return EMAIL if looks_like_mail(text) else TEXT


def looks_like_mail(text: str) -> bool:
    """Whether a text begins with the lines of a mail's head (RFC 5322)."""
    names: set[str] = set()
    for line in text.splitlines():
        if line[:1] in (" ", "\t") and names:
            continue
        if not MAIL_LINE.fullmatch(line):
            break
        names.add(line.partition(":")[0].lower())
    return len(names & MAIL_NAMES) >= 2


def whole_type(head: bytes, content: IO[bytes], size: int) -> str:
    """What a file is: of an archive also by what is in it. `content` is seekable and of `size` bytes."""
    found = content_type(head)
    return archive_type(head, content, size, found) if head.startswith(b"PK\x03\x04") else found


def archive_type(head: bytes, content: IO[bytes], size: int, found: str) -> str:
    """The type of a ZIP archive by the names in it; nothing is unpacked."""
    mimetype = re.match(rb"PK\x03\x04.{26}mimetype(application/vnd\.oasis\.opendocument\.[a-z]+)", head, re.DOTALL)
    if mimetype and mimetype[1] in OPEN_DOCUMENTS:
        return OPEN_DOCUMENTS[mimetype[1]]
    names = names_in(content, size)
    if any(name.rpartition("/")[2].lower() == "vbaproject.bin" for name in names):
        return MACROS
    return next((kind for mark, kind in MARKS if mark in names), ZIP if found in (DOCX, XLSX, PPTX, UNKNOWN) else found)


def names_in(content: IO[bytes], size: int) -> Collection[str]:
    """The names in a ZIP archive; none of one that is damaged or holds very many."""
    content.seek(max(0, size - TAIL))
    tail = content.read(TAIL)
    place = tail.rfind(LIST_END)
    if place < 0 or len(tail) < place + 22 or struct.unpack("<L", tail[place + 12 : place + 16])[0] > MOST_OF_LIST:
        return ()
    try:
        with zipfile.ZipFile(content) as archive:
            return frozenset(archive.namelist())
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, struct.error):
        return ()
