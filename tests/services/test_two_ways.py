"""The two ways in which rows of a register are read agree: `find_page`, which screens and REST use, and the interface
that Flask-AppBuilder itself calls."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, g

from models.rights import Access
from models.security import FieldRight, Role, Team, User
from services.records import create_record
from services.search import find_page
from services.security import access_for
from views.interface import RegisterInterface

CONDITIONS: list[tuple[str, str, Any]] = [
    ("name", "ct", "oy"), ("name", "sw", "A"), ("name", "neq", "Alfa Oy"), ("city", "eq", "Turku"),
    ("city", "empty", "1"), ("status", "eq", "customer"), ("status", "in", ["customer", "prospect"]),
    ("status", "nin", ["customer"]), ("status", "nempty", "1"), ("created_at", "ge", "2020-01-01"),
]  # fmt: skip


@pytest.fixture
def rows(admin_access: Access, make_user: Callable[..., User], make_role: Callable[..., Role]) -> dict[str, User]:
    """Companies of two sellers in two teams, and users who see all, the team's, their own, or none."""
    teams = [Team(name=name).save() for name in ("North", "South")]
    scopes = {name: make_role(name, ("company", "see", name)) for name in ("all", "team", "own")}
    hidden = FieldRight(register="company", column="city", access="hidden")
    users = {
        "all": make_user("all", scopes["all"]), "team": make_user("team", scopes["team"], team=teams[0]),
        "own": make_user("own", scopes["own"], team=teams[0]), "none": make_user("none"),
        "blind": make_user("blind", make_role("Blind", ("company", "see", "all"), field_rights=[hidden])),
    }  # fmt: skip
    for number, name in enumerate(("Alfa Oy", "Beta Ab", "Åkerlund Oy", "Ähtärin Saha", "Zeta Oy", "Gamma")):
        create_record(admin_access, "company", {
            "name": name, "city": ("Turku", "Oulu", "")[number % 3], "status": ("customer", "prospect", "")[number % 3],
            "owner": str(users["own"].pk) if number % 2 else str(users["all"].pk), "team": str(teams[number % 2].pk),
        })  # fmt: skip
    return users


@pytest.mark.parametrize("who", ["all", "team", "own", "none", "blind"])
@pytest.mark.parametrize("condition", [None, *CONDITIONS], ids=str)
def test_both_ways_of_reading_give_the_same_rows(
    app: Flask, rows: dict[str, User], who: str, condition: tuple[str, str, Any] | None
) -> None:
    access = access_for(rows[who])
    if who == "blind" and condition and condition[0] == "city":
        assert "city" not in RegisterInterface("company").schema.for_access(access).by_column
        return
    conditions = [dict(zip(("col", "opr", "value"), condition, strict=True))] if condition else []
    page = find_page(access, "company", conditions)
    with app.test_request_context():
        g.user = rows[who]
        interface = RegisterInterface("company")
        filters = interface.get_filters(list(interface.columns()))
        if condition:
            filters.add_filter_named(*condition)
        count, found = interface.query(filters, page=0, page_size=25)
        assert [record.pk for record in found] == [raw["_id"] for raw in page.rows]
        assert count == page.count
