"""What a past state would do again, if nobody held it: after restoring it stops, and people decide.

Whatever was waiting then has been done since, as far as anybody knows. So mailings are held, messages that were due are
unclear and jobs have failed, that nothing goes out a second time unasked; and everybody logs in anew, for sessions that
were ended since would live again.
"""

from flask_babel import gettext as _

from models.jobs import Job, JobState
from models.mailings import SCHEDULED, SENDING, Mailing
from models.outbox import Message, MessageState
from models.rights import system_access
from models.security import User
from services.mailings import cancel, pause
from services.records import now


def settle() -> None:
    """Hold what an earlier state would do again. What is due later than now stays."""
    hold_mailings()
    going = [MessageState.WAITING.value, MessageState.SENDING.value]
    Message._get_collection().update_many(
        {"state": {"$in": going}, "due_at": {"$lte": now()}},
        {"$set": {"state": MessageState.UNCLEAR.value, "sent_at": now()}, "$unset": {"lease_until": "", "holder": ""}},
    )
    told = _("The organisation was restored to a state in which this was not done yet. Start it again if it is needed.")
    Job._get_collection().update_many(
        {"state": {"$in": [JobState.WAITING.value, JobState.RUNNING.value]}},
        {"$set": {"state": JobState.FAILED.value, "message": told, "ended_at": now()}, "$unset": {"lease_until": ""}},
    )
    User._get_collection().update_many({}, {"$set": {"sessions": []}, "$inc": {"token_era": 1}})


def hold_mailings() -> None:
    """Mailings that were being sent are paused, and those whose moment has passed are drafts again."""
    access, mailings = system_access(), Mailing._get_collection()
    for raw in list(mailings.find({"state": SENDING}, {"_id": 1})):
        pause(access, raw["_id"])
    for raw in list(mailings.find({"state": SCHEDULED, "starts_at": {"$lte": now()}}, {"_id": 1})):
        cancel(access, raw["_id"])
