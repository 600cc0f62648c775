"""Settings: the pipelines of the opportunities, and their stages as rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import StringField

from models.fields.errors import ValidationFailed
from models.fields.field import label_in
from services.pipelines import REGISTER, add_pipeline, change_pipeline, get_pipeline, list_pipelines, move_pipeline
from services.records import VersionConflict
from services.settings import COLOURS, register_to_set_up
from views.base import current_access, current_language
from views.field_form import COLOUR_LABELS, NEW_ROWS, ChoiceRow, commanded
from views.forms import version_seen
from views.permissions import REGISTER_SETTINGS

Raw = dict[str, Any]
#: Where the messages for a column of a pipeline stand in the form.
PLACES = {"label": "label_en", "key": "label_en", "retired": "label_en"}


class PipelineForm(FlaskForm):
    """What a pipeline is called; its stages are rows of their own, read from the request as they stand."""

    label_en = StringField(_l("Name in English"))
    label_fi = StringField(
        _l("Name in Finnish"), description=_l("One of the two is enough; it then serves both languages.")
    )

    #: What is wrong with the stages as a whole; stands above their rows.
    stage_errors: Sequence[str] = ()


@dataclass(frozen=True)
class StageRow(ChoiceRow):
    """A stage as a row of the form: numbers as they were typed."""

    probability: str = ""
    rests_after: str = ""

    def definition(self) -> Raw:
        return {**super().definition(), "probability": self.probability, "rests_after": self.rests_after}


class PipelineView(BaseView):
    """The pipelines in their order, to be added, changed, retired."""

    route_base = "/settings/pipelines"
    class_permission_name = REGISTER_SETTINGS
    default_view = "list"

    @expose("/")
    @has_access
    def list(self) -> Any:
        """The pipelines. Raises NotAllowed."""
        register_to_set_up(current_access(), REGISTER)
        return self.render_template(
            "settings/pipelines.html", title=_("Pipelines"), pipelines=list_pipelines(), language=current_language(),
            label_in=label_in, moved=request.args.get("moved", ""), direction=request.args.get("direction", ""),
        )  # fmt: skip

    @expose("/add", methods=["GET", "POST"])
    @has_access
    def add(self) -> Any:
        """Make a pipeline. Everything typed stays on the page until it is saved. Raises NotAllowed."""
        register_to_set_up(current_access(), REGISTER)
        form = PipelineForm()
        if request.method == "GET":
            return self.page(form, None, [StageRow()] * NEW_ROWS)
        rows = posted_rows({})
        if "rows" in request.form:
            return self.page(form, None, changed_rows(rows))
        try:
            add_pipeline(current_access(), values_of(form, rows))
        except ValidationFailed as error:
            show_errors(form, error)
            return self.page(form, None, rows, 422)
        except VersionConflict as conflict:
            flash(str(conflict), "warning")
            return self.page(form, None, rows, 409)
        flash(_("The pipeline was added. Opportunities can be brought to its stages now."), "success")
        return redirect(url_for(f"{self.endpoint}.list"))

    @expose("/edit/<key>", methods=["GET", "POST"])
    @has_access
    def edit(self, key: str) -> Any:
        """Change a pipeline, as far as nobody else has changed it meanwhile. Raises NotAllowed, RecordNotFound."""
        register_to_set_up(current_access(), REGISTER)
        raw = get_pipeline(key)
        form = PipelineForm(data={f"label_{language}": raw["label"].get(language, "") for language in ("en", "fi")})
        if request.method == "GET":
            return self.page(form, raw, [*rows_of(raw), StageRow()])
        rows = posted_rows(raw)
        if "rows" in request.form:
            return self.page(form, raw, changed_rows(rows))
        try:
            change_pipeline(current_access(), key, values_of(form, rows), version=version_seen())
        except ValidationFailed as error:
            show_errors(form, error)
            return self.page(form, raw, rows, 422)
        except VersionConflict as conflict:
            flash(str(conflict), "warning")
            return self.conflict_page(form, conflict.current)
        flash(_("The pipeline was saved."), "success")
        return redirect(url_for(f"{self.endpoint}.list"))

    @expose("/retire/<key>", methods=["POST"])
    @has_access
    def retire(self, key: str) -> Response:
        """Offer it no more; what is in its stages stays there."""
        return self.set_retired(key, retired=True, told=_("The pipeline was retired. What is in its stages stays."))

    @expose("/restore/<key>", methods=["POST"])
    @has_access
    def restore(self, key: str) -> Response:
        return self.set_retired(key, retired=False, told=_("The pipeline is in use again."))

    def set_retired(self, key: str, *, retired: bool, told: str) -> Response:
        try:
            change_pipeline(current_access(), key, {"retired": retired})
            flash(told, "success")
        except ValidationFailed as error:
            flash(error.in_one(), "warning")
        except VersionConflict as conflict:
            flash(str(conflict), "warning")
        return redirect(url_for(f"{self.endpoint}.list"))

    @expose("/move/<key>", methods=["POST"])
    @has_access
    def move(self, key: str) -> Response:
        """One place up or down; the button that was pressed has the focus again after."""
        direction = "down" if request.form.get("direction") == "down" else "up"
        try:
            move_pipeline(current_access(), key, down=direction == "down")
        except VersionConflict as conflict:
            flash(str(conflict), "warning")
        return redirect(url_for(f"{self.endpoint}.list", moved=key, direction=direction))

    def page(self, form: PipelineForm, raw: Raw | None, rows: Sequence[StageRow], status: int = 200) -> Any:
        title = label_in(raw["label"], current_language()) or raw["key"] if raw else _("New pipeline")
        return self.render_template(
            "settings/pipeline.html", title=title, form=form, raw=raw, rows=rows, colours=COLOUR_LABELS,
            command=request.form.get("rows", ""), back=url_for(f"{self.endpoint}.list"),
        ), status  # fmt: skip

    def conflict_page(self, form: PipelineForm, now: Raw) -> Any:
        """The rows as they were sent, those that somebody else has added after them, and what is saved now in words."""
        rows = posted_rows(now)
        known = {row.key for row in rows}
        names = ", ".join(label_in(stage["label"], current_language()) for stage in now["stages"])
        form.stage_errors = [_("It is now: %(value)s", value=names)]
        return self.page(form, now, [*rows, *(row for row in rows_of(now) if row.key not in known)], 409)


def rows_of(raw: Mapping[str, Any]) -> list[StageRow]:
    """The stages of a pipeline, those in use first."""
    rows = [StageRow(stage["key"], stage["label"].get("en", ""), stage["label"].get("fi", ""),
                     stage.get("colour") or "grey", bool(stage.get("retired")), True, str(stage.get("probability", 0)),
                     str(stage.get("rests_after") or "")) for stage in raw["stages"]]  # fmt: skip
    return sorted(rows, key=lambda row: row.retired)


def posted_rows(raw: Mapping[str, Any]) -> list[StageRow]:
    """The rows as the page sent them."""
    names = ("key", "en", "fi", "colour", "state", "probability", "rests_after")
    saved = {stage["key"] for stage in raw.get("stages") or ()}
    sent = zip_longest(*(request.form.getlist(f"stage_{name}") for name in names), fillvalue="")
    return [StageRow(key, en, fi, colour if colour in COLOURS else "grey", state == "retired", key in saved, *numbers)
            for key, en, fi, colour, state, *numbers in sent]  # fmt: skip


def changed_rows(rows: Sequence[StageRow]) -> list[StageRow]:
    """The rows after one of their buttons, new ones with what they need."""
    return [row if isinstance(row, StageRow) else StageRow() for row in commanded(rows, request.form["rows"])]


def values_of(form: PipelineForm, rows: Sequence[StageRow]) -> Raw:
    """What the page says, as the service takes it; empty rows are left out."""
    return {"label": {"en": form.label_en.data or "", "fi": form.label_fi.data or ""},
            "stages": [row.definition() for row in rows if not row.empty]}  # fmt: skip


def show_errors(form: PipelineForm, error: ValidationFailed) -> None:
    """Messages beside their fields; those about stages stand above the rows."""
    for column, messages in error.messages().items():
        if column == "stages":
            form.stage_errors = messages
        else:
            field = form[PLACES.get(column, "label_en")]
            field.errors = [*field.errors, *messages]
