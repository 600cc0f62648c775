"""The opportunity register's screens: the board, winning and losing, and its past beside what every register has."""

from views.board import BoardScreens
from views.interface import RegisterInterface
from views.pipeline_past import PastScreens


class OpportunityView(BoardScreens, PastScreens):
    """Opportunities."""

    datamodel = RegisterInterface("opportunity")
    route_base = "/opportunities"
