"""The help: pages that `make docs` builds of docs/, for everybody, also where one signs in."""

from pathlib import Path
from typing import Any

from flask import abort, redirect, request, send_from_directory
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from werkzeug.security import safe_join

from config import PROJECT_ROOT
from views.base import LANGUAGES, current_language
from views.help_pages import HELP

BUILT = Path(PROJECT_ROOT) / "build" / "help"


class HelpView(BaseView):
    """`/help/<language>/<page>/`: static files, which hold nothing of the organisation's."""

    route_base = HELP
    default_view = "start"

    @expose("/")
    def start(self) -> Any:
        """The help in the reader's language."""
        return redirect(f"{request.script_root}{HELP}/{current_language()}/")

    @expose("/<language>/")
    @expose("/<language>/<path:path>")
    def page(self, language: str, path: str = "") -> Any:
        """A page, or a file that it needs. A browser asks each time whether it has changed."""
        if language not in LANGUAGES:
            abort(404)
        folder = BUILT / language
        if not folder.is_dir():
            abort(404, _("The help has not been built on this server. An administrator does it by: make docs"))
        found = safe_join(str(folder), path)
        if found and Path(found).is_dir():
            if path and not path.endswith("/"):
                return redirect(f"{request.script_root}{HELP}/{language}/{path}/")
            path += "index.html"
        answer = send_from_directory(folder, path)
        answer.headers["Cache-Control"] = "no-cache"
        return answer
