"""Records, or rows given instead of them, as a stream of values for the letters."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, BinaryIO

from flask_babel import lazy_gettext as _l

from models.fields.field import Field
from models.rights import Access
from services.labels import context_for
from services.merge.addresses import Recipient, recipient_of
from services.merge.errors import MergeProblem
from services.merge.matching import Matcher
from services.merge.results import Form, write_result
from services.search import Selection, iterate_selected
from services.word import FILE_NAME, MergeReport, Value, WordTemplate, normalise_name

Raw = dict[str, Any]
Letter = dict[str, Value]
#: So many records are read before the names of what they point at are asked for, all in one query a register.
CHUNK = 500
UNKNOWN_CHOICES = ("blank", "stop")


def check_unknown(unknown: Sequence[str], policy: str) -> None:
    """Raises MergeProblem when nothing fills some fields and `policy` is "stop"."""
    if unknown and policy != "blank":
        raise MergeProblem(
            _l("Nothing fills these merge fields: %(names)s. Choose fields for them, or let them stay empty.",
               names=", ".join(unknown)), "unknown",
        )  # fmt: skip


def write_letters(
    access: Access, word: WordTemplate, matcher: Matcher, selection: Selection, out: BinaryIO, form: Form, *,
    title: str = "", progress: Callable[[int], None] | None = None,
) -> MergeReport:  # fmt: skip
    """Write a letter for each selected record that the user may merge, one after the other; nothing is kept.

    Raises TemplateError, also when there is no record; ConditionError; MergeProblem where PDF can't be made.
    """
    values = selected_values(access, word, matcher, selection)
    return write_result(word, values, out, form, title=title, language=access.language, progress=progress)


def selected_values(
    access: Access, word: WordTemplate, matcher: Matcher, selection: Selection, start: int = 0
) -> Iterator[Letter]:
    """What the letters read of each selected record, from the one at place `start` on; no more is read of it."""
    used, recipient = fields_used(word, matcher), recipient_of(access, word, matcher)
    fields = {field.path for field in (*used.values(), *recipient.own.values())}
    paths = fields | ({recipient.link.path} if recipient.link else set())
    rows = iterate_selected(access, matcher.schema.register.key, selection, "merge", paths)
    return values_of_rows(access, used, recipient, islice(rows, start, None))


def fields_used(word: WordTemplate, matcher: Matcher) -> dict[str, Field]:
    """Normalised name of each merge field that something fills -> the field."""
    found = ((normalise_name(name), matcher.find(name)) for name in word.field_names)
    return {name: field for name, field in found if field is not None}


def values_of_rows(
    access: Access, used: Mapping[str, Field], recipient: Recipient, rows: Iterable[Raw]
) -> Iterator[Letter]:
    """What the letters read of each record: its merge fields, and its standard fields where a block asks for them."""
    fields = list({field.column: field for field in (*used.values(), *recipient.own.values())}.values())
    # Looked up once, not once for each value of each letter: this loop is most of a job.
    sources = [(name, field.kind.merge_value, field.key, field.custom, field) for name, field in used.items()]
    for chunk in chunks(rows):
        context = context_for(access, fields, chunk)
        for raw, standard in zip(chunk, recipient.values(access, chunk, context), strict=True):
            values: Letter = {FILE_NAME: raw.get("name", ""), **standard}
            custom = raw.get("custom") or {}
            for name, merge_value, key, is_custom, field in sources:
                value = (custom if is_custom else raw).get(key)
                if value is not None:
                    values[name] = merge_value(value, field, context)
            yield values


def chunks(rows: Iterable[Raw]) -> Iterator[list[Raw]]:
    remaining = iter(rows)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk
