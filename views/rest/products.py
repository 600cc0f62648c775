"""The product register over REST."""

from views.rest.registers import RegisterApi


class ProductApi(RegisterApi):
    """Products."""

    register = "product"
