"""Python source that is not ours: parsed without a word, and what it imports."""

from __future__ import annotations

import ast
import threading
import warnings

from contextlib import contextmanager
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence


_lock = threading.Lock()


@contextmanager
def no_warnings() -> Iterator[None]:
    """Keeps Python from warning of what is parsed.

    The filters are the process's, and other threads may parse meanwhile.
    """
    with _lock, warnings.catch_warnings(action="ignore"):
        yield


def parsed(source: bytes) -> ast.Module | None:
    """Parses a source; None if it is for another Python, or for none."""
    try:
        with no_warnings():
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def imported_by(node: ast.AST, package: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Lists what a statement imports, or what may be a module there, as parts of names.

    Args:
        node: Any statement.
        package: The parts of the name of the package that the statement's module is in.
    """
    if isinstance(node, ast.Import):
        yield from (tuple(alias.name.split(".")) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = package[: len(package) + 1 - node.level] if node.level else ()
        base = (*above, *(node.module.split(".") if node.module else ()))
        if base:
            yield base
        yield from ((*base, alias.name) for alias in node.names if alias.name != "*")


def is_for_type_checkers(test: ast.expr) -> bool:
    """Whether what an `if` leads to is not run: `if TYPE_CHECKING`."""
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return bool(name == "TYPE_CHECKING")
