"""Joins PDF files: `python pdf_joining.py RESULT FIRST SECOND ...`.

A program of its own, because it holds all pages at once: its memory is limited, and given back, apart from the job's.
"""

import sys

from pypdf import PdfWriter


def join(result: str, files: list[str]) -> None:
    """Write the pages of all files one after the other."""
    with PdfWriter() as writer:
        for file in files:
            writer.append(file, import_outline=False)
        writer.write(result)


if __name__ == "__main__":
    join(sys.argv[1], sys.argv[2:])
