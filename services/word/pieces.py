"""A merge in several documents: every so many letters one, or one for each letter."""

import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import IO

from services.word.compile import CompiledTemplate
from services.word.packed import PackedArchive, PackedParts
from services.word.program import Records
from services.word.stream import LEVEL, Merge, MergeReport, NoLetters, Placed, first_record, fixed_parts
from services.word.values import Value

#: The key of a record that says what the file of its letter is called; no merge field's name can be normalised to it.
FILE_NAME = "file name"
_REPORTED = 100
_PROGRESS_EVERY = 50


@dataclass(frozen=True)
class Piece:
    """One finished document: its number from one, its content, how many letters, and its first record."""

    number: int
    content: IO[bytes]
    letters: int
    record: Mapping[str, Value]


class Pieces:
    """The documents of a merge, made one by one while they are iterated; `report` tells what came of it so far."""

    def __init__(
        self, template: CompiledTemplate, records: Iterable[Mapping[str, Value]], size: int, language: str,
        progress: Callable[[int], None] | None = None, before: int = 0, placed: Placed | None = None,
        marked: bool = False,
    ) -> None:  # fmt: skip
        self._template = template
        self._placed = placed
        self._marked = marked
        self._source = Records(iter(records))
        self._source.read = before
        self._size = size
        self._language = language
        self._progress = progress
        self._packed = PackedParts(fixed_parts(template)) if size == 1 else None
        self._letters = self._skipped = 0
        self._truncated: list[tuple[int, str]] = []

    @property
    def report(self) -> MergeReport:
        """What the merge has done."""
        return MergeReport(self._letters, self._source.read, self._skipped, tuple(self._truncated[:_REPORTED]))

    def __iter__(self) -> Iterator[Piece]:
        """The documents; each is closed when the next is asked for. Raises TemplateError when there is none."""
        record: Mapping[str, Value] | None = first_record(self._source)
        number = 0
        while record is not None:
            with tempfile.TemporaryFile() if self._packed is None else BytesIO() as content:
                try:
                    merge = self._merged(record, content)
                except NoLetters:
                    if not number:
                        raise
                    break
                number += 1
                content.seek(0)
                yield Piece(number, content, merge.letters, merge.recipient)
            self._tell(number)
            record = self._source.take()
        if self._progress:
            self._progress(self._source.read)

    def _merged(self, record: Mapping[str, Value], content: IO[bytes]) -> Merge:
        if self._packed is not None:
            archive = PackedArchive(self._packed)
            merge = self._run(archive, record)
            content.write(archive.getvalue())
            return merge
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as file:
            return self._run(file, record)

    def _run(self, archive: zipfile.ZipFile | PackedArchive, record: Mapping[str, Value]) -> Merge:
        progress = None if self._packed else self._progress
        merge = Merge(self._template, self._source, archive, self._language, progress, before=self._letters,
                      limit=self._size, packed=self._packed is not None, placed=self._placed,
                      marked=self._marked)  # fmt: skip
        try:
            merge.write(record)
        finally:
            self._skipped += merge.skipped
        self._letters += merge.letters
        self._truncated += merge.truncated
        return merge

    def _tell(self, number: int) -> None:
        if self._progress and self._packed and number % _PROGRESS_EVERY == 0:
            self._progress(self._source.read)
