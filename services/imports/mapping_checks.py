"""Checking the parts of a mapping, with messages that name the line and the keys."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from flask_babel import lazy_gettext as _l

from services.imports.errors import MappingError
from services.imports.yaml_text import Path


class Checker:
    """Takes parts out of a mapping and gathers what is wrong; each method gives a usable value all the same."""

    def __init__(self, lines: Mapping[Path, int]) -> None:
        self.lines = lines
        self.problems: list[Any] = []

    def add(self, path: Path, message: Any) -> None:
        place = " › ".join(str(key + 1) if isinstance(key, int) else str(key) for key in path)
        self.problems.append(Placed(self.line(path), place, message))

    def line(self, path: Path) -> int:
        """The line of a path, or of the nearest part around it that has one."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def raise_if_any(self) -> None:
        if self.problems:
            raise MappingError(self.problems)

    def mapping(self, data: Any, path: Path, allowed: Sequence[str] = ()) -> Mapping[str, Any]:
        if not isinstance(data, Mapping):
            self.add(path, _l("write this as keys and values, one “key: value” on each line."))
            return {}
        for key in data:
            if allowed and key not in allowed:
                self.add((*path, key), unknown_key(key, allowed))
        return data

    def text(self, data: Mapping[str, Any], path: Path, key: str, *, required: bool = False) -> str:
        value = data.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if value is not None or required:
            self.add((*path, key), _l("give this as text."))
        return ""

    def texts(self, data: Mapping[str, Any], path: Path, key: str) -> list[str]:
        value = data.get(key)
        items = [value] if isinstance(value, str) else [] if value is None else value
        if isinstance(items, list) and all(isinstance(item, str) and item.strip() for item in items):
            return [item.strip() for item in items]
        self.add((*path, key), _l("give a list of texts, such as [name, city]."))
        return []

    def separator(self, data: Mapping[str, Any], path: Path, *, required: bool = False) -> str:
        value = data.get("separator")
        if isinstance(value, str) and value:
            return value
        if value is not None or required:
            self.add((*path, "separator"), _l('give the signs between the parts in quotation marks, such as ", ".'))
        return ""

    def one_of(self, data: Mapping[str, Any], path: Path, key: str, known: Sequence[str]) -> str:
        value = data.get(key)
        if value is None or (isinstance(value, str) and value in known):
            return value or ""
        self.add((*path, key), _l("choose one of: %(known)s.", known=", ".join(map(shown, known))))
        return ""

    def whole(self, data: Mapping[str, Any], path: Path, key: str, least: int, most: int) -> int:
        value = data.get(key)
        if value is None:
            return 0
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.add((*path, key), _l("give a whole number from %(least)s to %(most)s.", least=least, most=most))
            return 0
        return value

    def flag(self, data: Mapping[str, Any], path: Path, key: str) -> bool:
        value = data.get(key)
        if value is not None and not isinstance(value, bool):
            self.add((*path, key), _l("say true or false."))
        return value is True

    def is_header(self, header: Any) -> bool:
        if isinstance(header, str) and header.strip():
            return True
        self.add(("columns", str(header)), _l("write the column's header in quotation marks."))
        return False

    # What the whole asks for

    def need_columns(self) -> None:
        self.add(("columns",), _l("say which column goes into which field, such as “Company name: {field: name}”."))

    def need_match(self) -> None:
        self.add(("on_existing",), _l("to skip what exists, say by which fields it is known, such as “match: [name]”."))

    def need_parts(self, path: Path) -> None:
        self.add(path, _l("list the two to ten fields that the parts go into."))

    def need_link_by(self, path: Path) -> None:
        self.add(path, _l("say “link_by: name” too: missing records are made of their names."))


class Placed:
    """A problem with its place, put together in the language of whoever reads it."""

    def __init__(self, line: int, place: str, message: Any) -> None:
        self.line, self.place, self.message = line, place, message

    def __str__(self) -> str:
        if not self.place:
            return str(_l("Line %(line)s: %(message)s", line=self.line, message=self.message))
        return str(_l("Line %(line)s, %(place)s: %(message)s", line=self.line, place=self.place, message=self.message))


def unknown_key(key: Any, allowed: Sequence[str]) -> Any:
    near = get_close_matches(str(key), allowed, 1)
    if near:
        return _l("there is no such key; perhaps “%(near)s” is meant.", near=near[0])
    return _l("there is no such key. Known: %(known)s.", known=", ".join(allowed))


def shown(sign: str) -> str:
    return {"\t": '"\\t"', ",": '","', ";": '";"', "|": '"|"'}.get(sign, sign)
