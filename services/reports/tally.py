"""Adding up in the database: the sums for each row of a report, and for any fewer of its groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _l

from models.fields.context import Context
from models.fields.errors import ConditionError
from models.fields.field import Field
from services.reports.definition import MOST_ROWS, Dimension
from services.reports.measures import Measure, Sums, sums_of
from services.reports.sources import Source

Raw = dict[str, Any]
Keys = tuple[Any, ...]
#: Rows come once for each currency that amounts are in.
MOST_READ = 3 * MOST_ROWS


@dataclass
class Line:
    """One row's keys and sums."""

    keys: Keys
    sums: Sums = field(default_factory=Sums)
    #: How many records bear the keys as they are shown: of texts that differ by case the usual one is.
    shown: int = 0

    def add(self, keys: Keys, sums: Sums) -> None:
        if sums.records > self.shown:
            self.keys, self.shown = keys, sums.records
        self.sums.add(sums)


@dataclass(frozen=True)
class Tally:
    """Sums by what is equal in the keys of each dimension."""

    dimensions: Sequence[Dimension]
    lines: Mapping[Keys, Line]

    def merged(self, places: Sequence[int]) -> "Tally":
        """The sums by some of the dimensions alone: true where a record stands in one row only."""
        kept = [self.dimensions[place] for place in places]
        lines: dict[Keys, Line] = {}
        for identity, line in self.lines.items():
            keys = tuple(line.keys[place] for place in places)
            lines.setdefault(tuple(identity[place] for place in places), Line(keys)).add(keys, line.sums)
        return Tally(kept, lines)

    @property
    def total(self) -> Sums:
        """The sums of all, of a tally without dimensions."""
        return self.lines[()].sums if () in self.lines else Sums()


@dataclass(frozen=True)
class Counting:
    """What is added up, of which records, for which reader."""

    source: Source
    measures: Sequence[Measure]
    context: Context
    #: Column of an amount -> the fields it is made of.
    made_of: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def tally(self, dimensions: Sequence[Dimension]) -> Tally:
        """The sums by the dimensions. Raises TooSlow, and ConditionError where there are too many rows."""
        found = self.source.aggregated([*self.stages(dimensions), {"$limit": MOST_READ + 1}])
        lines: dict[Keys, Line] = {}
        for raw in found:
            keys = tuple(one.field.kind.group_key(raw["_id"].get(f"k{place}"), one.field, one.by, self.context)
                         for place, one in enumerate(dimensions))  # fmt: skip
            identity = tuple(one.field.kind.group_identity(key) for one, key in zip(dimensions, keys, strict=True))
            currencies = {column: raw["_id"].get(name) or "" for name, column in self.currency_names().items()}
            lines.setdefault(identity, Line(keys)).add(keys, sums_of(raw, self.measures, currencies))
        if len(found) > MOST_READ or len(lines) > MOST_ROWS:
            message = _l("This would be more than %(max)s rows. Group by something with fewer values, or narrow it by "
                         "a condition.", max=f"{MOST_ROWS:,}")  # fmt: skip
            raise ConditionError("groups", message)
        return Tally(dimensions, lines)

    # Stages

    def stages(self, dimensions: Sequence[Dimension]) -> list[Raw]:
        """Records with several values are set out first, once for each of them."""
        if any(one.field.kind.in_each for one in dimensions):
            keys = {f"k{place}": f"$k{place}" for place, _one in enumerate(dimensions)}
            amounts = {one.column: f"$a{place}" for place, one in enumerate(self.fields)}
            currencies = {name: f"${name}" for name in self.currency_names()}
            return [*self.set_out(dimensions), {"$group": self.grouped({**keys, **currencies}, amounts)}]
        keys = {f"k{place}": self.key(one) for place, one in enumerate(dimensions)}
        return [{"$group": self.grouped({**keys, **self.currencies()}, self.amounts())}]

    def grouped(self, keys: Raw, amounts: Mapping[str, Any]) -> Raw:
        stage: Raw = {"_id": keys, "n": {"$sum": 1}}
        for measure in self.measures:
            if measure.field is not None:
                percent = amounts[measure.percent.column] if measure.percent else None
                stage |= measure.accumulators(amounts[measure.field.column], percent)
        return stage

    def set_out(self, dimensions: Sequence[Dimension]) -> list[Raw]:
        """The stages that make one document for each value of a record, with what the grouping needs and no more."""
        several = [place for place, one in enumerate(dimensions) if one.field.kind.in_each]
        shown: Raw = {"_id": 0, **self.currencies()}
        for place, one in enumerate(dimensions):
            # A value counts once in a record that has it twice.
            shown[f"k{place}"] = distinct(self.key(one)) if place in several else self.key(one)
        shown |= {f"a{place}": path for place, path in enumerate(self.amounts().values())}
        parts: Raw = {}
        for place in several:
            if found := self.parts(dimensions[place].field, f"$k{place}", f"$l{place}"):
                shown[f"l{place}"] = f"${dimensions[place].field.path}"
                parts |= found
        unwound = [{"$unwind": {"path": f"$k{place}", "preserveNullAndEmptyArrays": True}} for place in several]
        return [{"$project": shown}, *unwound, *([{"$set": parts}] if parts else [])]

    def parts(self, whole: Field, key: str, values: str) -> Raw:
        """The amounts that are made of the field's values: each value takes its own part."""
        return {f"a{place}": whole.kind.part_expression(key, values, f"$a{place}")
                for place, one in enumerate(self.fields) if whole.key in self.made_of.get(one.column, ())}  # fmt: skip

    def key(self, dimension: Dimension) -> Any:
        return dimension.field.kind.group_expression(dimension.field, dimension.by, self.context)

    # What the measures need of a record

    @property
    def fields(self) -> list[Field]:
        """The fields that measures read, each once."""
        used = [one for measure in self.measures for one in (measure.field, measure.percent) if one is not None]
        return list({one.column: one for one in used}.values())

    def amounts(self) -> dict[str, Any]:
        return {one.column: f"${one.kind.amount_path(one)}" for one in self.fields}

    def currencies(self) -> Raw:
        """Name in a group's key -> path, for each column of money."""
        by_column = {one.column: one for one in self.fields}
        return {name: f"${by_column[column].kind.currency_path(by_column[column])}"
                for name, column in self.currency_names().items()}  # fmt: skip

    def currency_names(self) -> dict[str, str]:
        """Name in a group's key -> column."""
        money = [one.column for one in self.fields if one.kind.currency_path(one)]
        return {f"c{place}": column for place, column in enumerate(money)}


def distinct(values: Any) -> Any:
    return {"$setUnion": [{"$ifNull": [values, []]}, []]}
