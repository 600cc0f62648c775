"""A person's data over REST, for administrators: handed out as JSON, erased or anonymised for a reason."""

from typing import Any

from flask import Response, jsonify
from flask_appbuilder.api import expose
from flask_appbuilder.security.decorators import permission_name, protect
from jsonschema.validators import validator_for

from models.rights import Access
from services.personal_data import ANONYMISE, ERASE, PersonalData, collect, erase, note_handed_out, start_looking
from services.personal_data.erasing import LONGEST_WHY
from views.personal_data import as_json, plain
from views.rest.base import rest_access
from views.rest.body import fitting, json_object
from views.rest.openapi import ID, Document, id_parameter, list_of, object_of
from views.rest.setting_resources import MOMENT

Raw = dict[str, Any]
TEXT: Raw = {"type": "string"}
ROWS = list_of({"type": "object"})
RECORD = object_of({"register": TEXT, "id": ID}, required=("register", "id"), closed=True)
#: The parts of what is known, by their keys.
PARTS = ("fields", "records", "relationships", "messages", "letters", "segments", "no_marketing", "history")
PERSONAL_DATA: Raw = object_of(
    {"id": ID, "name": TEXT, "at": {"type": "string"}, "deleted_at": MOMENT, **dict.fromkeys(PARTS, ROWS),
     "mentions": ROWS, "private_entries": {"type": "integer"},
     "files": {**ROWS, "description": "Files that jobs made, in which the person may stand."},
     "found": {**ROWS, "description": "What the last look has found: name of the place, count, what becomes of it."}},
    required=("id", "name", "at", *PARTS, "mentions", "private_entries", "files", "found"))  # fmt: skip
ERASING: Raw = object_of({
    "how": {"type": "string", "enum": [ERASE, ANONYMISE]},
    "why": {"type": "string", "minLength": 1, "maxLength": LONGEST_WHY,
            "description": "Without the person's name: the audit keeps it."},
    "name": {**TEXT, "description": "The person's name, to be sure."},
    "also": {**list_of(RECORD), "description": "Mentions that are erased along with one who is erased."},
    "files": {**list_of(ID), "description": "Files that jobs made, to be deleted."},
}, required=("how", "why", "name"), closed=True)  # fmt: skip
VALIDATOR = validator_for(ERASING)(ERASING)


class PersonalDataCalls:
    """What the person register's API has besides, for administrators."""

    @expose("/<record:pk>/personal_data", methods=["GET"])
    @protect()
    @permission_name("get")
    def get_personal_data(self, pk: str) -> Response:
        """Answer with all that is known of the person; the audit tells that it was handed out."""
        data = collect(rest_access(), pk)
        note_handed_out(rest_access(), data, "json")
        return jsonify(**as_json(data), files=[plain(row) for row in data.files], found=found_by(data))

    @expose("/<record:pk>/look", methods=["POST"])
    @protect()
    @permission_name("get")
    def post_look(self, pk: str) -> Response:
        """Have everything looked through for the person; answer with the job."""
        answer = jsonify(job=str(start_looking(rest_access(), pk)))
        answer.status_code = 202
        return answer

    @expose("/<record:pk>/erase", methods=["POST"])
    @protect()
    @permission_name("delete")
    def post_erase(self, pk: str) -> Response:
        """Erase the person for good, or anonymise them."""
        sent = fitting(VALIDATOR, json_object())
        also = [(one["register"], one["id"]) for one in sent.get("also", ())]
        erase(rest_access(), pk, sent["how"], why=sent["why"], name=sent["name"], also=also,
              files=sent.get("files", ()))  # fmt: skip
        return jsonify(message="OK")


def found_by(data: PersonalData) -> list[Raw]:
    """What the last look for the person has found; nothing where there was none."""
    return [{name: str(value) if name != "count" else value for name, value in row.items()}
            for row in (data.look.rows if data.look else ())]  # fmt: skip


def describe_personal_data(document: Document, path: str, tag: str, access: Access) -> None:
    """Add the calls to the document, for an administrator."""
    if access.everything:
        document.operation("get", f"{path}/{{pk}}/personal_data", tag=tag, name="get_personal_data", problems=(404,),
                           summary="All that is known of a person", parameters=[id_parameter()],
                           answer=document.schema("PersonalData", PERSONAL_DATA))  # fmt: skip
        document.operation("post", f"{path}/{{pk}}/look", tag=tag, name="look_for_person", problems=(404,), status=202,
                           summary="Look through everything for a person, by a job", parameters=[id_parameter()],
                           answer=object_of({"job": ID}, required=("job",)))  # fmt: skip
        document.operation("post", f"{path}/{{pk}}/erase", tag=tag, name="erase_person", problems=(404,),
                           summary="Erase a person for good, or anonymise them", parameters=[id_parameter()],
                           body=document.schema("Erasing", ERASING),
                           answer=object_of({"message": TEXT}, required=("message",)))  # fmt: skip
