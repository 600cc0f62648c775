"""Records as they were: each state that a change ended, kept so that those of one moment are found at once."""

import datetime as dt
from typing import Any, ClassVar

import mongoengine as me

#: Midnight falls on a quarter of an hour in every time zone: states are told apart by those and no closer.
SECONDS = 900
#: Enough for the quarters of five hundred years.
MOST_TWOS = 24


class PastState(me.Document):
    """One record's document while it was so: after the quarter `begins`, until `ends` inclusive.

    Derived from documents and change entries (services/keeping_past.py), which tell the same more slowly. `fork` is
    the number within (begins, ends] that most twos divide. A moment's states have one of some forty forks
    (`states_at`), so that an index reads hardly more than these states, be it of yesterday or years ago.
    """

    register = me.StringField(required=True)
    record = me.ObjectIdField(required=True)
    begins = me.IntField(required=True)
    ends = me.IntField(required=True)
    fork = me.IntField(required=True)
    document = me.DictField()

    meta: ClassVar[dict[str, Any]] = {
        "collection": "past_state",
        "auto_create_index": False,
        "indexes": [
            ["register", "fork", "ends", "record"], ["register", "fork", "begins", "record"], ["register", "record"],
        ],
    }


def quarter_of(moment: dt.datetime) -> int:
    """The quarter of an hour that a moment falls in, counted from 1970."""
    return max(int(moment.timestamp() // SECONDS), 0)


def moment_of(quarter: int) -> dt.datetime:
    """When a quarter begins."""
    return dt.datetime.fromtimestamp(quarter * SECONDS, dt.UTC)


def fork_of(begins: int, ends: int) -> int:
    """The number within (begins, ends] that most twos divide."""
    twos = (begins ^ ends).bit_length() - 1
    return ends >> twos << twos


def forks_before(quarter: int) -> list[int]:
    """The forks up to the quarter of the states that a record may be in as it begins."""
    return sorted({quarter >> twos << twos for twos in range(MOST_TWOS)})


def forks_after(quarter: int) -> list[int]:
    """Those beyond it."""
    return sorted({(quarter >> twos << twos) + (1 << twos) for twos in range(MOST_TWOS)})


def states_at(register: str, quarter: int) -> dict[str, Any]:
    """The condition for the states in which the register's records were just before the quarter began.

    A state without a change since is none of them: it is the record's own document.
    """
    before = [{"register": register, "fork": fork, "ends": {"$gte": quarter}} for fork in forks_before(quarter)]
    after = [{"register": register, "fork": fork, "begins": {"$lt": quarter}} for fork in forks_after(quarter)]
    return {"$or": before + after}


def states_within(register: str, first: int, last: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The condition for the states that hold some moment from the quarter `first` to `last`, in two halves: each state
    meets one of them, so that two readers may share the work."""
    middle = (first + last) // 2
    before = [{"register": register, "fork": fork, "ends": {"$gte": first}}
              for fork in forks_before(first) if fork < first]  # fmt: skip
    after = [{"register": register, "fork": fork, "begins": {"$lt": last}} for fork in forks_after(last)]
    early = {"register": register, "fork": {"$gte": first, "$lte": middle}}
    late = {"register": register, "fork": {"$gt": middle, "$lte": last}}
    return {"$or": [early, *before]}, {"$or": [late, *after]}
