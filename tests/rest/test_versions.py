"""Versions over REST: ETag and If-Match, merging by the version that was read, and what a conflict tells."""

from typing import Any

import pytest

from tests.rest.conftest import Caller


@pytest.fixture
def made(rest: Caller) -> dict[str, Any]:
    return rest.add("company", name="Acme", city="Oulu")


def tag_of(rest: Caller, path: str, **headers: str) -> str:
    answer = rest.raw("GET", path, "", **headers)
    return str(answer.headers["ETag"])


def test_etag_is_the_version_and_if_match_holds_to_it(rest: Caller, made: dict[str, Any]) -> None:
    path = f"company/{made['id']}"
    tag = tag_of(rest, path)
    assert tag == '"1"'
    assert rest.call("PUT", path, json={"city": "Turku"}, headers={"If-Match": tag})["result"]["version"] == 2
    late = rest.call("PUT", path, 412, json={"phone": "040 123 4567"}, headers={"If-Match": tag})
    assert late["current"]["city"] == "Turku"
    assert rest.call("GET", path)["result"]["phone"] is None
    rest.call("DELETE", path, 412, headers={"If-Match": tag})
    rest.call("DELETE", path, headers={"If-Match": tag_of(rest, path)})


@pytest.mark.parametrize("tag", ['"abc"', "W/\"1\"", '"1", "2"', "1", '"' + "9" * 50 + '"', "nonsense", '""'])
def test_tags_that_are_no_version_of_ours(rest: Caller, made: dict[str, Any], tag: str) -> None:
    answer = rest.raw("PATCH", f"company/{made['id']}", '{"city": "Turku"}', **{"If-Match": tag})
    assert answer.status_code in (200, 412)
    assert tag_of(rest, f"company/{made['id']}") == ('"2"' if answer.status_code == 200 else '"1"')


def test_star_takes_any_version(rest: Caller, made: dict[str, Any]) -> None:
    assert rest.call("PATCH", f"company/{made['id']}", json={"city": "Turku"}, headers={"If-Match": "*"})


def test_tag_of_a_compressed_answer_is_taken_back(rest: Caller, made: dict[str, Any]) -> None:
    path = f"company/{made['id']}"
    tag = tag_of(rest, path, **{"Accept-Encoding": "br"})
    rest.call("PUT", path, json={"city": "Turku"}, headers={"If-Match": tag})
    rest.call("PUT", path, 412, json={"city": "Lahti"}, headers={"If-Match": tag})


def test_version_that_was_read_merges_and_tells_what_clashes(rest: Caller, made: dict[str, Any]) -> None:
    path = f"company/{made['id']}"
    rest.call("PUT", path, json={"city": "Turku", "version": 1})
    merged = rest.call("PUT", path, json={"name": "Acme", "city": "Oulu", "phone": "040 123 4567", "version": 1})
    assert (merged["result"]["city"], merged["result"]["phone"]) == ("Turku", "+358401234567")
    clash = rest.call("PUT", path, 409, json={"city": "Lahti", "phone": "", "version": 1})
    assert clash["clashes"] == ["city"]
    assert clash["current"]["city"] == "Turku"
    whole = rest.call("GET", path)["result"]
    rest.call("PUT", path, json={"street": "Katu 1"})
    again = rest.call("PUT", path, json=whole | {"email": "a@acme.fi"})
    assert (again["result"]["street"], again["result"]["email"]) == ("Katu 1", "a@acme.fi")
