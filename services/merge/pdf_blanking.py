"""Empties pages of a PDF file: `python pdf_blanking.py FILE RESULT FIRST-LAST ...`, pages counted from one.

An empty page of the same size stands where each was, so that the others keep their numbers. What the empty ones showed
is not in the result. A program of its own, because it holds all pages at once: its memory is limited apart from ours.
"""

import sys

from pypdf import PdfReader, PdfWriter


def blank(file: str, result: str, spans: list[str]) -> None:
    """Write the pages, those of the spans empty."""
    ranges = [[int(number) for number in span.split("-")] for span in spans]
    emptied = {page for first, last in ranges for page in range(first, last + 1)}
    with PdfWriter() as writer:
        for number, page in enumerate(PdfReader(file).pages, start=1):
            if number in emptied:
                writer.add_blank_page(page.mediabox.width, page.mediabox.height)
            else:
                writer.add_page(page)
        writer.write(result)


if __name__ == "__main__":
    blank(sys.argv[1], sys.argv[2], sys.argv[3:])
