"""Imports as they are prepared on the screen or over REST, and what is remembered of them for the next one."""

from enum import StrEnum
from typing import Any, ClassVar

import mongoengine as me


class DraftState(StrEnum):
    """draft -> checking -> checked -> running -> done -> undoing -> undone; what a change touches is a draft again."""

    DRAFT = "draft"
    CHECKING = "checking"
    CHECKED = "checked"
    RUNNING = "running"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"
    FAILED = "failed"

    @property
    def open(self) -> bool:
        """Whether nothing has been written by it, and it may be changed."""
        return self in (DraftState.DRAFT, DraftState.CHECKED)


class ImportDraft(me.Document):
    """One file on its way into a register: how it is read, what its columns go into, what is mended, what became of it.

    `options` are {sheet, header_row, separator, encoding, decimal, dates, language}, as found out or as corrected.
    `columns` are, in the file's order, {place, header, samples (texts), choice, add_choices, link_by, create_missing,
    separator, zero_fill, guessed, why}; a choice is {"field": column}, {"define": {key, kind, label, …}} or {} for a
    column that is left out. `match` are the columns that a record is known by. `corrections` are the cells that were
    mended ({row: {place: text}}), `replacements` what all equal values of a column became ({place: [[old, new], …]}).
    `checked` is what the last check found. `job` is the check, the import or the undoing that is going on or was the
    last one; `batch` ties what the import wrote together.
    """

    owner = me.ObjectIdField()
    register = me.StringField(required=True)
    file = me.ObjectIdField(required=True)
    name = me.StringField(required=True)
    format = me.StringField(required=True)
    sheets = me.ListField(me.StringField())
    options = me.DictField()
    columns = me.ListField(me.DictField())
    match = me.ListField(me.StringField())
    on_existing = me.StringField(default="add")
    on_faulty = me.StringField(default="leave_out")
    corrections = me.DictField()
    replacements = me.DictField()
    state = me.StringField(required=True, choices=[state.value for state in DraftState])
    job = me.ObjectIdField()
    batch = me.StringField()
    checked = me.DictField()
    result = me.DictField()
    message = me.StringField(default="")
    version = me.IntField(default=1)
    created_at = me.DateTimeField(required=True)
    changed_at = me.DateTimeField(required=True)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "import_draft",
        "auto_create_index": False,
        "indexes": [["owner", "-changed_at"], "file"],
        "strict": False,
    }


class FaultyCell(me.Document):
    """A cell that a check found wrong: its row in the file, its column's place (none for a row as a whole), and why.
    `kept` is true where the value goes in as it is all the same."""

    draft = me.ObjectIdField(required=True)
    row = me.IntField(required=True)
    place = me.IntField()
    header = me.StringField()
    value = me.StringField()
    reason = me.StringField()
    kept = me.BooleanField(default=False)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "import_cell",
        "auto_create_index": False,
        "indexes": [["draft", "kept", "row", "place"], ["draft", "place", "value"]],
        "strict": False,
    }


class KnownHeader(me.Document):
    """What the columns of one header went into the last time that somebody imported them into a register."""

    register = me.StringField(required=True)
    header = me.StringField(required=True)
    use = me.DictField()
    used_at = me.DateTimeField(required=True)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "import_header",
        "auto_create_index": False,
        "indexes": [{"fields": ["register", "header"], "unique": True}],
        "strict": False,
    }
