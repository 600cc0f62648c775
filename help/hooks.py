"""What MkDocs does not do by itself: the pages in the order of pages.yaml, each leading to its twin in the other
language, in the program's look, and without anything inline, which the Content-Security-Policy would refuse."""

import hashlib
import json
import posixpath
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
SECTIONS = yaml.safe_load((ROOT / "help" / "pages.yaml").read_text(encoding="utf-8"))
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
LANGUAGES = {"en": "English", "fi": "Suomi"}
TEXTS = {
    "en": {"back": "Back to Kortisto", "search": "Search", "support": "Ask for support", "version": "Version"},
    "fi": {"back": "Takaisin Kortistoon", "search": "Haku", "support": "Lähetä tukipyyntö", "version": "Versio"},
}
#: The root of the program, seen from the help's own.
PROGRAM = "../.."
SCRIPTS = "assets/scripts"
#: A script that stands in the page; data (`type="application/json"`) is no script to the policy.
INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
#: The theme's search, a dialog without a name.
SEARCH = re.compile(r'<div class="md-search"[^>]* role="dialog"')
REFUSED = re.compile(r"<style\b|<[^>]+\s(?:style|on[a-z]+)=", re.IGNORECASE)
#: Links to pages of the other language, by the language that they stand in: `](../rest.md#keys)`, `](fi/haku.md)`.
TO_OTHER = {
    "en": re.compile(r"\]\(fi/([a-z_-]+)\.md(#[^)]*)?\)"), "fi": re.compile(r"\]\(\.\./([a-z_-]+)\.md(#[^)]*)?\)"),
}  # fmt: skip


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    language = config.extra["language"]
    config.nav = [{section["title"][language]: [f"{page[language]}.md" for page in pages]}
                  for section, pages in sections_in(language)]  # fmt: skip
    built = json.loads((ROOT / "static" / "dist" / "manifest.json").read_text())
    config.extra_css = [f"{PROGRAM}/static/dist/{built['help.css']}"]
    config.extra |= {"texts": TEXTS[language], "release": VERSION, "program": PROGRAM,
                     "theme_script": f"{PROGRAM}/static/dist/{built['theme.js']}"}  # fmt: skip
    return config


def sections_in(language: str) -> Iterator[tuple[Mapping[str, Any], list[Mapping[str, Any]]]]:
    """The sections that have pages in a language, with these pages."""
    for section in SECTIONS:
        if pages := [page for page in section["pages"] if language in page]:
            yield section, pages


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, **_: Any) -> str:
    """In the repository pages link to the other language's by their files; in the help these are another site."""
    here = config.extra["language"]
    up = posixpath.relpath(other_than(here), posixpath.join(here, page.url))
    return TO_OTHER[here].sub(rf"]({up}/\1/\2)", markdown)


def other_than(language: str) -> str:
    return next(other for other in LANGUAGES if other != language)


def on_page_context(context: dict[str, Any], *, page: Page, config: MkDocsConfig, **_: Any) -> dict[str, Any]:
    """Tell our alternate.html where the page is in the other language."""
    here = config.extra["language"]
    other = other_than(here)
    name = page.file.src_uri.removesuffix(".md")
    twin = next((row.get(other) for _section, pages in sections_in(here) for row in pages if row[here] == name), None)
    path = f"{twin}/" if twin and twin != "index" else ""
    context["twin"] = {"language": other, "name": LANGUAGES[other], "url": f"../{other}/{path}"}
    return context


def on_post_page(output: str, *, page: Page, config: MkDocsConfig, **_: Any) -> str:
    """Put scripts that stand in the page into files, and give the theme's search a name. Raises PluginError for what no
    file can take."""
    if found := REFUSED.search(output):
        raise PluginError(f"{page.file.src_uri}: the Content-Security-Policy refuses {found[0]!r}")
    up = posixpath.relpath(SCRIPTS, page.url or ".")

    def into_file(match: re.Match[str]) -> str:
        name = f"{hashlib.sha256(match[1].encode()).hexdigest()[:12]}.js"
        path = Path(config.site_dir) / SCRIPTS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(match[1], encoding="utf-8")
        return f'<script src="{up}/{name}"></script>'

    named = SEARCH.sub(rf'\g<0> aria-label="{TEXTS[config.extra["language"]]["search"]}"', output)
    return INLINE_SCRIPT.sub(into_file, named)
