"""Imports prepared step by step: a file, what its columns go into, a check of everything, mending, the import, undoing.

    draft_id = start_draft(access, "company", stream, "customers.xlsx")
    draft = get_draft(access, draft_id)                       # what was found out and guessed
    set_columns(access, draft_id, [{"place": 2, "choice": {"field": "city"}}], match=["name"], on_existing="fill",
                version=draft["version"])
    check_draft(access, draft_id)                             # a job; then faulty_cells(...), correct_cells(...)
    run_draft(access, draft_id)                               # a job; then report_file(...), undo_import(...)

What a draft holds is told in models/imports.py.
"""

import mimetypes
from collections.abc import Mapping, Sequence
from typing import IO, Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.fields.schema import Schema, schema_of
from models.imports import ImportDraft, KnownHeader
from models.registers import Register, register_of
from models.rights import Access, NotAllowed
from models.transactions import in_transaction
from services.files import add_file, get_file, keep_content, new_file
from services.imports.coming_back import comes_back, coming_field
from services.imports.content import content_of_file
from services.imports.draft_cells import correct_cells, correct_values, faulty_cells, faulty_values
from services.imports.draft_jobs import cancel_draft_job, check_draft, run_draft, undo_import
from services.imports.draft_mapping import (
    check_uses,
    checked_columns,
    checked_options,
    fitted,
    table_options,
    with_keys,
)
from services.imports.draft_reading import (
    AFTER,
    UNCHECKED,
    get_draft,
    job_of,
    match_fields,
    open_draft,
    recent_drafts,
    save,
    target_fields,
)
from services.imports.errors import ImportProblem
from services.imports.faulty_rows import report_file
from services.imports.looking import Look, look_into
from services.imports.matching import folded, free_field_key, match_columns
from services.imports.old_drafts import remove_draft
from services.imports.steps import context_for
from services.records import now

__all__ = [
    "cancel_draft_job", "check_draft", "correct_cells", "correct_values", "drop_draft", "faulty_cells", "faulty_values",
    "get_draft", "job_of", "match_fields", "recent_drafts", "report_file", "run_draft", "set_columns", "set_options",
    "start_draft", "target_fields", "undo_import",
]  # fmt: skip

Raw = dict[str, Any]


# A file comes


def start_draft(access: Access, register: str, stream: IO[bytes], name: str) -> ObjectId:
    """Keep a file (a seekable stream) and look into it: how it is written and what its columns would go into.

    Raises UnknownRegister, NotAllowed, TableError.
    """
    card = importable(access, register)
    look = look_into(stream, table_options({}))
    content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    file = new_file(access, name, content_type, "import", keep_content(stream))
    moment = now()
    draft = {
        "_id": ObjectId(), "owner": access.user_id, "register": card.key, "file": file["_id"], "name": file["name"],
        "format": look.format, "sheets": list(look.sheets), "on_faulty": "leave_out", "corrections": {},
        "replacements": {}, "batch": None, "result": {}, "version": 1, "created_at": moment, "changed_at": moment,
        **UNCHECKED, **looked(access, card, look, access.language),
    }  # fmt: skip

    def write(session: ClientSession) -> ObjectId:
        add_file(session, file)
        ImportDraft._get_collection().insert_one(draft, session=session)
        return draft["_id"]

    return in_transaction(write)


def importable(access: Access, register: str) -> Register:
    """The register's card, if the user may bring records into it. Raises UnknownRegister, NotAllowed."""
    card = register_of(register)
    if not (card.importable and access.may(card.key, "add")):
        raise NotAllowed(_l("You may not add records here. Ask an administrator for the right."))
    return card


def looked(access: Access, card: Register, look: Look, language: str) -> Raw:
    """What a draft holds of a look: options, columns, and how existing records would be known."""
    schema = schema_of(card.key).for_access(access)
    context = context_for(access, language, look.options)
    columns = match_columns(access, schema, look, known_headers(card.key, look.header), context)
    options = {name: getattr(look.options, name) for name in look.options.__dataclass_fields__}
    match = guessed_match(schema, columns)
    return {"options": {**options, "language": language}, "columns": columns, "match": match,
            "on_existing": "skip" if match else "add"}  # fmt: skip


def known_headers(register: str, header: Sequence[str]) -> dict[str, Raw]:
    """{header, folded: what it went into last time}."""
    query = {"register": register, "header": {"$in": [folded(name) for name in header]}}
    return {raw["header"]: raw["use"] for raw in KnownHeader._get_collection().find(query)}


def guessed_match(schema: Schema, columns: Sequence[Raw]) -> list[str]:
    """The field that says best that two records are the same, among those that the file fills."""
    filled = {column["choice"].get("field") for column in columns}
    made_of = schema.register.document.made_of
    filled |= {column for column, sources in made_of.items() if filled & set(sources)}
    return next(([key] for key in schema.register.duplicate_keys if key in filled), [])


# Changing


def set_options(access: Access, draft_id: Any, options: Mapping[str, Any], *, version: int | None = None) -> Raw:
    """Read the file otherwise; its columns are looked at anew. Returns the draft.

    Raises RecordNotFound, VersionConflict, ImportProblem, TableError, ValidationFailed by option.
    """
    draft = open_draft(access, draft_id, version)
    merged = checked_options(draft["options"], options)
    with content_of_file(get_file(access, draft["file"])) as stream:
        look = look_into(stream, table_options(merged))
    card = importable(access, draft["register"])
    changes = looked(access, card, look, merged["language"] or access.language)
    if [column["header"] for column in changes["columns"]] == [column["header"] for column in draft["columns"]]:
        changes = keeping_choices(draft, changes)
    return save(draft, {**changes, "format": look.format, "sheets": list(look.sheets), "corrections": {},
                        "replacements": {}})  # fmt: skip


def keeping_choices(draft: Raw, changes: Raw) -> Raw:
    """What was chosen by hand of the same columns stays, as does how existing records are known."""
    columns = [old if not old["guessed"] else new
               for old, new in zip(draft["columns"], changes["columns"], strict=True)]  # fmt: skip
    fresh = {name: [column[name] for column in changes["columns"]] for name in ("samples", "filled")}
    columns = [{**column, "samples": fresh["samples"][place], "filled": fresh["filled"][place]}
               for place, column in enumerate(columns)]  # fmt: skip
    return {**changes, "columns": columns, "match": draft["match"], "on_existing": draft["on_existing"]}


def set_columns(
    access: Access, draft_id: Any, columns: Sequence[Mapping[str, Any]], *, match: Sequence[str] | None = None,
    on_existing: str | None = None, on_faulty: str | None = None, version: int | None = None,
) -> Raw:  # fmt: skip
    """Say what columns go into (those given, by their place), how existing records are known and what becomes of them
    (`on_existing`: add, skip, fill, overwrite), and of rows with a faulty cell (`on_faulty`: leave_out, or keep what
    does not fit as text beside). Returns the draft.

    Raises RecordNotFound, NotAllowed, VersionConflict, ImportProblem, and ValidationFailed with errors by the column's
    place, "match", "on_existing" and "on_faulty"; then nothing is changed.
    """
    draft = open_draft(access, draft_id, version)
    importable(access, draft["register"])
    changed = checked_columns(draft["columns"], columns)
    schema = schema_of(draft["register"])
    keys = {field.key for field in schema.all_fields}
    keys |= {column["choice"]["define"].get("key", "") for column in changed if "define" in column["choice"]}

    def free_key(header: str) -> str:
        key = free_field_key(header, keys)
        keys.add(key)
        return key

    given = {"match": None if match is None else [str(key) for key in match], "on_existing": on_existing,
             "on_faulty": on_faulty}  # fmt: skip
    changed = [without_strange_key(column, schema) for column in changed]
    changes = {"columns": [fitted(column, schema) for column in with_keys(changed, free_key)],
               **{name: value for name, value in given.items() if value is not None}}  # fmt: skip
    check_uses(access, {**draft, **changes})
    return save(draft, changes)


def without_strange_key(column: Raw, schema: Schema) -> Raw:
    """The column without the key of a field that would have come back, had another kind not been chosen for it."""
    define = column["choice"].get("define")
    known = define and next((field for field in schema.retired if field.key == define.get("key")), None)
    if not known or coming_field([known], define) or not comes_back(known):
        return column
    return {**column, "choice": {"define": {name: part for name, part in define.items() if name != "key"}}}


def drop_draft(access: Access, draft_id: Any) -> None:
    """Remove a draft with its file; of an import that was done its records stay. Raises RecordNotFound, ImportProblem
    while a job works on it."""
    draft = get_draft(access, draft_id)
    if draft["state"] in AFTER:
        raise ImportProblem(_l("A job works on this import. Cancel it first."))
    remove_draft(draft)
