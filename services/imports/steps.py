"""Steps of an import: some hundred rows, read, compared with what exists, and made into documents."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from bson import ObjectId
from flask_babel import gettext as _

from models.changes import Change
from models.fields.context import Context
from models.rights import Access
from services.imports.changing import changed_record
from services.imports.companions import Companion
from services.imports.existing import Key, find_existing, key_of
from services.imports.limits import STEP
from services.imports.linked import resolve_links
from services.imports.options import TableOptions
from services.imports.plan import Plan
from services.imports.report import OddValue
from services.imports.rows import Draft, keep_texts, read_row, settle
from services.imports.tables import Row
from services.records import Origin, check_reach, new_document
from services.values import check_references, check_required, check_together, context_of

Raw = dict[str, Any]
#: The index of change entries by the records that they are about.
BY_RECORD = "record_1_at_-1"


@dataclass
class Step:
    """What a step comes to: documents to write, records to change (each as it is and as it becomes), rows that exist
    already, what is to be reported, and the companions that it needs and that are not there yet, by key. In a trial
    `linked` are the records, (register, name), that would be made to link to."""

    documents: list[Raw] = field(default_factory=list)
    changed: list[tuple[Raw, Raw]] = field(default_factory=list)
    skipped: int = 0
    odd: list[OddValue] = field(default_factory=list)
    failed: list[Draft] = field(default_factory=list)
    missing: dict[str, Companion] = field(default_factory=dict)
    linked: set[tuple[str, str]] = field(default_factory=set)


@dataclass
class Sorted:
    """Rows by what they stand for: nothing yet, a record (or several of the same key), an earlier row of the file, or
    records that are left as they are."""

    new: list[Draft] = field(default_factory=list)
    existing: list[tuple[Draft, list[Raw]]] = field(default_factory=list)
    doubles: list[Draft] = field(default_factory=list)
    skipped: int = 0


class RowsSeen:
    """The keys of the rows so far, each with its row's number: a key that comes again is a double in the file."""

    def __init__(self) -> None:
        self.numbers: dict[Key, int] = {}

    def note(self, plan: Plan, draft: Draft) -> tuple[Key | None, int | None]:
        """(the row's key, the number of the row that had it before)."""
        key = key_of(plan, draft.parsed) if plan.matches else None
        if key is None:
            return None, None
        first = self.numbers.setdefault(key, draft.row.number)
        return key, first if first != draft.row.number else None


def chunks(rows: Iterable[Row], size: int = STEP) -> Iterator[list[Row]]:
    rows = iter(rows)
    while chunk := list(islice(rows, size)):
        yield chunk


def reading_context(access: Access, plan: Plan) -> Context:
    """The mapping's language says how numbers in the file are read, else the user's."""
    return context_for(access, plan.mapping.language, plan.mapping.table)


def context_for(access: Access, language: str, options: TableOptions) -> Context:
    context = context_of(access)
    return Context(language or context.language, context.time_zone, decimal_mark=options.decimal,
                   date_order=options.dates)  # fmt: skip


def read_rows(access: Access, plan: Plan, rows: Iterable[Row], *, survey: bool = False) -> list[Draft]:
    context = reading_context(access, plan)
    return [read_row(plan, row, context, survey=survey) for row in rows]


def sorted_rows(
    access: Access, plan: Plan, drafts: Sequence[Draft], seen: RowsSeen, batch: str | None = None
) -> Sorted:
    """The rows by what they stand for. One that stands for a record which this import (`batch`) has made for another
    row to link to fills that one, whatever becomes of those that were there before."""
    keyed = [(draft, *seen.note(plan, draft)) for draft in drafts]
    records = find_existing(access, plan, [draft.parsed for draft, key, first in keyed if key and first is None])
    linked = made_by(batch, records.values()) if batch and plan.links_to_itself else set()
    found = Sorted()
    for draft, key, first in keyed:
        if first is not None:
            found.doubles.append(double(plan, draft, first))
        elif key is None or key not in records:
            found.new.append(draft)
        elif plan.changes or records[key][0]["_id"] in linked:
            found.existing.append((draft, records[key]))
        else:
            found.skipped += 1
    return found


def made_by(batch: str, records: Iterable[list[Raw]]) -> set[ObjectId]:
    """Those of the records that an import has added."""
    ids = [raw["_id"] for found in records for raw in found]
    query = {"batch": batch, "action": "create", "record": {"$in": ids}}
    return {entry["record"] for entry in Change._get_collection().find(query, {"record": 1}).hint(BY_RECORD)}


def double(plan: Plan, draft: Draft, first: int) -> Draft:
    fields = ", ".join(found.label_in("en") for found in plan.match)
    draft.parsed.fail("", _("Row %(first)s of this file is the same by %(fields)s.", first=first, fields=fields))
    return draft


def make_step(
    access: Access, plan: Plan, rows: Iterable[Row], seen: RowsSeen, origin: Origin, *, trial: bool = False
) -> Step:
    """The rows as documents; nothing is written but linked records that had to be made, in a trial not even they."""
    drafts, making = read_rows(access, plan, rows), None if trial else origin
    # What rows link to is made before they are sorted where it is of their own register: they may stand for it.
    linked = resolve_links(access, plan, drafts, making) if plan.links_to_itself else set()
    found = sorted_rows(access, plan, drafts, seen, origin.batch)
    step = Step(skipped=found.skipped, failed=found.doubles, linked=linked)
    find_places(access, plan, [*found.new, *(draft for draft, _records in found.existing)], step, making)
    for draft in found.new:
        place_texts(draft, step, trial=trial)
        add_new(access, plan, draft, step)
    for draft, records in found.existing:
        place_texts(draft, step, trial=trial)
        add_changed(access, plan, draft, records, step)
    step.failed.sort(key=lambda draft: draft.row.number)
    return step


def find_places(access: Access, plan: Plan, drafts: list[Draft], step: Step, origin: Origin | None) -> None:
    """Resolve links, and find a place for every odd value."""
    context = reading_context(access, plan)
    check_references(access, plan.schema, [draft.parsed for draft in drafts])
    if not plan.links_to_itself:
        step.linked |= resolve_links(access, plan, drafts, origin)
    for draft in drafts:
        settle(plan, draft, context)


def place_texts(draft: Draft, step: Step, *, trial: bool) -> None:
    """Have what does not fit kept as text, and note the fields that are missing for it."""
    for kept in draft.kept:
        if kept.companion.field is None:
            step.missing.setdefault(kept.companion.key, kept.companion)
    keep_texts(draft, pretending=trial)


def add_new(access: Access, plan: Plan, draft: Draft, step: Step) -> None:
    document = None
    if not draft.parsed.errors:
        document = new_document(access, plan.full, draft.parsed)
        check_required(draft.parsed, plan.schema, document)
        check_together(draft.parsed, plan.schema, document)
        check_reach(draft.parsed, access, plan.full, document)
    if draft.parsed.errors or document is None:
        step.failed.append(draft)
        return
    step.documents.append(document)
    step.odd.extend(draft.odd)


def add_changed(access: Access, plan: Plan, draft: Draft, records: list[Raw], step: Step) -> None:
    change = changed_record(access, plan, draft, records) if not draft.parsed.errors else None
    if draft.parsed.errors:
        step.failed.append(draft)
    elif change is None:
        step.skipped += 1
    else:
        step.changed.append(change)
        step.odd.extend(draft.odd)
