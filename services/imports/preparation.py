"""Making the fields and choices that an import needs, before its first row is written."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l

from models.changes import Source
from models.fields.errors import ValidationFailed
from models.fields.field import Field
from models.fields.schema import schema_of
from models.rights import Access
from services.choice_lists import change_choices, get_choices
from services.imports.coming_back import coming_field, make_field
from services.imports.companions import Companion
from services.imports.errors import ImportProblem, MappingError, TableError
from services.imports.plan import Binding, Plan
from services.imports.survey import Survey, long_companions, survey_table, wanted_choices, wanted_definitions
from services.imports.tables import Table
from services.jobs import Run
from services.records import VersionConflict
from services.settings import change_field, get_definition, new_definition, register_to_set_up

Raw = dict[str, Any]
#: How often choices are added anew when somebody else saved the definition meanwhile.
TRIES = 3


def prepare(run: Run, plan: Plan, table: Table) -> Raw:
    """Survey the file and make what it needs; returns the job's position, ready for the first row.

    What is to be made is noted before it is made, so that a job that was interrupted in between still tells it.
    """
    survey = survey_table(run.access, plan, table, lambda _rows: run.advance(0))
    if not survey.rows:
        raise TableError(_l("The file has a header, but no rows below it."))
    definitions, additions = list(wanted_definitions(plan, survey)), list(wanted_choices(plan, survey))
    if definitions or additions:
        register_to_set_up(run.access, plan.register)
    check_definitions(definitions)
    position = noted(run.position, plan, survey, definitions, additions)
    run.advance(0, position, total=survey.rows)
    for definition in definitions:
        make_field(run.access, definition)
    for binding, choices in additions:
        add_choices(run.access, plan.register, binding.field, choices)
    position = {**position, "ready": True}
    run.advance(0, position)
    return position


def noted(
    earlier: Mapping[str, Any], plan: Plan, survey: Survey, definitions: Sequence[Raw],
    additions: Sequence[tuple[Binding, list[Raw]]],
) -> Raw:  # fmt: skip
    fields = [*earlier.get("fields", ()), *(definition["key"] for definition in definitions)]
    choices = dict(earlier.get("choices", {}))
    for binding, added in additions:
        texts = [choice["label"]["en"] for choice in added]
        choices[binding.field.key] = list(dict.fromkeys([*choices.get(binding.field.key, ()), *texts]))
    counts = dict.fromkeys(("row", "done", "created", "changed", "skipped", "odd", "failed"), 0)
    return {**counts, "ready": False, "rows": survey.rows, "fields": list(dict.fromkeys(fields)), "choices": choices,
            "long": long_companions(plan, survey), "unmapped": list(plan.unmapped)}  # fmt: skip


def add_companions(run: Run, register: str, companions: Sequence[Companion], position: Raw) -> Raw:
    """Make the text fields that values need which don't fit; returns the job's position with their keys."""
    keys = [companion.key for companion in companions]
    position = {**position, "fields": list(dict.fromkeys([*position["fields"], *keys]))}
    run.advance(position["done"], position)
    for companion in companions:
        definition = companion.definition(register, long=companion.key in position["long"])
        try:
            make_field(run.access, definition)
        except ValidationFailed as failed:
            raise ImportProblem(unmakeable(definition, failed)[0]) from failed
    return position


def check_definitions(definitions: Sequence[Raw]) -> None:
    """Raises MappingError for what can't be made, before any of it is."""
    problems: list[Any] = []
    for definition in definitions:
        if coming_field(schema_of(definition["register"]).retired, definition) is not None:
            continue
        try:
            new_definition(definition)
        except ValidationFailed as failed:
            problems += unmakeable(definition, failed)
    if problems:
        raise MappingError(problems)


def unmakeable(definition: Raw, failed: ValidationFailed) -> list[Any]:
    return [_l("The field “%(key)s” can't be made: %(message)s", key=definition["key"], message=text)
            for texts in failed.errors.values() for text in texts]  # fmt: skip


def with_added(there: Sequence[Raw], choices: Sequence[Raw]) -> list[Raw]:
    """The choices that are there with those to add; one that went with an import that was undone comes back."""
    keys, added = {choice["key"] for choice in there}, {choice["key"] for choice in choices}
    return [*({**choice, "retired": choice.get("retired") is True and choice["key"] not in added} for choice in there),
            *(choice for choice in choices if choice["key"] not in keys)]  # fmt: skip


def add_choices(access: Access, register: str, field: Field, choices: Sequence[Raw]) -> None:
    """Add the choices to a field that is there. Raises ImportProblem where others keep changing it meanwhile."""
    for _ in range(TRIES):
        now = get_definition(field.id) if field.custom else get_choices(register, field.key)
        wanted = with_added(now["choices"], choices)
        try:
            if field.custom:
                change_field(access, now["_id"], {"choices": wanted}, version=now["version"], source=Source.IMPORT)
            else:
                change_choices(access, register, field.key, wanted, version=now["version"], source=Source.IMPORT)
            return
        except VersionConflict:
            continue
    raise ImportProblem(_l("The choices of “%(key)s” are being changed by somebody else. Start the import again.",
                           key=field.key))  # fmt: skip
