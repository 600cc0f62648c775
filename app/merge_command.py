"""Letters from a shell: reading what the command was given, writing the document as a whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from flask_babel import gettext as _
from flask_babel import ngettext

from models.registers import register_of
from models.rights import system_access
from services.merge import (
    MAX_BYTES,
    Form,
    MergeProblem,
    Outcome,
    merge_records,
    merge_rows,
    read_conditions,
    read_map,
    read_rows,
)


def merge_files(
    register: str, template: Path, output: Path, *,
    filter_text: str | None, field_map: Path | None, data: Path | None, unknown: str, language: str, form: Form,
) -> Outcome:  # fmt: skip
    """Write the letters to `output`. Raises MergeProblem, TemplateError, ConditionError, UnknownRegister, OSError."""
    register_of(register)
    names = read_map(read_text(field_map)) if field_map else {}
    content, title = template_bytes(template), template.stem
    if data is not None:
        rows = read_rows(read_text(data))
        with written_whole(output) as out:
            return merge_rows(content, rows, out, field_map=names, unknown=unknown, language=language, form=form,
                              title=title)  # fmt: skip
    conditions = read_conditions(filter_text) if filter_text else []
    with written_whole(output) as out:
        return merge_records(system_access(language=language), register, content, out, conditions=conditions,
                             field_map=names, unknown=unknown, form=form, title=title)  # fmt: skip


def read_text(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig", errors="replace")


def template_bytes(path: Path) -> bytes:
    """The template's content. Raises MergeProblem for one that is too large to be a template."""
    if path.stat().st_size > MAX_BYTES:
        raise MergeProblem(_("The file is too large: a template may have at most %(max)s MB.", max=MAX_BYTES >> 20))
    return path.read_bytes()


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its name only when it is finished; what had the name stays until then."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("xb") as out:
            yield out
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def outcome_lines(outcome: Outcome, output: Path) -> Iterator[str]:
    """What the shell prints: how many letters, and what was left out of them."""
    report = outcome.report
    yield ngettext("%(num)s letter written to %(path)s.", "%(num)s letters written to %(path)s.", report.letters,
                   path=output)  # fmt: skip
    if report.skipped:
        yield ngettext("The template left out %(num)s record.", "The template left out %(num)s records.",
                       report.skipped)  # fmt: skip
    if outcome.unknown:
        yield _("Left empty, because nothing fills them: %(names)s.", names=", ".join(outcome.unknown))
    for number, name in report.truncated:
        yield _("Record %(number)s: the value of “%(name)s” was cut at 32,000 characters.", number=number, name=name)
