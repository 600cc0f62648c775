"""The person register over REST."""

from models.rights import Access
from views.rest.openapi import Document
from views.rest.personal_data import PersonalDataCalls, describe_personal_data
from views.rest.registers import RegisterApi


class PersonApi(PersonalDataCalls, RegisterApi):
    """People; `companies` is a list of ids."""

    register = "person"

    def describe(self, document: Document, access: Access) -> None:
        super().describe(document, access)
        describe_personal_data(document, f"/api/v1/{self.register}", str(self.card.label), access)
