"""The search box of every page: what it finds while somebody types, and all of it on a page of its own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _

from models.base import stored_value
from models.fields.context import Context
from models.fields.field import Field
from models.registers import Register
from models.rights import Access
from services.labels import context_for
from services.quick_search import MOST_TEXT, Found, Hit, quick_search
from services.search import TooSlow
from views.base import current_access
from views.permissions import OWN

#: So many records of each register while somebody types, and on the page.
IN_BOX, ON_PAGE = 6, 50


@dataclass(frozen=True)
class Result:
    """A record that was found, as it is shown: its name, where it is, and what tells it from its namesakes."""

    name: str
    url: str
    detail: str


@dataclass(frozen=True)
class Group:
    """What was found in one register."""

    card: Register
    results: Sequence[Result]
    more: bool


class SearchView(BaseView):
    """`/search/?q=text` is the page; `/search/found?q=text` what the box shows under itself."""

    route_base = "/search"
    default_view = "search"
    class_permission_name = OWN

    @expose("/")
    @has_access
    def search(self) -> Any:
        """Everything found, register by register."""
        text = typed()
        groups, problem = found_groups(text, ON_PAGE)
        return self.render_template("search/page.html", title=_("Search"), text=text, groups=groups, problem=problem)

    @expose("/found")
    @has_access
    def found(self) -> Any:
        """The best of each register, as a part of any page."""
        text = typed()
        groups, problem = found_groups(text, IN_BOX)
        return self.render_template("search/found.html", text=text, groups=groups, problem=problem)


def typed() -> str:
    return request.args.get("q", "").strip()[:MOST_TEXT]


def found_groups(text: str, limit: int) -> tuple[list[Group], str]:
    """(what was found, what went wrong)."""
    access = current_access()
    try:
        return [group_of(access, found) for found in quick_search(access, text, limit=limit)], ""
    except TooSlow as error:
        return [], str(error)


def group_of(access: Access, found: Found) -> Group:
    card, shown = found.card, [(hit, fields_of(found.card, hit)) for hit in found.hits]
    fields = {field.column: field for _hit, own in shown for field in own}
    context = context_for(access, fields.values(), [hit.raw for hit in found.hits])
    results = [
        Result(hit.raw.get("name") or _("(no name)"), f"{card.path}/show/{hit.raw['_id']}",
               " · ".join(details(card, hit.raw, own, context)))
        for hit, own in shown
    ]  # fmt: skip
    return Group(card, results, found.more)


def fields_of(card: Register, hit: Hit) -> list[Field]:
    """What follows the name: the register's label fields, and the field that holds what was typed."""
    fields = [field for field in hit.seen if field.column in card.label_fields and field.column != card.name_field]
    return [*fields, hit.field] if hit.field is not None and hit.field not in fields else fields


def details(card: Register, raw: Mapping[str, Any], fields: Sequence[Field], context: Context) -> Iterator[str]:
    for field in fields:
        text = shortened(" ".join(field.kind.text(stored_value(field, raw), field, context).split()))
        if text:
            yield text if field.column in card.label_fields else f"{field.label_in(context.language)}: {text}"


def shortened(text: str, most: int = 80) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
