"""Letters as a job: made anew from the first record when it was interrupted, and never left twice."""

import datetime as dt
import tempfile
import time
from collections.abc import Callable
from typing import IO, Any, BinaryIO, cast
from zoneinfo import ZoneInfo

from bson import ObjectId
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from pymongo.client_session import ClientSession

from models.fields.errors import ConditionError
from models.rights import Access
from models.transactions import in_transaction
from services.files import add_file, keep_content, new_file
from services.jobs import JobCancelled, Run, handles, start_job
from services.merge.errors import MergeProblem
from services.merge.history import add_batch, drop_letters, keep_letters, new_batch
from services.merge.leaving_out import LeavingOut, segment_of, tell_segment
from services.merge.letters import LetterReader, check_unknown, write_letters
from services.merge.pdf import check_office
from services.merge.places import Places
from services.merge.results import ONE, Form
from services.merge.templates import (
    check_may_merge,
    get_template,
    read_template,
    sources_of,
    template_in,
    unknown_fields,
)
from services.records import RecordNotFound
from services.search import Selection, count_selected
from services.word import MergeReport, TemplateError

Raw = dict[str, Any]
KIND = "merge"
#: Progress is noted so often, in seconds; a cancelled job stops as quickly.
NOTE_EVERY = 0.3


def start_merge(
    access: Access, register: str, template_id: Any, selection: Selection, unknown: str = "stop",
    form: Form = ONE, *, history: bool = True, leave_out: bool = False,
) -> ObjectId:  # fmt: skip
    """Have a worker make a letter for each selected record; returns the job's id.

    `unknown` says what becomes of merge fields that nothing fills: "blank" leaves them empty, "stop" makes no
    letters; `form` whether they come in one document, split or each by itself. With `history` each recipient's letter
    is told by its timeline; with `leave_out` those who refused letters get none. Raises NotAllowed, RecordNotFound,
    MergeProblem, ConditionError, TooSlow.
    """
    check_may_merge(access, register)
    if form.pdf:
        check_office()
    template = template_in(access, register, template_id)
    check_unknown(unknown_fields(access, template), unknown)
    count = count_selected(access, register, selection, "merge")
    if not count:
        raise MergeProblem(_l("There is nobody to write to: none of the chosen records is there any more, or you may "
                              "not make letters for them."))  # fmt: skip
    params = {"template": str(template["_id"]), "selection": selection.as_params(), "unknown": unknown,
              "form": form.form, "pdf": form.pdf, "history": history, "leave_out": leave_out}  # fmt: skip
    return start_job(access, KIND, _("Letters: %(name)s", name=template["name"]), params, count)


@handles(KIND)
def run_merge(run: Run) -> Raw:
    """The job's handler. The result and its file are written together; a later try finds them and is done."""
    if not run.job.get("result_file"):
        with tempfile.TemporaryFile() as out:
            try:
                make_letters(run, out)
            except JobCancelled:
                drop_letters(run)
                raise
    return {"message": message_of(run.job["result"])}


def make_letters(run: Run, out: IO[bytes]) -> None:
    try:
        template = get_template(run.access, run.params["template"])
        word, sources = read_template(run.access, template["_id"]), sources_of(run.access, template)
        unknown = sources.unknown(word.field_names)
        check_unknown(unknown, run.params["unknown"])
        selection = Selection.from_params(run.params["selection"])
        leaving = LeavingOut(run.access, template["register"]) if run.params.get("leave_out") else None
        places = Places() if run.params.get("history") or segment_of(selection) else None
        report = write_letters(run.access, word, sources, selection, cast(BinaryIO, out), form_of(run),
                               title=template["name"], progress=progress_of(run), places=places,
                               leaving=leaving)  # fmt: skip
    except (TemplateError, ConditionError) as error:
        raise MergeProblem(error.message) from error
    except RecordNotFound as error:
        raise MergeProblem(_l("The template was deleted before the letters were made. Choose another.")) from error
    batch = new_batch(run, template, form_of(run), LetterReader(run.access, word, sources).columns()) \
            if run.params.get("history") else None
    result = {"letters": report.letters, "records": report.records, "skipped": report.skipped, "unknown": unknown,
              "left_out": leaving.count if leaving else 0}  # fmt: skip
    keep_result(run, template["name"], out, log_lines(report), result, batch, places)


def form_of(run: Run) -> Form:
    """The form that was asked for; jobs from before there was a choice have one document."""
    return Form(run.params.get("form", "one"), run.params.get("pdf", False))


def progress_of(run: Run) -> Callable[[int], None]:
    """Notes progress now and then. Raises JobCancelled, LeaseLost, which end the merge."""
    noted = 0.0

    def note(done: int) -> None:
        nonlocal noted
        if time.monotonic() - noted >= NOTE_EVERY:
            noted = time.monotonic()
            run.advance(done)

    return note


def keep_result(
    run: Run, name: str, out: IO[bytes], lines: Raw, result: Raw, batch: Raw | None, places: Places | None
) -> None:  # fmt: skip
    """Keep the document for its owner, and for its recipients' histories where a `batch` is given; file, result and
    batch in one transaction, while this worker holds the job."""
    today = dt.datetime.now(ZoneInfo(run.access.time_zone)).date()
    form = form_of(run)
    title = f"{name} {today.isoformat()}{form.ending}"
    file = new_file(run.access, title, form.content_type, "result", keep_content(out))
    segment = segment_of(Selection.from_params(run.params["selection"]))
    if batch is not None and places is not None:
        keep_letters(run, batch, places)

    def write(session: ClientSession) -> None:
        run.advance(result["records"], total=result["records"], session=session)
        kept = {"result_file": add_file(session, file), "result": result}
        run.update({"$set": kept, "$push": {"log": lines}}, session)
        if batch is not None and places is not None:
            add_batch(session, batch, file["_id"], places)
        if places is not None:
            tell_segment(session, run.access, segment, run.job["_id"], places.records())

    in_transaction(write)


def log_lines(report: MergeReport) -> Raw:
    """What was cut, as an addition to the job's log."""
    return {"$each": [
        _("Record %(number)s: the value of “%(name)s” was cut at 32,000 characters.", number=number, name=name)
        for number, name in report.truncated
    ]}  # fmt: skip


def message_of(result: Raw) -> str:
    """What the owner reads when the letters are there."""
    sentences = [ngettext("%(num)s letter is ready.", "%(num)s letters are ready.", result["letters"])]
    if result["skipped"]:
        sentences.append(ngettext("The template left out %(num)s record.", "The template left out %(num)s records.",
                                  result["skipped"]))  # fmt: skip
    if result.get("left_out"):
        sentences.append(ngettext("%(num)s recipient who refused letters was left out.",
                                  "%(num)s recipients who refused letters were left out.",
                                  result["left_out"]))  # fmt: skip
    if result["unknown"]:
        sentences.append(_("Left empty, because nothing fills them: %(names)s.", names=", ".join(result["unknown"])))
    return " ".join(sentences)
