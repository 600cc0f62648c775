"""Reading CSV: its encoding and its separator are found out, quoted cells may hold line breaks."""

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from itertools import islice
from typing import IO

from flask_babel import lazy_gettext as _l

from services.formulas import APOSTROPHE, undefused
from services.imports.errors import TableError
from services.imports.limits import MAX_CELL, MAX_ROW
from services.imports.options import SEPARATORS, TableOptions

CHUNK = 1 << 20
SAMPLE = 1 << 16
BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def csv_reader(stream: IO[bytes], options: TableOptions) -> Callable[[], Iterator[list[str]]]:
    """A function that reads the file's rows from the start. Raises TableError for what is no CSV."""
    encoding = options.encoding or find_encoding(stream)
    separator = options.separator or find_separator(stream, encoding)
    return lambda: read_rows(stream, encoding, separator)


def find_encoding(stream: IO[bytes]) -> str:
    """UTF-8 or UTF-16 by the mark at the start, else UTF-8 if all of the file is that, else Windows-1252."""
    stream.seek(0)
    head = stream.read(3)
    for mark, encoding in BOMS:
        if head.startswith(mark):
            return encoding
    if found := unmarked_utf16(stream):
        return found
    for encoding in ("utf-8", "cp1252"):
        if decodes(stream, encoding):
            return encoding
    raise TableError(_l("The letters in this file can't be read. Save it as CSV UTF-8 and import that."))


def unmarked_utf16(stream: IO[bytes]) -> str:
    """The encoding of a text in UTF-16 without a mark, of which every other byte is nothing; "" for other texts."""
    stream.seek(0)
    head = stream.read(SAMPLE)
    high, low = head[0::2].count(0), head[1::2].count(0)
    for encoding, many, few in (("utf-16-le", low, high), ("utf-16-be", high, low)):
        # A binary file has nothing in bytes of both kinds, a text with a stray one in few of either.
        if many * 2 > len(head) // 2 and few * 20 < many:
            return encoding
    return ""


def decodes(stream: IO[bytes], encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    stream.seek(0)
    try:
        while chunk := stream.read(CHUNK):
            if b"\x00" in chunk:
                raise TableError(_l("This file is not a table of text. Save the list as CSV or XLSX and import that."))
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def find_separator(stream: IO[bytes], encoding: str) -> str:
    """The separator that gives the most columns, the same in most rows; a comma where there is only one column."""
    stream.seek(0)
    try:
        sample = codecs.getincrementaldecoder(encoding)().decode(stream.read(SAMPLE))
    except UnicodeError as error:
        raise wrong_encoding(encoding) from error
    scores = {separator: score(sample, separator) for separator in SEPARATORS}
    return max(scores, key=lambda separator: scores[separator])


def score(sample: str, separator: str) -> float:
    try:
        rows = [row for row in islice(csv.reader(io.StringIO(sample, newline=""), delimiter=separator), 30) if row]
    except csv.Error:
        return 0
    widths = [len(row) for row in rows]
    # Notes above the table have widths of their own.
    return max((widths.count(width) / len(widths) * (width - 1) for width in set(widths)), default=0)


def read_rows(stream: IO[bytes], encoding: str, separator: str) -> Iterator[list[str]]:
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding=encoding, newline="")
    lines = Lines(text)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        for row in reader:
            lines.length = 0
            # What an export of our own has defused comes back as it was.
            yield [undefused(cell) if cell[:1] == APOSTROPHE else cell for cell in row]
    except csv.Error as error:
        raise broken(error, reader.line_num) from error
    except UnicodeError as error:
        raise wrong_encoding(encoding) from error
    finally:
        # Closing the wrapper would close the file, which is read again.
        text.detach()


class Lines:
    """The lines of a text, as long as no row is longer than one may be: a line of 60 MB, read as a whole, takes
    gigabytes. Whoever has read a row sets `length` to 0."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self.text, self.length, self.number = text, 0, 0

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        line = self.text.readline(MAX_ROW + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self.length += len(line)
        if self.length > MAX_ROW:
            raise TableError(_l("The row on line %(line)s is longer than %(max)s characters. Perhaps a quotation mark "
                                "is left open before it, or the file has no line ends: save the list as CSV or XLSX "
                                "anew.", line=self.number, max=MAX_ROW))  # fmt: skip
        return line


def broken(error: csv.Error, line: int) -> TableError:
    if "field larger" in str(error):
        return TableError(_l("A cell that ends after line %(line)s is longer than %(max)s characters. Perhaps a "
                             "quotation mark is left open before it.", line=line, max=MAX_CELL))  # fmt: skip
    return TableError(_l("The quotation marks on line %(line)s don't match: a cell that holds one is written in "
                         "quotation marks, and each inside it twice. Mend that and import again.",
                         line=line))  # fmt: skip


def wrong_encoding(encoding: str) -> TableError:
    return TableError(_l("The file is not in the encoding %(encoding)s. Save it as CSV UTF-8 and import that.",
                         encoding=encoding))  # fmt: skip
