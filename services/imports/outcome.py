"""What came of an import, out of its job: as data, as counts, in a sentence."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from models.changes import Change
from services.imports.report import ImportReport, read_notes

Raw = dict[str, Any]


def report_of(job: Raw) -> ImportReport:
    """What an import has done so far, or in all, out of its job."""
    position, batch = job.get("position") or {}, str(job["_id"])
    odd, failed = read_notes(batch)
    linked = {"batch": batch, "action": "create", "register": {"$ne": job["params"]["register"]}}
    return ImportReport(
        batch=batch, rows=position.get("rows", 0), created=position.get("created", 0),
        changed=position.get("changed", 0), skipped=position.get("skipped", 0), odd_count=position.get("odd", 0),
        failed_count=position.get("failed", 0), odd=odd, failed=failed,
        fields_created=tuple(position.get("fields", ())), choices_added=position.get("choices", {}),
        linked_created=Change._get_collection().count_documents(linked), unmapped=tuple(position.get("unmapped", ())),
    )  # fmt: skip


def counts_of(report: ImportReport) -> Raw:
    return {"rows": report.rows, "created": report.created, "changed": report.changed, "skipped": report.skipped,
            "odd": report.odd_count, "failed": report.failed_count, "linked": report.linked_created,
            "fields": list(report.fields_created), "choices": dict(report.choices_added),
            "unmapped": list(report.unmapped), "batch": report.batch}  # fmt: skip


def message_of(report: ImportReport) -> str:
    message = _("%(rows)s rows: %(created)s imported, %(skipped)s skipped because they exist, %(odd)s odd values, "
                "%(failed)s rows not imported.", rows=report.rows, created=report.created, skipped=report.skipped,
                odd=report.odd_count, failed=report.failed_count)  # fmt: skip
    if not report.changed:
        return message
    return message + " " + ngettext("%(num)s record was changed.", "%(num)s records were changed.", report.changed)
