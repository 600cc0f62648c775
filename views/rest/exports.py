"""Exports over REST: started for a register's records, the file fetched from the job when it is done."""

from collections.abc import Mapping
from typing import Any, ClassVar

from flask import Response, jsonify
from flask_appbuilder.api import expose
from flask_appbuilder.security.decorators import permission_name, protect
from flask_babel import gettext as _
from jsonschema.validators import validator_for

from models.fields.schema import schema_of
from models.rights import Access
from services.exports import DECIMALS, FORMS, SEPARATORS, ExportProblem, Wanted, check_may_export, start_export
from services.search import Selection
from views.rest.base import rest_access
from views.rest.body import fitting, json_object
from views.rest.openapi import ID, Document, list_of, object_of
from views.rest.problems import Problem
from views.rest.query import CONDITION, NAMES
from views.selection import MAX_IDS

Raw = dict[str, Any]
EXPORT: Raw = object_of({
    "form": {"type": "string", "enum": list(FORMS)},
    "filters": {"type": "array", "items": CONDITION, "description": "As those of a list."},
    "ids": {**list_of(ID), "maxItems": MAX_IDS, "description": "These records alone, instead of filters."},
    "columns": {**NAMES, "description": "In this order; all that you see where none are named."},
    "order_column": {"type": "string", "maxLength": 100},
    "order_direction": {"type": "string", "enum": ["asc", "desc"]},
    "separator": {"type": "string", "enum": list(SEPARATORS), "description": "Between the values of CSV."},
    "decimal": {"type": "string", "enum": list(DECIMALS), "description": "The decimal mark of CSV."},
}, closed=True)  # fmt: skip
VALIDATOR = validator_for(EXPORT)(EXPORT)


class ExportCalls:
    """What the API of a register has besides: `POST …/export`."""

    register: ClassVar[str]

    @expose("/export", methods=["POST"])
    @protect()
    @permission_name("download")
    def post_export(self) -> Response:
        """Have a worker write the records into a file; answer with the job."""
        asked = fitting(VALIDATOR, json_object())
        access = rest_access()
        card = check_may_export(access, self.register)
        known = schema_of(card.key).for_access(access).by_column
        unknown = [column for column in asked.get("columns", ()) if column not in known]
        if unknown:
            message = _("There is no field “%(column)s”.", column=unknown[0])
            raise Problem(400, message, {"columns": [message]})
        try:
            job = start_export(access, card.key, selection_of(asked), wanted_of(asked))
        except ExportProblem as problem:
            raise Problem(422, str(problem)) from problem
        answer = jsonify(job=str(job))
        answer.status_code = 202
        return answer


def selection_of(asked: Mapping[str, Any]) -> Selection:
    if "ids" in asked:
        return Selection(ids=tuple(dict.fromkeys(asked["ids"])))
    return Selection(conditions=tuple(asked.get("filters", ())), all_matching=True)


def wanted_of(asked: Mapping[str, Any]) -> Wanted:
    """How the export is wanted; CSV for programs has commas and decimal points, unless something else is said."""
    return Wanted(
        asked.get("form", "csv"), tuple(asked.get("columns", ())), asked.get("order_column", ""),
        asked.get("order_direction", ""), asked.get("separator", ","), asked.get("decimal", "."),
    )  # fmt: skip


def describe_export(document: Document, register: str, tag: str, access: Access) -> None:
    """Add the call to the document, where the caller may export."""
    if access.may(register, "see") and access.may(register, "export"):
        document.operation(
            "post", f"/api/v1/{register}/export", name=f"export_{register}", tag=tag, status=202, body=EXPORT,
            summary="Write records into a file, by a job whose result it is", answer=object_of({"job": ID},
                                                                                              required=("job",)),
        )  # fmt: skip
