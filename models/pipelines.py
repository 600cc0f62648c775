"""Pipelines and their stages, as the organisation has them (V12, V16)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import mongoengine as me
from flask_babel import lazy_gettext as _l

from models.fields.choice_lists import gives_choices
from models.fields.definitions import KeptByVersion
from models.fields.field import Choice, label_in

Raw = dict[str, Any]


class PipelineDocument(me.Document):
    """A pipeline as it is kept; there is none as long as nobody has changed the program's own.

    `label` maps a language to text; `stages` holds {key, label, colour, probability, rests_after, retired} in their
    order. Keys never change: records hold them.
    """

    key = me.StringField(required=True)
    label = me.DictField()
    order = me.IntField(default=0)
    retired = me.BooleanField(default=False)
    stages = me.ListField(me.DictField())
    version = me.IntField(default=1)
    changed_at = me.DateTimeField()

    meta: ClassVar[dict[str, Any]] = {
        "collection": "pipeline",
        "auto_create_index": False,
        "indexes": [{"fields": ["key"], "unique": True}],
        "ordering": ["order", "key"],
    }


@dataclass(frozen=True)
class Stage:
    """A step of a pipeline. `probability` is in percent; a record that stays longer than `rests_after` days without
    anything happening rests too long, None for a stage in which it may."""

    key: str
    label: Any
    colour: str = "blue"
    probability: int = 0
    rests_after: int | None = None
    retired: bool = False

    def label_in(self, language: str) -> str:
        return label_in(self.label, language) or self.key


@dataclass(frozen=True)
class Pipeline:
    """A way from the first sign to the deal. `saved` tells whether it is a document or the program's own."""

    key: str
    label: Any
    stages: tuple[Stage, ...]
    retired: bool = False
    saved: bool = True

    @property
    def offered(self) -> tuple[Stage, ...]:
        """The stages that a record may come to."""
        return tuple(stage for stage in self.stages if not stage.retired)

    def label_in(self, language: str) -> str:
        return label_in(self.label, language) or self.key


#: What there is as long as nobody has made any.
OWN = Pipeline(
    "sales",
    _l("Sales"),
    (
        Stage("qualification", _l("Qualification"), "grey", 10, 30),
        Stage("needs", _l("Needs known"), "blue", 30, 30),
        Stage("offer", _l("Offer made"), "violet", 50, 21),
        Stage("negotiation", _l("Negotiation"), "green", 70, 21),
    ),
    saved=False,
)


@KeptByVersion
def pipelines() -> tuple[Pipeline, ...]:
    """All pipelines in their order, retired ones too."""
    saved = PipelineDocument._get_collection().find().sort([("order", 1), ("key", 1)])
    return tuple(pipeline_of(raw) for raw in saved) or (OWN,)


def pipeline_of(raw: Mapping[str, Any]) -> Pipeline:
    stages = tuple(
        Stage(item["key"], dict(item["label"]), item.get("colour", "blue"), item.get("probability", 0),
              item.get("rests_after"), bool(item.get("retired")))
        for item in raw.get("stages", ())
    )  # fmt: skip
    return Pipeline(raw["key"], dict(raw["label"]), stages, bool(raw.get("retired")))


def stages() -> Iterator[tuple[Pipeline, Stage]]:
    """Every stage with its pipeline."""
    return ((pipeline, stage) for pipeline in pipelines() for stage in pipeline.stages)


def find_stage(key: Any) -> tuple[Pipeline, Stage] | None:
    """The stage of a key with its pipeline; None where there is none."""
    return next(((pipeline, stage) for pipeline, stage in stages() if stage.key == key), None)


@gives_choices("stages")
def stage_choices() -> tuple[Choice, ...]:
    """The stages of all pipelines; those of a retired pipeline are offered no more."""
    return tuple(Choice(stage.key, stage.label, stage.colour, stage.retired or pipeline.retired)
                 for pipeline, stage in stages())  # fmt: skip


@gives_choices("pipelines")
def pipeline_choices() -> tuple[Choice, ...]:
    return tuple(Choice(pipeline.key, pipeline.label, "grey", pipeline.retired) for pipeline in pipelines())
