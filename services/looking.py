"""Looking at the program as another user sees it: an administrator's own session, with that user's rights and without
any writing (views/looking.py refuses it), from a beginning to an end that the audit tells of."""

from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.fields.errors import ValidationFailed
from models.rights import Access
from models.security import User
from models.transactions import in_transaction
from services.audit import What, target_user, write
from services.records import object_id
from services.security import access_for, require_administrator
from services.sessions import key_of


def begin_looking(access: Access, user_id: Any, token: Any) -> User:
    """Have the session of the token show the program as this user sees it.

    Raises NotAllowed, ValidationFailed for users at whom there is nothing to look.
    """
    require_administrator(access)
    user = User.objects(pk=object_id("user", user_id)).first()
    if user is None or not user.active:
        raise ValidationFailed({"": [_l("This user may not sign in, so there is nothing to see.")]})
    if access_for(user).everything:
        raise ValidationFailed({"": [_l("Administrators see what you see.")]})
    mine = {"_id": access.user_id, "sessions.key": key_of(str(token))}

    def work(session: ClientSession) -> None:
        looks = {"$set": {"sessions.$.looking_as": user.pk}}
        if User._get_collection().update_one(mine, looks, session=session).matched_count:
            write(session, What.LOOKED_AS_BEGUN, access.user_id, target=target_user(user.pk, session))

    in_transaction(work)
    return user


def end_looking(administrator: ObjectId, token: Any) -> ObjectId | None:
    """Have the administrator's session be their own again; answers at whom they looked."""
    key = key_of(str(token))
    mine = {"_id": administrator, "sessions": {"$elemMatch": {"key": key, "looking_as": {"$ne": None}}}}

    def work(session: ClientSession) -> ObjectId | None:
        found = User._get_collection().find_one_and_update(mine, {"$unset": {"sessions.$.looking_as": ""}},
                                                           session=session)  # fmt: skip
        if found is None:
            return None
        looked_at: ObjectId = next(one["looking_as"] for one in found["sessions"] if one["key"] == key)
        write(session, What.LOOKED_AS_ENDED, administrator, target=target_user(looked_at, session))
        return looked_at

    return in_transaction(work)


def looked_at(user: User, token: Any) -> User | None:
    """The user whom this session shows the program as; None where it is its own user's, or no longer may."""
    key = key_of(str(token))
    one = next((one for one in user.sessions if one.key == key), None)
    if one is None or one.looking_as is None or not access_for(user).everything:
        return None
    found: User | None = User.objects(pk=one.looking_as, active=True).first()
    return None if found is None or access_for(found).everything else found
