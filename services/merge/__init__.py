"""Letters for records by Word merge: templates kept for each register, fields matched by name, letters as a job.

    template = upload_template(access, "company", "Invitation", data)
    field_status(access, template)                     # known, unknown, unsupported
    set_field_map(access, template["_id"], {"Town": "city"})
    job_id = start_merge(access, "company", template["_id"], selection, unknown="blank")
    merge_records(access, "company", data, out)        # at once, without keeping anything
"""

from services.merge.direct import Outcome, merge_records, merge_rows, read_conditions, read_map, read_rows
from services.merge.errors import MergeProblem
from services.merge.jobs import start_merge
from services.merge.letters import UNKNOWN_CHOICES
from services.merge.matching import FieldState, FieldStatus
from services.merge.pdf import find_office
from services.merge.preview import Preview, preview_letter
from services.merge.results import FORMS, Form
from services.merge.templates import (
    MAX_BYTES,
    check_may_merge,
    delete_template,
    field_status,
    get_template,
    list_templates,
    registers_to_merge,
    rename_template,
    set_field_map,
    sources_of,
    template_file,
    unknown_fields,
    update_template,
    upload_template,
)

__all__ = [
    "FORMS", "MAX_BYTES", "UNKNOWN_CHOICES", "FieldState", "FieldStatus", "Form", "MergeProblem", "Outcome", "Preview",
    "check_may_merge", "delete_template", "field_status", "find_office", "get_template", "list_templates",
    "merge_records", "merge_rows", "preview_letter", "read_conditions", "read_map", "read_rows", "registers_to_merge",
    "rename_template", "set_field_map", "sources_of", "start_merge", "template_file", "unknown_fields",
    "update_template", "upload_template",
]  # fmt: skip
