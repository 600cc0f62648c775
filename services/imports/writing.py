"""Writing the rows of an import, step by step: while one step is being written, the next one is read."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from pymongo.client_session import ClientSession

from models.changes import Source
from models.fields.schema import schema_of
from models.transactions import in_transaction
from services.imports.limits import MAX_NOTES
from services.imports.mappings import ImportMapping
from services.imports.plan import Plan, make_plan
from services.imports.preparation import add_companions
from services.imports.report import write_notes
from services.imports.rows import failed_row, read_row
from services.imports.steps import RowsSeen, Step, chunks, make_step, reading_context
from services.imports.tables import Row, Table
from services.jobs import Run
from services.records import MOST_ATTEMPTS, Origin, Overtaken, insert, replace_records

Raw = dict[str, Any]


def current_plan(run: Run, mapping: ImportMapping, table: Table) -> Plan:
    return make_plan(run.access, run.params["register"], mapping, table.header)


def origin_of(run: Run) -> Origin:
    return Origin(Source.IMPORT, str(run.job["_id"]))


def write_rows(run: Run, mapping: ImportMapping, table: Table, position: Raw) -> None:
    """Write the rows that follow the position."""
    Writer(run, mapping, table, position).write_all()


class Writer:
    """Writes the rows that follow a position, which moves with what is written; those before it are only looked at for
    doubles. The database and this process work side by side."""

    def __init__(self, run: Run, mapping: ImportMapping, table: Table, position: Raw) -> None:
        self.run, self.mapping, self.table, self.position = run, mapping, table, position
        self.plan, self.seen = current_plan(run, mapping, table), RowsSeen()
        self.pending: tuple[Future[None], list[Row], Raw] | None = None

    def write_all(self) -> None:
        start = self.position["row"]
        with ThreadPoolExecutor(1, "import-writer") as threads:
            for rows in chunks(self.table.rows()):
                if rows[-1].number <= start:
                    self.look_at(rows)
                    continue
                step = self.next_step(rows)
                before, self.position = self.position, moved(self.position, rows, step)
                writing = threads.submit(write_step, self.run, self.plan, step, before, self.position)
                self.pending = (writing, rows, before)
            self.wait()

    def look_at(self, rows: list[Row]) -> None:
        if self.plan.matches:
            keys, context = self.plan.for_keys(), reading_context(self.run.access, self.plan)
            for row in rows:
                self.seen.note(keys, read_row(keys, row, context))

    def next_step(self, rows: list[Row]) -> Step:
        """The rows as documents, once the step before is written."""
        if self.plan.links_to_itself:
            self.wait()
        step = self.make(rows)
        self.wait()
        # Whoever may not make fields gets the rows reported whose values find no place.
        if step.missing and self.run.access.may(self.plan.register, "settings"):
            companions = list(step.missing.values())
            self.position = add_companions(self.run, self.plan.register, companions, self.position)
            step = self.make(rows)
        return step

    def make(self, rows: list[Row]) -> Step:
        if schema_of(self.plan.register).version != self.plan.schema.version:
            self.plan = current_plan(self.run, self.mapping, self.table)
        return make_step(self.run.access, self.plan, rows, self.seen, origin_of(self.run))

    def wait(self) -> None:
        """Have the step that is being written done with. Where somebody else has saved one of its records meanwhile, it
        is made anew."""
        if self.pending is None:
            return
        writing, rows, before = self.pending
        self.pending = None
        try:
            writing.result()
        except Overtaken:
            self.write_anew(rows, before)

    def write_anew(self, rows: list[Row], before: Raw) -> None:
        for attempt in range(1, MOST_ATTEMPTS + 1):
            step = self.make(rows)
            self.position = moved(before, rows, step)
            try:
                write_step(self.run, self.plan, step, before, self.position)
                return
            except Overtaken:
                if attempt == MOST_ATTEMPTS:
                    raise


def write_step(run: Run, plan: Plan, step: Step, before: Raw, after: Raw) -> None:
    """Write one step's records, notes and position in one transaction. Raises Overtaken."""
    failed = [failed_row(plan, draft) for draft in step.failed[: max(0, MAX_NOTES - before["failed"])]]

    def write(session: ClientSession) -> None:
        if step.documents:
            insert(session, run.access, plan.full, step.documents, origin_of(run))
        replace_records(session, run.access, plan.full, step.changed, origin_of(run))
        write_notes(session, str(run.job["_id"]), step.odd, failed, before)
        run.advance(after["done"], after, session=session)

    in_transaction(write)


def moved(position: Raw, rows: list[Row], step: Step) -> Raw:
    return {
        **position, "row": rows[-1].number, "done": position["done"] + len(rows),
        "created": position["created"] + len(step.documents), "changed": position.get("changed", 0) + len(step.changed),
        "skipped": position["skipped"] + step.skipped, "odd": position["odd"] + len(step.odd),
        "failed": position["failed"] + len(step.failed),
    }  # fmt: skip
