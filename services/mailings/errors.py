"""What mailings say when something can't be done."""

from models.told import Told


class MailingProblem(Told):
    """The mailing can't be sent, shown or changed so; the message says why and what to do."""


class UploadProblem(Told):
    """A file can't be taken in; the message says why and what to do."""
