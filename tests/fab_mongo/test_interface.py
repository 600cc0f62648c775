"""The data interface: queries, keys, references, writes."""

import pytest
from bson import ObjectId

from fab_mongo import Kind, MongoInterface, columns_of
from tests.fab_mongo import toys
from tests.fab_mongo.conftest import Counter
from tests.fab_mongo.toys import Author, Book, BookInterface, Genre, Shelf, extra_column

pytestmark = [pytest.mark.on_both, pytest.mark.usefixtures("library")]


@pytest.fixture
def books() -> BookInterface:
    return BookInterface(Book)


def test_columns_of_document_describes_kinds_and_hides_secrets() -> None:
    columns = columns_of(Book)
    kinds = {name: column.kind.value for name, column in columns.items()}
    assert kinds == {
        "title": "string",
        "isbn": "string",
        "summary": "text",
        "pages": "integer",
        "weight": "number",
        "price": "number",
        "in_print": "boolean",
        "published": "date",
        "lent_on": "datetime",
        "binding": "choice",
        "languages": "choices",
        "author": "one",
        "genres": "many",
        "contact": "email",
        "page_url": "url",
        "notes": "json",
        "extra": "json",
    }
    assert columns["title"].path == "t"
    assert columns["title"].required
    assert columns["binding"].choices == (("hard", "Hardcover"), ("soft", "Paperback"))
    assert columns["author"].related is Author
    assert not columns["notes"].searchable


def test_columns_of_document_gives_copies() -> None:
    columns_of(Book).clear()
    assert "title" in columns_of(Book)


def test_query_pages_and_orders(books: BookInterface) -> None:
    for number in range(7):
        Book(title=f"Book {number}", pages=number + 1).save()
    count, page = books.query(order_column="pages", order_direction="desc", page=1, page_size=3)
    assert count == 7
    assert [book.pages for book in page] == [4, 3, 2]


def test_query_order_by_stored_name_differs_from_attribute(books: BookInterface) -> None:
    Book(title="B").save()
    Book(title="A").save()
    assert [book.title for book in books.query(order_column="title", order_direction="asc")[1]] == ["A", "B"]


@pytest.mark.parametrize("column", ["nonsense", "$where", "author", "_id; drop", "secret_code", "", "notes"])
def test_query_unknown_order_column_means_default_order(books: BookInterface, column: str) -> None:
    Book(title="first").save()
    Book(title="second").save()
    titles = [book.title for book in books.query(order_column=column, order_direction="desc")[1]]
    assert titles == ["first", "second"]


def test_query_equal_values_pages_do_not_overlap(books: BookInterface) -> None:
    for _number in range(30):
        Book(title="same", pages=5).save()
    seen = [
        book.pk
        for page in range(3)
        for book in books.query(order_column="pages", order_direction="asc", page=page, page_size=10)[1]
    ]
    assert len(set(seen)) == 30


@pytest.mark.parametrize(("page", "size"), [(-5, 10), (10**30, 10), (0, 10**30), (None, 1), (0, -3)])
def test_query_page_out_of_bounds_is_brought_into_them(books: BookInterface, page: int | None, size: int) -> None:
    Book(title="only").save()
    count, found = books.query(page=page, page_size=size)
    assert count == 1
    assert len(found) <= 1


@pytest.mark.parametrize("pk", ["", "nonsense", "1", None, {"$ne": None}, "a" * 24 + "\x00", ["x"], 10**40])
def test_get_malformed_id_returns_none(books: BookInterface, pk: object) -> None:
    Book(title="only").save()
    assert books.get(pk) is None


def test_get_applies_filters_and_restriction(books: BookInterface) -> None:
    book = Book(title="thick", pages=900).save()
    thin = books.get_filters().add_filter("pages", MongoInterface.FilterSmaller, 100)
    assert books.get(str(book.pk)) == book
    assert books.get(str(book.pk), thin) is None

    class NoBooks(MongoInterface):
        def objects(self):
            return super().objects().filter(title="none")

    assert NoBooks(Book).get(book.pk) is None
    assert NoBooks(Book).query()[0] == 0


def test_get_many_keeps_order_and_drops_unknown(books: BookInterface) -> None:
    first, second = Book(title="1").save(), Book(title="2").save()
    found = books.get_many([str(second.pk), "junk", str(ObjectId()), str(first.pk), str(second.pk)])
    assert found == [second, first]


def _shelve(rows: int) -> None:
    genres = [Genre(name=f"genre {number}").save() for number in range(4)]
    for number in range(rows):
        author = Author(name=f"author {number}").save()
        Book(title=f"book {number}", author=author, genres=genres[: 1 + number % 4]).save()


@pytest.mark.real_only("commands are counted")
@pytest.mark.parametrize("rows", [1, 25])
def test_query_references_take_one_command_a_column(counter: Counter, books: BookInterface, rows: int) -> None:
    _shelve(rows)
    counter.names.clear()
    _count, found = books.query(page_size=25)
    shown = [(book.author.name, [genre.name for genre in book.genres]) for book in found]
    assert len(shown) == rows
    assert sorted(counter.names) == ["count", "find", "find", "find"]


def test_query_dangling_references_become_none_or_are_dropped(books: BookInterface) -> None:
    lost, kept = Genre(name="lost").save(), Genre(name="kept").save()
    author = Author(name="gone").save()
    Book(title="book", author=author, genres=[lost, kept]).save()
    author.delete()
    lost.delete()
    [book] = books.query()[1]
    assert book.author is None
    assert book.genres == [kept]
    book.pages = 3
    assert books.edit(book)
    stored = Book._get_collection().find_one({})
    assert stored["author"] == author.pk
    assert stored["genres"] == [lost.pk, kept.pk]


@pytest.mark.real_only("names the index that was hit")
def test_add_not_unique_says_which_column(books: BookInterface) -> None:
    assert books.add(Book(title="one", isbn="123"))
    assert books.message == ("Added Row", "success")
    assert not books.add(Book(title="two", isbn="123"))
    assert books.errors == {"isbn": ["Already exists."]}
    assert books.message[1] == "warning"
    assert Book.objects.count() == 1


def test_edit_invalid_value_says_which_column(books: BookInterface) -> None:
    book = Book(title="one").save()
    book.pages = -1
    assert not books.edit(book)
    assert list(books.errors) == ["pages"]
    assert Book.objects.first().pages is None


def test_delete_referred_to_document_is_refused() -> None:
    authors = MongoInterface(Author)
    author = Author(name="shelved").save()
    Shelf(author=author).save()
    assert not authors.delete(author)
    assert authors.message == ("Associated data exists, please delete them first", "warning")
    assert Author.objects.count() == 1
    Shelf.objects.delete()
    assert authors.delete(author)


def test_write_error_of_the_program_is_raised(books: BookInterface) -> None:
    with pytest.raises(AttributeError):
        books.add(object())


def test_dynamic_column_reads_and_writes_its_path(books: BookInterface) -> None:
    toys.EXTRA["x_color"] = extra_column("color")
    toys.EXTRA["x_bought"] = extra_column("bought", Kind.DATE)
    book = Book(title="one").save()
    books.write(book, "x_color", "red")
    books.write(book, "x_bought", toys.utc(2026, 1, 31).date())
    assert books.edit(book)
    [found] = books.query(order_column="x_color", order_direction="asc")[1]
    assert books.read(found, "x_color") == "red"
    assert books.read(found, "x_bought").isoformat() == "2026-01-31"
    books.write(found, "x_color", "")
    assert "color" not in found.extra


def test_get_values_follows_dotted_names_and_methods(books: BookInterface) -> None:
    Book(title="one", author=Author(name="A").save()).save()
    Book(title="two").save()
    values = list(books.get_values(books.query()[1], ["author.name", "__str__"]))
    assert values == [{"author.name": "A", "__str__": "one"}, {"author.name": None, "__str__": "two"}]


def test_related_interface_knows_the_other_side(books: BookInterface) -> None:
    author = Author(name="A").save()
    assert books.get_related_fk(Author) == "author"
    assert books.get_related_fk(Shelf) is None
    assert books.get_related_obj("author", [str(author.pk)]) == author
    assert books.get_related_obj("author", "junk") is None
    with pytest.raises(TypeError):
        books.get_related_model("title")


def test_fab_questions_about_columns_are_answered(books: BookInterface) -> None:
    assert books.model_name == "Book"
    assert books.is_string("title")
    assert books.is_text("summary")
    assert books.is_numeric("price")
    assert books.is_relation_many_to_many("genres")
    assert not books.is_nullable("title")
    assert books.is_unique("isbn")
    assert books.get_max_length("title") == 60
    assert books.get_min_length("title") == -1
    assert books.kind("nonsense") is None
    assert "author" not in books.get_order_columns_list()
    assert books.get_order_columns_list(["title", "nonsense"]) == ["title"]
