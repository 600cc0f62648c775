"""Formatted text: kept as cleaned HTML, found and merged as the plain text in it."""

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l

from models.fields.context import Context
from models.fields.field import Field
from models.fields.kinds.base import text_of
from models.fields.kinds.texts import EQUALITY, LongText
from models.formatted import formatted, plain_text
from models.search_words import words_of


class RichText(LongText):
    """Paragraphs, headings, lists, links. Conditions compare with the plain text, which `texts` of a record keeps."""

    name = "rich_text"
    label = _l("Formatted text")
    input = "rich_text"
    plain_kept = True

    def parse_value(self, raw: Any, field: Field, context: Context) -> str:
        return formatted(text_of(raw, field))

    def text(self, value: Any, field: Field, context: Context) -> str:
        return plain_text(value or "")

    def edit_text(self, value: Any, field: Field, context: Context) -> str:
        return value or ""

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {**super().json_schema(field), "contentMediaType": "text/html"}

    def plain(self, value: Any) -> str:
        return plain_text(value)

    def search_words(self, value: Any) -> Iterable[str]:
        return words_of(plain_text(value))

    def operand_value(self, code: str, raw: Any, field: Field, context: Context) -> Any:
        """What is asked for, as plain text: of formatted text that is sent the text in it."""
        text = super().operand_value(code, raw, field, context)
        return plain_text(text) or None if code in EQUALITY and text else text

    def compare_path(self, field: Field) -> str:
        return f"texts.{field.column}"
