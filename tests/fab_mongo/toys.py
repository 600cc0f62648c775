"""A small library of books: the documents, views and application that fab_mongo is tested on."""

import datetime as dt
from typing import Any

import mongoengine as me
from flask import Flask, redirect
from flask_appbuilder import AppBuilder
from flask_appbuilder.actions import action
from flask_appbuilder.exceptions import FABException
from flask_wtf.csrf import CSRFProtect

from fab_mongo import (
    AbstractGroup,
    AbstractRole,
    AbstractUser,
    Column,
    Kind,
    MongoInterface,
    MongoModelRestApi,
    MongoModelView,
    MongoSecurityManager,
)

PASSWORD = "correct horse battery"


class ToyRole(AbstractRole):
    meta = {"collection": "toy_role"}


class ToyGroup(AbstractGroup):
    roles = me.ListField(me.ReferenceField(ToyRole))
    meta = {"collection": "toy_group"}


class ToyUser(AbstractUser):
    roles = me.ListField(me.ReferenceField(ToyRole))
    groups = me.ListField(me.ReferenceField(ToyGroup))
    meta = {"collection": "toy_user"}


class ToySecurityManager(MongoSecurityManager):
    user_model, role_model, group_model = ToyUser, ToyRole, ToyGroup


class Genre(me.Document):
    name = me.StringField(required=True, unique=True, max_length=40)
    meta = {"collection": "toy_genre", "ordering": ["name"]}

    def __str__(self) -> str:
        return self.name


class Author(me.Document):
    name = me.StringField(required=True, max_length=60)
    meta = {"collection": "toy_author", "ordering": ["name"]}

    def __str__(self) -> str:
        return self.name


class Book(me.Document):
    title = me.StringField(required=True, max_length=60, db_field="t")
    isbn = me.StringField(unique=True, sparse=True, max_length=20)
    summary = me.StringField(max_length=2000)
    pages = me.IntField(min_value=1)
    weight = me.FloatField()
    price = me.Decimal128Field()
    in_print = me.BooleanField()
    published = me.DateField()
    lent_on = me.DateTimeField()
    binding = me.StringField(choices=[("hard", "Hardcover"), ("soft", "Paperback")])
    languages = me.ListField(me.StringField(choices=["fi", "en", "sv"]))
    author = me.ReferenceField(Author)
    genres = me.ListField(me.ReferenceField(Genre))
    contact = me.EmailField()
    page_url = me.URLField()
    notes = me.DictField()
    secret_code = me.StringField(secret=True)
    extra = me.DictField(read_only=True)
    meta = {"collection": "toy_book"}

    def __str__(self) -> str:
        return self.title


class Shelf(me.Document):
    """Refers to an author, who therefore cannot be deleted."""

    author = me.ReferenceField(Author, reverse_delete_rule=me.DENY)
    meta = {"collection": "toy_shelf"}


DOCUMENTS = (ToyRole, ToyGroup, ToyUser, Genre, Author, Book, Shelf)

EXTRA: dict[str, Column] = {}
"""Columns added while the program runs; tests put them here and take them away."""


def extra_column(key: str, kind: Kind = Kind.STRING, **options: Any) -> Column:
    """Return a column that keeps its value in a book's `extra`."""
    return Column(f"x_{key}", f"extra.{key}", kind, label=options.pop("label", key.title()), **options)


class BookInterface(MongoInterface):
    """Books with the columns added while the program runs."""

    def columns(self) -> dict[str, Column]:
        return {**super().columns(), **EXTRA}

    def version(self) -> tuple[str, ...]:
        return tuple(EXTRA)


class BookView(MongoModelView):
    datamodel = BookInterface(Book)
    list_title = "All books"
    page_size = 25

    def _init_properties(self) -> None:
        self.list_columns = ["title", "author", "genres", "pages", *EXTRA]
        super()._init_properties()

    def pre_add(self, item: Book) -> None:
        if item.title == "Forbidden":
            raise FABException("That title is forbidden.")

    @action("stamp", "Stamp", "Sure?", "fa-rocket")
    def stamp(self, items: Any) -> Any:
        for book in items if isinstance(items, list) else [items]:
            Book.objects(pk=book.pk).update_one(set__summary="stamped")
        return redirect("/bookview/list/")


class BookApi(MongoModelRestApi):
    datamodel = BookInterface(Book)
    resource_name = "book"

    def pre_add(self, item: Book) -> None:
        if item.title == "Forbidden":
            raise FABException("That title is forbidden.")


class AuthorApi(MongoModelRestApi):
    datamodel = MongoInterface(Author)
    resource_name = "author"
    base_order = ("name", "asc")


class AuthorView(MongoModelView):
    datamodel = MongoInterface(Author)
    list_columns = ["name"]
    related_views = [BookView]


class ThinBookView(MongoModelView):
    """Shows thin books only."""

    datamodel = MongoInterface(Book)
    list_columns = ["title", "pages"]
    search_columns = ["title", "pages"]
    base_filters = [["pages", MongoInterface.FilterSmaller, 100]]

    @action("stamp", "Stamp", "", "fa-rocket")
    def stamp(self, items: Any) -> Any:
        for book in items if isinstance(items, list) else [items]:
            Book.objects(pk=book.pk).update_one(set__summary="stamped")
        return redirect("/thinbookview/list/")


def make_app(update: bool = True, **config: Any) -> Flask:
    """Build the application, writing its permissions with `update`; MongoEngine must be connected."""
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY="t" * 32,
        FAB_API_SWAGGER_UI=True,
        FAB_PASSWORD_HASH_METHOD="pbkdf2:sha256:1000",
        LANGUAGES={"en": {"flag": "gb", "name": "English"}, "fi": {"flag": "fi", "name": "Suomi"}},
        **config,
    )
    if update:
        app.config["FAB_UPDATE_PERMS"] = True
    CSRFProtect(app)
    with app.app_context():
        appbuilder = AppBuilder(app, None, security_manager_class=ToySecurityManager)
        appbuilder.add_view(BookView, "Books")
        appbuilder.add_view(AuthorView, "Authors")
        appbuilder.add_view(ThinBookView, "Thin books")
        appbuilder.add_api(BookApi)
        appbuilder.add_api(AuthorApi)
    return app


def add_user(app: Flask, username: str, *role_names: str) -> ToyUser:
    """Create a user with the password all have."""
    with app.app_context():
        sm = app.appbuilder.sm  # type: ignore[attr-defined]
        roles = [sm.add_role(name) for name in role_names]
        return sm.add_user(username, username.title(), "Toy", f"{username}@example.org", roles, PASSWORD)


def utc(*parts: int) -> dt.datetime:
    """Return a moment in UTC."""
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[arg-type, misc]
