"""Which modules of a package import another one of it as soon as they are imported."""

from __future__ import annotations

import ast
import re

from itertools import accumulate
from typing import TYPE_CHECKING

from poetry_plugin_package_function.packaging.python_source import imported_by
from poetry_plugin_package_function.packaging.python_source import is_for_type_checkers
from poetry_plugin_package_function.packaging.python_source import parsed
from poetry_plugin_package_function.packaging.sources.modules import module_parts


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence


def is_imported_at_once(module: Sequence[str], sources: Mapping[str, bytes]) -> bool:
    """Whether a package cannot be imported without a module of it, or hardly used.

    That is so if a package that the module is in imports it, or most of the sources
    do: directly, or by what they import. All that is at their own level counts, in `if`
    and `try`, too, but for what only type checkers see.

    Args:
        module: The parts of its name.
        sources: The Python sources that there are, by their files' names.
    """
    top = f"{module[0]}/"
    sources = {
        name: source
        for name, source in sources.items()
        if name.startswith(top) and module_parts(name)
    }
    inits = _inits_above(module)
    imported = _Imported(sources)
    # To parse takes most of the time, so what may import it is found by patterns first.
    suspected: set[str] = set()
    for name in _leading_to(module, sources):
        suspected.add(name)
        if 2 * len(suspected) > len(sources):
            break
    else:
        names = {".".join(module), *map(_named, suspected - inits)}
        if all(names.isdisjoint(imported[init]) for init in inits & suspected):
            return False
    for count, name in enumerate(_leading_to(module, sources, imported), 1):
        if name in inits or 2 * count > len(sources):
            return True
    return False


class _Imported(dict[str, frozenset[str]]):
    """What sources import, by their files' names: parsed once it is asked for."""

    def __init__(self, sources: Mapping[str, bytes]) -> None:
        super().__init__()
        self._sources = sources

    def __missing__(self, name: str) -> frozenset[str]:
        found = self[name] = frozenset(_imported(name, self._sources[name]))
        return found


def _leading_to(
    module: Sequence[str],
    sources: Mapping[str, bytes],
    imported: Mapping[str, frozenset[str]] | None = None,
) -> Iterator[str]:
    """Finds the sources that import a module, directly or by what they import.

    Who imports the packages that the module is in is not looked for.

    Args:
        module: The parts of its name.
        sources: The sources, by their files' names.
        imported: What they import; if it is not given, all that may import it are
            found, as far as patterns know.
    """
    by_size = sorted(sources, key=lambda name: (len(sources[name]), name))
    inits = _inits_above(module)
    reached: set[str] = set()
    targets = {".".join(module)}
    while targets:
        words = sorted({each.rpartition(".")[2].encode() for each in targets})
        mention = _mention(words)
        more = set()
        for name in by_size:  # the small ones first: they are parsed in less time
            if name in reached:
                continue
            source = sources[name]
            is_parsed = imported is not None and name in imported
            if not is_parsed and not (
                any(word in source for word in words)  # a pattern takes longer
                and mention.search(source)
            ):
                continue
            if imported is None or not targets.isdisjoint(imported[name]):
                reached.add(name)
                if name not in inits:
                    more.add(_named(name))
                yield name
        targets = more


def _inits_above(module: Sequence[str]) -> set[str]:
    """Lists the files that run before a module, those of its packages."""
    packages = accumulate(module[:-1], "{}/{}".format)
    return {f"{package}/__init__.py" for package in packages}


def _named(file: str) -> str:
    return ".".join(module_parts(file))


def _mention(words: Iterable[bytes]) -> re.Pattern[bytes]:
    """Makes a pattern of what may be a statement that imports one of some names."""
    names = b"|".join(map(re.escape, words))
    statement = rb"(?:^|[:;])[ \t]*(?:from|import)\b(?:[^\n(\\]|\\\n)*?(?:\([^)]*?)?"
    return re.compile(rb"%s\b(?:%s)\b" % (statement, names), re.MULTILINE)


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
