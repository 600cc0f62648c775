"""Word documents as PDF by LibreOffice, where it is installed: in a process of its own, with limits."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from typing import IO

from flask_babel import lazy_gettext as _l

from services.merge.errors import MergeProblem

#: LibreOffice's time grows with the square of the pages (500: 4 s, 5,000: 380 s): a call gets no more letters.
LETTERS_A_CALL = 500
DOCUMENTS_A_CALL = 50
MAX_SECONDS = 300
MAX_MEMORY_KB = 4 << 20
JOINER = Path(__file__).with_name("pdf_joining.py")
BLANKER = Path(__file__).with_name("pdf_blanking.py")
TAKER = Path(__file__).with_name("pdf_pages.py")
#: A PDF whose bookmarks can be found by their names.
WITH_NAMES = 'pdf:writer_pdf_Export:{"ExportBookmarksToPDFDestination":{"type":"boolean","value":"true"}}'
_POLL = 0.2
#: Nothing is fetched from elsewhere and nothing in a document runs.
_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="BlockUntrustedRefererLinks"
 oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableMacrosExecution"
 oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableActiveContent"
 oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Writer/Content/Update"><prop oor:name="Link"
 oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""


def find_office() -> str:
    """Where LibreOffice's program is, "" when it isn't installed."""
    return shutil.which("soffice") or shutil.which("libreoffice") or ""


def check_office() -> None:
    """Raises MergeProblem where there is no LibreOffice."""
    if not find_office():
        raise MergeProblem(_l("PDF needs LibreOffice on the server, and it is not there. Choose Word, or ask your "
                              "administrator to install it (libreoffice-writer)."))  # fmt: skip


class Office:
    """LibreOffice with a folder and settings of its own; close it (as a context manager) to remove them."""

    def __init__(self, alive: Callable[[], None]) -> None:
        check_office()
        self._alive = alive
        self._folder = tempfile.TemporaryDirectory(prefix="kortisto-pdf-", ignore_cleanup_errors=True)
        self.path = Path(self._folder.name)
        settings = self.path / "profile" / "user"
        settings.mkdir(parents=True)
        (settings / "registrymodifications.xcu").write_text(_SETTINGS, encoding="utf-8")

    def __enter__(self) -> "Office":
        return self

    def __exit__(self, *error: object) -> None:
        self._folder.cleanup()

    def to_pdf(self, documents: Sequence[Path], *, named: bool = False) -> list[Path]:
        """A PDF beside each document, in one call; with `named` it keeps the names of bookmarks.

        Raises MergeProblem, and what `alive` raises to end it.
        """
        pdfs = [document.with_suffix(".pdf") for document in documents]
        options = [f"-env:UserInstallation={(self.path / 'profile').as_uri()}", "--headless", "--norestore"]
        options += ["--convert-to", WITH_NAMES if named else "pdf", "--outdir", str(self.path)]
        call(self.path, self._alive, find_office(), *options, *map(str, documents))
        if not all(pdf.is_file() for pdf in pdfs):
            raise failed(_l("it left no result"))
        for document in documents:
            document.unlink()
        return pdfs

    def join(self, pdfs: Sequence[Path], out: IO[bytes], name: str = "") -> "Joined":
        """Write the pages of all files one after the other and remove the files. With the `name` of bookmarks it tells
        where these stand. Raises as `to_pdf` does."""
        joined, told = pdfs[0], "{}"
        if len(pdfs) > 1 or name:
            joined = self.path / "joined.pdf"
            told = call(self.path, self._alive, sys.executable, "-I", str(JOINER), str(joined), name, *map(str, pdfs))
        with joined.open("rb") as content:
            shutil.copyfileobj(content, out)
        for pdf in {joined, *pdfs}:
            pdf.unlink()
        found = json.loads(told)
        return Joined(found.get("pages", 0), {int(number): page for number, page in found.get("ends", {}).items()})


@dataclass(frozen=True)
class Joined:
    """How many pages there are, and on which (from one) the bookmark of each number stands; as far as was asked."""

    pages: int
    ends: Mapping[int, int]


def take_pages(pdf: IO[bytes], first: int, last: int, out: IO[bytes]) -> None:
    """Write a PDF of some pages, counted from one, both inclusive. Raises MergeProblem."""
    write_anew(pdf, out, TAKER, str(first), str(last))


def blank_pages(pdf: IO[bytes], spans: Iterable[tuple[int, int]], out: IO[bytes],
                alive: Callable[[], None] = lambda: None) -> None:  # fmt: skip
    """Write the PDF with empty pages in the place of those of the spans (first and last page).

    Raises MergeProblem, and what `alive` raises.
    """
    write_anew(pdf, out, BLANKER, *(f"{first}-{last}" for first, last in spans), alive=alive)


def write_anew(
    pdf: IO[bytes], out: IO[bytes], program: Path, *arguments: str, alive: Callable[[], None] = lambda: None
) -> None:  # fmt: skip
    """Write what a program of ours makes of a PDF. Raises MergeProblem, and what `alive` raises."""
    with tempfile.TemporaryDirectory(prefix="kortisto-pdf-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        source, result = folder / "whole.pdf", folder / "pages.pdf"
        with source.open("wb") as file:
            shutil.copyfileobj(pdf, file)
        call(folder, alive, sys.executable, "-I", str(program), str(source), str(result), *arguments)
        with result.open("rb") as file:
            shutil.copyfileobj(file, out)


def call(folder: Path, alive: Callable[[], None], *command: str) -> str:
    """Run a program with limits and nothing of ours around it; returns what it printed.

    Raises MergeProblem, and what `alive` raises to end it.
    """
    limits = f"ulimit -v {MAX_MEMORY_KB}; ulimit -t {MAX_SECONDS}; exec \"$0\" \"$@\""
    with tempfile.TemporaryFile("w+") as printed:
        process = subprocess.Popen(
            ["/bin/sh", "-c", limits, *command], stdin=subprocess.DEVNULL,
            stdout=printed, stderr=subprocess.DEVNULL, start_new_session=True, cwd=folder,
            env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "LANG": "C.UTF-8"},
        )  # fmt: skip
        try:
            wait(process, alive)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, SIGKILL)
            process.wait()
        printed.seek(0)
        return printed.read()


def wait(process: subprocess.Popen[bytes], alive: Callable[[], None]) -> None:
    """Until it is done or its time is over; whoever waits for the letters can stop it meanwhile."""
    ends = time.monotonic() + MAX_SECONDS
    while True:
        with suppress(subprocess.TimeoutExpired):
            if code := process.wait(_POLL):
                raise failed(_l("it ended with code %(code)s", code=code))
            return
        if time.monotonic() > ends:
            raise failed(_l("it took more than %(seconds)s seconds", seconds=MAX_SECONDS))
        alive()


def failed(reason: object) -> MergeProblem:
    return MergeProblem(_l("LibreOffice could not make the PDF: %(reason)s. Choose Word, or fewer letters at a time.",
                           reason=reason))  # fmt: skip
