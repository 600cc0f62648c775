"""The activity register's screens: what was done, what is to be done, what was agreed."""

from views.interface import RegisterInterface
from views.registers import RegisterView


class ActivityView(RegisterView):
    """Activities of all kinds; tasks and the calendar have screens of their own."""

    datamodel = RegisterInterface("activity")
    route_base = "/activities"
