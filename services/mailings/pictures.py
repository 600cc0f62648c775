"""Pictures of mailings: looked at before they are kept, made as small as a mail needs, sent along by their ids."""

import struct
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import IO, Any

import filetype
from bson import ObjectId
from flask_babel import lazy_gettext as _l
from PIL import Image, ImageOps, UnidentifiedImageError

from models.files import StoredFile
from models.registers import REGISTERS
from models.rights import Access
from services.attachments import ATTACHMENT
from services.files import add_file, clean_name, keep_content, new_file, open_content
from services.mailings.drafts import REGISTER, get_draft, get_mailing
from services.mailings.errors import UploadProblem
from services.records import RecordNotFound, VersionConflict, update_record

Raw = dict[str, Any]
#: Content type -> the format's name, and its ending.
TYPES = {"image/png": ("PNG", ".png"), "image/jpeg": ("JPEG", ".jpg"), "image/gif": ("GIF", ".gif"),
         "image/webp": ("WEBP", ".webp")}  # fmt: skip
MOST_BYTES = 10 << 20
MOST_PIXELS = 25_000_000
#: A wider picture is made so wide: mail programs show no more, sharp screens included.
WIDEST = 1_200
#: What can't be made smaller (a moving picture) may have so many bytes.
MOST_MOVING = 3 << 20
MOST_PICTURES = 100
MOST_ATTEMPTS = 5
QUALITY = 85
#: What reading damaged pictures raises.
DAMAGED = (UnidentifiedImageError, Image.DecompressionBombError, OSError, EOFError, ValueError, SyntaxError, Warning,
           struct.error, zlib.error, LookupError, TypeError, ArithmeticError)  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """A picture that was looked at: what is kept of it."""

    name: str
    content_type: str
    content: bytes


# Looking at one


def read_picture(name: str, stream: IO[bytes]) -> Picture:
    """What to keep of an uploaded picture: told by its content alone, without what a camera wrote into it (such as the
    place), no wider than WIDEST. Raises UploadProblem."""
    content = stream.read(MOST_BYTES + 1)
    name = clean_name(name)
    if len(content) > MOST_BYTES:
        raise UploadProblem(_l("“%(name)s” is too large: at most %(max)s MB. Make it smaller.",
                               name=name[:80], max=MOST_BYTES >> 20))  # fmt: skip
    found = filetype.guess(content[:8_192])
    if found is None or found.mime not in TYPES:
        raise UploadProblem(_l("“%(name)s” is not a picture that mail programs show. Use PNG, JPEG, GIF or WebP.",
                               name=name[:80]))  # fmt: skip
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return as_kept(name, found.mime, content)
    except DAMAGED as error:
        raise UploadProblem(_l("“%(name)s” can't be read as a picture: it is damaged.", name=name[:80])) from error


def as_kept(name: str, content_type: str, content: bytes) -> Picture:
    """Raises UploadProblem, and what Pillow raises for a damaged one."""
    with Image.open(BytesIO(content), formats=[TYPES[content_type][0]]) as image:
        if image.width * image.height > MOST_PIXELS:
            raise UploadProblem(_l("“%(name)s” has too many pixels: at most %(max)s million. Make it smaller.",
                                   name=name[:80], max=MOST_PIXELS // 1_000_000))  # fmt: skip
        if getattr(image, "n_frames", 1) > 1:
            if len(content) > MOST_MOVING:
                raise UploadProblem(_l("“%(name)s” moves and is larger than %(max)s MB, which mail programs may not "
                                       "show. Make it smaller.", name=name[:80], max=MOST_MOVING >> 20))  # fmt: skip
            return Picture(name, content_type, content)
        image.load()
        return redrawn(name, content_type, content, image)


def redrawn(name: str, content_type: str, content: bytes, image: Image.Image) -> Picture:
    """The picture turned the right way up, narrow enough, and in a format that every mail program knows."""
    form = TYPES[content_type][0]
    if form == "WEBP":
        form = "PNG" if "A" in image.getbands() else "JPEG"
    if form == TYPES[content_type][0] and image.width <= WIDEST and form != "JPEG":
        return Picture(name, content_type, content)
    drawn = ImageOps.exif_transpose(image)
    if drawn.width > WIDEST:
        # Colours of a palette can't be mixed.
        drawn = drawn.convert("RGBA") if drawn.mode in ("P", "LA", "PA") else drawn
        drawn = drawn.resize((WIDEST, max(1, drawn.height * WIDEST // drawn.width)), Image.Resampling.LANCZOS)
    if form == "GIF":
        form = "PNG"
    if form == "JPEG":
        drawn = drawn if drawn.mode in ("RGB", "L") else drawn.convert("RGB")
    out = BytesIO()
    options: Raw = {"quality": QUALITY, "progressive": True} if form == "JPEG" else {"optimize": True}
    # A profile of colours is of those that the picture came in.
    profile = image.info.get("icc_profile") if drawn.mode == image.mode else None
    drawn.save(out, form, exif=b"", icc_profile=profile, **options)
    kept_type = f"image/{form.lower()}"
    ending = TYPES[kept_type][1]
    stem = name.rpartition(".")[0] or name
    return Picture(f"{stem[:200]}{ending}", kept_type, out.getvalue())


# Keeping them


def add_picture(access: Access, mailing_id: Any, name: str, stream: IO[bytes]) -> dict[str, str]:
    """Keep a picture with a draft: {"cid": by which the content refers to it ("cid:…"), "url": where the editor shows
    it, "name"}. The same picture again is the one that is there.

    Raises RecordNotFound, NotAllowed, MailingProblem, UploadProblem, VersionConflict.
    """
    get_draft(access, mailing_id)
    picture = read_picture(name, stream)
    for attempt in range(MOST_ATTEMPTS):
        raw = get_draft(access, mailing_id)
        [file] = keep_pictures(access, raw, [picture])
        try:
            held = raw.get("pictures") or []
            update_record(access, REGISTER, raw["_id"], {"pictures": list(dict.fromkeys([*held, file["_id"]]))},
                          version=raw["version"], strict=True)  # fmt: skip
        except VersionConflict:
            if attempt == MOST_ATTEMPTS - 1:
                raise
            continue
        break
    return {"cid": str(file["_id"]), "url": picture_url(raw["_id"], file["_id"]), "name": file["name"]}


def keep_pictures(access: Access, raw: Raw, pictures: Sequence[Picture]) -> list[Raw]:
    """The stored file of each picture: the mailing's own where it holds the same one already. Raises UploadProblem."""
    held = {file["sha256"]: file for file in files_of(raw)}
    if len(held) + len(pictures) > MOST_PICTURES:
        raise UploadProblem(_l("A mailing holds at most %(max)s pictures.", max=MOST_PICTURES))
    found = []
    for picture in pictures:
        kept = keep_content(BytesIO(picture.content))
        if kept[0] not in held:
            held[kept[0]] = new_file(access, picture.name, picture.content_type, ATTACHMENT, kept)
            add_file(None, held[kept[0]])
        found.append(held[kept[0]])
    return found


def remove_picture(access: Access, mailing_id: Any, cid: str) -> Raw:
    """Take a picture away from a draft; returns the mailing. Raises RecordNotFound, NotAllowed, MailingProblem,
    VersionConflict."""
    raw = get_draft(access, mailing_id)
    left = [one for one in raw.get("pictures") or () if str(one) != cid]
    return update_record(access, REGISTER, raw["_id"], {"pictures": left}, version=raw["version"])


def copied_pictures(access: Access, raw: Raw, html: str) -> tuple[list[ObjectId], str]:
    """(files of one's own with the same pictures, the HTML that refers to them)."""
    ids = []
    for file in files_of(raw):
        kept = (file["sha256"], file["size"])
        copy = add_file(None, new_file(access, file["name"], file["content_type"], ATTACHMENT, kept))
        html = html.replace(f"cid:{file['_id']}", f"cid:{copy}")
        ids.append(copy)
    return ids, html


# Reading them


def picture_url(mailing_id: Any, cid: Any) -> str:
    """The path at which those who may see the mailing see its picture."""
    return f"{REGISTERS[REGISTER].path}/{mailing_id}/pictures/{cid}"


def pictures_of(access: Access, mailing_id: Any) -> list[dict[str, Any]]:
    """The mailing's pictures: {cid, url, name, size, used: whether the content shows it}. Raises RecordNotFound."""
    raw = get_mailing(access, mailing_id)
    html = str(raw.get("html") or "")
    return [
        {"cid": str(file["_id"]), "url": picture_url(raw["_id"], file["_id"]), "name": file["name"],
         "size": file["size"], "used": f"cid:{file['_id']}" in html}
        for file in files_of(raw)
    ]  # fmt: skip


def picture_file(access: Access, mailing_id: Any, cid: Any) -> Raw:
    """The stored file of one picture, for those who may see the mailing; its type is one of TYPES. Raises
    RecordNotFound."""
    raw = get_mailing(access, mailing_id)
    found = next((file for file in files_of(raw) if str(file["_id"]) == str(cid)), None)
    if found is None or access.hides(REGISTER, "pictures"):
        raise RecordNotFound("file", cid)
    return found


def files_of(raw: Raw) -> list[Raw]:
    """The stored files of a mailing's pictures, in their order; what is no picture (added as a file) is left out."""
    ids = list(raw.get("pictures") or ())
    found = StoredFile._get_collection().find({"_id": {"$in": ids}, "content_type": {"$in": list(TYPES)}})
    by_id = {file["_id"]: file for file in found}
    return [by_id[key] for key in ids if key in by_id]


def used_pictures(raw: Raw) -> list[Raw]:
    """The stored files that the content shows: those go along with each message."""
    html = str(raw.get("html") or "")
    return [file for file in files_of(raw) if f"cid:{file['_id']}" in html] if "cid:" in html else []


@lru_cache(maxsize=16)
def picture_content(digest: str, file_id: ObjectId) -> bytes:
    """A picture's bytes; a worker that sends thousands of messages reads it once."""
    with open_content({"_id": file_id, "sha256": digest}) as content:
        return bytes(content.read())
