"""Packaging with several tools in turn, and reading what they read."""

from __future__ import annotations

import sys

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

from bench.contents import check_alike
from bench.process import measure
from bench.spread import Spread
from bench.spread import ratio_by_rounds


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping
    from collections.abc import Sequence

    from bench.environments import Environment
    from bench.process import Command
    from bench.process import Sample


REFERENCE_TOOL: Final = "package-python-function"
WITH_WHEELS: Final = "this plugin, with wheels"
BY_HAND: Final = "this plugin, a venv by hand"
FLOOR: Final = "reading all the files"
_FLOOR_PY: Final = Path(__file__).with_name("floor.py")
_WITH_WHEELS_PY: Final = Path(__file__).with_name("package_with_wheels.py")


@dataclass(frozen=True)
class Tool:
    """A packaging tool.

    Attributes:
        name: What its row is called.
        command: Makes the command that packages a tree into an archive. It is run in
            the tree's `site-packages`. None if the tool is not on this machine.
        runs_at_most: How often it is run, without a warm-up, if it is a slow one.
    """

    name: str
    command: Callable[[Environment, Path], Command] | None
    runs_at_most: int | None = None


@dataclass(frozen=True)
class Cost:
    """What one tool took for one tree; `output_bytes` is None if it writes nothing.

    `written_bytes` are all that its processes have written, the output included.
    """

    name: str
    elapsed_s: Spread
    cpu_s: Spread
    peak_bytes: Spread
    written_bytes: Spread
    output_bytes: int | None


@dataclass(frozen=True)
class Packaged:
    """One tree, what each tool took for it, and the archives by the tool's name.

    `elapsed_s` is what a tool took, round by round, of which a slow one is only in the
    first; `absent` are the tools that are not on this machine.
    """

    tree: str
    files: int
    size_bytes: int
    costs: Mapping[str, Cost]
    elapsed_s: Mapping[str, Sequence[float]]
    absent: tuple[str, ...]
    archives: Mapping[str, Path]

    def ratio(self, one: str, other: str) -> float | None:
        """How many times as long one tool takes as another, if both are here."""
        return ratio_by_rounds(self.elapsed_s, one, other)


def own_tools(command: Path) -> tuple[Tool, Tool]:
    """This plugin: as its Poetry command packages, and as its other one does."""
    return (Tool(WITH_WHEELS, with_wheels), Tool(BY_HAND, like_reference(command)))


def reference_tool(command: Path, *, runs_at_most: int | None = None) -> Tool:
    """The tool that all others are held against."""
    return Tool(REFERENCE_TOOL, like_reference(command), runs_at_most)


def like_reference(script: Path) -> Callable[[Environment, Path], Command]:
    """How a command is called that has the reference's command line."""

    def command(tree: Environment, archive: Path) -> Command:
        project = ("--project", tree.pyproject)
        return (script, tree.venv, *project, "--output", archive)

    return command


def with_wheels(tree: Environment, archive: Path, *options: str) -> Command:
    """How this plugin is called with the wheels; see `package_with_wheels.py`."""
    python = (sys.executable, "-I", _WITH_WHEELS_PY)
    return (*python, tree.closed, tree.pyproject, archive, tree.cache, *options)


def measure_packaging(
    name: str,
    tree: Environment,
    tools: Sequence[Tool],
    runs: int,
    results: Path,
) -> Packaged:
    """Packages a tree with each tool in turn, `runs` times after a round of warm-up.

    Raises:
        BenchError: A tool failed, or both ways of this plugin differ in what they ship.
    """
    archives = {
        tool.name: results / f"{name}-{number}.zip"
        for number, tool in enumerate(tools)
        if tool.command
    }
    samples: dict[str, list[Sample]] = {}
    for number in range(runs + 1):
        which = f"run {number} of {runs}" if number else "warm-up"
        print(f"Packaging {name}: {which}", file=sys.stderr, flush=True)
        for tool in tools:
            most = tool.runs_at_most
            if not tool.command or (most is not None and not 0 < number <= most):
                continue
            archive = archives[tool.name]
            archive.unlink(missing_ok=True)
            command = tool.command(tree, archive)
            sample = measure(command, cwd=tree.site_packages)
            if number:
                samples.setdefault(tool.name, []).append(sample)
        floor = measure((sys.executable, "-I", _FLOOR_PY, tree.site_packages))
        if number:
            samples.setdefault(FLOOR, []).append(floor)
    check_alike(archives[WITH_WHEELS], archives[BY_HAND])
    files, size_bytes = map(int, samples[FLOOR][0].stdout.split())
    costs = {
        tool: cost_of(tool, measured, archives.get(tool))
        for tool, measured in samples.items()
    }
    elapsed_s = {
        tool: [sample.elapsed_s for sample in measured]
        for tool, measured in samples.items()
    }
    absent = tuple(tool.name for tool in tools if not tool.command)
    return Packaged(name, files, size_bytes, costs, elapsed_s, absent, archives)


def cost_of(name: str, samples: Sequence[Sample], archive: Path | None) -> Cost:
    """Sums up what the runs of one tool took; `archive` is what it has written."""
    return Cost(
        name,
        Spread.of(sample.elapsed_s for sample in samples),
        Spread.of(sample.cpu_s for sample in samples),
        Spread.of(sample.peak_bytes for sample in samples),
        Spread.of(sample.written_bytes for sample in samples),
        archive.stat().st_size if archive else None,
    )
