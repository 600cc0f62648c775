"""Writing stories of sales projects: each version with its own change entry, dated when it was."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from random import Random
from typing import Any

from bson import ObjectId
from pymongo.client_session import ClientSession

from models.fields.schema import Schema, schema_of
from models.pipelines import pipelines
from models.rights import Access
from models.transactions import in_transaction
from services.demo.activities import ZONE
from services.demo.opportunities import Step, Story, in_order
from services.records import (
    SCREEN,
    changed_document,
    finished,
    insert,
    prepare_new,
    replace_records,
    visible_values,
)

Raw = dict[str, Any]


class Telling:
    """Writes stories in the names of their sellers. `resolved` gives the values with ids for their references."""

    def __init__(self, access: Access, resolved: Callable[[Mapping[str, Any]], Raw]) -> None:
        self.access, self.resolved = replace(access, time_zone=ZONE), resolved
        self.schema = schema_of("opportunity")
        self.stages = stage_keys()
        reason = self.schema.field("reason")
        self.reasons = [choice.key for choice in reason.offered]

    def write(self, stories: Sequence[Story], randoms: Sequence[Random]) -> list[Raw]:
        """Add the projects with all that became of them, in one transaction; returns them as they are now."""
        told = [(self.seller(story), list(self.versions(story, random)))
                for story, random in zip(stories, randoms, strict=True)]  # fmt: skip
        in_transaction(lambda session: self.insert(session, told))
        return [versions[-1] for _seller, versions in told]

    def seller(self, story: Story) -> Access:
        return replace(self.access, user_id=self.resolved({"seller": story.seller})["seller"])

    def versions(self, story: Story, random: Random) -> Iterator[Raw]:
        """The project as it was added, and after each step that changed something."""
        access, raw = self.seller(story), None
        for moment, step in in_order(random, story.steps):
            values = self.values(step)
            if raw is None:
                after = prepare_new(access, self.schema, [values])[0] | {"created_at": moment}
            else:
                after = changed_document(access, self.schema, raw, values, (), raw)
                if visible_values(self.schema, after) == visible_values(self.schema, raw):
                    continue
                after["version"] = raw["version"] + 1
            raw = dated(self.schema, raw, after, moment)
            yield raw

    def values(self, step: Step) -> Raw:
        values = self.resolved(step.values)
        if step.stage is not None:
            values["stage"] = self.stages[min(step.stage, len(self.stages) - 1)]
        if "reason" in values and values["reason"] not in self.reasons:
            values["reason"] = self.reasons[0]
        return values

    def insert(self, session: ClientSession, told: Sequence[tuple[Access, Sequence[Raw]]]) -> None:
        for access, some in by_seller(told):
            insert(session, access, self.schema, [versions[0] for versions in some], SCREEN)
            for place in range(1, max(map(len, some))):
                pairs = [(versions[place - 1], versions[place]) for versions in some if place < len(versions)]
                replace_records(session, access, self.schema, pairs, SCREEN)


def stage_keys() -> list[str]:
    """The stages of the first pipeline that is in use."""
    return next([stage.key for stage in found.offered] for found in pipelines() if found.offered and not found.retired)


def dated(schema: Schema, before: Raw | None, after: Raw, moment: dt.datetime) -> Raw:
    """The version as it was written at that moment."""
    after = after | {"changed_at": moment}
    if before is None or before["stage"] != after["stage"]:
        return finished(schema, after | {"stage_since": moment}, {})
    return finished(schema, after | {"stage_since": before["stage_since"]}, {})


def by_seller(told: Sequence[tuple[Access, Sequence[Raw]]]) -> Iterator[tuple[Access, list[Sequence[Raw]]]]:
    def seller(one: tuple[Access, Sequence[Raw]]) -> ObjectId:
        return one[0].user_id or ObjectId()

    for _key, group in groupby(sorted(told, key=seller), key=seller):
        some = list(group)
        yield some[0][0], [versions for _access, versions in some]
