"""An e-mail's content: kept as HTML that mail programs show, found by the text in it."""

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l

from models.fields.context import Context
from models.fields.errors import FieldError
from models.fields.field import Field
from models.fields.kinds.base import text_of
from models.fields.kinds.formatted import RichText
from models.fields.kinds.texts import EQUALITY, LongText
from models.mail_html import TooComplex, clean_mail, mail_text
from models.search_words import words_of


class MailHtml(RichText):
    """Layout with tables, pictures and style sheets, cleaned as it comes in (models/mail_html.py)."""

    name = "mail_html"
    label = _l("E-mail content")
    input = "mail_html"
    offered = False
    importable = False
    not_imported = _l("the content of an e-mail can't be imported. Leave the column out and upload it on the mailing.")
    needs_room = True
    longest = 500_000

    def parse_value(self, raw: Any, field: Field, context: Context) -> str:
        try:
            return clean_mail(text_of(raw, field))
        except TooComplex as error:
            raise FieldError(_l("The content has too many elements for an e-mail, or too many within one another. "
                                "Make it simpler.")) from error  # fmt: skip

    def text(self, value: Any, field: Field, context: Context) -> str:
        return mail_text(value or "")

    def plain(self, value: Any) -> str:
        return mail_text(value)

    def search_words(self, value: Any) -> Iterable[str]:
        return words_of(mail_text(value))

    def operand_value(self, code: str, raw: Any, field: Field, context: Context) -> Any:
        text = LongText.operand_value(self, code, raw, field, context)
        return mail_text(text) or None if code in EQUALITY and text else text
