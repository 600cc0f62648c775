"""Saved views on a list's page: opening one, what the page shows of it, saving, pinning, deleting.

`?view=<id>` opens a view: it leads to the address that the view stands for, which says by `from=<id>` whence it comes
and can be changed from there. `?view=all` is the list without one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from bson import ObjectId
from flask import flash, redirect, request
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from models.fields.errors import ConditionError, ValidationFailed
from models.registers import Register, register_of
from models.rights import NotAllowed
from models.saved_views import Audience
from services.conditions import asks_unseen
from services.records import RecordNotFound, VersionConflict
from services.saved_views import (
    LIST,
    Query,
    audiences,
    delete_view,
    get_view,
    list_views,
    may_change,
    open_with,
    pin_view,
    pinned_views,
    save_view,
)
from views.base import current_access, current_user
from views.permissions import OWN
from views.selection import conditions_of_args, pairs_of

Raw = dict[str, Any]
ALL = "all"
MAX_QUERY = 20_000
#: How a view's order and grouping stand in an address.
SHOWN_BY = (("order", "order"), ("dir", "direction"), ("group", "group"))


@dataclass(frozen=True)
class Tab:
    """One saved view above a list."""

    name: str
    url: str
    current: bool


@dataclass(frozen=True)
class Shown:
    """What a list's page shows of saved views: `view` is the one it came from, `changed` says that it shows something
    else by now, `worth` that there is something to save."""

    tabs: Sequence[Tab]
    view: Raw | None
    changed: bool
    worth: bool


def query_of_args(args: MultiDict[str, str] | None = None, screen: str = LIST) -> Query:
    """What the address of a list asks for, or of another screen of its register."""
    args = request.args if args is None else args
    columns = [column for column in args.get("cols", "").split(",") if column]
    return Query(conditions_of_args(args), args.get("order", ""), args.get("dir", ""), columns, args.get("group", ""),
                 screen)  # fmt: skip


def view_address(card: Register, view: Raw) -> str:
    """The address that a view stands for."""
    pairs: list[tuple[str, str]] = [("from", str(view["_id"]))]
    pairs += pairs_of(view.get("conditions") or ())
    pairs += [(name, view[key]) for name, key in SHOWN_BY if view.get(key)]
    pairs += [("cols", ",".join(view["columns"]))] if view.get("columns") else []
    return f"{request.script_root}{card.address_of(view.get('screen') or LIST)}?{urlencode(pairs)}"


def wanted_view(card: Register) -> Response | None:
    """Where the list's address leads to: to the view it names, or the one that the user opens the register with."""
    wanted = request.args.get("view", "")
    if wanted == ALL:
        return None
    if not wanted and not request.args:
        default = (current_user().default_views or {}).get(card.key)
        wanted = str(default) if default else ""
    if not wanted:
        return None
    try:
        view = get_view(current_access(), wanted)
        if asks_unseen(current_access(), view):
            flash(_("That view asks about a field that you do not see. All records are shown."), "warning")
            return None
        return redirect(view_address(register_of(view["register"]), view))
    except RecordNotFound:
        flash(_("That view is gone, or it is not shared with you any more. All records are shown."), "warning")
        return None


def shown_views(card: Register, screen: str = LIST) -> Shown:
    """The views of the page that is being written."""
    views, query = list_views(current_access(), card.key), query_of_args(screen=screen)
    came_from = request.args.get("from", "")
    view = next((raw for raw in views if str(raw["_id"]) == came_from), None)
    tabs = [Tab(raw["name"], f"{card.path}/?view={raw['_id']}", raw is view) for raw in views]
    worth = bool(query.conditions or query.order or query.columns or query.group)
    return Shown(tabs, view, view is not None and not query.is_that_of(view), worth)


def pinned_entries() -> list[tuple[str, str, bool]]:
    """(name, address, whether the reader is there) of the views in the side bar."""
    user = current_user()
    if user is None:
        return []
    found = pinned_views(current_access(), user.pinned_views or ())
    return [(raw["name"], f"{register_of(raw['register']).path}/?view={raw['_id']}",
             str(raw["_id"]) == request.args.get("from", "")) for raw in found]  # fmt: skip


class SavedViewsView(BaseView):
    """What can be done with saved views."""

    route_base = "/views"
    default_view = "panel"
    class_permission_name = OWN

    @expose("/panel/<register>")
    @has_access
    def panel(self, register: str) -> Any:
        """The form that saves what the list shows, as a part of its page; `from` is the view it came from."""
        access, user, card = current_access(), current_user(), register_of(register)
        try:
            view = get_view(access, request.args["from"]) if request.args.get("from") else None
        except RecordNotFound:
            view = None
        return self.render_template(
            "saved_views/panel.html", card=card, view=view, audiences=audiences(access),
            audience=audience_of(view), may_change=view is not None and may_change(access, view),
            pinned=view is not None and view["_id"] in (user.pinned_views or ()),
            default=view is not None and (user.default_views or {}).get(register) == view["_id"],
            screen=request.args.get("screen", LIST),
        )  # fmt: skip

    @expose("/save", methods=["POST"])
    @has_access
    def save(self) -> Response:
        """Save what the list's address `query` shows as a new view, or as `replaces`."""
        form, text = request.form, request.form.get("query", "")[:MAX_QUERY]
        card = register_of(form.get("register", ""))
        args = MultiDict(parse_qsl(text.removeprefix("?"), keep_blank_values=True))
        try:
            view = save_view(current_access(), card.key, form.get("name", ""), form.get("audience", ""),
                             query_of_args(args, form.get("screen", LIST)),
                             replaces=form.get("replaces") or None)  # fmt: skip
        except (ValidationFailed, ConditionError, NotAllowed, VersionConflict) as error:
            flash(said(error), "danger")
            return redirect(f"{card.path}/?{text.removeprefix('?')}" if text else f"{card.path}/?view={ALL}")
        flash(_("The view “%(name)s” was saved.", name=view["name"]), "success")
        return redirect(f"{card.path}/?view={view['_id']}")

    @expose("/pin/<pk>", methods=["POST"])
    @has_access
    def pin(self, pk: str) -> Response:
        """Pin a view to the side bar, or with `on=0` take it from there."""
        on = request.form.get("on") != "0"
        try:
            pin_view(current_access(), pk, pinned=on)
            flash(_("It is in the side bar now.") if on else _("It is no longer in the side bar."), "success")
        except ValidationFailed as error:
            flash(said(error), "warning")
        return back_to(pk)

    @expose("/default/<pk>", methods=["POST"])
    @has_access
    def default(self, pk: str) -> Response:
        """Open the register with this view from now on, or with `on=0` no longer."""
        on = request.form.get("on") != "0"
        open_with(current_access(), pk, default=on)
        flash(_("The list opens with this view now.") if on else _("The list opens with all records again."), "success")
        return back_to(pk)

    @expose("/delete/<pk>", methods=["POST"])
    @has_access
    def delete(self, pk: str) -> Response:
        """Delete a view; records are not touched."""
        view = delete_view(current_access(), pk)
        flash(_("The view “%(name)s” was deleted.", name=view["name"]), "success")
        return redirect(f"{register_of(view['register']).path}/?view={ALL}")


def back_to(view_id: str) -> Response:
    view = get_view(current_access(), view_id)
    return redirect(f"{register_of(view['register']).path}/?view={ObjectId(view['_id'])}")


def audience_of(view: Raw | None) -> str:
    """The value of the select that says whom the view is for."""
    if view is None:
        return Audience.ME.value
    return str(view["role"]) if view["audience"] == Audience.ROLE.value else str(view["audience"])


def said(error: Exception) -> str:
    """What is wrong, as one text."""
    return error.in_one() if isinstance(error, ValidationFailed) else str(error)
