"""An export as a job: made anew from the first record when it was interrupted, and never left twice."""

import datetime as dt
import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO, cast
from zoneinfo import ZoneInfo

from bson import ObjectId
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from pymongo.client_session import ClientSession

from models.fields.errors import ConditionError
from models.fields.field import Field
from models.fields.schema import Schema, schema_of
from models.registers import Register, register_of
from models.rights import Access, NotAllowed
from models.transactions import in_transaction
from services.exports.plain import CardWriter, JsonLinesWriter, card_fields, has_cards
from services.exports.tables import MOST_ROWS, CsvWriter, SheetWriter
from services.exports.wanted import CSV, FORMS, JSON_LINES, SHEET, VCARD, ExportProblem, Wanted, Writer
from services.files import add_file, keep_content, new_file
from services.jobs import Run, handles, start_job
from services.labels import context_for
from services.search import Selection, count_selected, iterate_listed

Raw = dict[str, Any]
KIND, ACTION = "export", "export"
BATCH = 500


def check_may_export(access: Access, register: str) -> Register:
    """The register's card. Raises UnknownRegister, NotAllowed."""
    card = register_of(register)
    if not (access.may(card.key, "see") and access.may(card.key, ACTION)):
        raise NotAllowed(_l("You may not export records here. Ask an administrator for the right."))
    return card


def forms_of(card: Register) -> list[str]:
    """The forms in which the register's records can be had."""
    return [form for form in FORMS if form != VCARD or has_cards(schema_of(card.key))]


def start_export(access: Access, register: str, selection: Selection, wanted: Wanted) -> ObjectId:
    """Have a worker write the selected records into a file; returns the job's id.

    Raises UnknownRegister, NotAllowed, ExportProblem, ConditionError, TooSlow.
    """
    card = check_may_export(access, register)
    wanted.check()
    if wanted.form not in forms_of(card):
        raise ExportProblem(_l("Only people can be exported as vCards."))
    fields_of(schema_of(card.key).for_access(access), wanted)
    count = count_selected(access, card.key, selection, ACTION)
    if not count:
        raise ExportProblem(_l("None of the chosen records is there any more, or you may not export them."))
    check_size(wanted, count)
    params = {"register": card.key, "selection": selection.as_params(), **wanted.as_params()}
    return start_job(access, KIND, _("Export: %(register)s", register=str(card.label)), params, count)


def check_size(wanted: Wanted, count: int) -> None:
    if wanted.form == SHEET and count >= MOST_ROWS:
        raise ExportProblem(_l("A sheet of Excel holds 1,048,575 records. Choose CSV, or fewer records."))


def fields_of(schema: Schema, wanted: Wanted) -> Sequence[Field]:
    """The fields that the file is made of, as far as the schema's user sees them. Raises ExportProblem."""
    if wanted.form != VCARD:
        return wanted.fields(schema)
    if found := card_fields(schema):
        return found
    raise ExportProblem(_l("None of these fields is there any more, or you don't see them."))


@handles(KIND)
def run_export(run: Run) -> Raw:
    """The job's handler. The result and its file are written together; a later try finds them and is done."""
    if not run.job.get("result_file"):
        try:
            with tempfile.TemporaryFile() as out:
                make_export(run, cast(BinaryIO, out))
        except ConditionError as error:
            raise ExportProblem(str(error)) from error
    return {"message": message_of(run.job["result"])}


def make_export(run: Run, out: BinaryIO) -> None:
    access, wanted = run.access, Wanted.from_params(run.params)
    card = check_may_export(access, run.params["register"])
    schema = schema_of(card.key).for_access(access)
    fields = fields_of(schema, wanted)
    writer = writer_of(out, fields, wanted, str(card.label), access.language)
    done = 0
    for batch in batches(run, card, fields, wanted):
        writer.write(batch, context_for(access, fields, batch))
        done += len(batch)
        check_size(wanted, done)
        run.advance(done)
    writer.close()
    content_type, ending = FORMS[wanted.form]
    title = f"{card.label} {dt.datetime.now(ZoneInfo(access.time_zone)).date().isoformat()}"
    file = new_file(access, title + ending, content_type, "result", keep_content(out))

    def keep(session: ClientSession) -> None:
        run.advance(done, total=done, session=session)
        result = {"records": done, "fields": len(fields), "shortened": writer.shortened}
        run.update({"$set": {"result_file": add_file(session, file), "result": result}}, session)

    in_transaction(keep)


def batches(run: Run, card: Register, fields: Sequence[Field], wanted: Wanted) -> Iterator[list[Raw]]:
    """The selected records in the order of the list, some at a time. Raises ConditionError."""
    rows = iterate_listed(
        run.access, card.key, Selection.from_params(run.params["selection"]), ACTION,
        [field.path for field in fields], order=wanted.order or None, direction=wanted.direction or None,
    )  # fmt: skip
    while batch := list(islice(rows, BATCH)):
        yield batch


def writer_of(out: BinaryIO, fields: Sequence[Field], wanted: Wanted, title: str, language: str) -> Writer:
    """What writes a file of the wanted form to `out`."""
    if wanted.form == SHEET:
        return SheetWriter(out, fields, title, language)
    if wanted.form == CSV:
        return CsvWriter(out, fields, wanted, language)
    return JsonLinesWriter(out, fields) if wanted.form == JSON_LINES else CardWriter(out, fields)


def message_of(result: Raw) -> str:
    """What the owner reads when the file is there."""
    ready = ngettext("%(num)s record is in the file.", "%(num)s records are in the file.", result["records"])
    if not result["shortened"]:
        return ready
    cut = ngettext("%(num)s text was cut: a cell of Excel holds 32,767 characters.",
                   "%(num)s texts were cut: a cell of Excel holds 32,767 characters.", result["shortened"])  # fmt: skip
    return f"{ready} {cut}"
