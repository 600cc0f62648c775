"""The screens there are, and their places in the menu."""

from flask_appbuilder import AppBuilder
from flask_babel import lazy_gettext as _l

from views.activities import ActivityView
from views.address_labels import AddressLabelView
from views.api_docs import ApiDocsView
from views.api_keys import ApiKeyView
from views.audit import AuditView
from views.calendar import CalendarView
from views.calendar_feeds import RATE, CalendarFeedView
from views.calendar_invitations import CalendarInvitationView
from views.calendar_planning import CalendarPlanningView
from views.campaigns import CampaignView
from views.choice_lists import ChoiceListView
from views.companies import CompanyView
from views.consent import ConsentView, SuppressedView
from views.currencies import CurrencyView
from views.documents import DocumentView
from views.exports import ExportView
from views.files import FileView
from views.first_start import FirstStartView
from views.help import HelpView
from views.imports import ImportView
from views.jobs import JobView
from views.language import replace_locale_view
from views.layouts import LayoutView
from views.letters import LetterView
from views.looking import LookingView
from views.mailings import MailingView
from views.merge import MergeView
from views.notices import NoticeView
from views.opportunities import OpportunityView
from views.options import OptionsView
from views.organisation import OrganisationView
from views.outbox import OldOutboxView, OutboxView
from views.people import PersonView
from views.permissions import (
    BIN_ITEM,
    CALENDAR_ITEM,
    JOBS_ITEM,
    LETTERS_ITEM,
    OUTBOX_ITEM,
    REPORTS_ITEM,
    SETTINGS_GROUP,
    TASKS_ITEM,
    TRAY_ITEM,
)
from views.pipelines import PipelineView
from views.products import ProductView
from views.recurrence import RecurrenceView
from views.recycle_bin import BinView
from views.relationships import RelationshipKindView
from views.report_builder import ReportBuilderView
from views.reports import ReportView
from views.rest.resources import add_rest
from views.saved_views import SavedViewsView
from views.search import SearchView
from views.segments import SegmentView
from views.settings import FieldsView, SettingsView
from views.setup import SetupView
from views.support import RATE as SUPPORT_RATE
from views.support import SupportView, whose_request
from views.tasks import TaskView
from views.teams import TeamView
from views.tray_settings import TraySettingsView
from views.trays import TrayView
from views.unsubscribe import RATE as UNSUBSCRIBE_RATE
from views.unsubscribe import UnsubscribeView


def add_screens(appbuilder: AppBuilder) -> None:
    """Register every screen and REST resource. A register's menu item goes by the register's key."""
    appbuilder.add_link(TRAY_ITEM, href="/", icon="layout-dashboard", label=_l("Tray"))
    appbuilder.add_view_no_menu(TrayView)
    for view in (
        CompanyView, PersonView, OpportunityView, ActivityView, CampaignView, SegmentView, MailingView, DocumentView,
        ProductView,
    ):  # fmt: skip
        card = view.datamodel.register
        if card.happens:
            appbuilder.add_view(TaskView, TASKS_ITEM, label=_l("Tasks"), icon="checkbox", href="/tasks/")
        appbuilder.add_view(view, card.key, label=card.label, icon=card.icon, href=card.path + "/")
    appbuilder.add_view(CalendarView, CALENDAR_ITEM, label=_l("Calendar"), icon="calendar", href="/calendar/")
    appbuilder.add_view(ReportView, REPORTS_ITEM, label=_l("Reports"), icon="chart-bar", href="/reports/")
    appbuilder.add_view_no_menu(ReportBuilderView)
    appbuilder.add_view_no_menu(CalendarPlanningView)
    appbuilder.add_view_no_menu(CalendarInvitationView)
    feeds = appbuilder.add_view_no_menu(CalendarFeedView)
    appbuilder.sm.limiter.limit(RATE)(feeds.blueprint)
    unsubscribing = appbuilder.add_view_no_menu(UnsubscribeView)
    appbuilder.sm.limiter.limit(UNSUBSCRIBE_RATE)(unsubscribing.blueprint)
    appbuilder.add_view_no_menu(HelpView)
    support = appbuilder.add_view_no_menu(SupportView)
    appbuilder.sm.limiter.limit(SUPPORT_RATE, key_func=whose_request, methods=["POST"])(support.blueprint)
    appbuilder.add_view_no_menu(OptionsView)
    appbuilder.add_view_no_menu(RecurrenceView)
    appbuilder.add_view_no_menu(SearchView)
    appbuilder.add_view_no_menu(NoticeView)
    appbuilder.add_view_no_menu(SavedViewsView)
    appbuilder.add_view(MergeView, LETTERS_ITEM, label=_l("Letters"), icon="file-type-docx", href="/merge/")
    appbuilder.add_view_no_menu(AddressLabelView)
    appbuilder.add_view_no_menu(ExportView)
    appbuilder.add_view_no_menu(ImportView)
    appbuilder.add_view(OutboxView, OUTBOX_ITEM, label=_l("Outbox"), icon="mail", href="/outbox/")
    appbuilder.add_view(JobView, JOBS_ITEM, label=_l("Jobs"), icon="activity", href="/jobs/")
    appbuilder.add_view(BinView, BIN_ITEM, label=_l("Recycle bin"), icon="trash", href="/bin/")
    appbuilder.add_view_no_menu(FileView)
    appbuilder.add_view_no_menu(LetterView)
    add_rest(appbuilder)
    add_settings(appbuilder)


#: The menu's last group: name (which rights go by), label, address, icon.
SETTINGS_MENU = (
    ("settings", _l("All settings"), "/settings/", "settings"),
    ("users", _l("Users"), "/settings/users/", "user"),
    ("roles", _l("Roles"), "/settings/roles/", "shield-lock"),
    ("groups", _l("Groups"), "/settings/groups/", "key"),
    ("teams", _l("Teams"), "/settings/teams/", "users-group"),
    ("currencies", _l("Currencies"), "/settings/currencies/", "currency-euro"),
    ("consent", _l("Marketing consent"), "/settings/consent/", "mail-check"),
    ("audit", _l("Audit"), "/settings/audit/", "history"),
    ("console", _l("Data console"), "/console/", "database"),
)


def add_settings(appbuilder: AppBuilder) -> None:
    """The settings' screens, the first start, and the menu's group that leads to them. They stand last."""
    for view in (
        SettingsView, FieldsView, ChoiceListView, LayoutView, PipelineView, RelationshipKindView, CurrencyView,
        ConsentView, SuppressedView, TeamView, OldOutboxView, AuditView, LookingView, FirstStartView, TraySettingsView,
        OrganisationView, ApiKeyView, ApiDocsView, SetupView,
    ):  # fmt: skip
        appbuilder.add_view_no_menu(view)
    for name, label, href, icon in SETTINGS_MENU:
        appbuilder.add_link(name, href=href, icon=icon, label=label, category=SETTINGS_GROUP,
                            category_icon="settings", category_label=_l("Settings"))  # fmt: skip
    replace_locale_view(appbuilder)
