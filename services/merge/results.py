"""The forms that letters come in: one document, a zip of documents, one document for each recipient; Word or PDF."""

import shutil
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import IO, BinaryIO

from services.files import DOCX
from services.merge.files import FileNames, safe_name
from services.merge.pdf import DOCUMENTS_A_CALL, LETTERS_A_CALL, Office
from services.merge.places import Places
from services.word import END_NAME, MergeReport, Value, WordTemplate

PDF = "application/pdf"
ZIP = "application/zip"
FORMS = ("one", "split", "each")
#: So many letters stand in each document of a zip that is split.
SPLIT = 1_000
Records = Iterable[Mapping[str, Value]]
Progress = Callable[[int], None]
#: Year, month, day, hour, minute and second, as zip files tell it.
Moment = tuple[int, int, int, int, int, int]


@dataclass(frozen=True)
class Form:
    """How the letters are wanted: `form` is one of FORMS; with `pdf` as PDF instead of Word."""

    form: str = "one"
    pdf: bool = False

    @property
    def ending(self) -> str:
        return ".zip" if self.form != "one" else self.inner_ending

    @property
    def inner_ending(self) -> str:
        return ".pdf" if self.pdf else ".docx"

    @property
    def content_type(self) -> str:
        return ZIP if self.form != "one" else PDF if self.pdf else DOCX


#: One Word document.
ONE = Form()


def write_result(
    word: WordTemplate, records: Records, out: BinaryIO, form: Form, *, title: str, language: str,
    progress: Progress | None = None, places: Places | None = None,
) -> MergeReport:  # fmt: skip
    """Write the letters in their form; `title` names the documents of a split zip, `places` gathers where each stands.

    Raises TemplateError, MergeProblem where LibreOffice is missing or fails, and what `progress` raises to end it.
    """
    if form.pdf:
        return PdfLetters(word, records, form, title, language, progress or (lambda _done: None), places).write(out)
    placed = places.add if places else None
    if form.form == "one":
        return word.merge(records, out, language=language, progress=progress, placed=placed)
    size = 1 if form.form == "each" else SPLIT
    pieces = word.pieces(records, size, language=language, progress=progress, placed=placed)
    names = Names(form, title)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for piece in pieces:
            name = names.of(piece.number, piece.record)
            add_entry(archive, name, piece.content)
            if places:
                places.name(name, alone=form.form == "each")
    return pieces.report


class Names:
    """What the documents of a zip are called: after their recipients, or numbered."""

    def __init__(self, form: Form, title: str) -> None:
        self._form = form
        self._title = safe_name(title)
        self._names = FileNames()

    def of(self, number: int, record: Mapping[str, Value]) -> str:
        if self._form.form == "each":
            return self._names.of(record, self._form.inner_ending)
        return f"{self._title} {number:03d}{self._form.inner_ending}".strip()


def add_entry(archive: zipfile.ZipFile, name: str, content: IO[bytes], made: Moment | None = None) -> None:
    """Put a finished document, packed in itself, into a zip as it is; `made` is when it was, now unless told."""
    entry = zipfile.ZipInfo(name, made or time.localtime()[:6])
    if isinstance(content, BytesIO):
        archive.writestr(entry, content.getbuffer())
        return
    with archive.open(entry, "w") as stream:
        shutil.copyfileobj(content, stream)


class PdfLetters:
    """Letters as PDF: Word documents of a few hundred letters, converted one after the other and joined again."""

    def __init__(
        self, word: WordTemplate, records: Records, form: Form, title: str, language: str, progress: Progress,
        places: Places | None,
    ) -> None:  # fmt: skip
        size = 1 if form.form == "each" else LETTERS_A_CALL
        # The ends of letters are marked where several stand in one PDF and somebody asks which pages are whose.
        self._end_name = END_NAME if places and form.form != "each" else ""
        self._pieces = word.pieces(records, size, language=language, placed=places.add if places else None,
                                   marked=bool(self._end_name))  # fmt: skip
        self._places = places
        self._form = form
        self._names = Names(form, title)
        self._progress = progress
        self._done = 0

    def write(self, out: BinaryIO) -> MergeReport:
        """Write the PDF, or the zip of PDFs."""
        with Office(lambda: self._progress(self._done)) as office:
            if self._form.form == "one":
                self._join(office, [pdf for _name, pdf in self._converted(office)], out, "")
            else:
                with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
                    self._write_zip(archive, office)
        self._progress(self._pieces.report.records)
        return self._pieces.report

    def _write_zip(self, archive: zipfile.ZipFile, office: Office) -> None:
        together = 1 if self._form.form == "each" else SPLIT // LETTERS_A_CALL
        converted = self._converted(office)
        while part := list(islice(converted, together)):
            joined = office.path / "joined"
            with joined.open("w+b") as content:
                self._join(office, [pdf for _name, pdf in part], content, part[0][0])
                content.seek(0)
                add_entry(archive, part[0][0], content)

    def _join(self, office: Office, pdfs: Sequence[Path], out: IO[bytes], entry: str) -> None:
        joined = office.join(pdfs, out, self._end_name)
        if self._places and self._end_name:
            self._places.turn_into_pages(joined.ends, self._places.of_entry(entry), joined.pages)

    def _converted(self, office: Office) -> Iterator[tuple[str, Path]]:
        """Each document as a PDF file with the name that it gets in a zip."""
        waiting = self._documents(office.path)
        while batch := list(islice(waiting, DOCUMENTS_A_CALL if self._form.form == "each" else 1)):
            pdfs = office.to_pdf([path for _name, path in batch], named=bool(self._end_name))
            self._done = self._pieces.report.records
            self._progress(self._done)
            yield from zip((name for name, _path in batch), pdfs, strict=True)

    def _documents(self, folder: Path) -> Iterator[tuple[str, Path]]:
        together = 1 if self._form.form == "each" else SPLIT // LETTERS_A_CALL
        for piece in self._pieces:
            path = folder / f"{piece.number}.docx"
            with path.open("wb") as file:
                shutil.copyfileobj(piece.content, file)
            name = self._names.of((piece.number - 1) // together + 1, piece.record)
            if self._places:
                one, each = self._form.form == "one", self._form.form == "each"
                self._places.name("" if one else name, alone=each)
            yield name, path
