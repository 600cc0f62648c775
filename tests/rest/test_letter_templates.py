"""Templates of letters over REST: their files come and go, for those who may make letters in their register."""

from collections.abc import Callable
from typing import Any

from models.security import Role, User
from services.word import WordTemplate
from tests.rest.conftest import Caller
from tests.word.making import docx, merge_field, p

Raw = dict[str, Any]
FILE = docx(p(merge_field("Name"), " ", merge_field("Street name")))


def sent(rest: Caller, method: str, path: str, body: bytes, status: int) -> Raw:
    answer = rest.raw(method, path, body, **{"Content-Type": "application/octet-stream"})
    assert answer.status_code == status, answer.text
    return answer.json


def test_a_template_is_added_mapped_replaced_and_deleted(rest: Caller) -> None:
    made = sent(rest, "POST", "letter_template/?register=person&name=Greeting.docx", FILE, 201)["result"]
    assert (made["name"], made["register"], made["field_map"]) == ("Greeting", "person", {})
    one = f"letter_template/{made['id']}"
    change = {"name": "Hello", "field_map": {"Street name": "phone"}, "version": made["version"]}
    changed = rest.call("PUT", one, json=made | change)["result"]
    assert (changed["name"], [*changed["field_map"].values()]) == ("Hello", ["phone"])
    assert rest.call("PATCH", one, 409, json=change)["current"] == changed
    assert list(rest.call("PATCH", one, 422, json={"field_map": {"Nothing": "phone"}})["errors"]) == ["field_map"]
    assert list(rest.call("PATCH", one, 422, json={"name": " "})["errors"]) == ["name"]
    sent(rest, "PUT", f"{one}/file?name=Other.docx", docx(p(merge_field("City"))), 200)
    file = rest.raw("GET", f"{one}/file", b"").data
    assert [*WordTemplate.read(file).field_names] == ["City"]
    assert rest.call("GET", "letter_template/")["ids"] == [made["id"]]
    rest.call("DELETE", one)
    rest.call("GET", one, 404)


def test_what_is_no_template_is_refused(rest: Caller) -> None:
    for body in (b"", b"PK", b"x" * 100):
        problem = sent(rest, "POST", "letter_template/?register=person&name=x.docx", body, 422)
        assert list(problem["errors"]) == ["file"]
    sent(rest, "POST", "letter_template/?register=nothing&name=x.docx", FILE, 404)
    assert list(sent(rest, "POST", "letter_template/?register=person", FILE, 422)["errors"]) == ["name"]


def test_templates_are_for_those_who_make_letters(
    rest: Caller, make_role: Callable[..., Role], make_user: Callable[..., User], caller_of: Callable[[User], Caller]
) -> None:
    made = sent(rest, "POST", "letter_template/?register=person&name=Greeting.docx", FILE, 201)["id"]
    reader = caller_of(make_user("reader", make_role("People", ("person", "see", "all"))))
    assert reader.call("GET", "letter_template/")["ids"] == []
    for method, path, status in (("GET", "", 404), ("GET", "/file", 404), ("PUT", "", 403), ("DELETE", "", 403)):
        reader.call(method, f"letter_template/{made}{path}", status, json={})
    sent(reader, "POST", "letter_template/?register=person&name=x.docx", FILE, 403)
    assert "post" not in reader.call("GET", "_openapi")["paths"]["/api/v1/letter_template/"]
