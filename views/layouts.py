"""Settings: where the blocks of a register's record pages stand, for everybody or for a role."""

from typing import Any

from flask import flash, jsonify, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from models.fields.schema import schema_of
from models.fields.ways import ways_from
from models.layouts import COLUMNS, HIDDEN
from models.security import Role
from services.layouts import ACTIVITIES, FILES, RELATIONSHIPS, TIMELINE, layout_of, place_block, reset_layout, role_of
from services.records import VersionConflict
from services.settings import register_to_set_up, registers_to_set_up
from views.base import current_access, current_language
from views.blocks import PART_LABELS, block_labels
from views.permissions import REGISTER_SETTINGS

PLACES = {COLUMNS[0]: _l("Left"), COLUMNS[1]: _l("Middle"), COLUMNS[2]: _l("Right"), HIDDEN: _l("Not shown")}


class LayoutView(BaseView):
    """The blocks of a record's page, dragged into order. `role` in the address says whose; nobody's is everybody's."""

    route_base = "/settings/layouts"
    class_permission_name = REGISTER_SETTINGS
    default_view = "start"

    @expose("/")
    @has_access
    def start(self) -> Response:
        return redirect(url_for("LayoutView.layout", register=registers_to_set_up(current_access())[0].key))

    @expose("/<register>", methods=["GET"])
    @has_access
    def layout(self, register: str) -> Any:
        """The blocks of one register's records as one role has them."""
        card, role = register_to_set_up(current_access(), register), request.args.get("role", "")
        places, own = layout_of(register, role_of(role))
        schema = schema_of(register)
        labels = block_labels(schema, ways_from(schema, current_access()), current_language(),
                              {TIMELINE: _("Timeline"), ACTIVITIES: _("Activities"),
                               FILES: _("File"), RELATIONSHIPS: _("Relationships"),
                               **{part: str(PART_LABELS[part]) for part in card.parts}})  # fmt: skip
        roles = Role.objects(name__ne="Public").order_by("name")
        return self.render_template(
            "settings/layout.html", title=_("Record page"), card=card, places=places,
            cards=registers_to_set_up(current_access()),
            place_labels=PLACES, labels=labels, role=role, own=own, roles=[(str(one.pk), one.name) for one in roles],
        )  # fmt: skip

    @expose("/<register>/place", methods=["POST"])
    @has_access
    def place(self, register: str) -> Response:
        """Put the block `item` into the column `list`, behind the block `after` or to its top."""
        card, form = register_to_set_up(current_access(), register), request.form
        try:
            place_block(current_access(), card.key, role_of(request.args.get("role", "")), form.get("item", ""),
                        form.get("list", ""), form.get("after", ""))  # fmt: skip
        except VersionConflict as error:
            return jsonify({"message": str(error)}), 409  # type: ignore[return-value]
        return jsonify({"ok": True})

    @expose("/<register>/reset", methods=["POST"])
    @has_access
    def reset(self, register: str) -> Response:
        """Back to how it was before anybody moved a block."""
        card, role = register_to_set_up(current_access(), register), request.args.get("role", "")
        reset_layout(current_access(), card.key, role_of(role))
        flash(_("The blocks stand where they stood at first."), "success")
        return redirect(url_for("LayoutView.layout", register=card.key, role=role or None))
