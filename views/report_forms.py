"""What is typed into the form of a report, as plain values and back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from bson import ObjectId
from werkzeug.datastructures import MultiDict

from models.fields.conditions import Node
from models.fields.schema import Schema
from models.rights import NotAllowed
from services.conditions import asks_unseen
from services.reports.definition import MOST_GROUPS, MOST_MEASURES, dimensions
from services.reports.saved import ASKS_UNSEEN
from views.base import current_access
from views.selection import groups_of_text, readable, written

Raw = dict[str, Any]
NO_GROUP: Raw = {"column": "", "by": ""}
NO_FIGURE: Raw = {"how": "", "column": "", "by": ""}


@dataclass(frozen=True)
class Typed:
    """A report as its form holds it. `values` are those of a definition (services/reports/definition.py)."""

    values: Mapping[str, Any]
    name: str = ""
    audience: str = "me"
    roles: Sequence[str] = ()
    schedule: Mapping[str, Any] = field(default_factory=dict)

    # What the template shows

    @property
    def nodes(self) -> list[Node]:
        """The conditions that the search builder shows."""
        return [node for node in self.values.get("conditions") or () if readable(node)]

    @property
    def where(self) -> str:
        return written(self.values.get("conditions") or ())

    @property
    def groups(self) -> list[Raw]:
        return padded(self.values.get("groups") or (), NO_GROUP, MOST_GROUPS)

    @property
    def figures(self) -> list[Raw]:
        return padded(self.values.get("measures") or (), NO_FIGURE, MOST_MEASURES)

    @property
    def across(self) -> bool:
        return bool(self.values.get("across"))

    @property
    def chart(self) -> str:
        return str(self.values.get("chart") or "none")

    @property
    def order(self) -> str:
        return str(self.values.get("order") or "groups")

    @property
    def limit(self) -> str:
        return str(self.values.get("limit") or "")

    @property
    def sending(self) -> Raw:
        """When it is sent and to whom, as the form shows it; a new one on Mondays at eight."""
        return {"every": "", "weekday": 0, "day": 1, "hour": 8, "users": (), "roles": (), **self.schedule}

    @property
    def saved(self) -> Raw:
        """What is saved of it (services/reports/saved.py)."""
        return {**self.values, "name": self.name, "audience": self.audience, "roles": list(self.roles),
                "schedule": dict(self.schedule) or None}  # fmt: skip


def padded(found: Iterable[Mapping[str, Any]], empty: Raw, most: int) -> list[Raw]:
    rows = [{**empty, **one} for one in found][:most]
    return rows + [dict(empty) for _row in range(most - len(rows))]


def typed_in(schema: Schema, form: MultiDict[str, str]) -> Typed:
    """What a posted form says; nothing is checked but what belongs together."""
    measures, places = measures_typed(form)
    values = {
        "register": schema.register.key, "conditions": groups_of_text(form.get("where", "")),
        "groups": groups_typed(schema, form), "across": form.get("across") == "1", "measures": measures,
        "chart": form.get("chart", "none"), "order": places.get(form.get("order", ""), form.get("order", "")),
        "limit": form.get("limit", "").strip(),
    }  # fmt: skip
    return Typed(values, form.get("name", ""), form.get("audience", "me"), form.getlist("roles"), schedule_typed(form))


def groups_typed(schema: Schema, form: MultiDict[str, str]) -> list[Raw]:
    """The groups that are chosen; only dates are grouped by periods."""
    dated = {one.column for one in dimensions(schema) if "month" in one.ways}
    pairs = zip_longest(form.getlist("group"), form.getlist("group_by"), fillvalue="")
    return [{"column": column, "by": by if column in dated else ""} for column, by in pairs if column]


def measures_typed(form: MultiDict[str, str]) -> tuple[list[Raw], dict[str, str]]:
    """The figures that are chosen, and where each row of the form stands among them."""
    names = (form.getlist(name) for name in ("how", "measured", "percent"))
    found: list[Raw] = []
    places = {}
    for number, (how, column, percent) in enumerate(zip_longest(*names, fillvalue="")):
        if how:
            places[str(number)] = str(len(found))
            found.append({"how": how, "column": "" if how == "count" else column,
                          "by": percent if how == "weighted" else ""})  # fmt: skip
    return found or [{**NO_FIGURE, "how": "count"}], places


def schedule_typed(form: MultiDict[str, str]) -> Raw:
    every = form.get("every", "")
    if not every:
        return {}
    return {
        "every": every, "weekday": form.get("weekday", "0"), "day": form.get("day", "1"),
        "hour": form.get("hour", "8"), "users": form.getlist("send_users"), "roles": form.getlist("send_roles"),
    }  # fmt: skip


def typed_of(report: Mapping[str, Any], name: str = "") -> Typed:
    """A report as it is saved or comes along, to be changed. Raises NotAllowed where its conditions speak of what the
    user does not see."""
    if asks_unseen(current_access(), report):
        raise NotAllowed(ASKS_UNSEEN)
    schedule = report.get("schedule") or {}
    return Typed(
        {part: report.get(part) for part in ("register", "conditions", "groups", "across", "measures", "chart", "order",
                                             "limit", "as_of")},
        name or report.get("name", ""), str(report.get("audience") or "me"), texts(report.get("roles")),
        {**schedule, "users": texts(schedule.get("users")), "roles": texts(schedule.get("roles"))} if schedule else {},
    )  # fmt: skip


def texts(ids: Iterable[ObjectId] | None) -> list[str]:
    return [str(one) for one in ids or ()]
