"""One letter to look at before all are made."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from models.rights import Access
from services.merge.errors import MergeProblem
from services.merge.letters import selected_values
from services.merge.templates import check_may_merge, read_template, sources_of, template_in
from services.search import Selection, count_selected
from services.word import FILE_NAME, PartText, letter_text


@dataclass(frozen=True)
class Preview:
    """A letter: whom it is for, its place among the chosen records (from 0) and their number, its text, its file."""

    name: str
    place: int
    count: int
    parts: list[PartText]
    document: bytes


def preview_letter(access: Access, register: str, template_id: Any, selection: Selection, place: int) -> Preview:
    """The letter that begins with the record at that place, or with the next one where the template leaves it out.

    A place past the end is the last. Raises NotAllowed, RecordNotFound, TemplateError, MergeProblem, ConditionError,
    TooSlow.
    """
    check_may_merge(access, register)
    template = template_in(access, register, template_id)
    count = count_selected(access, register, selection, "merge")
    if not count:
        raise MergeProblem(_l("There is nobody to write to: none of the chosen records is there any more, or you may "
                              "not make letters for them."))  # fmt: skip
    place = max(0, min(place, count - 1))
    word, sources = read_template(access, template["_id"]), sources_of(access, template)
    values = selected_values(access, word, sources, selection, place)
    # The letter's content lives as long as the iteration.
    letters = iter(word.pieces(values, 1, language=access.language, before=place))
    piece = next(letters)
    document = piece.content.read()
    return Preview(str(piece.record.get(FILE_NAME) or ""), place, count, letter_text(document), document)
