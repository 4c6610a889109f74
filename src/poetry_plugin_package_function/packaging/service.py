"""The packaging service: from site-packages to a finished archive and its report."""

from __future__ import annotations

import hashlib

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Protocol

import deflate as libdeflate

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.packaging.archive import Archive
from poetry_plugin_package_function.packaging.deflate import deflate
from poetry_plugin_package_function.packaging.nested import outer_entries
from poetry_plugin_package_function.packaging.nested import write_nested
from poetry_plugin_package_function.packaging.output import replacing
from poetry_plugin_package_function.packaging.plan import DistributionSize
from poetry_plugin_package_function.packaging.plan import Layout
from poetry_plugin_package_function.packaging.plan import check_nested
from poetry_plugin_package_function.packaging.plan import layout_for
from poetry_plugin_package_function.packaging.plan import limit_for
from poetry_plugin_package_function.packaging.scan import scan


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from poetry_plugin_package_function.packaging.deflate import Member
    from poetry_plugin_package_function.packaging.scan import Entry
    from poetry_plugin_package_function.packaging.scan import Tree
    from poetry_plugin_package_function.packaging.timestamp import DosTime
    from poetry_plugin_package_function.packaging.venv import SitePackages
    from poetry_plugin_package_function.project import Project
    from poetry_plugin_package_function.settings import Settings


@dataclass(frozen=True)
class Nested:
    """What is special about a nested result.

    Attributes:
        archive: The inner ZIP's name in the outer one.
        sha256: The inner ZIP's digest, in hexadecimal.
        extracted_bytes: The sum of the files that are written into `/tmp` when the
            function starts.
        tmp_bytes: What they take there, in whole blocks.
    """

    archive: str
    sha256: str
    extracted_bytes: int
    tmp_bytes: int


@dataclass(frozen=True)
class Report:
    """All that is known of a finished archive; sizes are in bytes.

    Each field is described in docs/report.md.
    """

    output_file: Path
    distribution_name: str
    layout: Layout
    output_bytes: int
    uncompressed_bytes: int
    compressed_bytes: int
    unzipped_bytes: int
    limit_bytes: int
    layers_size_bytes: int
    files: int
    sha256: str
    python: str | None
    source_date_epoch: int
    compressor: str
    entry_modules: tuple[str, ...]
    distributions: tuple[DistributionSize, ...]
    left_out: tuple[str, ...]
    nested: Nested | None


class Progress(Protocol):
    """Hears how far packaging has come."""

    def __call__(self, done_bytes: int, total_bytes: int) -> None:
        """Is called for each file, in the thread that has called `package`."""
        ...


def package(
    site_packages: SitePackages,
    project: Project,
    settings: Settings,
    time: DosTime,
    *,
    seeds: frozenset[str] = frozenset(),
    serialize: Callable[[Report], bytes],
    progress: Progress | None = None,
) -> Report:
    """Writes the archive and, if the settings name one, the report file.

    Both appear at their places when both are complete; on any exception what was there
    before stays.

    Args:
        site_packages: What to package.
        project: Whose code it is.
        settings: What goes in, and where the results go.
        time: Of all members.
        seeds: Distributions that are shipped only if something needs them.
        serialize: Makes the content of the report file.
        progress: Hears how far it has come.

    Raises:
        SourceError: Something cannot be read, or cannot work on Lambda.
        PackageTooLargeError: It fits neither flat nor nested.
        OutputError: A result cannot be written.
    """
    tree = scan(
        site_packages.directories,
        project_name=canonicalize_name(project.name) if project.name else None,
        project_directory=project.directory,
        seeds=seeds,
        exclude=settings.exclude,
        include=settings.include,
        results=frozenset(str(target) for target in settings.targets),
    )
    limit_bytes = limit_for(settings.layers_size_bytes)
    layout = layout_for(tree.size_bytes, limit_bytes)
    with replacing(*settings.targets) as streams:
        archive = streams[0]
        members = _members(tree, progress)
        if layout is Layout.FLAT:
            measured = _write_flat(archive, tree, members, time)
        else:
            reserved_bytes = settings.layers_size_bytes
            measured = _write_nested(archive, tree, members, time, reserved_bytes)
        report = Report(
            output_file=settings.output,
            distribution_name=project.distribution_name or settings.output.stem,
            layout=layout,
            output_bytes=measured.output_bytes,
            uncompressed_bytes=tree.size_bytes,
            compressed_bytes=measured.compressed_bytes,
            unzipped_bytes=measured.unzipped_bytes,
            limit_bytes=limit_bytes,
            layers_size_bytes=settings.layers_size_bytes,
            files=len(tree.entries),
            sha256=_sha256(archive),
            python=site_packages.python,
            source_date_epoch=time.epoch_s,
            compressor=f"deflate {libdeflate.__version__}",
            entry_modules=tuple(module.name for module in tree.entry_modules),
            distributions=measured.distributions,
            left_out=tuple(each.name for each in tree.left_out),
            nested=measured.nested,
        )
        for stream in streams[1:]:
            stream.write(serialize(report))
    return report


def _sha256(stream: BinaryIO) -> str:
    stream.seek(0)
    digest = hashlib.sha256()
    while chunk := stream.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()


@dataclass(frozen=True)
class _Measured:
    output_bytes: int
    compressed_bytes: int
    unzipped_bytes: int
    distributions: tuple[DistributionSize, ...]
    nested: Nested | None = None


def _write_flat(
    stream: BinaryIO,
    tree: Tree,
    members: Iterable[Member],
    time: DosTime,
) -> _Measured:
    archive = Archive(stream, time)
    for member in members:
        archive.add(member)
    written = archive.close()
    return _Measured(
        written.size_bytes,
        written.size_bytes,
        tree.size_bytes,
        _sizes(tree, written.compressed_bytes),
    )


def _write_nested(
    stream: BinaryIO,
    tree: Tree,
    members: Iterable[Member],
    time: DosTime,
    layers_size_bytes: int,
) -> _Measured:
    home, beside = outer_entries(tree)
    limit_bytes = limit_for(layers_size_bytes)
    result = write_nested(stream, home, beside, members, time, limit_bytes)
    distributions = _sizes(tree, result.compressed_bytes)
    check_nested(
        tree.size_bytes,
        result.unzipped_bytes,
        layers_size_bytes,
        distributions,
    )
    return _Measured(
        result.outer.size_bytes,
        result.inner.size_bytes,
        result.unzipped_bytes,
        distributions,
        Nested(
            result.archive,
            result.inner.sha256,
            result.extracted_bytes,
            result.tmp_bytes,
        ),
    )


def _members(tree: Tree, progress: Progress | None) -> Iterator[Member]:
    members = deflate(tree.entries)
    return members if progress is None else _told(members, tree.size_bytes, progress)


def _told(
    members: Iterable[Member], total_bytes: int, progress: Progress
) -> Iterator[Member]:
    done_bytes = 0
    for member in members:
        yield member
        done_bytes += member.size_bytes
        progress(done_bytes, total_bytes)


def _sizes(
    tree: Tree, compressed_bytes: dict[str, int]
) -> tuple[DistributionSize, ...]:
    versions = {each.name: each.version for each in tree.distributions}
    entries: dict[str, list[Entry]] = defaultdict(list)
    for entry in tree.entries:
        entries[entry.distribution or ""].append(entry)
    return tuple(
        DistributionSize(
            name,
            versions.get(canonicalize_name(name), ""),
            len(of_one),
            sum(entry.size_bytes for entry in of_one),
            sum(compressed_bytes[entry.name] for entry in of_one),
        )
        for name, of_one in sorted(entries.items())
    )
