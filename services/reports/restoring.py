"""Taking the deletion of a report back: the change entries hold what it was."""

from typing import Any

from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from models.changes import Change
from models.reports import Report
from models.rights import Access, NotAllowed
from models.transactions import in_transaction
from services.records import RecordNotFound, now, object_id
from services.reports.saved import NOTED, note

Raw = dict[str, Any]
#: What change entries leave out of a report.
EMPTY: Raw = {"roles": [], "conditions": [], "groups": [], "across": False, "limit": 0}


def restore_report(access: Access, report_id: Any) -> Raw:
    """Put back a report as it was when the user deleted it. What was to be sent meanwhile is not.

    Raises RecordNotFound where it is not deleted, NotAllowed where somebody else deleted it.
    """
    key = object_id("report", report_id)
    entries = list(Change._get_collection().find({"register": "report", "record": key}).sort("version", 1))
    if not entries or entries[-1]["action"] != "delete":
        raise RecordNotFound("report", report_id)
    first, last = entries[0], entries[-1]
    if last["by"] != access.user_id:
        raise NotAllowed(_l("Somebody else has deleted this report."))
    gone: Raw = {part: before for part, (before, _after) in last["changes"].items()}
    report = {**dict.fromkeys(NOTED), **EMPTY, **gone, "_id": key, "owner": first["by"], "created_at": first["at"],
              "sent_for": now(), "version": last["version"] + 1}  # fmt: skip

    def work(session: ClientSession) -> None:
        Report._get_collection().insert_one(report, session=session)
        note(session, access, "restore", {}, report)

    try:
        in_transaction(work)
    except DuplicateKeyError as error:
        raise RecordNotFound("report", report_id) from error
    return report
