"""Reading the words in documents' files: by a job after each new version, in a process with limits."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL
from typing import IO, Any

from models.documents import DAMAGED, MOST_TEXT, NO_TEXT, READINGS, TOO_LARGE, WAITING, Document
from models.fields.schema import schema_of
from models.file_types import EMAIL, HTML, MACROS, ODP, ODS, ODT, OLE, PDF, TEXT
from models.files import StoredFile
from services.files import stream_content
from services.jobs import Run, handles
from services.records import finished

Raw = dict[str, Any]
READ_TEXT = "read_document_text"
READER = Path(__file__).with_name("text_reading.py")
MAX_SECONDS = 60
#: Bytes of files that are read at all.
MOST_BYTES = 200 << 20
READABLE = frozenset((PDF, TEXT, EMAIL, HTML, MACROS, ODT, ODS, ODP, OLE))
OFFICE = "application/vnd.openxmlformats-officedocument."
STATES = frozenset(choice.key for choice in READINGS)


@handles(READ_TEXT)
def run_read(run: Run) -> Raw:
    """The job: the words of the file that the document holds now, as far as it is still the one that was asked for."""
    file = StoredFile._get_collection().find_one({"_id": run.params["file"]})
    if file is not None and current_text(run.params) is not None:
        state, text = text_of(file)
        keep_text(run.params, state, text)
    return {"message": ""}


def current_text(params: Mapping[str, Any]) -> Raw | None:
    """The document, where it waits for the words of this file."""
    asked = {"_id": params["document"], "read_file": params["file"], "reading": WAITING}
    return Document._get_collection().find_one(asked)


def keep_text(params: Mapping[str, Any], state: str, text: str) -> None:
    """Write what was read: no new version, for nobody has changed anything. A save that comes before it makes it read
    again; one that comes after it finds it (`Document.as_read`)."""
    while (raw := current_text(params)) is not None:
        after = finished(schema_of(Document.register_key), {**raw, "reading": state, "text": text or None}, {})
        if Document._get_collection().replace_one(Document.as_read(raw), after).matched_count:
            return


def text_of(file: Mapping[str, Any]) -> tuple[str, str]:
    """(what has become of reading, the text) of a stored file."""
    content_type = file["content_type"]
    if not is_readable(content_type):
        return NO_TEXT, ""
    if file["size"] > MOST_BYTES:
        return TOO_LARGE, ""
    with tempfile.TemporaryFile(prefix="kortisto-text-") as content:
        for part in stream_content(dict(file)):
            content.write(part)
        content.seek(0)
        return read_apart(content_type, content)


def is_readable(content_type: str) -> bool:
    """Whether there may be words in a content of this type."""
    return content_type in READABLE or content_type.startswith(OFFICE)


def read_apart(content_type: str, content: IO[bytes]) -> tuple[str, str]:
    """(what has become of reading, the text) by the reader's process; one that does not answer in time or at all says
    that it is damaged."""
    found = ask_reader(content_type, content, MOST_TEXT, MAX_SECONDS)
    state = found["state"] if found["state"] in STATES else DAMAGED
    return state, str(found["text"])[:MOST_TEXT]


def read_whole(content_type: str, content: IO[bytes], most: int, seconds: int) -> tuple[str, bool]:
    """(the text of a content, whether that is all of it), at most so many characters in so many seconds."""
    found = ask_reader(content_type, content, most, seconds)
    return str(found["text"]), bool(found["whole"])


def ask_reader(content_type: str, content: IO[bytes], most: int, seconds: int) -> Raw:
    """The answer of the reader's process: {"state", "text", "whole"}."""
    command = [sys.executable, "-I", str(READER), content_type, str(most), str(seconds)]
    process = subprocess.Popen(
        command, stdin=content, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
        env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    try:
        answer, _errors = process.communicate(timeout=2 * seconds)
        found: Raw = json.loads(answer)
    except (subprocess.TimeoutExpired, ValueError):
        found = {"state": DAMAGED, "text": "", "whole": False}
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, SIGKILL)
        process.wait()
    return found
