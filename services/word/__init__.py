"""Word mail merge: a template with merge fields and records in, one document with a letter for each record out.

template = WordTemplate.read(data)
with open("letters.docx", "wb") as out:
    report = template.merge(({normalise_name("Last name"): "Virtanen"} for _ in range(3)), out, language="fi")
"""

from services.word.addresses import address_key, address_lines
from services.word.errors import TemplateError
from services.word.pieces import FILE_NAME, Pieces
from services.word.reading import PartText, letter_text
from services.word.stream import MergeReport
from services.word.template import TemplateField, WordTemplate
from services.word.values import Value, normalise_name

__all__ = [
    "FILE_NAME", "MergeReport", "PartText", "Pieces", "TemplateError", "TemplateField", "Value", "WordTemplate",
    "address_key", "address_lines", "letter_text", "normalise_name",
]  # fmt: skip
