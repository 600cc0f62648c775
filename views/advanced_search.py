"""Advanced search: conditions in groups and across links, put together on a page of their own."""

from typing import Any
from urllib.parse import urlencode

from flask import jsonify, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from models.fields.errors import ConditionError
from models.fields.ways import ties_from, ways_from
from services.saved_views import LIST
from services.search import TooSlow, count_matching
from views.base import current_access, current_language
from views.conditions import builder_sources, may_make_segments, sentence, with_labels
from views.history import HistoryScreens
from views.selection import conditions_of_args, groups_of_text, pairs_of, readable

#: What of a list's address the search leaves as it is.
KEPT = ("order", "dir", "cols", "group", "from", "screen")
ALL_RECORDS = [("view", "all")]


class SearchScreens(HistoryScreens):
    """A register's screen on which conditions are put together."""

    @expose("/search", methods=["GET"])
    @has_access
    @permission_name("list")
    def search(self) -> Any:
        """The conditions of the address, to be changed and added to."""
        nodes = [node for node in conditions_of_args() if readable(node)]
        kept = [(name, value) for name, value in request.args.items(multi=True) if name in KEPT]
        return self.render_template(
            "registers/search.html", card=self.card, nodes=with_labels(self.datamodel.schema, nodes), kept=kept,
            sources=builder_sources(), title=_("Search"), back=self.screen_address(),
            may_segment=may_make_segments(self.card),
        )  # fmt: skip

    @expose("/found", methods=["GET"])
    @has_access
    @permission_name("list")
    def found(self) -> Response:
        """The list that shows what the conditions in `where` find: to an address that can be read and shared."""
        kept = [(name, value) for name, value in request.args.items(multi=True) if name in KEPT]
        asked = pairs_of(groups_of_text(request.args.get("where", "")))
        kept = [pair for pair in kept if pair[0] != "screen"]
        return redirect(f"{self.screen_address()}?{urlencode([*kept, *asked] or ALL_RECORDS)}")

    def screen_address(self) -> str:
        """The screen that the search was opened from."""
        screen = request.args.get("screen", "")
        return request.script_root + self.card.address_of(screen if screen in self.card.screens else LIST)

    @expose("/matching", methods=["GET"])
    @has_access
    @permission_name("list")
    def matching(self) -> Any:
        """How many records the conditions in `where` find, and what they say as a sentence; as JSON."""
        conditions = groups_of_text(request.args.get("where", ""))
        try:
            count, exact = count_matching(current_access(), self.card.key, conditions)
        except (ConditionError, TooSlow) as error:
            return jsonify({"error": str(error), "sentence": ""})
        return jsonify({"count": count, "exact": exact, "sentence": sentence(self.datamodel.schema, conditions)})

    @expose("/ways", methods=["GET"])
    @has_access
    @permission_name("list")
    def ways(self) -> Response:
        """The links along which conditions may go on from this register, as JSON."""
        schema, access, language = self.datamodel.schema, current_access(), current_language()
        links = [(way.code, way.label_in(language), way.register.key, False)
                 for way in ways_from(schema, access).values()]  # fmt: skip
        # Titles stand in relationships.
        ties = [(tie.code, tie.label_in(language), tie.register.key, True)
                for tie in ties_from(schema, access).values() if not tie.kind.retired]  # fmt: skip
        return jsonify([dict(zip(("code", "label", "register", "titled"), way, strict=True)) for way in links + ties])
