"""Packaging with two tools in turn, and reading what they read."""

from __future__ import annotations

import sys

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

from bench.process import measure
from bench.spread import Spread


if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

    from bench.environments import Environment
    from bench.process import Sample


OURS: Final = "this plugin"
_FLOOR: Final = "reading the files"
_FLOOR_PY: Final = Path(__file__).with_name("floor.py")


@dataclass(frozen=True)
class Tool:
    """A packaging tool, called as package-python-function is."""

    name: str
    script: Path


@dataclass(frozen=True)
class Cost:
    """What one tool took for one tree; `output_bytes` is None if it writes nothing."""

    name: str
    elapsed_s: Spread
    cpu_s: Spread
    peak_bytes: Spread
    output_bytes: int | None


@dataclass(frozen=True)
class Packaged:
    """One tree, what each tool took for it, and the archives by the tool's name.

    The first cost is the one that the others are held against.
    """

    tree: str
    files: int
    size_bytes: int
    costs: tuple[Cost, ...]
    archives: Mapping[str, Path]


def measure_packaging(
    name: str,
    tree: Environment,
    tools: Sequence[Tool],
    runs: int,
    results: Path,
) -> Packaged:
    """Packages a tree with each tool in turn, `runs` times after a round of warm-up.

    Raises:
        BenchError: A tool failed.
    """
    archives = {
        tool.name: results / f"{name}-{number}.zip" for number, tool in enumerate(tools)
    }
    samples: dict[str, list[Sample]] = {}
    for number in range(runs + 1):
        which = f"run {number} of {runs}" if number else "warm-up"
        print(f"Packaging {name}: {which}", file=sys.stderr, flush=True)
        for tool in tools:
            archive = archives[tool.name]
            archive.unlink(missing_ok=True)
            command = (
                *(tool.script, tree.venv, "--project", tree.pyproject),
                *("--output", archive),
            )
            samples.setdefault(tool.name, []).append(measure(command))
        floor = (sys.executable, "-I", _FLOOR_PY, tree.site_packages)
        samples.setdefault(_FLOOR, []).append(measure(floor))
    files, size_bytes = map(int, samples[_FLOOR][0].stdout.split())
    costs = tuple(
        _cost(tool, measured[1:], archives.get(tool))
        for tool, measured in samples.items()
    )
    return Packaged(name, files, size_bytes, costs, archives)


def _cost(name: str, samples: Sequence[Sample], archive: Path | None) -> Cost:
    return Cost(
        name,
        Spread.of(sample.elapsed_s for sample in samples),
        Spread.of(sample.cpu_s for sample in samples),
        Spread.of(sample.peak_bytes for sample in samples),
        archive.stat().st_size if archive else None,
    )
