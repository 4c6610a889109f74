"""Finds a handler in an archive by parsing, where it cannot be imported."""

from __future__ import annotations

import ast
import sys
import traceback

from collections import defaultdict
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.errors import VerifyError
from poetry_plugin_package_function.packaging.python_source import no_warnings
from poetry_plugin_package_function.packaging.python_source import parsed
from poetry_plugin_package_function.packaging.sources.content import read
from poetry_plugin_package_function.packaging.sources.modules import module_parts
from poetry_plugin_package_function.packaging.verify.handler import Known
from poetry_plugin_package_function.packaging.verify.handler import function_error
from poetry_plugin_package_function.packaging.verify.handler import module_error
from poetry_plugin_package_function.packaging.verify.handler import name_of


if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.sources.entry import Entry
    from poetry_plugin_package_function.packaging.verify.handler import Name


_SUFFIXES: Final = ("so", "pyd", "py", "pyc")
"""In the order in which Python looks for them. Source: importlib's FileFinder."""


class Modules:
    """The modules among files, which have the names of a flat archive.

    Attributes:
        files: The names of all files, ordered.
        names: What can be imported, ordered.
        entries: The files, by name.
        known: What can be imported, as the project's and others'.
    """

    def __init__(
        self, entries: Sequence[Entry], project: NormalizedName | None = None
    ) -> None:
        """Sorts files, which are the project's if no other distribution has them."""
        self.entries = {each.name: each for each in entries}
        self.files = tuple(sorted(self.entries))
        self._own = (None, project)
        self._files: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            if parts := module_parts(entry.name):
                self._files[".".join(parts)].append(entry)
        self.names = tuple(sorted(self._files))
        own = {
            name
            for name, files in self._files.items()
            if any(self.is_projects(each.name) for each in files)
        }
        self.known = Known(
            tuple(sorted(own)), tuple(each for each in self.names if each not in own)
        )

    def is_projects(self, file: str) -> bool:
        """Whether a file is the project's, by its name."""
        return file in self.entries and self.entries[file].distribution in self._own

    def __contains__(self, module: str) -> bool:
        """Whether there is a module, or a namespace package."""
        directory = module.replace(".", "/") + "/"
        return module in self._files or any(
            name.startswith(directory) for name in self.files
        )

    def file(self, module: str) -> Entry | None:
        """The file that Python loads for a module; None for a namespace package."""
        return min(self._files.get(module, ()), key=_rank, default=None)


def _rank(file: Entry) -> tuple[bool, int]:
    """The place in the order in which Python looks: packages are first."""
    return not _is_package(file), _SUFFIXES.index(file.name.rpartition(".")[2])


def _is_package(file: Entry) -> bool:
    return file.name.rpartition("/")[2].startswith("__init__.")


def find(handler: str, modules: Modules, python: str | None) -> str:
    """Finds a handler by parsing the modules that Lambda would import first.

    Args:
        handler: One without problems.
        modules: Those of the archive.
        python: The minor version that it is for, such as "3.13", if it is known.

    Returns:
        What could not be found out, as sentences; "" if all could.

    Raises:
        VerifyError: There is no such module or function, or a syntax error in a module.
    """
    name = name_of(handler)
    parts = name.module.split(".")
    tree: ast.Module | None = None
    unseen = []
    for depth in range(1, len(parts) + 1):
        module = ".".join(parts[:depth])
        file = modules.file(module)
        if module not in modules:
            raise module_error(name, f"No module named {module!r}", modules.known)
        if file is None:
            tree = ast.Module([], [])
        elif depth < len(parts) and not _is_package(file):
            raise module_error(
                name,
                f"No module named {'.'.join(parts[: depth + 1])!r}; {module!r} is not a"
                " package",
                modules.known,
            )
        elif file.name.endswith(".py"):
            tree = _parsed(file, name, python)
            if tree is None:
                unseen.append(
                    f"{file.name} does not compile on this Python, which may be too old"
                    " for it."
                )
        else:
            tree = None
            unseen.append(f"{file.name} cannot be parsed.")
    if tree is not None:
        bound = _bound_in(tree)
        if name.function not in bound.names:
            if not bound.is_open:
                raise function_error(name, sorted(bound.functions))
            unseen.append(f"Whether {name.module} has {name.function} cannot be seen.")
    return " ".join(unseen)


def _parsed(file: Entry, name: Name, python: str | None) -> ast.Module | None:
    """Parses a source; None if this Python is, or may be, too old for it."""
    source = read(file.content)
    path = f"/var/task/{file.name}"
    try:
        with no_warnings():
            compile(source, path, "exec", dont_inherit=True)
            return ast.parse(source, path)
    except (SyntaxError, ValueError) as error:
        if python is None or tuple(map(int, python.split("."))) > sys.version_info[:2]:
            return parsed(source)
        trace = "".join(traceback.format_exception_only(error)).expandtabs()
        raise VerifyError(
            (
                f"Syntax error in module {name.module!r}: {error}.",
                "",
                *trace.rstrip().splitlines(),
            ),
            f"Fix {file.name}.",
        ) from None


class _Bound(NamedTuple):
    """What a module binds names to, at any depth.

    Attributes:
        names: All names.
        functions: Those of functions.
        is_open: Whether it may have more than can be seen.
    """

    names: set[str]
    functions: set[str]
    is_open: bool


def _bound_in(tree: ast.Module) -> _Bound:
    names: set[str] = set()
    functions: set[str] = set()
    is_open = False
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                functions.add(name)
            case ast.ClassDef(name=name) | ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.alias(name=name, asname=asname):
                names.add(asname or name.partition(".")[0])
            case (
                ast.Call(func=ast.Name(id="globals" | "exec" | "vars"))
                | ast.Attribute(value=ast.Name(id="sys"), attr="modules")
            ):
                is_open = True
    names |= functions
    return _Bound(names, functions, is_open or not names.isdisjoint(_OPENING))


_OPENING: Final = ("*", "__getattr__")
"""What `from x import *` binds, and what PEP 562 asks for other names."""
