"""The people who use Kortisto in the demo organisation: teams, roles with their rights, and users."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from bson import ObjectId

from models.rights import Access
from models.security import ADMIN_ROLE, Role, Team, User
from services.demo.drawing import Ref, plain
from services.roles import create_role
from services.trays import give_tray
from services.users import create_user

TEAMS = {"south": "Etelä", "west": "Länsi", "east": "Itä", "north": "Pohjoinen"}


@dataclass(frozen=True)
class Employee:
    """A user of the demo organisation. `role` is a key of ROLES, `team` one of TEAMS or empty."""

    first_name: str
    last_name: str
    role: str
    team: str = ""

    @property
    def username(self) -> str:
        return f"{plain(self.first_name)}.{plain(self.last_name)}"


STAFF = (
    Employee("Aino", "Lehtonen", "seller", "south"), Employee("Ville", "Hämäläinen", "seller", "south"),
    Employee("Sanna", "Rantanen", "seller", "south"), Employee("Mikko", "Laine", "seller", "west"),
    Employee("Heidi", "Koskinen", "seller", "west"), Employee("Teemu", "Väisänen", "seller", "east"),
    Employee("Katja", "Turunen", "seller", "east"), Employee("Jari", "Hiltunen", "seller", "north"),
    Employee("Leena", "Mäkinen", "manager", "south"), Employee("Petri", "Salminen", "manager", "west"),
    Employee("Outi", "Karjalainen", "manager", "east"), Employee("Antti", "Ojala", "manager", "north"),
    Employee("Jenni", "Aaltonen", "marketing"), Employee("Tuomas", "Nieminen", "marketing"),
    Employee("Päivi", "Korhonen", "service", "south"), Employee("Noora", "Järvinen", "service", "west"),
    Employee("Esa", "Leppänen", "service", "north"), Employee("Marja", "Virtanen", "executive"),
    Employee("Kari", "Heikkinen", "executive"), Employee("Tiina", "Saarinen", "admin"),
)  # fmt: skip

#: Key -> (name, {action: scope} on companies, people and opportunities, restricted fields).
ROLES: dict[str, tuple[str, dict[str, str], list[dict[str, str]]]] = {
    "seller": ("Myyjä", {"see": "all", "add": "team", "change": "own", "merge": "own", "send": "own"}, []),
    # Managers lead their teams: what is theirs on own records is theirs on the team's.
    "manager": ("Myyntipäällikkö", {"see": "all", "add": "all", "change": "own", "delete": "own", "export": "own",
                                    "merge": "own", "send": "own"}, []),
    "marketing": ("Markkinointi", {"see": "all", "export": "all", "merge": "all", "send": "all"},
                  [{"register": "company", "column": "x_credit_ban", "access": "hidden"}]),
    "service": ("Asiakaspalvelu", {"see": "all", "add": "all", "change": "all", "send": "all"},
                [{"register": "company", "column": "x_discount", "access": "read_only"},
                 {"register": "company", "column": "x_open_offers", "access": "hidden"}]),
    "executive": ("Johto", {"see": "all", "export": "all", "merge": "all", "send": "all"}, []),
}  # fmt: skip


#: The trays that come with the program, for these roles; managers have two.
TRAYS = {"sales": ("seller", "manager"), "marketing": ("marketing",), "service": ("service",),
         "management": ("manager", "executive")}  # fmt: skip

#: What everybody may do with products, and those who look after them.
SELLING, KEEPING = {"see": "all"}, {"see": "all", "add": "all", "change": "all", "export": "all"}
WORKING = {"see": "all", "add": "team", "change": "team", "delete": "own", "send": "team"}
#: What marketing may do with segments, campaigns and mailings, which it also sends.
MARKETING = {"see": "all", "add": "all", "change": "all", "delete": "own", "export": "all"}


def seller_of(team: str, random: Random) -> Ref:
    """One of the team's sellers; the first of them has the most customers."""
    sellers = [number for number, employee in enumerate(STAFF) if (employee.role, employee.team) == ("seller", team)]
    return Ref("user", sellers[int(random.random() ** 1.4 * len(sellers))])


def ensure_teams() -> dict[str, ObjectId]:
    """Key of TEAMS -> id; the ones that are there are used."""
    return {key: (Team.objects(name=name).first() or Team(name=name).save()).pk for key, name in TEAMS.items()}


def ensure_roles(access: Access) -> dict[str, ObjectId]:
    """Key of ROLES, or "admin" -> id; a role that is there is used as it is."""
    names = {key: role_name(key) for key in (*ROLES, "admin")}
    known = {role.name: role.pk for role in Role.objects(name__in=names.values())}
    roles = {key: known.get(name) or create_role(access, role_data(key))["_id"] for key, name in names.items()}
    for tray, keys in TRAYS.items():
        give_tray(tray, [roles[key] for key in keys])
    return roles


def role_name(key: str) -> str:
    return ROLES[key][0] if key in ROLES else ADMIN_ROLE


def role_data(key: str) -> dict[str, Any]:
    name, actions, field_rights = ROLES[key]
    grants = [
        *granted(actions, "company", "person", "opportunity"),
        *granted(KEEPING if key in ("manager", "marketing") else SELLING, "product"),
        # Everybody keeps their own activities, and sees the others' within what is private.
        *granted(WORKING, "activity"),
        *(granted(MARKETING, "segment", "campaign", "mailing") if key == "marketing" else ()),
        *(granted({"send": "all"}, "mailing") if key == "marketing" else ()),
    ]
    return {"name": name, "grants": grants, "field_rights": field_rights}


def granted(actions: Mapping[str, str], *registers: str) -> list[dict[str, str]]:
    """{action: scope} on each of the registers, as roles have it."""
    return [{"register": register, "action": action, "scope": scope}
            for register in registers for action, scope in actions.items()]  # fmt: skip


def ensure_users(access: Access, password: str) -> tuple[list[ObjectId], list[Employee]]:
    """(the ids of STAFF in their order, those who were new and got the password)."""
    teams, roles = ensure_teams(), ensure_roles(access)
    known = {user.username: user.pk for user in User.objects(username__in=[e.username for e in STAFF])}
    new = [employee for employee in STAFF if employee.username not in known]
    for employee in new:
        data = user_data(employee, roles[employee.role], teams.get(employee.team))
        known[employee.username] = create_user(access, data, password, given=False)["_id"]
    return [known[employee.username] for employee in STAFF], new


def user_data(employee: Employee, role: ObjectId, team: ObjectId | None) -> dict[str, Any]:
    return {
        "username": employee.username, "first_name": employee.first_name, "last_name": employee.last_name,
        "email": f"{employee.username}@kortisto.example", "language": "fi", "roles": [role], "team": team,
        "leads": [team] if team and employee.role == "manager" else [],
    }  # fmt: skip
