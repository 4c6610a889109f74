"""The outer ZIP of a nested result: what stays flat, stubs, the loader, an inner ZIP.

The inner ZIP and the stub of the project's module stand where package-python-function
1.0.0 has them (`<entry>/.dependencies.zip`, `<entry>/__init__.py`); the loader and its
settings stand beside the inner ZIP.
"""

from __future__ import annotations

import json
import os

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import BinaryIO
from typing import Final
from typing import NamedTuple

from deflate import crc32

from poetry_plugin_package_function.errors import ChoiceError
from poetry_plugin_package_function.packaging.archive.compression import deflate_one
from poetry_plugin_package_function.packaging.archive.zip_writer import Archive
from poetry_plugin_package_function.packaging.nesting.loader import loader
from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.entry import Entry
from poetry_plugin_package_function.packaging.sources.entry import owner_of
from poetry_plugin_package_function.packaging.sources.patterns import exclude_line


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.archive.compression import Member
    from poetry_plugin_package_function.packaging.archive.timestamp import DosTime
    from poetry_plugin_package_function.packaging.archive.zip_writer import Written
    from poetry_plugin_package_function.packaging.tree.entry_modules import EntryModule
    from poetry_plugin_package_function.packaging.tree.tree import Tree


class Placed(NamedTuple):
    """An entry, where it stands.

    Attributes:
        name: Its name in the ZIP that it is in.
        entry: What it is.
        is_ours: Whether it is a part of the loader, and nothing of what is shipped.
    """

    name: str
    entry: Entry
    is_ours: bool = False


class Directory(NamedTuple):
    """A unit's part of the inner ZIP's central directory.

    Attributes:
        offset: Where it begins in the inner ZIP.
        length: Its size in bytes.
        members: How many it lists.
        crc32: Its own checksum.
    """

    offset: int
    length: int
    members: int
    crc32: int = 0


@dataclass(frozen=True)
class NestedUnit:
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


@dataclass(frozen=True)
class Nesting:
    """What stands where.

    Attributes:
        home: The directory that the inner ZIP is in; "" for the root.
        outer: What the outer ZIP holds but for the inner one and the loader's settings,
            ordered by name.
        units: What the inner ZIP holds, in this order.
    """

    home: str
    outer: tuple[Placed, ...]
    units: tuple[NestedUnit, ...]

    @property
    def archive(self) -> str:
        """The inner ZIP's name."""
        return join(self.home, loader.ARCHIVE)

    def in_order(self) -> Iterator[Placed]:
        """All entries as they stand in the result, the inner ZIP in its place."""
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


@dataclass(frozen=True)
class NestedArchive:
    """What is known of a nested result.

    Attributes:
        inner: The inner ZIP.
        outer: The outer ZIP.
        unzipped_bytes: What Lambda counts: all files of the outer ZIP.
    """

    inner: Written
    outer: Written
    unzipped_bytes: int


def write_nested(
    stream: BinaryIO, nesting: Nesting, members: Iterable[Member], time: DosTime
) -> NestedArchive:
    """Writes the outer ZIP, with the inner one in place.

    Args:
        stream: A seekable stream.
        nesting: What stands where.
        members: Those of `Nesting.in_order`.
        time: Of all members.
    """
    members = iter(members)
    outer = Archive(stream, time, checksummed=True)
    archive = nesting.archive
    before = [each for each in nesting.outer if each.name < archive]
    for placed in before:
        outer.add(_called(next(members), placed.name))
    directories = []
    with outer.nested(archive) as inner:
        for unit in nesting.units:
            start = inner.directory_bytes
            for _ in unit.entries:
                inner.add(next(members))
            directory = inner.directory_from(start)
            directories.append(
                Directory(start, len(directory), len(unit.entries), crc32(directory))
            )
        end = inner.size_bytes
    nested = inner.close()
    content = settings(
        nesting.units,
        [each._replace(offset=end + each.offset) for each in directories],
        nested.sha256,
    )
    written = Entry(
        join(nesting.home, loader.SETTINGS), BytesContent(content), len(content)
    )
    outer.add(deflate_one(written))  # the name sorts behind the inner ZIP's
    for placed in nesting.outer[len(before) :]:
        outer.add(_called(next(members), placed.name))
    unzipped_bytes = (
        sum(placed.entry.size_bytes for placed in nesting.outer)
        + nested.size_bytes
        + len(content)
    )
    return NestedArchive(nested, outer.close(), unzipped_bytes)


def _called(member: Member, name: str) -> Member:
    return member if member.name == name else member._replace(name=name)


def settings(
    units: Sequence[NestedUnit],
    directories: Sequence[Directory],
    sha256: str,
) -> bytes:
    """Writes what the loader has to know.

    Args:
        units: What the inner ZIP holds.
        directories: For each its part of the central directory.
        sha256: The inner ZIP's digest, in hexadecimal.
    """
    document = {
        "sha256": sha256,
        "tmp_bytes": sum(unit.tmp_bytes for unit in units if not unit.tests),
        "units": [
            {
                "distributions": unit.names,
                "modules": [module.name for module in unit.modules],
                "tests": unit.tests,
                "at_init": unit.at_init,
                "needs": unit.needs,
                "files": [each.name for each in unit.entries if unit.extension],
                "part_of": unit.part_of,
                "links": unit.links,
                "directory": (*directory[:3], f"{directory.crc32:08x}"),
            }
            for unit, directory in zip(units, directories, strict=True)
        ],
    }
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


STARTER: Final = "_package_function.pth"
"""What starts the loader in Lambda, whatever module the handler is in."""

_DIRECTORY: Final = os.path.dirname(loader.SETTINGS)
_OWN_NAMES: Final = frozenset((loader.ARCHIVE, _DIRECTORY))
"""What the names of all that is ours begin with, in the directory that it is in."""


def refuse_own_names(tree: Tree) -> None:
    """Refuses files that have the names which a nested result needs for its own.

    A flat result needs none of them, but the next may be nested, as the project grows;
    and its first package, which they are in, may be another one then.

    Raises:
        ChoiceError: Says of each name whose files are there.
    """
    homes = {"", *(each.path for each in tree.entry_modules if each.is_package)}
    taken: dict[str, set[str]] = defaultdict(set)
    for entry in tree.entries:
        if entry.name == STARTER:
            taken[STARTER].add(owner_of(entry))
        if _DIRECTORY not in entry.name:  # most names are done with here
            continue
        parts = entry.name.split("/")
        for depth, part in enumerate(parts):
            home = "/".join(parts[:depth])
            if part in _OWN_NAMES and home in homes:
                taken[join(home, part)].add(owner_of(entry))
    if taken:
        rows = [
            f"  {name} (of {', '.join(sorted(owners))})"
            for name, owners in sorted(taken.items())
        ]
        first = (
            "The loader of nested results needs these names for itself, and flat"
            " results may become nested as they grow:"
        )
        raise ChoiceError(
            (first, *rows),
            f"Rename the files, or leave them out: {exclude_line(*sorted(taken))}",
        )


def join(home: str, name: str) -> str:
    """The name of a file in a directory of the archive."""
    return f"{home}/{name}" if home else name


def stub(module: EntryModule, home: str) -> Entry:
    """Makes what stands in a module's place."""
    directory = os.path.dirname(module.file)
    source = loader.stub(
        module.name,
        os.path.relpath(home or ".", directory or "."),
        os.path.relpath(".", directory or "."),
    )
    content = (
        f"# Stands for the module of this name; {join(home, loader.SETTINGS)} says"
        f" where that is.\n# Written by poetry-plugin-package-function.\n\n\n{source}"
    ).encode()
    return Entry(module.file, BytesContent(content), len(content))


def starter(home: str) -> Entry:
    """Makes the file that Lambda's bootstrap obeys before it imports the handler.

    It calls `site.addsitedir` on the task root. So a handler in a dependency that is
    flat finds what is extracted at the start, too, and that files are located.
    """
    source = loader.stub("", home or ".", ".")
    content = (
        'import os; root = os.environ.get("LAMBDA_TASK_ROOT"); root and'
        f' exec({source!r}, {{"__file__": os.path.join(root, {STARTER!r})}})\n'
    ).encode()
    return Entry(STARTER, BytesContent(content), len(content))
