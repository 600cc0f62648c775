"""What the tests of letters share: templates of a few fields, and the text of what came out."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import docx as python_docx

from models.jobs import Job
from models.rights import Access
from services.files import get_file, open_content
from services.jobs import wake_due
from services.merge import Form, start_merge, upload_template
from services.search import Selection
from tests.word.making import docx, merge_field, p

REAL = Path(__file__).parent.parent / "data" / "word"
ALL = Selection(all_matching=True)
ONE = Form()


def template_with(*names: str) -> bytes:
    """A template of one paragraph: its merge fields with a bar between."""
    pieces = [piece for name in names for piece in (merge_field(name), "|")]
    return docx(p(*pieces[:-1]))


def lines(data: bytes) -> list[str]:
    """The paragraphs of a document that show something, as python-docx reads them."""
    return [line.text for line in python_docx.Document(io.BytesIO(data)).paragraphs if line.text.strip()]


def keep(access: Access, *names: str, register: str = "company", name: str = "Letter") -> dict[str, Any]:
    return upload_template(access, register, name, template_with(*names))


def make(
    access: Access, template: Mapping[str, Any], selection: Selection = ALL, unknown: str = "blank",
    form: Form = ONE,
) -> dict[str, Any]:
    """Have the letters made; returns the job as it ended."""
    job_id = start_merge(access, template["register"], template["_id"], selection, unknown, form)
    wake_due()
    return Job._get_collection().find_one({"_id": job_id})


def letters(access: Access, job: Mapping[str, Any]) -> list[str]:
    """The lines of a job's result, as its owner gets it."""
    with open_content(get_file(access, job["result_file"])) as content:
        return lines(content.read())
