"""The content of a stored file where it can be read again and again."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from services.files import stream_content

#: Files up to here stay in memory while they are read.
SPOOL = 16 << 20


@contextmanager
def content_of_file(file: dict[str, Any]) -> Iterator[IO[bytes]]:
    """A seekable stream of a file's content (a raw StoredFile)."""
    with tempfile.SpooledTemporaryFile(SPOOL) as stream:
        for chunk in stream_content(file):
            stream.write(chunk)
        yield stream
