"""The data console: Flask-Admin's views over any collection, to look at and nothing else (docs/console.md)."""

from collections.abc import Callable
from typing import Any

from flask import current_app, flash, g, redirect, render_template, request, url_for
from flask_admin import AdminIndexView, expose
from flask_admin.contrib.pymongo import ModelView
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms import Form

from models.rights import NotAllowed
from services.console import (
    ConsoleError,
    DocumentPage,
    find_documents,
    get_document,
    id_text,
    list_collections,
    list_files,
    list_indexes,
    list_looks,
    note_look,
    shown_document,
)
from views.base import current_access, current_user
from views.permissions import ADMINISTRATION

PREVIEW = 200


class ConsolePages:
    """What both kinds of view share: who may open them, and our own pages instead of Flask-Admin's, whose inline
    scripts and styles the Content-Security-Policy forbids."""

    def is_accessible(self) -> bool:
        return bool(current_app.appbuilder.sm.has_access("can_look", ADMINISTRATION))  # type: ignore[attr-defined]

    def inaccessible_callback(self, name: str, **values: Any) -> Response:
        if current_user() is None:
            return redirect(url_for("SignInView.login", next=request.full_path))
        raise NotAllowed(_("Only administrators may look at the raw data. Ask one of them."))

    def _run_view(self, fn: Callable[..., Any], *args: Any, **values: Any) -> Any:
        """Flask-Admin would call a view again that raised a TypeError, and so hide it."""
        return fn(self, *args, **values)

    def page(self, template: str, title: str, **values: Any) -> str:
        appbuilder = current_app.appbuilder  # type: ignore[attr-defined]
        return render_template(f"console/{template}.html", title=title, appbuilder=appbuilder,
                               base_template=appbuilder.base_template, id_text=id_text, **values)  # fmt: skip


class ConsoleIndex(ConsolePages, AdminIndexView):
    """Collections with their sizes, the files of GridFS, and who has looked."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # Flask-Admin's own scripts and styles are not served.
        self.static_folder = None

    @expose("/")
    def index(self) -> str:
        """Every collection."""
        note_look(current_access(), "collections")
        return self.page("collections", _("Data console"), collections=list_collections(current_access()))

    @expose("/files/")
    def files(self) -> str:
        """GridFS, without what is in the files."""
        note_look(current_access(), "files")
        return self.page("files", _("Files in GridFS"), buckets=list_files(current_access()))

    @expose("/looks/")
    def looks(self) -> str:
        """Who looked at what, newest first."""
        note_look(current_access(), "looks")
        return self.page("looks", _("Looks"), looks=list_looks(current_access()))


class DocumentsView(ConsolePages, ModelView):
    """The documents of the collection that the address names: a list, one document, its indexes.

    Of Flask-Admin's routes only these are there: what writes has no address.
    """

    can_create = can_edit = can_delete = can_export = False
    can_view_details = True
    simple_list_pager = True
    ROUTES = ("index_view", "details_view", "indexes")

    def __init__(self) -> None:
        super().__init__(None, name="Documents", endpoint="console_documents",
                         url="/console/collection/<collection>")  # fmt: skip
        self._urls: list[Any] = [route for route in self._urls if route[1] in self.ROUTES]

    def create_blueprint(self, admin: Any) -> Any:
        blueprint = super().create_blueprint(admin)
        blueprint.url_value_preprocessor(self.take_collection)
        blueprint.url_defaults(self.give_collection)
        return blueprint

    def take_collection(self, endpoint: str | None, values: dict[str, Any] | None) -> None:
        """Flask-Admin's views know one collection; here the address says which."""
        g.console_collection = (values or {}).pop("collection", "")

    def give_collection(self, endpoint: str, values: dict[str, Any]) -> None:
        values.setdefault("collection", g.get("console_collection", ""))

    def scaffold_list_columns(self) -> list[str]:
        return ["_id"]

    def scaffold_form(self) -> type[Form]:
        """A form without a field: there is nothing to write with."""
        return Form

    def get_list(self, *place: Any, **options: Any) -> tuple[None, DocumentPage]:
        """The page that the address asks for by `filter` and `after`; never counted, for that could take long."""
        text = request.args.get("filter", "")
        note_look(current_access(), "documents", g.console_collection, text)
        try:
            return None, find_documents(current_access(), g.console_collection, text, request.args.get("after", ""))
        except ConsoleError as error:
            flash(str(error), "danger")
            return None, DocumentPage([])

    def get_one(self, id: Any) -> Any:
        note_look(current_access(), "document", g.console_collection, str(id))
        return get_document(current_access(), g.console_collection, str(id))

    @expose("/indexes/")
    def indexes(self) -> str:
        """The collection's indexes."""
        note_look(current_access(), "indexes", g.console_collection)
        found = list_indexes(current_access(), g.console_collection)
        return self.page("indexes", g.console_collection, collection=g.console_collection, indexes=found)

    def render(self, template: str, **values: Any) -> str:
        name = g.console_collection
        if "model" in values:
            raw = values["model"]
            return self.page("document", id_text(raw["_id"]), collection=name, text=shown_document(raw))
        page: DocumentPage = values["data"]
        rows = [(id_text(raw["_id"]), preview(raw)) for raw in page.rows]
        return self.page("documents", name, collection=name, rows=rows, next_after=page.next_after,
                         filter_text=request.args.get("filter", ""))  # fmt: skip


def preview(raw: dict[str, Any]) -> str:
    """The beginning of a document on one line, without its id; texts first, for they tell documents apart."""
    telling = sorted(raw.items(), key=lambda pair: not isinstance(pair[1], str))
    text = shown_document({key: value for key, value in telling if key != "_id"}, indent=None)
    return text if len(text) <= PREVIEW else text[:PREVIEW] + "…"
