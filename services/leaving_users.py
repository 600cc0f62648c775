"""Deactivating a user, and handing over what they are responsible for to a colleague."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.activities import OPEN
from models.changes import Source
from models.fields.errors import ValidationFailed
from models.registers import Register, all_registers
from models.rights import Access
from models.security import User
from models.transactions import in_transaction
from services.audit import What, target_of, target_user, write
from services.bulk_edit import Edit, edit_step
from services.jobs import Run, add_job, handles, wake
from services.records import VersionConflict, object_id
from services.search import Selection, count_selected
from services.security import (
    find_document,
    lock_administrators,
    require_administrator,
    require_an_administrator,
    update_noted,
)
from services.sessions import ended_but

Raw = dict[str, Any]
KIND = "hand_over"
OWNER = "owner"


@dataclass(frozen=True)
class Held:
    """How many records of a register a user is responsible for: of activities those that are open, since what was done
    stays theirs."""

    card: Register
    count: int


def held_by(access: Access, user_id: Any) -> list[Held]:
    """What would be handed over, by register. Raises NotAllowed, RecordNotFound, TooSlow."""
    require_administrator(access)
    user = find_document("user", user_id)
    counted = ((card, count_selected(access, card.key, selection_of(card, user["_id"]), "change"))
               for card in all_registers())  # fmt: skip
    return [Held(card, count) for card, count in counted if count]


def selection_of(card: Register, user_id: ObjectId) -> Selection:
    """The records of a register that the user is responsible for."""
    conditions: list[Raw] = [{"col": OWNER, "opr": "eq", "value": str(user_id)}]
    if card.happens:
        conditions.append({"col": "state", "opr": "eq", "value": OPEN})
    return Selection(conditions=tuple(conditions), all_matching=True)


def deactivate_user(access: Access, user_id: Any, receiver_id: Any = None, *, version: int | None = None) -> Raw:
    """End a user's sessions and let them in no more; what they are responsible for goes to the receiver by a job, or
    stays where there is none. Answers {"user", "job"}: the user (raw) and the job's id or None.

    Raises NotAllowed, RecordNotFound, ValidationFailed, VersionConflict, TooSlow.
    """
    held = held_by(access, user_id) if receiver_id else []
    require_administrator(access)
    before = find_document("user", user_id)
    if version is not None and version != (before.get("version") or 0):
        raise VersionConflict(before)
    receiver = checked(access, before, receiver_id)
    values = {"active": False, **ended_but(before)}

    def work(session: ClientSession) -> ObjectId | None:
        lock_administrators(session)
        update_noted(session, access, "user", before, values, Source.SCREEN)
        require_an_administrator(session, "active")
        return begin_handing_over(session, access, before, receiver, held) if receiver and held else None

    job = in_transaction(work)
    if job:
        wake()
    return {"user": before, "job": job}


def checked(access: Access, user: Raw, receiver_id: Any) -> Raw | None:
    """The receiver (raw), None for nobody. Raises ValidationFailed."""
    if user["_id"] == access.user_id:
        raise ValidationFailed({"": [_l("You can't deactivate yourself. Ask another administrator to do it.")]})
    if not user.get("active"):
        raise ValidationFailed({"": [_l("This user may not sign in any more already.")]})
    if not receiver_id:
        return None
    key = object_id("user", receiver_id)
    found: Raw | None = User._get_collection().find_one({"_id": key, "active": True})
    if found is None or key == user["_id"]:
        raise ValidationFailed({"receiver": [_l("Choose somebody else who may sign in.")]})
    return found


def begin_handing_over(
    session: ClientSession, access: Access, user: Raw, receiver: Raw, held: Sequence[Held]
) -> ObjectId:
    counts = {one.card.key: one.count for one in held}
    write(session, What.RECORDS_HANDED_OVER, access.user_id, target=target_of("user", user),
          details={"receiver": target_user(receiver["_id"], session)["name"], "records": counts})  # fmt: skip
    params = {"from": str(user["_id"]), "to": str(receiver["_id"]), "batch": str(ObjectId()),
              "registers": list(counts)}  # fmt: skip
    title = _("Records of %(name)s", name=f"{user['first_name']} {user['last_name']}")
    return add_job(session, access, KIND, title, params, sum(counts.values()))


@handles(KIND)
def run_hand_over(run: Run) -> Raw:
    """The job: register by register, in each on from the id where it stopped."""
    while run.position.get("place", 0) < len(run.params["registers"]):
        # What a try that is rolled back leaves in `run` must not count for the next one.
        done, before = run.job["done"], run.position
        in_transaction(lambda session, done=done, before=before: hand_over(session, run, done, before))  # type: ignore[misc]
    changed, refused = run.position.get("changed", 0), run.position.get("refused", 0)
    message = _("%(changed)s records were handed over, %(refused)s could not be.", changed=changed, refused=refused)
    return {"message": message, "result": {"changed": changed, "refused": refused, "batch": run.params["batch"]}}


def hand_over(session: ClientSession, run: Run, done: int, before: Mapping[str, Any]) -> None:
    """The next step of the register that is being handed over; behind its last one follows the next register."""
    params, place = run.params, before.get("place", 0)
    key = params["registers"][place]
    selection = selection_of(next(card for card in all_registers() if card.key == key), ObjectId(params["from"]))
    found = edit_step(session, run.access, key, selection, [Edit(OWNER, params["to"])], (), params["batch"],
                      before.get("last"))  # fmt: skip
    if found.refused:
        run.note(*(f"{name}: {why}" for name, why in found.refused), session=session)
    position = {"place": place if found.last else place + 1, "last": found.last,
                "changed": before.get("changed", 0) + found.changed,
                "refused": before.get("refused", 0) + len(found.refused)}  # fmt: skip
    run.advance(done + found.seen, position, session=session)
