"""The list of any register: conditions, order, pages, columns, groups."""


from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import flash, jsonify, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from models.fields.conditions import MAX_CONDITIONS
from models.fields.errors import ConditionError
from models.fields.field import Field
from models.fields.query import chosen_order
from models.fields.schema import Schema
from services.address_labels import may_have_addresses
from services.groups import group_counts, group_field, groupable
from services.labels import context_for
from services.preferences import MAX_COLUMNS, choose_columns, list_columns
from services.search import Page, TooSlow, find_page
from views.base import current_access, current_language, current_user
from views.cells import NAME, Grouping, ListRows
from views.conditions import all_columns, chips, filter_columns, may_make_segments
from views.direct_messages import MessageScreens
from views.fields import input_of
from views.links import number_arg
from views.many_fields import AT_ONCE, find_fields
from views.offers import Offer, RowOffer
from views.saved_views import shown_views, wanted_view
from views.screens import LIST, look_at, screen_links, screen_looked_at
from views.selection import comparison, conditions_of_args

Raw = dict[str, Any]
DEFAULT_PAGE_SIZE = 25
MAX_PAGE_SIZE = 200
MAX_PAGE = 1_000_000
#: What can be done with one record.
ROW_ACTIONS = ("change", "delete", "merge")


class ListScreens(MessageScreens):
    """A register's list, and what its panels ask for."""

    @expose("/list/")
    @expose("/")
    @has_access
    def list(self) -> Any:
        """The list, as its address asks for it: `page`, `page_size`, `order`, `dir` and filters."""
        elsewhere = wanted_view(self.card) or screen_looked_at(self.card, self.screens())
        if elsewhere is not None:
            return elsewhere
        look_at(self.card, LIST)
        schema, conditions, status = self.datamodel.schema, conditions_of_args(), 200
        group, counts = group_field(schema, request.args.get("group", "")), {}
        try:
            page = self.find(conditions, group)
            counts = group_counts(current_access(), self.card.key, conditions, group) if group else {}
        except (ConditionError, TooSlow) as error:
            # Never all rows in place of the wanted ones.
            flash(str(error), "danger")
            page, status = Page([], 0, True, 0, DEFAULT_PAGE_SIZE), 400
            # Each chip carries the address without it: thousands of conditions would take minutes to draw.
            conditions = conditions[:MAX_CONDITIONS]
        columns = [schema.by_column[column] for column in self.telling_columns(conditions)]
        order, direction = chosen_order(schema, request.args.get("order"), request.args.get("dir"))
        return self.render_template(
            "registers/list.html", status=status, card=self.card, page=page,
            rows=self.rows(page.rows, columns, Grouping(group, counts) if group else None),
            filters=chips(schema, conditions), conditions=conditions, group=group,
            title=str(self.card.label), order=order, direction=direction,
            can=self.can(), may_export=current_access().may(self.card.key, "export"),
            may_log=self.may_log(), may_label=may_have_addresses(schema),
            may_segment=may_make_segments(self.card),
            views=shown_views(self.card),
            offers=self.list_offers(), row_offers=self.row_offers(),
            screens=screen_links(self.card, self.screens(), LIST),
        ), status  # fmt: skip

    def list_offers(self) -> Sequence[Offer]:
        """What else the menu of the list offers."""
        return ()

    def row_offers(self) -> Sequence[RowOffer]:
        """What else the menu of a row offers."""
        return ()

    def row_actions(self, raw: Mapping[str, Any]) -> Sequence[str]:
        """What the offers of a row need, as far as this record has it (a raw document with `facets`)."""
        return ()

    def screens(self) -> Sequence[str]:
        """The screens on which the user can look at the register, the one it opens with first."""
        return self.card.screens

    def chosen_columns(self) -> Sequence[str]:
        """The columns that the address names, as far as there are such, else those that the user has chosen."""
        return columns_asked(request.args, self.datamodel.schema)

    def telling_columns(self, conditions: Sequence[Mapping[str, Any]]) -> Sequence[str]:
        """The columns but for those in which a condition makes all values the same, unless the address names them."""
        chosen, schema = self.chosen_columns(), self.datamodel.schema
        if "cols" in request.args:
            return chosen
        same = {node["col"] for node in conditions if comparison(node) and node["opr"] == "eq"} - {self.card.name_field}
        told = [c for c in chosen if c not in same or input_of(schema.by_column[c]).many]
        return told or chosen

    def find(self, conditions: Sequence[Mapping[str, Any]], group: Field | None) -> Page:
        """The page that the address asks for; grouped, a list stands in the order of its groups and by name in each."""
        columns = [*self.chosen_columns(), *([group.column] if group else [])]
        return find_page(
            current_access(), self.card.key, conditions, order=group.column if group else request.args.get("order"),
            direction=None if group else request.args.get("dir"), page=number_arg("page", 0, MAX_PAGE),
            page_size=number_arg("page_size", DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE) or DEFAULT_PAGE_SIZE,
            exact=request.args.get("count") == "exact", after=request.args.get("after"),
            before=request.args.get("before"), columns=columns,
        )  # fmt: skip

    def rows(self, raws: Sequence[Raw], columns: Sequence[Field], grouping: Grouping | None) -> ListRows:
        access, register = current_access(), self.card.key

        def may(raw: Mapping[str, Any]) -> str:
            allowed = [action for action in self.row_verbs() if access.allows(register, action, raw)]
            return " ".join([*allowed, *self.row_actions(raw)])

        return ListRows(self.card, columns, context_for(access, columns, raws), raws, may, grouping)

    def can(self) -> dict[str, bool]:
        access = current_access()
        return {action: access.may(self.card.key, action) for action in ("add", *self.row_verbs())}

    def row_verbs(self) -> Sequence[str]:
        """What can be done with one record of the register."""
        return [action for action in ROW_ACTIONS if action in self.card.actions]

    @expose("/filter_fields")
    @has_access
    @permission_name("list")
    def filter_fields(self) -> Response:
        """Every field as the filter panel takes it, as JSON: asked for when the panel is opened."""
        return jsonify(filter_columns(self.datamodel.schema))

    @expose("/field_names")
    @has_access
    @permission_name("list")
    def field_names(self) -> Response:
        """The fields whose name holds `q`, for boxes that search; with `writable` those that a form may have, with
        `bulk` those that may become the same in many records."""
        writable, bulk = "writable" in request.args, "bulk" in request.args
        fields = [field for field in self.datamodel.schema.fields
                  if not ((writable and field.read_only) or (bulk and field.kind.needs_room))]  # fmt: skip
        found = find_fields(fields, request.args.get("q", ""), current_language())
        return jsonify({"results": [{"value": column, "label": label} for column, label in found]})

    @expose("/columns", methods=["GET", "POST"])
    @has_access
    @permission_name("list")
    def columns(self) -> Any:
        """Keep the columns that the user wants to see in this list; asked for, the form that chooses them, which the
        page fetches when somebody reaches for it."""
        schema = self.datamodel.schema
        if request.method == "GET":
            chosen = self.chosen_columns()
            return self.render_template("registers/columns.html", card=self.card, more=len(schema.fields) > AT_ONCE,
                                        group=request.args.get("group", ""), language=current_language(),
                                        groupable=groupable(schema),
                                        columns=all_columns(schema, chosen), move_label=_("Move %(label)s", label=NAME),
                                        mark=NAME)  # fmt: skip
        back = MultiDict(parse_qsl(request.form.get("back", "").removeprefix("?"), keep_blank_values=True))
        for name in ("group", "page", "after", "before"):
            back.poplist(name)
        if group := group_field(schema, request.form.get("group", "")):
            back["group"] = group.column
        if "from" in back or "cols" in back:
            # The columns of a view are a part of it; one's own stay as they are.
            known = [column for column in request.form.getlist("column") if column in schema.by_column][:MAX_COLUMNS]
            back.setlist("cols", [",".join(known)] if known else [])
            return redirect(f"{self.card.path}/?{urlencode(list(back.items(multi=True)))}")
        choose_columns(current_access(), schema, request.form.getlist("column"))
        query = urlencode(list(back.items(multi=True)))
        return redirect(f"{self.card.path}/?{query}" if query else f"{self.card.path}/")

    def list_url(self) -> str:
        """The list the user came from, with its conditions, else the plain list."""
        back = request.form.get("back") or request.args.get("back") or ""
        path = self.card.path + "/"
        return path + back if back.startswith("?") else path


def columns_asked(args: Mapping[str, str], schema: Schema) -> Sequence[str]:
    """The columns that a list's address names, as far as there are such, else those that the user has chosen."""
    named = dict.fromkeys(args.get("cols", "").split(","))
    chosen = [column for column in named if column in schema.by_column][:MAX_COLUMNS]
    return chosen or list_columns(current_user().list_columns, schema)
