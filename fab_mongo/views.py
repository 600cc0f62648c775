"""Screens over documents: FAB's ModelView, made safe to share and true to what was typed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from flask import abort, current_app, flash, redirect, request
from flask_appbuilder import ModelView
from flask_appbuilder.const import FLAMSG_ERR_SEC_ACCESS_DENIED
from flask_appbuilder.exceptions import FABException
from flask_appbuilder.views import expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from fab_mongo import links
from fab_mongo.arguments import Paging, add_filter_arguments, paging_of
from fab_mongo.columns import Kind
from fab_mongo.errors import FilterError
from fab_mongo.forms import MongoForm, MongoModelConverter
from fab_mongo.live import LiveViewMixin
from fab_mongo.writes import REFUSALS, refused

__all__ = ["LiveViewMixin", "MongoModelView"]

log = logging.getLogger(__name__)

LONGEST_REMEMBERED_URL = 500
"""Longer addresses are not put among the last visited: browsers drop a cookie of more than 4 KiB, session and all."""

Widgets = dict[str, Any]


class MongoModelView(LiveViewMixin, ModelView):
    """List, show, add, edit and delete documents, and do actions on them.

    Set `datamodel` to a MongoInterface; everything else is as in FAB's ModelView. What differs: see docs/fab_mongo.md.
    """

    # FAB declares these without types.
    label_columns: Any
    formatters_columns: Any
    add_exclude_columns: Any
    edit_exclude_columns: Any
    search_columns: Any
    search_form: Any
    add_form: Any
    edit_form: Any

    form_converter: ClassVar[type[MongoModelConverter]] = MongoModelConverter

    # Columns and forms.

    def _init_properties(self) -> None:
        columns = self.datamodel.columns()
        # Lazy labels stay lazy: the prototype serves every language.
        self.label_columns = {name: column.label for name, column in columns.items()} | (self.label_columns or {})
        formatters = {name: _FORMATTERS.get(column.kind, _shown) for name, column in columns.items()}
        self.formatters_columns = formatters | (self.formatters_columns or {})
        fixed = [column.name for column in columns.values() if column.read_only]
        self.add_exclude_columns = [*(self.add_exclude_columns or ()), *fixed]
        self.edit_exclude_columns = [*(self.edit_exclude_columns or ()), *fixed]
        super()._init_properties()
        self.search_columns = [name for name in self.search_columns if name in self._filters.get_search_filters()]

    def _init_forms(self) -> None:
        self.search_form = type(self).search_form or self.form_converter(self.datamodel, search=True).create_form(
            self.label_columns,
            self.search_columns,
            extra_fields=self.search_form_extra_fields,
            filter_rel_fields=self.search_form_query_rel_fields,
        )
        self.add_form = type(self).add_form or self._form(
            self.add_columns, self.add_form_extra_fields, self.add_form_query_rel_fields
        )
        self.edit_form = type(self).edit_form or self._form(
            self.edit_columns, self.edit_form_extra_fields, self.edit_form_query_rel_fields
        )

    def _form(self, names: list[str], extra_fields: Any, related_filters: Any) -> type[MongoForm]:
        return self.form_converter(self.datamodel).create_form(
            self.label_columns,
            names,
            self.description_columns,
            self.validators_columns,
            extra_fields,
            related_filters,
        )

    def create_blueprint(self, appbuilder: Any, *args: Any, **kwargs: Any) -> Any:
        """Make the blueprint, and the application's links between pages safe."""
        links.install(current_app)
        return super().create_blueprint(appbuilder, *args, **kwargs)

    # What the address asks for.

    def _paging(self, view_name: str | None = None) -> Paging:
        name = view_name or type(self).__name__
        return paging_of(request.args, name, self.datamodel.max_page_size, plain=view_name is None)

    def _read_filters(self) -> None:
        """Set the request's filters; what is wrong with them is shown, and then no rows are."""
        try:
            add_filter_arguments(self._filters, request.args)
        except FilterError as error:
            flash(error.message, "danger")
            self._filters = self._filters.nothing()

    def _prefilled_columns(self) -> list[str]:
        """Return the reference columns that an address such as `?_flt_0_author=<id>` decides for a form."""
        try:
            add_filter_arguments(self._filters, request.args, any_column=True)
        except FilterError:
            log.info("A form was asked for with unknown filters")
        return self._filters.get_relation_cols()

    def update_redirect(self) -> None:
        """Remember this page as one to go back to."""
        if len(request.url) <= LONGEST_REMEMBERED_URL:
            super().update_redirect()

    # Screens.

    def _list(self, **kwargs: Any) -> Widgets:
        self._read_filters()
        paging = self._paging()
        widgets = self._get_list_widget(
            filters=self._filters,
            order_column=paging.order_column,
            order_direction=paging.order_direction,
            page=paging.page,
            page_size=paging.page_size,
            **kwargs,
        )
        self.update_redirect()
        return self._get_search_widget(form=self.search_form.refresh(), widgets=widgets)

    def _get_list_widget(self, filters: Any, **kwargs: Any) -> Widgets:
        try:
            return super()._get_list_widget(filters, **kwargs)
        except FilterError as error:
            flash(error.message, "danger")
            return super()._get_list_widget(filters.nothing(), **kwargs)

    def _show(self, pk: Any) -> Widgets:
        item = self._item_or_404(pk)
        widgets = self._get_show_widget(self.datamodel.get_pk_value(item), item)
        self.update_redirect()
        return self._with_related(item, widgets)

    def _item_or_404(self, pk: Any) -> Any:
        item = self.datamodel.get(pk, self._base_filters)
        if item is None:
            abort(404)
        return item

    def _with_related(self, item: Any, widgets: Widgets) -> Widgets:
        widgets["related_views"] = [self._related_widget(item, view) for view in self._related_views]
        return widgets

    def _related_widget(self, item: Any, view: Any) -> Any:
        paging = self._paging(type(view).__name__)
        return self._get_related_view_widget(
            item,
            view,
            paging.order_column,
            paging.order_direction,
            page=paging.page,
            page_size=paging.page_size,
        )

    def _add(self) -> Widgets | None:
        decided = self._prefilled_columns()
        form = self.add_form.refresh()
        if request.method == "POST":
            self._fill_form_exclude_cols(decided, form)
            if form.validate() and self._save_new(form):
                return None
        else:
            self.update_redirect()
        return self._get_add_widget(form=form, exclude_cols=decided)

    def _edit(self, pk: Any) -> Widgets | None:
        decided = self._prefilled_columns()
        item = self._item_or_404(pk)
        form = self.edit_form.refresh(item)
        form._id = item.pk
        if request.method == "POST":
            self._fill_form_exclude_cols(decided, form)
            if form.validate() and self._save_changed(form, item):
                return None
        else:
            self.prefill_form(form, self.datamodel.get_pk_value(item))
            self.update_redirect()
        return self._with_related(item, self._get_edit_widget(form=form, exclude_cols=decided))

    def _delete(self, pk: Any) -> None:
        item = self._item_or_404(pk)
        if self._allowed(self.pre_delete, item, self._flash_refusal):
            if self.datamodel.delete(item):
                self.post_delete(item)
                flash(str(self.delete_row_message), "success")
            else:
                flash(*self.datamodel.message)
        self.update_redirect()

    # Saving.

    def _save_new(self, form: MongoForm) -> bool:
        self.process_form(form, True)
        item = self.datamodel.obj()
        form.populate_obj(item)
        if not self._written(form, item, self.pre_add, self.datamodel.add):
            return False
        self.post_add(item)
        flash(str(self.add_row_message), "success")
        return True

    def _save_changed(self, form: MongoForm, item: Any) -> bool:
        self.process_form(form, False)
        form.populate_obj(item)
        if not self._written(form, item, self.pre_update, self.datamodel.edit):
            return False
        self.post_update(item)
        flash(str(self.edit_row_message), "success")
        return True

    def _written(self, form: MongoForm, item: Any, before: Callable[[Any], None], write: Callable[[Any], bool]) -> bool:
        def refuse(message: tuple[str, str], errors: Mapping[str, list[str]]) -> None:
            self._show_errors(form, message, errors)

        if not self._allowed(before, item, refuse):
            return False
        if write(item):
            return True
        refuse(self.datamodel.message, self.datamodel.errors)
        return False

    def _allowed(self, hook: Callable[[Any], None], item: Any, refuse: Callable[..., None]) -> bool:
        """Call one of FAB's `pre_` hooks; what it refuses is shown, any other error is an error of the program."""
        try:
            hook(item)
        except FABException as error:
            refuse((str(error), "danger"), {})
            return False
        except REFUSALS as error:
            outcome = refused(error, self.datamodel.columns())
            refuse(outcome.message, outcome.errors)
            return False
        return True

    @staticmethod
    def _show_errors(form: MongoForm, message: tuple[str, str], errors: Mapping[str, list[str]]) -> None:
        flash(*message)
        for homeless in form.add_errors(errors):
            flash(homeless, message[1])

    @staticmethod
    def _flash_refusal(message: tuple[str, str], errors: Mapping[str, list[str]]) -> None:
        flash(*message)

    def download(self, filename: str) -> Any:
        """Serve nothing: FAB's files in an upload folder have no place here, and this has no address."""
        abort(404)

    # Actions.

    @expose("/action/<string:name>/<pk>", methods=["GET", "POST"])
    def action(self, name: str, pk: Any) -> Any:
        """Do an action on one document, if this view shows it to this user."""
        if not self.is_get_mutation_allowed():
            return self._denied()
        act = self._action_or_denied(name)
        return act(self._item_or_404(pk)) if act else self._denied()

    @expose("/action_post", methods=["POST"])
    def action_post(self) -> Any:
        """Do an action on the chosen documents, those among them that this view shows to this user."""
        act = self._action_or_denied(request.form.get("action", ""))
        if act is None:
            return self._denied()
        return act(self.datamodel.get_many(request.form.getlist("rowid"), self._base_filters))

    def _action_or_denied(self, name: str) -> Callable[[Any], Any] | None:
        if name not in self.actions:
            abort(404)
        permission = self.get_action_permission_name(name)
        if not self.appbuilder.sm.has_access(permission, self.class_permission_name):
            return None
        # The collected functions are bound to the prototype; this request's view has filters of its own.
        return getattr(self, self.actions[name].func.__name__)

    def _denied(self) -> Response:
        log.warning("%s was refused an action", type(self).__name__)
        flash(str(FLAMSG_ERR_SEC_ACCESS_DENIED), "danger")
        return redirect(self.get_redirect())


def _shown(value: Any) -> Any:
    return "" if value is None else value


def _shown_list(value: Any) -> str:
    return ", ".join(str(item) for item in value or ())


def _shown_boolean(value: Any) -> str:
    if value is None:
        return ""
    return _("Yes") if value else _("No")


_FORMATTERS = {
    Kind.MANY: _shown_list,
    Kind.CHOICES: _shown_list,
    Kind.BOOLEAN: _shown_boolean,
}
