"""Links written as names: found, or made where the mapping says so."""

from collections.abc import Iterable, Mapping
from typing import Any

from bson import ObjectId
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.fields.query import every_of
from models.fields.schema import schema_of
from models.registers import REGISTERS
from models.rights import Access, NotAllowed
from models.security import Team, User
from services.imports.existing import comparable, name_keys
from services.imports.plan import Binding, Plan
from services.imports.rows import Draft, Kept
from services.records import BulkFailed, Origin, create_records, prepare_new

Known = dict[tuple[str, str], list[ObjectId]]
#: {register: {the name as it is compared: the name}}
Missing = dict[str, dict[str, str]]


def resolve_links(access: Access, plan: Plan, drafts: Iterable[Draft], origin: Origin | None) -> set[tuple[str, str]]:
    """Put ids in place of names, and an error on a field where a name means no record or several. Returns the records,
    (register, name as it is compared), that were missing and were made.

    Missing records are made where the mapping says so, in a transaction of their own: after a crash they are found
    by their names. Without an `origin` they are only said to be.
    """
    drafts = [draft for draft in drafts if draft.links]
    wanted = {(binding.target, name): binding for draft in drafts for binding, names in draft.links
              for name in names}  # fmt: skip
    known = find_named(access, wanted)
    missing: Missing = {}
    for (target, name), binding in wanted.items():
        if binding.use.create_missing and target in REGISTERS and not known.get((target, comparable(name))):
            missing.setdefault(target, {}).setdefault(comparable(name), name)
    made: Known = {}
    for target, absent in missing.items():
        made |= create_named(access, target, creatable(access, target, absent), origin)
    known |= made
    for draft in drafts:
        for binding, names in draft.links:
            link(draft, binding, names, known, strict=plan.mapping.strict)
    return set(made)


def find_named(access: Access, wanted: Iterable[tuple[str, str]]) -> Known:
    """(register, name) -> the ids of the records of that name which the user may see; users are found by their e-mail
    address and user name too, teams by their names."""
    by_target: dict[str, set[str]] = {}
    for target, name in wanted:
        by_target.setdefault(target, set()).add(name)
    known: Known = {}
    for target, names in by_target.items():
        if target not in REGISTERS:
            known |= found_colleagues(target, {comparable(name) for name in names})
            continue
        query = every_of([access.condition(target), {"sort_name": {"$in": sorted(name_keys(names))}}])
        for raw in REGISTERS[target].document._get_collection().find(query, {"name": 1}):
            known.setdefault((target, comparable(raw["name"])), []).append(raw["_id"])
    return known


def found_colleagues(target: str, names: set[str]) -> Known:
    """The same for users who may log in, and for teams: there are never many of them."""
    known: Known = {}
    if target == "team":
        called = [(team["_id"], [team["name"]]) for team in Team._get_collection().find({}, {"name": 1})]
    else:
        wanted = {"first_name": 1, "last_name": 1, "username": 1, "email": 1}
        called = [(raw["_id"], names_of_user(raw)) for raw in User._get_collection().find({"active": True}, wanted)]
    for one, texts in called:
        for name in {comparable(text) for text in texts} & names:
            known.setdefault((target, name), []).append(one)
    return known


def names_of_user(raw: Mapping[str, Any]) -> list[str]:
    first, last = raw.get("first_name") or "", raw.get("last_name") or ""
    return [f"{first} {last}", f"{last} {first}", f"{last}, {first}", raw.get("username") or "", raw.get("email") or ""]


def creatable(access: Access, target: str, names: dict[str, str]) -> dict[str, str]:
    """Those of the names of which a record can be made."""
    try:
        prepare_new(access, schema_of(target), [{"name": name} for name in names.values()])
    except BulkFailed as failed:
        return {key: names[key] for place, key in enumerate(names) if place not in failed.errors}
    return names


def create_named(access: Access, target: str, names: dict[str, str], origin: Origin | None) -> Known:
    if origin is None:
        return {(target, key): [ObjectId()] for key in names}
    made = create_records(access, target, [{"name": name} for name in names.values()], origin=origin)
    return {(target, comparable(raw["name"])): [raw["_id"]] for raw in made}


def link(draft: Draft, binding: Binding, names: list[str], known: Known, *, strict: bool) -> None:
    """Link what is known for certain; names that are not are kept as text, or in a strict import stand against it."""
    field, ids, odd, reasons = binding.field, [], [], []
    for name in names:
        found = known.get((binding.target, comparable(name)), [])
        if len(found) == 1:
            ids.append(found[0])
        else:
            odd.append(name)
            reasons.append(why_not(name, len(found)))
    if odd and strict:
        draft.parsed.fail(field.column, " ".join(reasons))
    elif odd:
        text = (binding.use.separator.strip() + " ").join(odd)
        draft.kept.append(Kept(binding.companion, binding.header, text, " ".join(reasons), field.column))
    if ids:
        draft.parsed.values[field.column] = list(dict.fromkeys(ids)) if field.kind.several else ids[0]


def why_not(name: str, count: int) -> str:
    if count:
        return _("%(count)s records are called “%(name)s”.", count=count, name=name[:80])
    return _("There is no record called “%(name)s”.", name=name[:80])


def check_may_create(access: Access, plan: Plan) -> None:
    """Raises NotAllowed where linked records would have to be made that the user may not add."""
    for binding in plan.by_column.values():
        if binding.use.create_missing and not access.may(binding.target, "add"):
            raise NotAllowed(_l("You may not add the linked records of column “%(header)s”. Ask an administrator for "
                                "the right, or leave out “create_missing”.", header=binding.header))  # fmt: skip
