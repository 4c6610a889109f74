"""Trees that are nested, and all that can be known of them."""

from __future__ import annotations

import io
import random
import zipfile

from dataclasses import dataclass
from dataclasses import field
from functools import cached_property
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.configuration.inclusions import Inclusion
from poetry_plugin_package_function.packaging.archive.compression import deflate
from poetry_plugin_package_function.packaging.archive.timestamp import archive_time
from poetry_plugin_package_function.packaging.job import Job
from poetry_plugin_package_function.packaging.job import Part
from poetry_plugin_package_function.packaging.job import Wishes
from poetry_plugin_package_function.packaging.nesting.nested_zip import write_nested
from poetry_plugin_package_function.packaging.nesting.planner import NestingPlanner
from poetry_plugin_package_function.packaging.progress import NoProgress
from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.entry import Entry
from poetry_plugin_package_function.packaging.tree.entry_modules import EntryModule
from poetry_plugin_package_function.packaging.tree.tree import Tree
from poetry_plugin_package_function.packaging.writing import write
from poetry_plugin_package_function.services import LAMBDA
from tests.packaging.native import native_of
from tests.trees import install
from tests.trees import make_venv
from tests.trees import site_packages_of
from tests.trees import tree_of
from tests.trees import write_files


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping

    from poetry_plugin_package_function.packaging.nesting.layout import ExtractionUnit
    from poetry_plugin_package_function.packaging.nesting.layout import NestedLayout
    from poetry_plugin_package_function.packaging.nesting.units import Unit
    from poetry_plugin_package_function.packaging.writing import Measured


Files = dict[str, str | bytes]

PROJECT: Final[Files] = {"my_app/__init__.py": "", "my_app/api.py": "x = 1\n" * 99}


def noise(size_bytes: int, seed: int = 0) -> bytes:
    """What no compressor makes smaller."""
    return random.Random(seed).randbytes(size_bytes)


def lines(count: int) -> bytes:
    """What a compressor makes a few times smaller."""
    return b"".join(b"line %d\n" % number for number in range(count))


SIX: Final[dict[str, Files]] = {
    "zeros": {"zeros/__init__.py": "", "zeros/data.bin": bytes(90_000)},
    "text": {
        "text/__init__.py": "",
        "text/data.txt": lines(15_000),
        "text/tests/__init__.py": "",
        "text/tests/expected.txt": "expected " * 5000,
    },
    "noise": {"noise.py": noise(30_000), "noise_tests.py": ""},
    "half": {
        "half/__init__.py": noise(25_000, 1) + bytes(25_000),
        "half/tests/__init__.py": "a = 1\n" * 5000,
    },
    "tiny": {"tiny/__init__.py": "x" * 900},
    "coupled": {"one/__init__.py": "", "one/data": "abc" * 15_000},
    "coupled-too": {"one/tests/__init__.py": "b = 2\n" * 7000, "two.py": ""},
}
"""Six units, of which three have tests; two distributions are one of them."""


@dataclass(frozen=True)
class Shipped:
    """A tree, and all that can be known of what it would be nested."""

    tree: Tree
    wishes: Wishes = field(default_factory=Wishes)

    @cached_property
    def nester(self) -> NestingPlanner:
        entries = self.tree.entries
        return NestingPlanner(self.tree, entries, native_of(entries), self.wishes)

    @cached_property
    def members(self) -> dict[str, Any]:
        return {each.name: each for each in deflate(self.tree.entries)}

    @cached_property
    def zipped_bytes(self) -> dict[str, int]:
        return {name: len(each.data) for name, each in self.members.items()}

    def wishing(
        self,
        nest: Iterable[str] = (),
        keep_flat: Iterable[str] = (),
        *,
        eager: bool = False,
    ) -> Shipped:
        return Shipped(
            self.tree,
            Wishes(
                frozenset(map(canonicalize_name, nest)),
                frozenset(map(canonicalize_name, keep_flat)),
                eager,
            ),
        )

    def decide(
        self, limit_bytes: int, *, with_project: bool = False
    ) -> tuple[ExtractionUnit, ...] | None:
        """What is nested; None if it does not fit."""
        found = self.nester.plan(
            self.zipped_bytes, limit_bytes, with_project=with_project
        )
        return None if found is None else found.units

    def written_bytes(self, found: NestedLayout) -> int:
        """Writes it, and counts as Lambda does."""
        stream = io.BytesIO()
        members = (
            next(iter(deflate([placed.entry])))
            if placed.is_ours
            else self.members[placed.entry.name]
            for placed in found.in_order()
        )
        write_nested(stream, found, members, archive_time({}))
        return counted(stream)

    @cached_property
    def totals(self) -> dict[frozenset[Unit], int]:
        """What Lambda counts of each way to nest."""
        units = self.nester.parts.units
        return {
            choice: self.written_bytes(self.nester.placement.layout(choice))
            for chosen in subsets(units)
            for inside in [{each for unit in chosen for each in unit.inside}]
            for apart in subsets(
                each for unit in units if unit not in chosen for each in unit.inside
            )
            for choice in [chosen | inside | apart]
        }

    def cost(self, choice: frozenset[Unit]) -> int:
        """What is extracted on the average, and what finding it is."""
        expected = self.nester.costs.expected_bytes
        return sum(
            expected(each)
            if each is unit
            else expected(each) // 2 * (each is not unit.tests)
            for unit in self.nester.parts.units
            for each in (unit, *unit.inside)
            if each in choice
        )

    def choice(self, found: tuple[ExtractionUnit, ...]) -> frozenset[Unit]:
        """What has been nested."""
        names = {(each.names, each.tests, each.extension) for each in found}
        return frozenset(
            each
            for unit in self.nester.parts.units
            for each in (unit, *unit.inside)
            if (
                each.names,
                each is unit.tests,
                each.modules[0].name if each in unit.extensions else "",
            )
            in names
        )


def subsets(units: Iterable[Unit]) -> Iterator[frozenset[Unit]]:
    those = list(units)
    for count in range(len(those) + 1):
        yield from map(frozenset, combinations(those, count))


def counted(archive: io.BytesIO | Path) -> int:
    """What Lambda counts of an archive."""
    with zipfile.ZipFile(archive) as outer:
        return sum(each.file_size for each in outer.infolist())


def shipped(
    directory: Path,
    distributions: Mapping[str, Files],
    project: Files = PROJECT,
    *,
    metadata: Mapping[str, str] | None = None,
    include: tuple[str, ...] = (),
    beside: Files | None = None,
) -> Shipped:
    """Installs distributions and the project, and scans what is there."""
    venv = make_venv(directory / "venv")
    write_files(directory, beside or {})
    lines_of = metadata or {}
    for name, files in {"my-app": project, **distributions}.items():
        info = name.replace("-", "_")
        install(venv, info, files, metadata=lines_of.get(name, ""))
    return Shipped(
        tree_of(
            site_packages_of(venv),
            project=directory,
            include=tuple(map(Inclusion, include)),
        )
    )


def made(*entries: Entry) -> Shipped:
    """A tree of entries that are nowhere, and a project."""
    project = owned("my-app", {"my_app/__init__.py": 0})
    in_order = tuple(sorted((*project, *entries)))
    return Shipped(Tree(in_order, (), (), (EntryModule("my_app", is_package=True),)))


def owned(distribution: str, sizes_bytes: Mapping[str, int]) -> list[Entry]:
    """Makes entries of such sizes, with nothing in them."""
    owner = canonicalize_name(distribution)
    return [
        Entry(name, BytesContent(b""), size, distribution=owner)
        for name, size in sizes_bytes.items()
    ]


def write_archive(
    ready: Shipped, limit_bytes: int, bytecode: tuple[Entry, ...] = ()
) -> tuple[Measured, bytes]:
    """Packages in this process; what is counted has to be what is there."""
    stream = io.BytesIO()
    layers_bytes = LAMBDA.unzipped_limit_bytes - limit_bytes
    with TemporaryDirectory() as scratch:
        measured = write(
            Job(
                parts=(Part(stream),),
                tree=ready.tree,
                bytecode=bytecode,
                time=archive_time({}),
                layers_size_bytes=layers_bytes,
                wishes=ready.wishes,
                scratch=Path(scratch),
                progress=NoProgress(),
            )
        )
    assert stream.tell() == len(stream.getvalue()) == measured.parts[0].output_bytes
    assert counted(stream) == measured.unzipped_bytes < limit_bytes
    return measured, stream.getvalue()


def names_of(found: Iterable[ExtractionUnit], *, tests: bool = False) -> list[str]:
    return [name for each in found if each.tests is tests for name in each.names]
