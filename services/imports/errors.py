"""Why an import can't be done: each says in a sentence or two what is wrong and what to do."""

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l

from services.jobs import JobError


class ImportProblem(JobError):
    """The import can't be done; nothing more is written."""


class TableError(ImportProblem):
    """The file can't be read as a table."""


class MappingError(ImportProblem):
    """The mapping is wrong or does not fit the file or the register. `problems` says all that is wrong at once."""

    def __init__(self, problems: Sequence[Any]) -> None:
        super().__init__(problems[0] if problems else _l("The mapping is wrong."))
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)
