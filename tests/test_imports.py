"""The house: imports run one way, and nobody catches everything but at a boundary that says so."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import PROJECT_ROOT

# Each floor may import itself and those before it.
FLOORS = ("config", "fab_mongo", "models", "services", "views", "app", "run")
# These import nothing of ours but themselves, so that they can be published or read alone.
ALONE = ("config", "fab_mongo")
BOUNDARY = "# boundary:"
BROAD = ("Exception", "BaseException")


def sources(floor: str) -> list[Path]:
    single = PROJECT_ROOT / f"{floor}.py"
    return [single] if single.exists() else sorted((PROJECT_ROOT / floor).rglob("*.py"))


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and top-level name of everything imported, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module.partition(".")[0]


def forbidden(floor: str) -> set[str]:
    above = set(FLOORS[FLOORS.index(floor) + 1 :])
    return set(FLOORS) - {floor} if floor in ALONE else above


def broad_handlers(source: str) -> Iterator[tuple[int, str]]:
    """Line number and line of every handler that catches everything."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ExceptHandler):
            kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            if any(kind is None or (isinstance(kind, ast.Name) and kind.id in BROAD) for kind in kinds):
                yield node.lineno, source.splitlines()[node.lineno - 1]


@pytest.mark.parametrize("floor", FLOORS)
def test_imports_of_each_floor_run_one_way(floor: str) -> None:
    found = sources(floor)
    assert found
    wrong = [
        f"{path.relative_to(PROJECT_ROOT)}:{line} imports {name}"
        for path in found
        for line, name in imported(ast.parse(path.read_text()))
        if name in forbidden(floor)
    ]
    assert wrong == []


@pytest.mark.parametrize("floor", FLOORS)
def test_handlers_of_everything_stand_at_named_boundaries_only(floor: str) -> None:
    wrong = [
        f"{path.relative_to(PROJECT_ROOT)}:{line} needs '{BOUNDARY} why'"
        for path in sources(floor)
        for line, text in broad_handlers(path.read_text())
        if BOUNDARY not in text
    ]
    assert wrong == []


def test_imports_that_run_upwards_or_catch_everything_are_found() -> None:
    source = "def f():\n    from views.base import x\ntry:\n    f()\nexcept (ValueError, Exception):\n    f()\n"
    assert list(imported(ast.parse(source))) == [(2, "views")]
    assert "views" in forbidden("services")
    assert list(broad_handlers(source)) == [(5, "except (ValueError, Exception):")]
