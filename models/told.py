"""Errors that a reader is told of."""

from typing import Any


class Told(Exception):
    """An error whose text is for its reader: `message`, which may be lazily translated, says what is wrong and what to
    do. Further arguments say what it is about, for logs."""

    def __init__(self, message: Any, *about: Any) -> None:
        super().__init__(message, *about)
        self.message = message

    def __str__(self) -> str:
        return str(self.message)
