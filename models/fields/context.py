"""For whom a value is read or written: language, time zone, and what linked records are called."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from bson import ObjectId

LabelKey = tuple[str, ObjectId]


@dataclass(frozen=True)
class Context:
    """How text is read and written for one reader.

    `labels` maps (register or "user" or "team", id) to a name; an id that is missing there is not shown by name,
    because its reader may not see it or because it is gone. `sizes` are the bytes of the files
    among them. `keep_odd` accepts a keepable value as it was typed.
    `held` is what the record's field holds already, which may stay though it would not be taken anew; `asking` reads
    a value to compare with, which may be anything that a record may hold. `user_id` and `team_id` are whom "me" and
    "my team" mean. `moment` is what "now" means to conditions; None is the present. `decimal_mark` ("," or ".") and
    `date_order` ("dmy", "mdy" or "ymd") say how a file writes numbers and days, where its language alone does not.
    """

    language: str = "en"
    time_zone: str = "UTC"
    labels: Mapping[LabelKey, str] = field(default_factory=dict)
    sizes: Mapping[ObjectId, int] = field(default_factory=dict)
    keep_odd: bool = False
    held: Any = None
    asking: bool = False
    user_id: ObjectId | None = None
    team_id: ObjectId | None = None
    moment: dt.datetime | None = None
    decimal_mark: str = ""
    date_order: str = ""

    @property
    def locale(self) -> str:
        """The locale that dates and numbers are formatted by: English as it is written in Europe."""
        return "en_GB" if self.language == "en" else self.language

    @property
    def now(self) -> dt.datetime:
        return self.moment or dt.datetime.now(dt.UTC)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)
