"""Segments over REST: their conditions as JSON, who is in them, and records asked for by them."""

from typing import Any
from urllib.parse import quote

import prison
import pytest
from bson import ObjectId

from tests.rest.conftest import Caller

OULU = {"col": "city", "opr": "eq", "value": "Oulu"}


@pytest.fixture
def oulu(rest: Caller) -> Any:
    for name, city in (("B", "Oulu"), ("A", "Oulu"), ("C", "Pori")):
        rest.add("company", name=name, city=city)
    return rest.add("segment", name="In Oulu", members="company", conditions=[OULU])


def members(rest: Caller, segment_id: str, status: int = 200, **query: Any) -> Any:
    return rest.call("GET", f"segment/{segment_id}/members?q={quote(prison.dumps(query))}", status)


def test_conditions_are_read_and_written_as_json(rest: Caller, oulu: Any) -> None:
    assert oulu["conditions"] == [OULU]
    either = [{"any": [OULU, {"none": [{"segment": oulu["id"]}]}]}]
    changed = rest.call("PATCH", f"segment/{oulu['id']}", 422, json={"conditions": either})
    assert "leads to itself" in changed["errors"]["conditions"][0]
    other = rest.add("segment", name="Not", members="company", conditions=either)
    assert other["conditions"] == either
    assert members(rest, other["id"])["count"] == 3
    for wrong in ([{"col": "nothing", "opr": "eq", "value": 1}], [[]], 7, {"all": []}, [{"segment": None}]):
        problem = rest.call("PATCH", f"segment/{oulu['id']}", 422, json={"conditions": wrong})
        assert list(problem["errors"]) == ["conditions"]


def test_members_come_in_pages_of_ids(rest: Caller, oulu: Any) -> None:
    found = members(rest, oulu["id"])
    names = [rest.call("GET", f"company/{one}")["result"]["name"] for one in found["ids"]]
    assert names == ["A", "B"]
    assert (found["count"], found["count_is_exact"], found["register"]) == (2, True, "company")
    assert members(rest, oulu["id"], page=1, page_size=1)["ids"] == found["ids"][1:]
    members(rest, oulu["id"], 400, filters=[])
    members(rest, str(ObjectId()), 404)
    members(rest, "x", 404)


def test_records_are_asked_for_by_segment(rest: Caller, oulu: Any) -> None:
    inside = {"segment": oulu["id"]}
    names = {"in": [inside], "not in": [{"none": [inside]}], "either": [{"any": [{"none": [inside]}, inside]}]}
    found = {key: [row["name"] for row in rest.page("company", filters=filters)["result"]]
             for key, filters in names.items()}  # fmt: skip
    assert found == {"in": ["A", "B"], "not in": ["C"], "either": ["A", "B", "C"]}
    rest.page("company", 400, filters=[{"segment": str(ObjectId())}])
    rest.page("person", 400, filters=[inside])
    rest.page("company", 400, filters=[{"segment": 7}])
