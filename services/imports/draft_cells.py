"""The cells that a check found wrong, and mending them before anything is written."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.fields.errors import FieldError, ValidationFailed
from models.imports import DraftState, FaultyCell, ImportDraft
from models.rights import Access
from models.transactions import in_transaction
from services.imports.draft_mapping import mapping_of
from services.imports.draft_reading import get_draft, open_draft
from services.imports.existing import comparable
from services.imports.limits import MAX_MENDED, MAX_MENDED_TEXT
from services.imports.linked import find_named, why_not
from services.imports.plan import Binding, make_plan
from services.imports.rows import parts_of
from services.imports.steps import reading_context
from services.records import VersionConflict, now

Raw = dict[str, Any]
Cells = Mapping[tuple[int, int], str]
PAGE, MOST_VALUES = 50, 200


# Reading


def faulty_cells(
    access: Access, draft_id: Any, page: int = 0, *, kept: bool | None = None, place: int | None = None
) -> tuple[list[Raw], int]:
    """(a page of the cells that the last check found wrong, {row, place, header, value, reason, kept}, how many there
    are). Those that stop their row come first; with `kept` only those that don't, or only those that do. `place` is
    none where a row is wrong as a whole. Raises RecordNotFound."""
    query: Raw = {"draft": get_draft(access, draft_id)["_id"]}
    query |= {} if kept is None else {"kept": kept}
    query |= {} if place is None else {"place": place}
    cells = FaultyCell._get_collection()
    found = cells.find(query, {"_id": 0, "draft": 0}).sort([("kept", 1), ("row", 1), ("place", 1)])
    return list(found.skip(max(0, page) * PAGE).limit(PAGE)), cells.count_documents(query)


def faulty_values(access: Access, draft_id: Any) -> list[Raw]:
    """The faulty values that stop rows, {place, header, value, reason, count}, those that stand in most rows first."""
    pipeline: list[Raw] = [
        {"$match": {"draft": get_draft(access, draft_id)["_id"], "kept": False, "place": {"$ne": None}}},
        {"$group": {"_id": {"place": "$place", "value": "$value"}, "header": {"$first": "$header"},
                    "reason": {"$first": "$reason"}, "count": {"$sum": 1}}},
        {"$sort": {"count": -1, "_id": 1}}, {"$limit": MOST_VALUES},
        {"$project": {"_id": 0, "place": "$_id.place", "value": "$_id.value", "header": 1, "reason": 1, "count": 1}},
    ]  # fmt: skip
    return list(FaultyCell._get_collection().aggregate(pipeline))


# Mending


def correct_cells(access: Access, draft_id: Any, cells: Cells) -> int:
    """Put texts in place of cells, {(row, place): text}; returns how many of them are good now. One that is not stays
    among the faulty ones, as it is written now. Whether the rows come in shows when they are checked again.

    Raises RecordNotFound, ImportProblem, ValidationFailed, VersionConflict.
    """
    draft = open_draft(access, draft_id)
    check_cells(draft, cells)
    corrections = {row: dict(places) for row, places in draft["corrections"].items()}
    for (row, place), text in cells.items():
        corrections.setdefault(str(row), {})[str(place)] = text.strip()
    if sum(map(len, corrections.values())) > MAX_MENDED:
        raise ValidationFailed({"": [_l("At most %(max)s cells can be mended one by one. Mend the rest in the file.",
                                        max=MAX_MENDED)]})  # fmt: skip
    judge = Judge(access, draft)
    reasons = {cell: judge.reason_against(cell[1], text.strip()) for cell, text in cells.items()}

    def write(session: ClientSession) -> None:
        for (row, place), reason in reasons.items():
            its = {"draft": draft["_id"], "row": row, "place": place}
            settle(session, its, cells[row, place].strip(), reason)
        save_mended(session, draft, {"corrections": corrections})

    in_transaction(write)
    return sum(1 for reason in reasons.values() if not reason)


def correct_values(access: Access, draft_id: Any, place: int, old: str, new: str) -> int:
    """Put one text in place of all cells of a column that are equal to another; returns how many faulty ones it was,
    none where the new one is not good either: then nothing is changed but what is said of them.

    Raises as `correct_cells` does.
    """
    draft = open_draft(access, draft_id)
    check_cells(draft, {(1, place): new})
    pairs = {known: put for known, put in draft["replacements"].get(str(place), ()) if known != old}
    if len(pairs) >= MAX_MENDED:
        raise ValidationFailed({"": [_l("At most %(max)s cells can be mended one by one. Mend the rest in the file.",
                                        max=MAX_MENDED)]})  # fmt: skip
    reason = Judge(access, draft).reason_against(place, new.strip())
    if reason:
        raise ValidationFailed({str(place): [reason]})
    replacements = {**draft["replacements"], str(place): [*map(list, pairs.items()), [old, new.strip()]]}
    corrections = with_replaced(draft["corrections"], str(place), old, new.strip())

    def write(session: ClientSession) -> int:
        its = {"draft": draft["_id"], "place": place, "value": old}
        count = FaultyCell._get_collection().delete_many(its, session=session).deleted_count
        save_mended(session, draft, {"replacements": replacements, "corrections": corrections})
        return count

    return in_transaction(write)


def with_replaced(corrections: Mapping[str, Mapping[str, str]], place: str, old: str, new: str) -> Raw:
    """The corrections, those that say the old text in the column among them replaced: a cell that was written anew by
    itself is one of the equal ones too."""
    return {row: {at: new if (at, text) == (place, old) else text for at, text in cells.items()}
            for row, cells in corrections.items()}  # fmt: skip


def check_cells(draft: Raw, cells: Cells) -> None:
    places, errors = len(draft["columns"]), []
    for (row, place), text in cells.items():
        if not (type(row) is int and type(place) is int and 0 < row < 10**8 and 0 <= place < places):
            errors.append(_l("There is no such cell in the file."))
        elif not isinstance(text, str) or len(text) > MAX_MENDED_TEXT:
            errors.append(_l("Give text of at most %(max)s characters.", max=MAX_MENDED_TEXT))
    if errors or not cells:
        raise ValidationFailed({"": errors[:1] or [_l("Say which cell to mend.")]})


def settle(session: ClientSession, its: Raw, text: str, reason: str) -> None:
    if reason:
        FaultyCell._get_collection().update_many(its, {"$set": {"value": text, "reason": reason}}, session=session)
    else:
        FaultyCell._get_collection().delete_many(its, session=session)


def save_mended(session: ClientSession, draft: Raw, changes: Raw) -> None:
    """Write corrections; what the check said of rows is out of date now, what it said of cells is kept up."""
    cells = FaultyCell._get_collection()
    stopping = {"draft": draft["_id"], "kept": False}
    checked = draft["checked"]
    if draft["state"] == DraftState.CHECKED:
        rows = len(cells.distinct("row", stopping, session=session))
        checked = {**checked, "faulty": rows, "stale": True}
    same = {"_id": draft["_id"], "version": draft["version"], "state": draft["state"]}
    after = {**changes, "checked": checked, "version": draft["version"] + 1, "changed_at": now()}
    if not ImportDraft._get_collection().update_one(same, {"$set": after}, session=session).matched_count:
        raise VersionConflict(draft)


class Judge:
    """Says whether a text is good for a column of a draft."""

    def __init__(self, access: Access, draft: Raw) -> None:
        self.access = access
        header = [column["header"] for column in draft["columns"]]
        self.plan = make_plan(access, draft["register"], mapping_of(draft), header)
        self.context = reading_context(access, self.plan)
        self.bindings = {planned.place: planned.bindings[0] for planned in self.plan.columns}

    def reason_against(self, place: int, text: str) -> str:
        """Why the text can't stand in the column; "" where it can."""
        binding = self.bindings.get(place)
        if binding is None:
            return ""
        if not text:
            return str(_l("This field must have a value: fill it in.")) if binding.field.required else ""
        if binding.use.link_by:
            return self.against_names(binding, parts_of(text, binding) or [text])
        if binding.gathers:
            return ""
        parts = parts_of(text, binding)
        try:
            binding.field.kind.parse(parts or text, binding.field, self.context)
        except FieldError as error:
            return str(error.message)
        return ""

    def against_names(self, binding: Binding, names: list[str]) -> str:
        target = binding.target
        known = find_named(self.access, [(target, name) for name in names])
        counts = {name: len(known.get((target, comparable(name)), ())) for name in names}
        wrong = [(name, count) for name, count in counts.items()
                 if count > 1 or not (count or binding.use.create_missing)]  # fmt: skip
        return " ".join(why_not(name, count) for name, count in wrong)
