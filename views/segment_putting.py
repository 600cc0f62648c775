"""Putting ticked rows of a list into segments, and taking them out."""

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from models.fields.conditions import SEGMENT
from models.fields.errors import ConditionError, ValidationFailed
from models.registers import Register, register_of
from models.rights import NotAllowed
from models.segments import MEMBERS
from services.records import RecordNotFound
from services.search import Selection, TooSlow, count_selected
from services.segments import add_members, create_fixed, remove_members, segments_of_register
from views.base import current_access
from views.registers import RegisterView
from views.selection import selection_inputs, selection_of_form

Refused = (ConditionError, TooSlow, ValidationFailed, NotAllowed)


class PuttingScreens(RegisterView):
    """The segment register's screens for the rows that are ticked in another register's list."""

    def done(self, pk: str, work: Callable[[], Any], told: str) -> Response:
        """Do something to a segment and go back to its page, told what became of it."""
        try:
            work()
            flash(told, "success")
        except Refused as error:
            flash(said(error), "danger")
        return redirect(f"{request.script_root}{self.card.path}/show/{pk}")

    @expose("/put/<register>", methods=["GET", "POST"])
    @has_access
    @permission_name("list")
    def put(self, register: str) -> Any:
        """Into which segment the chosen rows are put, or out of which they are taken; with `act` it is done."""
        card = register_of(register)
        if request.method == "GET" or register not in dict.fromkeys(choice.key for choice in MEMBERS):
            return redirect(f"{request.script_root}{card.path}/")
        try:
            selection = selection_of_form()
            if "act" in request.form:
                return self.put_these(card, selection)
            return self.put_page(card, selection)
        except ConditionError as error:
            flash(str(error), "danger")
            return redirect(back_to_list(card))
        except (TooSlow, ValidationFailed, NotAllowed, RecordNotFound) as error:
            flash(said(error), "danger")
            return self.put_page(card, selection), 422

    def put_page(self, card: Register, selection: Selection) -> Any:
        access = current_access()
        return self.render_template(
            "segments/put.html", title=_("Segment of the chosen rows"), card=card,
            count=count_selected(access, card.key, selection, "see"), back=back_to_list(card),
            inputs=[*selection_inputs(selection), ("back", request.form.get("back", ""))],
            segments=segments_of_register(access, card.key, fixed=True), chosen=request.form.get("segment", ""),
            name=request.form.get("name", ""), may_add=access.may(SEGMENT, "add"),
        )  # fmt: skip

    def put_these(self, card: Register, selection: Selection) -> Response:
        access, act, segment = current_access(), request.form["act"], request.form.get("segment", "")
        if act == "new":
            raw, count = create_fixed(access, card.key, request.form.get("name", ""), selection)
            segment = str(raw["_id"])
        elif act == "out":
            count = remove_members(access, segment, selection)
            flash(ngettext("%(num)s record was taken out of the segment.",
                           "%(num)s records were taken out of the segment.", count), "success")  # fmt: skip
            return redirect(back_to_list(card))
        else:
            count = add_members(access, segment, selection)
        flash(ngettext("%(num)s record was put into the segment.", "%(num)s records were put into the segment.", count),
              "success")  # fmt: skip
        return redirect(f"{request.script_root}{self.card.path}/show/{segment}")


def back_to_list(card: Register) -> str:
    back = request.form.get("back", "")
    return f"{request.script_root}{card.path}/{back if back.startswith('?') else '?view=all'}"


def said(error: Exception) -> str:
    """What is wrong, as one text."""
    return error.in_one() if isinstance(error, ValidationFailed) else str(error)
