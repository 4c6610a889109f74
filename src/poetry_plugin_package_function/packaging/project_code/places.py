"""Directories that may hold the handler's module, in the order of the docs."""

from __future__ import annotations

import os

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.host import is_spelt
from poetry_plugin_package_function.host import relative
from poetry_plugin_package_function.packaging.sources.passed_over import NOT_DEPLOYED
from poetry_plugin_package_function.packaging.sources.passed_over import (
    is_never_shipped,
)
from poetry_plugin_package_function.packaging.sources.passed_over import (
    is_shipped_by_name,
)


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from collections.abc import Sequence


_DEPTH: Final = 4
"""How far below the project's directory others are looked for."""

_SUFFIXES: Final = (".py", ".so", ".pyd", ".pyc")


@dataclass(frozen=True)
class Place:
    """A directory that modules are imported from.

    Attributes:
        directory: Where it is.
        package: What it is in the archive; "" is the root.
    """

    directory: str
    package: str = ""

    def path_of(self, parts: Sequence[str]) -> str | None:
        """Where a module would be, without a suffix; None if it cannot be here."""
        if not self.package:
            return os.path.join(self.directory, *parts)
        if parts[0] != self.package:
            return None
        return os.path.join(self.directory, *parts[1:])

    def name_of(self, path: str) -> str:
        """The name in the archive of a file here."""
        name = relative(path, self.directory)
        return f"{self.package}/{name}" if self.package else name

    def module_file(self, parts: Sequence[str]) -> str | None:
        """Finds the file that Python loads for a module; None if there is none."""
        path = self.path_of(parts)
        if path is None:
            return None
        package = os.path.join(path, "__init__.py")
        if self._has(package):
            return package
        if path == self.directory:
            return None
        directory, stem = os.path.split(path)
        for suffix in _SUFFIXES:
            if self._has(path + suffix):
                return path + suffix
        found = _tagged(directory, stem)
        return found if found is None or is_spelt(found, self.directory) else None

    def _has(self, path: str) -> bool:
        return os.path.isfile(path) and is_spelt(path, self.directory)

    def is_package(self, parts: Sequence[str]) -> bool:
        """Whether all in a directory belongs together: it has an `__init__`.

        The project's own directory holds more than its code, also if it has one.
        """
        path = self.path_of(parts)
        return (
            path is not None
            and not (self.package and len(parts) == 1)
            and self._has(os.path.join(path, "__init__.py"))
        )


def _tagged(directory: str, stem: str) -> str | None:
    """Finds an extension module: fast.cpython-313-x86_64-linux-gnu.so."""
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return None
    for name in names:
        if name.startswith(f"{stem}.") and name.endswith((".so", ".pyd")):
            return os.path.join(directory, name)
    return None


def usual_places(project: str, parts: Sequence[str]) -> Iterator[Place]:
    """Lists where the handler's module is as a rule, the most usual first."""
    yield Place(project)
    yield Place(os.path.join(project, "src"))
    own_name = os.path.basename(project)
    if len(parts) > 1 and parts[0] == own_name:
        yield Place(project, own_name)


def other_places(
    project: str, parts: Sequence[str], is_ignored: Callable[[str], bool]
) -> Iterator[Place]:
    """Finds all other directories of a project that have a module, ordered."""
    usual = {each.directory for each in usual_places(project, parts)}
    for directory in directories_with_code(project, is_ignored):
        place = Place(directory)
        if directory not in usual and place.module_file(parts):
            yield place


def directories_with_code(
    project: str, is_ignored: Callable[[str], bool]
) -> Sequence[str]:
    """Lists the directories of a project that may have code, itself among them."""
    pending = [(project, 0)]
    found = []
    while pending:
        directory, depth = pending.pop()
        found.append(directory)
        if depth < _DEPTH:
            pending += (
                (below, depth + 1)
                for below in directories_in(directory)
                if not is_ignored(below)
            )
    return sorted(found)


def directories_in(directory: str) -> list[str]:
    """Lists the directories in another one that may hold code."""
    try:
        with os.scandir(directory) as items:
            return [
                item.path
                for item in items
                if item.is_dir(follow_symlinks=False)
                and item.name not in NOT_DEPLOYED
                and not is_shipped_by_name(item.name)
                and not is_never_shipped(item)
            ]
    except OSError:  # what nobody can read, nobody imports
        return []
