"""Python source that is not ours: parsed without a word, and what it imports."""

from __future__ import annotations

import ast
import re
import threading
import warnings

from contextlib import contextmanager
from typing import TYPE_CHECKING
from typing import Final


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence


_LAZY: Final = re.compile(rb"(?m)(^|;)([ \t]*)lazy[ \t]+(?=(?:from|import)\b)")
"""What makes a statement an import that is carried out when it is needed, from Python
3.15 on. Source: PEP 810
"""

_lock = threading.Lock()


@contextmanager
def no_warnings() -> Iterator[None]:
    """Keeps Python from warning of what is parsed.

    The filters are the process's, and other threads may parse meanwhile.
    """
    with _lock, warnings.catch_warnings(action="ignore"):
        yield


def parsed(source: bytes) -> ast.Module | None:
    """Parses a source; None if it is for another Python, or for none.

    Lazy imports are those of any Python: it may be the function's, and not this one.
    """
    try:
        with no_warnings():
            return ast.parse(_LAZY.sub(rb"\1\2", source))
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
