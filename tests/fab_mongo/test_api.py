"""REST: create, read, update, delete, filters, OpenAPI."""

import json
from typing import Any
from urllib.parse import quote

import prison
import pytest
from flask import Flask

from fab_mongo import Kind
from tests.fab_mongo import toys
from tests.fab_mongo.toys import Author, Book, Genre, Shelf, extra_column

BOOKS = "/api/v1/book/"


class Caller:
    """A REST client with a token."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        login = {"username": "boss", "password": toys.PASSWORD, "refresh": True}
        self.tokens = self.client.post("/api/v1/security/login", json=login).json
        self.headers = {"Authorization": f"Bearer {self.tokens['access_token']}"}

    def call(self, method: str, url: str, status: int = 200, **options: Any) -> Any:
        response = self.client.open(url, method=method, headers=self.headers, **options)
        assert response.status_code == status, response.text[:500]
        return response.json

    def list(self, status: int = 200, **query: Any) -> Any:
        return self.call("GET", f"{BOOKS}?q={quote(prison.dumps(query))}", status)


@pytest.fixture
def caller(app: Flask) -> Caller:
    return Caller(app)


def test_post_every_kind_can_be_read_again(caller: Caller) -> None:
    author, genre = Author(name="A").save(), Genre(name="g").save()
    sent = {
        "title": "one",
        "pages": 12,
        "weight": 0.5,
        "price": 19.9,
        "in_print": False,
        "published": "1870-01-31",
        "lent_on": "2026-01-31T12:30:00+00:00",
        "binding": "hard",
        "languages": ["fi"],
        "author": str(author.pk),
        "genres": [str(genre.pk)],
        "contact": "a@example.org",
        "page_url": "https://example.org/x",
        "notes": {"a": [1]},
    }
    made = caller.call("POST", BOOKS, 201, json=sent)
    read = caller.call("GET", BOOKS + made["id"])
    assert read["id"] == made["id"]
    assert {name: read["result"][name] for name in sent} == sent
    assert str(Book._get_collection().find_one()["price"]) == "19.9"
    assert "secret_code" not in read["result"]


def test_put_changes_what_is_sent_only(caller: Caller) -> None:
    book = Book(title="one", pages=5).save()
    caller.call("PUT", f"{BOOKS}{book.pk}", json={"pages": None})
    caller.call("PUT", f"{BOOKS}{book.pk}", json={"summary": "s"})
    book.reload()
    assert (book.title, book.pages, book.summary) == ("one", None, "s")


def test_delete_removes_and_then_is_not_found(caller: Caller) -> None:
    book = Book(title="one").save()
    caller.call("DELETE", f"{BOOKS}{book.pk}")
    caller.call("DELETE", f"{BOOKS}{book.pk}", 404)


def test_delete_of_a_document_in_use_is_refused(caller: Caller) -> None:
    author = Author(name="A").save()
    Shelf(author=author).save()
    answer = caller.call("DELETE", f"/api/v1/author/{author.pk}", 422)
    assert "Associated data" in answer["message"]


@pytest.mark.parametrize("pk", ["nonsense", "0" * 24, "$ne", "1"])
def test_unknown_id_is_not_found(caller: Caller, pk: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        caller.call(method, BOOKS + pk, 404, json={})


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "title"),
        ({"title": ""}, "title"),
        ({"title": None}, "title"),
        ({"title": {"$ne": 1}}, "title"),
        ({"title": "x" * 61}, "title"),
        ({"title": "\x00"}, "title"),
        ({"title": "\ud800"}, "title"),
        ({"title": "one", "nonsense": 1}, "nonsense"),
        ({"title": "one", "secret_code": "x"}, "secret_code"),
        ({"title": "one", "extra": {}}, "extra"),
        ({"title": "one", "id": "x"}, "id"),
        ({"title": "one", "pages": "many"}, "pages"),
        ({"title": "one", "pages": 0}, "pages"),
        ({"title": "one", "pages": True}, "pages"),
        ({"title": "one", "pages": 10**30}, "pages"),
        ({"title": "one", "weight": "nan"}, "weight"),
        ({"title": "one", "weight": 1e999}, "weight"),
        ({"title": "one", "in_print": "perhaps"}, "in_print"),
        ({"title": "one", "published": "soon"}, "published"),
        ({"title": "one", "lent_on": "0001-01-01T00:00:00+14:00"}, "lent_on"),
        ({"title": "one", "binding": "spiral"}, "binding"),
        ({"title": "one", "binding": ["hard"]}, "binding"),
        ({"title": "one", "languages": "fi"}, "languages"),
        ({"title": "one", "languages": ["xx"]}, "languages"),
        ({"title": "one", "author": "nobody"}, "author"),
        ({"title": "one", "author": {"$ne": None}}, "author"),
        ({"title": "one", "genres": ["0" * 24]}, "genres"),
        ({"title": "one", "contact": "nobody"}, "contact"),
        ({"title": "one", "page_url": "nowhere"}, "page_url"),
        ({"title": "one", "notes": {"a\x00": 1}}, "notes"),
        ({"title": "one", "notes": {"$where": 1}}, "notes"),
        ({"title": "one", "notes": "text"}, "notes"),
    ],
)
def test_post_wrong_value_names_the_field(caller: Caller, sent: dict[str, Any], field: str) -> None:
    answer = caller.call("POST", BOOKS, 422, data=json.dumps(sent), content_type="application/json")
    assert field in answer["errors"]
    assert Book.objects.count() == 0


@pytest.mark.parametrize("body", ["[]", '"x"', "1", "null"])
def test_post_body_of_another_shape_is_refused(caller: Caller, body: str) -> None:
    caller.call("POST", BOOKS, 422, data=body, content_type="application/json")


@pytest.mark.parametrize("body", ["{", "", "\ud800".encode("utf-8", "surrogatepass")])
def test_post_body_that_is_not_json_is_refused(caller: Caller, body: str | bytes) -> None:
    caller.call("POST", BOOKS, 400, data=body, content_type="application/json")
    caller.call("POST", BOOKS, 400, data=body, content_type="text/plain")


def test_post_taken_value_names_the_field(caller: Caller) -> None:
    Book(title="one", isbn="1").save()
    assert caller.call("POST", BOOKS, 422, json={"title": "two", "isbn": "1"})["errors"] == {
        "isbn": ["Already exists."]
    }


def test_post_refused_by_hook_says_why(caller: Caller) -> None:
    assert caller.call("POST", BOOKS, 422, json={"title": "Forbidden"})["message"] == "That title is forbidden."


def test_list_filters_orders_and_pages(caller: Caller) -> None:
    for number in range(5):
        Book(title=f"book {number}", pages=10 + number).save()
    answer = caller.list(
        filters=[{"col": "pages", "opr": "gt", "value": 11}],
        order_column="pages",
        order_direction="desc",
        page=0,
        page_size=2,
        columns=["title"],
    )
    assert answer["count"] == 3
    assert answer["result"] == [{"title": "book 4"}, {"title": "book 3"}]
    assert answer["ids"] == [str(Book.objects.get(pages=14).pk), str(Book.objects.get(pages=13).pk)]


@pytest.mark.parametrize(
    "filters",
    [
        [{"col": "nonsense", "opr": "eq", "value": 1}],
        [{"col": "secret_code", "opr": "eq", "value": "x"}],
        [{"col": "title", "opr": "nonsense", "value": 1}],
        [{"col": "title", "opr": "gt", "value": 1}],
        [{"col": "title", "opr": "$where", "value": "1"}],
        [{"col": "pages", "opr": "eq", "value": "abc"}],
        [{"col": "pages", "opr": "eq", "value": {"$ne": 1}}],
        [{"col": "published", "opr": "ge", "value": "soon"}],
        [{"col": "author", "opr": "rel_o_m", "value": "nobody"}],
        [{"col": "author", "opr": "in", "value": ["nobody"]}],
        [{"col": "title", "opr": "ct"}],
        [{"opr": "ct", "value": "x"}],
        ["title"],
        "title",
    ],
)
def test_list_wrong_filter_is_refused(caller: Caller, filters: Any) -> None:
    Book(title="one", pages=1).save()
    assert caller.list(400, filters=filters)["message"]


@pytest.mark.parametrize(
    "q",
    ["!", "(c:", "((((((", "(a:" * 5000, "0en@en", "{", "[" * 5000, '{"page": NaN}', "(page:abc)", "(page:1.5)", "%00"],
)
def test_list_malformed_q_is_refused(caller: Caller, q: str) -> None:
    caller.call("GET", f"{BOOKS}?q={quote(q, safe='%')}", 400)


@pytest.mark.parametrize(("page", "size"), [(-1, -1), (10**9, 10**9), (0, 0), (10**18, 5)])
def test_list_page_out_of_bounds_is_brought_into_them(caller: Caller, page: int, size: int) -> None:
    Book(title="one").save()
    assert caller.list(page=page, page_size=size)["count"] == 1


def test_list_unknown_order_column_is_refused(caller: Caller) -> None:
    caller.list(400, order_column="$where", order_direction="asc")


def test_list_dangling_reference_is_null(caller: Caller) -> None:
    author, genre = Author(name="gone").save(), Genre(name="gone").save()
    Book(title="one", author=author, genres=[genre]).save()
    author.delete()
    genre.delete()
    [row] = caller.list()["result"]
    assert row["author"] is None
    assert row["genres"] == []


def test_info_tells_filters_and_values(caller: Caller) -> None:
    Author(name="A").save()
    info = caller.call("GET", f"{BOOKS}_info")
    assert {"name": "Is empty", "operator": "empty"} in info["filters"]["title"]
    assert "notes" not in info["filters"]
    by_name = {field["name"]: field for field in info["add_columns"]}
    assert [value["value"] for value in by_name["author"]["values"]] == ["A"]
    assert by_name["binding"]["values"] == [{"id": "hard", "value": "Hardcover"}, {"id": "soft", "value": "Paperback"}]
    assert by_name["title"]["required"]
    assert "extra" not in by_name


def test_column_added_while_running_is_in_rest_and_openapi(caller: Caller) -> None:
    def properties() -> set[str]:
        schemas = caller.call("GET", "/api/v1/_openapi")["components"]["schemas"]
        return set(schemas["BookApi.post"]["properties"]) & set(schemas["BookApi.get_list"]["properties"])

    assert "x_size" not in properties()
    toys.EXTRA["x_size"] = extra_column("size", Kind.INTEGER)
    assert "x_size" in properties()
    caller.call("POST", BOOKS, 201, json={"title": "one", "x_size": 7})
    caller.call("POST", BOOKS, 422, json={"title": "one", "x_size": "big"})
    answer = caller.list(filters=[{"col": "x_size", "opr": "ge", "value": 7}])
    assert [row["x_size"] for row in answer["result"]] == [7]
    assert "x_size" in caller.call("GET", f"{BOOKS}_info")["filters"]
    toys.EXTRA.clear()
    assert "x_size" not in properties()
    caller.call("POST", BOOKS, 422, json={"title": "one", "x_size": 7})


def test_openapi_ids_are_text(caller: Caller) -> None:
    paths = caller.call("GET", "/api/v1/_openapi")["paths"]
    for operation in paths["/api/v1/book/{pk}"].values():
        kinds = [item["schema"]["type"] for item in operation["parameters"] if item["name"] == "pk"]
        assert kinds == ["string"]


def test_rest_without_token_is_refused(app: Flask) -> None:
    client = app.test_client()
    assert client.get(BOOKS).status_code == 401
    assert client.post(BOOKS, json={"title": "x"}).status_code == 401
    assert client.get(BOOKS, headers={"Authorization": "Bearer junk"}).status_code == 422


def test_rest_without_permission_is_refused(app: Flask) -> None:
    toys.add_user(app, "guest", "Guests")
    client = app.test_client()
    token = client.post("/api/v1/security/login", json={"username": "guest", "password": toys.PASSWORD}).json
    answer = client.get(BOOKS, headers={"Authorization": f"Bearer {token['access_token']}"})
    assert answer.status_code == 403
    assert answer.json == {"message": "You may not do this."}


def test_login_refreshes_and_refuses(app: Flask, caller: Caller) -> None:
    client = app.test_client()
    refresh = {"Authorization": f"Bearer {caller.tokens['refresh_token']}"}
    assert client.post("/api/v1/security/refresh", headers=refresh).json["access_token"]
    for body, status in [
        ({"username": "boss", "password": "wrong"}, 401),
        ({"username": "nobody", "password": "wrong"}, 401),
        ({"username": "bo\x00ss", "password": "x"}, 401),
        ({"username": "boss"}, 400),
        ({"username": {"$ne": None}, "password": "x"}, 400),
        ({"username": "boss", "password": toys.PASSWORD, "provider": "ldap"}, 400),
        ([], 400),
    ]:
        assert client.post("/api/v1/security/login", json=body).status_code == status, body
    toys.ToyUser.objects(username="boss").update_one(set__active=False)
    assert client.get(BOOKS, headers=caller.headers).status_code == 401


def test_menu_api_lists_what_the_user_may_see(caller: Caller) -> None:
    names = [item["name"] for item in caller.call("GET", "/api/v1/menu/")["result"]]
    assert "Books" in names
    assert "Security" in names
