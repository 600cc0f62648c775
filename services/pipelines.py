"""Setting up pipelines and their stages: names, colours, order, probability, how long one may rest, retiring."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from models.changes import Source, change_of
from models.fields.definitions import bump_version, forget_version
from models.pipelines import OWN, Pipeline, PipelineDocument
from models.rights import Access
from models.transactions import in_transaction
from services.audit import note_change
from services.choice_lists import texts_of
from services.records import RecordNotFound, VersionConflict, now
from services.settings import COLOURS, KEY, Problems, clean_label, register_to_set_up, suggested_key

Raw = dict[str, Any]
#: The register whose records go through the stages, and whose settings pipelines are.
REGISTER = "opportunity"
MOST_PIPELINES, MOST_STAGES = 30, 30
LONGEST_REST = 3_650
#: What change entries tell of a pipeline.
NOTED = ("key", "label", "order", "retired", "stages")
WHOLE = re.compile(r"\d{1,6}", re.ASCII)
BAD_KEY = _l("A key starts with a letter a–z and goes on with at most 49 letters a–z, digits and _.")
PROBABILITY = _l("A probability is a whole percentage from 0 to 100.")
REST = _l("Give the days after which one has rested too long as a whole number, or leave them empty.")


# Reading


def list_pipelines() -> list[Raw]:
    """All pipelines in their order as they are kept: {_id, key, label, order, retired, stages, version}. One of the
    program's own that nobody has changed has the version 0 and no id."""
    saved = PipelineDocument._get_collection().find().sort([("order", 1), ("key", 1)])
    return [with_defaults(raw) for raw in saved] or [spelled_out(OWN)]


def get_pipeline(key: Any) -> Raw:
    """One pipeline. Raises RecordNotFound."""
    found = next((raw for raw in list_pipelines() if raw["key"] == key), None)
    if found is None:
        raise RecordNotFound("pipeline", key)
    return found


def with_defaults(raw: Raw) -> Raw:
    return {"order": 0, "retired": False, "stages": [], "version": 1, **raw}


def spelled_out(pipeline: Pipeline) -> Raw:
    """A pipeline of the program's own as a document would have it, labels in every language."""
    stages = [{"key": stage.key, "label": texts_of(stage.label), "colour": stage.colour,
               "probability": stage.probability, "rests_after": stage.rests_after, "retired": stage.retired}
              for stage in pipeline.stages]  # fmt: skip
    return {"_id": None, "key": pipeline.key, "label": texts_of(pipeline.label), "order": 0, "retired": False,
            "stages": stages, "version": 0}  # fmt: skip


# Writing


def add_pipeline(access: Access, values: Mapping[str, Any], *, source: Source = Source.SCREEN) -> Raw:
    """Make a pipeline of {label, stages, key}; returns it. Its key is made of the label where none is given.

    Raises NotAllowed, ValidationFailed.
    """
    register_to_set_up(access, REGISTER)
    present, problems = list_pipelines(), Problems()
    label = clean_label(values.get("label"), problems, "label")
    key = values.get("key") or unused(suggested_key(label), {raw["key"] for raw in present})
    if label and not (isinstance(key, str) and KEY.match(key)):
        problems.add("key", BAD_KEY)
    elif key in {raw["key"] for raw in present}:
        problems.add("key", _l("There is already a pipeline with the key “%(key)s”, perhaps retired.", key=key))
    if len(present) >= MOST_PIPELINES:
        problems.add("label", _l("There can be at most %(most)s pipelines.", most=MOST_PIPELINES))
    blank: Raw = {"_id": None, "key": key, "order": max(raw["order"] for raw in present) + 1, "retired": False,
                  "stages": [], "version": 0}  # fmt: skip
    after = {**blank, "label": label, "stages": clean_stages(values.get("stages"), blank, present, problems)}
    problems.raise_if_any()
    return save(access, [({}, after)], present, source)[0]


def change_pipeline(
    access: Access, key: str, values: Mapping[str, Any], *,
    version: int | None = None, source: Source = Source.SCREEN,
) -> Raw:  # fmt: skip
    """Change label, stages or `retired` of a pipeline; returns it. Keys never change, and a stage that is left out is
    retired: records may hold it. Raises NotAllowed, RecordNotFound, ValidationFailed, VersionConflict."""
    register_to_set_up(access, REGISTER)
    before, present = get_pipeline(key), list_pipelines()
    if version is not None and version != before["version"]:
        raise VersionConflict(before)
    after = changed_pipeline(before, values, present)
    return before if after == before else save(access, [(before, after)], present, source)[0]


def changed_pipeline(before: Raw, values: Mapping[str, Any], present: Sequence[Raw]) -> Raw:
    """What a pipeline is to be, among all that are `present`. Raises ValidationFailed."""
    after, problems = dict(before), Problems()
    if "label" in values:
        after["label"] = clean_label(values["label"], problems, "label")
    if "stages" in values:
        after["stages"] = clean_stages(values["stages"], before, present, problems)
    if "retired" in values:
        after["retired"] = values["retired"] is True
    problems.raise_if_any()
    check_use([after if raw["key"] == before["key"] else raw for raw in present], problems)
    problems.raise_if_any()
    return after


def move_pipeline(access: Access, key: str, *, down: bool, source: Source = Source.SCREEN) -> None:
    """One place up or down among the pipelines. Raises NotAllowed, RecordNotFound, VersionConflict."""
    register_to_set_up(access, REGISTER)
    get_pipeline(key)
    present = list_pipelines()
    keys = [raw["key"] for raw in present]
    place = keys.index(key)
    other = place + (1 if down else -1)
    if not 0 <= other < len(keys):
        return
    ordered = list(present)
    ordered[place], ordered[other] = ordered[other], ordered[place]
    pairs = [(raw, {**raw, "order": number}) for number, raw in enumerate(ordered) if raw["order"] != number]
    save(access, pairs, present, source)


def unused(key: str, taken: Iterable[str]) -> str:
    """The key, or with a number behind it the first that is free."""
    if not key or key not in taken:
        return key
    return next(f"{key[:45]}_{number}" for number in range(2, 1_000) if f"{key[:45]}_{number}" not in taken)


def clean_stages(stages: Any, before: Raw, present: Sequence[Raw], problems: Problems) -> list[Raw]:
    """The stages as they are kept: those that are left out are retired, and stand last."""
    if not isinstance(stages, (list, tuple)) or not stages:
        problems.add("stages", _l("Give at least one stage."))
        return []
    held = {stage["key"] for stage in before["stages"]}
    elsewhere = {stage["key"] for raw in present if raw["key"] != before["key"] for stage in raw["stages"]}
    cleaned: list[Raw] = []
    for stage in stages[: MOST_STAGES + 1]:
        taken = elsewhere | held | {one["key"] for one in cleaned}
        cleaned.append(clean_stage(stage, held, taken, problems))
    keys = [stage["key"] for stage in cleaned]
    for key in sorted({key for key in keys if key and (keys.count(key) > 1 or key in elsewhere)}):
        problems.add("stages", _l("There is already a stage with the key “%(key)s”, perhaps retired.", key=key))
    left_out = [{**stage, "retired": True} for stage in before["stages"] if stage["key"] not in keys]
    if len(cleaned) + len(left_out) > MOST_STAGES:
        problems.add("stages", _l("A pipeline has at most %(most)s stages, retired ones among them.", most=MOST_STAGES))
    if not any(not stage["retired"] for stage in cleaned):
        problems.add("stages", _l("Leave at least one stage in use, or retire the pipeline."))
    return cleaned + left_out


def clean_stage(stage: Any, held: Iterable[str], taken: Iterable[str], problems: Problems) -> Raw:
    stage = stage if isinstance(stage, Mapping) else {}
    label = clean_label(stage.get("label"), problems, "stages")
    key = stage.get("key") or unused(suggested_key(label), taken)
    if label and not (isinstance(key, str) and (key in held or KEY.match(key))):
        problems.add("stages", BAD_KEY)
        key = ""
    colour = stage.get("colour") or "grey"
    if colour not in COLOURS:
        problems.add("stages", _l("Choose a colour: %(known)s.", known=", ".join(COLOURS)))
    return {"key": key, "label": label, "colour": colour,
            "probability": clean_number(stage.get("probability"), 100, problems, PROBABILITY) or 0,
            "rests_after": clean_number(stage.get("rests_after"), LONGEST_REST, problems, REST) or None,
            "retired": stage.get("retired") is True}  # fmt: skip


def clean_number(value: Any, most: int, problems: Problems, message: Any) -> int | None:
    """A whole number from 0 to `most`; None for none."""
    if value is None or value == "":
        return None
    text = str(value).strip() if not isinstance(value, bool) else ""
    if not WHOLE.fullmatch(text) or int(text) > most:
        problems.add("stages", message)
        return None
    return int(text)


def check_use(pipelines: Sequence[Raw], problems: Problems) -> None:
    """Note what would leave nothing for a new opportunity to start with."""
    in_use = [raw for raw in pipelines if not raw["retired"]]
    if not any(not stage["retired"] for raw in in_use for stage in raw["stages"]):
        problems.add("retired", _l("At least one pipeline must stay in use, with at least one stage."))


def save(
    access: Access, pairs: Sequence[tuple[Raw, Raw]], present: Sequence[Raw], source: Source
) -> list[Raw]:  # fmt: skip
    """Write changed pipelines, each as (before, after), in one transaction. The program's own becomes a document with
    the first change to any: where one is saved, only what is saved is in force."""
    changed = {after["key"] for _before, after in pairs}
    own: list[tuple[Raw, Raw]] = [({}, raw) for raw in present
                                  if raw["version"] == 0 and raw["key"] not in changed]  # fmt: skip
    written: list[Raw] = []

    def work(session: ClientSession) -> None:
        written[:] = [write(session, access, before, after, source) for before, after in [*pairs, *own]]
        bump_version(session)

    try:
        in_transaction(work)
    except DuplicateKeyError as error:
        raise VersionConflict(list_pipelines()[0]) from error
    forget_version()
    return written[: len(pairs)]


def write(session: ClientSession, access: Access, before: Raw, after: Raw, source: Source) -> Raw:
    collection, moment, is_new = PipelineDocument._get_collection(), now(), after["_id"] is None
    document = {**after, "_id": after["_id"] or ObjectId(), "version": after["version"] + 1, "changed_at": moment}
    if is_new:
        collection.insert_one(document, session=session)
    else:
        same = {"_id": after["_id"], "version": before["version"]}
        if not collection.replace_one(same, document, session=session).matched_count:
            raise VersionConflict(get_pipeline(after["key"]))
    told = [{name: raw[name] for name in NOTED if name in raw} for raw in (before, document)]
    note_change(session, {
        "register": "pipeline", "record": document["_id"], "action": "create" if is_new else "update",
        "version": document["version"], "at": moment, "by": access.user_id, "source": source.value, "batch": None,
        "changes": change_of(*told)}, document)  # fmt: skip
    return document
