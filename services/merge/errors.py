"""What a merge ends with, in words for the person who asked for letters."""

from services.jobs import JobError


class MergeProblem(JobError):
    """The letters can't be made, or the template can't be kept; the message says why and what to do.

    `field` names the input it is about ("name", "file", "unknown"), "" where there is none.
    """

    def __init__(self, message: object, field: str = "") -> None:
        super().__init__(message)
        self.field = field
