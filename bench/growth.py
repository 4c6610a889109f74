"""How time grows with bytes and with files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Final

from bench.packaging_cost import BY_HAND
from bench.packaging_cost import REFERENCE_TOOL
from bench.packaging_cost import WITH_WHEELS
from bench.packaging_cost import measure_packaging
from bench.plot import Line
from bench.plot import Panel


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping
    from collections.abc import Sequence
    from pathlib import Path

    from bench.environments import Environment
    from bench.packaging_cost import Packaged
    from bench.packaging_cost import Tool


BY_BYTES: Final = ("SMALL", "LARGE", "HUGE")
BY_FILES: Final = ("10K", "50K")
SHOWN: Final = (REFERENCE_TOOL, BY_HAND, WITH_WHEELS)


@dataclass(frozen=True)
class Growth:
    """Trees that differ in their bytes, and trees that differ in their files.

    Both from the smallest to the largest.
    """

    by_bytes: tuple[Packaged, ...]
    by_files: tuple[Packaged, ...]


def measure_growth(
    packaged: Sequence[Packaged],
    trees: Mapping[str, Environment],
    tools: Sequence[Tool],
    runs: int,
    results: Path,
) -> Growth:
    """Packages the trees that have not been packaged yet.

    Raises:
        BenchError: A tool failed.
    """
    known = {tree.tree: tree for tree in packaged}

    def measured(names: Sequence[str]) -> tuple[Packaged, ...]:
        return tuple(
            known.get(name)
            or measure_packaging(name, trees[name], tools, runs, results)
            for name in names
        )

    return Growth(measured(BY_BYTES), measured(BY_FILES))


def panels(growth: Growth) -> tuple[Panel, Panel]:
    """What the plot shows."""
    return (
        Panel(
            "Real wheels",
            "MB",
            _lines(growth.by_bytes, lambda tree: tree.size_bytes / 1e6),
        ),
        Panel(
            "Files of 1 KB",
            "thousand files",
            _lines(growth.by_files, lambda tree: tree.files / 1e3),
        ),
    )


def _lines(
    trees: Sequence[Packaged], x: Callable[[Packaged], float]
) -> tuple[Line, ...]:
    return tuple(
        Line(
            name,
            tuple(
                (x(tree), tree.costs[name].elapsed_s.median)
                for tree in trees
                if name in tree.costs
            ),
        )
        for name in SHOWN
    )
