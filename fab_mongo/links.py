"""Links to the same list in another order or on another page, for FAB's templates.

FAB's own pass whatever the address holds to `url_for` as keywords, so that `?endpoint=x` is an error of the program,
and they keep one value only of a filter that has several.
"""

from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask, request


def address_with(changes: dict[str, Any]) -> str:
    """Return the address of this page with some of its arguments changed."""
    arguments = request.args.copy()
    for name, value in changes.items():
        arguments[name] = value
    query = urlencode(list(arguments.items(multi=True)))
    return f"{quote(request.script_root + request.path)}?{query}"


def link_order(column: str, view_name: str) -> str:
    """Order by a column; the other way round when it is ordered by already."""
    ascending = request.args.get(f"_oc_{view_name}") == column and request.args.get(f"_od_{view_name}") == "asc"
    return address_with({f"_oc_{view_name}": column, f"_od_{view_name}": "desc" if ascending else "asc"})


def link_page(page: int, view_name: str) -> str:
    """Go to a page."""
    return address_with({f"page_{view_name}": page})


def link_page_size(page_size: int, view_name: str) -> str:
    """Show so many rows on a page."""
    return address_with({f"psize_{view_name}": page_size})


def install(app: Flask) -> None:
    """Put these in the place of FAB's template filters."""
    app.jinja_env.filters.update(link_order=link_order, link_page=link_page, link_page_size=link_page_size)
