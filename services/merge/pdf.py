"""Word documents as PDF by LibreOffice, where it is installed: in a process of its own, with limits."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL
from typing import BinaryIO

from flask_babel import lazy_gettext as _l

from services.merge.errors import MergeProblem

#: LibreOffice's time grows with the square of the pages (500: 4 s, 5,000: 380 s): a call gets no more letters.
LETTERS_A_CALL = 500
DOCUMENTS_A_CALL = 50
MAX_SECONDS = 300
MAX_MEMORY_KB = 4 << 20
JOINER = Path(__file__).with_name("pdf_joining.py")
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

    def to_pdf(self, documents: Sequence[Path]) -> list[Path]:
        """A PDF beside each document, in one call. Raises MergeProblem, and what `alive` raises to end it."""
        pdfs = [document.with_suffix(".pdf") for document in documents]
        options = [f"-env:UserInstallation={(self.path / 'profile').as_uri()}", "--headless", "--norestore"]
        options += ["--convert-to", "pdf", "--outdir", str(self.path)]
        self._call(find_office(), *options, *map(str, documents))
        if not all(pdf.is_file() for pdf in pdfs):
            raise failed(_l("it left no result"))
        for document in documents:
            document.unlink()
        return pdfs

    def join(self, pdfs: Sequence[Path], out: BinaryIO) -> None:
        """Write the pages of all files one after the other and remove the files. Raises as `to_pdf` does."""
        joined = pdfs[0]
        if len(pdfs) > 1:
            joined = self.path / "joined.pdf"
            self._call(sys.executable, "-I", str(JOINER), str(joined), *map(str, pdfs))
        with joined.open("rb") as content:
            shutil.copyfileobj(content, out)
        for pdf in {joined, *pdfs}:
            pdf.unlink()

    def _call(self, *command: str) -> None:
        limits = f"ulimit -v {MAX_MEMORY_KB}; ulimit -t {MAX_SECONDS}; exec \"$0\" \"$@\""
        process = subprocess.Popen(
            ["/bin/sh", "-c", limits, *command], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, cwd=self.path,
            env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.path), "LANG": "C.UTF-8"},
        )  # fmt: skip
        try:
            self._wait(process)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, SIGKILL)
            process.wait()

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        """Until it is done or its time is over; whoever waits for the letters can stop it meanwhile."""
        ends = time.monotonic() + MAX_SECONDS
        while True:
            with suppress(subprocess.TimeoutExpired):
                if code := process.wait(_POLL):
                    raise failed(_l("it ended with code %(code)s", code=code))
                return
            if time.monotonic() > ends:
                raise failed(_l("it took more than %(seconds)s seconds", seconds=MAX_SECONDS))
            self._alive()


def failed(reason: object) -> MergeProblem:
    return MergeProblem(_l("LibreOffice could not make the PDF: %(reason)s. Choose Word, or fewer letters at a time.",
                           reason=reason))  # fmt: skip
