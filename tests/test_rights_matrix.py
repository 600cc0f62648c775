"""Every address there is, times roles: what each may open, that no record is told to whom it is hidden from, and that
nothing is changed by those who may not. An address of a screen that is not in the table fails."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import mongoengine as me
import pytest
from bson import ObjectId
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from models.registers import all_registers
from models.rights import Access
from models.security import Team, User
from services.files import add_file, keep_content, new_file
from services.records import create_record

#: What the hidden records' texts begin with, and what is not asked for anywhere: a page that holds it has told.
WORD, MARK = "Salaisuus", "Salaisuus-7f3a"
PUBLIC, EVERYBODY, SETTINGS, ADMINISTRATION, REGISTER = "public", "everybody", "settings", "administration", "register"
#: Screen or resource -> who may open it. "register": what the role grants on the register decides, for each record.
POLICIES = {
    "SignInView": PUBLIC, "FirstStartView": PUBLIC, "LocaleView": PUBLIC, "UnsubscribeView": PUBLIC, "health": PUBLIC,
    "static": PUBLIC, "appbuilder": PUBLIC, "SecurityApi": PUBLIC, "UtilView": PUBLIC,
    "AuthenticatorView": EVERYBODY, "CalendarView": EVERYBODY, "CalendarPlanningView": EVERYBODY,
    "CalendarInvitationView": EVERYBODY, "FileView": EVERYBODY, "JobView": EVERYBODY, "JobApi": EVERYBODY,
    "MergeView": EVERYBODY, "ImportView": EVERYBODY, "AddressLabelView": EVERYBODY, "NoticeView": EVERYBODY,
    "OptionsView": EVERYBODY,
    "ProfileView": EVERYBODY, "RecurrenceView": EVERYBODY, "ReportView": EVERYBODY, "ReportBuilderView": EVERYBODY,
    "SavedViewsView": EVERYBODY, "SearchView": EVERYBODY, "StartView": EVERYBODY, "TrayView": EVERYBODY,
    "BinView": EVERYBODY, "TaskView": EVERYBODY, "CalendarFeedView": EVERYBODY, "DescriptionApi": EVERYBODY,
    "ChoiceListApi": EVERYBODY, "ImportApi": EVERYBODY, "FieldDefinitionApi": EVERYBODY, "OutboxView": EVERYBODY,
    "FieldsView": SETTINGS, "SettingsView": SETTINGS, "ChoiceListView": SETTINGS, "LayoutView": SETTINGS,
    "PipelineView": SETTINGS, "RelationshipKindView": SETTINGS, "CurrencyView": SETTINGS, "TeamView": SETTINGS,
    "TraySettingsView": SETTINGS, "ConsentView": SETTINGS, "SuppressedView": SETTINGS,
    "UserView": ADMINISTRATION, "RoleView": ADMINISTRATION, "GroupView": ADMINISTRATION, "console": ADMINISTRATION,
    "console_documents": ADMINISTRATION, "AuditView": ADMINISTRATION, "OldOutboxView": EVERYBODY,
    "LetterView": EVERYBODY, "LookingView": ADMINISTRATION,
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
#: Opening these ends the session that the rest of the test needs, or all sessions.
LEFT_OUT = ("SignInView.", "ProfileView.end", "UserView.end")
#: The registers whose records are asked for where an address is of no register in particular.
ASKED = ("company", "person", "activity")
NOT_SHOWN = (301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 409, 413, 415, 422, 429)


@dataclass(frozen=True)
class Role:
    """A role of the matrix: its grants, and whose its user is."""

    name: str
    grants: tuple[tuple[str, str, str], ...]
    sees: bool = False
    changes: bool = False


def grants_of(scope: str, *actions: str) -> tuple[tuple[str, str, str], ...]:
    return tuple(("*", action, scope) for action in actions)


EVERY = ("see", "add", "change", "delete", "export", "merge")
ROLES = (
    Role("nothing", ()),
    Role("reader", grants_of("all", "see", "export"), sees=True),
    Role("seller", grants_of("own", *EVERY)),
    Role("team_leader", grants_of("team", *EVERY)),
    Role("marketing", (*grants_of("all", "see", "export", "merge"), *grants_of("own", "add", "change", "delete")),
         sees=True),
)  # fmt: skip


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
        values: dict[str, Any] = {"name": f"{MARK} {card.key}", "owner": str(owner.pk), "team": str(team.pk)}
        values |= {"activity": {"kind": "task", "text": MARK, "due_on": "2026-12-01"},
                   "opportunity": {"stage": "offer", "value": "1000 EUR",
                                   "company": str(found.get("company", ""))},
                   "person": {"email": "salaisuus@example.com"},
                   "mailing": {"subject": MARK, "segment": str(found.get("segment", ""))},
                   }.get(card.key, {})  # fmt: skip
        found[card.key] = create_record(admin_access, card.key, values)["_id"]
    return found


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


def told(answer: Any) -> bool:
    """Whether an answer tells of what is hidden."""
    return MARK in answer.text


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_no_role_sees_or_changes_what_it_may_not(
    app: Flask, make_user: Any, make_role: Any, sign_in: Any, secrets: dict[str, ObjectId], secret_file: ObjectId,
    role: Role,
) -> None:
    user = make_user(role.name, make_role(role.name, *role.grants), team=Team(name="Ours").save())
    client = sign_in(user)
    before = hidden_documents(secrets)
    wrong = []
    for rule in app.url_map.iter_rules():
        policy = policy_of(rule.endpoint)
        if rule.endpoint.startswith(LEFT_OUT) or policy == PUBLIC:
            continue
        for address in addresses(app, rule, secrets, secret_file):
            for answer in called(client, rule, address, secrets):
                opened = policy in (SETTINGS, ADMINISTRATION) and answer.status_code not in NOT_SHOWN
                if opened or answer.status_code >= 500 or (told(answer) and not role.sees):
                    wrong.append((rule.endpoint, answer.request.method, answer.status_code))
    assert wrong == []
    if not role.changes:
        assert hidden_documents(secrets) == before


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
    app: Flask, client: FlaskClient, secrets: dict[str, ObjectId], secret_file: ObjectId
) -> None:
    """That the others are refused says something only where somebody is not."""
    opened = set()
    for rule in app.url_map.iter_rules():
        if policy_of(rule.endpoint) not in (SETTINGS, ADMINISTRATION) or "GET" not in (rule.methods or ()):
            continue
        for address in addresses(app, rule, secrets, secret_file):
            if client.get(address).status_code == 200:
                opened.add(rule.endpoint.partition(".")[0])
    wanted = {name for name, policy in POLICIES.items() if policy in (SETTINGS, ADMINISTRATION)}
    # The page of choice lists is of one that the addresses here don't name; the others are for all, or only sent to.
    assert opened == wanted - {"ChoiceListView", "SettingsView", "LookingView"}
