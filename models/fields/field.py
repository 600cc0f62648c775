"""One field of a register: a fixed one declared in code or a custom one out of the database; no difference after."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from models.fields.unseen import UNSEEN

if TYPE_CHECKING:
    from models.fields.kinds.base import Kind

CUSTOM_PREFIX = "x_"


@dataclass(frozen=True)
class Choice:
    """One value of a choice field. `key` never changes; a retired choice is shown where it stands, not offered."""

    key: str
    label: Any
    colour: str = "grey"
    retired: bool = False

    def text(self, language: str) -> str:
        return label_in(self.label, language)


@dataclass(frozen=True)
class Field:
    """A field as everything else sees it.

    `column` is its name in filters, forms, REST and lists (`x_<key>` for custom ones), `path` where its value
    stands in the document. `label` and `help` are lazily translated text or a mapping from language to text. `in_head`
    sets it at the head of the record: numbers and dates as key figures, other values under the name. `derived` values
    are worked out by the program whenever a record is written: change entries don't speak of them. `indexed` lets lists
    filter and order by a fixed number or moment at any size, as they do by custom ones. `extensible` lets
    administrators change the choices of a fixed field, `choices_from` names where else its choices come from, such as
    the stages of pipelines (models/fields/choice_lists.py). `about` names the field that says of which register's
    records a value speaks; `unseen` tells of such a register and a value whether it speaks of what the reader, to whom
    the schema belongs, does not see (`Schema.as_read_by`).
    """

    key: str
    kind: "Kind"
    label: Any
    section: str = "basic"
    order: int = 0
    help: Any = ""
    required: bool = False
    default: Any = None
    choices: tuple[Choice, ...] = ()
    extensible: bool = False
    choices_from: str = ""
    custom: bool = False
    retired: bool = False
    read_only: bool = False
    derived: bool = False
    indexed: bool = False
    in_list: bool = False
    in_head: bool = False
    target: str = ""
    about: str = ""
    currency: str = "EUR"
    max_length: int = 500
    id: str = ""
    unseen: Callable[[str, Any], bool] | None = field(default=None, compare=False, repr=False)

    @cached_property
    def column(self) -> str:
        return CUSTOM_PREFIX + self.key if self.custom else self.key

    @cached_property
    def path(self) -> str:
        return f"custom.{self.key}" if self.custom else self.key

    def label_in(self, language: str) -> str:
        return label_in(self.label, language) or self.key

    def help_in(self, language: str) -> str:
        return label_in(self.help, language)

    @property
    def offered(self) -> tuple[Choice, ...]:
        """The choices that a new value may be."""
        return tuple(choice for choice in self.choices if not choice.retired)

    def choice(self, key: str) -> Choice | None:
        return self._choice_of_key.get(key)

    @cached_property
    def _choice_of_key(self) -> dict[str, Choice]:
        return {choice.key: choice for choice in reversed(self.choices)}

    def as_read(self, value: Any, about: Any) -> Any:
        """A stored value as the reader has it; `about` is what the record's `about` field holds, "" where that is not
        known."""
        hidden = self.unseen is not None and bool(value) and self.unseen(str(about or ""), value)
        return UNSEEN if hidden else value

    def read(self, document: Any) -> Any:
        """The stored value of this field in a document (a Record), None when there is none."""
        return document.custom.get(self.key) if self.custom else getattr(document, self.key, None)


def label_in(label: Any, language: str) -> str:
    """Text out of a label: a mapping gives the language asked for, else English, else any; lazy text translates."""
    if isinstance(label, Mapping):
        return str(label.get(language) or label.get("en") or next(filter(None, label.values()), ""))
    return str(label or "")
