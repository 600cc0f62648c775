"""Defining, changing, retiring and restoring the organisation's own fields (V6, V18)."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from bson.errors import InvalidId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from models.changes import Source, change_of
from models.fields.context import Context
from models.fields.definitions import FieldDefinition, bump_version, forget_version
from models.fields.errors import FieldError, ValidationFailed
from models.fields.field import Field
from models.fields.kinds import OFFERED_KINDS
from models.registers import REGISTERS, Register, all_registers, register_of
from models.rights import SETTINGS, Access, NotAllowed
from models.transactions import in_transaction
from services.audit import note_change
from services.records import RecordNotFound, VersionConflict, now

LANGUAGES = ("en", "fi")
KEY = re.compile(r"^[a-z][a-z0-9_]{0,49}$")
CHOICE_KEY = re.compile(r"^[\w.-]{1,80}$")
COLOURS = ("grey", "red", "orange", "amber", "green", "teal", "blue", "violet", "pink", "accent")
#: Names that mean something of their own in documents, REST or templates.
RESERVED = frozenset(("id", "ids", "_id", "fields", "custom", "version", "facets", "sort_name", "result", "count",
                      "register", "columns", "filters", "order", "page"))  # fmt: skip
FIXED_FOR_GOOD = ("register", "key", "kind", "target")
EDITABLE = ("label", "section", "help", "required", "default", "choices", "order", "in_list", "in_head", "currency")
COLUMNS = (*FIXED_FOR_GOOD, *EDITABLE, "retired")
NOT_SET_UP = _l("You may not set up this register. Ask an administrator for the right to its settings.")
Raw = dict[str, Any]


class Problems:
    """The errors found so far in a definition, by column."""

    def __init__(self) -> None:
        self.errors: dict[str, list[Any]] = {}

    def add(self, column: str, message: Any) -> None:
        self.errors.setdefault(column, []).append(message)

    def raise_if_any(self) -> None:
        if self.errors:
            raise ValidationFailed(self.errors)


def require_settings(access: Access) -> None:
    """Raise NotAllowed unless the user may change what belongs to no register."""
    if not access.may(SETTINGS, "change"):
        raise NotAllowed(_l("You may not change the settings. Ask an administrator."))


def registers_to_set_up(access: Access) -> list[Register]:
    """The registers whose fields, choices, record pages and pipelines the user may change."""
    return [card for card in all_registers() if access.may(card.key, "settings")]


def require_a_register(access: Access) -> None:
    """Raise NotAllowed unless there is a register that the user may set up: others need not learn what there is."""
    if not registers_to_set_up(access):
        raise NotAllowed(NOT_SET_UP)


def register_to_set_up(access: Access, register: Any) -> Register:
    """The card of a register that the user may set up. Raises NotAllowed, UnknownRegister."""
    require_a_register(access)
    card = register_of(register)
    if not access.may(card.key, "settings"):
        raise NotAllowed(NOT_SET_UP)
    return card


def define_field(access: Access, data: Mapping[str, Any], *, source: Source = Source.SCREEN) -> Raw:
    """Make a new field; returns its definition (raw). Raises NotAllowed, ValidationFailed."""
    require_a_register(access)
    definition = new_definition(data)
    register_to_set_up(access, definition["register"])
    try:
        in_transaction(lambda session: write_definition(session, access, "create", {}, definition, source))
    except DuplicateKeyError as error:
        raise ValidationFailed({"key": [taken(definition["key"])]}) from error
    forget_version()
    return definition


def taken(key: str) -> Any:
    return _l("There is already a field with the key “%(key)s”, perhaps retired. Choose another key.", key=key)


def new_definition(data: Mapping[str, Any]) -> Raw:
    """The definition made of what was sent, checked throughout. Raises ValidationFailed."""
    problems = Problems()
    for name in set(data) - set(COLUMNS):
        problems.add(str(name)[:80], _l("A field definition has no “%(name)s”.", name=str(name)[:80]))
    register = data.get("register")
    if not isinstance(register, str) or register not in REGISTERS:
        problems.add("register", _l("Choose a register: %(known)s.", known=", ".join(REGISTERS)))
        register = None
    if not isinstance(data.get("kind"), str) or data["kind"] not in OFFERED_KINDS:
        problems.add("kind", _l("Choose a kind: %(known)s.", known=", ".join(OFFERED_KINDS)))
    label = clean_label(data.get("label"), problems, "label")
    # Without a label there is nothing to make a key of; that the label is missing is said already.
    key = clean_key(data.get("key") or suggested_key(label), register, problems) if label or data.get("key") else ""
    problems.raise_if_any()
    moment = now()
    base = {"_id": ObjectId(), "register": register, "key": key, "kind": data["kind"], "target": "", "retired": False,
            "version": 1, "created_at": moment, "changed_at": moment, "choices": []}  # fmt: skip
    base["target"] = clean_target(data, problems)
    return completed({**base, "label": label}, {"section": "extra", "order": 0, **data, "label": label}, problems)


def clean_label(label: Any, problems: Problems, column: str) -> dict[str, str]:
    """{language: text} with at least one filled; plain text counts as English."""
    if isinstance(label, str):
        label = {"en": label}
    if not isinstance(label, Mapping) or not all(isinstance(text, str) for text in label.values() if text is not None):
        problems.add(column, _l("Give the label as text in English, in Finnish or in both."))
        return {}
    for language in set(label) - set(LANGUAGES):
        problems.add(column, _l("“%(language)s” is not a language of this program.", language=str(language)[:20]))
    cleaned = {language: label[language].strip() for language in LANGUAGES if (label.get(language) or "").strip()}
    if not cleaned:
        problems.add(column, _l("Give a label in English, in Finnish or in both."))
    if any(len(text) > 100 for text in cleaned.values()):
        problems.add(column, _l("A label has at most 100 characters."))
    return cleaned


def suggested_key(label: Mapping[str, str]) -> str:
    """A key made of the label: "Founded (year)" gives founded_year; empty where the label has no letters."""
    text = unicodedata.normalize("NFKD", label.get("en") or label.get("fi") or "").casefold()
    plain = re.sub(r"[^a-z0-9]+", "_", "".join(c for c in text if not unicodedata.combining(c))).strip("_")
    return (plain if plain[:1].isalpha() else f"f_{plain}" if plain else "")[:50].rstrip("_")


def clean_key(key: Any, register: str | None, problems: Problems) -> str:
    if not isinstance(key, str) or not KEY.match(key):
        problems.add("key", _l("A key starts with a letter a–z and goes on with at most 49 letters a–z, digits and _."))
        return ""
    fixed = {field.key for field in REGISTERS[register].fixed_fields} if register else set()
    if key in RESERVED or key in fixed:
        problems.add("key", _l("“%(key)s” is a reserved name. Choose another key.", key=key))
    elif register and FieldDefinition.objects(register=register, key=key).first():
        problems.add("key", taken(key))
    return key


def clean_target(data: Mapping[str, Any], problems: Problems) -> str:
    """The register a link points at; companies where nothing is said."""
    if data.get("kind") != "link":
        return ""
    target = data.get("target") or "company"
    if not isinstance(target, str) or target not in REGISTERS:
        problems.add("target", _l("Choose the register that the link points at: %(known)s.",
                                  known=", ".join(REGISTERS)))  # fmt: skip
        return ""
    return target


def completed(current: Raw, data: Mapping[str, Any], problems: Problems) -> Raw:
    """`current` with the editable parts of `data`, each checked. Raises ValidationFailed."""
    result = dict(current)
    cleaners = {"label": clean_label, "help": clean_help, "section": clean_section, "order": clean_order,
                "required": clean_flag, "in_list": clean_flag, "in_head": clean_flag,
                "currency": clean_currency}  # fmt: skip
    for name, cleaner in cleaners.items():
        if name in data and (data[name] is not None or name == "label"):
            result[name] = cleaner(data[name], problems, name)
    if current["kind"] in ("choice", "choices"):
        result["choices"] = clean_choices(data.get("choices"), current.get("choices") or [], problems)
    elif data.get("choices"):
        problems.add("choices", _l("Only the kinds choice and choices have choices."))
    problems.raise_if_any()
    if "default" in data or "choices" in data:
        # A default that is retired among the choices would stop every new record.
        cleaned = clean_default(result, data.get("default", result.get("default")), problems)
        result |= {"default": cleaned} if "default" in data else {}
    problems.raise_if_any()
    return result


def clean_help(text: Any, problems: Problems, name: str) -> Any:
    texts = list(text.values()) if isinstance(text, Mapping) else [text]
    if not all(isinstance(item, str) and len(item) <= 1_000 for item in texts):
        problems.add(name, _l("Help is text of at most 1,000 characters."))
        return ""
    return {k: v for k, v in text.items() if k in LANGUAGES} if isinstance(text, Mapping) else text


def clean_section(section: Any, problems: Problems, name: str) -> str:
    if section not in ("basic", "classification", "extra"):
        problems.add(name, _l("Choose a section: basic, classification or extra."))
        return ""
    return section


def clean_order(order: Any, problems: Problems, name: str) -> int:
    try:
        number = int(order) if not isinstance(order, bool) else None
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is None or not -100_000 <= number <= 100_000:
        problems.add(name, _l("Order is a whole number; fields with smaller numbers come first."))
        return 0
    return number


def clean_flag(flag: Any, problems: Problems, name: str) -> bool:
    if not isinstance(flag, bool):
        problems.add(name, _l("Say yes or no (true or false)."))
    return bool(flag)


def clean_currency(currency: Any, problems: Problems, name: str) -> str:
    if not isinstance(currency, str) or not re.fullmatch(r"[A-Z]{3}", currency):
        problems.add(name, _l("Give a currency code of three capital letters, such as EUR."))
        return "EUR"
    return currency


def clean_choices(choices: Any, current: list[Raw], problems: Problems) -> list[Raw]:
    """The choices to keep. One that is left out is retired rather than dropped, because records may hold it."""
    if choices is None:
        choices = current
    if not isinstance(choices, (list, tuple)) or not choices:
        problems.add("choices", _l("Give at least one choice, each with a key and a label."))
        return []
    cleaned = [clean_choice(choice, problems) for choice in choices]
    keys = [choice["key"] for choice in cleaned]
    for key in sorted({key for key in keys if keys.count(key) > 1 and key}):
        problems.add("choices", _l("The choice key “%(key)s” is there twice.", key=key))
    dropped = [{**choice, "retired": True} for choice in current if choice["key"] not in keys]
    return cleaned + dropped


def clean_choice(choice: Any, problems: Problems) -> Raw:
    if isinstance(choice, str):
        choice = {"label": choice}
    if not isinstance(choice, Mapping):
        problems.add("choices", _l("Give each choice as {key, label}."))
        return {"key": "", "label": {}}
    label = clean_label(choice.get("label") or choice.get("key"), problems, "choices")
    key = choice.get("key") or suggested_key(label)
    if not isinstance(key, str) or not CHOICE_KEY.match(key):
        problems.add("choices", _l("A choice key has 1 to 80 letters, digits, dots, hyphens or _, and no spaces."))
        key = ""
    colour = choice.get("colour") or "grey"
    if colour not in COLOURS:
        problems.add("choices", _l("Choose a colour: %(known)s.", known=", ".join(COLOURS)))
    return {"key": key, "label": label, "colour": colour, "retired": choice.get("retired") is True}


def clean_default(definition: Raw, default: Any, problems: Problems) -> Any:
    """The default in the form it was given (each record parses it anew), once it parses."""
    if default in (None, "", []):
        return None
    field = definition_field(definition)
    try:
        field.kind.parse(default, field, Context())
    except FieldError as error:
        problems.add("default", error.message)
    return default


def definition_field(definition: Raw) -> Field:
    known = {column: definition[column] for column in COLUMNS if column in definition}
    return FieldDefinition(**known).as_field()


def get_definition(definition_id: Any) -> Raw:
    """One definition (raw). Raises RecordNotFound."""
    try:
        raw = FieldDefinition._get_collection().find_one({"_id": ObjectId(definition_id)})
    except (InvalidId, TypeError):
        raw = None
    if raw is None:
        raise RecordNotFound("field_definition", definition_id)
    return raw


def definition_to_change(access: Access, definition_id: Any) -> Raw:
    """One definition (raw) of a register that the user may set up. Raises NotAllowed, RecordNotFound."""
    require_a_register(access)
    raw = get_definition(definition_id)
    register_to_set_up(access, raw["register"])
    return raw


def change_field(
    access: Access, definition_id: Any, data: Mapping[str, Any], *,
    version: int | None = None, source: Source = Source.SCREEN,
) -> Raw:  # fmt: skip
    """Change what may change of a field; register, key, kind and target never do.

    Raises NotAllowed, RecordNotFound, ValidationFailed, VersionConflict.
    """
    before = definition_to_change(access, definition_id)
    if version is not None and version != before["version"]:
        raise VersionConflict(before)
    problems = Problems()
    for name in set(data) - set(COLUMNS):
        problems.add(str(name)[:80], _l("A field definition has no “%(name)s”.", name=str(name)[:80]))
    for name in FIXED_FOR_GOOD:
        if name in data and data[name] != before.get(name) and (data[name] or before.get(name)):
            problems.add(name, _l("This can't change once the field is made. Make a new field and retire this one."))
    if "retired" in data and not isinstance(data["retired"], bool):
        problems.add("retired", _l("Say yes or no (true or false)."))
    after = completed(before, {name: data[name] for name in EDITABLE if name in data}, problems)
    after["retired"] = data.get("retired", before.get("retired", False))
    return save_change(access, before, after, source)


def save_change(access: Access, before: Raw, after: Raw, source: Source) -> Raw:
    if after == before:
        return before
    after = {**after, "version": before["version"] + 1, "changed_at": now()}
    in_transaction(lambda session: write_definition(session, access, "update", before, after, source))
    forget_version()
    return after


def retire_field(access: Access, definition_id: Any, *, source: Source = Source.SCREEN) -> Raw:
    """Hide a field everywhere and keep its values; restoring brings it back."""
    return change_field(access, definition_id, {"retired": True}, source=source)


def restore_field(access: Access, definition_id: Any, *, source: Source = Source.SCREEN) -> Raw:
    return change_field(access, definition_id, {"retired": False}, source=source)


def write_definition(
    session: ClientSession, access: Access, action: str, before: Raw, after: Raw, source: Source
) -> None:
    collection = FieldDefinition._get_collection()
    if action == "create":
        collection.insert_one(after, session=session)
    else:
        same = {"_id": after["_id"], "version": before["version"]}
        if not collection.replace_one(same, after, session=session).matched_count:
            raise VersionConflict(get_definition(after["_id"]))
    bump_version(session)
    spoken = [{name: raw.get(name) for name in COLUMNS if raw.get(name) is not None} for raw in (before, after)]
    note_change(session, {
        "register": "field_definition", "record": after["_id"], "action": action, "version": after["version"],
        "at": after["changed_at"], "by": access.user_id, "source": source.value, "batch": None,
        "changes": change_of(*spoken)}, after)  # fmt: skip
