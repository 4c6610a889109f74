"""Nests as much as has to be, and writes that: values in, values out."""

from __future__ import annotations

from bisect import bisect_left
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
from poetry_plugin_package_function.packaging.nesting.units import need_of
from poetry_plugin_package_function.packaging.plan import is_worth_compressing_more
from poetry_plugin_package_function.packaging.profiles.bytecode_order import in_order
from poetry_plugin_package_function.packaging.profiles.needs import Need


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.job import Job
    from poetry_plugin_package_function.packaging.nesting.layout import ExtractionUnit
    from poetry_plugin_package_function.packaging.nesting.layout import NestedLayout
    from poetry_plugin_package_function.packaging.nesting.nested_zip import (
        WrittenNested,
    )
    from poetry_plugin_package_function.packaging.profiles.bytecode_order import Group
    from poetry_plugin_package_function.packaging.profiles.needs import Needs
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
    if job.wishes.needs and job.bytecode:
        sizes |= _compress(job, planner.parts.project.entries, level)
        found = _with_bytecode_that_pays(job, native, sizes, layout)
        if found is not None:
            job, planner, layout = found
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

    They are in an order, so how many fit can be searched for.
    """
    groups = in_order(job.bytecode, job.wishes.needs)

    def is_too_much(count: int) -> bool:
        planner = _planner(_with_groups(job, groups[:count]), native)
        return planner.plan(sizes, job.limit_bytes, with_project=True) is None

    most = bisect_left(range(len(groups)), True, lo=1, key=is_too_much) - 1
    return _with_groups(job, groups[:most])


def _with_bytecode_that_pays(
    job: Job, native: Native, sizes: Mapping[str, int], layout: NestedLayout | None
) -> tuple[Job, NestingPlanner, NestedLayout] | None:
    """Leaves out bytecode that nobody needs, if that takes the place of what is needed.

    Args:
        job: What is to be written, with all bytecode.
        native: What is linked to what.
        sizes: What entries take compressed.
        layout: What it would be with all of it; None if it does not fit.

    Returns:
        With as much bytecode as costs the handlers nothing; None if there is no room
        for what is needed.
    """
    groups = in_order(job.bytecode, job.wishes.needs)
    needed = sum(1 for each in groups if each.need)

    def planned(count: int) -> tuple[Job, NestingPlanner, NestedLayout] | None:
        less = _with_groups(job, groups[:count])
        planner = _planner(less, native)
        for with_project in (False, True):
            found = planner.plan(sizes, job.limit_bytes, with_project=with_project)
            if found is not None:
                return less, planner, found
        return None

    def is_dearer(count: int) -> bool:
        found = planned(count)
        return found is None or found[1].needed_bytes(found[2]) > least_bytes

    if layout is not None:
        planner = _planner(job, native)
        if planner.needed_bytes(layout) == (0, 0):
            return job, planner, layout
    best = planned(needed)
    if best is None or needed == len(groups):
        return best
    least_bytes = best[1].needed_bytes(best[2])
    counts = range(needed + 1, len(groups) + 1)
    return planned(needed + bisect_left(counts, True, key=is_dearer))


def spared_bytes(
    job: Job,
    units: Iterable[ExtractionUnit],
    sizes: Mapping[str, int],
    needs: Needs,
) -> int:
    """What INIT would not have to extract if it were known what it needs.

    Args:
        job: What has been written.
        units: What has been nested of it.
        sizes: What all entries take compressed.
        needs: What is needed, as has been seen.
    """
    now_bytes = sum(
        unit.size_bytes
        for unit in units
        if unit.at_init or need_of(unit, needs) is Need.INIT
    )
    if job.wishes.eager or not now_bytes:
        return 0
    job = replace(job, wishes=replace(job.wishes, needs=needs))
    # With more bytecode than is needed, INIT would extract no less.
    groups = in_order(job.bytecode, needs)
    job = _with_groups(job, [each for each in groups if each.need])
    planner = _planner(job, Native(job.tree.entries, job.tree.machine_code))
    layout = planner.plan(sizes, job.limit_bytes, with_project=False)
    if layout is None:
        return 0
    return max(0, now_bytes - planner.needed_bytes(layout)[0])


def _with_groups(job: Job, groups: Sequence[Group]) -> Job:
    """Keeps these of the bytecode, in the order that it has."""
    kept = {entry.name for group in groups for entry in group.entries}
    bytecode = tuple(each for each in job.bytecode if each.name in kept)
    return replace(job, bytecode=bytecode)


def _write(job: Job, layout: NestedLayout, level: int) -> NestedResult:
    (part,) = job.parts
    entries = [placed.entry for placed in layout.in_order()]
    members = job.members("Packaging", entries)
    archive = write_nested(part.stream, layout, members, job.time)
    return NestedResult(job, layout, archive, level)
