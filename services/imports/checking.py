"""The check of a draft: everything that the import would do is worked out, row by row, and nothing is written."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pymongo import InsertOne

from models.base import stored_value
from models.changes import Source
from models.fields.field import Choice, Field
from models.fields.schema import Schema
from models.imports import FaultyCell
from models.rights import NotAllowed
from services.files import get_file
from services.imports.content import content_of_file
from services.imports.errors import TableError
from services.imports.limits import MAX_FAULTY
from services.imports.plan import Plan
from services.imports.preparation import check_definitions
from services.imports.rows import Draft
from services.imports.steps import RowsSeen, Step, chunks, make_step
from services.imports.survey import Survey, new_choices, survey_table, wanted_choices, wanted_definitions
from services.imports.tables import Table, cell_text, open_table
from services.imports.work import work_of
from services.imports.writing import current_plan
from services.jobs import Run, handles
from services.records import Origin
from services.values import context_of

Raw = dict[str, Any]
KIND = "check_import"
#: So many of the first rows are shown as the records that they would be.
SAMPLE, LONGEST_SHOWN = 10, 200


@handles(KIND)
def run_check(run: Run) -> Raw:
    """The job: it writes nothing that could be there twice, and so it begins anew after a stop."""
    draft_id = run.params["draft"]
    FaultyCell._get_collection().delete_many({"draft": draft_id})
    mapping, mend = work_of(run.params)
    with content_of_file(get_file(run.access, run.params["file"])) as stream:
        table = open_table(stream, mapping.table)
        table.mend = mend
        plan = current_plan(run, mapping, table)
        survey = survey_table(run.access, plan, table, lambda _rows: run.advance(0))
        if not survey.rows:
            raise TableError(_l("The file has a header, but no rows below it."))
        definitions, additions = list(wanted_definitions(plan, survey)), list(wanted_choices(plan, survey))
        if (definitions or additions) and not run.access.may(plan.register, "settings"):
            raise NotAllowed(_l("You may not change the settings. Ask an administrator."))
        check_definitions(definitions)
        run.advance(0, total=survey.rows)
        found = Trial(run, pretended(plan, survey)).go(table)
    result = {"rows": survey.rows, **found, "new_fields": [*map(told_field, definitions), *found["new_fields"]],
              "new_choices": {binding.field.column: [choice["label"]["en"] for choice in choices]
                              for binding, choices in additions}}  # fmt: skip
    return {"message": message_of(result), "result": result}


def pretended(plan: Plan, survey: Survey) -> Plan:
    """The plan as it will be once the new fields have their choices, and those that are there their new ones."""
    fields = {column: with_choices(binding.field, new_choices(binding, survey, [c.key for c in binding.field.choices]))
              for column, binding in plan.by_column.items() if binding.gathers}  # fmt: skip
    if not fields:
        return plan
    columns = tuple(replace(planned, bindings=tuple(
        replace(binding, field=fields.get(binding.field.column, binding.field), gathers=False)
        for binding in planned.bindings)) for planned in plan.columns)  # fmt: skip
    by_column = {binding.field.column: binding for planned in columns for binding in planned.bindings}
    return replace(plan, columns=columns, by_column=by_column, schema=with_fields(plan.schema, fields),
                   full=with_fields(plan.full, fields))  # fmt: skip


def with_choices(field: Field, choices: Sequence[Raw]) -> Field:
    added = tuple(Choice(choice["key"], choice["label"], choice["colour"]) for choice in choices)
    return replace(field, choices=field.choices + added)


def with_fields(schema: Schema, fields: Mapping[str, Field]) -> Schema:
    changed = tuple(fields.get(field.column, field) for field in schema.fields)
    return Schema(schema.register, schema.version, changed, schema.retired)


class Trial:
    """One reading of all rows that counts what would become of them and keeps the faulty cells."""

    def __init__(self, run: Run, plan: Plan) -> None:
        self.run, self.plan, self.seen = run, plan, RowsSeen()
        self.counts = dict.fromkeys(("rows", "create", "change", "skip", "faulty", "kept"), 0)
        self.samples: list[Raw] = []
        self.linked: set[tuple[str, str]] = set()
        self.missing: dict[str, Raw] = {}
        self.cells = 0

    def go(self, table: Table) -> Raw:
        for rows in chunks(table.rows()):
            step = make_step(self.run.access, self.plan, rows, self.seen, Origin(Source.IMPORT), trial=True)
            self.count(step, len(rows))
            self.keep(step)
            self.run.advance(self.counts["rows"])
        return {**self.counts, "cells": self.cells, "new_links": new_links(self.linked), "sample_rows": self.samples,
                "new_fields": list(self.missing.values())}  # fmt: skip

    def count(self, step: Step, rows: int) -> None:
        told = {"rows": rows, "create": len(step.documents), "change": len(step.changed), "skip": step.skipped,
                "faulty": len(step.failed), "kept": len(step.odd)}  # fmt: skip
        self.counts = {name: count + told[name] for name, count in self.counts.items()}
        self.linked |= step.linked
        for key, companion in step.missing.items():
            self.missing[key] = {"key": key, "label": dict(companion.label), "kind": "text"}
        pairs = [*((None, document) for document in step.documents), *step.changed]
        for before, after in pairs[: SAMPLE - len(self.samples)]:
            self.samples.append(self.sample(before, after))

    def sample(self, before: Raw | None, after: Raw) -> Raw:
        """A record as it will be, by the columns that the file fills, in the texts that its reader sees."""
        context = context_of(self.run.access)
        fields = [self.plan.schema.by_column[column] for column in self.plan.by_column]
        texts = {field.column: field.kind.text(stored_value(field, after), field, context)[:LONGEST_SHOWN]
                 for field in fields if not field.kind.refers}  # fmt: skip
        return {"action": "change" if before else "create", "name": after.get("name") or "", "values": texts}

    def keep(self, step: Step) -> None:
        """Keep the step's faulty cells, as long as there is room."""
        found = [cell for draft in step.failed for cell in faulty_cells(self.plan, draft)]
        headers = {header: place for place, header in enumerate(self.plan.header)}
        odd = [{"row": odd.row, "place": headers.get(odd.column), "header": odd.column, "value": odd.value,
                "reason": odd.reason, "kept": True} for odd in step.odd]  # fmt: skip
        room = max(0, MAX_FAULTY - self.cells)
        self.cells += len(found) + len(odd)
        writes = [InsertOne({"draft": self.run.params["draft"], **cell}) for cell in [*found, *odd][:room]]
        if writes:
            FaultyCell._get_collection().bulk_write(writes)


def faulty_cells(plan: Plan, draft: Draft) -> Iterator[Raw]:
    """Each thing that is wrong with a row, at the cell that it is about; at none where it is the row as a whole."""
    places = {binding.field.column: planned for planned in plan.columns for binding in planned.bindings}
    made_of = plan.schema.register.document.made_of
    for column, messages in draft.parsed.errors.items():
        sources = [column, *made_of.get(column, ())]
        planned = next((places[source] for source in sources if source in places), None)
        place = planned.place if planned else None
        cell = draft.row.cells[place] if place is not None and place < len(draft.row.cells) else ""
        yield {"row": draft.row.number, "place": place, "header": planned.rule.header if planned else "",
               "value": cell_text(cell), "reason": " ".join(map(str, messages)), "kept": False}  # fmt: skip


def new_links(linked: set[tuple[str, str]]) -> Raw:
    """{register: how many of its records would be made to link to}."""
    registers = [register for register, _name in linked]
    return {register: registers.count(register) for register in dict.fromkeys(registers)}


def told_field(definition: Raw) -> Raw:
    return {"key": definition["key"], "label": definition["label"], "kind": definition["kind"],
            "choices": len(definition.get("choices") or ())}  # fmt: skip


def message_of(result: Mapping[str, Any]) -> str:
    return _("%(rows)s rows: %(create)s new, %(change)s changed, %(skip)s left as they are, %(faulty)s faulty.",
             rows=result["rows"], create=result["create"], change=result["change"], skip=result["skip"],
             faulty=result["faulty"])  # fmt: skip
