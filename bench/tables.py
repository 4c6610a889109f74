"""The figures as tables, and whether they are what they have to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Final

from bench.growth import SHOWN
from bench.markdown import mark
from bench.markdown import spread
from bench.markdown import table
from bench.packaging_cost import BY_HAND
from bench.packaging_cost import FLOOR
from bench.packaging_cost import REFERENCE_TOOL
from bench.packaging_cost import WITH_WHEELS


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence

    from bench.growth import Growth
    from bench.handler_cost import HandlerCost
    from bench.packaging_cost import Cost
    from bench.packaging_cost import Packaged
    from bench.plugin_cost import PluginCost


_MB: Final = 1_000_000
_NOT_HERE: Final = "not here"
GROWTH_PLOT: Final = (
    "![Seconds to package, by size and by number of files](benchmarks.svg)\n\n"
)


@dataclass(frozen=True)
class _PackagingMark:
    """What packaging the marked tree has to be, against the reference."""

    times_as_fast: float
    size_ratio: float
    peak_bytes: float


MARKED_TREE: Final = "LARGE"
PACKAGING: Final[Mapping[str, _PackagingMark]] = {
    WITH_WHEELS: _PackagingMark(25, 1.005, 160 * _MB),
    BY_HAND: _PackagingMark(5, 1.005, 160 * _MB),
}
REPORT_TIMES: Final = 1.3
SERVICES_RATIO: Final = 0.35
GROWTH_RATIO: Final = 1.25
PLUGIN_S: Final = 0.003


def packaging_table(packaged: Iterable[Packaged]) -> str:
    """Each tree with each tool; ratios are to the reference."""
    return table(
        (
            *("Tree", "Tool", "Time, s", "Times as fast", "CPU, s"),
            *("Peak memory, MB", "Result, bytes", "Size ratio"),
        ),
        (row for tree in packaged for row in _packaging_rows(tree)),
    )


def _packaging_rows(tree: Packaged) -> Iterator[tuple[str, ...]]:
    label = f"{tree.tree}: {tree.files:,} files, {tree.size_bytes / _MB:,.0f} MB"
    for cost in tree.costs.values():
        size_ratio = _size_ratio(tree, cost)
        yield (
            label,
            cost.name,
            spread(cost.elapsed_s, 2),
            f"{_times_as_fast(tree, cost):.1f}",
            spread(cost.cpu_s, 2),
            spread(cost.peak_bytes, 0, unit=_MB),
            _output(cost),
            "" if size_ratio is None else f"{size_ratio:.4f}",
        )
    for name in tree.absent:
        yield (label, name, _NOT_HERE, "", "", "", "", "")


def packaging_marks(packaged: Iterable[Packaged]) -> str:
    """Time, size and memory, held against the marks."""
    return "".join(
        line
        for tree in packaged
        if tree.tree == MARKED_TREE
        for name, marks in PACKAGING.items()
        for line in _marks_of(tree, tree.costs[name], marks)
    )


def _marks_of(tree: Packaged, cost: Cost, marks: _PackagingMark) -> Iterator[str]:
    what = f"{tree.tree}, {cost.name}:"
    faster = _times_as_fast(tree, cost)
    floor = _ratio(tree, cost.name, FLOOR)
    yield mark(
        f"{what} {faster:.1f} times as fast, at least {marks.times_as_fast:g}"
        f" ({floor:.1f} times as long as {FLOOR})",
        met=faster >= marks.times_as_fast,
    )
    size_ratio = _size_ratio(tree, cost)
    assert size_ratio is not None
    yield mark(
        f"{what} {size_ratio:.4f} times the size, at most {marks.size_ratio}",
        met=size_ratio <= marks.size_ratio,
    )
    peak_bytes = cost.peak_bytes.median
    yield mark(
        f"{what} {peak_bytes / _MB:.0f} MB of memory,"
        f" at most {marks.peak_bytes / _MB:.0f}",
        met=peak_bytes <= marks.peak_bytes,
    )


def _times_as_fast(tree: Packaged, cost: Cost) -> float:
    return _ratio(tree, REFERENCE_TOOL, cost.name)


def _ratio(tree: Packaged, one: str, other: str) -> float:
    found = tree.ratio(one, other)
    assert found is not None  # tools that are not here have no rows
    return found


def _size_ratio(tree: Packaged, cost: Cost) -> float | None:
    reference_bytes = tree.costs[REFERENCE_TOOL].output_bytes
    if reference_bytes is None or cost.output_bytes is None:
        return None
    return cost.output_bytes / reference_bytes


def _output(cost: Cost) -> str:
    return "" if cost.output_bytes is None else f"{cost.output_bytes:,}"


def growth_table(growth: Growth) -> str:
    """What each tree takes, and what a byte and a file of it take."""
    return table(
        (
            *("Tree", "Files", "MB", "Tool", "Time, s"),
            *("Nanoseconds per byte", "Microseconds per file"),
        ),
        (
            (
                tree.tree,
                f"{tree.files:,}",
                f"{tree.size_bytes / _MB:,.0f}",
                name,
                *_growth_cells(tree, tree.costs.get(name)),
            )
            for tree in (*growth.by_bytes, *growth.by_files)
            for name in SHOWN
        ),
    )


def _growth_cells(tree: Packaged, cost: Cost | None) -> tuple[str, str, str]:
    if cost is None:
        return ("left out", "", "")
    elapsed_s = cost.elapsed_s.median
    return (
        spread(cost.elapsed_s, 2),
        f"{elapsed_s / tree.size_bytes * 1e9:.2f}",
        f"{elapsed_s / tree.files * 1e6:.0f}",
    )


def growth_marks(growth: Growth) -> str:
    """Whether a byte and a file take as long in the largest tree as in the next."""
    *_, large, huge = growth.by_bytes
    *_, fewer, most = growth.by_files
    lines = []
    for name in (WITH_WHEELS, BY_HAND):
        per_byte = _per(huge, name, huge.size_bytes) / _per(
            large, name, large.size_bytes
        )
        per_file = _per(most, name, most.files) / _per(fewer, name, fewer.files)
        lines += [
            mark(
                f"{name}: a {what} of {one.tree} takes {ratio:.2f} times as long as"
                f" one of {other.tree}, at most {GROWTH_RATIO}",
                met=ratio <= GROWTH_RATIO,
            )
            for what, one, other, ratio in (
                ("byte", huge, large, per_byte),
                ("file", most, fewer, per_file),
            )
        ]
    return "".join(lines)


def _per(tree: Packaged, name: str, count: int) -> float:
    return tree.costs[name].elapsed_s.median / count


def handler_table(cost: HandlerCost) -> str:
    """What the report of INIT costs, and what a service's data alone spares."""
    return table(
        ("What", "Measured"),
        (
            (
                f"verifying a handler of {MARKED_TREE} that imports all, s",
                spread(cost.reported, 2),
            ),
            ("the same without the report of INIT, s", spread(cost.plain, 2)),
            ("a ZIP of boto3, bytes", f"{cost.all_bytes:,}"),
            ('the same with `aws-services = ["s3"]`, bytes', f"{cost.s3_bytes:,}"),
        ),
    )


def handler_marks(cost: HandlerCost) -> str:
    """Both, held against the marks."""
    times = cost.reported.median / cost.plain.median
    ratio = cost.s3_bytes / cost.all_bytes
    return mark(
        f"the report of INIT: {times:.2f} times as long as verifying without it, at"
        f" most {REPORT_TIMES:g}",
        met=times <= REPORT_TIMES,
    ) + mark(
        f'`aws-services = ["s3"]`: {ratio:.3f} times the size, at most'
        f" {SERVICES_RATIO:g}",
        met=ratio <= SERVICES_RATIO,
    )


def plugin_table(plugins: Iterable[PluginCost]) -> str:
    """What each plugin takes."""
    return table(
        ("Plugin", "Time, ms"),
        ((plugin.name, spread(plugin.elapsed_s, 1, unit=1e-3)) for plugin in plugins),
    )


def plugin_marks(plugins: Sequence[PluginCost]) -> str:
    """Held against the mark: the first one, which is ours."""
    elapsed_s = plugins[0].elapsed_s.median
    return mark(
        f"{plugins[0].name}: {elapsed_s * 1e3:.1f} ms, at most {PLUGIN_S * 1e3:.0f}",
        met=elapsed_s <= PLUGIN_S,
    )


def machine_table(machine: Mapping[str, str]) -> str:
    """Label and value, a row each."""
    return table(("Machine", ""), machine.items())
