"""Every address there is, times roles: what each may open, that no record is told to whom it is hidden from, and that
nothing is changed by those who may not. An address of a screen that is not in the table fails."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import mongoengine as me
import pytest
from bson import ObjectId
from flask import Flask
from flask.testing import FlaskClient
from flask_jwt_extended import create_access_token
from werkzeug.routing import Rule

from models.registers import all_registers
from models.rights import RECORD_ACTIONS, Access
from models.security import Team, User
from services.files import add_file, keep_content, new_file
from services.records import create_record

#: What the hidden records' texts begin with, and what is not asked for anywhere: a page that holds it has told.
WORD, MARK = "Salaisuus", "Salaisuus-7f3a"
PUBLIC, EVERYBODY, SETTINGS, ADMINISTRATION, REGISTER = "public", "everybody", "settings", "administration", "register"
#: Screen or resource -> who may open it. "register": what the role grants on the register decides, for each record.
POLICIES = {
    "SignInView": PUBLIC, "OpenIdView": PUBLIC, "FirstStartView": PUBLIC, "LocaleView": PUBLIC,
    "UnsubscribeView": PUBLIC, "health": PUBLIC, "static": PUBLIC, "appbuilder": PUBLIC, "SecurityApi": PUBLIC,
    "UtilView": PUBLIC, "HelpView": PUBLIC,
    "AuthenticatorView": EVERYBODY, "CalendarView": EVERYBODY, "CalendarPlanningView": EVERYBODY,
    "CalendarInvitationView": EVERYBODY, "FileView": EVERYBODY, "JobView": EVERYBODY, "JobApi": EVERYBODY,
    "MergeView": EVERYBODY, "AddressLabelView": EVERYBODY, "ExportView": EVERYBODY, "NoticeView": EVERYBODY,
    "OptionsView": EVERYBODY, "ImportView": EVERYBODY,
    "ProfileView": EVERYBODY, "RecurrenceView": EVERYBODY, "ReportView": EVERYBODY, "ReportBuilderView": EVERYBODY,
    "SavedViewsView": EVERYBODY, "SearchView": EVERYBODY, "StartView": EVERYBODY, "TrayView": EVERYBODY,
    "BinView": EVERYBODY, "TaskView": EVERYBODY, "CalendarFeedView": EVERYBODY, "DescriptionApi": EVERYBODY,
    "ChoiceListApi": EVERYBODY, "ImportApi": EVERYBODY, "FieldDefinitionApi": EVERYBODY, "OutboxView": EVERYBODY,
    "FieldsView": SETTINGS, "SettingsView": SETTINGS, "ChoiceListView": SETTINGS, "LayoutView": SETTINGS,
    "PipelineView": SETTINGS, "RelationshipKindView": SETTINGS, "CurrencyView": SETTINGS, "TeamView": SETTINGS,
    "TraySettingsView": SETTINGS, "ConsentView": SETTINGS, "SuppressedView": SETTINGS,
    "UserView": ADMINISTRATION, "RoleView": ADMINISTRATION, "GroupView": ADMINISTRATION, "console": ADMINISTRATION,
    "console_documents": ADMINISTRATION, "AuditView": ADMINISTRATION, "OldOutboxView": EVERYBODY,
    "ApiKeyView": ADMINISTRATION, "LetterView": EVERYBODY, "LookingView": ADMINISTRATION, "OrganisationView": SETTINGS,
    "UserApi": ADMINISTRATION, "RoleApi": ADMINISTRATION, "GroupApi": ADMINISTRATION, "ApiKeyApi": ADMINISTRATION,
    "OrganisationApi": SETTINGS, "TeamApi": SETTINGS, "ExchangeRateApi": SETTINGS, "PipelineApi": EVERYBODY,
    "ApiDocsView": EVERYBODY, "SavedViewApi": EVERYBODY, "RecordLayoutApi": EVERYBODY,
    "RelationshipKindApi": EVERYBODY, "MarketingRulesApi": SETTINGS, "SuppressedApi": ADMINISTRATION,
    "TrayApi": SETTINGS, "LetterTemplateApi": EVERYBODY,
    "SupportView": EVERYBODY, "SetupView": ADMINISTRATION,
}  # fmt: skip
#: Addresses of one screen that others may open than those of the rest.
EXCEPTIONS = {
    # Whoever looks at the program as somebody else has that one's rights meanwhile.
    "LookingView.stop": EVERYBODY,
    # Shows strangers the way to the login.
    "StartView.index": PUBLIC,
    # A calendar program fetches the feed by its secret address.
    "CalendarFeedView.feed": PUBLIC,
    # Leads everybody to their own settings, and further whoever may go there.
    "SettingsView.index": EVERYBODY,
    # Its own document, which a caller reads before it has a token.
    "DescriptionApi.show": PUBLIC,
}
#: Opening these ends the session that the rest of the test needs, or all sessions, or lets it do nothing more.
LEFT_OUT = ("SignInView.", "ProfileView.end", "UserView.end", "LookingView.begin")
#: The registers whose records are asked for where an address is of no register in particular.
ASKED = ("company", "person", "activity")
NOT_SHOWN = (301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 409, 413, 415, 422, 429)


#: Whose a record may be: the user's own, one of the team that a leader leads, somebody else's.
OWN, LED, OTHERS = "own", "led", "others"
ALL = (OWN, LED, OTHERS)


@dataclass(frozen=True)
class Role:
    """A role of the matrix: its grants, whether its user leads a team, and what follows: whose records it sees, and
    whose it changes and deletes, spelled out rather than reckoned as the program reckons it."""

    name: str
    grants: tuple[tuple[str, str, str], ...] = ()
    leads: bool = False
    sees: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    administers: bool = False


def grants_of(scope: str, *actions: str) -> tuple[tuple[str, str, str], ...]:
    return tuple(("*", action, scope) for action in actions)


ROLES = (
    Role("nothing"),
    Role("reader", grants_of("all", "see", "export"), sees=ALL),
    Role("seller", grants_of("own", *RECORD_ACTIONS), sees=(OWN,), changes=(OWN,)),
    Role("team_leader", grants_of("own", *RECORD_ACTIONS), leads=True, sees=(OWN, LED), changes=(OWN, LED)),
    Role("marketing", (*grants_of("all", "see", "export", "merge", "send"),
                       *grants_of("own", "add", "change", "delete")), sees=ALL, changes=(OWN,)),
    Role("administrator", sees=ALL, changes=ALL, administers=True),
)  # fmt: skip


@pytest.fixture
def user_of(make_user: Any, make_role: Any) -> Callable[[Role], User]:
    """A user who has a role of the matrix, in the team "Ours"."""

    def make(role: Role) -> User:
        ours = Team(name="Ours").save()
        held = "Admin" if role.administers else make_role(role.name, *role.grants)
        return make_user(role.name, held, team=ours, leads=[ours] if role.leads else [])

    return make


def policy_of(endpoint: str) -> str:
    """The policy of an address, "" where nobody has said."""
    screen = endpoint.partition(".")[0]
    registers = {f"{card.document.__name__}{kind}" for card in all_registers() for kind in ("View", "Api")}
    return EXCEPTIONS.get(endpoint) or POLICIES.get(screen) or (REGISTER if screen in registers else "")


def test_every_address_has_a_policy(app: Flask) -> None:
    unknown = sorted({rule.endpoint for rule in app.url_map.iter_rules() if not policy_of(rule.endpoint)})
    assert unknown == [], "say in POLICIES who may open these"
    screens = {rule.endpoint.partition(".")[0] for rule in app.url_map.iter_rules()}
    assert set(POLICIES) - screens == set(), "there are no such screens any more"


# What there is to be hidden: a record in each register, somebody else's


@pytest.fixture
def secrets(app: Flask, admin_access: Access, make_user: Any) -> dict[str, ObjectId]:
    """Register -> the id of a record of another user and team, whose texts hold MARK."""
    team = Team(name="Others").save()
    owner = make_user("somebody", "Staff", team=team)
    found: dict[str, ObjectId] = {}
    for card in all_registers():
        whose = {"owner": str(owner.pk), "team": str(team.pk)}
        found[card.key] = create_record(admin_access, card.key, values_of(card.key, found) | whose)["_id"]
    return found


def values_of(register: str, found: dict[str, ObjectId]) -> dict[str, Any]:
    """A record of a register that has to do with those found so far."""
    more: dict[str, dict[str, Any]] = {
        "activity": {"kind": "task", "text": MARK, "due_on": "2026-12-01"},
        "opportunity": {"stage": "offer", "value": "1000 EUR", "company": str(found.get("company", ""))},
        "person": {"email": "salaisuus@example.com"},
        "mailing": {"subject": MARK, "segment": str(found.get("segment", ""))},
    }
    return {"name": f"{MARK} {register}"} | more.get(register, {})


@pytest.fixture
def secret_file(app: Flask, secrets: dict[str, ObjectId]) -> ObjectId:
    owner = User.objects.get(username="somebody")
    kept = keep_content(BytesIO(MARK.encode()))
    return add_file(None, new_file(Access(user_id=owner.pk), f"{MARK}.txt", "text/plain", "attachment", kept))


def addresses(app: Flask, rule: Rule, secrets: dict[str, ObjectId], file: ObjectId) -> Iterator[str]:
    """The rule's address for what is hidden."""
    screen = rule.endpoint.partition(".")[0]
    mine = next((card.key for card in all_registers()
                 if screen in (f"{card.document.__name__}View", f"{card.document.__name__}Api")), None)  # fmt: skip
    choices = {
        "register": list(ASKED), "target": list(ASKED), "column": ["name"], "kind": ["works_for"], "form": ["all"],
        "key": ["sales"],
        "file_id": [str(file)], "filename": ["main.css"], "token": ["abc"], "name": ["name"], "collection": ["company"],
        "locale": ["en"],
    }  # fmt: skip
    # A screen of no register in particular is asked for a record of some of them, and for the file.
    ids = [str(secrets[mine])] if mine else [*(str(secrets[key]) for key in ASKED), str(file)]
    adapter = app.url_map.bind("localhost")
    names = list(rule._converters)
    if not names:
        yield adapter.build(rule.endpoint, {}, method=next(iter(rule.methods or {"GET"})))
        return
    longest = max(len(choices.get(name, ids)) for name in names)
    for place in range(longest):
        values: dict[str, Any] = {}
        for name, converter in rule._converters.items():
            offered = choices.get(name, ids)
            values[name] = 0 if type(converter).__name__ == "IntegerConverter" else offered[place % len(offered)]
        yield adapter.build(rule.endpoint, values, method=next(iter(rule.methods or {"GET"})))


def query_for(secrets: dict[str, ObjectId]) -> dict[str, str]:
    """What may lead a page to a hidden record besides its address."""
    one = str(secrets["company"])
    return {"q": WORD, "company": one, "companies": one, "id": one, "other": one, "_flt_ct_name": WORD, "for": one}


def body_for(secrets: dict[str, ObjectId]) -> dict[str, Any]:
    """What a form would send to change what is hidden, by whatever names forms have."""
    ids = [str(one) for one in secrets.values()]
    return {"rowid": ids, "name": "Changed", "value": "Changed", "version": "1", "column": "name", "pk": ids[0],
            "kind": "works_for", "side": "subject", "other": ids[0], "record": ids[0], "stage": "won", "state": "done",
            "due": "tomorrow", "user": ids[0], "into": ids[0], "confirm": "1", "text": "Changed"}  # fmt: skip


def hidden_documents(secrets: dict[str, ObjectId]) -> str:
    """Everything that is kept of the hidden records, to be compared."""
    database = me.get_db()
    kept = [database[card.document._get_collection_name()].find_one({"_id": secrets[card.key]})
            for card in all_registers()]  # fmt: skip
    counts = [database[name].count_documents({}) for name in ("recycle_bin", "relationship")]
    return json.dumps([kept, counts], default=str, sort_keys=True)


def called(client: FlaskClient, rule: Rule, address: str, secrets: dict[str, ObjectId]) -> Iterator[Any]:
    """The answers to every method of an address."""
    query = query_for(secrets)
    for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
        if method == "GET":
            yield client.get(address, query_string=query)
        elif address.startswith("/api/"):
            yield client.open(address, method=method, json={"name": "Changed"})
        else:
            yield client.open(address, method=method, data=body_for(secrets))


def with_token(client: FlaskClient, user: User) -> FlaskClient:
    """The client with a token as well: cookies open nothing over REST."""
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {create_access_token(identity=str(user.pk), fresh=True)}"
    return client


def told(answer: Any) -> bool:
    """Whether an answer tells of what is hidden."""
    return MARK.encode() in answer.data


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_no_role_sees_or_changes_what_it_may_not(
    app: Flask, user_of: Callable[[Role], User], sign_in: Any, secrets: dict[str, ObjectId], secret_file: ObjectId,
    role: Role,
) -> None:
    user = user_of(role)
    client = with_token(sign_in(user), user)
    before = hidden_documents(secrets)
    wrong = []
    for rule in app.url_map.iter_rules():
        policy = policy_of(rule.endpoint)
        if rule.endpoint.startswith(LEFT_OUT) or policy == PUBLIC:
            continue
        for address in addresses(app, rule, secrets, secret_file):
            for answer in called(client, rule, address, secrets):
                opened = policy in (SETTINGS, ADMINISTRATION) and answer.status_code not in NOT_SHOWN
                wrongly = (opened and not role.administers) or (told(answer) and OTHERS not in role.sees)
                if wrongly or answer.status_code >= 500:
                    wrong.append((rule.endpoint, answer.request.method, answer.status_code))
    assert wrong == []
    assert (hidden_documents(secrets) != before) == (OTHERS in role.changes)


@pytest.mark.slow
def test_strangers_open_what_is_public_and_nothing_else(
    app: Flask, admin: User, secrets: dict[str, ObjectId], secret_file: ObjectId
) -> None:
    client, before = app.test_client(), hidden_documents(secrets)
    wrong = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith(LEFT_OUT):
            continue
        for address in addresses(app, rule, secrets, secret_file):
            for answer in called(client, rule, address, secrets):
                refused = answer.status_code in NOT_SHOWN
                if told(answer) or answer.status_code >= 500 or (policy_of(rule.endpoint) != PUBLIC and not refused):
                    wrong.append((rule.endpoint, answer.request.method, answer.status_code))
    assert wrong == []
    assert hidden_documents(secrets) == before


@pytest.mark.slow
def test_administrator_opens_every_screen_of_settings(
    app: Flask, client: FlaskClient, admin: User, secrets: dict[str, ObjectId], secret_file: ObjectId
) -> None:
    """That the others are refused says something only where somebody is not."""
    opened = set()
    with_token(client, admin)
    for rule in app.url_map.iter_rules():
        if policy_of(rule.endpoint) not in (SETTINGS, ADMINISTRATION) or "GET" not in (rule.methods or ()):
            continue
        for address in addresses(app, rule, secrets, secret_file):
            if client.get(address).status_code == 200:
                opened.add(rule.endpoint.partition(".")[0])
    wanted = {name for name, policy in POLICIES.items() if policy in (SETTINGS, ADMINISTRATION)}
    # The page of choice lists is of one that the addresses here don't name; the others are for all, or only sent to.
    assert opened == wanted - {"ChoiceListView", "SettingsView", "LookingView"}
