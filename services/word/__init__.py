"""Word mail merge: a template with merge fields and records in, one document with a letter for each record out.

template = WordTemplate.read(data)
with open("letters.docx", "wb") as out:
    report = template.merge(({normalise_name("Last name"): "Virtanen"} for _ in range(3)), out, language="fi")
"""

from services.word.addresses import address_key, address_lines
from services.word.blanking import blank_letters
from services.word.errors import TemplateError
from services.word.extract import extract_letter
from services.word.pieces import FILE_NAME, Pieces
from services.word.program import END_NAME
from services.word.reading import PartText, letter_text
from services.word.stream import MergeReport, Placed
from services.word.template import TemplateField, WordTemplate
from services.word.values import Table, Value, normalise_name, table_key

__all__ = [
    "END_NAME", "FILE_NAME", "MergeReport", "PartText", "Pieces", "Placed", "Table", "TemplateError", "TemplateField",
    "Value", "WordTemplate", "address_key", "address_lines", "blank_letters", "extract_letter", "letter_text",
    "normalise_name", "table_key",
]  # fmt: skip
