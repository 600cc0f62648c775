"""Changing the choices of fixed fields: names, colours, order, retiring, and choices of the organisation's own."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bson import ObjectId
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from models.changes import Source, change_of
from models.fields.choice_lists import ChoiceList, merged
from models.fields.context import Context
from models.fields.definitions import bump_version, choice_of, forget_version
from models.fields.errors import FieldError
from models.fields.field import Choice, Field, label_in
from models.registers import all_registers
from models.rights import Access
from models.transactions import in_transaction
from services.audit import note_change
from services.records import RecordNotFound, VersionConflict, now
from services.settings import LANGUAGES, Problems, clean_choices, register_to_set_up

Raw = dict[str, Any]
Label = dict[str, str]


def extensible_fields() -> Iterator[tuple[str, Field]]:
    """(register, field with the program's own choices) of every fixed field whose choices may be changed."""
    return ((card.key, field) for card in all_registers() for field in card.fixed_fields if field.extensible)


def extensible_field(register: Any, key: Any) -> Field:
    """Such a field by its register and key. Raises RecordNotFound."""
    found = next((field for place, field in extensible_fields() if (place, field.key) == (register, key)), None)
    if found is None:
        raise RecordNotFound("choice_list", f"{register}.{key}")
    return found


def get_choices(register: str, key: str) -> Raw:
    """The choices of a fixed field as they are now: {_id, register, key, version, choices: [{key, label, colour,
    retired}]}, each label with its text in every language. Of choices that nobody has changed yet the version is 0 and
    the id None. Raises RecordNotFound.
    """
    field = extensible_field(register, key)
    saved = ChoiceList._get_collection().find_one({"register": register, "key": key}) or {}
    return {"_id": saved.get("_id"), "register": register, "key": key, "version": saved.get("version", 0),
            "choices": spelled_out(field, saved.get("choices", ()))}  # fmt: skip


def spelled_out(field: Field, saved: Iterable[Mapping[str, Any]]) -> list[Raw]:
    """All choices of the field with their labels in full."""
    return [{"key": choice.key, "label": texts_of(choice.label), "colour": choice.colour, "retired": choice.retired}
            for choice in merged(field.choices, saved)]  # fmt: skip


def texts_of(label: Any) -> Label:
    """A label's text in each language that it has one in; lazily translated text has one in all of them."""
    if isinstance(label, Mapping):
        return {language: label[language] for language in LANGUAGES if label.get(language)}
    texts = {}
    for language in LANGUAGES:
        with force_locale(language):
            texts[language] = label_in(label, language)
    return texts


def change_choices(
    access: Access, register: str, key: str, choices: Any, *,
    version: int | None = None, source: Source = Source.SCREEN,
) -> Raw:  # fmt: skip
    """Make `choices` ([{key, label, colour, retired}]) those of the field, in their order; returns them as
    `get_choices` does. One that is left out is retired; one of the program's own without a label is called what the
    program calls it.

    Raises NotAllowed, UnknownRegister, RecordNotFound, ValidationFailed, VersionConflict.
    """
    register_to_set_up(access, register)
    field, before = extensible_field(register, key), get_choices(register, key)
    if version is not None and version != before["version"]:
        raise VersionConflict(before)
    after, stored = changed_choices(field, before, choices)
    if after is before:
        return before
    try:
        in_transaction(lambda session: write_choices(session, access, before, after, stored, source))
    except DuplicateKeyError as error:
        raise VersionConflict(get_choices(register, key)) from error
    forget_version()
    return after


def changed_choices(field: Field, before: Raw, choices: Any) -> tuple[Raw, list[Raw]]:
    """(what the choices are to be, what is kept of them); `before` itself where nothing changes. Raises
    ValidationFailed."""
    stored = clean_for(field, choices, before["choices"])
    after = {**before, "choices": spelled_out(field, stored)}
    if after == before:
        return before, stored
    return {**after, "_id": before["_id"] or ObjectId(), "version": before["version"] + 1}, stored


def clean_for(field: Field, choices: Any, current: list[Raw]) -> list[Raw]:
    """The choices as they are kept. Raises ValidationFailed."""
    problems, own = Problems(), own_labels(field.choices)
    given = [with_own_label(choice, own) for choice in choices] if isinstance(choices, (list, tuple)) else choices
    cleaned = clean_choices(given, current, problems)
    problems.raise_if_any()
    check_use(field, cleaned, problems)
    problems.raise_if_any()
    return [without_own_label(choice, own) for choice in cleaned]


def own_labels(choices: Sequence[Choice]) -> dict[str, Label]:
    return {choice.key: texts_of(choice.label) for choice in choices}


def with_own_label(choice: Any, own: Mapping[str, Label]) -> Any:
    """The choice with the program's label where it is one of the program's and none is given."""
    if not isinstance(choice, Mapping) or not isinstance(choice.get("key"), str) or choice["key"] not in own:
        return choice
    label = choice.get("label")
    texts = list(label.values()) if isinstance(label, Mapping) else [label]
    empty = all(text is None or not str(text).strip() for text in texts)
    return {**choice, "label": own[choice["key"]]} if empty else choice


def without_own_label(choice: Raw, own: Mapping[str, Label]) -> Raw:
    """The choice with no label where it says what the program says: that goes on being translated."""
    texts = own.get(choice["key"])
    same = texts is not None and all(texts.get(language) == text for language, text in choice["label"].items())
    return {**choice, "label": {}} if same else choice


def check_use(field: Field, choices: Sequence[Raw], problems: Problems) -> None:
    """Note what would stop every new record: nothing to choose in a field that is required, a retired default."""
    changed = replace(field, choices=tuple(map(choice_of, choices)))
    if field.required and not changed.offered:
        problems.add("choices", _l("This field is required: leave at least one choice in use."))
    elif field.default not in (None, "", []):
        try:
            field.kind.parse(field.default, changed, Context())
        except FieldError:
            problems.add("choices", _l("New records start with “%(key)s”: leave it in use.", key=str(field.default)))


def write_choices(
    session: ClientSession, access: Access, before: Raw, after: Raw, stored: list[Raw], source: Source
) -> None:
    collection, moment = ChoiceList._get_collection(), now()
    document = {**after, "choices": stored, "changed_at": moment}
    if before["version"] == 0:
        collection.insert_one(document, session=session)
    else:
        same = {"_id": after["_id"], "version": before["version"]}
        if not collection.replace_one(same, document, session=session).matched_count:
            raise VersionConflict(get_choices(after["register"], after["key"]))
    bump_version(session)
    names = ("register", "key", "choices")
    spoken = [{name: raw[name] for name in names} for raw in (before, after)]
    note_change(session, {
        "register": "choice_list", "record": after["_id"], "action": "update" if before["version"] else "create",
        "version": after["version"], "at": moment, "by": access.user_id, "source": source.value, "batch": None,
        "changes": change_of(*spoken)}, after)  # fmt: skip
