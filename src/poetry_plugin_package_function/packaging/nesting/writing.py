"""Nests as much as has to be, and writes that: values in, values out."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING

from poetry_plugin_package_function.packaging.archive.compression import LEVEL
from poetry_plugin_package_function.packaging.archive.compression import MAX_LEVEL
from poetry_plugin_package_function.packaging.archive.compression import copied_bytes
from poetry_plugin_package_function.packaging.archive.kept_streams import KeptStreams
from poetry_plugin_package_function.packaging.native.libraries import Native
from poetry_plugin_package_function.packaging.nesting.nested_zip import write_nested
from poetry_plugin_package_function.packaging.nesting.planner import NestingPlanner
from poetry_plugin_package_function.packaging.plan import is_worth_compressing_more


if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.job import Job
    from poetry_plugin_package_function.packaging.nesting.layout import NestedLayout
    from poetry_plugin_package_function.packaging.nesting.nested_zip import (
        WrittenNested,
    )
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


def nest(job: Job) -> NestedResult | TooLarge:
    """Nests dependencies; the project, too, if it has to be; then less bytecode.

    Args:
        job: What is to be written, into one part.
    """
    # What is compressed to choose by is kept for the archive.
    job = replace(job, kept=job.kept or KeptStreams(job.scratch))
    native = Native(job.tree.entries, job.tree.machine_code)
    planner = _planner(job, native)
    limit_bytes = job.limit_bytes
    level = LEVEL
    sizes = _compress(job, [*planner.nestable], level)
    layout = planner.plan(sizes, limit_bytes, with_project=False)
    if layout is None:
        sizes |= _compress(job, planner.parts.project.entries, level)
        layout = planner.plan(sizes, limit_bytes, with_project=True)
    if layout is None and job.bytecode:
        job = _with_less_bytecode(job, native, sizes)
        planner = _planner(job, native)
        layout = planner.plan(sizes, limit_bytes, with_project=True)
    if layout is None and is_worth_compressing_more(
        planner.least_bytes(sizes), limit_bytes
    ):
        everything = (*planner.nestable, *planner.parts.project.entries)
        level = MAX_LEVEL
        # Other functions of the run may do with the usual level.
        job = replace(job, kept=KeptStreams(job.scratch))
        sizes = _compress(job, everything, level)
        layout = planner.plan(sizes, limit_bytes, with_project=True)
    if layout is None:
        return TooLarge(job, planner.least_bytes(sizes), sizes)
    return _write(job, layout, level)


def _planner(job: Job, native: Native) -> NestingPlanner:
    # Bytecode is no machine code: what that is linked to stays the same with less.
    return NestingPlanner(job.tree, job.entries, native, job.wishes)


def _compress(job: Job, entries: Sequence[Entry], level: int = LEVEL) -> dict[str, int]:
    """Finds out what files take; compresses those of which that is not known."""
    sizes = copied_bytes(entries, level)
    unknown = [entry for entry in entries if entry.name not in sizes]
    if unknown:
        what = "Compressing" if level == LEVEL else "Too large: compressing more (slow)"
        for member in job.members(what, unknown, level):
            sizes[member.name] = len(member.data)
    return sizes


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


def _write(job: Job, layout: NestedLayout, level: int) -> NestedResult:
    (part,) = job.parts
    entries = [placed.entry for placed in layout.in_order()]
    members = job.members("Packaging", entries)
    archive = write_nested(part.stream, layout, members, job.time)
    return NestedResult(job, layout, archive, level)
