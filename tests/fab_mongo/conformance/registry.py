"""Which of Flask-AppBuilder's methods a test shows to work: `covers` says so, `covered` reads it from the sources."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

Test = TypeVar("Test", bound=Callable[..., Any])


def covers(*names: str) -> Callable[[Test], Test]:
    """Say of a test which methods (`Class.method`) or commands (`fab name`) it proves; `covered` finds it."""

    def unchanged(test: Test) -> Test:
        return test

    return unchanged


def real_only(reason: str) -> pytest.MarkDecorator:
    """Run a test against MongoDB only, for a reason that stands in the test's name."""
    return pytest.mark.real_only(reason)


def covered() -> set[str]:
    """Return the names all tests of this folder claim to prove."""
    return {name for path in sorted(Path(__file__).parent.glob("test_*.py")) for name in claims_of(path.read_text())}


def claims_of(source: str) -> Iterator[str]:
    """Return what the decorators `@covers(...)` of the tests in a source say."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "covers":
                    yield from (ast.literal_eval(argument) for argument in decorator.args)
