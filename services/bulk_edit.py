"""Changing fields of many records at once: shown beforehand, done as a job if they are many, and taken back as one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any, Protocol

from bson import ObjectId
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.base import stored_value
from models.changes import Change, Source, change_of
from models.fields.errors import ValidationFailed
from models.fields.kinds.base import EMPTY_VALUES
from models.fields.query import every_of
from models.fields.schema import Schema, schema_of
from models.rights import Access, NotAllowed
from models.transactions import in_transaction
from services.history import UndoFailed, undone
from services.jobs import Run, handles, start_job
from services.records import (
    Origin,
    RecordNotFound,
    changed_document,
    now,
    replace_records,
    visible_values,
)
from services.search import Selection, count_selected, iterate_selected, selection_query
from services.values import context_of, parse_values

Raw = dict[str, Any]
#: So many are changed while the page waits, and in one transaction of a job.
AT_ONCE, STEP = 200, 100
#: A preview works out the change for so many, in name order.
SAMPLE = 50
MOST_FIELDS = 30
EDIT, TAKE_BACK = "edit_records", "take_back_edit"
HOWS = ("set", "add", "remove")


@dataclass(frozen=True)
class Edit:
    """What becomes of one field: `value` as it was typed (empty clears); with "add" and "remove" members of a list."""

    column: str
    value: Any
    how: str = "set"

    def as_params(self) -> list[Any]:
        return [self.column, self.value, self.how]


@dataclass(frozen=True)
class Sample:
    """One record of a preview: the fields that would change as (field, before, after), or what stands against it."""

    raw: Raw
    changes: Sequence[tuple[Any, ...]] = ()
    problem: str = ""


@dataclass(frozen=True)
class Preview:
    """What a bulk edit would do: how many records it is for, and what becomes of the first of them."""

    count: int
    samples: Sequence[Sample]

    @property
    def whole(self) -> bool:
        return self.count <= len(self.samples)


@dataclass
class Outcome:
    """What became of it: counts, what was refused as (name, why), or the job that does it."""

    batch: str
    changed: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    job_id: ObjectId | None = None


# Editing


def check_edits(access: Access, register: str, edits: Sequence[Edit], keep: Sequence[str] = ()) -> None:
    """Raise what is wrong with the edits whatever the records are: NotAllowed, ValidationFailed."""
    if not access.may(register, "change"):
        raise NotAllowed(_l("You may not change records here. Ask an administrator for the right."))
    schema = schema_of(register).for_access(access)
    if not edits or len(edits) > MOST_FIELDS:
        raise ValidationFailed({"": [_l("Choose what to change: from one field to %(max)s.", max=MOST_FIELDS)]})
    typed = {edit.column: edit.value for edit in edits}
    parsed = parse_values(schema, typed, context_of(access), keep=keep)
    for edit in edits:
        found = schema.get(edit.column)
        empty = edit.column not in parsed.errors and parsed.values.get(edit.column) in EMPTY_VALUES
        if found is None or not empty:
            continue
        if edit.how != "set":
            parsed.fail(edit.column, _l("Choose what to add or to take away."))
        elif found.required:
            parsed.fail(edit.column, _l("This field must have a value: fill it in."))
    if parsed.errors:
        raise ValidationFailed(parsed.errors, parsed.keepable)


def preview_edit(
    access: Access, register: str, selection: Selection, edits: Sequence[Edit], keep: Sequence[str] = ()
) -> Preview:
    """What would become of the selected records. Raises ConditionError, NotAllowed, ValidationFailed, TooSlow."""
    check_edits(access, register, edits, keep)
    schema = schema_of(register)
    count = count_selected(access, register, selection, "change")
    rows = islice(iterate_selected(access, register, selection, "change"), SAMPLE)
    return Preview(count, [sample_of(access, schema, raw, edits, keep) for raw in rows])


def sample_of(access: Access, schema: Schema, raw: Raw, edits: Sequence[Edit], keep: Sequence[str]) -> Sample:
    try:
        after = edited(access, schema, raw, edits, keep) or raw
    except ValidationFailed as error:
        return Sample(raw, problem=error.in_one())
    changes = change_of(visible_values(schema, raw), visible_values(schema, after))
    seen = schema.for_access(access).by_column
    return Sample(raw, [(seen[column], *pair) for column, pair in changes.items() if column in seen])


def edit_selected(
    access: Access, register: str, selection: Selection, edits: Sequence[Edit], keep: Sequence[str] = ()
) -> Outcome:
    """Change the selected records that the user may change, by a job if they are many.

    Raises ConditionError, NotAllowed, ValidationFailed, TooSlow.
    """
    check_edits(access, register, edits, keep)
    count, batch = count_selected(access, register, selection, "change"), str(ObjectId())
    if count > AT_ONCE:
        params = {"register": register, "selection": selection.as_params(), "batch": batch, "keep": list(keep),
                  "edits": [edit.as_params() for edit in edits]}  # fmt: skip
        return Outcome(batch, job_id=start_job(access, EDIT, _("Change records"), params, count))
    return at_once(batch, lambda session, last: edit_step(
        session, access, register, selection, edits, keep, batch, last))  # fmt: skip


@dataclass(frozen=True)
class Step:
    """What one transaction did; `last` is the id it ended with, None when there was nothing left."""

    seen: int
    changed: int
    refused: Sequence[tuple[str, str]]
    last: ObjectId | None


class Steps(Protocol):
    """What does the step that follows the id `last`."""

    def __call__(self, session: ClientSession, last: ObjectId | None) -> Step: ...


def at_once(batch: str, work: Steps) -> Outcome:
    """Run `work` from step to step while the page waits."""
    outcome, last = Outcome(batch), None
    while True:
        step = in_transaction(partial(work, last=last))
        outcome.changed += step.changed
        outcome.refused += step.refused
        if step.last is None:
            return outcome
        last = step.last


def edit_step(
    session: ClientSession, access: Access, register: str, selection: Selection, edits: Sequence[Edit],
    keep: Sequence[str], batch: str, last: ObjectId | None,
) -> Step:  # fmt: skip
    """Change the next STEP records by their ids, so that nothing is done twice whatever the change does to the
    selection."""
    schema = schema_of(register)
    beyond = {"_id": {"$gt": last}} if last else {}
    query = every_of([selection_query(access, register, selection, "change"), beyond])
    # By the index of ids all steps together read the register once, however rare the selection is.
    rows = schema.register.document._get_collection().find(query, session=session, hint="_id_")
    found = list(rows.sort("_id", 1).limit(STEP))
    pairs, refused = [], []
    for raw in found:
        try:
            changed = edited(access, schema, raw, edits, keep)
        except ValidationFailed as error:
            refused.append((raw.get("name") or "", error.in_one()))
            continue
        if changed is not None:
            pairs.append((raw, changed))
    replace_records(session, access, schema, pairs, Origin(Source.BULK, batch))
    return Step(len(found), len(pairs), refused, found[-1]["_id"] if found else None)


def edited(access: Access, schema: Schema, raw: Raw, edits: Sequence[Edit], keep: Sequence[str]) -> Raw | None:
    """The record with the edits, None where that changes nothing. Raises ValidationFailed."""
    seen, context = schema.for_access(access), context_of(access)
    values = {edit.column: value_for(seen, raw, edit, context) for edit in edits}
    after = changed_document(access, schema, raw, values, keep, raw)
    if visible_values(schema, after) == visible_values(schema, raw):
        return None
    after.update(version=raw["version"] + 1, changed_at=now())
    return after


def value_for(schema: Schema, raw: Raw, edit: Edit, context: Any) -> Any:
    """The field's new value as it might have been typed."""
    found = schema.get(edit.column)
    if found is None or edit.how == "set":
        return edit.value
    held = found.kind.edit_text(stored_value(found, raw), found, context)
    held = held if isinstance(held, list) else [held]
    named = edit.value if isinstance(edit.value, list) else [edit.value]
    if edit.how == "add":
        return [*held, *(one for one in named if one not in held)]
    return [one for one in held if one not in named]


@handles(EDIT)
def run_edit(run: Run) -> Raw:
    """The job: on from the id where it stopped."""
    params = run.params
    selection, keep, batch = Selection.from_params(params["selection"]), params["keep"], params["batch"]
    edits = [Edit(*edit) for edit in params["edits"]]
    check_edits_of_job(run.access, params["register"], edits, keep)

    def work(session: ClientSession, last: ObjectId | None) -> Step:
        return edit_step(session, run.access, params["register"], selection, edits, keep, batch, last)

    changed, refused = step_by_step(run, work)
    message = _("%(changed)s records were changed, %(refused)s could not be.", changed=changed, refused=refused)
    return {"message": message, "result": {"changed": changed, "refused": refused, "batch": batch}}


def check_edits_of_job(access: Access, register: str, edits: Sequence[Edit], keep: Sequence[str]) -> None:
    """What has become impossible since the job was asked for (a field retired, a right taken away) ends it."""
    try:
        check_edits(access, register, edits, keep)
    except ValidationFailed as error:
        raise NotAllowed(error.in_one()) from error


def step_by_step(run: Run, work: Steps) -> tuple[int, int]:
    """Run `work` until nothing is left; each step notes within its transaction how far the job is. Returns how many
    records were changed and how many could not be."""
    while True:
        # What a try that is rolled back leaves in `run` must not count for the next one.
        done, before = run.job["done"], run.position

        def step(session: ClientSession, done: int = done, before: Raw = before) -> Step:
            found = work(session=session, last=before.get("last"))
            if found.refused:
                run.note(*(f"{name}: {why}" for name, why in found.refused), session=session)
            position = {"last": found.last or before.get("last"), "changed": before.get("changed", 0) + found.changed,
                        "refused": before.get("refused", 0) + len(found.refused)}  # fmt: skip
            run.advance(done + found.seen, position, session=session)
            return found

        if in_transaction(step).last is None:
            return run.position.get("changed", 0), run.position.get("refused", 0)


# Taking it back


def entries_of(access: Access, register: str, batch: str) -> Raw:
    """The query for what a bulk edit wrote, of one's own (administrators: anybody's)."""
    mine = {} if access.everything else {"by": access.user_id}
    return {"batch": batch, "register": register, "action": "update", **mine}


def take_back(access: Access, register: str, batch: str) -> Outcome:
    """Give all fields of a bulk edit the values they had before it, by a job if they are many; a record whose fields
    have been changed since stays as it is. Raises RecordNotFound where there is nothing of that kind to take back."""
    count = Change._get_collection().count_documents(entries_of(access, register, batch))
    if not count:
        raise RecordNotFound("change", batch)
    undo = str(ObjectId())
    if count > AT_ONCE:
        params = {"register": register, "batch": undo, "edit": batch}
        return Outcome(undo, job_id=start_job(access, TAKE_BACK, _("Take back a change"), params, count))
    return at_once(undo, lambda session, last: take_back_step(session, access, register, batch, undo, last))


def take_back_step(
    session: ClientSession, access: Access, register: str, batch: str, undo: str, last: ObjectId | None
) -> Step:
    """Take back the next STEP changes of the batch."""
    schema, beyond = schema_of(register), {"_id": {"$gt": last}} if last else {}
    found = Change._get_collection().find({**entries_of(access, register, batch), **beyond}, session=session)
    entries = list(found.sort("_id", 1).limit(STEP))
    ids = [entry["record"] for entry in entries]
    rows = schema.register.document._get_collection().find({"_id": {"$in": ids}}, session=session)
    records = {raw["_id"]: raw for raw in rows if access.allows(register, "see", raw)}
    pairs, refused = [], []
    for entry in entries:
        raw = records.get(entry["record"])
        try:
            done = without(access, schema, raw, entry)
        except (UndoFailed, NotAllowed, ValidationFailed) as error:
            name = str(raw.get("name") or "") if raw is not None else str(entry["record"])
            refused.append((name, error.in_one() if isinstance(error, ValidationFailed) else str(error)))
            continue
        if raw is not None and done is not None:
            pairs.append((raw, done))
    replace_records(session, access, schema, pairs, Origin(Source.UNDO, undo))
    return Step(len(entries), len(pairs), refused, entries[-1]["_id"] if entries else None)


def without(access: Access, schema: Schema, raw: Raw | None, entry: Raw) -> Raw | None:
    """The record without the change, None where it is like that. Raises UndoFailed, NotAllowed, ValidationFailed."""
    if raw is None:
        raise UndoFailed(_l("It is in the recycle bin, or you may not see it."))
    if not access.allows(schema.register.key, "change", raw):
        raise NotAllowed(_l("You may not change it."))
    return undone(access, schema, raw, entry)


@handles(TAKE_BACK)
def run_take_back(run: Run) -> Raw:
    """The job: on from the entry where it stopped."""
    params = run.params

    def work(session: ClientSession, last: ObjectId | None) -> Step:
        return take_back_step(session, run.access, params["register"], params["edit"], params["batch"], last)

    changed, refused = step_by_step(run, work)
    message = _("%(changed)s records are as they were, %(refused)s stay as they are.", changed=changed, refused=refused)
    return {"message": message, "result": {"changed": changed, "refused": refused, "batch": params["batch"]}}
