"""The packaging service: from site-packages to a finished archive and its report."""

from __future__ import annotations

import gc
import hashlib

from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING
from typing import Final
from typing import Protocol

import deflate as libdeflate

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.errors import ChangedSourceError
from poetry_plugin_package_function.packaging.archive import Archive
from poetry_plugin_package_function.packaging.comparison import comparing
from poetry_plugin_package_function.packaging.deflate import LEVEL
from poetry_plugin_package_function.packaging.deflate import MAX_LEVEL
from poetry_plugin_package_function.packaging.deflate import Sources
from poetry_plugin_package_function.packaging.deflate import deflate
from poetry_plugin_package_function.packaging.nested import outer_entries
from poetry_plugin_package_function.packaging.nested import write_nested
from poetry_plugin_package_function.packaging.output import replacing
from poetry_plugin_package_function.packaging.plan import DistributionSize
from poetry_plugin_package_function.packaging.plan import Layout
from poetry_plugin_package_function.packaging.plan import check_nested
from poetry_plugin_package_function.packaging.plan import is_worth_compressing_more
from poetry_plugin_package_function.packaging.plan import layout_for
from poetry_plugin_package_function.packaging.plan import limit_for
from poetry_plugin_package_function.packaging.scan import scan


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from pathlib import Path
    from typing import BinaryIO

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.deflate import Member
    from poetry_plugin_package_function.packaging.nested import NestedArchive
    from poetry_plugin_package_function.packaging.scan import Entry
    from poetry_plugin_package_function.packaging.scan import Tree
    from poetry_plugin_package_function.packaging.timestamp import DosTime
    from poetry_plugin_package_function.packaging.venv import SitePackages
    from poetry_plugin_package_function.packaging.wheels import Wheel
    from poetry_plugin_package_function.project import Project
    from poetry_plugin_package_function.settings import Settings


_TOLD_BYTES: Final = 1 << 20

NO_WHEELS: Final[Mapping[NormalizedName, Wheel]] = MappingProxyType({})


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
    compression_level: int
    entry_modules: tuple[str, ...]
    distributions: tuple[DistributionSize, ...]
    left_out: tuple[str, ...]
    nested: Nested | None


class Progress(Protocol):
    """Hears how far packaging has come, in the thread that has called `package`."""

    def begin(self, what: str, files: int, size_bytes: int) -> None:
        """A phase begins that goes over so many files of so many bytes."""
        ...

    def advance(self, files: int, size_bytes: int) -> None:
        """So many more files, of so many bytes, are done."""
        ...


def package(
    site_packages: SitePackages,
    project: Project,
    settings: Settings,
    time: DosTime,
    *,
    seeds: frozenset[str] = frozenset(),
    wheels: Mapping[NormalizedName, Wheel] = NO_WHEELS,
    kept: bool = False,
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
        wheels: What distributions have been installed from, where it is still there.
        kept: Whether the environment is from an earlier run, so that somebody may have
            changed it: then what is not as its wheel has it is an error.
        serialize: Makes the content of the report file.
        progress: Hears how far it has come.

    Raises:
        ChangedSourceError: A wheel is not the one that was installed, or a kept
            environment is not as it was.
        SourceError: Something cannot be read, or cannot work on Lambda.
        PackageTooLargeError: It fits neither flat nor nested.
        OutputError: A result cannot be written.
    """
    in_order = [wheels[name] for name in sorted(wheels)]
    with (
        _no_garbage_collection(),
        comparing(in_order, site_packages.directories) as comparison,
    ):
        tree = scan(
            site_packages.directories,
            project_name=canonicalize_name(project.name) if project.name else None,
            project_directory=project.directory,
            seeds=seeds,
            exclude=settings.exclude,
            include=settings.include,
            results=frozenset(str(target) for target in settings.targets),
        )
        sources = Sources(
            comparison.streams, comparison.is_same, frozenset(wheels), strict=kept
        )
        _check_complete(tree, sources, site_packages)
        layout = layout_for(tree.size_bytes, limit_for(settings.layers_size_bytes))
        with replacing(*settings.targets) as (archive, *reports):
            job = _Job(archive, tree, sources, time, progress)
            if layout is Layout.FLAT:
                measured = _write_flat(job)
            else:
                measured = _write_nested(job, settings.layers_size_bytes)
            report = Report(
                output_file=settings.output,
                distribution_name=project.distribution_name or settings.output.stem,
                layout=layout,
                output_bytes=measured.output_bytes,
                uncompressed_bytes=tree.size_bytes,
                compressed_bytes=measured.compressed_bytes,
                unzipped_bytes=measured.unzipped_bytes,
                limit_bytes=limit_for(settings.layers_size_bytes),
                layers_size_bytes=settings.layers_size_bytes,
                files=len(tree.entries),
                sha256=measured.sha256,
                python=site_packages.python,
                source_date_epoch=time.epoch_s,
                compressor=f"deflate {libdeflate.__version__}",
                compression_level=measured.level,
                entry_modules=tuple(module.name for module in tree.entry_modules),
                distributions=_with_wheels(measured, wheels),
                left_out=tuple(each.name for each in tree.left_out),
                nested=measured.nested,
            )
            for stream in reports:
                stream.write(serialize(report))
            comparison.finish()
    return report


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Spares the collector the work: there are no cycles here, and many tuples.

    In Poetry's process it would go through all of Poetry's objects, again and again.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _check_complete(tree: Tree, sources: Sources, site_packages: SitePackages) -> None:
    """Finds out whether a file of a wheel is missing."""
    there = {entry.name for entry in tree.entries if not entry.included}
    missing = sources.streams.keys() - there
    for name in sorted(missing):  # what is left out is still there
        if not any((each / name).is_file() for each in site_packages.directories):
            raise ChangedSourceError(
                f"{site_packages.directories[0] / name} is missing."
            )


def _sha256(stream: BinaryIO) -> str:
    stream.seek(0)
    digest = hashlib.sha256()
    while chunk := stream.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()


@dataclass(frozen=True)
class _Job:
    stream: BinaryIO
    tree: Tree
    sources: Sources
    time: DosTime
    progress: Progress | None

    def members(self, what: str, level: int = LEVEL) -> Iterator[Member]:
        members = deflate(self.tree.entries, sources=self.sources, level=level)
        if self.progress is None:
            return members
        self.progress.begin(what, len(self.tree.entries), self.tree.size_bytes)
        return _told(members, self.progress)


def _told(members: Iterable[Member], progress: Progress) -> Iterator[Member]:
    files = size_bytes = 0
    for member in members:
        yield member
        files += 1
        size_bytes += member.size_bytes
        if size_bytes >= _TOLD_BYTES:
            progress.advance(files, size_bytes)
            files = size_bytes = 0
    progress.advance(files, size_bytes)


@dataclass(frozen=True)
class _Measured:
    output_bytes: int
    sha256: str
    compressed_bytes: int
    unzipped_bytes: int
    distributions: tuple[DistributionSize, ...]
    level: int = LEVEL
    nested: Nested | None = None


def _write_flat(job: _Job) -> _Measured:
    archive = Archive(job.stream, job.time, checksummed=True)
    for member in job.members("Packaging"):
        archive.add(member)
    written = archive.close()
    return _Measured(
        written.size_bytes,
        written.sha256,
        written.size_bytes,
        job.tree.size_bytes,
        _sizes(job.tree, written.compressed_bytes),
    )


def _write_nested(job: _Job, layers_size_bytes: int) -> _Measured:
    home, beside = outer_entries(job.tree)
    limit_bytes = limit_for(layers_size_bytes)

    def write(what: str, level: int) -> NestedArchive:
        members = job.members(what, level)
        return write_nested(job.stream, home, beside, members, job.time, limit_bytes)

    level = LEVEL
    result = write("Packaging", level)
    if is_worth_compressing_more(result.unzipped_bytes, limit_bytes):
        job.stream.seek(0)
        job.stream.truncate()
        level = MAX_LEVEL
        result = write("Too large: compressing more (slow)", level)
    distributions = _sizes(job.tree, result.compressed_bytes)
    check_nested(
        job.tree.size_bytes,
        result.unzipped_bytes,
        layers_size_bytes,
        distributions,
    )
    return _Measured(
        result.outer.size_bytes,
        _sha256(job.stream),
        result.inner.size_bytes,
        result.unzipped_bytes,
        distributions,
        level,
        Nested(
            result.archive,
            result.inner.sha256,
            result.extracted_bytes,
            result.tmp_bytes,
        ),
    )


def _with_wheels(
    measured: _Measured, wheels: Mapping[NormalizedName, Wheel]
) -> tuple[DistributionSize, ...]:
    if measured.level > LEVEL:
        return measured.distributions  # nothing has been copied
    return tuple(
        each._replace(wheel=wheels[name].hash)
        if (name := canonicalize_name(each.name)) in wheels
        else each
        for each in measured.distributions
    )


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
