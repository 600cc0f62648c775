"""Label sheets: where labels stand on them, and texts laid out, wrapped and shrunk to fit, as PDF, Word and picture.

A library of its own: it knows nothing of records.
"""

from services.label_sheets.fonts import unprintable
from services.label_sheets.layout import Fitted, fit
from services.label_sheets.pdf import write_pdf
from services.label_sheets.picture import first_page
from services.label_sheets.sheets import SHEETS, BadSheet, Printing, Sheet
from services.label_sheets.word import write_word

__all__ = [
    "SHEETS", "BadSheet", "Fitted", "Printing", "Sheet", "first_page", "fit", "unprintable", "write_pdf",
    "write_word",
]  # fmt: skip
