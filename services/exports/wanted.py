"""How an export is wanted, and what is said where it can't be made."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from flask_babel import lazy_gettext as _l

from models.fields.context import Context
from models.fields.field import Field
from models.fields.schema import Schema
from services.jobs import JobError

Raw = dict[str, Any]
SHEET, CSV, JSON_LINES, VCARD = "xlsx", "csv", "jsonl", "vcard"
#: Form -> the type of its content, and how its file's name ends.
FORMS: Mapping[str, tuple[str, str]] = {
    SHEET: ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
    CSV: ("text/csv; charset=utf-8", ".csv"),
    JSON_LINES: ("application/jsonl", ".jsonl"),
    VCARD: ("text/vcard; charset=utf-8", ".vcf"),
}
SEPARATORS = (";", ",", "\t")
DECIMALS = (",", ".")


class ExportProblem(JobError):
    """The export can't be made; the message says why and what to do."""


@dataclass(frozen=True)
class Wanted:
    """How records are wanted: `form` is one of FORMS; no `columns` means all fields that the user sees.

    `order` and `direction` are those of a list ("" is the list's own order); `separator` and `decimal` are for CSV.
    """

    form: str = SHEET
    columns: tuple[str, ...] = ()
    order: str = ""
    direction: str = ""
    separator: str = ";"
    decimal: str = ","

    def as_params(self) -> Raw:
        return {**asdict(self), "columns": list(self.columns)}

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> "Wanted":
        parts = {name: params[name] for name in ("form", "order", "direction", "separator", "decimal")}
        return cls(columns=tuple(params["columns"]), **parts)

    def fields(self, schema: Schema) -> list[Field]:
        """The fields in their order, as far as the schema's user sees them. Raises ExportProblem where none is left."""
        found = [schema.by_column[column] for column in self.columns if column in schema.by_column]
        if self.columns and not found:
            raise ExportProblem(_l("None of these fields is there any more, or you don't see them."))
        return found or list(schema.fields)

    def check(self) -> None:
        """Raises ExportProblem for a form, a separator or a decimal mark that there is not."""
        if self.form not in FORMS:
            raise ExportProblem(_l("Choose a form for the file: %(forms)s.", forms=", ".join(FORMS)))
        if self.separator not in SEPARATORS or self.decimal not in DECIMALS:
            raise ExportProblem(_l("Choose what stands between the values, and the decimal mark."))
        if self.form == CSV and self.separator == self.decimal:
            raise ExportProblem(_l("A comma can't be both: choose another separator or another decimal mark."))


class Writer(Protocol):
    """Writes a file record by record. `shortened` counts the values that did not fit whole."""

    shortened: int

    def write(self, rows: Iterable[Raw], context: Context) -> None:
        """Add records (raw documents); `context` knows the names of all that they point at."""

    def close(self) -> None:
        """Finish the file; the stream that it was written to stays open."""
