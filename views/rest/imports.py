"""Imports over REST, step by step: a file, its columns, a check, mending, the import, its report, undoing it."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from bson import ObjectId
from flask import Response, jsonify, request
from flask_appbuilder.api import expose
from flask_appbuilder.security.decorators import permission_name, protect
from flask_babel import gettext as _
from werkzeug.wsgi import FileWrapper

from models.imports import DraftState
from models.rights import Access
from services.files import CHUNK
from services.imports import ImportProblem, TableError, drafts
from services.imports.draft_mapping import ON_FAULTY
from services.imports.limits import MAX_BYTES
from services.imports.mappings import ON_EXISTING
from services.records import RecordNotFound, VersionConflict
from views.permissions import OWN
from views.rest import openapi
from views.rest.base import RestApi, rest_access
from views.rest.body import json_object, named_file
from views.rest.listing import plain
from views.rest.problems import Problem
from views.uploads import names_of, streams

Raw = dict[str, Any]
PATH = "/api/v1/import/"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SPOOL = 16 << 20
LAST_PAGE = 1_000_000
TEXT: Raw = {"type": "string"}
COUNT: Raw = {"type": "integer"}
FLAG: Raw = {"type": "boolean"}
OBJECT: Raw = {"type": "object"}
OPTIONAL_ID: Raw = {"type": ["string", "null"]}
COLUMN: Raw = openapi.object_of({
    "place": COUNT, "header": TEXT, "filled": COUNT, "samples": openapi.list_of(TEXT), "choice": OBJECT,
    "add_choices": FLAG, "link_by": TEXT, "create_missing": FLAG, "separator": TEXT, "zero_fill": COUNT,
    "guessed": FLAG, "why": TEXT,
})  # fmt: skip
SHORT: dict[str, Raw] = {
    "id": openapi.ID, "register": TEXT, "name": TEXT, "format": TEXT, "sheets": openapi.list_of(TEXT),
    "options": OBJECT, "match": openapi.list_of(TEXT), "on_existing": TEXT, "on_faulty": TEXT,
    "state": {"enum": [state.value for state in DraftState]}, "job": OPTIONAL_ID, "batch": OPTIONAL_ID,
    "checked": OBJECT, "result": OBJECT, "undone": OBJECT, "message": TEXT, "version": COUNT, "created_at": TEXT,
    "changed_at": TEXT,
}  # fmt: skip
PROPERTIES = {**SHORT, "columns": openapi.list_of(COLUMN)}
CELL = openapi.object_of({"row": COUNT, "place": {"type": ["integer", "null"]}, "header": TEXT, "value": TEXT,
                          "reason": TEXT, "kept": FLAG})  # fmt: skip
CHANGES = openapi.object_of({
    "version": COUNT, "options": OBJECT, "columns": openapi.list_of(OBJECT), "match": openapi.list_of(TEXT),
    "on_existing": {"type": "string", "enum": list(ON_EXISTING)},
    "on_faulty": {"type": "string", "enum": list(ON_FAULTY)},
}, closed=True)  # fmt: skip
MENDING = openapi.object_of({
    "cells": openapi.list_of(openapi.object_of({"row": COUNT, "place": COUNT, "value": TEXT},
                                               required=("row", "place", "value"), closed=True)),
    "values": openapi.list_of(openapi.object_of({"place": COUNT, "old": TEXT, "new": TEXT},
                                                required=("place", "old", "new"), closed=True)),
}, closed=True)  # fmt: skip
TYPES: dict[str, type] = {"version": int, "options": dict, "columns": list, "match": list, "on_existing": str,
                          "on_faulty": str}  # fmt: skip


class ImportApi(RestApi):
    """The caller's own imports (administrators: all)."""

    resource_name = "import"
    class_permission_name = OWN

    @expose("/", methods=["GET"])
    @protect()
    @permission_name("get")
    def get_list(self) -> Response:
        """Answer with the caller's newest imports."""
        found = drafts.recent_drafts(rest_access(), request.args.get("register", ""))
        return jsonify(result=[draft_json(raw, SHORT) for raw in found])

    @expose("/", methods=["POST"])
    @protect()
    @permission_name("post")
    @streams
    def post(self) -> Response:
        """Take a file, which is the body, and look into it."""
        with refusals(), sent_table() as (name, stream):
            draft_id = drafts.start_draft(rest_access(), request.args.get("register", ""), stream, name)
        answer = draft_answer(drafts.get_draft(rest_access(), draft_id))
        answer.status_code = 201
        return answer

    @expose("/<pk>", methods=["GET"])
    @protect()
    @permission_name("get")
    def get(self, pk: str) -> Response:
        """Answer with one import, its columns with it."""
        return draft_answer(drafts.get_draft(rest_access(), pk))

    @expose("/<pk>", methods=["PUT"])
    @protect()
    @permission_name("put")
    def put(self, pk: str) -> Response:
        """Say how the file is read and what its columns go into."""
        sent, access = checked_changes(json_object()), rest_access()
        with refusals():
            version = sent.pop("version", None)
            if "options" in sent:
                version = drafts.set_options(access, pk, sent.pop("options"), version=version)["version"]
            columns = sent.pop("columns", [])
            return draft_answer(drafts.set_columns(access, pk, columns, version=version, **sent))

    @expose("/<pk>", methods=["DELETE"])
    @protect()
    @permission_name("delete")
    def delete(self, pk: str) -> Response:
        """Forget an import and its file; its records stay."""
        with refusals():
            drafts.drop_draft(rest_access(), pk)
        return jsonify(message="OK")

    @expose("/<pk>/faulty", methods=["GET"])
    @protect()
    @permission_name("get")
    def get_faulty(self, pk: str) -> Response:
        """Answer with a page of the cells that the last check found wrong."""
        cells, count = drafts.faulty_cells(rest_access(), pk, page_number())
        return jsonify(result=cells, count=count)

    @expose("/<pk>/faulty", methods=["PUT"])
    @protect()
    @permission_name("put")
    def put_faulty(self, pk: str) -> Response:
        """Mend cells, one by one or all equal ones of a column at once."""
        sent, access = json_object(), rest_access()
        cells = {(one["row"], one["place"]): one["value"] for one in items(sent, "cells", ("row", "place", "value"))}
        values = items(sent, "values", ("place", "old", "new"))
        with refusals():
            mended = drafts.correct_cells(access, pk, cells) if cells or not values else 0
            mended += sum(drafts.correct_values(access, pk, one["place"], one["old"], one["new"]) for one in values)
        return jsonify(mended=mended)

    @expose("/<pk>/check", methods=["POST"])
    @protect()
    @permission_name("post")
    def check(self, pk: str) -> Response:
        """Have all that the import would do worked out."""
        return job_answer(drafts.check_draft, pk)

    @expose("/<pk>/start", methods=["POST"])
    @protect()
    @permission_name("post")
    def start(self, pk: str) -> Response:
        """Have the file imported."""
        return job_answer(drafts.run_draft, pk)

    @expose("/<pk>/undo", methods=["POST"])
    @protect()
    @permission_name("post")
    def undo(self, pk: str) -> Response:
        """Have everything that the import wrote taken back."""
        return job_answer(drafts.undo_import, pk)

    @expose("/<pk>/report", methods=["GET"])
    @protect()
    @permission_name("get")
    def report(self, pk: str) -> Response:
        """Answer with the rows that were not imported, as a workbook."""
        drafts.get_draft(rest_access(), pk)
        try:
            name, stream = drafts.report_file(rest_access(), pk)
        except RecordNotFound as error:
            raise Problem(409, _("No row was left out, so there is no report.")) from error
        response = Response(FileWrapper(stream, CHUNK), mimetype=XLSX, direct_passthrough=True)
        response.headers.set("Content-Disposition", "attachment", **names_of(name))
        return response

    def describe(self, document: openapi.Document, access: Access) -> None:
        describe(document)


# What comes in


@contextmanager
def sent_table() -> Iterator[tuple[str, IO[bytes]]]:
    """(name, content that can be read again and again) of the file that is the body. Raises Problem."""
    name, body, size = named_file()
    if size is not None and size > MAX_BYTES:
        raise Problem(413, _("The file is too large: at most %(max)s MB. Split it into several.", max=MAX_BYTES >> 20))
    with tempfile.SpooledTemporaryFile(SPOOL) as stream:
        while (chunk := body.read(CHUNK)) and stream.tell() <= MAX_BYTES:
            stream.write(chunk)
        if size is not None and stream.tell() < size:
            raise Problem(400, _("The file did not come as a whole. Try again."))
        yield name, stream


@contextmanager
def refusals() -> Iterator[None]:
    """What an import can't do, as problems of REST."""
    try:
        yield
    except TableError as error:
        raise Problem(422, str(error)) from error
    except (ImportProblem, VersionConflict) as error:
        raise Problem(409, str(error)) from error


def checked_changes(sent: Raw) -> Raw:
    """What was sent, of the right types. Raises Problem."""
    errors = {name: [_("There is no such property.")] for name in sent if name not in TYPES}
    errors |= {name: [_("Send a value of the right type.")] for name, kind in TYPES.items()
               if name in sent and type(sent[name]) is not kind}  # fmt: skip
    if errors:
        raise Problem(422, _("Some values need correcting."), errors)
    return sent


def items(sent: Raw, name: str, keys: tuple[str, ...]) -> list[Raw]:
    """The list of objects of just these keys that was sent under a name. Raises Problem."""
    if sent.keys() - {"cells", "values"}:
        raise Problem(422, _("Send “cells” or “values”."))
    found = sent.get(name, [])
    texts = {"value", "old", "new"} & set(keys)
    good = isinstance(found, list) and all(isinstance(one, dict) and one.keys() == set(keys) for one in found)
    if not (good and all(isinstance(one[key], str if key in texts else int) for one in found for key in keys)):
        raise Problem(422, _("Some values need correcting."),
                      {name: [_("Send a list of objects with %(keys)s.", keys=", ".join(keys))]})  # fmt: skip
    return found


def page_number() -> int:
    text = request.args.get("page", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 8 and int(text) <= LAST_PAGE):
        raise Problem(400, _("Give the number of a page, from 0."))
    return int(text)


# What goes out


def draft_json(raw: Raw, properties: dict[str, Raw]) -> Raw:
    empty: Raw = {"undone": {}}
    return {"id": str(raw["_id"])} | {name: plain((empty | raw)[name]) for name in properties if name != "id"}


def draft_answer(raw: Raw) -> Response:
    return jsonify(id=str(raw["_id"]), result=draft_json(raw, PROPERTIES))


def job_answer(start: Callable[[Access, str], ObjectId], pk: str) -> Response:
    with refusals():
        answer = jsonify(job=str(start(rest_access(), pk)))
    answer.status_code = 202
    return answer


def describe(document: openapi.Document) -> None:
    tag = _("Imports")
    record = document.schema("Import", openapi.object_of(PROPERTIES))
    short = document.schema("ImportInList", openapi.object_of(SHORT))
    one = {"tag": tag, "parameters": [openapi.id_parameter()]}
    register = {"name": "register", "in": "query", "schema": TEXT}
    page = {"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 0, "maximum": LAST_PAGE}}
    file_name = {"name": "name", "in": "query", "required": True, "description": "The file's name.",
                 "schema": {"type": "string", "minLength": 1, "maxLength": 255}}  # fmt: skip
    job = openapi.object_of({"job": openapi.ID}, required=("job",))
    document.operation("get", PATH, tag=tag, name="list_import", summary="The caller's newest imports",
                       parameters=[register], answer=openapi.object_of({"result": openapi.list_of(short)}))  # fmt: skip
    document.operation("post", PATH, tag=tag, name="post_import", summary="Send a file and have it looked into",
                       parameters=[{**register, "required": True}, file_name], takes_file=True, status=201,
                       problems=(404,), answer=openapi.item_answer(record))  # fmt: skip
    item = f"{PATH}{{pk}}"
    document.operation("get", item, name="get_import", summary="One import", problems=(404,),
                       answer=openapi.item_answer(record), **one)  # fmt: skip
    document.operation("put", item, name="put_import", summary="How the file is read, what its columns go into",
                       body=CHANGES, problems=(404, 409), answer=openapi.item_answer(record), **one)  # fmt: skip
    document.operation("delete", item, name="delete_import", summary="Forget an import; its records stay",
                       problems=(404, 409), answer=openapi.object_of({"message": TEXT}), **one)  # fmt: skip
    document.operation("get", f"{item}/faulty", name="list_import_faulty", summary="Cells that a check found wrong",
                       tag=tag, parameters=[openapi.id_parameter(), page], problems=(404,),
                       answer=openapi.object_of({"result": openapi.list_of(CELL), "count": COUNT}))  # fmt: skip
    document.operation("put", f"{item}/faulty", name="put_import_faulty", summary="Mend cells", body=MENDING,
                       problems=(404, 409), answer=openapi.object_of({"mended": COUNT}), **one)  # fmt: skip
    for name, summary in (("check", "Work out all that the import would do"), ("start", "Import the file"),
                          ("undo", "Take the whole import back")):  # fmt: skip
        document.operation("post", f"{item}/{name}", name=f"{name}_import", summary=summary, status=202,
                           problems=(404, 409, 422), answer=job, **one)  # fmt: skip
    document.operation("get", f"{item}/report", name="get_import_report", summary="The rows that were not imported",
                       problems=(404, 409), answer={}, **one)  # fmt: skip
    answers = document.paths[f"{item}/report"]["get"]["responses"]
    answers["200"]["content"] = {XLSX: {"schema": {"type": "string", "format": "binary"}}}
