"""What native code is linked to: which libraries belong together, and which apart."""

from __future__ import annotations

import posixpath
import re

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.packaging.elf.machine_code import defines_init
from poetry_plugin_package_function.packaging.elf.values import is_called_library
from poetry_plugin_package_function.packaging.native.linker import Linker
from poetry_plugin_package_function.packaging.sources.content import read
from poetry_plugin_package_function.packaging.sources.modules import module_parts
from poetry_plugin_package_function.packaging.tree.importers import is_imported_at_once


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from poetry_plugin_package_function.packaging.elf.machine_code import MachineCode
    from poetry_plugin_package_function.packaging.elf.values import Linkage
    from poetry_plugin_package_function.packaging.native.linker import Link
    from poetry_plugin_package_function.packaging.sources.entry import Entry


LEAST_BYTES: Final = 4 << 20
"""What an extension module and its libraries have at least if they go apart: less is
extracted sooner than locked and found."""


class Extension(NamedTuple):
    """An extension module, with the libraries that nothing else needs.

    Attributes:
        file: The module's.
        files: All of them.
        links: Further libraries that these need, directly or through others.
    """

    file: str
    files: frozenset[str]
    links: frozenset[str]


class Lost(NamedTuple):
    """A library that would not be found where files are to be.

    Attributes:
        place: In which of the places what needs it is.
        file: What is loaded there.
        link: What that, or what it needs, is given where all files are in one place.
    """

    place: int
    file: str
    link: Link


class Native:
    """What the libraries, extension modules and programs of a tree are linked to."""

    def __init__(
        self, entries: Iterable[Entry], machine_code: Mapping[str, MachineCode]
    ) -> None:
        """Looks at what says what it needs.

        Args:
            entries: All that the tree has.
            machine_code: What of them is machine code, by name.
        """
        self._machine_code = machine_code
        self._linkages: dict[str, Linkage] = {}
        for entry in entries:
            code = machine_code.get(entry.name)
            if code and code.elf and code.elf.linkage and _is_loaded(entry):
                self._linkages[entry.name] = code.elf.linkage

    @cached_property
    def _links(self) -> Mapping[str, tuple[Link, ...]]:
        """What is loaded with each library."""
        linker = Linker(self._linkages, [{name: name for name in self._linkages}])
        return {name: tuple(linker.load(name)) for name in self._linkages}

    @cached_property
    def _users(self) -> Mapping[str, frozenset[str]]:
        """Who needs a library of this name, wherever it may be found."""
        users: dict[str, set[str]] = defaultdict(set)
        for name, linkage in self._linkages.items():
            for needed in linkage.needed:
                users[posixpath.basename(needed)].add(name)
        return {needed: frozenset(those) for needed, those in users.items()}

    def links_across(self, owners: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
        """Finds libraries with which those of others are loaded.

        Args:
            owners: Whose each file is; others are passed over.

        Yields:
            Who, whose, and in what words.
        """
        for name, links in self._links.items():
            owner = owners.get(name)
            for link in links:
                other = owners.get(link.file)
                if owner is not None and other is not None and owner != other:
                    yield owner, other, f"{link.user} is linked to {link.file}"

    def lost(self, places: Sequence[Mapping[str, str]]) -> Iterator[Lost]:
        """Finds what would not be loaded as it is where all files are in one place.

        Args:
            places: The task root, and whatever else files are to be in: for each path
                in it, which file of the tree is there.
        """
        natives = [
            {path: name for path, name in place.items() if name in self._linkages}
            for place in places
        ]
        linker = Linker(self._linkages, natives)
        for number, place in enumerate(natives):
            for path, name in place.items():
                if self._links[name]:
                    found = {*linker.load(path, number)}
                    for link in self._links[name]:
                        if link not in found:
                            yield Lost(number, name, link)

    def extensions(self, entries: Iterable[Entry]) -> Iterator[Extension]:
        """Finds extension modules that need not be extracted with their package.

        They have libraries that nothing else in the tree needs, no package that they
        are in mentions them in its `__init__`, and no source mentions the libraries.
        What only looks like one, and is opened by its path, stays with its package; so
        does what that cannot be imported, or is of no use, without.

        Args:
            entries: What is nested as a whole, without tests.
        """
        own = {entry.name: entry for entry in entries}
        natives = [name for name in own if name in self._linkages]
        libraries = {
            name for name in natives if posixpath.basename(name) in self._users
        }
        if sum(own[name].size_bytes for name in libraries) < LEAST_BYTES:
            return
        aliases = defaultdict(set)
        for name in natives:
            aliases[self._loaded_for(name)].add(name)
        for name in natives:
            module = module_parts(name)
            package = "/".join(module[:-1])
            if f"{package}/__init__.py" not in own or name in libraries:
                continue
            files = self._only_for(name, own, aliases)
            if (
                len(files) > 1
                and sum(own[each].size_bytes for each in files) >= LEAST_BYTES
                and f"{package}/{module[-1]}.py" not in own  # there would be a stub
                and self._is_module(own[name])
                and not _is_mentioned(module, files - {name}, own)
                and not is_imported_at_once(module, own)
            ):
                links = {
                    link.file
                    for each in files
                    for link in self._links[each]
                    if link.file in own and link.file not in files
                }
                yield Extension(name, frozenset(files), frozenset(links))

    def _only_for(
        self,
        module: str,
        own: Mapping[str, Entry],
        aliases: Mapping[str, AbstractSet[str]],
    ) -> set[str]:
        """Finds the libraries that a module needs and nothing else does."""
        files: set[str] = set()
        more = {module}
        while more:
            files |= more
            more = {
                file
                for name in files
                for link in self._links[name]
                if link.user in files
                and link.file in own
                and self._users.get(posixpath.basename(link.file), files) <= files
                and not self._is_module(own[link.file])
                for file in aliases[link.file]
            }
            more -= files
        return files

    def _is_module(self, library: Entry) -> bool:
        """Whether Python can import a library."""
        known = self._machine_code[library.name].defines_init
        if known is not None:
            return known
        module = module_parts(library.name)
        return bool(module) and defines_init(read(library.content), module[-1])

    def _loaded_for(self, name: str) -> str:
        """Finds the file that is loaded by whatever has been linked to a library.

        A wheel has no symbolic links, so some have copies for linkers: `libx.so` beside
        the `libx.so.2` that DT_SONAME tells of.
        """
        directory, slash, file = name.rpartition("/")
        return f"{directory}{slash}{self._linkages[name].soname or file}"


def _is_loaded(entry: Entry) -> bool:
    return entry.executable or is_called_library(entry.name)


def _is_mentioned(
    module: list[str], libraries: set[str], own: Mapping[str, Entry]
) -> bool:
    """Whether a package imports a module at once, or a source knows its libraries."""
    word = re.compile(rb"\b%s\b" % re.escape(module[-1].encode()))
    for depth in range(1, len(module)):
        init = own.get("/".join((*module[:depth], "__init__.py")))
        if init is not None and word.search(read(init.content)):
            return True
    stems = {posixpath.basename(each).partition(".so")[0] for each in libraries}
    words = re.compile(b"|".join(sorted(re.escape(each.encode()) for each in stems)))
    return any(
        words.search(read(entry.content))
        for name, entry in own.items()
        if name.endswith(".py")
    )
