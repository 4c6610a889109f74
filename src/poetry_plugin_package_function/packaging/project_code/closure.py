"""What a module needs of the project's own, by what it says: nothing is run."""

from __future__ import annotations

import os
import sys

from itertools import accumulate
from typing import TYPE_CHECKING

from poetry_plugin_package_function.host import is_spelt
from poetry_plugin_package_function.host import relative
from poetry_plugin_package_function.packaging.project_code.mentions import mentions
from poetry_plugin_package_function.packaging.sources.content import read
from poetry_plugin_package_function.packaging.sources.modules import known_modules
from poetry_plugin_package_function.packaging.sources.modules import module_parts
from poetry_plugin_package_function.packaging.sources.passed_over import NOT_DEPLOYED
from poetry_plugin_package_function.packaging.sources.passed_over import (
    is_never_shipped,
)
from poetry_plugin_package_function.packaging.sources.passed_over import (
    is_shipped_by_name,
)
from poetry_plugin_package_function.packaging.sources.walk import file_at
from poetry_plugin_package_function.packaging.sources.walk import unusable
from poetry_plugin_package_function.packaging.sources.walk import walk


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from poetry_plugin_package_function.packaging.project_code.places import Place
    from poetry_plugin_package_function.packaging.sources.entry import Entry


class Closure:
    """Files of a project, with all that they need of it.

    Attributes:
        entries: What has been found, by names in the archive.
    """

    def __init__(
        self,
        places: Sequence[Place],
        names: AbstractSet[str],
        dependencies: AbstractSet[str],
        *,
        is_ignored: Callable[[str], bool],
        is_excluded: Callable[[str], bool],
    ) -> None:
        """Has found nothing yet.

        Args:
            places: Where modules are looked for; the first is the handler's.
            names: Files that are in the archive anyway.
            dependencies: Names of modules that dependencies may have.
            is_ignored: Whether Git ignores a path itself.
            is_excluded: Whether a name in the archive, or all below it, is left out.
        """
        self.entries: dict[str, Entry] = {}
        self._places = places
        self._names = names
        self._there = known_modules(names)
        self._others = sys.stdlib_module_names | dependencies
        self._is_ignored = is_ignored
        self._is_excluded = is_excluded
        self._seen: set[tuple[str, ...]] = set()
        self._unread: list[tuple[Place, Entry, str]] = []
        self._is_for_wheel = False

    def add_module(self, parts: tuple[str, ...]) -> None:
        """Adds a module with all that it needs."""
        self._find(parts)
        self._follow()

    def add_directory(self, place: Place, directory: str) -> None:
        """Adds all files of a directory, with all that they need."""
        self._sweep(place, directory)
        self._follow()

    def add_needs(self, place: Place, entry: Entry, path: str) -> None:
        """Adds what a module needs that is in the archive anyway."""
        self._unread.append((place, entry, path))
        self._follow()

    def add_imports(self, parts: tuple[str, ...]) -> None:
        """Adds modules that one of the wheel's needs, and the wheel does not have.

        What works without them stays as it is: no data, nothing that Git ignores, and
        nothing in the place of a dependency's modules.
        """
        self._is_for_wheel = True
        self._find(parts)
        self._follow()

    def _follow(self) -> None:
        while self._unread:
            place, entry, path = self._unread.pop(0)
            own = module_parts(entry.name)
            is_package = os.path.basename(path).startswith("__init__.")
            package = own if is_package else own[:-1]
            said = mentions(read(entry.content), package)
            for module in said.modules:
                self._find(module)
            if not entry.included:
                continue  # the wheel's: what else it names, Poetry was not asked for
            for parts in said.texts:
                if any(place.module_file(parts) for place in self._places):
                    self._find(parts)
            for text in said.files:
                self._find_data(place, path, text)
            for text in said.directories:
                self._find_data(place, path, text, is_directory=True)

    def _find(self, parts: tuple[str, ...]) -> None:
        """Adds what is imported for a module: those above it, and itself."""
        is_there = False
        for depth in range(1, len(parts) + 1):
            module = parts[:depth]
            if module in self._there:
                is_there = True
                self._read(module)
            elif is_there:
                return  # what is left out of a package has been left out on purpose
            elif module not in self._seen:
                self._seen.add(module)
                if self._add(module):
                    return

    def _read(self, module: tuple[str, ...]) -> None:
        """Reads the source of a module that the wheel has, if it is the project's."""
        if module in self._seen:
            return
        self._seen.add(module)
        for place in self._places:
            file = place.module_file(module)
            if file is not None and place.name_of(file) in self._names:
                if file.endswith(".py"):
                    self._unread.append((place, _entry(place, file), file))
                return

    def _add(self, module: tuple[str, ...]) -> bool:
        """Adds a module; whether there is nothing more to add for what is in it."""
        for number, place in enumerate(self._places):
            if (number or self._is_for_wheel) and module[0] in self._others:
                continue  # only beside the handler's module a file comes before them
            file = place.module_file(module)
            if self._is_for_wheel and file and self._is_left_out(place.directory, file):
                continue
            if place.is_package(module):
                self._sweep(place, str(place.path_of(module)))
                return True
            if file is not None:
                self._put(place, file)
                return not file.endswith("__init__.py")
        return False

    def _is_left_out(self, start: str, path: str) -> bool:
        """Whether Git ignores a path, or a directory between it and its beginning."""
        parts = relative(path, start).split("/")
        above = accumulate(parts, os.path.join, initial=start)
        return any(map(self._is_ignored, [*above][1:]))

    def _sweep(self, place: Place, directory: str) -> None:
        name = place.name_of(directory)
        prefix = "" if name == "." else f"{name.removesuffix('/.')}/"
        for entry in walk(
            directory, prefix, self._is_excluded, is_passed_over=self._passes_over
        ):
            path = os.path.join(directory, entry.name.removeprefix(prefix))
            self._note(place, entry, path)

    def _passes_over(self, item: os.DirEntry[str]) -> bool:
        """Passes over what Poetry leaves out of a package, and what is hidden."""
        is_shipped = (
            item.name == "build"
            or not is_shipped_by_name(item.name)
            or (item.name == "requirements.txt" and not self._is_beside_code(item.path))
        )
        return not is_shipped or is_never_shipped(item) or self._is_ignored(item.path)

    def _is_beside_code(self, path: str) -> bool:
        """Whether a file is where modules are: elsewhere it is data, as a template."""
        directory = os.path.dirname(path)
        return is_package_directory(directory) or any(
            place.directory == directory for place in self._places
        )

    def _put(self, place: Place, path: str) -> None:
        if self._is_excluded(place.name_of(path)):
            return
        self._note(place, _entry(place, path), path)

    def _note(self, place: Place, entry: Entry, path: str) -> None:
        parts = tuple(module_parts(entry.name))
        if entry.name in self.entries or entry.name in self._names:
            return
        if parts in self._there:  # an extension module's source, for one
            return
        entry = entry._replace(included=True)
        self.entries[entry.name] = entry
        self._seen.add(parts)
        if entry.name.endswith(".py"):
            self._unread.append((place, entry, path))

    def _find_data(
        self, place: Place, source: str, text: str, *, is_directory: bool = False
    ) -> None:
        """Adds a file that a source names, beside it or in the current directory."""
        parts = text.removeprefix("./").split("/")
        if any(map(is_shipped_by_name, parts)) or parts[0] in NOT_DEPLOYED:
            return
        for start in dict.fromkeys((os.path.dirname(source), place.directory)):
            path = os.path.join(start, *parts)
            if self._is_left_out(start, path):
                continue
            if os.path.exists(path) and not is_spelt(path, start):
                continue
            if is_directory and os.path.isdir(path) and not is_package_directory(path):
                self._sweep(place, path)
                return
            if (
                not is_directory
                and not module_parts(parts[-1])
                and os.path.isfile(path)
            ):
                self._put(place, path)
                return


def _entry(place: Place, path: str) -> Entry:
    """The file at a path, by its name in the archive.

    Raises:
        SourceError: It cannot be shipped.
    """
    try:
        return file_at(path, place.name_of(path), os.stat(path))
    except OSError as error:
        raise unusable(path, error) from None


def is_package_directory(path: str) -> bool:
    """Whether a directory is one of modules, which come in when they are imported."""
    return os.path.isfile(os.path.join(path, "__init__.py"))
