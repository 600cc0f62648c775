"""Documents: records that hold a file with its older versions. What is read of one goes by the rights of its record.

A file is taken as it comes over the network and stands nowhere but in the database (`services.files.keep_stream`).
"""

from collections.abc import Mapping
from typing import IO, Any

from bson import ObjectId
from flask import current_app
from flask_babel import lazy_gettext as _l

from models.changes import DeletedRecord
from models.documents import WAITING, kind_told_by, name_of_file
from models.fields.errors import ValidationFailed
from models.fields.kinds.documents import LONGEST_NOTE, MOST_VERSIONS
from models.fields.schema import Schema, schema_of
from models.file_types import is_program
from models.files import StoredFile
from models.rights import Access, NotAllowed
from models.transactions import in_transaction
from services.document_text import READ_TEXT
from services.file_types import whole_type
from services.files import Empty, Kept, add_file, clean_name, keep_stream, new_file, open_content
from services.following import Pairs, follows
from services.jobs import add_job, wake
from services.records import (
    MOST_ATTEMPTS,
    SCREEN,
    BulkFailed,
    Origin,
    Overtaken,
    RecordNotFound,
    check_reach,
    finished,
    get_record,
    insert,
    now,
    prepare_new,
    replace_record,
)
from services.values import Parsed

Raw = dict[str, Any]
REGISTER = "document"
FILE = "file"
PURPOSE = "version"
#: So many documents of the same content are told of.
MOST_SAME = 3


# Reading


def versions_of(access: Access, raw: Raw) -> list[Raw]:
    """The versions of a record that is seen already, the oldest first; none where the field is hidden."""
    return [] if access.hides(REGISTER, FILE) else list(raw.get(FILE) or ())


def find_version(access: Access, record_id: Any, number: Any = None) -> tuple[Raw, Raw]:
    """(the record, the stored file) of a version of a document, counted from 1; the last one where none is named.

    Raises RecordNotFound also where the user may not see the record or the field.
    """
    raw = get_record(access, REGISTER, record_id)
    versions = versions_of(access, raw)
    place = len(versions) if number is None else place_of(number)
    if not 1 <= place <= len(versions):
        raise RecordNotFound("file", record_id)
    file = StoredFile._get_collection().find_one({"_id": versions[place - 1]["file"]})
    if file is None:
        raise RecordNotFound("file", record_id)
    return raw, file


def place_of(number: Any) -> int:
    text = str(number)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def same_content(access: Access, raw: Raw) -> list[Raw]:
    """Other documents that the user sees and of which a version is what this one's file is now (raw: _id, name)."""
    versions = versions_of(access, raw)
    if not versions:
        return []
    same = {"_id": {"$ne": raw["_id"]}, "file.sha256": versions[-1]["sha256"]}
    query = {"$and": [same, access.condition(REGISTER)]}
    found = schema_of(REGISTER).register.document._get_collection().find(query, {"name": 1})
    return list(found.sort("_id", -1).limit(MOST_SAME))


# Writing


def add_document(
    access: Access, name: str, stream: IO[bytes], values: Mapping[str, Any], *, size: int | None = None,
    origin: Origin = SCREEN,
) -> Raw:  # fmt: skip
    """Add a document of a file, which is read once; returns the record.

    `values` are those of its fields; without a name it is called as the file is, without a kind it gets the one that
    the words of that tell of. With `size` the file must have just so many bytes. What is wrong is said before anything
    is read. Raises NotAllowed, ValidationFailed, services.files.Incomplete.
    """
    schema, file_name = schema_of(REGISTER), clean_name(name)
    check_writable(access)
    check_program(file_name)
    if not access.may(REGISTER, "add"):
        raise NotAllowed(_l("You may not add records here. Ask an administrator for the right."))
    try:
        document = prepare_new(access, schema, [told_values(access, file_name, values)])[0]
    except BulkFailed as failed:
        raise failed.errors[0] from None
    file, version = keep_version(access, file_name, stream, size)
    document = finished(schema, document, {FILE: [version]})

    def write(session: Any) -> None:
        add_file(session, file)
        insert(session, access, schema, [document], origin)

    in_transaction(write)
    wake()
    return document


def told_values(access: Access, file_name: str, values: Mapping[str, Any]) -> Raw:
    """The values with those that the file's name tells, as far as the user may write them."""
    seen = schema_of(REGISTER).for_access(access)
    told = dict(values)
    if not told.get("name"):
        told["name"] = name_of_file(file_name)
    kind = seen.get("kind")
    if not told.get("kind") and kind is not None and not kind.read_only:
        told["kind"] = kind_told_by(told["name"], [choice.key for choice in kind.offered])
    return told


def add_version(
    access: Access, record_id: Any, name: str, stream: IO[bytes], note: str = "", *, size: int | None = None,
    origin: Origin = SCREEN,
) -> Raw:  # fmt: skip
    """Add a file to a document as its newest version; returns the record.

    Raises RecordNotFound, NotAllowed, ValidationFailed, services.files.Incomplete.
    """
    file_name = clean_name(name)
    check_changeable(access, record_id)
    check_program(file_name)
    note = checked_note(note)
    file, version = keep_version(access, file_name, stream, size)
    add_file(None, file)
    return append_version(access, record_id, version | ({"note": note} if note else {}), origin)


def restore_version(access: Access, record_id: Any, number: Any, note: str = "") -> Raw:
    """Have an older version be the newest once more; returns the record. Raises as `add_version` does."""
    raw = check_changeable(access, record_id)
    versions, place = raw.get(FILE) or [], place_of(number)
    if not 1 <= place <= len(versions):
        raise RecordNotFound("file", record_id)
    if place == len(versions):
        return raw
    again = {**versions[place - 1], **made_by(access)}
    again["note"] = checked_note(note) or str(_l("Version %(number)s again", number=place))
    return append_version(access, record_id, again, SCREEN)


def check_writable(access: Access) -> None:
    if access.hides(REGISTER, FILE) or access.locks(REGISTER, FILE):
        raise NotAllowed(_l("You may not add files to documents. Ask an administrator for the right."))


def check_changeable(access: Access, record_id: Any) -> Raw:
    """The record, which may have one more version. Raises RecordNotFound, NotAllowed, ValidationFailed."""
    raw = get_record(access, REGISTER, record_id, "change")
    check_writable(access)
    if len(raw.get(FILE) or ()) >= MOST_VERSIONS:
        raise ValidationFailed({FILE: [_l("A document has at most %(max)s versions. Add the file as a new document.",
                                          max=MOST_VERSIONS)]})  # fmt: skip
    return raw


def checked_note(note: str) -> str:
    text = " ".join("".join(char if char.isprintable() else " " for char in note).split())
    if len(text) > LONGEST_NOTE:
        raise ValidationFailed({"note": [_l("Too long: at most %(max)s characters, this has %(length)s.",
                                            max=LONGEST_NOTE, length=len(text))]})  # fmt: skip
    return text


def check_program(name: str, content_type: str = "") -> None:
    """Raises ValidationFailed for what runs on somebody's computer, unless the server's settings let it in."""
    if is_program(name, content_type) and not current_app.config["PROGRAM_FILES"]:
        raise ValidationFailed({FILE: [_l("“%(name)s” is a program, and those are not taken here. Send it as a .zip.",
                                          name=name[:80])]})  # fmt: skip


def keep_version(access: Access, name: str, stream: IO[bytes], size: int | None) -> tuple[Raw, Raw]:
    """(a new StoredFile, a version that points at it) of a stream, whose content is kept."""
    try:
        kept = keep_stream(stream, size)
    except Empty as error:
        message = _l("“%(name)s” is empty. Choose a file with content.", name=name[:80])
        raise ValidationFailed({FILE: [message]}) from error
    file = new_file(access, name, "", PURPOSE, (kept.sha256, kept.size))
    file["content_type"] = type_of_kept(file, kept)
    check_program(name, file["content_type"])
    version = {"file": file["_id"], "name": file["name"], "size": kept.size, "content_type": file["content_type"],
               "sha256": kept.sha256, **made_by(access)}  # fmt: skip
    return file, version


def type_of_kept(file: Raw, kept: Kept) -> str:
    with open_content(file) as content:
        return whole_type(kept.head, content, kept.size)


def made_by(access: Access) -> Raw:
    return {"at": now().isoformat(timespec="seconds"), "by": access.user_id}


def append_version(access: Access, record_id: ObjectId, version: Raw, origin: Origin) -> Raw:
    """Write one more version; a save that others keep coming before is tried again."""
    for _attempt in range(MOST_ATTEMPTS - 1):
        try:
            return append_once(access, record_id, version, origin)
        except Overtaken:
            continue
    return append_once(access, record_id, version, origin)


def append_once(access: Access, record_id: ObjectId, version: Raw, origin: Origin) -> Raw:
    schema, before = schema_of(REGISTER), check_changeable(access, record_id)
    after = finished(schema, before, {FILE: [*(before.get(FILE) or ()), version]})
    check_still_in_reach(access, schema, after)
    after.update(version=before["version"] + 1, changed_at=now())
    in_transaction(lambda session: replace_record(session, access, schema, before, after, origin))
    wake()
    return after


def check_still_in_reach(access: Access, schema: Schema, after: Raw) -> None:
    parsed = Parsed()
    check_reach(parsed, access, schema, after, "change")
    if parsed.errors:
        raise ValidationFailed(parsed.errors)


def change_copies(session: Any, access: Access, digest: str, kept: tuple[str, int]) -> None:
    """Have the documents, those in the recycle bin too, that hold a content hold another one, (hash, size), in its
    place: their files are changed by the caller. Nobody's change: no version of the record, and no entry."""
    for collection, path in ((schema_of(REGISTER).register.document._get_collection(), ""),
                             (DeletedRecord._get_collection(), "document.")):  # fmt: skip
        for raw in collection.find({f"{path}{FILE}.sha256": digest}, session=session):
            after = with_content(raw["document"] if path else raw, digest, kept)
            its = {"document": after} if path else after
            collection.replace_one({"_id": raw["_id"]}, {**raw, **its}, session=session)
            if not path:
                have_text_read(session, access, [({}, after)])


def with_content(raw: Raw, digest: str, kept: tuple[str, int]) -> Raw:
    """A document whose versions of this content have another, its text to be read anew."""
    changed = dict(zip(("sha256", "size"), kept, strict=True))
    versions = [{**one, **changed} if one["sha256"] == digest else one for one in raw[FILE]]
    if raw[FILE][-1]["sha256"] != digest:
        return {**raw, FILE: versions}
    return finished(schema_of(REGISTER), {**raw, FILE: versions, "text": None, "reading": WAITING}, {})


@follows(REGISTER)
def have_text_read(session: Any, access: Access, pairs: Pairs) -> None:
    """A new file's words are read by a job, which is nobody's: it is not for the list of anybody's jobs."""
    nobody = Access(language=access.language)
    for before, after in pairs:
        if after and after.get("reading") == WAITING and after.get("read_file") != (before or {}).get("read_file"):
            add_job(session, nobody, READ_TEXT, str(after.get("name") or ""),
                    {"document": after["_id"], "file": after["read_file"]})  # fmt: skip


