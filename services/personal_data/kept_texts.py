"""Texts of the program's own in which a person may stand: notices, jobs, what records said before, saved lists."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from mongoengine import Document
from pymongo.client_session import ClientSession

from models.changes import Change, DeletedRecord
from models.console import Look
from models.jobs import Job, JobState
from models.merge import MergeTemplate
from models.notices import Notice
from models.past import PastState
from models.registers import REGISTERS
from models.reports import Report
from models.saved_views import SavedView
from models.trays import OwnTray, Tray
from services.audit.reading import every_entry
from services.notices import recount_all
from services.traces import Place, Traces, add_place, strings_in, without

Raw = dict[str, Any]
Candidates = Callable[[Sequence[ObjectId]], Iterable[Raw]]
ENDED = [state.value for state in JobState if state.ended]
#: What of a job's parameters is ids and plain words of the program.
JOB_TEXTS = ("title", "message", "log", "params", "result", "position")
IN_AUDIT = _l("stays: the audit can’t be changed, or it would prove nothing")


def all_of(document: type[Document]) -> Candidates:
    return lambda _own: document._get_collection().find()


# Notices


def forget_notices(session: ClientSession, notices: Sequence[Raw], _traces: Traces) -> None:
    Notice._get_collection().delete_many({"_id": {"$in": [raw["_id"] for raw in notices]}}, session=session)
    recount_all(session, {raw["user"] for raw in notices})


# Jobs


def ended_jobs(_own: Sequence[ObjectId]) -> Iterable[Raw]:
    return Job._get_collection().find({"state": {"$in": ENDED}}, dict.fromkeys(JOB_TEXTS, 1))


def forget_jobs(session: ClientSession, jobs: Sequence[Raw], traces: Traces) -> None:
    """What an ended job is called, says and was asked for goes where the person stands in it."""
    for raw in jobs:
        named = [name for name in JOB_TEXTS if traces.are_among(strings_in(raw.get(name)))]
        texts = {name: without(raw[name], traces) for name in named}
        Job._get_collection().update_one({"_id": raw["_id"]}, {"$set": texts}, session=session)


# What other records said before


def changes_of_others(own: Sequence[ObjectId]) -> Iterable[Raw]:
    return Change._get_collection().find({"record": {"$nin": list(own)}, "changes": {"$ne": {}}},
                                         {"register": 1, "record": 1, "changes": 1})  # fmt: skip


def states_of_others(own: Sequence[ObjectId]) -> Iterable[Raw]:
    return PastState._get_collection().find({"record": {"$nin": list(own)}})


def changed_texts(raw: Raw) -> Iterable[str]:
    return strings_in(list(raw["changes"].values()))


def forget_changes(session: ClientSession, changes: Sequence[Raw], traces: Traces) -> None:
    """Take away the values that named the person, but of records that do so today: about those somebody decides."""
    for raw in changes:
        if not stands_still(session, raw, traces):
            kept = {column: without(both, traces) for column, both in raw["changes"].items()}
            Change._get_collection().update_one({"_id": raw["_id"]}, {"$set": {"changes": kept}}, session=session)


def forget_states(session: ClientSession, states: Sequence[Raw], traces: Traces) -> None:
    for raw in states:
        if not stands_still(session, raw, traces):
            document = {name: without(value, traces) for name, value in raw["document"].items()}
            PastState._get_collection().update_one({"_id": raw["_id"]}, {"$set": {"document": document}},
                                                   session=session)  # fmt: skip


def stands_still(session: ClientSession, raw: Raw, traces: Traces) -> bool:
    """Whether the record of an entry names the person as it is now, be it in the recycle bin."""
    its = {"_id": raw["record"]}
    found = DeletedRecord._get_collection().find_one(its, session=session)
    if found is None and raw["register"] in REGISTERS:
        found = REGISTERS[raw["register"]].document._get_collection().find_one(its, session=session)
    return found is not None and traces.are_among(strings_in(found))



add_place(Place("notices", _l("Notices"), all_of(Notice), _l("deleted"), forget_notices))
add_place(Place("jobs", _l("Jobs"), ended_jobs, _l("the texts that name the person go"), forget_jobs))
add_place(Place("history", _l("Histories of other records"), changes_of_others,
                _l("former values that name the person go, but of records that name them still"), forget_changes,
                changed_texts))  # fmt: skip
add_place(Place("past", _l("Former states of other records"), states_of_others,
                _l("former values that name the person go, but of records that name them still"),
                forget_states))  # fmt: skip
for key, label, document in (
    ("saved_views", _l("Saved lists"), SavedView), ("reports", _l("Reports"), Report),
    ("trays", _l("Trays"), Tray), ("own_trays", _l("Trays that users arranged"), OwnTray),
    ("templates", _l("Letter templates"), MergeTemplate),
):  # fmt: skip
    add_place(Place(key, label, all_of(document)))
add_place(Place("audit", _l("Audit"), lambda _own: every_entry(), IN_AUDIT))
add_place(Place("looks", _l("Looks into the data console"), all_of(Look), IN_AUDIT))
