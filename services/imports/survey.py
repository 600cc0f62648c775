"""Reading the whole file before anything is written: what must be made first, and how many rows there are."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _l

from models.fields.kinds.choices import fitting
from models.rights import Access
from services.imports.companions import Companion
from services.imports.errors import MappingError
from services.imports.limits import MAX_NEW_CHOICES
from services.imports.plan import Binding, Plan, new_definitions
from services.imports.rows import Draft
from services.imports.steps import RowsSeen, chunks, find_places, new_drafts
from services.imports.tables import Table
from services.settings import COLOURS, suggested_key

#: A label has at most so many characters.
LONGEST_CHOICE = 100
#: Colours of new choices, in turn; grey and the accent stay for people to give.
CYCLE = tuple(colour for colour in COLOURS if colour not in ("grey", "accent"))


@dataclass
class Survey:
    """What a file needs. `choices` maps a column to new values by their folded text, `lengths` a companion's key to
    the longest text it must keep."""

    rows: int = 0
    choices: dict[str, dict[str, str]] = field(default_factory=dict)
    companions: dict[str, Companion] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)

    def note(self, draft: Draft) -> None:
        needed = [kept.companion for kept in draft.kept]
        for binding, text in draft.gathered:
            known = fitting(text, binding.field)
            # What is too long for a choice, and a choice that was retired, is kept beside its field.
            if len(text) > LONGEST_CHOICE or (known and all(choice.retired for choice in known)):
                needed.append(binding.companion)
            elif not known:
                self.choices.setdefault(binding.field.column, {}).setdefault(text.casefold(), text)
        # Several odd values of one row may go into the same field: their lengths add up.
        length = sum(len(kept.text) + 2 for kept in draft.kept) + sum(len(text) for _, text in draft.gathered)
        for companion in needed:
            self.companions.setdefault(companion.key, companion)
            self.lengths[companion.key] = max(self.lengths.get(companion.key, 0), length)


def survey_table(access: Access, plan: Plan, table: Table, progress: Callable[[int], None]) -> Survey:
    """Read all rows once; `progress` is told how many so far, and may stop it by raising.

    Raises TableError where the file breaks off, MappingError for a column of too many different choices.
    """
    survey, seen = Survey(), RowsSeen()
    for rows in chunks(table.rows()):
        survey.rows += len(rows)
        drafts, _skipped, _doubles = new_drafts(access, plan, rows, seen, survey=True)
        find_places(access, plan, drafts, None)
        for draft in drafts:
            survey.note(draft)
        check_choices(plan, survey)
        progress(survey.rows)
    return survey


def check_choices(plan: Plan, survey: Survey) -> None:
    for column, values in survey.choices.items():
        if len(values) > MAX_NEW_CHOICES:
            raise MappingError([_l(
                "Column “%(header)s” has more than %(max)s different values: that is no classification. Give it the "
                "kind text.", header=plan.by_column[column].header, max=MAX_NEW_CHOICES)])  # fmt: skip


# What is made of it


def wanted_definitions(plan: Plan, survey: Survey) -> Iterator[dict[str, Any]]:
    """The definitions of fields to make, in the columns' order, companions last."""
    for binding in new_definitions(plan):
        definition = dict(binding.definition or {})
        if binding.gathers:
            known = list(definition.get("choices") or [])
            definition["choices"] = known + new_choices(binding, survey, [c.key for c in binding.field.choices])
            if not definition["choices"]:
                # The column is empty throughout: there is nothing to choose from, and nothing to lose.
                continue
        yield definition
    for key, companion in survey.companions.items():
        if companion.field is None:
            yield companion.definition(plan.register, survey.lengths[key])


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
