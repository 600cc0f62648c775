"""What may become of a message that is handed to a server, whichever way it goes."""

#: The server's words are kept so far.
LONGEST_ERROR = 500


class Unsent(Exception):
    """The message was not sent now; another try may go better. The text is the server's, or the system's."""


class Refused(Unsent):
    """The server will never take this message."""


class Undeliverable(Refused):
    """There is no such address, says the server that would have to know: it will never take any message to it."""


class Unclear(Unsent):
    """The connection broke off while the server took the message: nobody knows whether it did."""


class Unreachable(Unsent):
    """No message can be sent now: the server does not answer, or does not let us in."""
