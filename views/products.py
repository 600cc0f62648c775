"""The product register's screens."""

from views.interface import RegisterInterface
from views.registers import RegisterView


class ProductView(RegisterView):
    """Products."""

    datamodel = RegisterInterface("product")
    route_base = "/products"
