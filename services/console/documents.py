"""Documents of one collection, newest first, a page at a time by their ids."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mongoengine as me
from bson.codec_options import DatetimeConversion
from flask_babel import lazy_gettext as _l
from pymongo.errors import ExecutionTimeout, OperationFailure

from models.rights import Access
from services.console.extended_json import ConsoleError, ids_of, read_filter
from services.console.looks import require_console
from services.console.secrets import is_closed
from services.records import RecordNotFound
from services.search import time_limit

Raw = dict[str, Any]
PAGE = 50


@dataclass(frozen=True)
class DocumentPage:
    """Some documents (raw), and the id after which the next page begins; None on the last one."""

    rows: list[Raw]
    next_after: Any = None


def check_collection(name: str) -> Any:
    """The collection of that name. Raises RecordNotFound where there is none, or none whose documents are shown."""
    if is_closed(name) or name not in me.get_db().list_collection_names():
        raise RecordNotFound("collection", name)
    # A date out of Python's range or broken text is shown as far as it goes.
    options = me.get_db().codec_options.with_options(
        datetime_conversion=DatetimeConversion.DATETIME_AUTO, unicode_decode_error_handler="replace"
    )
    return me.get_db().get_collection(name, codec_options=options)


def find_documents(access: Access, name: str, text: str = "", after: str = "") -> DocumentPage:
    """The newest documents that match a filter in extended JSON, on from an id.

    Raises NotAllowed, RecordNotFound, ConsoleError.
    """
    require_console(access)
    collection, query = check_collection(name), read_filter(text)
    parts: list[Mapping[str, Any]] = [part for part in (query, further(after)) if part]
    try:
        found = collection.find({"$and": parts} if parts else {}, max_time_ms=time_limit())
        rows = list(found.sort("_id", -1).limit(PAGE + 1))
    except ExecutionTimeout as error:
        raise ConsoleError(_l("This takes too long to find. Ask by the id or by a field with an index.")) from error
    except OperationFailure as error:
        reason = (error.details or {}).get("errmsg", str(error))
        raise ConsoleError(_l("The database does not take this filter: %(reason)s", reason=reason[:300])) from error
    return DocumentPage(rows[:PAGE], rows[PAGE - 1]["_id"] if len(rows) > PAGE else None)


def further(after: str) -> Raw:
    """The query for what stands after an id of an address; the nearest meaning of the id leads."""
    meanings = ids_of(after) if after else []
    return {"_id": {"$lt": meanings[-1]}} if meanings else {}


def get_document(access: Access, name: str, id_in_address: str) -> Raw:
    """One document (raw, its secrets still in it: `shown_document` masks). Raises NotAllowed, RecordNotFound."""
    require_console(access)
    collection = check_collection(name)
    for meaning in reversed(ids_of(id_in_address)):
        if (found := collection.find_one({"_id": meaning}, max_time_ms=time_limit())) is not None:
            return dict(found)
    raise RecordNotFound(name, id_in_address)
