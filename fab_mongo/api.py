"""REST over documents: FAB's ModelRestApi without SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from flask import Response, request
from flask_appbuilder import const
from flask_appbuilder.api import BaseApi, ModelRestApi, expose, merge_response_func, safe
from flask_appbuilder.api.schemas import get_info_schema, get_item_schema, get_list_schema
from flask_appbuilder.exceptions import FABException
from flask_appbuilder.security.decorators import permission_name, protect
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from marshmallow import Schema, ValidationError
from marshmallow.fields import Field

from fab_mongo.errors import FilterError
from fab_mongo.live import LiveViewMixin
from fab_mongo.rison_argument import rison_argument
from fab_mongo.schemas import MongoSchemaConverter
from fab_mongo.writes import REFUSALS, refused

Errors = Mapping[str, Any]


class MongoModelRestApi(LiveViewMixin, ModelRestApi):
    """List, read, add, change and delete documents over REST, in FAB's conventions with ids as text.

    Set `datamodel` to a MongoInterface and `resource_name`. Every error answer is made by `response_error`, which an
    application overrides to give errors its own shape.
    """

    # FAB declares these without types.
    label_columns: Any
    description_columns: Any
    add_exclude_columns: Any
    edit_exclude_columns: Any

    model2schemaconverter: Any = MongoSchemaConverter
    _copied_attributes: ClassVar[tuple[str, ...]] = (
        *LiveViewMixin._copied_attributes,
        "list_exclude_columns",
        "list_select_columns",
        "show_select_columns",
    )

    def _init_properties(self) -> None:
        columns = self.datamodel.columns()
        self.label_columns = {name: column.label for name, column in columns.items()} | (self.label_columns or {})
        helps = {name: column.help for name, column in columns.items() if column.help}
        self.description_columns = helps | (self.description_columns or {})
        fixed = [column.name for column in columns.values() if column.read_only]
        self.add_exclude_columns = [*(self.add_exclude_columns or ()), *fixed]
        self.edit_exclude_columns = [*(self.edit_exclude_columns or ()), *fixed]
        super()._init_properties()

    def prepare_prototype(self) -> None:
        """Make the schemas, as FAB does when it registers a view."""
        self._init_model_schemas()

    # Errors.

    def response_error(self, status: int, title: str, errors: Errors | None = None) -> Response:
        """Answer with an error: a sentence, and messages by column or marshmallow's nested ones. Override point."""
        body: dict[str, Any] = {"message": str(title)}
        if errors:
            body["errors"] = errors
        return self.response(status, **body)

    def response_400(self, message: Any = None) -> Response:
        """Answer that the request cannot be understood."""
        return self._error(400, message, _l("The request is not valid."))

    def response_401(self) -> Response:
        """Answer that nobody is logged in."""
        return self._error(401, None, _l("Log in first."))

    def response_403(self) -> Response:
        """Answer that the user may not do this."""
        return self._error(403, None, _l("You may not do this."))

    def response_404(self) -> Response:
        """Answer that there is no such thing."""
        return self._error(404, None, _l("There is no such record."))

    def response_422(self, message: Any = None) -> Response:
        """Answer that values need correcting."""
        return self._error(422, message, _l("Some values need correcting."))

    def response_500(self, message: Any = None) -> Response:
        """Answer that something went wrong here; FAB's `safe` has logged it."""
        return self._error(500, message, _l("Something went wrong."))

    def _error(self, status: int, message: Any, title: Any) -> Response:
        if isinstance(message, Mapping):
            return self.response_error(status, str(title), message)
        return self.response_error(status, str(message or title))

    @staticmethod
    def response(code: int, **kwargs: Any) -> Response:
        """Answer with JSON; titles may be lazy."""
        plain = {key: str(value) if isinstance(value, LazyString) else value for key, value in kwargs.items()}
        return BaseApi.response(code, **plain)

    # Reading.

    # FAB's methods with another reader of `q`, and an address for one document that takes ids as text. FAB's
    # docstrings are what OpenAPI shows.

    @expose("/_info", methods=["GET"])
    @protect()
    @safe
    @rison_argument(get_info_schema)
    @permission_name("info")
    @merge_response_func(BaseApi.merge_current_user_permissions, const.API_PERMISSIONS_RIS_KEY)
    @merge_response_func(ModelRestApi.merge_add_field_info, const.API_ADD_COLUMNS_RIS_KEY)
    @merge_response_func(ModelRestApi.merge_edit_field_info, const.API_EDIT_COLUMNS_RIS_KEY)
    @merge_response_func(ModelRestApi.merge_search_filters, const.API_FILTERS_RIS_KEY)
    @merge_response_func(ModelRestApi.merge_add_title, const.API_ADD_TITLE_RIS_KEY)
    @merge_response_func(ModelRestApi.merge_edit_title, const.API_EDIT_TITLE_RIS_KEY)
    def info(self, **kwargs: Any) -> Response:
        """Answer with what is known of the columns."""
        return self.info_headless(**kwargs)

    info.__doc__ = ModelRestApi.info.__doc__

    @expose("/<pk>", methods=["GET"])
    @protect()
    @safe
    @permission_name("get")
    @rison_argument(get_item_schema)
    @merge_response_func(ModelRestApi.merge_show_label_columns, const.API_LABEL_COLUMNS_RIS_KEY)
    @merge_response_func(ModelRestApi.merge_show_columns, const.API_SHOW_COLUMNS_RIS_KEY)
    @merge_response_func(ModelRestApi.merge_description_columns, const.API_DESCRIPTION_COLUMNS_RIS_KEY)
    @merge_response_func(ModelRestApi.merge_show_title, const.API_SHOW_TITLE_RIS_KEY)
    def get(self, pk: Any, **kwargs: Any) -> Response:
        """Answer with one document."""
        return self.get_headless(pk, **kwargs)

    get.__doc__ = ModelRestApi.get.__doc__

    @expose("/", methods=["GET"])
    @protect()
    @safe
    @permission_name("get")
    @rison_argument(get_list_schema)
    @merge_response_func(ModelRestApi.merge_order_columns, const.API_ORDER_COLUMNS_RIS_KEY)
    @merge_response_func(ModelRestApi.merge_list_label_columns, const.API_LABEL_COLUMNS_RIS_KEY)
    @merge_response_func(ModelRestApi.merge_description_columns, const.API_DESCRIPTION_COLUMNS_RIS_KEY)
    @merge_response_func(ModelRestApi.merge_list_columns, const.API_LIST_COLUMNS_RIS_KEY)
    @merge_response_func(ModelRestApi.merge_list_title, const.API_LIST_TITLE_RIS_KEY)
    def get_list(self, **kwargs: Any) -> Response:
        """Answer with a page of documents."""
        return self.get_list_headless(**kwargs)

    get_list.__doc__ = ModelRestApi.get_list.__doc__

    def get_list_headless(self, **kwargs: Any) -> Response:
        """Answer with a page of documents, or with what is wrong with the filters."""
        try:
            return super().get_list_headless(**kwargs)
        except FilterError as error:
            return self.response_error(400, error.message, {error.column: [error.message]})

    # Writing.

    def post_headless(self) -> Response:
        """Add a document."""
        item = self.datamodel.obj()
        refusal = self._loaded_into(item, self.add_model_schema) or self._refusal(self.pre_add, item)
        if refusal is None and not self.datamodel.add(item):
            refusal = self._write_error()
        if refusal is not None:
            return refusal
        self.post_add(item)
        result = self.add_model_schema.dump(item)
        return self.response(201, **{const.API_RESULT_RES_KEY: result, "id": self.datamodel.get_pk_value(item)})

    def put_headless(self, pk: Any) -> Response:
        """Change the values that are sent, leave the others."""
        item = self.datamodel.get(pk, self._base_filters)
        if item is None:
            return self.response_404()
        refusal = self._loaded_into(item, self.edit_model_schema, partial=True)
        refusal = refusal or self._refusal(self.pre_update, item)
        if refusal is None and not self.datamodel.edit(item):
            refusal = self._write_error()
        if refusal is not None:
            return refusal
        self.post_update(item)
        return self.response(200, **{const.API_RESULT_RES_KEY: self.edit_model_schema.dump(item)})

    def delete_headless(self, pk: Any) -> Response:
        """Delete a document."""
        item = self.datamodel.get(pk, self._base_filters)
        if item is None:
            return self.response_404()
        refusal = self._refusal(self.pre_delete, item)
        if refusal is None and not self.datamodel.delete(item):
            refusal = self._write_error()
        if refusal is not None:
            return refusal
        self.post_delete(item)
        return self.response(200, message="OK")

    def _loaded_into(self, item: Any, schema: Schema, partial: bool = False) -> Response | None:
        """Write the sent values into a document; returns the answer when they cannot be taken."""
        if not request.is_json:
            return self.response_400(_("The request is not JSON."))
        try:
            values = schema.load(request.json, partial=partial)
        except ValidationError as error:
            return self.response_422(error.normalized_messages())
        for name, value in values.items():
            self.datamodel.write(item, name, value)
        return None

    def _refusal(self, hook: Callable[[Any], None], item: Any) -> Response | None:
        """Call one of FAB's `pre_` hooks; returns the answer when it refuses."""
        try:
            hook(item)
        except FABException as error:
            return self.response_422(str(error))
        except REFUSALS as error:
            outcome = refused(error, self.datamodel.columns())
            return self.response_error(422, outcome.message[0], outcome.errors)
        return None

    def _write_error(self) -> Response:
        return self.response_error(422, self.datamodel.message[0], self.datamodel.errors)

    # What is said about columns.

    def _label_columns_json(self, cols: Any = None) -> dict[str, str]:
        return {name: translated(label) for name, label in self.label_columns.items() if name in (cols or ())}

    def _description_columns_json(self, cols: Any = None) -> dict[str, str]:
        return {name: translated(text) for name, text in self.description_columns.items() if name in (cols or ())}

    def _get_field_info(
        self, field: Field, filter_rel_field: Any, page: int | None = None, page_size: int | None = None
    ) -> dict[str, Any]:
        name = field.name or ""
        info: dict[str, Any] = {
            "name": name,
            "label": translated(self.label_columns.get(name, "")),
            "description": translated(self.description_columns.get(name, "")),
            "type": type(field).__name__,
            "required": field.required,
            "unique": self.datamodel.is_unique(name),
        }
        column = self.datamodel.columns().get(name)
        if column is not None and column.choices:
            info["values"] = [{"id": value, "value": translated(label)} for value, label in column.choices]
        if self.datamodel.is_relation(name):
            info["count"], info["values"] = self._related_values(name, filter_rel_field, page, page_size)
        return info

    def _related_values(
        self, name: str, related_filters: Any, page: int | None, page_size: int | None
    ) -> tuple[int, list[dict[str, str]]]:
        related = self.datamodel.get_related_interface(name)
        filters = related.get_filters().add_filter_list(related_filters or ())
        page, page_size = self._sanitize_page_args(page, page_size)
        column, direction = self.order_rel_fields.get(name) or ("", "")
        count, items = related.query(filters, column, direction, page=page, page_size=page_size)
        return count, [{"id": related.get_pk_value(item), "value": str(item)} for item in items]

    # OpenAPI.

    def add_api_spec(self, api_spec: Any) -> None:
        """Describe the resource as it is at this request."""
        super(MongoModelRestApi, self.for_request()).add_api_spec(api_spec)

    def operation_helper(self, path: Any = None, operations: Any = None, **kwargs: Any) -> None:
        """Describe an operation; ids are text and not numbers, as FAB's own docstrings have it."""
        super().operation_helper(path=path, operations=operations, **kwargs)
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if parameter.get("name") == "pk":
                    parameter["schema"] = {"type": "string"}


def translated(text: Any) -> str:
    """Return a label in the language of the request; plain ones are looked up, lazy ones know for themselves."""
    return _(text) if isinstance(text, str) and text else str(text)
