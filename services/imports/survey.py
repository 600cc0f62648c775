"""Reading the whole file before anything is written: what must be made first, and how many rows there are."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _l

from models.fields.kinds.choices import fitting
from models.rights import Access
from services.imports.companions import SHORT
from services.imports.errors import MappingError
from services.imports.limits import MAX_NEW_CHOICES
from services.imports.plan import Binding, Plan, new_definitions
from services.imports.rows import Draft
from services.imports.steps import RowsSeen, chunks, read_rows, sorted_rows
from services.imports.tables import Row, Table
from services.settings import COLOURS, suggested_key

#: A label has at most so many characters.
LONGEST_CHOICE = 100
#: Colours of new choices, in turn; grey and the accent stay for people to give.
CYCLE = tuple(colour for colour in COLOURS if colour not in ("grey", "accent"))


@dataclass
class Survey:
    """What a file needs. `choices` maps a column to new values by their folded text, `longest` the place of a column
    in the file to the length of its longest text, `seen` are the texts that were looked at, with their columns."""

    rows: int = 0
    choices: dict[str, dict[str, str]] = field(default_factory=dict)
    longest: dict[int, int] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set, repr=False)

    def measure(self, plan: Plan, rows: Iterable[Row]) -> None:
        for planned in plan.columns:
            place = planned.place
            lengths = (len(row.cells[place]) for row in rows
                       if place < len(row.cells) and isinstance(row.cells[place], str))  # fmt: skip
            self.longest[place] = max(self.longest.get(place, 0), max(lengths, default=0))

    def note(self, draft: Draft) -> None:
        for binding, text in draft.gathered:
            # A choice that is too long, or was retired, is kept beside its field when the row is written.
            if len(text) > LONGEST_CHOICE or (binding.field.column, text) in self.seen:
                continue
            self.seen.add((binding.field.column, text))
            if not fitting(text, binding.field):
                self.choices.setdefault(binding.field.column, {}).setdefault(text.casefold(), text)


def survey_table(access: Access, plan: Plan, table: Table, progress: Callable[[int], None]) -> Survey:
    """Read all rows once; `progress` is told how many so far, and may stop it by raising.

    Values are not checked yet: which of them are odd shows when their rows are written.
    Raises TableError where the file breaks off, MappingError for a column of too many different choices.
    """
    survey, seen, light = Survey(), RowsSeen(), plan.for_survey()
    for rows in chunks(table.rows()):
        survey.rows += len(rows)
        survey.measure(plan, rows)
        if light.columns:
            for draft in written_rows(access, light, read_rows(access, light, rows, survey=True), seen):
                survey.note(draft)
            check_choices(plan, survey)
        progress(survey.rows)
    return survey


def written_rows(access: Access, plan: Plan, drafts: Sequence[Draft], seen: RowsSeen) -> list[Draft]:
    """Those of the rows that are written, be it into records that are there; which are is asked only where those stay
    as they are."""
    if plan.changes:
        return [draft for draft in drafts if seen.note(plan, draft)[1] is None]
    found = sorted_rows(access, plan, drafts, seen)
    return [*found.new, *(draft for draft, _records in found.existing)]


def check_choices(plan: Plan, survey: Survey) -> None:
    for column, values in survey.choices.items():
        if len(values) > MAX_NEW_CHOICES:
            raise MappingError([_l(
                "Column “%(header)s” has more than %(max)s different values: that is no classification. Give it the "
                "kind text.", header=plan.by_column[column].header, max=MAX_NEW_CHOICES)])  # fmt: skip


# What is made of it


def wanted_definitions(plan: Plan, survey: Survey) -> Iterator[dict[str, Any]]:
    """The definitions of fields to make, in the columns' order."""
    for binding in new_definitions(plan):
        definition = dict(binding.definition or {})
        if binding.gathers:
            known = list(definition.get("choices") or [])
            definition["choices"] = known + new_choices(binding, survey, [c.key for c in binding.field.choices])
            if not definition["choices"]:
                # The column is empty throughout: there is nothing to choose from, and nothing to lose.
                continue
        yield definition


def long_companions(plan: Plan, survey: Survey) -> list[str]:
    """The keys of the companions that may have to keep more than a line of text: all that could come together in
    one of them is longer."""
    lengths: dict[str, int] = {}
    for planned in plan.columns:
        for key in {planned.companion.key, *(binding.companion.key for binding in planned.bindings)}:
            lengths[key] = lengths.get(key, 0) + survey.longest.get(planned.place, 0) + 2
    return sorted(key for key, length in lengths.items() if length > SHORT)


def wanted_choices(plan: Plan, survey: Survey) -> Iterator[tuple[Binding, list[dict[str, Any]]]]:
    """(binding, the choices to add) for fields that are there already."""
    for column in survey.choices:
        binding = plan.by_column[column]
        if binding.definition is None:
            yield binding, new_choices(binding, survey, [choice.key for choice in binding.field.choices])


def new_choices(binding: Binding, survey: Survey, taken: list[str]) -> list[dict[str, Any]]:
    """Choices for the new values in alphabetical order: keys made of the values, colours in turn."""
    taken, made = list(taken), []
    for text in sorted(survey.choices.get(binding.field.column, {}).values(), key=str.casefold):
        key = free_key(text, taken)
        made.append({"key": key, "label": {"en": text}, "colour": CYCLE[len(taken) % len(CYCLE)]})
        taken.append(key)
    return made


def free_key(text: str, taken: list[str]) -> str:
    """A key made of the text that no other choice has: utilities, real_estate, choice_3."""
    base = suggested_key({"en": text}) or "choice"
    key, count = base, 1
    while key in taken:
        count += 1
        key = f"{base}_{count}"
    return key
