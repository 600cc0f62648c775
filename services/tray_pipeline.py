"""What trays tell of opportunities: what they are worth, by the same figures as reports; the board's sums by stage; and
the ones to be closed next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l

from models.fields.conditions import Node
from models.fields.schema import schema_of
from models.opportunities import OPEN, WON
from models.pipelines import pipelines
from models.rights import Access
from services.board import Asked, Board, find_pipeline, has_board, pipelines_in_use, read_board
from services.currencies import Rates, rates_on
from services.opportunities import REGISTER, today_of
from services.reports.definition import definition_of
from services.reports.figures import figures_of
from services.search import find_page
from services.tasks import ALL, MINE, TEAM

Raw = dict[str, Any]
#: Whose opportunities are told of.
WHOSE: Mapping[str, Any] = {MINE: _l("Mine"), TEAM: _l("My team's"), ALL: _l("Everybody's")}
IS_OPEN: Node = {"col": "state", "opr": "eq", "value": OPEN}
IS_WON: Node = {"col": "state", "opr": "eq", "value": WON}
#: The ones to be closed next.
NEXT = 4


@dataclass(frozen=True)
class Worth:
    """How many there are and what they are worth together in `currency`, None where their reader does not see that;
    `left_out` counts those of each currency that has no rate."""

    count: int
    amount: Decimal | None = None
    currency: str = ""
    left_out: Mapping[str, int] = field(default_factory=dict)


def may_tell(access: Access) -> bool:
    """Whether the user sees opportunities with their stages and states."""
    return access.may(REGISTER, "see") and has_board(schema_of(REGISTER).for_access(access))


def whose_nodes(access: Access, whose: str) -> list[Node]:
    """The condition for whose opportunities they are; who is in no team is a team of one."""
    if whose == TEAM and access.team_id:
        return [{"col": "team", "opr": "eq", "value": str(access.team_id)}]
    return [{"col": "owner", "opr": "eq", "value": str(access.user_id)}] if whose in (MINE, TEAM) else []


def worth_of(access: Access, conditions: Sequence[Node], *, weighted: bool = False) -> Worth:
    """What the opportunities under these conditions are worth, `weighted` by their probability.

    Raises ConditionError, TooSlow.
    """
    seen = schema_of(REGISTER).for_access(access)
    needed = ("value", "probability") if weighted else ("value",)
    valued = all(column in seen.by_column for column in needed)
    measure = {"how": "weighted", "column": "value", "by": "probability"} if weighted else {
        "how": "sum", "column": "value"}  # fmt: skip
    asked = {"register": REGISTER, "conditions": list(conditions),
             "measures": [{"how": "count"}, *([measure] if valued else [])]}  # fmt: skip
    figures = figures_of(access, definition_of(access, asked))
    amount = figures.totals[1] if valued else None
    return Worth(figures.count, Decimal(amount) if amount is not None else Decimal(0) if valued else None,
                 figures.currency, figures.left_out)  # fmt: skip


def board_of(access: Access, pipeline: str, whose: str) -> tuple[Asked, Board, Rates]:
    """The sums of a pipeline by its stages. Raises ConditionError, TooSlow."""
    asked = Asked(access, find_pipeline(pipeline), whose_nodes(access, whose))
    return asked, read_board(asked, cards=False), rates_on(today_of(access))


def next_closing(access: Access, pipeline: str, whose: str) -> list[Raw]:
    """The open opportunities that are to be closed first. Raises ConditionError, TooSlow."""
    schema = schema_of(REGISTER).for_access(access)
    if "closes_on" not in schema.by_column:
        return []
    conditions = [IS_OPEN, *whose_nodes(access, whose), {"col": "closes_on", "opr": "nempty"}]
    if "pipeline" in schema.by_column:
        conditions.append({"col": "pipeline", "opr": "eq", "value": find_pipeline(pipeline).key})
    return find_page(access, REGISTER, conditions, order="closes_on", direction="asc", page_size=NEXT).rows


def stages(language: str) -> list[tuple[str, str]]:
    """(key, label) of the stages in use; of several pipelines with the pipeline's name."""
    used = pipelines_in_use()
    return [(stage.key, f"{one.label_in(language)}: {name}" if len(used) > 1 else name)
            for one in used for stage in one.offered if (name := stage.label_in(language))]  # fmt: skip


def stage_label(key: str, language: str) -> str:
    """What a stage is called; "" for one that is none."""
    return next((stage.label_in(language) for one in pipelines() for stage in one.stages if stage.key == key), "")
