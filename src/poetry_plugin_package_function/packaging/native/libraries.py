"""What native code is linked to: which libraries belong together, and which apart."""

from __future__ import annotations

import posixpath

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING
from typing import NamedTuple

from poetry_plugin_package_function.packaging.elf.values import is_called_library
from poetry_plugin_package_function.packaging.native.linker import Linker


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.elf.machine_code import MachineCode
    from poetry_plugin_package_function.packaging.elf.values import Linkage
    from poetry_plugin_package_function.packaging.native.linker import Link
    from poetry_plugin_package_function.packaging.sources.entry import Entry


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
    """What the libraries, extension modules and programs of a tree are linked to.

    Attributes:
        machine_code: What of the tree is machine code, by name.
        linkages: What of that says what it needs.
    """

    def __init__(
        self, entries: Iterable[Entry], machine_code: Mapping[str, MachineCode]
    ) -> None:
        """Looks at what says what it needs.

        Args:
            entries: All that the tree has.
            machine_code: What of them is machine code, by name.
        """
        self.machine_code = machine_code
        self.linkages: dict[str, Linkage] = {}
        for entry in entries:
            code = machine_code.get(entry.name)
            if code and code.elf and code.elf.linkage and _is_loaded(entry):
                self.linkages[entry.name] = code.elf.linkage

    @cached_property
    def links(self) -> Mapping[str, tuple[Link, ...]]:
        """What is loaded with each library."""
        linker = Linker(self.linkages, [{name: name for name in self.linkages}])
        return {name: tuple(linker.load(name)) for name in self.linkages}

    @cached_property
    def users(self) -> Mapping[str, frozenset[str]]:
        """Who needs a library of this name, wherever it may be found."""
        users: dict[str, set[str]] = defaultdict(set)
        for name, linkage in self.linkages.items():
            for needed in linkage.needed:
                users[posixpath.basename(needed)].add(name)
        return {needed: frozenset(those) for needed, those in users.items()}

    def lost(self, places: Sequence[Mapping[str, str]]) -> Iterator[Lost]:
        """Finds what would not be loaded as it is where all files are in one place.

        Args:
            places: The task root, and whatever else files are to be in: for each path
                in it, which file of the tree is there.
        """
        natives = [
            {path: name for path, name in place.items() if name in self.linkages}
            for place in places
        ]
        linker = Linker(self.linkages, natives)
        for number, place in enumerate(natives):
            for path, name in place.items():
                if self.links[name]:
                    found = {*linker.load(path, number)}
                    for link in self.links[name]:
                        if link not in found:
                            yield Lost(number, name, link)


def _is_loaded(entry: Entry) -> bool:
    return entry.executable or is_called_library(entry.name)
