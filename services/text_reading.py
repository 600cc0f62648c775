"""The words in a file, read from standard input: a program of its own, run by `services.document_text` with limits.

    python -I text_reading.py <content type> <most characters> <seconds>

It answers {"state", "text", "whole"} as JSON, the last of which says whether all of it could be read. What comes in is
whatever somebody sent: it may be made to take all of the memory and time there is, which here are this process's own.
It knows nothing of the rest of the program.
"""

import email.policy
import io
import json
import logging
import re
import resource
import signal
import sys
import zipfile
from email.parser import BytesParser
from html.parser import HTMLParser
from typing import IO, Any

MEMORY = 1 << 30
#: Bytes of one part of an archive, and how many parts are looked at.
MOST_OF_PART, MOST_PARTS, PIECE = 64 << 20, 300, 1 << 16
#: Bytes of a text that are looked at: what is kept of it is much less.
MOST_BYTES = 4 << 20
MOST_PAGES = 2_000
OFFICE = "application/vnd.openxmlformats-officedocument."
OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
MACROS = "application/vnd.ms-office.macro-enabled"
#: The parts of Office files that hold their words, in their order.
WORDS_IN = re.compile(r"word/(document|footnotes|endnotes|comments|header\d*|footer\d*)\.xml"
                      r"|xl/sharedStrings\.xml|xl/worksheets/[^/]+\.xml|ppt/slides/[^/]+\.xml|content\.xml")
#: Elements that end a line, and those that stand for a space.
LINES = frozenset(("p", "br", "tr", "row", "si", "h", "line-break"))
SPACES = frozenset(("tab", "s"))
#: Elements of a page after which a line ends.
BLOCKS = frozenset((
    "p", "div", "tr", "li", "td", "th", "br", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "section",
    "article", "title",
))  # fmt: skip
ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")


class Encrypted(Exception):
    """It is protected by a password."""


class OutOfTime(BaseException):
    """What has been read until now is all. No library that takes errors lightly takes this one."""


class Found:
    """The text as far as it has been read."""

    def __init__(self, most: int) -> None:
        self.most, self.size = most, 0
        self.parts: list[str] = []

    @property
    def full(self) -> bool:
        return self.size >= self.most

    def add(self, text: str) -> None:
        """Take one more piece, as far as there is room for it."""
        if text and not self.full:
            self.parts.append(text[: self.most - self.size])
            self.size += len(self.parts[-1])

    @property
    def text(self) -> str:
        whole = "".join(self.parts).replace("\x00", " ")
        clean = whole.encode("utf-8", "replace").decode("utf-8")
        lines = (" ".join(line.split()) for line in clean.splitlines())
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()[: self.most]


def read(content_type: str, stream: IO[bytes], found: Found) -> None:
    """Read the words of a content of this type into `found`. Raises Encrypted and whatever damaged content leads to."""
    if content_type == "application/pdf":
        read_pdf(stream, found)
    elif content_type.startswith((OFFICE, OPEN_DOCUMENT)) or content_type == MACROS:
        read_archive(stream, found)
    elif content_type == "application/zip":
        read_letters(stream, found)
    elif content_type == "message/rfc822":
        read_mail(stream.read(MOST_BYTES), found)
    elif content_type == "text/html":
        read_html(as_text(stream.read(MOST_BYTES)), found)
    elif content_type.startswith("text/"):
        found.add(as_text(stream.read(MOST_BYTES)))
    elif content_type == "application/x-ole-storage" and ENCRYPTED_PACKAGE in stream.read(MOST_BYTES):
        raise Encrypted


def as_text(data: bytes) -> str:
    for encoding in ("utf-8-sig", "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            # Cut in the middle of a sign, all but its last bytes are as they should be.
            pass
    return data.decode("utf-8", "ignore") if len(data) == MOST_BYTES else data.decode("cp1252", "replace")


def read_pdf(stream: IO[bytes], found: Found) -> None:
    from pypdf import PdfReader

    logging.disable(logging.CRITICAL)
    reader = PdfReader(stream, strict=False)
    if reader.is_encrypted and not reader.decrypt(""):
        raise Encrypted
    for place, page in enumerate(reader.pages):
        if place >= MOST_PAGES or found.full:
            return
        found.add(page_text(page) + "\n\n")


def page_text(page: Any) -> str:
    try:
        return str(page.extract_text())
    except MemoryError:
        raise
    except Exception:  # boundary: a page that can't be read must not hide the others  # noqa: BLE001
        return ""


def read_archive(stream: IO[bytes], found: Found) -> None:
    with zipfile.ZipFile(stream) as archive:
        parts = [one for one in archive.infolist() if WORDS_IN.fullmatch(one.filename)][:MOST_PARTS]
        if any(one.flag_bits & 1 for one in parts):
            raise Encrypted
        for part in sorted(parts, key=lambda one: (not one.filename.endswith("document.xml"), one.filename)):
            with archive.open(part) as content:
                read_xml(content, found, mixed=part.filename == "content.xml")
            if found.full:
                return


def read_letters(stream: IO[bytes], found: Found) -> None:
    """Read the documents in a zip, such as one of letters, each with its name."""
    with zipfile.ZipFile(stream) as archive:
        for entry in archive.infolist():
            found.add(f"\n{entry.filename}\n")
            reader = next((read for end, read in INSIDE.items() if entry.filename.endswith(end)), None)
            if reader is not None:
                with archive.open(entry) as content:
                    reader(io.BytesIO(content.read(MOST_OF_PART)), found)
            if found.full:
                return


class Pieces:
    """Hears the elements of a part and takes the text of those that hold words: no tree of it is built.

    The words of Office files stand in <t>; those of OpenDocument stand in paragraphs and what is in them (`mixed`).
    """

    def __init__(self, found: Found, *, mixed: bool) -> None:
        self.found, self.holders, self.inside = found, ("p", "h") if mixed else ("t",), 0

    def start(self, tag: str, attributes: object) -> None:
        name = tag.rpartition("}")[2]
        self.inside += name in self.holders
        if name in SPACES:
            self.found.add(" ")

    def end(self, tag: str) -> None:
        name = tag.rpartition("}")[2]
        self.inside -= name in self.holders
        if name in LINES:
            self.found.add("\n")

    def data(self, text: str) -> None:
        if self.inside:
            self.found.add(text)

    def close(self) -> None:
        """The end; what was found has been told."""


def read_xml(content: IO[bytes], found: Found, *, mixed: bool) -> None:
    """The words of a part; no entity is resolved and nothing is fetched."""
    from lxml import etree

    parser = etree.XMLParser(target=Pieces(found, mixed=mixed), resolve_entities=False, no_network=True, load_dtd=False,
                             huge_tree=False)  # fmt: skip
    taken = 0
    while not found.full and taken < MOST_OF_PART and (piece := content.read(PIECE)):
        taken += len(piece)
        parser.feed(piece)


def read_mail(data: bytes, found: Found) -> None:
    mail = BytesParser(policy=email.policy.default).parsebytes(data)
    for name in ("subject", "from", "to", "cc", "date"):
        found.add(f"{mail.get(name, '')}\n")
    for part in mail.walk():
        if part.get_content_maintype() != "text" or part.is_multipart():
            if part.get_filename():
                found.add(f"{part.get_filename()}\n")
            continue
        payload = part.get_payload(decode=True)
        text = as_text(payload if isinstance(payload, bytes) else b"")
        if part.get_content_subtype() == "html":
            read_html(text, found)
        else:
            found.add(text + "\n")


class Words(HTMLParser):
    """The words of a page without what runs or paints."""

    def __init__(self, found: Found) -> None:
        super().__init__(convert_charrefs=True)
        self.found, self.silent = found, 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.silent += tag in ("script", "style")
        if tag in BLOCKS:
            self.found.add("\n")

    def handle_endtag(self, tag: str) -> None:
        self.silent = max(0, self.silent - (tag in ("script", "style")))
        if tag in BLOCKS:
            self.found.add("\n")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.found.add(data)


def read_html(text: str, found: Found) -> None:
    Words(found).feed(text)


INSIDE = {".docx": read_archive, ".pdf": read_pdf}


def limit(seconds: int) -> None:
    """Hold this process to its memory and time; at the end of that it still says what it has read."""

    def stop(number: int, frame: object) -> None:
        raise OutOfTime

    signal.signal(signal.SIGXCPU, stop)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def main(content_type: str, most: str, seconds: str) -> dict[str, Any]:
    limit(int(seconds))
    found, state = Found(int(most)), "read"
    try:
        read(content_type, sys.stdin.buffer, found)
    except Encrypted:
        state = "encrypted"
    except (OutOfTime, Exception):  # boundary: damage may lead the libraries to any error  # noqa: BLE001
        state = "damaged"
    text, whole = found.text, state == "read" and not found.full
    if state in ("read", "damaged") and text:
        # What could be read of it is better than nothing.
        state = "read"
    return {"state": "none" if state == "read" and not text else state, "text": text, "whole": whole}


if __name__ == "__main__":
    json.dump(main(*sys.argv[1:]), sys.stdout)
