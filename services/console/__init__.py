"""The data console's reading: collections, documents without their secrets, indexes, files, and who looked at them."""

from services.console.documents import DocumentPage, find_documents, get_document
from services.console.extended_json import ConsoleError, id_text, shown_document
from services.console.looks import list_looks, note_look
from services.console.statistics import list_collections, list_files, list_indexes

__all__ = [
    "ConsoleError", "DocumentPage", "find_documents", "get_document", "id_text", "list_collections", "list_files",
    "list_indexes", "list_looks", "note_look", "shown_document",
]  # fmt: skip
