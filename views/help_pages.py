"""Which page of the help is about a screen: help/pages.yaml says it."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import yaml
from flask import request

from config import PROJECT_ROOT
from views.base import current_language

PAGES = Path(PROJECT_ROOT) / "help" / "pages.yaml"
HELP = "/help"


@cache
def pages_by_screen(language: str) -> Mapping[str, str]:
    """Screen (the name of its view) -> the path of the page about it, in a language; in English where there is none.

    Read once a process.
    """
    sections = yaml.safe_load(PAGES.read_text(encoding="utf-8"))
    found: dict[str, str] = {}
    for row in [row for section in sections for row in section["pages"]]:
        path = f"{language}/{row[language]}/" if language in row else f"en/{row['en']}/"
        found |= dict.fromkeys(row.get("screens", ()), path.replace("/index/", "/"))
    return MappingProxyType(found)


def help_url() -> str:
    """The address of the help about the screen being shown, in its language; the help's first page for any other."""
    language = current_language()
    screen = (request.endpoint or "").partition(".")[0]
    return f"{request.script_root}{HELP}/{pages_by_screen(language).get(screen, f'{language}/')}"
