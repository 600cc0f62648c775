"""The activity register over REST."""

from views.rest.registers import RegisterApi


class ActivityApi(RegisterApi):
    """Activities."""

    register = "activity"
