"""Settings: what can be set up, and the organisation's own fields in every register."""

from typing import Any

from flask import flash, jsonify, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from models.fields.errors import ValidationFailed
from models.fields.field import label_in
from models.fields.schema import schema_of
from models.registers import SECTIONS, Register, register_of
from services.field_order import Direction, move_field, next_order, place_field
from services.field_use import count_filled
from services.records import VersionConflict
from services.settings import (
    change_field,
    define_field,
    definition_to_change,
    register_to_set_up,
    registers_to_set_up,
    restore_field,
    retire_field,
)
from views.base import current_access, current_language
from views.field_form import (
    COLOUR_LABELS,
    CURRENCIES,
    KINDS,
    NEW_ROWS,
    PLACES,
    WITH_CHOICES,
    WITHOUT_DEFAULT,
    ChoiceRow,
    FieldForm,
    commanded,
    definition_of,
    form_values,
    offered_kinds,
    posted_rows,
    rows_of,
)
from views.field_preview import preview
from views.forms import add_differences, add_errors, version_seen
from views.permissions import OWN, REGISTER_SETTINGS
from views.settings_places import LONGEST_SEARCH, shown_topics

Raw = dict[str, Any]


class SettingsView(BaseView):
    """The way to everything that can be set up, as far as one may; to one's own settings for everybody."""

    route_base = "/settings"
    class_permission_name = OWN
    default_view = "index"

    @expose("/")
    @has_access
    def index(self) -> Any:
        """What the user may set up, topic by topic; `q` narrows it by words."""
        typed = request.args.get("q", "").strip()[:LONGEST_SEARCH]
        return self.render_template("settings/index.html", title=_("Settings"), typed=typed,
                                    topics=shown_topics(current_access(), typed))  # fmt: skip


class FieldsView(BaseView):
    """A register's fields: the fixed ones for information, the organisation's own to define, order and retire."""

    route_base = "/settings/fields"
    class_permission_name = REGISTER_SETTINGS

    @expose("/")
    @has_access
    def start(self) -> Response:
        first = registers_to_set_up(current_access())[0]
        return redirect(url_for(f"{self.endpoint}.fields", register=first.key))

    @expose("/<register>")
    @has_access
    def fields(self, register: str) -> Any:
        """The register's fields by section. Raises NotAllowed, UnknownRegister."""
        card = register_to_set_up(current_access(), register)
        schema = schema_of(register)
        found = {section: [field for field in schema.fields if field.section == section] for section in SECTIONS}
        sections = [(key, str(SECTIONS[key]), fields) for key, fields in found.items() if fields or key != "record"]
        return self.render_template(
            "settings/fields.html", title=_("Fields of %(register)s", register=str(card.label)), card=card,
            cards=registers_to_set_up(current_access()), sections=sections, retired=schema.retired, kinds=KINDS,
            moved=request.args.get("moved", ""), direction=request.args.get("direction", ""),
        )  # fmt: skip

    @expose("/<register>/add", methods=["GET", "POST"])
    @has_access
    def add(self, register: str) -> Any:
        """Define a field. Everything typed stays on the page until it is saved."""
        card, form = register_to_set_up(current_access(), register), FieldForm()
        if request.method == "GET":
            form.section.data = request.args.get("section", "extra")
            return self.form_page(form, card, None, [ChoiceRow()] * NEW_ROWS)
        rows = posted_rows({})
        if "rows" in request.form:
            return self.form_page(form, card, None, commanded(rows, request.form["rows"]))
        if form.validate():
            kind = form.kind.data
            data = {**definition_of(form, rows, kind), "register": register, "kind": kind,
                    "key": (form.key.data or "").strip() or None, "order": next_order(register)}  # fmt: skip
            if kind == "link":
                data["target"] = form.target.data
            try:
                made = define_field(current_access(), data)
            except ValidationFailed as error:
                self.show_errors(form, error)
            else:
                flash(_("The field was added. It is in forms, lists and filters now."), "success")
                return redirect(self.fields_url(register, made["key"]))
        return self.form_page(form, card, None, rows, 422)

    @expose("/edit/<definition_id>", methods=["GET", "POST"])
    @has_access
    def edit(self, definition_id: str) -> Any:
        """Change a field, as far as nobody else has changed it meanwhile."""
        raw = definition_to_change(current_access(), definition_id)
        card, form = register_of(raw["register"]), FieldForm(data=form_values(raw))
        # What is fixed for good is not on the page.
        del form.kind, form.key, form.target
        if request.method == "GET":
            return self.form_page(form, card, raw, [*rows_of(raw), ChoiceRow()])
        rows = posted_rows(raw)
        if "rows" in request.form:
            return self.form_page(form, card, raw, commanded(rows, request.form["rows"]))
        if form.validate():
            try:
                change_field(current_access(), definition_id, self.changed(form, rows, raw), version=version_seen())
                flash(_("The field was saved."), "success")
                return redirect(self.fields_url(raw["register"], raw["key"]))
            except ValidationFailed as error:
                self.show_errors(form, error)
            except VersionConflict as conflict:
                add_differences(form, form_values(conflict.current), self.conflict_texts(conflict.current))
                flash(str(conflict), "warning")
                return self.form_page(form, card, conflict.current, rows, 409)
        return self.form_page(form, card, raw, rows, 422)

    def changed(self, form: FieldForm, rows: list[ChoiceRow], raw: Raw) -> Raw:
        data = definition_of(form, rows, raw["kind"])
        if raw["kind"] in WITHOUT_DEFAULT or data["default"] == form_values(raw)["default"]:
            # Untouched, it keeps the form it was given in, such as a list sent by REST.
            del data["default"]
        return data

    def conflict_texts(self, current: Raw) -> Raw:
        flags = {name: _("Yes") if current.get(name) else _("No") for name in ("required", "in_list", "in_head")}
        return {**flags, "section": str(SECTIONS.get(current["section"], current["section"]))}

    def show_errors(self, form: FieldForm, error: ValidationFailed) -> None:
        """Messages beside their fields; those about choices stand above the rows."""
        form.choice_errors = error.messages().get("choices", [])
        rest = {column: texts for column, texts in error.errors.items() if column != "choices"}
        add_errors(form, ValidationFailed(rest), PLACES)

    def form_page(
        self, form: FieldForm, card: Register, raw: Raw | None, rows: list[ChoiceRow], status: int = 200
    ) -> Any:
        label = (label_in(raw["label"], current_language()) or raw["key"]) if raw else ""
        return self.render_template(
            "settings/field.html", form=form, card=card, raw=raw, rows=rows, kinds=KINDS, offered=offered_kinds(),
            title=label or _("New field"), back=self.fields_url(card.key), colours=COLOUR_LABELS,
            currencies=CURRENCIES, with_choices=WITH_CHOICES, without_default=WITHOUT_DEFAULT,
            command=request.form.get("rows", ""), version=raw["version"] if raw else None,
        ), status  # fmt: skip

    # Order, retiring, restoring

    @expose("/move/<definition_id>", methods=["POST"])
    @has_access
    def move(self, definition_id: str) -> Response:
        """One place up or down within its section; the button that was pressed has the focus again after."""
        raw = definition_to_change(current_access(), definition_id)
        direction: Direction = "down" if request.form.get("direction") == "down" else "up"
        try:
            move_field(current_access(), definition_id, direction)
        except VersionConflict:
            flash(_("Somebody else has changed these fields at the same moment. Try again."), "warning")
        return redirect(url_for(f"{self.endpoint}.fields", register=raw["register"], moved=str(raw["_id"]),
                                direction=direction))  # fmt: skip

    @expose("/place", methods=["POST"])
    @has_access
    def place(self) -> Any:
        """Put the field `item` into the section `list`, behind the field `after` or first, as it was dragged."""
        try:
            place_field(current_access(), request.form.get("item", ""), request.form.get("list", ""),
                        request.form.get("after", ""))  # fmt: skip
        except (ValidationFailed, VersionConflict) as error:
            return jsonify({"error": str(error)}), 409 if isinstance(error, VersionConflict) else 422
        return jsonify({"saved": True})

    @expose("/<register>/filled")
    @has_access
    def filled(self, register: str) -> Response:
        """How many records have a value in each field, as JSON; asked for when the page is there."""
        found = count_filled(current_access(), register)
        if found is None:
            return jsonify({"records": None, "filled": {}})
        return jsonify({"records": found[0], "filled": found[1]})

    @expose("/preview", methods=["POST"])
    @has_access
    def preview(self) -> Any:
        """How the field that the page describes will look, as a part of the page."""
        form = FieldForm()
        kind = request.form.get("kind") or request.args.get("kind", "")
        return self.render_template("settings/preview.html", preview=preview(form, posted_rows({}), kind))

    @expose("/retire/<definition_id>", methods=["POST"])
    @has_access
    def retire(self, definition_id: str) -> Response:
        raw = retire_field(current_access(), definition_id)
        flash(_("The field was retired. Its values are kept; restoring it brings them back."), "success")
        return redirect(self.fields_url(raw["register"]))

    @expose("/restore/<definition_id>", methods=["POST"])
    @has_access
    def restore(self, definition_id: str) -> Response:
        raw = restore_field(current_access(), definition_id)
        flash(_("The field is back, with the values it had."), "success")
        return redirect(self.fields_url(raw["register"], raw["key"]))

    def fields_url(self, register: str, key: str = "") -> str:
        return url_for(f"{self.endpoint}.fields", register=register, _anchor=f"field-{key}" if key else None)
