"""The mailing register's screens."""

from views.interface import RegisterInterface
from views.registers import RegisterView


class MailingView(RegisterView):
    """Mailings."""

    datamodel = RegisterInterface("mailing")
    route_base = "/mailings"
