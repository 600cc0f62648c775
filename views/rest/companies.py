"""The company register over REST."""

from views.rest.registers import RegisterApi


class CompanyApi(RegisterApi):
    """Companies."""

    register = "company"
