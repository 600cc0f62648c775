"""The form that brings a Word template."""

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import SelectField, StringField

from models.registers import Register
from services.merge import MAX_BYTES, MergeProblem

WORD_TYPES = ".docx,.dotx"


class UploadForm(FlaskForm):
    """A template's register, name and file; `services.merge` says what is wrong with them."""

    register = SelectField(_l("For"), choices=[], validate_choice=False)
    name = StringField(_l("Name"), description=_l("Left empty, it is the file's name."))
    file = FileField(_l("Word file"), description=_l("A .docx or .dotx with merge fields."),
                     render_kw={"accept": WORD_TYPES})  # fmt: skip


def register_choices(cards: Iterable[Register]) -> list[tuple[str, str]]:
    return [(card.key, str(card.label)) for card in cards]


def file_of(form: UploadForm) -> tuple[bytes, str]:
    """(content, name) of the file; one byte more than may be is read at most. Raises MergeProblem without a file."""
    if not form.file.data:
        raise MergeProblem(_l("Choose a Word file."), "file")
    return form.file.data.read(MAX_BYTES + 1), form.file.data.filename or ""


def show_problem(form: UploadForm, problem: Exception) -> None:
    """Put what is wrong beside its input: the file's, unless it says otherwise."""
    name = getattr(problem, "field", "")
    field = form.name if name == "name" else form.file
    field.errors = [*field.errors, str(problem)]
