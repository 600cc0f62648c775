"""Teams: people who work together, and whose records a role may grant."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.exceptions import FABException
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectMultipleField, StringField

from fab_mongo import MongoInterface, MongoModelView
from models.fields.errors import ValidationFailed
from models.registers import REGISTERS
from models.rights import SETTINGS
from models.security import Team, User
from services.records import VersionConflict
from services.teams import change_team, delete_team, find_team, leaders_of, save_team, uses_of_team, version_of
from views.base import current_access
from views.forms import add_differences, add_errors, labels_of, options, version_seen

Raw = dict[str, Any]
LEADERS = "leaders"
#: Sent by a page with the field of leaders, which sends nothing where nobody is chosen.
CHOOSES = "choose_leaders"


class TeamForm(FlaskForm):
    """A team's name and, for administrators, those who lead it."""

    name = StringField(_l("Name"), description=_l("Who belongs to a team is told on the users’ own pages."))
    leaders = SelectMultipleField(
        _l("Leaders"), render_kw={"data-enhance": ""},
        description=_l("What their roles grant on own records, they may do with those of the team too."),
    )

    def __init__(self, raw: Raw, *, administers: bool) -> None:
        leaders = [str(user["_id"]) for user in leaders_of(raw["_id"])]
        super().__init__(data={"name": raw["name"], LEADERS: leaders})
        self.name.flags.required = True
        if administers:
            users = User.objects(active=True).order_by("first_name", "last_name")
            self.leaders.choices = options((str(user.pk), user.get_full_name()) for user in users)
        else:
            del self.leaders


class TeamInterface(MongoInterface):
    """Teams, added and deleted so that the audit is told."""

    def add(self, item: Team, commit: bool = True) -> bool:
        return self._write(lambda: save_team(current_access(), item), _("The team was added."))

    def delete(self, item: Team, commit: bool = True) -> bool:
        return self._write(lambda: delete_team(current_access(), item), _("The team was deleted."))


class TeamView(MongoModelView):
    """List, add, rename and delete teams; administrators choose who leads one."""

    datamodel = TeamInterface(Team)
    route_base = "/settings/teams"
    class_permission_name = SETTINGS
    base_permissions = ["can_list", "can_add", "can_edit", "can_delete"]
    list_title, add_title, edit_title = _l("Teams"), _l("New team"), _l("Edit team")
    label_columns = {"name": _l("Name"), "leaders": _l("Leaders")}
    description_columns = {"name": _l("Who belongs to a team is told on the users’ own pages.")}
    list_columns = ["name", "leaders"]
    add_columns = search_columns = order_columns = ["name"]

    @expose("/list/")
    @expose("/")
    @has_access
    def list(self) -> Any:
        """The list, at the short address too."""
        return super().list()

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    def edit(self, pk: str) -> Any:
        """Rename a team, and choose who leads it."""
        raw = find_team(pk)
        form = TeamForm(raw, administers=current_access().everything)
        if request.method == "POST" and form.validate():
            # A page without the field leaves the leaders as they are.
            leaders = form.leaders.data if LEADERS in form and CHOOSES in request.form else None
            try:
                change_team(current_access(), raw["_id"], form.name.data or "", leaders, version_asked())
                flash(_("The team was saved."), "success")
                return redirect(url_for("TeamView.list"))
            except ValidationFailed as error:
                add_errors(form, error)
            except VersionConflict as conflict:
                return self.conflict_page(form, conflict)
        return self.form_page(form, raw, 422 if form.errors else 200)

    def conflict_page(self, form: TeamForm, conflict: VersionConflict) -> Any:
        """The form with both values beside one another; saving again overwrites knowingly."""
        leaders = [str(one["_id"]) for one in leaders_of(conflict.current["_id"])]
        labels = labels_of(form.leaders) if LEADERS in form else {}
        add_differences(form, {"name": conflict.current["name"], LEADERS: leaders},
                        {LEADERS: ", ".join(labels.get(one, one) for one in leaders)})  # fmt: skip
        flash(str(conflict), "warning")
        return self.form_page(form, conflict.current, 409)

    def form_page(self, form: TeamForm, raw: Raw, status: int) -> Any:
        return self.render_template(
            "security/team.html", form=form, title=raw["name"], raw=raw, version=version_of(raw),
            leaders=leaders_of(raw["_id"]), administers=current_access().everything, back=url_for("TeamView.list"),
        ), status  # fmt: skip

    def pre_delete(self, item: Team) -> None:
        """Refuse to delete a team that people or records belong to."""
        uses = uses_of_team(item)
        if uses:
            labels = {"user": _("Users"), **{key: str(card.label) for key, card in REGISTERS.items()}}
            counted = ", ".join(f"{labels[key]}: {count}" for key, count in uses.items())
            raise FABException(_("This team is in use (%(uses)s). Give them another team first.", uses=counted))


def version_asked() -> int | None:
    """The version that the page was made from; None where it does not say."""
    return version_seen() if "version" in request.form else None
