"""The segment register's screens."""

from views.interface import RegisterInterface
from views.registers import RegisterView


class SegmentView(RegisterView):
    """Segments."""

    datamodel = RegisterInterface("segment")
    route_base = "/segments"
