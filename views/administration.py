"""What the administrators' screens of users, roles and groups share: list, add, change and delete through services."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from fab_mongo import MongoModelView
from models.fields.errors import ValidationFailed
from models.rights import Access
from services.records import VersionConflict
from services.security import find_document
from views.base import current_access
from views.forms import add_differences, add_errors, version_seen
from views.permissions import ADMINISTRATION

Raw = dict[str, Any]


class AdministrationView(MongoModelView):
    """One of these screens: a subclass names its document, its form and what the form's values are.

    The list is Flask-AppBuilder's. Everything typed stays on the form until it is saved; a conflict shows both values.
    """

    class_permission_name = ADMINISTRATION
    base_permissions = ["can_list", "can_show", "can_add", "can_edit", "can_delete"]
    #: What `find_document` and change entries call it.
    document_name: ClassVar[str]
    form_type: ClassVar[type[FlaskForm]]

    # What a subclass says

    def form_values(self, raw: Mapping[str, Any]) -> Raw:
        """A document as the form's fields have it."""
        raise NotImplementedError

    def shown_values(self, form: Any, now: Raw) -> Raw:
        """Of the form's values, those that people read otherwise: labels in place of ids."""
        return {}

    def create(self, form: Any) -> str:
        """Save a new one; says what to tell."""
        raise NotImplementedError

    def change(self, pk: str, form: Any, version: int) -> str:
        """Save a changed one; answers its name."""
        raise NotImplementedError

    def form_page(self, form: Any, raw: Raw | None, status: int) -> Any:
        raise NotImplementedError

    def wants_saving(self, form: Any) -> bool:
        return form.validate()

    def show_errors(self, form: Any, error: ValidationFailed) -> None:
        add_errors(form, error)

    def has_errors(self, form: Any) -> bool:
        return bool(form.errors)

    # The screens

    @expose("/list/")
    @expose("/")
    @has_access
    def list(self) -> Any:
        """The list, at the short address too."""
        return super().list()

    @expose("/show/<pk>", methods=["GET"])
    @has_access
    def show(self, pk: str) -> Any:
        """The form shows everything there is."""
        return redirect(url_for(f"{self.endpoint}.edit", pk=pk))

    @expose("/add", methods=["GET", "POST"])
    @has_access
    def add(self) -> Any:
        form = self.form_type()
        if request.method == "POST" and self.wants_saving(form):
            try:
                flash(self.create(form), "success")
                return redirect(self.list_url())
            except ValidationFailed as error:
                self.show_errors(form, error)
        return self.form_page(form, None, 422 if self.has_errors(form) else 200)

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    def edit(self, pk: str) -> Any:
        raw = find_document(self.document_name, pk)
        form = self.form_type(data=self.form_values(raw))
        if request.method == "POST" and self.wants_saving(form):
            try:
                flash(_("%(name)s was saved.", name=self.change(pk, form, version_seen())), "success")
                return redirect(self.list_url())
            except ValidationFailed as error:
                self.show_errors(form, error)
            except VersionConflict as conflict:
                return self.conflict_page(form, conflict)
        return self.form_page(form, raw, 422 if self.has_errors(form) else 200)

    def conflict_page(self, form: Any, conflict: VersionConflict) -> Any:
        """The form with both values beside one another; saving again overwrites knowingly."""
        now = self.form_values(conflict.current)
        add_differences(form, now, self.shown_values(form, now))
        flash(str(conflict), "warning")
        return self.form_page(form, conflict.current, 409)

    def remove(self, pk: str, delete: Callable[[Access, str], Raw], told: str) -> Any:
        """Delete one by its service; `told` has a place for its name."""
        try:
            flash(told % {"name": delete(current_access(), pk)["name"]}, "success")
        except ValidationFailed as error:
            flash(error.in_one(), "danger")
        return redirect(self.list_url())

    def list_url(self) -> str:
        return url_for(f"{self.endpoint}.list")


def version_of(raw: Mapping[str, Any] | None) -> int | None:
    """The version that a form carries along; None for a new document."""
    return (raw.get("version") or 0) if raw else None
