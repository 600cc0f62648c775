"""The person register's screens."""

from views.interface import RegisterInterface
from views.marketing import MarketingScreens
from views.personal_data import PersonalDataScreens
from views.vcards import VCardScreens


class PersonView(MarketingScreens, PersonalDataScreens, VCardScreens):
    """People, linked to companies or standing alone."""

    datamodel = RegisterInterface("person")
    route_base = "/people"
