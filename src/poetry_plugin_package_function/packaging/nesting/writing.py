"""Nests as much as has to be, and writes that: values in, values out."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from typing import TYPE_CHECKING

from poetry_plugin_package_function.packaging.archive.compression import LEVEL
from poetry_plugin_package_function.packaging.archive.compression import MAX_LEVEL
from poetry_plugin_package_function.packaging.archive.compression import copied_bytes
from poetry_plugin_package_function.packaging.archive.spool import spool
from poetry_plugin_package_function.packaging.native.libraries import Native
from poetry_plugin_package_function.packaging.nesting.nested_zip import write_nested
from poetry_plugin_package_function.packaging.nesting.planner import NestingPlanner
from poetry_plugin_package_function.packaging.plan import is_worth_compressing_more


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping

    from poetry_plugin_package_function.packaging.job import Job
    from poetry_plugin_package_function.packaging.nesting.layout import NestedLayout
    from poetry_plugin_package_function.packaging.nesting.nested_zip import (
        WrittenNested,
    )
    from poetry_plugin_package_function.packaging.sources.content import ZipMember
    from poetry_plugin_package_function.packaging.sources.entry import Entry


@dataclass(frozen=True)
class NestedResult:
    """What has been written.

    Attributes:
        job: What was to be, with the bytecode that there was room for.
        layout: Where each file is.
        archive: What is known of it.
        level: libdeflate's.
    """

    job: Job
    layout: NestedLayout
    archive: WrittenNested
    level: int


@dataclass(frozen=True)
class TooLarge:
    """What does not fit however it is nested.

    Attributes:
        job: What was to be written, with the bytecode that was tried last.
        least_bytes: What Lambda would count of it at least.
        zipped_bytes: What files take compressed, by their names.
    """

    job: Job
    least_bytes: int
    zipped_bytes: Mapping[str, int]


@dataclass(frozen=True)
class _Compressed:
    """What is known of files that may be nested.

    Attributes:
        level: libdeflate's.
        zipped_bytes: What they take compressed, by their names.
        streams: Where those are that have been compressed for that.
    """

    level: int = LEVEL
    zipped_bytes: Mapping[str, int] = field(default_factory=dict)
    streams: Mapping[str, ZipMember] = field(default_factory=dict)


def nest(job: Job) -> NestedResult | TooLarge:
    """Nests dependencies; the project, too, if it has to be; then less bytecode.

    Args:
        job: What is to be written, into one part.
    """
    native = Native(job.tree.entries, job.tree.machine_code)
    planner = _planner(job, native)
    limit_bytes = job.limit_bytes
    compressed = _compress(job, planner.nestable, _Compressed())
    sizes = compressed.zipped_bytes
    layout = planner.plan(sizes, limit_bytes, with_project=False)
    if layout is None:
        compressed = _compress(job, planner.parts.project.entries, compressed)
        sizes = compressed.zipped_bytes
        layout = planner.plan(sizes, limit_bytes, with_project=True)
    if layout is None and job.bytecode:
        job = _with_less_bytecode(job, native, sizes)
        planner = _planner(job, native)
        layout = planner.plan(sizes, limit_bytes, with_project=True)
    if layout is None and is_worth_compressing_more(
        planner.least_bytes(sizes), limit_bytes
    ):
        everything = (*planner.nestable, *planner.parts.project.entries)
        compressed = _compress(job, everything, _Compressed(MAX_LEVEL))
        sizes = compressed.zipped_bytes
        layout = planner.plan(sizes, limit_bytes, with_project=True)
    if layout is None:
        return TooLarge(job, planner.least_bytes(sizes), sizes)
    return _write(job, layout, compressed)


def _planner(job: Job, native: Native) -> NestingPlanner:
    # Bytecode is no machine code: what that is linked to stays the same with less.
    return NestingPlanner(job.tree, job.entries, native, job.wishes)


def _compress(
    job: Job, entries: Iterable[Entry], compressed: _Compressed
) -> _Compressed:
    """Finds out what files take; compresses those of which that is not known."""
    level, sizes = compressed.level, compressed.zipped_bytes
    new = [entry for entry in entries if entry.name not in sizes]
    known = copied_bytes(new, level)
    unknown = [entry for entry in new if entry.name not in known]
    compressed = replace(compressed, zipped_bytes={**sizes, **known})
    if not unknown:
        return compressed
    what = "Compressing" if level == LEVEL else "Too large: compressing more (slow)"
    path = job.scratch / f"{level}-{len(sizes)}.zip"
    spooled = spool(job.members(what, unknown, level), path, job.limit_bytes)
    return replace(
        compressed,
        zipped_bytes={**compressed.zipped_bytes, **spooled.data_bytes},
        streams={**compressed.streams, **spooled.streams},
    )


def _with_less_bytecode(job: Job, native: Native, sizes: Mapping[str, int]) -> Job:
    """Keeps the bytecode of as many distributions as there is room for.

    The smallest come first, so how many fit can be searched for.
    """
    taken_bytes: dict[str, int] = defaultdict(int)
    for entry in job.bytecode:
        taken_bytes[entry.distribution or ""] += entry.size_bytes
    names = sorted(taken_bytes, key=lambda each: (taken_bytes[each], each))

    def with_bytecode(count: int) -> Job:
        kept = frozenset(names[:count])
        bytecode = (each for each in job.bytecode if (each.distribution or "") in kept)
        return replace(job, bytecode=tuple(bytecode))

    def is_too_much(count: int) -> bool:
        planner = _planner(with_bytecode(count), native)
        return planner.plan(sizes, job.limit_bytes, with_project=True) is None

    most = bisect_left(range(len(names)), True, lo=1, key=is_too_much) - 1
    return with_bytecode(most)


def _write(job: Job, layout: NestedLayout, compressed: _Compressed) -> NestedResult:
    (part,) = job.parts
    streams = compressed.streams
    entries = [
        placed.entry._replace(content=streams[placed.entry.name])
        if placed.entry.name in streams and not placed.is_ours
        else placed.entry
        for placed in layout.in_order()
    ]
    members = job.members("Packaging", entries)
    archive = write_nested(part.stream, layout, members, job.time)
    return NestedResult(job, layout, archive, compressed.level)
