"""Letters taken out of what a job made, for good: the others stay where they are, by byte, page and name."""

import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Sequence
from typing import IO, Any, BinaryIO, cast

from services.merge.pdf import blank_pages
from services.merge.results import add_entry
from services.word import blank_letters

Raw = dict[str, Any]
#: Called now and then; what it raises ends the work.
Alive = Callable[[], None]


def is_placed(batch: Raw, letter: Raw) -> bool:
    """Whether it is known where the letter stands."""
    return bool(letter["entry"] if batch["form"] == "each" else letter["start"])


def take_letters_out(whole: IO[bytes], batch: Raw, letters: Sequence[Raw], out: IO[bytes], alive: Alive) -> None:
    """Write what a job made (`whole`, seekable) without some letters: {"entry", "start", "end"} as a Letter has them.

    Raises MergeProblem, and what `alive` raises.
    """
    if batch["form"] == "one":
        blank_out(whole, batch, letters, out, alive)
        return
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as result:
        for entry in source.infolist():
            theirs = [letter for letter in letters if letter["entry"] == entry.filename]
            if theirs and batch["form"] == "each":
                continue
            with source.open(entry) as content, tempfile.TemporaryFile() as document:
                shutil.copyfileobj(content, document)
                document.seek(0)
                add_document(result, entry, document, batch, theirs, alive)


def add_document(
    result: zipfile.ZipFile, entry: zipfile.ZipInfo, document: IO[bytes], batch: Raw, letters: Sequence[Raw],
    alive: Alive,
) -> None:  # fmt: skip
    alive()
    if not letters:
        add_entry(result, entry.filename, document, entry.date_time)
        return
    with tempfile.TemporaryFile() as rest:
        blank_out(document, batch, letters, rest, alive)
        rest.seek(0)
        add_entry(result, entry.filename, rest, entry.date_time)


def blank_out(document: IO[bytes], batch: Raw, letters: Iterable[Raw], out: IO[bytes], alive: Alive) -> None:
    spans = [(letter["start"], letter["end"]) for letter in letters]
    if batch["pdf"]:
        blank_pages(document, spans, out, alive)
    else:
        blank_letters(cast(BinaryIO, document), batch["head"], spans, cast(BinaryIO, out))
