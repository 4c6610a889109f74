"""Where each file of a nested result is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import NamedTuple

from poetry_plugin_package_function.packaging.nesting.loader import loader


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry_plugin_package_function.packaging.sources.entry import Entry
    from poetry_plugin_package_function.packaging.tree.entry_modules import EntryModule


class Placed(NamedTuple):
    """An entry, and where it is.

    Attributes:
        name: Its name in the ZIP that it is in.
        entry: What it is.
        is_ours: Whether it is a part of the loader, and nothing of what is shipped.
    """

    name: str
    entry: Entry
    is_ours: bool = False


@dataclass(frozen=True)
class ExtractionUnit:
    """What is extracted in one go.

    Attributes:
        names: Distributions that it is of.
        entries: What it holds, ordered by name.
        modules: What is imported of it.
        tests: Whether it holds nothing but tests of these distributions.
        at_init: Whether it is extracted when the function starts.
        needs: Positions of units that are extracted with it.
        why: Why it is nested, and as one.
        size_bytes: The sum of its files.
        tmp_bytes: What they take where they are extracted, in whole blocks.
        extension: The extension module that it is, with libraries of its own; "" for
            all others.
        part_of: Position of the unit that has the package which its extension module
            or its tests are in; None if that is flat.
        links: Files of its package that an extension module is linked to.
    """

    names: tuple[str, ...]
    entries: tuple[Entry, ...]
    modules: tuple[EntryModule, ...]
    tests: bool
    at_init: bool
    needs: tuple[int, ...]
    why: str
    size_bytes: int
    tmp_bytes: int
    extension: str = ""
    part_of: int | None = None
    links: tuple[str, ...] = ()

    @property
    def is_inside(self) -> bool:
        """Whether it is of a package that may be elsewhere."""
        return self.tests or bool(self.extension)


@dataclass(frozen=True)
class NestedLayout:
    """Where each file is.

    Attributes:
        home: The directory that the inner ZIP is in; "" for the root.
        outer: What the outer ZIP holds but for the inner one and the loader's settings,
            ordered by name.
        units: What the inner ZIP holds, in this order.
    """

    home: str
    outer: tuple[Placed, ...]
    units: tuple[ExtractionUnit, ...]

    @property
    def archive(self) -> str:
        """The inner ZIP's name."""
        return join(self.home, loader.ARCHIVE)

    def in_order(self) -> Iterator[Placed]:
        """All entries in the order of the result, the inner ZIP in its place."""
        archive = self.archive
        yield from (each for each in self.outer if each.name < archive)
        for unit in self.units:
            yield from (Placed(each.name, each) for each in unit.entries)
        yield from (each for each in self.outer if each.name > archive)

    def places(self) -> Iterator[dict[str, str]]:
        """Where files will be: in the task root, then in each unit's directory.

        Yields:
            For each path what the entry there is called.
        """
        root = {each.name: each.entry.name for each in self.outer if not each.is_ours}
        yield root
        own = [{each.name: each.name for each in unit.entries} for unit in self.units]
        for unit, files in zip(self.units, own, strict=True):
            there = root if unit.part_of is None else own[unit.part_of]
            yield files | {link: there[link] for link in unit.links if link in there}


def join(home: str, name: str) -> str:
    """The name of a file in a directory of the archive."""
    return f"{home}/{name}" if home else name
