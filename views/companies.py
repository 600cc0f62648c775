"""The company register's screens."""

from views.interface import RegisterInterface
from views.marketing import MarketingScreens
from views.registers import RegisterView


class CompanyView(MarketingScreens, RegisterView):
    """Companies, each with its people."""

    datamodel = RegisterInterface("company")
    route_base = "/companies"
