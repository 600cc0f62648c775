from tests.fab_mongo.conftest import Browser
from tests.fab_mongo.toys import Book


def test_list_of_books_shows_titles(boss: Browser) -> None:
    Book(title="Seven Brothers").save()
    assert "Seven Brothers" in boss.get("/bookview/list/")
