"""Looking through all that is kept for a person, and forgetting them there, by jobs: files may be many and large.

What is looked through is what has registered itself (services/traces.py). The jobs know the person by hashes alone.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from pymongo import DESCENDING
from pymongo.client_session import ClientSession

from models.changes import Change
from models.consent import MAIL
from models.files import StoredFile
from models.jobs import Job, JobState
from models.rights import Access
from models.transactions import in_transaction
from services.jobs import JobError, Run, add_job, handles, start_job
from services.personal_data.people import REGISTER, Found, addresses_of, find_person
from services.security import require_administrator
from services.stored_texts import Unread, lines_of
from services.traces import FILE_RULES, PLACES, STAYS, Place, Traces
from services.unheld_files import batches, free_contents

Raw = dict[str, Any]
LOOK, FORGET = "look_for_person", "forget_traces"
#: So many files are told of.
MOST_TOLD = 500
#: Purpose of a file -> (what such files are called, what becomes of those that have no rule).
FILES: dict[str, tuple[Any, Any]] = {
    "import": (_l("Files of imports"), STAYS),
    "result": (_l("Files that jobs made"), _l("as you decide below; the person’s part of letters is taken out")),
    "version": (_l("Files of documents"), _l("as you decide below; the person’s part of letters is taken out")),
    "attachment": (_l("Files in fields of records"), _l("those of the person go; others stay: delete them by hand")),
    "template": (_l("Files of templates"), STAYS),
    "document": (_l("Other files"), STAYS),
}


def traces_of(found: Found, session: ClientSession | None = None) -> Traces:
    """Names and addresses of a person, those that they had before too."""
    names = [str(found.raw.get("name") or "")]
    its = {"register": REGISTER, "record": {"$in": found.ids}, "changes.name": {"$exists": True}}
    for change in Change._get_collection().find(its, {"changes.name": 1}, session=session):
        names += [value for value in change["changes"]["name"] if isinstance(value, str)]
    addresses = addresses_of(found, session)
    return Traces.of([*names, *(address for channel, address in addresses if channel == MAIL)],
                     [address for channel, address in addresses if channel != MAIL])  # fmt: skip


# Looking


@dataclass(frozen=True)
class Looked:
    """What the last look for a person has found: {"name", "count", "becomes"} of each kind of place and file, the ids
    of the files that name the person, and of those that nobody could read. `job` is the look (raw)."""

    job: Raw
    rows: Sequence[Raw] = ()
    files: Sequence[ObjectId] = ()
    unread: Sequence[ObjectId] = ()

    @property
    def is_done(self) -> bool:
        return bool(self.job["state"] == JobState.DONE.value)


def start_looking(access: Access, person_id: Any) -> ObjectId:
    """Have everything looked through for a person; returns the id of the job, which may be one that is at it already.
    Raises NotAllowed, RecordNotFound."""
    require_administrator(access)
    found = find_person(person_id)
    before = last_look(found)
    if before is not None and not JobState(before.job["state"]).ended:
        return before.job["_id"]
    params = {"person": found.raw["_id"], "ids": found.ids, "traces": traces_of(found).as_params()}
    return start_job(access, LOOK, _("Look for a person"), params, total_of())


def forget_looks(session: ClientSession, person: Found) -> None:
    """Take away what looks for a person have found."""
    Job._get_collection().delete_many({"kind": LOOK, "params.person": person.raw["_id"]}, session=session)


def total_of() -> int:
    return len(PLACES) + StoredFile._get_collection().count_documents({})


def last_look(found: Found) -> Looked | None:
    its = {"kind": LOOK, "params.person": found.raw["_id"]}
    job = Job._get_collection().find_one(its, sort=[("created_at", DESCENDING)])
    if job is None:
        return None
    result = job.get("result") or {}
    counts, files = result.get("places", {}), result.get("files", ())
    rows = [{"name": place.label, "count": counts[key], "becomes": place.becomes}
            for key, place in PLACES.items() if counts.get(key)]  # fmt: skip
    return Looked(job, [*rows, *rows_of_files(files)], files, result.get("unread", ()))


def rows_of_files(ids: Sequence[ObjectId]) -> Iterator[Raw]:
    """How many of these files there still are of each purpose."""
    its = {"_id": {"$in": list(ids)}}
    counts = Counter(raw["purpose"] for raw in StoredFile._get_collection().find(its, {"purpose": 1}))
    for purpose, (label, becomes) in FILES.items():
        rule = FILE_RULES.get(purpose)
        if counts[purpose]:
            yield {"name": label, "count": counts[purpose], "becomes": rule.becomes if rule else becomes}


@handles(LOOK)
def run_look(run: Run) -> Raw:
    """The job: nothing is written but what was found, so it begins anew after a stop."""
    traces, counts = Traces.from_params(run.params["traces"]), {}
    for done, (key, place) in enumerate(PLACES.items()):
        run.advance(done, total=total_of())
        counts[key] = sum(1 for _raw in place.named(traces, run.params["ids"]))
    named: list[ObjectId] = []
    unread: list[ObjectId] = []
    for file, rows in through_files(run, traces, unread):
        named += [file["_id"]] if rows else []
    message = ngettext("The person stands in %(num)s file.", "The person stands in %(num)s files.", len(named))
    return {"message": message, "result": {"places": counts, "files": named[:MOST_TOLD],
                                           "unread": unread[:MOST_TOLD]}}  # fmt: skip


def through_files(run: Run, traces: Traces, unread: list[ObjectId]) -> Iterator[tuple[Raw, list[int]]]:
    """(file, the numbers of the lines that name the person) of every stored file, on from where the job stopped; those
    that can't be read are added to `unread`. Raises JobCancelled, LeaseLost."""
    its = {"_id": {"$gt": run.position["file"]}} if "file" in run.position else {}
    known: dict[str, tuple[list[int], bool]] = {}
    done = len(PLACES)
    for raw in StoredFile._get_collection().find(its).sort("_id", 1):
        run.advance(done := done + 1, run.position)
        # The same content under another name is looked through once.
        if raw["sha256"] not in known or raw["purpose"] == "import":
            known[raw["sha256"]] = rows_with(traces, raw)
        rows, readable = known[raw["sha256"]]
        if not readable and not rows:
            unread.append(raw["_id"])
        yield raw, rows or ([0] if traces.are_in(raw["name"]) else [])


def rows_with(traces: Traces, file: Raw) -> tuple[list[int], bool]:
    """(the lines that name the person, the line before among them where a name begins there; whether all was read)."""
    found: list[int] = []
    before = (0, "")
    try:
        for number, line in lines_of(file):
            if traces.are_in(line):
                found.append(number)
            elif before[0] and traces.are_in(f"{before[1]}\n{line}"):
                found += [before[0], number]
            before = (number, line)
    except Unread:
        return found, False
    return found, True


# Forgetting


def forget_later(session: ClientSession, access: Access, traces: Traces) -> None:
    """Have a person forgotten in all that is registered; the job waits for `wake` after the commit."""
    add_job(session, access, FORGET, _("Traces of an erased person"), {"traces": traces.as_params()}, total_of())


@handles(FORGET, stoppable=False)
def run_forget(run: Run) -> Raw:
    """The job's handler: file by file, then the places. What is done twice does no harm."""
    traces = Traces.from_params(run.params["traces"])
    forget_in_files(run, traces)
    counts = {key: sum(forget_some(run, traces, place, some) for some in batches(place.named(traces)))
              for key, place in PLACES.items()}  # fmt: skip
    told = {name: run.position.get(name, []) for name in ("kept", "busy", "unread")}
    run.note(*(called(raw, traces) for raw in files_of([*told["kept"], *told["busy"]])))
    if told["busy"]:
        raise JobError(_l("An import that names the person is going on. When it has ended, look for the person and "
                          "erase them again: %(names)s.",
                          names=", ".join(called(raw, traces) for raw in files_of(told["busy"]))))  # fmt: skip
    result = {"places": counts, "files": told["kept"], "unread": told["unread"]}
    return {"message": message_of(counts, told["kept"], told["unread"]), "result": result}


def forget_in_files(run: Run, traces: Traces) -> None:
    """Take the person out of the files of which that is nobody's decision. Where they stand still is noted with how far
    the job is."""
    unread: list[ObjectId] = []
    noted = {name: list(run.position.get(name, ())) for name in ("kept", "busy")}
    before = list(run.position.get("unread", ()))
    for file, rows in through_files(run, traces, unread):
        rule = FILE_RULES.get(file["purpose"])
        if rows and rule is None:
            noted["kept"].append(file["_id"])
        elif rows and rule is not None:
            if rule.forget(file, rows):
                free_contents([file["sha256"]])
            else:
                noted["busy"].append(file["_id"])
        left = {**noted, "unread": [*before, *unread]}
        cut = {name: ids[:MOST_TOLD] for name, ids in left.items()}
        run.advance(run.job["done"], {"file": file["_id"], **cut})


def files_of(ids: Sequence[ObjectId]) -> list[Raw]:
    return list(StoredFile._get_collection().find({"_id": {"$in": list(ids)}}).sort("_id", 1))


def called(file: Raw, traces: Traces) -> str:
    """A file as the job may call it: not by a name that names the person."""
    return str(file["_id"] if traces.are_in(file["name"]) else file["name"])


def forget_some(run: Run, traces: Traces, place: Place, found: Sequence[Raw]) -> int:
    """Take the person out of some documents of a place; how many of them stay as they are."""
    forget = place.forget
    if forget is None:
        return len(found)

    def work(session: ClientSession) -> None:
        run.advance(run.job["done"], run.position, session=session)
        forget(session, found, traces)

    in_transaction(work)
    return 0


def message_of(counts: dict[str, int], kept: Sequence[Any], unread: Sequence[Any]) -> str:
    """What the owner reads: where the person stands still."""
    sentences = [_("The person was taken out of all that the program keeps by itself.")]
    if kept:
        sentences.append(ngettext("%(num)s file that was kept names the person.",
                                  "%(num)s files that were kept name the person.", len(kept)))  # fmt: skip
    if unread:
        sentences.append(ngettext("%(num)s file could not be read.", "%(num)s files could not be read.", len(unread)))
    left = [f"{PLACES[key].label}: {count}" for key, count in counts.items() if count]
    return " ".join([*sentences, *([_("Left as they are: %(places)s.", places=", ".join(left))] if left else [])])
