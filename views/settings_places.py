"""Everything that can be set up, topic by topic, in plain words, and finding it by words.

A new screen of settings is one line here: its address, its icon, what it is called, what it is for, and in `also` the
words that somebody may look for who calls it otherwise.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from models.fields.definitions import FieldDefinition
from models.rights import SETTINGS, Access
from models.security import Group, Role, Team, User
from services.pipelines import REGISTER as PIPELINES
from services.settings import registers_to_set_up

LONGEST_SEARCH = 100


def manages(access: Access) -> bool:
    return access.may(SETTINGS, "change")


def administers(access: Access) -> bool:
    return access.everything


def sets_up_a_register(access: Access) -> bool:
    return bool(registers_to_set_up(access))


def sets_up_pipelines(access: Access) -> bool:
    return access.may(PIPELINES, "settings")


def anybody(_access: Access) -> bool:
    return True


@dataclass(frozen=True)
class Place:
    """One thing that can be set up, and where. `count` says how many there are of it."""

    endpoint: str
    icon: str
    label: Any
    text: Any
    may: Callable[[Access], bool] = manages
    also: Any = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    count: Callable[[], int] | None = None

    def matches(self, words: Sequence[str]) -> bool:
        """Whether each of the words (in lower case) is in what it is called, what it is for, or `also`."""
        text = f"{self.label} {self.text} {self.also}".casefold()
        return all(word in text for word in words)


@dataclass(frozen=True)
class Topic:
    """Places that belong together."""

    label: Any
    places: Sequence[Place]
    text: Any = ""


def field_places(access: Access) -> Iterator[Place]:
    """The fields of each register that the user sets up, with how many the organisation has made."""
    made: dict[str, int] = {}
    for definition in FieldDefinition.objects(retired__ne=True).only("register"):
        made[definition.register] = made.get(definition.register, 0) + 1
    for card in registers_to_set_up(access):
        text = ngettext("%(num)s field of your own", "%(num)s fields of your own", made.get(card.key, 0))
        yield Place("FieldsView.fields", card.icon, card.label, text, sets_up_a_register, also=FIELD_WORDS,
                    arguments={"register": card.key})  # fmt: skip


FIELD_WORDS = _l("fields, columns, choices, lists of values, required, define")
ORGANISATION = (
    Place("OrganisationView.edit", "building", _l("Organisation"),
          _l("Its name, language, country and currency, and where people ask for help."),
          also=_l("company, support, public holidays, how long deleted records are kept")),
    Place("SetupView.start", "list-details", _l("Set-up"),
          _l("From an empty program to your own in four steps: line of business, users, customers."), administers,
          also=_l("begin, starting set, invite")),
    Place("CurrencyView.rates", "currency-euro", _l("Currencies"),
          _l("What sums are shown in, and what other currencies are worth."), also=_l("exchange rates, money")),
)  # fmt: skip
RECORDS = (
    Place("RelationshipKindView.kinds", "link", _l("Relationships"),
          _l("What people and companies are to one another."), also=_l("contacts, parent company, roles of people")),
    Place("PipelineView.list", "layout-kanban", _l("Pipelines"),
          _l("The stages of opportunities, how likely a deal is in each, and how long one may rest."),
          sets_up_pipelines, also=_l("sales process, board, probability")),
    Place("ImportView.list", "upload", _l("Import"), _l("Lists of a spreadsheet, looked at before they come in."),
          also=_l("Excel, CSV, migration, undo an import")),
    Place("LayoutView.start", "layout-dashboard", _l("Record page"),
          _l("Where the parts of a record stand, for everybody or for a role."), sets_up_a_register,
          also=_l("layout, blocks, order")),
)  # fmt: skip
PEOPLE = (
    Place("UserView.list", "user", _l("Users"), _l("Who may sign in, and with which roles."), administers,
          also=_l("invite, password, deactivate, hand over, one-time codes, sessions"),
          count=lambda: User.objects(active=True).count()),
    Place("RoleView.list", "shield-lock", _l("Roles"), _l("What one may see and do: own, the team’s or all records."),
          administers, also=_l("rights, permissions, hidden fields, read-only"),
          count=lambda: Role.objects(name__ne="Public").count()),
    Place("GroupView.list", "key", _l("Groups"), _l("Users who share roles."), administers,
          count=lambda: Group.objects.count()),
    Place("ApiKeyView.list", "api", _l("API keys"), _l("By which programs come in, each with roles of its own."),
          administers, also=_l("REST, tokens, integrations")),
    Place("TeamView.list", "users-group", _l("Teams"), _l("People who work together; a record belongs to one of them."),
          also=_l("departments, offices"), count=lambda: Team.objects.count()),
    Place("TraySettingsView.list", "layout-dashboard", _l("Trays"),
          _l("What each role begins its day with: tools and figures."), also=_l("start page, dashboard")),
)  # fmt: skip
MESSAGES = (
    Place("ConsentView.rules", "mail-check", _l("Marketing consent"),
          _l("Whom marketing may go to, by e-mail, SMS and letter."), also=_l("permission, opt-in, rules")),
    Place("SuppressedView.list", "mail-off", _l("Addresses without marketing"),
          _l("Who has unsubscribed, or may not be written to."), administers, also=_l("opt-out, bounced")),
    Place("OutboxView.list", "mail", _l("Outbox"), _l("Reminders and other e-mail, and what became of it."),
          administers, also=_l("sent, failed, delivery")),
    Place("MergeView.list", "file-type-docx", _l("Letters"), _l("Word templates, and the letters made of them."),
          also=_l("merge, templates, labels")),
)  # fmt: skip
WATCH = (
    Place("AuditView.list", "history", _l("Audit"),
          _l("Who logged in, what was carried out, and which rights and settings were changed."), administers,
          also=_l("log, security")),
    Place("console.index", "database", _l("Data console"), _l("The database as it is, for those who know it."),
          administers, also=_l("MongoDB, indexes, files")),
    Place("JobView.list", "activity", _l("Jobs"), _l("Long work: what runs, what is done, what failed."), administers,
          also=_l("imports, progress")),
    Place("BinView.list", "trash", _l("Recycle bin"), _l("Deleted records wait here and can be restored."),
          administers, also=_l("restore, undelete")),
)  # fmt: skip
OWN = (
    Place("ProfileView.edit", "user-circle", _l("Your settings"),
          _l("Name, language, time zone, daily digest and password."), anybody, also=_l("signature, phone, sessions")),
    Place("AuthenticatorView.edit", "shield-lock", _l("Authenticator app"),
          _l("Log in with a code of your phone besides the password."), anybody, also=_l("two-factor, recovery codes")),
    Place("CalendarPlanningView.hours", "clock", _l("Working hours"),
          _l("When you work, so that others find a time with you."), anybody, also=_l("holidays, free time")),
    Place("ApiDocsView.page", "code", _l("REST interface"), _l("What programs can do here, call by call, to be tried."),
          anybody, also=_l("API, OpenAPI, documentation, integrations")),
    Place("CalendarFeedView.addresses", "calendar", _l("Calendar addresses"),
          _l("Your calendar in the program of your phone or computer."), anybody, also=_l("iCal, subscribe, Outlook")),
)  # fmt: skip


def all_topics(access: Access) -> Sequence[Topic]:
    return (
        Topic(_l("Your organisation"), ORGANISATION),
        Topic(_l("Registers and their fields"), (*field_places(access), *RECORDS),
              _l("Define what you want to know. A field is at once in forms, lists, filters, imports and letters.")),
        Topic(_l("People and rights"), PEOPLE),
        Topic(_l("Messages and letters"), MESSAGES),
        Topic(_l("Keeping watch"), WATCH),
        Topic(_l("Your own"), OWN),
    )  # fmt: skip


def shown_topics(access: Access, typed: str = "") -> list[dict[str, Any]]:
    """What the user may set up, with the typed words in it: [{label, text, places: [{url, icon, label, text, words,
    count}]}], no topic without a place. Words that are in a topic's own label find all of it."""
    words = typed.casefold().split()
    shown = []
    for topic in all_topics(access):
        rest = [word for word in words if word not in str(topic.label).casefold()]
        places = [shown_place(place) for place in found(topic.places, access, rest)]
        if places:
            shown.append({"label": topic.label, "text": topic.text, "places": places})
    return shown


def found(places: Iterable[Place], access: Access, words: Sequence[str]) -> Iterator[Place]:
    return (place for place in places if place.may(access) and place.matches(words))


def shown_place(place: Place) -> dict[str, Any]:
    return {"url": url_for(place.endpoint, **place.arguments), "icon": place.icon, "label": place.label,
            "text": place.text, "words": place.also, "count": place.count() if place.count else ""}  # fmt: skip
