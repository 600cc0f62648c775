"""Records, or rows given instead of them, as a stream of values for the letters."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO

from flask_babel import lazy_gettext as _l

from models.rights import Access
from services.labels import context_for
from services.merge.addresses import Recipient, recipient_of
from services.merge.besides import Records
from services.merge.errors import MergeProblem
from services.merge.leaving_out import LeavingOut
from services.merge.places import RECORD, Places
from services.merge.reading import Used, beside_values, chunks, columns_beside, own_fields, paths_of, used_besides
from services.merge.results import Form, write_result
from services.merge.sources import Sources
from services.search import Selection, iterate_selected
from services.word import FILE_NAME, MergeReport, Value, WordTemplate

Raw = dict[str, Any]
Letter = dict[str, Value]
#: So many records are read before the names of what they point at are asked for, all in one query a register.
CHUNK = 500
#: Fewer where each brings the records that are linked to it.
CHUNK_WITH_ROWS = 50
UNKNOWN_CHOICES = ("blank", "stop")


def check_unknown(unknown: Sequence[str], policy: str) -> None:
    """Raises MergeProblem when nothing fills some fields and `policy` is "stop"."""
    if unknown and policy != "blank":
        raise MergeProblem(
            _l("Nothing fills these merge fields: %(names)s. Choose fields for them, or let them stay empty.",
               names=", ".join(unknown)), "unknown",
        )  # fmt: skip


def write_letters(
    access: Access, word: WordTemplate, sources: Sources, selection: Selection, out: BinaryIO, form: Form, *,
    title: str = "", progress: Callable[[int], None] | None = None, places: Places | None = None,
    leaving: LeavingOut | None = None,
) -> MergeReport:  # fmt: skip
    """Write a letter for each selected record that the user may merge, one after the other; nothing is kept.
    `places` gathers where each stands; `leaving` leaves some records out.

    Raises TemplateError, also when there is no record; ConditionError; MergeProblem where PDF can't be made.
    """
    values = selected_values(access, word, sources, selection, leaving=leaving)
    return write_result(word, values, out, form, title=title, language=access.language, progress=progress,
                        places=places)  # fmt: skip


def selected_values(
    access: Access, word: WordTemplate, sources: Sources, selection: Selection, start: int = 0,
    leaving: LeavingOut | None = None,
) -> Iterator[Letter]:  # fmt: skip
    """What the letters read of each selected record, from the one at place `start` on; no more is read of it."""
    reader = LetterReader(access, word, sources)
    # Who may be written to hangs on values that the letters don't print.
    paths = None if leaving else reader.paths
    rows = islice(iterate_selected(access, sources.schema.register.key, selection, "merge", paths), start, None)
    return reader.values(leaving.of(rows) if leaving else rows)


class LetterReader:
    """Reads of records what the letters of one template print."""

    def __init__(self, access: Access, word: WordTemplate, sources: Sources) -> None:
        self._access = access
        self._register = sources.schema.register.key
        self._own = own_fields(word, sources)
        self._besides: list[Used] = used_besides(word, sources)
        self._recipient: Recipient = recipient_of(access, word, sources.own)
        fields = (*self._own.values(), *self._recipient.own.values())
        self._fields = list({field.column: field for field in fields}.values())
        self.paths = {field.path for field in self._fields} | self._recipient.paths | paths_of(self._besides)
        rows = any(isinstance(used.beside, Records) for used in self._besides)
        self._size = CHUNK_WITH_ROWS if rows else CHUNK

    def columns(self) -> list[tuple[str, str]]:
        """(register, column) of every field that the letters print, links that lead to them included."""
        register = self._register
        found = [(register, field.column) for field in self._own.values()]
        for used in self._besides:
            found += columns_beside(used, register)
        return list(dict.fromkeys([*found, *self._recipient.columns(register)]))

    def values(self, rows: Iterable[Raw]) -> Iterator[Letter]:
        """What the letters read of each record: its merge fields, what stands beside it where they name that, and its
        standard fields where a block asks for them."""
        # Looked up once, not once for each value of each letter: this loop is most of a job.
        own = [(name, field.kind.merge_value, field.key, field.custom, field) for name, field in self._own.items()]
        for chunk in chunks(rows, self._size):
            context = context_for(self._access, self._fields, chunk)
            besides = beside_values(self._access, self._besides, chunk)
            standards = self._recipient.values(self._access, chunk, context)
            for raw, standard, beside in zip(chunk, standards, besides, strict=True):
                values: Letter = {FILE_NAME: raw.get("name", ""), RECORD: str(raw["_id"]), **standard, **beside}
                custom = raw.get("custom") or {}
                for name, merge_value, key, is_custom, field in own:
                    value = (custom if is_custom else raw).get(key)
                    if value is not None:
                        values[name] = merge_value(value, field, context)
                yield values
