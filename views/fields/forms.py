"""Forms of registry fields: they carry what was typed; the service that saves it checks it."""

from collections.abc import Iterable
from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field as FormField

from models.fields.field import Field
from views.condition_inputs import Built
from views.fields.inputs import Option, input_of


class ValueField(FormField):
    """The form field of any registry field."""

    def __init__(self, label: Any = None, *, field: Field, **options: Any) -> None:
        self.field = field
        self.spec = input_of(field)
        self.options: list[Option] = []
        #: The files that are chosen (raw StoredFile).
        self.files: list[dict[str, Any]] = []
        #: What somebody else has saved meanwhile, as text, where the user must choose.
        self.theirs = ""
        #: Why the value can't be changed in this record, where it can't.
        self.locked = ""
        #: What the search builder begins with.
        self.built = Built()
        super().__init__(label, widget=self.spec.widget, **options)
        self.flags.required = field.required

    data: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist or self.spec.several:
            self.data = self.spec.sent(valuelist)

    def _value(self) -> str:
        return "" if self.data is None else str(self.data)

    def chosen(self) -> list[str]:
        return self.spec.held(self.data)

    def choices(self) -> Iterable[tuple[str, str, bool]]:
        """(value, label, chosen) of each option; what was sent and is no option stays visible."""
        chosen = self.chosen()
        if not self.spec.several:
            yield "", "", not chosen
        for value, label in self.options:
            yield value, label, value in chosen
        for value in chosen:
            if value not in dict(self.options):
                yield value, value, True


def form_class(fields: Iterable[Field], labels: Any) -> type[FlaskForm]:
    """A form with a field for each that may be written; `labels(field)` gives lazy label and help."""
    made = {
        field.column: ValueField(labels(field)[0], field=field, description=labels(field)[1], name=field.column)
        for field in fields if not field.read_only
    }  # fmt: skip
    return type("RecordForm", (FlaskForm,), made)


def form_fields(form: FlaskForm) -> list[ValueField]:
    return [field for field in form if isinstance(field, ValueField)]
