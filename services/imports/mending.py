"""Cells that were corrected before the import, laid on the rows as they are read."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from services.imports.tables import Mend, Row, as_it_is, cell_text


def mend_of(draft: Mapping[str, Any]) -> Mend:
    """How a draft's rows are mended: every value that was replaced in its column, then each cell by itself."""
    cells = {int(row): {int(place): text for place, text in places.items()}
             for row, places in draft["corrections"].items()}  # fmt: skip
    values = {int(place): dict(pairs) for place, pairs in draft["replacements"].items()}
    if not (cells or values):
        return as_it_is

    def mend(row: Row) -> Row:
        mended = list(row.cells)
        for place, replaced in values.items():
            if place < len(mended) and (text := cell_text(mended[place])) in replaced:
                mended[place] = replaced[text]
        for place, text in cells.get(row.number, {}).items():
            mended.extend([""] * (place + 1 - len(mended)))
            mended[place] = text
        return replace(row, cells=mended)

    return mend
