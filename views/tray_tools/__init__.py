"""How each tool of a tray is drawn. A tool is a `Tool` in services/tray_tools.py, a function here that `draws` it, and
its template in templates/trays/tools/."""

from views.tray_tools import activities, figures, pipeline, records, reports
from views.tray_tools.drawing import Drawn, drawn, waiting

__all__ = ["Drawn", "activities", "drawn", "figures", "pipeline", "records", "reports", "waiting"]
