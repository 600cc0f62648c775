"""Takes pages out of a PDF file: `python pdf_pages.py FILE RESULT FIRST LAST`, pages counted from one.

A program of its own, because it reads the index of all pages: its memory is limited apart from the server's.
"""

import sys

from pypdf import PdfReader, PdfWriter


def take(file: str, result: str, first: int, last: int) -> None:
    """Write the pages from first to last, both inclusive."""
    with PdfWriter() as writer:
        reader = PdfReader(file)
        for number in range(first - 1, last):
            writer.add_page(reader.pages[number])
        writer.write(result)


if __name__ == "__main__":
    take(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
