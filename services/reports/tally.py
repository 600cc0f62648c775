"""Adding up in the database: the sums for each row of a report, and for any fewer of its groups."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _l

from models.fields.context import Context
from models.fields.errors import ConditionError
from models.fields.field import Field
from services.reports.definition import MOST_ROWS, Dimension
from services.reports.measures import Measure, Sums, summed, sums_of
from services.reports.sources import Source

Raw = dict[str, Any]
Keys = tuple[Any, ...]
#: Rows come once for each currency that amounts are in.
MOST_READ = 3 * MOST_ROWS
#: What the sums for the total are named by where records stand in several rows.
WHOLE = "whole"


@dataclass
class Line:
    """One row's keys and sums."""

    sums: Sums = field(default_factory=Sums)
    #: How many records bear the row's keys in each way in which they are spelled: texts that differ by case are equal.
    spelled: Counter[Keys] = field(default_factory=Counter)

    @property
    def keys(self) -> Keys:
        """As they are spelled most often; of equally many the first by the alphabet, so that it is always the same."""
        return min(self.spelled, key=lambda keys: (-self.spelled[keys], str(keys)))

    def add(self, spelled: Mapping[Keys, int], sums: Sums) -> None:
        for keys, records in spelled.items():
            self.spelled[keys] += records
        self.sums.add(sums)


@dataclass(frozen=True)
class Tally:
    """Sums by what is equal in the keys of each dimension; `total` are those of all records, each counted once."""

    dimensions: Sequence[Dimension]
    lines: Mapping[Keys, Line]
    total: Sums = field(default_factory=Sums)

    def merged(self, places: Sequence[int]) -> "Tally":
        """The sums by some of the dimensions alone: true where a record stands in one row only."""
        kept = [self.dimensions[place] for place in places]
        lines: dict[Keys, Line] = {}
        for identity, line in self.lines.items():
            spelled: Counter[Keys] = Counter()
            for keys, records in line.spelled.items():
                spelled[tuple(keys[place] for place in places)] += records
            lines.setdefault(tuple(identity[place] for place in places), Line()).add(spelled, line.sums)
        return Tally(kept, lines, self.total)


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
        wholes: list[Sums] = []
        for raw in found:
            keys = tuple(one.field.kind.group_key(raw["_id"].get(f"k{place}"), one.field, one.by, self.context)
                         for place, one in enumerate(dimensions))  # fmt: skip
            identity = tuple(one.field.kind.group_identity(key) for one, key in zip(dimensions, keys, strict=True))
            currencies = {column: raw["_id"].get(name) or "" for name, column in self.currency_names().items()}
            sums = sums_of(raw, self.measures, currencies)
            lines.setdefault(identity, Line()).add({keys: sums.records}, sums)
            wholes.append(sums_of(whole_of(raw), self.measures, currencies))
        if len(found) > MOST_READ or len(lines) > MOST_ROWS:
            message = _l("This would be more than %(max)s rows. Group by something with fewer values, or narrow it by "
                         "a condition.", max=f"{MOST_ROWS:,}")  # fmt: skip
            raise ConditionError("groups", message)
        return Tally(dimensions, lines, summed(wholes))

    # Stages

    def stages(self, dimensions: Sequence[Dimension]) -> list[Raw]:
        """Records with several values are set out first, once for each of them."""
        several = [place for place, one in enumerate(dimensions) if one.field.kind.in_each]
        if several:
            return self.set_out(dimensions, several)
        keys = {f"k{place}": self.key(one) for place, one in enumerate(dimensions)}
        return [{"$group": self.grouped({**keys, **self.currencies()}, self.amounts())}]

    def grouped(self, keys: Raw, amounts: Mapping[str, Any]) -> Raw:
        return {"_id": keys, **self.added_up(amounts)}

    def added_up(self, amounts: Mapping[str, Any], counted: Any = 1) -> Raw:
        """What is added up of each document; `amounts` are expressions by column."""
        found: Raw = {"n": {"$sum": counted}}
        for measure in self.measures:
            if measure.field is not None:
                percent = amounts[measure.percent.column] if measure.percent else None
                found |= measure.accumulators(amounts[measure.field.column], percent)
        return found

    def set_out(self, dimensions: Sequence[Dimension], several: Sequence[int]) -> list[Raw]:
        """The stages that make one document for each value of a record, with what is needed and no more. Beside the
        rows' sums are those of the first document of each record, which make the total."""
        shown: Raw = {"_id": 0, **self.currencies()}
        for place, one in enumerate(dimensions):
            # A value counts once in a record that has it twice.
            shown[f"k{place}"] = distinct(self.key(one)) if place in several else self.key(one)
        shown |= {f"a{place}": path for place, path in enumerate(self.amounts().values())}
        own = {one.column: f"$a{place}" for place, one in enumerate(self.fields)}
        first = {"$and": [{"$lte": [f"$i{place}", 0]} for place in several]}
        whole = {column: {"$cond": [first, path, None]} for column, path in own.items()}
        for place in several:
            for column in self.made_of_values(dimensions[place].field):
                shown[f"l{place}"] = f"${dimensions[place].field.path}"
                own[column] = dimensions[place].field.kind.part_expression(f"$k{place}", f"$l{place}", own[column])
        parts = {f"p{place}": own[one.column] for place, one in enumerate(self.fields)}
        keys = {name: f"${name}" for name in (*(f"k{place}" for place in range(len(dimensions))), *self.currencies())}
        group = self.added_up({one.column: f"$p{place}" for place, one in enumerate(self.fields)})
        group |= {f"{WHOLE}:{name}": one for name, one in self.added_up(whole, {"$cond": [first, 1, 0]}).items()}
        return [{"$project": shown}, *map(unwound, several), {"$set": parts}, {"$group": {"_id": keys, **group}}]

    def made_of_values(self, field: Field) -> list[str]:
        """The columns of amounts that are made of the field's values: each value takes its own part."""
        return [one.column for one in self.fields if field.key in self.made_of.get(one.column, ())]

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


def unwound(place: int) -> Raw:
    return {"$unwind": {"path": f"$k{place}", "includeArrayIndex": f"i{place}", "preserveNullAndEmptyArrays": True}}


def whole_of(raw: Raw) -> Raw:
    """The sums of the group's records that are counted here for the total: all, where none stands in several groups."""
    found = {name.removeprefix(f"{WHOLE}:"): value for name, value in raw.items() if name.startswith(f"{WHOLE}:")}
    return found or raw


def distinct(values: Any) -> Any:
    return {"$setUnion": [{"$ifNull": [values, []]}, []]}
