"""Taking in a mailing's HTML from a file: a page, or a zip with its pictures and style sheets."""

import base64
import binascii
import codecs
import posixpath
import re
import stat
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from io import BytesIO
from typing import IO, Any
from urllib.parse import unquote

import css_inline
from flask_babel import lazy_gettext as _l

from models.mail_html import TooComplex, clean_mail, without_styles
from models.rights import Access
from services.mailings.content import INLINER
from services.mailings.drafts import REGISTER, get_draft
from services.mailings.errors import UploadProblem
from services.mailings.pictures import Picture, keep_pictures, read_picture
from services.records import update_record

Raw = dict[str, Any]
MOST_BYTES = 20 << 20
MOST_FILES = 300
MOST_UNPACKED = 40 << 20
MOST_HTML = 2 << 20
PAGES = (".html", ".htm")
STYLES = (".css",)
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp")
ARCHIVES = (".zip", ".rar", ".7z", ".gz", ".tar", ".tgz", ".bz2", ".xz")
CHARSET = re.compile(rb"<meta[^<>]+charset\s*=\s*[\"']?\s*([\w-]{2,40})", re.IGNORECASE)
#: Encodings of text in which pages come; what else a page says of itself is not believed.
ENCODINGS = {"utf-8", "iso8859-1", "iso8859-15", "cp1250", "cp1251", "cp1252", "ascii"}
MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
SOURCE = re.compile(r"(<img\b[^<>]*?\ssrc\s*=\s*)(\"[^\"]*\"|'[^']*'|[^\s>\"']+)", re.IGNORECASE)
CSS_URL = re.compile(r"url\(\s*([\"']?)([^\"')]{1,500})\1\s*\)", re.IGNORECASE)
SHEET_LINK = re.compile(r"<link\b[^<>]*>", re.IGNORECASE)
HREF = re.compile(r"\shref\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))", re.IGNORECASE)
BY_ID = re.compile(r"#[A-Za-z][^{};]{0,200}\{")
DATA = re.compile(r"data:image/(?:png|jpe?g|gif|webp);base64,(.*)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Imported:
    """What came of an upload: the mailing (raw), how many pictures came along, and what was left out, by name."""

    mailing: Raw
    pictures: int
    left_out: tuple[str, ...]


@dataclass
class Bundle:
    """A page with the files that came with it, by their paths."""

    html: str
    folder: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)

    def find(self, address: str) -> bytes | None:
        """The file that an address within the page means."""
        path = posixpath.normpath(posixpath.join(self.folder, unquote(address.partition("?")[0].partition("#")[0])))
        return self.files.get(path.casefold())


def import_html(access: Access, mailing_id: Any, stream: IO[bytes], name: str) -> Imported:
    """Put an uploaded page (.html, or a .zip with its pictures) in the place of a draft's content.

    All of it is looked at before anything is written; nothing is fetched from anywhere. Raises RecordNotFound,
    NotAllowed, MailingProblem, UploadProblem, ValidationFailed, VersionConflict.
    """
    raw = get_draft(access, mailing_id)
    content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise UploadProblem(_l("The file is too large: at most %(max)s MB.", max=MOST_BYTES >> 20))
    bundle = unpacked(content) if zipfile.is_zipfile(BytesIO(content)) else Bundle(page_text(content))
    taken = Taken(bundle)
    html = taken.html()
    files = keep_pictures(access, raw, list(taken.pictures.values()))
    for key, file in zip(taken.pictures, files, strict=True):
        html = html.replace(f"cid:{key}", f"cid:{file['_id']}")
    held = list(raw.get("pictures") or ())
    saved = update_record(
        access, REGISTER, raw["_id"],
        {"html": html, "pictures": list(dict.fromkeys([*held, *(file["_id"] for file in files)]))},
        version=raw["version"],
    )  # fmt: skip
    return Imported(saved, len(taken.pictures), tuple(dict.fromkeys(taken.left_out)))


# The page


def page_text(content: bytes) -> str:
    """The text of a page, in the encoding that it says it has. Raises UploadProblem."""
    if len(content) > MOST_HTML:
        raise UploadProblem(_l("The page is too large: at most %(max)s MB of HTML.", max=MOST_HTML >> 20))
    encoding = next((name for mark, name in MARKS if content.startswith(mark)), "") or said_encoding(content)
    try:
        text = content.decode(encoding).lstrip("\ufeff")
    except UnicodeDecodeError as error:
        raise UploadProblem(_l("The page's characters can't be read. Save it as UTF-8 and upload it again.")) from error
    if "\x00" in text or not re.search(r"<[a-z!]", text, re.IGNORECASE):
        raise UploadProblem(_l("This is not an HTML page. Upload an .html file, or a .zip with one and its pictures."))
    return text


def said_encoding(content: bytes) -> str:
    found = CHARSET.search(content[:4_096])
    try:
        name = codecs.lookup(found.group(1).decode("ascii")).name if found else "utf-8"
    except LookupError:
        name = "utf-8"
    # What calls itself Latin-1 is Windows' larger set, as browsers know.
    return {"iso8859-1": "cp1252", "ascii": "cp1252"}.get(name, name) if name in ENCODINGS else "utf-8"


# The zip


def unpacked(content: bytes) -> Bundle:
    """The page in a zip, with the pictures and style sheets beside it. Raises UploadProblem."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            files = read_files(archive)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError
            ) as error:  # fmt: skip
        raise UploadProblem(_l("The zip can't be read: it is damaged or has a password.")) from error
    pages = sorted((path for path in files if path.endswith(PAGES)), key=lambda path: path.count("/"))
    named = [path for path in pages if posixpath.basename(path).startswith("index.")]
    if not pages or (len(pages) > 1 and not named):
        raise UploadProblem(_l("The zip must hold one page: an .html file, or several of which one is index.html."))
    page = (named or pages)[0]
    return Bundle(page_text(files[page]), posixpath.dirname(page), files)


def read_files(archive: zipfile.ZipFile) -> dict[str, bytes]:
    """What of a zip a page may need, by path in small letters. What the zip says of its sizes is not believed."""
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MOST_FILES:
        raise UploadProblem(_l("The zip holds too many files: at most %(max)s.", max=MOST_FILES))
    found: dict[str, bytes] = {}
    left = MOST_UNPACKED
    for entry in entries:
        path = checked_path(entry)
        if path.endswith((*PAGES, *STYLES, *PICTURES)) and not path.startswith("__macosx/"):
            with archive.open(entry) as file:
                found[path] = file.read(left + 1)
            left -= len(found[path])
            if left < 0:
                raise UploadProblem(_l("The zip holds more than %(max)s MB.", max=MOST_UNPACKED >> 20))
    return found


def checked_path(entry: zipfile.ZipInfo) -> str:
    """Raises UploadProblem for a name that leads out of the zip, a link, or a zip within the zip."""
    name = entry.filename
    parts = name.split("/")
    odd = "\\" in entry.orig_filename or name.startswith("/") or ".." in parts or ":" in parts[0] or "\x00" in name
    if odd or stat.S_ISLNK(entry.external_attr >> 16):
        raise UploadProblem(_l("The zip holds a file whose name leads elsewhere: “%(name)s”. Pack it anew.",
                               name=name[:80]))  # fmt: skip
    if name.lower().endswith(ARCHIVES):
        raise UploadProblem(_l("The zip holds another archive: “%(name)s”. Pack the page and its pictures alone.",
                               name=name[:80]))  # fmt: skip
    return posixpath.normpath(name).casefold()


# What the page refers to


class Taken:
    """A page's HTML with its own pictures as "cid:…" of provisional names, and the pictures by those names."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.pictures: dict[str, Picture] = {}
        self.left_out: list[str] = []
        self._cid_of: dict[str, str] = {}

    def html(self) -> str:
        """Raises UploadProblem for a picture that is none."""
        html = SHEET_LINK.sub(self.sheet, self.bundle.html)
        html = CSS_URL.sub(self.background, html)
        html = SOURCE.sub(self.source, html)
        if any(BY_ID.search(styles) for styles in without_styles(html)[0]):
            # Elements lose their ids when they are saved: what is said of them is put on them before.
            html = inlined(html)
        return html

    def sheet(self, found: re.Match[str]) -> str:
        """A style sheet that came along, in the place of the link to it; any other is left out, and never fetched."""
        if "stylesheet" not in found.group(0).lower():
            return ""
        said = HREF.search(found.group(0))
        address = unescape(next(filter(None, said.groups()), "")) if said else ""
        content = self.bundle.find(address)
        if content is None:
            self.left_out.append(address[:80])
            return ""
        styles = content.decode("utf-8", "replace").replace("<", "")
        return f"<style>{styles}</style>"

    def background(self, found: re.Match[str]) -> str:
        cid = self.cid(found.group(2).strip())
        return f"url(cid:{cid})" if cid else found.group(0)

    def source(self, found: re.Match[str]) -> str:
        address = unescape(found.group(2).strip("\"'")).strip()
        cid = self.cid(address)
        return f'{found.group(1)}"cid:{cid}"' if cid else found.group(0)

    def cid(self, address: str) -> str:
        """The provisional name of the picture at an address of the page; "" for one that does not come along."""
        if address not in self._cid_of:
            self._cid_of[address] = self.take(address)
        return self._cid_of[address]

    def take(self, address: str) -> str:
        if data := DATA.fullmatch(address):
            content = decoded(data.group(1))
        else:
            content = self.bundle.find(address)
        if content is None:
            if not address.lower().startswith(("https://", "cid:")):
                self.left_out.append(address[:80])
            return ""
        name = "picture" if data else posixpath.basename(address)
        key = f"upload-{len(self.pictures)}.end"
        self.pictures[key] = read_picture(name, BytesIO(content))
        return key


def decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def inlined(html: str) -> str:
    """Cleaned HTML with its styles on its elements. Raises UploadProblem."""
    try:
        return INLINER.inline(clean_mail(html, ids=True))
    except (TooComplex, css_inline.InlineError) as error:
        raise UploadProblem(_l("The page has too many elements for an e-mail, or too many within one another. "
                               "Make it simpler.")) from error  # fmt: skip


