"""What the field registry says when a value, a condition or a definition does not fit."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.told import Told


class FieldError(Told, ValueError):
    """One value that one field refuses.

    `message` may be lazily translated text that says what is wrong and what to do. `keepable` is true where
    people may insist on the value (an odd phone number); it is then stored as it was typed.
    """

    def __init__(self, message: Any, *, keepable: bool = False) -> None:
        super().__init__(message)
        self.keepable = keepable


class ConditionError(FieldError):
    """A filter condition that cannot be asked: unknown column, unknown operator, or a value of the wrong kind."""

    def __init__(self, column: str, message: Any) -> None:
        super().__init__(message)
        self.column = column


class ValidationFailed(Exception):
    """All that is wrong with one record's values: `errors` maps a column to its messages.

    `keepable` names the columns whose value may be kept as it was typed.
    """

    def __init__(self, errors: Mapping[str, Sequence[Any]], keepable: Sequence[str] = ()) -> None:
        super().__init__("; ".join(f"{column}: {', '.join(map(str, texts))}" for column, texts in errors.items()))
        self.errors = {column: list(texts) for column, texts in errors.items()}
        self.keepable = tuple(keepable)

    def messages(self) -> dict[str, list[str]]:
        """The errors as plain text in the language of the moment."""
        return {column: [str(text) for text in texts] for column, texts in self.errors.items()}

    def in_one(self) -> str:
        """The same as one text, for where no field stands by."""
        return " ".join(text for texts in self.messages().values() for text in texts)
