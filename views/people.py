"""The person register's screens."""

from views.interface import RegisterInterface
from views.registers import RegisterView


class PersonView(RegisterView):
    """People, linked to companies or standing alone."""

    datamodel = RegisterInterface("person")
    route_base = "/people"
