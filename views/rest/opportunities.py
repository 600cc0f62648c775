"""The opportunity register over REST."""

from views.rest.registers import RegisterApi


class OpportunityApi(RegisterApi):
    """Opportunities."""

    register = "opportunity"
