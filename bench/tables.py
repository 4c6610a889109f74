"""The figures as Markdown, and whether they are what they have to be."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence

    from bench.init_cost import Init
    from bench.packaging_cost import Cost
    from bench.packaging_cost import Packaged
    from bench.plugin_cost import PluginCost
    from bench.spread import Spread


MARKED_TREE: Final = "LARGE"
TIMES_AS_FAST: Final = 4
SIZE_RATIO: Final = 1
PLUGIN_S: Final = 0.015

_MB: Final = 1_000_000


def section(title: str, *blocks: str) -> Iterator[str]:
    """A heading and what is under it."""
    yield f"### {title}\n"
    for block in blocks:
        if block:
            yield block


def packaging_table(packaged: Iterable[Packaged]) -> str:
    """Each tree with each tool; ratios are to the tree's first tool."""
    return _table(
        (
            *("Tree", "Tool", "Time, s", "Times as fast", "CPU, s"),
            *("Peak memory, MB", "Result, bytes", "Size ratio"),
        ),
        (_packaging_row(tree, cost) for tree in packaged for cost in tree.costs),
    )


def _packaging_row(tree: Packaged, cost: Cost) -> tuple[str, ...]:
    size_ratio = _size_ratio(tree, cost)
    return (
        f"{tree.tree}: {tree.files:,} files, {tree.size_bytes / _MB:,.0f} MB",
        cost.name,
        _spread(cost.elapsed_s, 2),
        f"{_times_as_fast(tree, cost):.1f}",
        _spread(cost.cpu_s, 2),
        _spread(cost.peak_bytes, 0, unit=_MB),
        "" if cost.output_bytes is None else f"{cost.output_bytes:,}",
        "" if size_ratio is None else f"{size_ratio:.4f}",
    )


def packaging_marks(packaged: Iterable[Packaged]) -> str:
    """Held against the marks: time and size, the second tool against the first."""
    lines = []
    for tree in packaged:
        if tree.tree != MARKED_TREE:
            continue
        ours = tree.costs[1]
        faster = _times_as_fast(tree, ours)
        size_ratio = _size_ratio(tree, ours)
        assert size_ratio is not None
        lines += [
            _mark(
                f"{tree.tree}: {faster:.1f} times as fast, at least {TIMES_AS_FAST}",
                met=faster >= TIMES_AS_FAST,
            ),
            _mark(
                f"{tree.tree}: {size_ratio:.4f} times the size, at most {SIZE_RATIO}",
                met=size_ratio <= SIZE_RATIO,
            ),
        ]
    return "".join(lines)


def _times_as_fast(tree: Packaged, cost: Cost) -> float:
    return tree.costs[0].elapsed_s.median / cost.elapsed_s.median


def _size_ratio(tree: Packaged, cost: Cost) -> float | None:
    reference_bytes = tree.costs[0].output_bytes
    if reference_bytes is None or cost.output_bytes is None:
        return None
    return cost.output_bytes / reference_bytes


def init_table(inits: Sequence[Init]) -> str:
    """INIT of each tool's archive; the ratio is to the first tool."""
    return _table(
        (
            *("Packaged by", "INIT, s", "Times as fast", "CPU, s"),
            *("In /tmp, MB", "Peak memory, MB"),
        ),
        (
            (
                init.name,
                _spread(init.elapsed_s, 2),
                f"{inits[0].elapsed_s.median / init.elapsed_s.median:.1f}",
                _spread(init.cpu_s, 2),
                _spread(init.tmp_bytes, 0, unit=_MB),
                _spread(init.peak_bytes, 0, unit=_MB) if init.peak_bytes else "",
            )
            for init in inits
        ),
    )


def plugin_table(plugins: Iterable[PluginCost]) -> str:
    """What each plugin takes."""
    return _table(
        ("Plugin", "Time, ms"),
        ((plugin.name, _spread(plugin.elapsed_s, 1, unit=1e-3)) for plugin in plugins),
    )


def plugin_marks(plugins: Sequence[PluginCost]) -> str:
    """Held against the mark: the first one, which is ours."""
    elapsed_s = plugins[0].elapsed_s.median
    return _mark(
        f"{plugins[0].name}: {elapsed_s * 1e3:.1f} ms, less than {PLUGIN_S * 1e3:.0f}",
        met=elapsed_s < PLUGIN_S,
    )


def machine_table(machine: Mapping[str, str]) -> str:
    """Label and value, a row each."""
    return _table(("Machine", ""), machine.items())


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _spread(spread: Spread, digits: int, *, unit: float = 1) -> str:
    median, low, high = (
        f"{value / unit:,.{digits}f}"
        for value in (spread.median, spread.low, spread.high)
    )
    return median if low == high else f"{median} ({low}\N{EN DASH}{high})"


def _mark(text: str, *, met: bool) -> str:
    return f"- {text}: **mark {'met' if met else 'missed'}**\n"
