"""Joins PDF files: `python pdf_joining.py RESULT NAME FIRST SECOND ...`.

With a NAME it prints as JSON on which page (from one) of the result each bookmark stands that is called so, a number
behind; with "" nothing. `NAME` is what ends of letters are called.

A program of its own, because it holds all pages at once: its memory is limited, and given back, apart from the job's.
"""

import json
import sys

from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject


def join(result: str, name: str, files: list[str]) -> dict[str, object]:
    """Write the pages of all files one after the other; returns {"pages": how many, "ends": number -> page}."""
    ends: dict[str, int] = {}
    pages = 0
    with PdfWriter() as writer:
        for file in files:
            reader = PdfReader(file)
            if name:
                ends |= {number: pages + page for number, page in ends_of(reader, name)}
            pages += len(reader.pages)
            # The names have served; thousands of them take long to copy.
            root = reader.trailer["/Root"].get_object()
            if isinstance(root, DictionaryObject):
                root.pop(NameObject("/Dests"), None)
            writer.append(reader, import_outline=False)
        writer.write(result)
    return {"pages": pages, "ends": ends}


def ends_of(reader: PdfReader, name: str) -> list[tuple[str, int]]:
    """(number, page from one) of each bookmark of that name."""
    found = []
    for title, destination in reader.named_destinations.items():
        number = title.removeprefix("/").removeprefix(name)
        page = reader.get_destination_page_number(destination)
        if number.isdigit() and page is not None:
            found.append((number, page + 1))
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(join(sys.argv[1], sys.argv[2], sys.argv[3:])))
