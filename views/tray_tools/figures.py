"""Figures of a tray: a number, what it is beside, and a line of how it came to be."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import format_number, ngettext
from flask_babel import gettext as _

from models.registers import register_of
from models.rights import Access
from services.search import COUNT_CAP, find_page
from services.tasks import MOST_TOLD, told_overdue
from services.tray_figures import added_by_month, done_by_week, open_tasks
from views.tray_tools.drawing import Shown, draws
from views.tray_tools.records import count_text, register_seen, view_seen

Raw = Mapping[str, Any]
#: The line of a figure in the units of its drawing.
LINE_WIDTH, LINE_HEIGHT, LINE_EDGE = 76, 20, 2


def figure(value: str, note: str = "", *, tone: str = "", url: str = "", title: str = "",
           line: Sequence[int] = ()) -> Shown:  # fmt: skip
    """A number in large, a note below it in a tone ("ok", "late"), and the line of the numbers before it."""
    data = {"value": value, "note": note, "tone": tone, "points": points_of(line), "last": points_of(line)[-1:]}
    return Shown("figure", data, title=title, url=url)


def points_of(values: Sequence[int]) -> list[tuple[float, float]]:
    """The places of a line's numbers, the last one at its right end; none for numbers that are all nothing."""
    most = max(values, default=0)
    if not most:
        return []
    step, height = (LINE_WIDTH - 2 * LINE_EDGE) / (len(values) - 1), LINE_HEIGHT - 2 * LINE_EDGE
    return [(round(LINE_EDGE + step * place, 1), round(LINE_EDGE + height * (1 - value / most), 1))
            for place, value in enumerate(values)]  # fmt: skip


def capped(count: int, cap: int = COUNT_CAP) -> str:
    return f"{format_number(cap)}+" if count > cap else format_number(count)


@draws("figure_tasks")
def tasks(access: Access, _options: Raw, _size: str, _address: str) -> Shown:
    late = told_overdue(access)
    note = ngettext("%(num)s is overdue", "%(num)s are overdue", late) if late else _("nothing is overdue")
    return figure(capped(open_tasks(access)), note, url="/tasks/")


@draws("figure_overdue")
def overdue(access: Access, _options: Raw, _size: str, _address: str) -> Shown:
    late = told_overdue(access)
    return figure(capped(late, MOST_TOLD), _("of my tasks"), tone="late" if late else "", url="/tasks/?due=overdue")


@draws("figure_done")
def done(access: Access, _options: Raw, _size: str, _address: str) -> Shown:
    weeks = done_by_week(access)
    note, tone = compared(weeks[-1], weeks[-2], _("as many as last week"))
    return figure(format_number(weeks[-1]), note, tone=tone, url="/tasks/?due=done", line=weeks)


def compared(now: int, before: int, same: str) -> tuple[str, str]:
    """(what a number is beside the one of last week, its tone)."""
    if now > before:
        return ngettext("%(num)s more than last week", "%(num)s more than last week", now - before), "ok"
    if now < before:
        return ngettext("%(num)s fewer than last week", "%(num)s fewer than last week", before - now), ""
    return same, ""


@draws("figure_added")
def added(access: Access, options: Raw, _size: str, _address: str) -> Shown:
    card = register_seen(access, options)
    before, now = added_by_month(access, card.key)
    return figure(capped(now), _("last month %(count)s", count=capped(before)),
                  title=_("New this month: %(register)s", register=card.label),
                  url=f"{card.path}/?_flt_period_created_at=this_month")  # fmt: skip


@draws("figure_view")
def view(access: Access, options: Raw, _size: str, _address: str) -> Shown:
    raw = view_seen(access, options)
    card = register_of(raw["register"])
    page = find_page(access, card.key, raw["conditions"], page_size=1, thorough=True, columns=[card.name_field])
    return figure(count_text(page), str(card.label), title=raw["name"], url=f"{card.path}/?view={raw['_id']}")
