"""Writes what is to be shipped as one archive, and measures what it has become."""

from __future__ import annotations

import hashlib

from collections import defaultdict
from dataclasses import dataclass
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING
from typing import Final
from typing import Protocol

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.packaging.archive import Archive
from poetry_plugin_package_function.packaging.deflate import LEVEL
from poetry_plugin_package_function.packaging.deflate import MAX_LEVEL
from poetry_plugin_package_function.packaging.deflate import deflate
from poetry_plugin_package_function.packaging.nested import outer_entries
from poetry_plugin_package_function.packaging.nested import write_nested
from poetry_plugin_package_function.packaging.plan import DistributionSize
from poetry_plugin_package_function.packaging.plan import Layout
from poetry_plugin_package_function.packaging.plan import check_nested
from poetry_plugin_package_function.packaging.plan import is_worth_compressing_more
from poetry_plugin_package_function.packaging.plan import layout_for
from poetry_plugin_package_function.packaging.plan import limit_for
from poetry_plugin_package_function.packaging.plan import smallest_within


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from typing import BinaryIO

    from poetry_plugin_package_function.packaging.deflate import Member
    from poetry_plugin_package_function.packaging.deflate import Sources
    from poetry_plugin_package_function.packaging.nested import NestedArchive
    from poetry_plugin_package_function.packaging.scan import Entry
    from poetry_plugin_package_function.packaging.scan import Tree
    from poetry_plugin_package_function.packaging.timestamp import DosTime


_TOLD_BYTES: Final = 1 << 20


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


class Progress(Protocol):
    """Hears how far packaging has come, in the thread that has called `package`."""

    def begin(self, what: str, files: int, size_bytes: int) -> None:
        """A phase begins that goes over so many files of so many bytes."""
        ...

    def advance(self, files: int, size_bytes: int) -> None:
        """So many more files, of so many bytes, are done."""
        ...


@dataclass(frozen=True)
class Job:
    """What is to be written.

    Attributes:
        stream: Where to; empty, and seekable.
        tree: What is shipped in any case.
        bytecode: What is shipped as far as there is room for it.
        sources: Streams that are copied.
        time: Of all members.
        layers_size_bytes: What is kept for layers.
        progress: Hears how far it has come.
    """

    stream: BinaryIO
    tree: Tree
    bytecode: tuple[Entry, ...]
    sources: Sources
    time: DosTime
    layers_size_bytes: int
    progress: Progress | None

    @property
    def limit_bytes(self) -> int:
        """What Lambda's count of the result has to stay below."""
        return limit_for(self.layers_size_bytes)

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """All of it, ordered by name."""
        if not self.bytecode:
            return self.tree.entries
        return tuple(
            sorted((*self.tree.entries, *self.bytecode), key=lambda each: each.name)
        )

    @property
    def size_bytes(self) -> int:
        """The sum of all files, unzipped."""
        return self.tree.size_bytes + sum(each.size_bytes for each in self.bytecode)

    def members(self, what: str, level: int = LEVEL) -> Iterator[Member]:
        """Makes the archive's members; tells so in these words."""
        entries = self.entries
        members = deflate(entries, sources=self.sources, level=level)
        if self.progress is None:
            return members
        self.progress.begin(what, len(entries), self.size_bytes)
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
class Measured:
    """What is known of what has been written; sizes are in bytes.

    Attributes:
        job: What has been written, with the bytecode that there was room for.
        output_bytes: Of the archive.
        sha256: Of the archive, in hexadecimal.
        compressed_bytes: Of the ZIP that holds the dependencies.
        unzipped_bytes: What Lambda counts.
        distributions: What each takes.
        level: libdeflate's.
        nested: What there is to say of a nested result.
    """

    job: Job
    output_bytes: int
    sha256: str
    compressed_bytes: int
    unzipped_bytes: int
    distributions: tuple[DistributionSize, ...]
    level: int = LEVEL
    nested: Nested | None = None


def write(job: Job) -> Measured:
    """Writes an archive: flat if it fits, nested if not.

    Bytecode does not make a nested one of what would be flat.

    Raises:
        PackageTooLargeError: It fits neither flat nor nested.
        ChangedSourceError: See `deflate.deflate`.
        SourceError: See `deflate.deflate`.
    """
    if layout_for(job.tree.size_bytes, job.limit_bytes) is Layout.NESTED:
        return _write_nested(job)
    if layout_for(job.size_bytes, job.limit_bytes) is Layout.NESTED:
        job = replace(job, bytecode=())
    return _write_flat(job)


def _write_flat(job: Job) -> Measured:
    archive = Archive(job.stream, job.time, checksummed=True)
    for member in job.members("Packaging"):
        archive.add(member)
    written = archive.close()
    return Measured(
        job,
        written.size_bytes,
        written.sha256,
        written.size_bytes,
        job.size_bytes,
        _sizes(job, written.compressed_bytes),
    )


def _write_nested(job: Job) -> Measured:
    home, beside = outer_entries(job.tree)
    limit_bytes = job.limit_bytes

    def write(job: Job, what: str, level: int) -> NestedArchive:
        job.stream.seek(0)
        job.stream.truncate()
        members = job.members(what, level)
        return write_nested(job.stream, home, beside, members, job.time, limit_bytes)

    level = LEVEL
    result = write(job, "Packaging", level)
    if job.bytecode and result.unzipped_bytes >= limit_bytes:
        job = replace(job, bytecode=_bytecode_within(job, result))
        result = write(job, "Too large: packaging with less bytecode", level)
    if is_worth_compressing_more(result.unzipped_bytes, limit_bytes):
        level = MAX_LEVEL
        result = write(job, "Too large: compressing more (slow)", level)
    distributions = _sizes(job, result.compressed_bytes)
    check_nested(
        job.size_bytes,
        result.unzipped_bytes,
        job.layers_size_bytes,
        distributions,
    )
    return Measured(
        job,
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


def _bytecode_within(job: Job, result: NestedArchive) -> tuple[Entry, ...]:
    """Keeps the bytecode of as many distributions as there is room for."""
    taken_bytes: dict[str, int] = defaultdict(int)
    for entry in job.bytecode:
        taken_bytes[entry.distribution or ""] += Archive.bytes_for(
            entry.name, result.compressed_bytes[entry.name]
        )
    others_bytes = result.unzipped_bytes - sum(taken_bytes.values())
    kept = smallest_within(taken_bytes, job.limit_bytes - 1 - others_bytes)
    return tuple(each for each in job.bytecode if (each.distribution or "") in kept)


def _sha256(stream: BinaryIO) -> str:
    stream.seek(0)
    digest = hashlib.sha256()
    while chunk := stream.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()


def _sizes(
    job: Job, compressed_bytes: Mapping[str, int]
) -> tuple[DistributionSize, ...]:
    versions = {each.name: each.version for each in job.tree.distributions}
    entries: dict[str, list[Entry]] = defaultdict(list)
    for entry in job.entries:
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
