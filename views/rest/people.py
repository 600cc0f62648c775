"""The person register over REST."""

from views.rest.registers import RegisterApi


class PersonApi(RegisterApi):
    """People; `companies` is a list of ids."""

    register = "person"
