"""The campaign register over REST."""

from views.rest.registers import RegisterApi


class CampaignApi(RegisterApi):
    """Campaigns."""

    register = "campaign"
