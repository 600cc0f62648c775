"""The tools that a tray can be made of: what each is called, how large it is, what is chosen about it, who may have it.

A tool is a `Tool` here and a function that draws it in `views/tray_tools/`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l

from models.collation import collation_key
from models.fields.errors import ValidationFailed
from models.registers import all_registers, register_of
from models.reports import Report
from models.rights import SETTINGS, Access
from models.saved_views import Audience, SavedView
from models.trays import FIGURE, NARROW, WIDE
from services.board import pipelines_in_use
from services.repeating import REGISTER as ACTIVITY
from services.reports.ready import ready_reports
from services.reports.saved import reports_for
from services.saved_views import MOST_VIEWS, seen_by
from services.tasks import MINE, TEAM, WHOSE
from services.tray_pipeline import WHOSE as OF
from services.tray_pipeline import may_tell, stages

Raw = dict[str, Any]
#: (value, label) of what an option may be.
Choices = list[tuple[str, Any]]
COMPANY, CAMPAIGN = "company", "campaign"
PANEL = (NARROW, WIDE)


@dataclass(frozen=True)
class Option:
    """Something that is chosen about a tool. `choices(access, roles)` are those there are: with `roles` for the tray of
    these roles, whose users must be able to see what is chosen; None is for one's own. `none` says what to do where
    there is nothing to choose."""

    name: str
    label: Any
    choices: Callable[[Access, Sequence[ObjectId] | None], Choices]
    none: Any = ""


@dataclass(frozen=True)
class Tool:
    """One tool. `sizes` are those it may have, the usual one first. One that is `later` is fetched when the page is
    there already, since it may take its time."""

    key: str
    label: Any
    help: Any
    icon: str
    sizes: Sequence[str]
    may: Callable[[Access], bool]
    options: Sequence[Option] = ()
    later: bool = False

    @property
    def is_figure(self) -> bool:
        return FIGURE in self.sizes


TOOLS: dict[str, Tool] = {}


def add_tool(tool: Tool) -> Tool:
    TOOLS[tool.key] = tool
    return tool


def offered_tools(access: Access) -> Iterator[Tool]:
    """Those that the user may have on a tray."""
    return (tool for tool in TOOLS.values() if tool.may(access))


def chosen_options(access: Access, tool: Tool, given: Mapping[str, str], roles: Sequence[ObjectId] | None) -> Raw:
    """What is chosen about a tool, as it is kept. Raises ValidationFailed by the options' names."""
    errors: dict[str, list[Any]] = {}
    for option in tool.options:
        choices = option.choices(access, roles)
        if given.get(option.name, "") not in [value for value, _label in choices]:
            errors[option.name] = [option.none if option.none and not choices else
                                   _l("Choose one of those that are offered.")]  # fmt: skip
    if errors:
        raise ValidationFailed(errors)
    return {option.name: given[option.name] for option in tool.options}


# Who may have them, and what is chosen


def sees(*registers: str) -> Callable[[Access], bool]:
    """Whether one may see all of these registers."""
    return lambda access: all(access.may(register, "see") for register in registers)


def adds_something(access: Access) -> bool:
    return any(access.may(card.key, "add") for card in all_registers())


def sees_something(access: Access) -> bool:
    return any(access.may(card.key, "see") for card in all_registers())


def whose_choices(access: Access, roles: Sequence[ObjectId] | None) -> Choices:
    return [(MINE, WHOSE[MINE])] + ([(TEAM, WHOSE[TEAM])] if access.team_id or roles is not None else [])


def of_choices(access: Access, roles: Sequence[ObjectId] | None) -> Choices:
    return [(key, label) for key, label in OF.items() if key != TEAM or access.team_id or roles is not None]


def pipeline_choices(access: Access, _roles: Sequence[ObjectId] | None) -> Choices:
    """The first pipeline, whichever that is, and the others by their keys."""
    names = [(one.key, one.label_in(access.language)) for one in pipelines_in_use()]
    return [("", names[0][1]), *names[1:]]


def stage_choices(access: Access, _roles: Sequence[ObjectId] | None) -> Choices:
    return list(stages(access.language))


def report_choices(access: Access, roles: Sequence[ObjectId] | None) -> Choices:
    """The reports that come with the program and those saved: those one may open, or for the tray of roles those shared
    with all or with one of them."""
    ready = [(one.key, one.label) for one in ready_reports(access)]
    if roles is None:
        return [*ready, *((str(raw["_id"]), raw["name"]) for raw in reports_for(access))]
    shared = {"$or": [{"audience": Audience.ALL.value}, {"audience": Audience.ROLE.value, "roles": {"$in": roles}}]}
    found = Report._get_collection().find(shared, {"name": 1, "register": 1}).limit(MOST_VIEWS)
    saved = sorted(((raw["name"], str(raw["_id"])) for raw in found if access.may(raw["register"], "see")),
                   key=lambda one: collation_key(one[0]))  # fmt: skip
    return [*ready, *((key, name) for name, key in saved)]


def register_choices(access: Access, _roles: Sequence[ObjectId] | None) -> Choices:
    return [(card.key, card.label) for card in all_registers() if access.may(card.key, "see") and not card.happens]


def view_choices(access: Access, roles: Sequence[ObjectId] | None) -> Choices:
    """Saved views by register and name: those one may open, or for the tray of roles those shared with all or with one
    of them."""
    shared = {"$or": [{"audience": Audience.ALL.value}, {"audience": Audience.ROLE.value, "role": {"$in": roles}}]}
    query = seen_by(access) if roles is None else shared
    found = SavedView._get_collection().find(query, {"name": 1, "register": 1}).limit(MOST_VIEWS)
    seen = [raw for raw in found if access.may(raw["register"], "see")]
    seen.sort(key=lambda raw: (raw["register"], collation_key(raw["name"]), raw["_id"]))
    return [(str(raw["_id"]), f"{register_of(raw['register']).label}: {raw['name']}") for raw in seen]


VIEW = Option("view", _l("Saved view"), view_choices, none=_l(
    "There is no saved view to choose yet. Save one in a list first, shared with the role for its tray."))  # fmt: skip
#: Whose opportunities; of tasks "everybody's" would be no tool for a day.
OF_OPTION = Option("of", _l("Whose"), of_choices)
PIPELINE = Option("pipeline", _l("Pipeline"), pipeline_choices)
STAGE = Option("stage", _l("Stage"), stage_choices)
REPORT = Option("report", _l("Report"), report_choices)
WHOSE_OPTION = Option("whose", _l("Whose"), whose_choices)
ADDED_TO = Option("register", _l("Register"), register_choices)


# The tools

add_tool(Tool("tasks", _l("Tasks"), _l("What is overdue, due today and this week, to be ticked off."), "checkbox",
              PANEL, sees(ACTIVITY), (WHOSE_OPTION,)))  # fmt: skip
add_tool(Tool("calendar", _l("My day"), _l("What stands in your calendar today."), "calendar", PANEL, sees(ACTIVITY)))
add_tool(Tool("pipeline", _l("Pipeline"), _l("Open opportunities by stage with what they are worth, and those to be "
              "closed next."), "target-arrow", PANEL, may_tell, (OF_OPTION, PIPELINE), later=True))  # fmt: skip
add_tool(Tool("report", _l("Report"), _l("The figures of a report in a small table with bars."), "chart-bar", PANEL,
              sees_something, (REPORT,), later=True))  # fmt: skip
add_tool(Tool("view", _l("Saved view"), _l("The first rows of a list as it was saved, and how many there are."), "star",
              (WIDE, NARROW), sees_something, (VIEW,), later=True))  # fmt: skip
add_tool(Tool("news", _l("News of my customers"),
              _l("What others have done with the companies that you own, and changed in them."), "message",
              PANEL, sees(COMPANY), later=True))  # fmt: skip
add_tool(Tool("quick", _l("Quick adds"), _l("A button for each thing that you may add."), "plus", PANEL,
              adds_something))  # fmt: skip
add_tool(Tool("newest", _l("Newest records"), _l("What was added last to a register."), "clock", PANEL,
              sees_something, (ADDED_TO,), later=True))  # fmt: skip
add_tool(Tool("campaigns", _l("My campaigns"), _l("The campaigns that you own and that have not ended."),
              "speakerphone", PANEL, sees(CAMPAIGN), later=True))  # fmt: skip
add_tool(Tool("first_steps", _l("First steps"), _l("What is set up first, until all of it is done."), "list-details",
              PANEL, lambda access: access.may(SETTINGS, "change")))  # fmt: skip
add_tool(Tool("figure_open", _l("Open opportunities"), _l("What open opportunities are worth."), "target-arrow",
              (FIGURE,), may_tell, (OF_OPTION,), later=True))  # fmt: skip
add_tool(Tool("figure_won", _l("Won this month"), _l("What was won this month, beside the month before."), "check",
              (FIGURE,), may_tell, (OF_OPTION,), later=True))  # fmt: skip
add_tool(Tool("figure_stage", _l("Opportunities in a stage"), _l("How many are in a stage (offers out), and what they "
              "are worth."), "send", (FIGURE,), may_tell, (OF_OPTION, STAGE), later=True))  # fmt: skip
add_tool(Tool("figure_expected", _l("Expected this quarter"), _l("What open opportunities that are to be closed by the "
              "quarter's end are worth by their probability."), "chart-bar", (FIGURE,), may_tell, (OF_OPTION,),
              later=True))  # fmt: skip
add_tool(Tool("figure_tasks", _l("Open tasks"), _l("How many of your tasks are to be done."), "checkbox", (FIGURE,),
              sees(ACTIVITY)))  # fmt: skip
add_tool(Tool("figure_overdue", _l("Overdue tasks"), _l("How many of your tasks are overdue."), "alert-circle",
              (FIGURE,), sees(ACTIVITY)))  # fmt: skip
add_tool(Tool("figure_done", _l("Done this week"), _l("What you have done this week, beside last week."), "checks",
              (FIGURE,), sees(ACTIVITY)))  # fmt: skip
add_tool(Tool("figure_added", _l("New this month"), _l("How many records were added this month, beside the month "
              "before."), "plus", (FIGURE,), sees_something, (ADDED_TO,)))  # fmt: skip
add_tool(Tool("figure_view", _l("Records in a view"), _l("How many records a saved view holds."), "star", (FIGURE,),
              sees_something, (VIEW,), later=True))  # fmt: skip
