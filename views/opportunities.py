"""The opportunity register's screens: the board, winning and losing beside what every register has."""

from views.board import BoardScreens
from views.interface import RegisterInterface


class OpportunityView(BoardScreens):
    """Opportunities."""

    datamodel = RegisterInterface("opportunity")
    route_base = "/opportunities"
