"""The errors this package raises on purpose."""

from flask_appbuilder.exceptions import FABException


class FilterError(FABException):
    """A filter that cannot be applied: an unknown column or operator, or a value of the wrong kind.

    `column` is the column's name as it was sent, `message` a translated sentence for a person. Lists show it and
    no rows; REST answers 400 with it.
    """

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column
        self.message = message


class NoSqlSessionError(RuntimeError):
    """Something asked for the SQL session that an application on MongoDB does not have."""
