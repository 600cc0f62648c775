"""Screens: list, show, add, edit, delete, actions, as a browser sees them."""

import re
from collections.abc import Callable

import pytest
from bson import ObjectId
from flask import Flask

from fab_mongo import Kind
from tests.fab_mongo import toys
from tests.fab_mongo.conftest import Browser, Counter
from tests.fab_mongo.toys import Author, Book, Genre, Shelf, extra_column

LIST = "/bookview/list/"


def shown(page: str) -> list[str]:
    """Return the titles of the rows of a list."""
    return re.findall(r"<td>(title \w+)</td>", page)


def test_list_shows_rows_and_related_names(boss: Browser) -> None:
    author = Author(name="Aleksis Kivi").save()
    Book(title="title one", author=author, genres=[Genre(name="novel").save(), Genre(name="classic").save()]).save()
    page = boss.get(LIST)
    assert shown(page) == ["title one"]
    assert "Aleksis Kivi" in page
    assert "novel, classic" in page
    assert "All books" in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("_flt_ct_title=TWO", ["title two"]),
        ("_flt_0_title=two", ["title two"]),
        ("_flt_empty_pages=1", ["title three"]),
        ("_flt_11_title=1&_flt_gt_pages=10", ["title two"]),
        ("order=title&dir=desc", ["title two", "title three", "title one"]),
        ("_oc_BookView=title&_od_BookView=asc", ["title one", "title three", "title two"]),
        ("order=title&page=1&page_size=2", ["title two"]),
        ("_oc_BookView=title&_od_BookView=asc&page_BookView=1&psize_BookView=2", ["title two"]),
    ],
)
def test_list_address_narrows_orders_and_pages(boss: Browser, query: str, expected: list[str]) -> None:
    Book(title="title one", pages=10).save()
    Book(title="title two", pages=20).save()
    Book(title="title three").save()
    assert shown(boss.get(f"{LIST}?{query}")) == expected


@pytest.mark.parametrize(
    "query",
    [
        "page=abc",
        "page=-1",
        "page=" + "9" * 30,
        "page_BookView=abc&psize_BookView=abc",
        "page_BookView=-1&psize_BookView=-1",
        "psize_BookView=0",
        "page_size=1000000000&page=1000000000",
        "_oc_BookView=nonsense&_od_BookView=asc",
        "_oc_BookView=$where&_od_BookView=desc",
        "order=author&dir=sideways",
        "page_=1&psize_=1&_oc_=&_od_=",
        "endpoint=x&_method=POST&_external=1&_scheme=x&values=1&self=1",
    ],
)
def test_list_odd_paging_and_order_is_no_error(boss: Browser, query: str) -> None:
    Book(title="title one").save()
    boss.get(f"{LIST}?{query}")


@pytest.mark.parametrize(
    "query",
    [
        "_flt_gt_pages=abc",
        "_flt_eq_published=yesterday",
        "_flt_rel_o_m_author=nobody",
        "_flt_nonsense_title=x",
        "_flt_99_title=x",
        "_flt_0_nonsense=x",
        "_flt_eq_secret_code=x",
        "_flt_$where_title=1",
        "_flt_eq_$where=1",
        "_flt_ct_title=%00",
        "_flt_ct_title=" + "x" * 2000,
    ],
)
def test_list_wrong_filter_shows_message_and_no_rows(boss: Browser, query: str) -> None:
    Book(title="title one", pages=10).save()
    page = boss.get(f"{LIST}?{query}")
    assert shown(page) == []
    assert "alert-danger" in page


def test_list_operator_as_value_is_text(boss: Browser) -> None:
    Book(title="title one").save()
    assert shown(boss.get(f"{LIST}?_flt_eq_title[$ne]=x")) == []
    assert shown(boss.get(f"{LIST}?_flt_eq_title=%7B%22$ne%22:null%7D")) == []


def test_list_of_many_rows_takes_no_more_commands_than_of_one(app: Flask, counter: Counter, boss: Browser) -> None:
    commands = []
    for rows in (1, 25):
        while Book.objects.count() < rows:
            author, genre = Author(name="A").save(), Genre(name=f"g{Book.objects.count()}").save()
            Book(title="title x", author=author, genres=[genre]).save()
        boss.get(LIST)
        counter.names.clear()
        assert len(shown(boss.get(LIST))) == rows
        commands.append(sorted(counter.names))
    assert commands[0] == commands[1]
    assert len(commands[0]) <= 12


def test_list_dangling_reference_shows_the_row(boss: Browser) -> None:
    author = Author(name="gone").save()
    book = Book(title="title one", author=author).save()
    author.delete()
    assert shown(boss.get(LIST)) == ["title one"]
    assert "title one" in boss.get(f"/bookview/show/{book.pk}")
    assert "title one" in boss.get(f"/bookview/edit/{book.pk}")


@pytest.mark.parametrize("pk", ["nonsense", "0" * 24, "$ne", "%00"])
@pytest.mark.parametrize("screen", ["show", "edit"])
def test_screen_of_unknown_id_is_not_found(boss: Browser, screen: str, pk: str) -> None:
    assert boss.status(f"/bookview/{screen}/{pk}") == 404


def test_add_saves_every_kind(boss: Browser) -> None:
    author, genre = Author(name="A").save(), Genre(name="g").save()
    boss.post(
        "/bookview/add",
        {
            "title": "  title one  ",
            "isbn": "",
            "summary": "long\r\ntext",
            "pages": "12",
            "weight": "0,5",
            "price": "19.90",
            "in_print": "y",
            "published": "1870-01-31",
            "lent_on": "2026-01-31T12:30",
            "binding": "soft",
            "languages": ["fi", "sv"],
            "author": str(author.pk),
            "genres": [str(genre.pk)],
            "contact": "a@example.org",
            "page_url": "https://example.org/x",
            "notes": '{"a": [1, "b"]}',
        },
    )
    stored = Book._get_collection().find_one({}, {"_id": 0})
    assert str(stored.pop("price")) == "19.90"
    assert stored == {
        "t": "title one",
        "summary": "long\r\ntext",
        "pages": 12,
        "weight": 0.5,
        "in_print": True,
        "published": toys.utc(1870, 1, 31),
        "lent_on": toys.utc(2026, 1, 31, 12, 30),
        "binding": "soft",
        "languages": ["fi", "sv"],
        "author": author.pk,
        "genres": [genre.pk],
        "contact": "a@example.org",
        "page_url": "https://example.org/x",
        "notes": {"a": [1, "b"]},
        "extra": {},
    }


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("title", ""),
        ("title", "x" * 61),
        ("title", "nul\x00"),
        ("pages", "twelve"),
        ("pages", "0"),
        ("pages", "9" * 30),
        ("weight", "nan"),
        ("weight", "heavy"),
        ("published", "31.1.1870"),
        ("lent_on", "noon"),
        ("binding", "spiral"),
        ("languages", "xx"),
        ("author", "0" * 24),
        ("author", "nobody"),
        ("genres", "nobody"),
        ("contact", "nobody"),
        ("page_url", "nowhere"),
        ("notes", "{not json"),
        ("notes", '{"a": "\\u0000"}'),
        ("notes", '{"$where": "1"}'),
        ("notes", "[" * 60 + "]" * 60),
        ("notes", f'{{"a": {10**30}}}'),
    ],
)
def test_add_wrong_value_keeps_the_typed_form(boss: Browser, field: str, typed: str) -> None:
    form = {"title": "Kept title", "summary": "Kept summary"} | {field: typed}
    page = boss.post("/bookview/add", form)
    assert Book.objects.count() == 0
    assert "Kept summary" in page
    assert "has-error" in page or "alert" in page


def test_add_refused_by_hook_keeps_the_typed_form(boss: Browser) -> None:
    page = boss.post("/bookview/add", {"title": "Forbidden", "summary": "Kept summary"})
    assert "That title is forbidden." in page
    assert "Kept summary" in page
    assert Book.objects.count() == 0


def test_add_taken_value_says_so_at_the_field(boss: Browser) -> None:
    Book(title="first", isbn="1").save()
    page = boss.post("/bookview/add", {"title": "second", "isbn": "1", "summary": "Kept summary"})
    assert "Already exists." in page
    assert "Kept summary" in page


def test_add_value_taken_meanwhile_keeps_the_typed_form(boss: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    Book(title="first", isbn="1").save()
    monkeypatch.setattr("fab_mongo.form_validators.UniqueValue.__call__", lambda self, form, field: None)
    page = boss.post("/bookview/add", {"title": "second", "isbn": "1", "summary": "Kept summary"})
    assert "Already exists." in page
    assert "Kept summary" in page
    assert Book.objects.count() == 1


def test_add_error_of_the_program_is_not_swallowed(app: Flask, boss: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object, item: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(toys.BookView, "post_add", broken)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", True)
    with pytest.raises(RuntimeError, match="broken"):
        boss.post("/bookview/add", {"title": "one"})


def test_edit_changes_and_clears(boss: Browser) -> None:
    book = Book(title="old", pages=5, summary="old", binding="hard", in_print=True).save()
    url = f"/bookview/edit/{book.pk}"
    assert 'value="old"' in boss.get(url)
    boss.post(url, {"title": "new", "pages": "", "summary": "", "binding": "", "isbn": ""})
    book.reload()
    assert (book.title, book.pages, book.summary, book.binding, book.in_print) == ("new", None, None, None, False)


def test_edit_own_unique_value_is_no_conflict(boss: Browser) -> None:
    book = Book(title="old", isbn="1").save()
    boss.post(f"/bookview/edit/{book.pk}", {"title": "new", "isbn": "1"})
    assert Book.objects.get(pk=book.pk).title == "new"


def test_edit_wrong_value_keeps_the_typed_form(boss: Browser) -> None:
    book = Book(title="old", pages=5).save()
    page = boss.post(f"/bookview/edit/{book.pk}", {"title": "typed title", "pages": "many"})
    assert "typed title" in page
    assert "many" in page
    assert Book.objects.get(pk=book.pk).title == "old"


def test_form_does_not_offer_read_only_or_secret_fields(boss: Browser) -> None:
    page = boss.get("/bookview/add")
    assert 'name="title"' in page
    assert 'name="secret_code"' not in page
    assert 'name="extra"' not in page


def test_delete_needs_post_and_removes(boss: Browser) -> None:
    book = Book(title="title one").save()
    boss.get(f"/bookview/delete/{book.pk}")
    assert Book.objects.count() == 1
    boss.post(f"/bookview/delete/{book.pk}", {}, page="/bookview/add")
    assert Book.objects.count() == 0


def test_delete_of_a_document_in_use_says_why(boss: Browser) -> None:
    author = Author(name="shelved").save()
    Shelf(author=author).save()
    page = boss.post(f"/authorview/delete/{author.pk}", {}, page="/authorview/add")
    assert "Associated data exists" in page
    assert Author.objects.count() == 1


def test_post_without_token_is_refused(boss: Browser) -> None:
    assert boss.client.post("/bookview/add", data={"title": "one"}).status_code == 400
    assert Book.objects.count() == 0


def test_show_lists_related_rows_and_survives_their_odd_paging(boss: Browser) -> None:
    author, other = Author(name="A").save(), Author(name="B").save()
    Book(title="title mine", author=author).save()
    Book(title="title theirs", author=other).save()
    page = boss.get(f"/authorview/show/{author.pk}?page_BookView=abc&psize_BookView=-7&_oc_BookView=x")
    assert shown(page) == ["title mine"]
    assert "title mine" in boss.get(f"/authorview/edit/{author.pk}")


def test_add_from_a_related_list_takes_its_reference(boss: Browser) -> None:
    author = Author(name="A").save()
    page = f"/bookview/add?_flt_0_author={author.pk}"
    boss.post(page, {"title": "one"})
    assert Book.objects.get().author == author
    boss.get("/bookview/add?_flt_0_author=junk&_flt_x_nonsense=1")


def test_action_on_rows_reaches_those_the_view_shows_only(boss: Browser) -> None:
    thin, thick = Book(title="thin", pages=10).save(), Book(title="thick", pages=900).save()
    form = {"action": "stamp", "rowid": [str(thin.pk), str(thick.pk), "junk", str(ObjectId())]}
    boss.post("/thinbookview/action_post", form, page="/thinbookview/add")
    assert [book.title for book in Book.objects(summary="stamped")] == ["thin"]


def test_action_on_one_row_outside_of_the_view_is_not_found(boss: Browser) -> None:
    thick = Book(title="thick", pages=900).save()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', boss.get("/thinbookview/add"))[1]
    post = boss.client.post
    assert post(f"/thinbookview/action/stamp/{thick.pk}", data={"csrf_token": token}).status_code == 404
    assert post("/thinbookview/action/nonsense/x", data={"csrf_token": token}).status_code == 404
    assert post("/thinbookview/action_post", data={"csrf_token": token}).status_code == 404
    assert Book.objects(summary="stamped").count() == 0


def test_screen_without_permission_is_refused(app: Flask, browser_of: Callable[[str], Browser]) -> None:
    toys.add_user(app, "guest", "Guests")
    guest = browser_of("guest")
    assert guest.status(LIST) == 403
    assert app.test_client().get(LIST).status_code == 302
    with app.app_context():
        sm = app.appbuilder.sm
        sm.add_permission_role(sm.find_role("Guests"), sm.find_permission_view_menu("can_list", "BookView"))
    assert guest.status(LIST) == 200
    assert guest.status("/bookview/add") == 403


def test_column_added_while_running_is_everywhere_in_the_next_request(boss: Browser) -> None:
    Book(title="title red", extra={"color": "red"}).save()
    Book(title="title blue", extra={"color": "blue"}).save()
    assert "Color" not in boss.get(LIST)
    toys.EXTRA["x_color"] = extra_column("color", Kind.CHOICE, choices=(("red", "Red"), ("blue", "Blue")))
    page = boss.get(f"{LIST}?_flt_eq_x_color=red")
    assert shown(page) == ["title red"]
    assert "Color" in page
    boss.post("/bookview/add", {"title": "title new", "x_color": "blue"})
    assert Book.objects.get(title="title new").extra == {"color": "blue"}
    assert "Not a valid choice" in boss.post("/bookview/add", {"title": "title new", "x_color": "green"})
    toys.EXTRA.clear()
    assert "Color" not in boss.get(LIST)
    assert shown(boss.get(f"{LIST}?_flt_eq_x_color=red")) == []


def test_prototypes_kept_are_bounded(app: Flask, boss: Browser) -> None:
    for number in range(20):
        toys.EXTRA.clear()
        toys.EXTRA[f"x_{number}"] = extra_column(str(number))
        boss.get(LIST)
    [view] = [view for view in app.appbuilder.baseviews if isinstance(view, toys.BookView)]
    assert len(view._prototypes) == view.prototypes_kept


def test_labels_follow_the_language_of_each_request(boss: Browser, app: Flask) -> None:
    assert "First Name" in boss.get("/users/list/")
    boss.get("/lang/fi")
    assert "First Name" in boss.get("/users/list/")
    with app.test_request_context():
        [view] = [view for view in app.appbuilder.baseviews if type(view).__name__ == "UserDBModelView"]
        label = view.for_request().label_columns["first_name"]
    assert not isinstance(label, str), "the label stays lazy"


def test_links_to_other_pages_keep_every_filter_value(boss: Browser) -> None:
    for number in range(60):
        Book(title=f"title x{number}").save()
    page = boss.get(f"{LIST}?_flt_ct_title=x1&_flt_ct_title=x2&psize_BookView=5")
    [link] = set(re.findall(r'href="([^"]*page_BookView=1)"', page.replace("&amp;", "&")))
    assert "_flt_ct_title=x1&_flt_ct_title=x2" in link
    assert len(shown(boss.get(link))) == 5


def test_download_of_stock_fab_has_no_address(boss: Browser) -> None:
    assert boss.status("/bookview/download/x") == 404


def test_long_addresses_do_not_overfill_the_session(boss: Browser) -> None:
    for number in range(6):
        boss.get(f"{LIST}?_flt_ct_title={'x' * 900}{number}")
    with boss.client.session_transaction() as session:
        assert all(len(url) <= 500 for url in session["page_history"])
