"""Checks of form fields that WTForms does not have. They keep no state, so forms may be made anew at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from wtforms import Field, Form, ValidationError

from fab_mongo.columns import Column
from fab_mongo.values import is_storable

if TYPE_CHECKING:
    from fab_mongo.interface import MongoInterface


class Storable:
    """The value can be kept by MongoDB: no NUL in text, no number out of range."""

    def __call__(self, form: Form, field: Field) -> None:
        if not is_storable(field.data):
            raise ValidationError(_("This contains characters or numbers that cannot be saved."))


class UniqueValue:
    """No other document has the value; the index decides in the end, this gives the message at the field."""

    field_flags = {"unique": True}

    def __init__(self, datamodel: MongoInterface, column: Column) -> None:
        self.datamodel = datamodel
        self.column = column

    def __call__(self, form: Form, field: Field) -> None:
        if field.data in (None, ""):
            return
        stored = self.datamodel.stored(self.column, field.data)
        others: dict[str, Any] = {"_id": {"$ne": getattr(form, "_id", None)}}
        if self.datamodel.obj.objects(__raw__={"$and": [{self.column.path: stored}, others]}).first():
            raise ValidationError(_("Already exists."))
