"""A Word template: read and checked once, merged as often as needed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from services.word.addresses import KINDS as ADDRESS_KINDS
from services.word.compile import CompiledTemplate, compile_template
from services.word.fields import Field
from services.word.kinds import LEFT_TO_WORD, STALE
from services.word.meanings import address_of, is_filled
from services.word.package import read_package
from services.word.pieces import Pieces
from services.word.stream import MergeReport, Placed, merge_letters
from services.word.tables import border_of
from services.word.values import Value, normalise_name


@dataclass(frozen=True)
class TemplateField:
    """One field as it stands in the template.

    `name` is the merge field's name, "" for other kinds; `kind` is the first word of the instruction in capitals;
    `part` is body, header, footer, footnotes or endnotes. `supported` is False when the merge can't fill the field
    and Word won't either: it then stays as it is. `recipient` names the recipient's standard fields that an
    ADDRESSBLOCK or a GREETINGLINE prints ("First Name", "Address 1"); a record holds them under `address_key(name)`.
    `table` is the table that the field names a column of, where it stands in a part that is repeated for each row of it
    ("" elsewhere); `name` then begins with it ("products.name"), and a record holds the rows under `table_key(table)`.
    """

    name: str
    kind: str
    part: str
    switches: tuple[str, ...]
    supported: bool
    recipient: tuple[str, ...] = ()
    table: str = ""


class WordTemplate:
    """A template ready to merge. Reading is the slow part; keep it for all letters of a run."""

    def __init__(self, compiled: CompiledTemplate) -> None:
        self._compiled = compiled
        self.fields = tuple(_template_field(found) for found in compiled.fields)
        names = {normalise_name(found.name): found.name for found in reversed(self.fields) if found.name}
        self.field_names = tuple(dict.fromkeys(names[normalise_name(f.name)] for f in self.fields if f.name))
        self.tables = frozenset(normalise_name(found.table) for found in self.fields if found.table)
        self.recipient_names = tuple(dict.fromkeys(name for found in self.fields for name in found.recipient))

    @classmethod
    def read(cls, data: bytes) -> "WordTemplate":
        """Check and compile a .docx or .dotx.

        Raises TemplateError, in words for the template's author, for anything that can't be merged safely.
        """
        return cls(compile_template(read_package(data)))

    def merge(
        self,
        records: Iterable[Mapping[str, Value]],
        out: BinaryIO,
        *,
        language: str = "en",
        progress: Callable[[int], None] | None = None,
        placed: Placed | None = None,
    ) -> MergeReport:
        """Write one .docx with a letter for each record (several records to a letter where NEXT says so).

        `records` are read one by one; their keys are as `normalise_name` makes them, and a name that a record lacks
        prints nothing. `progress` is called with the number of records read, every 50 letters and at the end; what
        it raises ends the merge. `placed` is told where each letter stands: its records, its first byte and the one
        behind its last in the unpacked document part (see `extract_letter`). Raises TemplateError without any record.
        """
        return merge_letters(self._compiled, records, out, language, progress, placed)

    def pieces(
        self,
        records: Iterable[Mapping[str, Value]],
        size: int,
        *,
        language: str = "en",
        progress: Callable[[int], None] | None = None,
        before: int = 0,
        placed: Placed | None = None,
        marked: bool = False,
    ) -> Pieces:
        """The letters in documents of `size` letters each, made while they are iterated; else as `merge`.

        `before` is how many records of a longer list come before these: MERGEREC counts them. `marked` puts a bookmark
        (END_NAME and the letter's number) at the end of each letter. `placed` is told of the letters of a document
        before that document is there.
        """
        return Pieces(self._compiled, records, size, language, progress, before, placed, marked)


def _template_field(found: Field) -> TemplateField:
    kind = found.instruction.kind
    filled = is_filled(found) or (kind in LEFT_TO_WORD and not (kind in STALE and found.nested))
    switches = tuple(str(switch) for switch in found.instruction.switches)
    recipient = address_of(found).names if kind in ADDRESS_KINDS else ()
    name = "" if border_of(found.instruction.name) else found.instruction.name
    return TemplateField(name, kind, found.part, switches, filled, recipient, found.table)
