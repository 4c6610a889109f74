"""Writes what is to be shipped as one archive, and measures what it has become."""

from __future__ import annotations

import hashlib

from collections import defaultdict
from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import NamedTuple

from poetry_plugin_package_function.packaging.archive.compression import LEVEL
from poetry_plugin_package_function.packaging.archive.zip_writer import Archive
from poetry_plugin_package_function.packaging.nesting.wishes import check_wishes
from poetry_plugin_package_function.packaging.nesting.writing import TooLarge
from poetry_plugin_package_function.packaging.nesting.writing import nest
from poetry_plugin_package_function.packaging.plan import DistributionSize
from poetry_plugin_package_function.packaging.plan import FileSize
from poetry_plugin_package_function.packaging.plan import Layout
from poetry_plugin_package_function.packaging.plan import layout_for
from poetry_plugin_package_function.packaging.profiles.bytecode_order import in_order
from poetry_plugin_package_function.packaging.too_large import too_large
from poetry_plugin_package_function.packaging.too_large import too_large_for_a_layer
from poetry_plugin_package_function.packaging.too_large import too_large_to_be_flat
from poetry_plugin_package_function.packaging.too_large import too_large_zipped
from poetry_plugin_package_function.services import Feature


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping

    from poetry_plugin_package_function.packaging.job import Job
    from poetry_plugin_package_function.packaging.nesting.layout import ExtractionUnit
    from poetry_plugin_package_function.packaging.sources.entry import Entry


@dataclass(frozen=True)
class Nested:
    """What is special about a nested result.

    Attributes:
        archive: The inner ZIP's name in the outer one.
        sha256: The inner ZIP's digest, in hexadecimal.
        units: What it holds.
    """

    archive: str
    sha256: str
    units: tuple[ExtractionUnit, ...]

    @property
    def extracted_bytes(self) -> int:
        """The sum of the files that `/tmp` gets if all of it is used but the tests."""
        return sum(unit.size_bytes for unit in self.units if not unit.tests)

    @property
    def tmp_bytes(self) -> int:
        """What they take there, in whole blocks."""
        return sum(unit.tmp_bytes for unit in self.units if not unit.tests)


class WrittenPart(NamedTuple):
    """What is known of an archive; sizes are in bytes.

    Attributes:
        output_bytes: Its own.
        unzipped_bytes: What Lambda counts of it.
        files: How many it holds.
        sha256: In hexadecimal.
    """

    output_bytes: int
    unzipped_bytes: int
    files: int
    sha256: str


@dataclass(frozen=True)
class Measured:
    """What is known of what has been written; sizes are in bytes.

    Attributes:
        job: What has been written, with the bytecode that there was room for.
        parts: The archives.
        compressed_bytes: Of the ZIP that holds the dependencies.
        distributions: What each takes.
        zipped_bytes: What each file takes, by its name.
        level: libdeflate's.
        nested: What there is to say of a nested result.
    """

    job: Job
    parts: tuple[WrittenPart, ...]
    compressed_bytes: int
    distributions: tuple[DistributionSize, ...]
    zipped_bytes: Mapping[str, int]
    level: int = LEVEL
    nested: Nested | None = None

    @property
    def unzipped_bytes(self) -> int:
        """What Lambda counts of all of it."""
        return sum(part.unzipped_bytes for part in self.parts)

    def files(self) -> Iterator[FileSize]:
        """Says what each file takes."""
        units = self.nested.units if self.nested else ()
        nested = {entry.name for unit in units for entry in unit.entries}
        for part in self.job.parts:
            for entry in part.of(self.job.entries):
                yield FileSize(
                    entry.name,
                    entry.distribution or "",
                    entry.size_bytes,
                    self.zipped_bytes.get(entry.name, entry.size_bytes),
                    entry.name in nested,
                    part.prefix,
                )


def write(job: Job) -> Measured:
    """Writes an archive: flat if it fits, nested if not, where that is possible.

    Bytecode does not make a nested one of what would be flat. A layer is flat, and so
    is its function: together they have to fit.

    Raises:
        PackageTooLargeError: It fits neither flat nor nested.
        ChangedSourceError: See `deflate.deflate`.
        SourceError: See `deflate.deflate`.
    """
    if layout_for(job.tree.size_bytes, job.limit_bytes) is Layout.NESTED:
        if job.has_layer:
            raise too_large_for_a_layer(
                "The layer has"
                if len(job.parts) == 1
                else "The function and its layer have",
                job.tree.size_bytes,
                job.layers_size_bytes,
                _sizes(job, {}, {}),
            )
        if job.service and Feature.NESTING not in job.service.features:
            sizes = _sizes(job, {}, {})
            raise too_large_to_be_flat(job.service, job.tree.size_bytes, sizes)
        return _write_nested(job)
    check_wishes(job.tree, job.wishes)
    if layout_for(job.size_bytes, job.limit_bytes) is Layout.NESTED:
        job = _with_needed_bytecode(job)
    measured = _write_flat(job)
    limit_bytes = job.service.zipped_limit_bytes if job.service else None
    if job.service and limit_bytes and measured.parts[0].output_bytes > limit_bytes:
        raise too_large_zipped(
            job.service,
            measured.parts[0].output_bytes,
            limit_bytes,
            measured.distributions,
        )
    return measured


def _with_needed_bytecode(job: Job) -> Job:
    """Keeps bytecode of a flat result as far as there is room.

    Without a profile, nothing says which would be of any use.
    """
    kept: set[str] = set()
    if job.wishes.needs:
        size_bytes = job.tree.size_bytes
        for group in in_order(job.bytecode, job.wishes.needs):
            with_it_bytes = size_bytes + group.size_bytes
            if layout_for(with_it_bytes, job.limit_bytes) is not Layout.NESTED:
                size_bytes = with_it_bytes
                kept.update(entry.name for entry in group.entries)
    bytecode = tuple(each for each in job.bytecode if each.name in kept)
    return replace(job, bytecode=bytecode)


def _write_flat(job: Job) -> Measured:
    parts = []
    compressed_bytes: dict[str, int] = {}
    checksums: dict[str, int] = {}
    for part in job.parts:
        entries = part.of(job.entries)
        archive = Archive(part.stream, job.time, hashed=True, prefix=part.prefix)
        for member in job.members("Packaging", entries):
            archive.add(member)
        written = archive.close()
        compressed_bytes |= written.compressed_bytes
        checksums |= written.checksums
        parts.append(
            WrittenPart(
                written.size_bytes,
                sum(entry.size_bytes for entry in entries),
                len(entries),
                written.sha256,
            )
        )
    return Measured(
        job,
        tuple(parts),
        parts[-1].output_bytes,
        _sizes(job, compressed_bytes, checksums),
        compressed_bytes,
    )


def _write_nested(job: Job) -> Measured:
    result = nest(job)
    if isinstance(result, TooLarge):
        raise too_large(
            result.job.size_bytes,
            result.least_bytes,
            job.layers_size_bytes,
            _sizes(result.job, result.zipped_bytes, {}),
        )
    layout, outer, inner = result.layout, result.archive.outer, result.archive.inner
    placed = [each for each in layout.outer if not each.is_ours]
    compressed_bytes = {
        **{each.entry.name: outer.compressed_bytes[each.name] for each in placed},
        **inner.compressed_bytes,
    }
    checksums = {
        **{each.entry.name: outer.checksums[each.name] for each in placed},
        **inner.checksums,
    }
    written = WrittenPart(
        outer.size_bytes,
        result.archive.unzipped_bytes,
        len(result.job.entries),
        outer.sha256,
    )
    return Measured(
        result.job,
        (written,),
        inner.size_bytes,
        _sizes(result.job, compressed_bytes, checksums, result.level),
        compressed_bytes,
        result.level,
        Nested(layout.archive, inner.sha256, layout.units),
    )


def _sizes(
    job: Job,
    compressed_bytes: Mapping[str, int],
    checksums: Mapping[str, int],
    level: int = LEVEL,
) -> tuple[DistributionSize, ...]:
    shipped = job.tree.distributions
    # At a higher level nothing has been copied.
    wheels: dict[str, str] = {
        each.name: each.pin for each in shipped if each.pin and level <= LEVEL
    }
    versions: dict[str, str] = {each.name: each.version for each in shipped}
    entries: dict[str, list[Entry]] = defaultdict(list)
    for entry in job.entries:
        entries[entry.distribution or ""].append(entry)
    return tuple(
        DistributionSize(
            name,
            versions.get(name, ""),
            len(of_one),
            sum(entry.size_bytes for entry in of_one),
            sum(compressed_bytes.get(entry.name, entry.size_bytes) for entry in of_one),
            _digest(of_one, checksums),
            wheels.get(name),
            contents=_contents(of_one, checksums)
            if checksums and name not in wheels
            else None,
        )
        for name, of_one in sorted(entries.items())
    )


def _digest(entries: Iterable[Entry], checksums: Mapping[str, int]) -> str:
    lines = [
        f"{each.name}\0{each.size_bytes}\0{checksums.get(each.name)}\0{each.executable}"
        for each in entries
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _contents(entries: Iterable[Entry], checksums: Mapping[str, int]) -> dict[str, str]:
    """Makes what changes with each file's content, size or mode, by its name."""
    return {
        each.name: f"{checksums[each.name]:08x}-{each.size_bytes:x}"
        f"{'x' if each.executable else ''}"
        for each in entries
    }
