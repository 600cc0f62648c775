"""Teams: people who work together, and whose records a role may grant."""

from typing import Any

from flask_appbuilder import expose
from flask_appbuilder.exceptions import FABException
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from fab_mongo import MongoInterface, MongoModelView
from models.registers import REGISTERS
from models.rights import SETTINGS
from models.security import Team
from services.teams import delete_team, save_team, uses_of_team
from views.base import current_access


class TeamInterface(MongoInterface):
    """Teams, written so that the audit is told."""

    def add(self, item: Team, commit: bool = True) -> bool:
        return self._write(lambda: save_team(current_access(), item), _("The team was added."))

    def edit(self, item: Team, commit: bool = True) -> bool:
        return self._write(lambda: save_team(current_access(), item), _("The team was saved."))

    def delete(self, item: Team, commit: bool = True) -> bool:
        return self._write(lambda: delete_team(current_access(), item), _("The team was deleted."))


class TeamView(MongoModelView):
    """List, add, rename and delete teams."""

    datamodel = TeamInterface(Team)
    route_base = "/settings/teams"
    class_permission_name = SETTINGS
    base_permissions = ["can_list", "can_add", "can_edit", "can_delete"]
    list_title, add_title, edit_title = _l("Teams"), _l("New team"), _l("Edit team")
    label_columns = {"name": _l("Name"), "leaders": _l("Leaders")}
    description_columns = {"name": _l("Who belongs to a team, and who leads it, is told on the users’ own pages.")}
    list_columns = ["name", "leaders"]
    add_columns = edit_columns = search_columns = order_columns = ["name"]

    @expose("/list/")
    @expose("/")
    @has_access
    def list(self) -> Any:
        """The list, at the short address too."""
        return super().list()

    def pre_delete(self, item: Team) -> None:
        """Refuse to delete a team that people or records belong to."""
        uses = uses_of_team(item)
        if uses:
            labels = {"user": _("Users"), **{key: str(card.label) for key, card in REGISTERS.items()}}
            counted = ", ".join(f"{labels[key]}: {count}" for key, count in uses.items())
            raise FABException(_("This team is in use (%(uses)s). Give them another team first.", uses=counted))
