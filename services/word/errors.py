"""The one error that a template or a merge ends with, in words for the person who made the template."""

from flask_babel.speaklater import LazyString


class TemplateError(Exception):
    """A template that can't be used: `str(error)` is a sentence in the reader's language, saying what to do."""

    def __init__(self, message: LazyString | str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return str(self.message)
