"""The opportunity register's screens."""

from views.interface import RegisterInterface
from views.registers import RegisterView


class OpportunityView(RegisterView):
    """Opportunities."""

    datamodel = RegisterInterface("opportunity")
    route_base = "/opportunities"
