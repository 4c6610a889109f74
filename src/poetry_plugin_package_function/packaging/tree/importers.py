"""Which modules of a package import another one of it as soon as they are imported."""

from __future__ import annotations

import ast
import re

from itertools import accumulate
from typing import TYPE_CHECKING

from poetry_plugin_package_function.packaging.python_source import imported_by
from poetry_plugin_package_function.packaging.python_source import is_for_type_checkers
from poetry_plugin_package_function.packaging.python_source import parsed
from poetry_plugin_package_function.packaging.sources.content import read
from poetry_plugin_package_function.packaging.sources.modules import module_parts


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.sources.entry import Entry


def is_imported_at_once(module: Sequence[str], entries: Mapping[str, Entry]) -> bool:
    """Whether a package cannot be imported without a module of it, or hardly used.

    That is so if a package that the module is in imports it, or most of the sources
    do: directly, or by what they import. All that is at their own level counts, in `if`
    and `try`, too, but for what only type checkers see.

    Args:
        module: The parts of its name.
        entries: What there is, by name.
    """
    top = f"{module[0]}/"
    sources = {
        name: entry
        for name, entry in entries.items()
        if name.startswith(top) and name.endswith(".py") and module_parts(name)
    }
    packages = accumulate(module[:-1], "{}/{}".format)
    inits = {f"{package}/__init__.py" for package in packages}
    by_size = sorted(sources, key=lambda name: (sources[name].size_bytes, name))
    imported: dict[str, frozenset[str]] = {}
    reached: set[str] = set()
    targets = {".".join(module)}
    while targets:
        more = set()
        mention = _mention(targets)
        for name in by_size:  # to parse costs most of the time: the small ones first
            if name in reached:
                continue
            if name not in imported and mention.search(read(sources[name].content)):
                imported[name] = frozenset(_imported(name, read(sources[name].content)))
            if not targets.isdisjoint(imported.get(name, ())):
                more.add(name)
                reached.add(name)
                if name in inits or 2 * len(reached) > len(sources):
                    return True
        targets = {".".join(module_parts(name)) for name in more}
    return False


def _mention(modules: Iterable[str]) -> re.Pattern[bytes]:
    """Makes a pattern of what may be a statement that imports one of some modules."""
    names = sorted({re.escape(each.rpartition(".")[2]) for each in modules})
    statement = r"(?:^|[:;])[ \t]*(?:from|import)\b(?:[^\n(\\]|\\\n)*?(?:\([^)]*?)?"
    pattern = rf"{statement}\b(?:{'|'.join(names)})\b"
    return re.compile(pattern.encode(), re.MULTILINE)


def _imported(name: str, source: bytes) -> Iterator[str]:
    """Finds what a source imports at its own level, or what may be a module there."""
    tree = parsed(source)
    package = name.split("/")[:-1]
    for node in _statements(tree) if tree else ():
        for parts in imported_by(node, package):
            yield from accumulate(parts, "{}.{}".format)  # those above it come first


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Finds all that runs when a module is imported; not what functions do."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, ast.If) and is_for_type_checkers(node.test):
            pending += node.orelse
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            pending += filter(_is_statement, ast.iter_child_nodes(node))


def _is_statement(node: ast.AST) -> bool:
    return isinstance(node, ast.stmt | ast.excepthandler | ast.match_case)
