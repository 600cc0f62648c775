"""Tools that show records: a saved view, what was added last."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import format_number
from flask_babel import gettext as _

from models.campaigns import ENDED
from models.fields.field import Field
from models.fields.schema import schema_of
from models.registers import Register, register_of
from models.rights import Access
from models.trays import WIDE
from services.conditions import asks_unseen
from services.labels import context_for
from services.preferences import list_columns
from services.records import RecordNotFound
from services.saved_views import get_view
from services.search import Page, find_page
from services.tray_figures import newest_records
from services.tray_tools import CAMPAIGN
from views.base import current_user
from views.cells import list_cell
from views.tray_tools.drawing import Shown, draws

Raw = dict[str, Any]
#: What the tool of campaigns tells of each, as far as there is room.
CAMPAIGN_COLUMNS = ("name", "state", "starts_on", "ends_on", "costs")
ROWS, COLUMNS_NARROW, COLUMNS_WIDE = 6, 2, 5


@draws("view")
def view(access: Access, options: Mapping[str, Any], size: str, _address: str) -> Shown:
    raw = view_seen(access, options)
    card = register_of(raw["register"])
    columns = columns_of(access, card, raw, size)
    page = page_of(access, raw, columns)
    return Shown("records", table_of(access, card, columns, page.rows), title=raw["name"], count=count_text(page),
                 url=f"{card.path}/?view={raw['_id']}", url_label=_("Open the view"))  # fmt: skip


@draws("newest")
def newest(access: Access, options: Mapping[str, Any], size: str, _address: str) -> Shown:
    card = register_seen(access, options)
    columns = columns_of(access, card, {}, size)
    added = schema_of(card.key).for_access(access).get("created_at")
    if added and added not in columns:
        columns = [*columns[: (COLUMNS_WIDE if size == WIDE else COLUMNS_NARROW) - 1], added]
    rows = newest_records(access, card.key, ROWS)
    return Shown("records", table_of(access, card, columns, rows), title=_("Newest: %(register)s", register=card.label),
                 url=f"{card.path}/?order=created_at&dir=desc", url_label=_("All"))  # fmt: skip


@draws("campaigns")
def campaigns(access: Access, _options: Mapping[str, Any], size: str, _address: str) -> Shown:
    card = register_of(CAMPAIGN)
    schema = schema_of(CAMPAIGN).for_access(access)
    asked: list[Raw] = [{"col": "owner", "opr": "eq", "value": str(access.user_id)}]
    if "state" in schema.by_column:
        asked.append({"col": "state", "opr": "neq", "value": ENDED})
    shown = [field for column in CAMPAIGN_COLUMNS if (field := schema.get(column))]
    columns = shown[: COLUMNS_WIDE if size == WIDE else COLUMNS_NARROW]
    page = find_page(access, CAMPAIGN, asked, order="starts_on" if "starts_on" in schema.by_column else None,
                     direction="desc", page_size=ROWS, columns=[field.column for field in columns])  # fmt: skip
    return Shown("records", table_of(access, card, columns, page.rows), title=_("My campaigns"),
                 count=count_text(page), url=f"{card.path}/?view=all", url_label=_("All"))  # fmt: skip


def view_seen(access: Access, options: Mapping[str, Any]) -> Raw:
    """The saved view of a tool, as far as its reader may open it. Raises RecordNotFound."""
    raw = get_view(access, options.get("view", ""))
    if asks_unseen(access, raw):
        raise RecordNotFound("saved_view", raw["_id"])
    return raw


def register_seen(access: Access, options: Mapping[str, Any]) -> Register:
    """The register of a tool. Raises RecordNotFound where its reader does not see it."""
    card = register_of(options.get("register", ""))
    if not access.may(card.key, "see"):
        raise RecordNotFound("register", card.key)
    return card


def columns_of(access: Access, card: Register, raw: Mapping[str, Any], size: str) -> list[Field]:
    """The first columns of a view, the name before them; else those of the user's own list."""
    schema = schema_of(card.key).for_access(access)
    chosen = [column for column in raw.get("columns") or () if column in schema.by_column]
    chosen = chosen or list_columns(current_user().list_columns, schema)
    named = [card.name_field, *(column for column in chosen if column != card.name_field)]
    most = COLUMNS_WIDE if size == WIDE else COLUMNS_NARROW
    return [schema.by_column[column] for column in named if column in schema.by_column][:most]


def page_of(access: Access, raw: Raw, columns: Sequence[Field]) -> Page:
    """The first rows of a view. Raises ConditionError, TooSlow."""
    by_group = raw.get("group") or ""
    return find_page(access, raw["register"], raw["conditions"], order=by_group or raw["order"] or None,
                     direction=None if by_group else raw["direction"] or None, page_size=ROWS,
                     columns=[field.column for field in columns])  # fmt: skip


def count_text(page: Page) -> str:
    return f"{format_number(page.count)}{'' if page.exact else '+'}"


def table_of(access: Access, card: Register, columns: Sequence[Field], rows: Sequence[Raw]) -> Raw:
    context = context_for(access, columns, rows)
    heads = [(field.label_in(context.language), field.kind.numeric) for field in columns]
    return {"card": card, "heads": heads,
            "rows": [[list_cell(card, field, context, raw) for field in columns] for raw in rows]}  # fmt: skip
