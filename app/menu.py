"""The screens there are, and their places in the menu."""

from flask_appbuilder import AppBuilder

from views.companies import CompanyView
from views.options import OptionsView
from views.people import PersonView


def add_screens(appbuilder: AppBuilder) -> None:
    """Register every screen and REST resource. A register's menu item goes by the register's key."""
    for view in (CompanyView, PersonView):
        card = view.datamodel.register
        appbuilder.add_view(view, card.key, label=card.label, icon=card.icon, href=card.path + "/")
    appbuilder.add_view_no_menu(OptionsView)
