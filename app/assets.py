"""Where the built style sheet, scripts, font and icons are: the template function asset("main.css").

`npm run build` writes them to static/dist/ with manifest.json, which maps each name to an address with a content
hash, so that browsers may keep a file for good and still notice a new one.
"""

import json
import mimetypes
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, has_request_context, request, send_from_directory
from flask_babel import get_locale
from markupsafe import Markup

from app.stock_filters import stock_filter_columns, stock_filters
from views.base import organisation_name
from views.cells import long_html, value_html
from views.help_pages import help_url
from views.links import query_url
from views.menu import current_entry, icon_named, menu_entries, registers_to_add
from views.notices import bell
from views.saved_views import pinned_entries
from views.script_texts import script_texts
from views.support import support_url

#: The best first, with the ending that `npm run build` gives it.
PACKED = {"br": "br", "gzip": "gz"}
MANIFEST = Path("dist") / "manifest.json"


class AssetsNotBuilt(RuntimeError):
    """static/dist/ has not been built, or not since the file asked for was added."""


class Assets:
    """The manifest of one application's built files, read when first asked for."""

    def __init__(self, static_folder: Path, static_url_path: str) -> None:
        self._manifest_file = static_folder / MANIFEST
        self._base = f"{static_url_path}/dist/"
        self._manifest: dict[str, str] = {}
        self._read_at: int | None = None

    def url(self, name: str, *, root: str = "", fresh: bool = False) -> str:
        """The address of a built file such as "main.css"; with `fresh` a rebuilt manifest is noticed.

        Raises AssetsNotBuilt with what to do.
        """
        if self._read_at is None or fresh:
            self._read()
        try:
            return f"{root}{self._base}{self._manifest[name]}"
        except KeyError:
            raise AssetsNotBuilt(f'static/dist/ has no "{name}": run `npm ci && npm run build`') from None

    def _read(self) -> None:
        try:
            written_at = self._manifest_file.stat().st_mtime_ns
            if written_at != self._read_at:
                self._manifest = json.loads(self._manifest_file.read_text())
                self._read_at = written_at
        except FileNotFoundError:
            raise AssetsNotBuilt(f"{self._manifest_file} is missing: run `npm ci && npm run build`") from None


def template_functions(app: Flask, assets: Assets) -> dict[str, Any]:
    """asset() and svg_icon() of one application, for templates."""

    def asset(name: str) -> str:
        """The address of a built file. Raises AssetsNotBuilt."""
        root = request.script_root if has_request_context() else ""
        return assets.url(name, root=root, fresh=app.debug)

    def svg_icon(name: str, size: str = "") -> Markup:
        """One icon of the sprite (assets/icons.txt lists them), in the size "s" or "l" or the text's own. It is
        decoration: what a button does is said by its text or its aria-label. Raises AssetsNotBuilt."""
        return svg(asset("icons.svg"), name, size)

    return {"asset": asset, "svg_icon": svg_icon}


@lru_cache(maxsize=1024)
def svg(sprite: str, name: str, size: str) -> Markup:
    return Markup('<svg class="i{}" aria-hidden="true"><use href="{}#{}"></use></svg>').format(
        f" i-{size}" if size else "", sprite, name)  # fmt: skip


def page_language() -> str:
    """The language of the page being written, for <html lang>: "en" outside a request."""
    locale = get_locale()
    return locale.language if locale else "en"


def send_asset(filename: str) -> Response:
    """A static file; compressed at its building, where the browser takes that."""
    folder = Path(current_app.static_folder or "")
    for coding, ending in PACKED.items():
        if request.accept_encodings[coding] and (folder / f"{filename}.{ending}").is_file():
            kind = mimetypes.guess_type(filename)[0] or "application/octet-stream"
            answer = send_from_directory(folder, f"{filename}.{ending}", mimetype=kind,
                                         max_age=current_app.get_send_file_max_age(filename))  # fmt: skip
            answer.headers["Content-Encoding"] = coding
            break
    else:
        answer = current_app.send_static_file(filename)
    answer.vary.add("Accept-Encoding")
    return answer


def init_assets(app: Flask) -> None:
    """Gives templates the functions they call by name, asset() first. The app's static folder must be set already."""
    assets = Assets(Path(app.static_folder or ""), app.static_url_path or "")
    app.view_functions["static"] = send_asset
    functions = (current_entry, help_url, icon_named, long_html, menu_entries, organisation_name, page_language,
                 pinned_entries, query_url, bell, registers_to_add, script_texts, stock_filter_columns, stock_filters,
                 support_url, value_html)  # fmt: skip
    app.jinja_env.globals.update({function.__name__: function for function in functions})
    app.jinja_env.globals.update(template_functions(app, assets))
