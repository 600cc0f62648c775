"""Steps of an import: some hundred rows, read, compared with what exists, and made into documents."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from flask_babel import gettext as _

from models.fields.context import Context
from models.rights import Access
from services.imports.companions import Companion
from services.imports.existing import Key, find_existing, key_of
from services.imports.limits import STEP
from services.imports.linked import resolve_links
from services.imports.options import TableOptions
from services.imports.plan import Plan
from services.imports.report import FailedRow, OddValue
from services.imports.rows import Draft, failed_row, keep_texts, read_row, settle
from services.imports.tables import Row
from services.records import Origin, check_reach, new_document
from services.values import check_references, check_required, check_together, context_of


@dataclass
class Step:
    """What a step comes to: documents to write, rows that exist already, what is to be reported, and the companions
    that it needs and that are not there yet, by key."""

    documents: list[dict[str, Any]] = field(default_factory=list)
    skipped: int = 0
    odd: list[OddValue] = field(default_factory=list)
    failed: list[FailedRow] = field(default_factory=list)
    missing: dict[str, Companion] = field(default_factory=dict)


class RowsSeen:
    """The keys of the rows so far, each with its row's number: a key that comes again is a double in the file."""

    def __init__(self) -> None:
        self.numbers: dict[Key, int] = {}

    def note(self, plan: Plan, draft: Draft) -> tuple[Key | None, int | None]:
        """(the row's key, the number of the row that had it before)."""
        key = key_of(plan, draft.parsed) if plan.skips else None
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


def new_drafts(
    access: Access, plan: Plan, rows: Iterable[Row], seen: RowsSeen, *, survey: bool = False
) -> tuple[list[Draft], int, list[FailedRow]]:
    """(the rows that are new, how many exist already, rows that are doubles of others in the file)."""
    context = reading_context(access, plan)
    drafts = [read_row(plan, row, context, survey=survey) for row in rows]
    keyed = [(draft, *seen.note(plan, draft)) for draft in drafts]
    existing = find_existing(access, plan, [draft.parsed for draft, key, first in keyed if key and first is None])
    doubles = [double(plan, draft, first) for draft, _key, first in keyed if first is not None]
    single = [(draft, key) for draft, key, first in keyed if first is None]
    new = [draft for draft, key in single if key is None or key not in existing]
    return new, len(single) - len(new), doubles


def double(plan: Plan, draft: Draft, first: int) -> FailedRow:
    fields = ", ".join(found.label_in("en") for found in plan.match)
    draft.parsed.fail("", _("Row %(first)s of this file is the same by %(fields)s.", first=first, fields=fields))
    return failed_row(plan, draft)


def find_places(access: Access, plan: Plan, drafts: list[Draft], origin: Origin) -> None:
    """Resolve links and find a place for every odd value."""
    context = reading_context(access, plan)
    resolve_links(access, drafts, origin)
    check_references(access, plan.schema, [draft.parsed for draft in drafts])
    for draft in drafts:
        settle(plan, draft, context)


def make_step(access: Access, plan: Plan, rows: Iterable[Row], seen: RowsSeen, origin: Origin) -> Step:
    """The rows as documents; nothing is written but linked records that had to be made."""
    drafts, skipped, doubles = new_drafts(access, plan, rows, seen)
    find_places(access, plan, drafts, origin)
    step = Step(skipped=skipped, failed=doubles)
    for draft in drafts:
        add_draft(access, plan, draft, step)
    step.failed.sort(key=lambda failed: failed.row)
    return step


def add_draft(access: Access, plan: Plan, draft: Draft, step: Step) -> None:
    for kept in draft.kept:
        if kept.companion.field is None:
            step.missing.setdefault(kept.companion.key, kept.companion)
    keep_texts(draft)
    document = None
    if not draft.parsed.errors:
        document = new_document(access, plan.schema, draft.parsed)
        check_required(draft.parsed, plan.schema, document)
        check_together(draft.parsed, plan.schema, document)
        check_reach(draft.parsed, access, plan.schema, document)
    if draft.parsed.errors or document is None:
        step.failed.append(failed_row(plan, draft))
        return
    step.documents.append(document)
    step.odd.extend(draft.odd)
