"""The document register's screens."""

from views.interface import RegisterInterface
from views.registers import RegisterView


class DocumentView(RegisterView):
    """Documents."""

    datamodel = RegisterInterface("document")
    route_base = "/documents"
