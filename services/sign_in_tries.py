"""Holding up those who guess: after a few failed tries each further one has to wait, longer every time.

Tries are counted by account and by network address, for names that nobody has as for those of users, so that nothing
tells which accounts there are. A try is counted before the password is looked at: many at once get no more of them.
"""

import datetime as dt
import hashlib
import ipaddress
from dataclasses import dataclass

from flask_babel import ngettext
from pymongo.errors import DuplicateKeyError

from models.fields.kinds.times import aware
from models.sign_in import Tries
from models.told import Told
from services.records import now

#: The first wait, doubled by each failed try after those that are free, up to the longest.
FIRST_WAIT, LONGEST_WAIT = dt.timedelta(seconds=30), dt.timedelta(hours=1)
#: An office shares one address.
FREE_BY_ACCOUNT, FREE_BY_ADDRESS = 5, 30
#: A provider gives a customer so many bits of IPv6 addresses.
CUSTOMER_BITS = 64


class TooManyTries(Told):
    """No password is looked at for a while; `seconds` says how long."""

    def __init__(self, seconds: int) -> None:
        minutes = max(1, -(-seconds // 60))
        super().__init__(ngettext("Too many failed tries. Wait a minute, then try again.",
                                  "Too many failed tries. Wait %(num)s minutes, then try again.", minutes))  # fmt: skip
        self.seconds = seconds


@dataclass(frozen=True)
class Counted:
    """What one try is counted by: key -> how many are free."""

    keys: dict[str, int]

    @classmethod
    def of(cls, name: str, address: str) -> "Counted":
        return cls({key_of("account", name.strip().casefold()): FREE_BY_ACCOUNT,
                    key_of("address", network_of(address)): FREE_BY_ADDRESS})  # fmt: skip


def key_of(what: str, text: str) -> str:
    return hashlib.sha256(f"{what}:{text}".encode("utf-8", "replace")).hexdigest()


def network_of(address: str) -> str:
    """An IPv4 address itself, of an IPv6 address the customer's network."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    mapped = getattr(found, "ipv4_mapped", None)
    if found.version == 4 or mapped:
        return str(mapped or found)
    return str(ipaddress.ip_network((found, CUSTOMER_BITS), strict=False))


def begin_try(counted: Counted) -> None:
    """Count a try, as failed until `succeeded` says otherwise. Raises TooManyTries; then it is not counted."""
    taken: list[str] = []
    for key, free in counted.keys.items():
        if wait := count_try(key, free):
            for other in taken:
                take_back(other)
            raise TooManyTries(wait)
        taken.append(key)


def count_try(key: str, free: int) -> int:
    """Count one try in one step, unless it has to wait: then answers for how many seconds."""
    moment = now()
    failed = {"$add": [{"$ifNull": ["$failed", 0]}, 1]}
    over = {"$subtract": [failed, free]}
    # Two to the thirtieth is enough to reach the longest wait, and no number that is too large to be kept.
    wait = {"$min": [{"$multiply": [milliseconds(FIRST_WAIT), {"$pow": [2, {"$min": [over, 30]}]}]},
                     milliseconds(LONGEST_WAIT)]}  # fmt: skip
    until = {"$cond": [{"$gte": [over, 0]}, {"$add": [moment, wait]}, None]}
    try:
        Tries._get_collection().update_one({"_id": key, "until": {"$not": {"$gt": moment}}},
                                           [{"$set": {"failed": failed, "until": until, "at": moment}}],
                                           upsert=True)  # fmt: skip
    except DuplicateKeyError:
        # It is there, and has to wait: only then does the condition not find it.
        found = Tries._get_collection().find_one({"_id": key}) or {}
        return seconds_until(found.get("until"), moment)
    return 0


def milliseconds(span: dt.timedelta) -> int:
    return int(span.total_seconds() * 1000)


def seconds_until(until: dt.datetime | None, moment: dt.datetime) -> int:
    return max(1, int((aware(until) - moment).total_seconds()) + 1) if until else 1


def take_back(key: str) -> None:
    Tries._get_collection().update_one({"_id": key, "failed": {"$gt": 0}}, {"$inc": {"failed": -1}})


def forget_tries(key: str) -> None:
    """Let what is counted by this key begin anew."""
    Tries._get_collection().delete_one({"_id": key})


def succeeded(counted: Counted) -> None:
    """The password was right: the account begins anew, and its address has this try back."""
    account, address = counted.keys
    forget_tries(account)
    Tries._get_collection().update_one({"_id": address, "failed": {"$gt": 0}},
                                       {"$inc": {"failed": -1}, "$set": {"until": None}})  # fmt: skip


def forget(*names: str) -> None:
    """Let an account begin anew under each of its names: its user has chosen a new password."""
    keys = [key_of("account", name.strip().casefold()) for name in names]
    Tries._get_collection().delete_many({"_id": {"$in": keys}})
