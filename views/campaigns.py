"""The campaign register's screens."""

from views.interface import RegisterInterface
from views.registers import RegisterView


class CampaignView(RegisterView):
    """Campaigns."""

    datamodel = RegisterInterface("campaign")
    route_base = "/campaigns"
