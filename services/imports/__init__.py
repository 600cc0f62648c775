"""Bringing in a list (Y8): a CSV, XLSX or ODS file into a register, as a job, with a report.

    mapping = read_mapping(text)
    report = import_now(access, "company", stream, "customers.csv", mapping)      # in this process
    job_id = start_import(access, "company", stream, "customers.csv", mapping)    # by a worker
    report = report_of(get_job(access, job_id))

The mapping is described in docs/import.md. Screens and REST prepare an import as a draft (services/imports/drafts.py).
"""

from services.imports import drafts
from services.imports.errors import ImportProblem, MappingError, TableError
from services.imports.jobs import check_import, import_now, start_import, undo_now
from services.imports.mappings import ImportMapping, read_mapping
from services.imports.outcome import report_of
from services.imports.report import FailedRow, ImportReport, OddValue

__all__ = [
    "FailedRow", "ImportMapping", "ImportProblem", "ImportReport", "MappingError", "OddValue", "TableError",
    "check_import", "drafts", "import_now", "read_mapping", "report_of", "start_import", "undo_now",
]  # fmt: skip
