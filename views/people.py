"""The person register's screens."""

from collections.abc import Sequence
from typing import Any

from views.interface import RegisterInterface
from views.marketing import MarketingScreens
from views.offers import Offer
from views.personal_data import PersonalDataScreens
from views.vcards import VCardScreens


class PersonView(MarketingScreens, PersonalDataScreens, VCardScreens):
    """People, linked to companies or standing alone."""

    datamodel = RegisterInterface("person")
    route_base = "/people"

    def offers(self, raw: dict[str, Any]) -> Sequence[Offer]:
        return [*super().offers(raw), *self.personal_data_offers(raw)]
