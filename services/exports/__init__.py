"""Records as files for other programs: sheets, CSV, JSON Lines, vCards; made by a job.

    job_id = start_export(access, "company", selection, Wanted("xlsx", ("name", "city"), order="city"))
    job_id = start_export(access, "person", selection, Wanted("vcard"))
"""

from services.exports.jobs import check_may_export, forms_of, start_export
from services.exports.wanted import CSV, DECIMALS, FORMS, SEPARATORS, ExportProblem, Wanted

__all__ = [
    "CSV", "DECIMALS", "FORMS", "SEPARATORS", "ExportProblem", "Wanted", "check_may_export", "forms_of", "start_export",
]  # fmt: skip
