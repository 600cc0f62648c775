"""The pipeline board: one pipeline's open opportunities by stage, to be moved from one to the next."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _

from models.fields.conditions import MAX_CONDITIONS, Node
from models.fields.errors import ConditionError
from models.opportunities import LOST, OPEN, WON
from models.pipelines import Pipeline, find_stage
from services.board import Asked, Board, find_pipeline, has_board, more_cards, pipelines_in_use, read_board
from services.currencies import rates_on
from services.opportunities import today_of
from services.search import TooSlow
from views.base import current_access, current_language
from views.board_cards import ShownBoard, shown_board, shown_cards
from views.closing import ACTIONS, ClosingScreens
from views.conditions import chips
from views.links import query_url
from views.saved_views import shown_views, wanted_view
from views.screens import BOARD, LIST, look_at, screen_links
from views.selection import comparison, conditions_of_args

Raw = dict[str, Any]
#: The field by which the address says which pipeline it is.
PIPELINE = "pipeline"


class BoardScreens(ClosingScreens):
    """The board of the opportunities, and what it fetches."""

    def screens(self) -> Sequence[str]:
        return self.card.screens if has_board(self.datamodel.schema) else (LIST,)

    @expose("/board", methods=["GET"])
    @has_access
    @permission_name("list")
    def board(self) -> Any:
        """The board of the pipeline that the address names (`_flt_eq_pipeline`), under its other conditions."""
        elsewhere = wanted_view(self.card) if "view" in request.args else None
        if elsewhere is not None:
            return elsewhere
        if BOARD not in self.screens():
            flash(_("You do not see the stages or the state of opportunities: there is no board for you."), "warning")
            return redirect(f"{request.script_root}{self.card.path}/?view=all")
        look_at(self.card, BOARD)
        asked, status = self.asked(), 200
        try:
            board = read_board(asked)
        except (ConditionError, TooSlow) as error:
            flash(str(error), "danger")
            board, status = Board(asked.pipeline, [], {}), 400
        conditions = asked.conditions[:MAX_CONDITIONS]
        access = current_access()
        return self.render_template(
            "opportunities/board.html", card=self.card, title=str(self.card.label), board=self.shown_here(asked, board),
            filters=chips(self.datamodel.schema, conditions), views=shown_views(self.card, BOARD),
            screens=screen_links(self.card, self.screens(), BOARD), pipelines=self.pipeline_links(asked.pipeline),
            can=self.can(), actions=ACTIONS, closing=(WON, LOST), closed_url=self.closed_url(asked),
            may_move="stage" in self.writable, may_close="state" in self.writable,
            may_set_up=access.may(self.card.key, "settings"), status=status,
        ), status  # fmt: skip

    @expose("/cards", methods=["GET"])
    @has_access
    @permission_name("list")
    def cards(self) -> Any:
        """The cards of a `stage` that follow the one of the key `after`, as a part of the board."""
        asked, stage = self.asked(), request.args.get("stage", "")
        if BOARD not in self.screens():
            return redirect(f"{request.script_root}{self.card.path}/?view=all")
        try:
            rows, after = more_cards(asked, stage, request.args.get("after", ""))
        except (ConditionError, TooSlow) as error:
            return self.render_template("tasks/said.html", told=str(error), kind="danger", done=None), 400
        return self.render_template("opportunities/more_cards.html", card=self.card, cards=shown_cards(asked, rows),
                                    after=after, stage=stage)  # fmt: skip

    def asked(self) -> Asked:
        """What the address asks for; the pipeline is no condition like the others, for a board is always of one."""
        conditions = conditions_of_args()
        named = next((node for node in conditions if names_pipeline(node)), None)
        key = str(named["value"]) if named and PIPELINE in self.datamodel.schema.by_column else ""
        rest = [node for node in conditions if not (key and node is named)]
        return Asked(current_access(), find_pipeline(key), rest)

    def shown_here(self, asked: Asked, board: Board) -> ShownBoard:
        return shown_board(asked, board, rates_on(today_of(asked.access)))

    def pipeline_links(self, here: Pipeline) -> list[tuple[str, str, bool]]:
        """(name, address, whether it is the one that is shown) of the pipelines; none where there is but one."""
        found = pipelines_in_use()
        found += [here] if here not in found else []
        if len(found) < 2 or PIPELINE not in self.datamodel.schema.by_column:
            return []
        return [(one.label_in(current_language()), query_url((), **{f"_flt_eq_{PIPELINE}": one.key}), one is here)
                for one in found]  # fmt: skip

    def closed_url(self, asked: Asked) -> str:
        """The list of what was closed in the present quarter, without the state, which stands at its end."""
        return (f"{request.script_root}{self.card.path}/?_flt_eq_{PIPELINE}={asked.pipeline.key}"
                "&_flt_period_closed_on=this_quarter&_flt_eq_state=")  # fmt: skip

    def told_part(self, raw: Raw, told: Any, kind: str = "success") -> Any:
        """What was done, with the record's card as it is now, where it is still on the board, and the board's figures;
        on any other page what was done alone."""
        if BOARD not in self.screens():
            return super().told_part(raw, told, kind)
        asked = self.asked()
        found = find_stage(raw.get("stage"))
        here = raw.get("state") == OPEN and found is not None and found[0] == asked.pipeline
        try:
            board = read_board(asked, cards=False)
        except (ConditionError, TooSlow):
            return super().told_part(raw, told, kind)
        return self.render_template(
            "opportunities/moved.html", told=told, kind=kind, card=self.card, pk=raw["_id"],
            cards=shown_cards(asked, [raw]) if here else (), board=self.shown_here(asked, board), actions=ACTIONS,
        )  # fmt: skip


def names_pipeline(node: Node | Mapping[str, Any]) -> bool:
    return comparison(node) and node["col"] == PIPELINE and node["opr"] == "eq" and isinstance(node["value"], str)
