"""The chain of the audit: what an entry's hash is made of, and where a chain is broken."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import bson
from bson import json_util
from bson.codec_options import CodecOptions, DatetimeConversion

from models.audit import AuditEntry, AuditHead

Raw = dict[str, Any]
HEAD = "head"
#: Whatever somebody has put there by other ways can be read: a date out of Python's range, text that is none.
READING: CodecOptions[Raw] = CodecOptions(
    tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_AUTO, unicode_decode_error_handler="replace"
)
BATCH = 1_000


class Fault(StrEnum):
    """What is wrong where a chain is broken."""

    CHANGED = "changed"
    MISSING = "missing"
    INSERTED = "inserted"


@dataclass(frozen=True)
class End:
    """The last entry of a chain: its number, 0 where there is none, and its hash."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


class BrokenChain(Exception):
    """The chain does not hold. `number` is that of the entry, as far as it has one."""

    def __init__(self, number: Any, fault: Fault) -> None:
        super().__init__(f"{fault.value}: {number}")
        self.number, self.fault = number, fault


def as_kept(entry: Mapping[str, Any]) -> Raw:
    """The entry as the database gives it back: times in milliseconds, numbers and texts as they are kept there."""
    return bson.decode(bson.encode(entry), READING)


def hash_of(entry: Mapping[str, Any]) -> str:
    """SHA-256 of the entry without its hash, as canonical extended JSON with sorted keys and without spaces."""
    rest = {key: value for key, value in entry.items() if key != "hash"}
    text = json_util.dumps(rest, json_options=json_util.CANONICAL_JSON_OPTIONS, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def head() -> End:
    """The end of the chain as its writers know it."""
    raw = AuditHead._get_collection().find_one({"_id": HEAD}) or {}
    return End(raw.get("number", 0), raw.get("hash", ""))


def check_chain(kept: End | None = None, tell: Callable[[int], None] = lambda _number: None) -> End:
    """Walk the whole chain; answers its end. `kept` is an end that was noted before and must be on it still; `tell` is
    called with the number reached, every thousand. Others may write meanwhile. Raises BrokenChain.
    """
    # Read before and after: what is written meanwhile lies between the two.
    known = [end for end in (head(), kept) if end is not None]
    last = End(0, "")
    entries = AuditEntry._get_collection().with_options(codec_options=READING)
    for raw in entries.find({}, sort=[("_id", 1)], batch_size=BATCH):
        last = following(last, raw)
        if any(end.number == last.number and end.hash != last.hash for end in known):
            raise BrokenChain(last.number, Fault.CHANGED)
        if last.number % BATCH == 0:
            tell(last.number)
    if any(end.number > last.number for end in known):
        raise BrokenChain(last.number + 1, Fault.MISSING)
    if last.number > (now := head()).number:
        raise BrokenChain(now.number + 1, Fault.INSERTED)
    return last


def following(last: End, raw: Raw) -> End:
    """The end of the chain with this entry after the last one. Raises BrokenChain."""
    number, expected = raw["_id"], last.number + 1
    if not isinstance(number, int) or isinstance(number, bool) or number < expected:
        raise BrokenChain(number, Fault.INSERTED)
    if number > expected:
        raise BrokenChain(expected, Fault.MISSING)
    if raw.get("previous") != last.hash or raw.get("hash") != hash_of(raw):
        raise BrokenChain(number, Fault.CHANGED)
    return End(number, raw["hash"])
