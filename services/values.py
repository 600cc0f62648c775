"""From what was typed or sent to the values of a record, with everything that is wrong said at once."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bson import ObjectId
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.base import stored_value
from models.fields.context import Context
from models.fields.errors import FieldError
from models.fields.field import Field
from models.fields.kinds.references import FILE
from models.fields.schema import Schema
from models.fields.unseen import LOCKED, UNSEEN
from models.files import StoredFile
from models.registers import REGISTERS
from models.rights import Access
from models.security import Team, User

NO_FILE = _l("One of the files is none that you have uploaded here. Upload it again.")
Reference = tuple[str, ObjectId]


@dataclass
class Parsed:
    """One record's parsed values: `values` maps columns to stored values (None clears), `errors` to messages."""

    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, list[Any]] = field(default_factory=dict)
    keepable: list[str] = field(default_factory=list)

    def fail(self, column: str, message: Any, *, keepable: bool = False) -> None:
        self.errors.setdefault(column, []).append(message)
        if keepable:
            self.keepable.append(column)


class KnownValues:
    """Values parsed before, for many rows that are read in one context and by one schema: lists repeat themselves."""

    #: Of one field; a field with more different values hardly repeats any.
    MOST = 1_000

    def __init__(self) -> None:
        self._by_column: defaultdict[str, dict[str, Any]] = defaultdict(dict)

    def parse(self, found: Field, raw: Any, context: Context) -> Any:
        """What the field's kind makes of the value. Raises FieldError."""
        if type(raw) is not str:
            return None if raw is None else found.kind.parse(raw, found, context)
        known = self._by_column[found.column]
        if raw in known:
            value = known[raw]
            return value.copy() if isinstance(value, (list, dict)) else value
        value = found.kind.parse(raw, found, context)
        if len(known) < self.MOST:
            known[raw] = value
        return value


def context_of(access: Access) -> Context:
    """The context in which one user's input is read and output is written."""
    return Context(language=access.language, time_zone=access.time_zone, user_id=access.user_id,
                   team_id=access.team_id)  # fmt: skip


def parse_values(
    schema: Schema, raw: Mapping[str, Any], context: Context, *,
    before: Mapping[str, Any] | None = None, keep: Collection[str] = (), known: KnownValues | None = None,
) -> Parsed:  # fmt: skip
    """Parse `raw` ({column: what was sent}) by the schema as its user sees it.

    A value that is sent as it stands already is left alone, so an odd value that was kept once stays quietly; one that
    the user does not see (UNSEEN) is not written over.
    Whoever reads many rows in one context passes the same `known` with each, and keeps nothing on purpose.
    """
    parsed, insisting = Parsed(), replace(context, keep_odd=True) if keep else context
    for column, value in raw.items():
        found = schema.get(column)
        if found is None:
            parsed.fail(column, _l("There is no field “%(column)s”.", column=str(column)[:80]))
        elif (before is not None or found.read_only) and unchanged(found, value, before, context):
            continue
        elif found.read_only:
            parsed.fail(column, _l("You can't change this field."))
        elif before is not None and stored_value(found, before) is UNSEEN:
            parsed.fail(column, LOCKED)
        else:
            reading = insisting if column in keep else context
            if before:
                reading = replace(reading, held=stored_value(found, before))
            parse_one(parsed, found, value, reading, known)
    return parsed


def unchanged(found: Field, value: Any, before: Mapping[str, Any] | None, context: Context) -> bool:
    if before is None:
        return found.read_only and value in (None, "", [])
    stored = stored_value(found, before)
    return value in (found.kind.edit_text(stored, found, context), found.kind.to_json(stored, found))


def parse_one(parsed: Parsed, found: Field, value: Any, context: Context, known: KnownValues | None = None) -> None:
    try:
        parsed.values[found.column] = (
            found.kind.parse(value, found, context) if known is None else known.parse(found, value, context)
        )
    except FieldError as error:
        parsed.fail(found.column, error.message, keepable=error.keepable)


def check_required(parsed: Parsed, schema: Schema, result: Mapping[str, Any]) -> None:
    """Note each required field that the finished record leaves empty and nothing else is said of."""
    for found in schema.required:
        if found.column not in parsed.errors and stored_value(found, result) in (None, "", []):
            parsed.fail(found.column, _l("%(label)s is missing: fill it in.", label=LazyLabel(found)))


def check_together(parsed: Parsed, schema: Schema, result: Mapping[str, Any]) -> None:
    """Note what does not go together in the finished record; of a column that one does not see, by what was sent."""
    for column, message in schema.register.document.problems(result).items():
        if column not in parsed.errors:
            shown = column if column in schema.by_column else next(iter(parsed.values), column)
            parsed.fail(shown, message)


class LazyLabel:
    """A field's label in the language of whoever reads the message."""

    def __init__(self, found: Field) -> None:
        self.found = found

    def __str__(self) -> str:
        return self.found.label_in(str(get_locale() or "en"))


def check_references(
    access: Access, schema: Schema, rows: Sequence[Parsed], before: Mapping[str, Any] | None = None,
    session: ClientSession | None = None,
) -> None:  # fmt: skip
    """Note every value that points at a record that is not there or that the user may not see; one query a target.

    What the record pointed at `before` may stay: its user may not see it, or it may be in the recycle bin. With a
    `session`, what that transaction has written is there.
    """
    held = held_references(schema, before or {})
    wanted: dict[str, set[ObjectId]] = {}
    for _, _, (target, reference) in references(schema, rows):
        wanted.setdefault(target, set()).add(reference)
    known = {target: existing(access, target, ids, session) for target, ids in wanted.items()}
    for parsed, column, (target, reference) in references(schema, rows):
        if reference not in known[target] and (column, reference) not in held:
            parsed.fail(column, NO_FILE if target == FILE else _l(
                "There is no record with the id %(id)s. Choose one from the list.", id=reference))  # fmt: skip
    check_borrowed(access, schema, rows)


def check_borrowed(access: Access, schema: Schema, rows: Sequence[Parsed]) -> None:
    """Note every value that would be completed by what its user does not see of the record that it points at."""
    for parsed in rows:
        for found in schema.referring:
            columns = found.kind.borrowed(parsed.values.get(found.column))
            if any(access.hides(found.target, column) for column in columns):
                message = _l("Give the name and the price of each row: you don't see those of the product.")
                parsed.fail(found.column, message)


def held_references(schema: Schema, raw: Mapping[str, Any]) -> set[tuple[str, ObjectId]]:
    """(column, id) of everything that a raw document points at."""
    pairs = ((found, stored_value(found, raw)) for found in schema.referring)
    return {(found.column, key) for found, value in pairs for _, key in found.kind.references(value, found)}


def references(schema: Schema, rows: Sequence[Parsed]) -> Iterable[tuple[Parsed, str, Reference]]:
    for parsed in rows:
        for found in schema.referring:
            for reference in found.kind.references(parsed.values.get(found.column), found):
                yield parsed, found.column, reference


def existing(access: Access, target: str, ids: set[ObjectId], session: ClientSession | None = None) -> set[ObjectId]:
    """Those of the ids that exist and that the user may see."""
    if target == "user":
        query: dict[str, Any] = {"active": True}
        document: Any = User
    elif target == "team":
        query, document = {}, Team
    elif target == FILE:
        # What others have uploaded is theirs until it stands in the record; the program itself may take any.
        mine = {"owner": access.user_id} if access.user_id else {}
        query, document = {"purpose": "attachment", **mine}, StoredFile
    elif target in REGISTERS:
        query, document = access.condition(target), REGISTERS[target].document
    else:
        return set()
    narrowed = {"$and": [{"_id": {"$in": list(ids)}}, query]}
    return {raw["_id"] for raw in document._get_collection().find(narrowed, {"_id": 1}, session=session)}
