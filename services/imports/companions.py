"""The text fields that keep, as it was, what does not fit the field it was meant for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.fields.field import CUSTOM_PREFIX, Field, label_in
from models.fields.schema import Schema
from services.imports.coming_back import comes_back
from services.imports.mappings import OddField
from services.settings import LANGUAGES, suggested_key

TEXT_KINDS = ("text", "long_text")
#: A value longer than that needs a field of long text.
SHORT = 2_000


@dataclass(frozen=True)
class Companion:
    """A text field beside another one; `field` is None while it is not there. One that has a `kind` by then went with
    an import that was undone, and comes back."""

    key: str
    label: Mapping[str, str]
    section: str
    field: Field | None = None
    kind: str = ""

    @property
    def column(self) -> str:
        return self.field.column if self.field else CUSTOM_PREFIX + self.key

    def definition(self, register: str, *, long: bool) -> dict[str, Any]:
        """What to make the field of; `long` where its values may have more than SHORT characters."""
        kind = self.kind or ("long_text" if long else "text")
        return {"register": register, "key": self.key, "kind": kind,
                "label": dict(self.label), "section": self.section, "order": 9_000}  # fmt: skip


def companion_for(
    schema: Schema, wanted: OddField, source: str, label: Any, section: str, problems: list[Any]
) -> Companion:
    """The companion named by the mapping (`wanted`), else `<source>_text`; it may be there already.

    A field of that name which is no text is a problem.
    """
    key = wanted.key.removeprefix(CUSTOM_PREFIX) or f"{suggested_key({'en': source})[:45]}_text"
    found = (schema.get(key) if wanted.key else None) or schema.get(CUSTOM_PREFIX + key)
    companion = Companion(key, wanted.label or labels(label), section, found)
    retired = next((field for field in schema.retired if field.key == key), None)
    if retired is not None and retired.kind.name in TEXT_KINDS and comes_back(retired):
        return replace(companion, kind=retired.kind.name)
    if retired is not None:
        problems.append(_l("The field “%(key)s”, which would keep values that don't fit, is retired. Restore it, or "
                           "name another one with “odd”.", key=key))  # fmt: skip
    elif found is not None and (found.kind.name not in TEXT_KINDS or found.read_only):
        problems.append(_l("The field “%(key)s” can't keep values that don't fit: it is no text field or can't be "
                           "changed. Name another one with “odd”.", key=key))  # fmt: skip
    return companion


def labels(label: Any) -> dict[str, str]:
    """ "Founded (as text)" in every language."""
    found: dict[str, str] = {}
    for language in LANGUAGES:
        with force_locale(language):
            found[language] = _("%(label)s (as text)", label=label_in(label, language)[:85])
    return found
