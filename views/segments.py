"""The segment register's screens: its page with the members, who entered and left, and what is done with them."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from models.base import stored_value
from models.fields.conditions import SEGMENT
from models.fields.context import Context
from models.fields.errors import ConditionError, ValidationFailed
from models.fields.field import Field
from models.fields.schema import schema_of
from models.fields.unseen import UNSEEN
from models.registers import Register, register_of
from models.relationships import SUBJECT
from models.rights import Access, NotAllowed
from models.segments import FIXED, LIVING
from services.address_labels import may_have_addresses
from services.labels import context_for, names_of
from services.preferences import list_columns
from services.records import create_record, get_record
from services.relationships import kinds_of
from services.search import Selection, TooSlow, find_page
from services.segments import (
    Moved,
    count_members,
    create_fixed,
    entered_since,
    keep_as_now,
    member_of,
    moved_since,
    people_of,
    remember,
    snapshots_of,
    used_in,
)
from views.base import current_access, current_user
from views.cells import list_cell
from views.conditions import told_conditions
from views.fields import Cell
from views.interface import RegisterInterface
from views.segment_putting import PuttingScreens
from views.selection import WHERE, conditions_of_args, selection_inputs, written

Raw = dict[str, Any]
#: So many members, in so many columns, stand on a segment's page.
ROWS, COLUMNS = 15, 5
MAX_TITLE = 200
MAILING = "mailing"


class SegmentView(PuttingScreens):
    """Segments."""

    datamodel = RegisterInterface(SEGMENT)
    route_base = "/segments"
    show_template = "segments/show.html"

    # The page

    def show_context(self, raw: Raw) -> Raw:
        """What the page tells of a segment besides its fields."""
        access, card = current_access(), register_of(raw["members"])
        selection = Selection(conditions=(member_of(raw["_id"]),), all_matching=True)
        field = self.datamodel.schema.get("conditions")
        unseen = field is None or stored_value(field, raw) is UNSEEN
        return {
            "members": card, "fixed": raw["kind"] == FIXED, "living": raw["kind"] == LIVING, "unseen": unseen,
            "told": () if unseen else told_conditions(schema_of(card.key).for_access(access), conditions_of(raw)),
            "used_in": used_in(access, raw["_id"]), "inputs": list(selection_inputs(selection)),
            "list_url": members_url(raw), "may": may_with_members(access, card),
            "mail_url": url_for("MailingView.add", segment=raw["_id"]) if access.may(MAILING, "add") else "",
            "people": card.key == "company" and access.may(SEGMENT, "add") and bool(people_kinds(access)),
        }  # fmt: skip

    def value_sections(
        self, raw: Raw, fields: Sequence[Field], context: Context
    ) -> Sequence[tuple[str, str, Sequence[Cell]]]:
        """Without the conditions, which the page tells in words."""
        return super().value_sections(raw, [field for field in fields if not field.about], context)

    @expose("/members/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def members(self, pk: str) -> Any:
        """How many are in it, and the first of them, as a part of its page."""
        access = current_access()
        raw = get_record(access, SEGMENT, pk)
        card, problem, count, rows, heads = register_of(raw["members"]), "", "", [], []
        try:
            number, exact = count_members(access, raw)
            count = ngettext("%(num)s member", "%(num)s members", number) if exact else _(
                "More than %(count)s members", count=f"{number:,}")  # fmt: skip
            fields = member_columns(access, card)
            found = find_page(access, card.key, [member_of(raw["_id"])], page_size=ROWS,
                              columns=[field.column for field in fields]).rows  # fmt: skip
            context = context_for(access, fields, found)
            heads = [(field.label_in(context.language), field.kind.numeric) for field in fields]
            rows = [[list_cell(card, field, context, row) for field in fields] for row in found]
        except (ConditionError, TooSlow) as error:
            problem = str(error)
        return self.render_template(
            "segments/members.html", card=card, raw=raw, count=count, rows=rows, heads=heads, problem=problem,
            list_url=members_url(raw), fixed=raw["kind"] == FIXED, empty=not raw.get("conditions"),
            may_change=self.can_with(raw)["change"],
        )  # fmt: skip

    # Who entered and left

    @expose("/moved/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def moved(self, pk: str) -> Any:
        """Who entered and left since the snapshot `since`, or since the last one, as a part of its page."""
        access, since = current_access(), request.args.get("since", "")
        raw, problem = get_record(access, SEGMENT, pk), ""
        moved: Moved | None = None
        try:
            moved = moved_since(access, raw["_id"], since)
        except (ConditionError, TooSlow) as error:
            problem = str(error)
        return self.render_template(
            "segments/moved.html", card=register_of(raw["members"]), raw=raw, moved=moved, problem=problem,
            moments=moments_of(access, raw), may_change=self.can_with(raw)["change"],
            may_add=access.may(SEGMENT, "add"),
        )  # fmt: skip

    @expose("/remember/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def remember(self, pk: str) -> Response:
        """Remember the members of now."""
        return self.done(pk, lambda: remember(current_access(), pk), _("The members of now are remembered."))

    @expose("/keep/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def keep(self, pk: str) -> Response:
        """Make a living segment a fixed one of the members of now."""
        return self.done(pk, lambda: keep_as_now(current_access(), pk), _("The segment is kept as it is now."))

    @expose("/entered/<pk>", methods=["POST"])
    @has_access
    @permission_name("add")
    def entered(self, pk: str) -> Response:
        """Make a fixed segment of those who entered since the snapshot `since`."""
        access, made = current_access(), []

        def work() -> None:
            raw = get_record(access, SEGMENT, pk)
            ids = tuple(str(one) for one in entered_since(access, pk, request.form.get("since")))
            name = _("%(name)s: those who entered", name=raw["name"])[:200]
            made.append(create_fixed(access, raw["members"], name, Selection(ids=ids))[0]["_id"])

        answer = self.done(pk, work, _("A segment was made of those who entered."))
        return redirect(f"{request.script_root}{self.card.path}/show/{made[0]}") if made else answer

    # People of companies

    @expose("/people/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("add")
    def people(self, pk: str) -> Any:
        """Ask in which role, and make a segment of the people who are that in the companies of this one."""
        access, problems = current_access(), {}
        raw, kinds = get_record(access, SEGMENT, pk), people_kinds(access)
        form = {"kind": request.form.get("kind", next(iter(kinds), "")), "title": request.form.get("title", ""),
                "name": request.form.get("name", _("%(name)s: people", name=raw["name"])[:200])}  # fmt: skip
        if request.method == "POST":
            try:
                if form["kind"] not in kinds or len(form["title"]) > MAX_TITLE:
                    raise ValidationFailed({"kind": [_("Choose one from the list.")]})
                nodes = people_of(raw["_id"], form["kind"], form["title"].strip())
                made = create_record(access, SEGMENT, {"name": form["name"], "members": "person", "conditions": nodes})
                flash(_("%(name)s was added.", name=made["name"]), "success")
                return redirect(f"{request.script_root}{self.card.path}/show/{made['_id']}")
            except ValidationFailed as error:
                problems = error.messages()
            except NotAllowed as error:
                problems = {"name": [str(error)]}
        return self.render_template("segments/people.html", card=self.card, raw=raw, kinds=kinds, form=form,
                                    problems=problems, title=_("People of these companies")), (
            422 if problems else 200)  # fmt: skip

    # Out of a list

    @expose("/from_list/<register>", methods=["GET"])
    @has_access
    @permission_name("add")
    def from_list(self, register: str) -> Response:
        """The form of a living segment with the conditions of the list's or the search's address."""
        card = register_of(register)
        nodes = conditions_of_args()
        return redirect(url_for("SegmentView.add", members=card.key, conditions=written(nodes) if nodes else None))


def conditions_of(raw: Raw) -> list[Raw]:
    return list(raw.get("conditions") or ())


def members_url(raw: Raw) -> str:
    """The members as a list."""
    card = register_of(raw["members"])
    return f"{request.script_root}{card.path}/?{urlencode({WHERE: written([member_of(raw['_id'])])})}"


def may_with_members(access: Access, card: Register) -> dict[str, bool]:
    """What the user may do with the members."""
    schema = schema_of(card.key).for_access(access)
    merge = access.may(card.key, "merge")
    return {"letters": merge, "labels": merge and may_have_addresses(schema),
            "export": access.may(card.key, "export"), "edit": access.may(card.key, "change")}  # fmt: skip


def member_columns(access: Access, card: Register) -> list[Field]:
    """The first columns of the register's own list, the name before them."""
    schema = schema_of(card.key).for_access(access)
    chosen = list_columns(current_user().list_columns, schema)
    named = [card.name_field, *(column for column in chosen if column != card.name_field)]
    return [schema.by_column[column] for column in named if column in schema.by_column][:COLUMNS]


def people_kinds(access: Access) -> dict[str, str]:
    """key -> label of the relationships in which people stand to companies."""
    if not access.may("person", "see"):
        return {}
    return {kind.key: kind.label_from(side, access.language) for kind, side in kinds_of(access, "person")
            if side == SUBJECT and kind.object == "company"}  # fmt: skip


def moments_of(access: Access, raw: Raw) -> list[Raw]:
    """The moments that are remembered, newest first, with the names of the mailings."""
    found = snapshots_of(access, raw["_id"])
    names = names_of(access, MAILING, [one["mailing"] for one in found if one.get("mailing")])
    return [{**one, "name": names.get(one["mailing"], "") if one.get("mailing") else ""} for one in found]
