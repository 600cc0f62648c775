"""What a job of an import works by: the mapping that it was given, or the one that its draft makes."""

from typing import Any

from flask_babel import lazy_gettext as _l

from models.imports import ImportDraft
from services.imports.draft_mapping import mapping_of
from services.imports.errors import ImportProblem
from services.imports.mappings import ImportMapping, read_mapping
from services.imports.mending import mend_of
from services.imports.tables import Mend, as_it_is


def work_of(params: dict[str, Any]) -> tuple[ImportMapping, Mend]:
    """(the mapping, how cells are mended). Raises ImportProblem where the draft is gone."""
    if "draft" not in params:
        return read_mapping(params["mapping"]), as_it_is
    draft = ImportDraft._get_collection().find_one({"_id": params["draft"]})
    if draft is None:
        raise ImportProblem(_l("The import has been removed meanwhile."))
    return mapping_of(draft), mend_of(draft)
