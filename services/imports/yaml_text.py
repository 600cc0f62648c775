"""YAML with the line of every key, so that messages can say where something is wrong."""

from collections.abc import Iterator
from typing import Any

import yaml
from flask_babel import lazy_gettext as _l

from services.imports.errors import MappingError

MAX_LENGTH = 256 << 10
MAX_DEPTH = 20
Path = tuple[Any, ...]


def load_yaml(text: str) -> tuple[Any, dict[Path, int]]:
    """(data, {path of keys: line from 1}). Raises MappingError, also for a key that is there twice.

    Anchors and aliases are refused: nothing in a mapping needs them, and nested ones grow without end.
    """
    if len(text) > MAX_LENGTH:
        raise MappingError([_l("The mapping is too long: at most %(max)s characters.", max=MAX_LENGTH)])
    try:
        check_events(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        lines = dict(lines_of(root, ())) if root is not None else {}
        return yaml.safe_load(text), lines
    except yaml.YAMLError as error:
        raise MappingError([not_yaml(error)]) from error
    except ValueError as error:
        # A date such as 2024-13-45 is a ValueError of the reader's.
        raise MappingError([_l("The mapping is not YAML that can be read: %(reason)s", reason=error)]) from error


def check_events(text: str) -> None:
    """Refuse what would cost the reader too much, before it builds anything."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise MappingError([_l("Line %(line)s: write the value out, a mapping can't refer to other parts with *.",
                                   line=line)])  # fmt: skip
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise MappingError([_l("Line %(line)s: too many levels inside one another.", line=line)])


def not_yaml(error: yaml.YAMLError) -> Any:
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or str(error)
    if mark is None:
        return _l("The mapping is not YAML: %(reason)s", reason=reason)
    return _l("Line %(line)s: the mapping is not YAML there: %(reason)s", line=mark.line + 1, reason=reason)


def lines_of(node: yaml.Node, path: Path) -> Iterator[tuple[Path, int]]:
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for place, item in enumerate(node.value):
            yield from lines_of(item, (*path, place))
    elif isinstance(node, yaml.MappingNode):
        seen: dict[Any, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in seen:
                raise MappingError([_l("Line %(line)s: “%(key)s” is there already on line %(first)s. Keep one of them.",
                                       line=line, key=key.value, first=seen[key.value])])  # fmt: skip
            seen[key.value] = line
            for inner, inner_line in lines_of(value, (*path, key.value)):
                yield inner, line if len(inner) == len(path) + 1 else inner_line
