"""`python -m bench [--runs N] [--no-peers] [--quick | --only PART...] [--write]`."""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile

from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cold_start import TREES_STARTED
from bench.cold_start import measure_cold_starts
from bench.cold_start_tables import cold_start_marks
from bench.cold_start_tables import cold_start_table
from bench.cold_start_tables import conditions_table
from bench.cold_start_tables import init_growth_table
from bench.environments import BOTO3
from bench.environments import REFERENCE
from bench.environments import TREES
from bench.environments import default_cache_dir
from bench.environments import environment
from bench.errors import BenchError
from bench.growth import BY_BYTES
from bench.growth import BY_FILES
from bench.growth import measure_growth
from bench.growth import panels
from bench.handler_cost import measure_handlers
from bench.job_tables import extra_table
from bench.job_tables import job_marks
from bench.job_tables import job_table
from bench.job_tables import poetry_table
from bench.machine import this_machine
from bench.markdown import section
from bench.packaging_cost import measure_packaging
from bench.packaging_cost import own_tools
from bench.packaging_cost import reference_tool
from bench.page import replace_text
from bench.page import write_figures
from bench.peers import peers
from bench.plot import svg
from bench.plugin_cost import measure_plugins
from bench.tables import GROWTH_PLOT
from bench.tables import MARKED_TREE
from bench.tables import growth_marks
from bench.tables import growth_table
from bench.tables import handler_marks
from bench.tables import handler_table
from bench.tables import machine_table
from bench.tables import packaging_marks
from bench.tables import packaging_table
from bench.tables import plugin_marks
from bench.tables import plugin_table
from bench.whole_job import Whole


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence

    from bench.environments import Environment
    from bench.growth import Growth
    from bench.handler_cost import HandlerCost
    from bench.packaging_cost import Packaged
    from bench.whole_job import Jobs


_PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
_PLOT = _PAGE.with_suffix(".svg")
_COMMAND = "package-python-function"
_PARTS = ("packaging", "coldstart", "handlers", "jobs", "growth", "plugins")


@dataclass(frozen=True)
class _Effort:
    """What is measured, and how often."""

    parts: tuple[str, ...]
    trees: tuple[str, ...]
    peers: bool
    packaging_runs: int
    job_runs: int
    growth_runs: int
    init_runs: int
    plugin_runs: int


@dataclass(frozen=True)
class _Figures:
    """The tables, and what the plot is of if there is to be one."""

    markdown: str
    growth: Growth | None


def main() -> int:
    """Measures, prints the tables, and writes them into the page if asked to."""
    parser = _parser()
    options = parser.parse_args()
    if options.quick and options.write:
        parser.error("--quick measures too little for the page")
    try:
        figures = _measure(_effort(options))
        print(figures.markdown, end="")
        if options.write:
            write_figures(_PAGE, figures.markdown)
            if figures.growth:
                replace_text(_PLOT, svg(panels(figures.growth)))
    except BenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _effort(options: argparse.Namespace) -> _Effort:
    runs = options.runs
    if options.quick:
        return _Effort(
            ("packaging", "jobs", "plugins"),
            ("SMALL",),
            peers=False,
            packaging_runs=min(runs, 3),
            job_runs=1,
            growth_runs=0,
            init_runs=0,
            plugin_runs=5,
        )
    return _Effort(
        tuple(options.only or _PARTS),
        ("SMALL", "LARGE"),
        peers=not options.no_peers,
        packaging_runs=runs,
        job_runs=min(runs, 3),
        growth_runs=min(runs, 3),
        init_runs=min(runs, 3),
        plugin_runs=15,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--runs",
        type=_positive,
        default=5,
        help="how often each tree is packaged by each tool (default: 5); what takes"
        " longer is done 3 times at most",
    )
    parser.add_argument(
        "--no-peers",
        action="store_true",
        help="leave out zip, 7-Zip, JSZip and poetry-plugin-lambda-build: a third of"
        " the time",
    )
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--quick", action="store_true", help="a fast check: fewer runs, SMALL only"
    )
    either.add_argument(
        "--only", choices=_PARTS, nargs="+", help="measure these parts only"
    )
    parser.add_argument(
        "--write",
        action="store_true",
        help=f"put the tables into docs/{_PAGE.name}, in the place of those before",
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("it takes one run at least")
    return number


def _measure(effort: _Effort) -> _Figures:
    ours = Path(sys.executable).parent / _COMMAND
    if not ours.exists():
        raise BenchError(
            f"There is no {_COMMAND} beside {sys.executable}.\n"
            "Run this with the Python of the environment that the project is in."
        )
    machine = this_machine()  # its load is of interest before there is ours
    cache_dir = default_cache_dir()
    reference = environment(REFERENCE, cache_dir)
    bench = _Bench(effort, reference, ours, cache_dir)
    # What is written lies on the file system of the trees, not on one in memory.
    with tempfile.TemporaryDirectory(prefix="results-", dir=cache_dir) as results:
        os.environ["TMPDIR"] = results  # for each process that is started
        figures = bench.measured(Path(results))
    # Sections may come to the page one by one, and from several machines.
    when = (
        f"On {machine['Date']}, on {machine['Cores']} cores of {machine['Processor']},"
        f" with a load of {machine['Load when it began']} before."
    )
    dated = re.sub(r"(?m)^### .*$", rf"\g<0>\n\n{when}", figures.markdown)
    machine_section = section("The machine", machine_table(machine))
    return replace(figures, markdown="\n".join((dated, *machine_section)))


@dataclass(frozen=True)
class _Bench:
    effort: _Effort
    reference: Environment
    ours: Path
    cache_dir: Path

    @property
    def script(self) -> Path:
        return self.reference.venv / "bin" / _COMMAND

    def trees(self, names: Iterable[str]) -> dict[str, Environment]:
        return {
            name: environment(TREES[name], self.cache_dir, installer=self.reference)
            for name in names
        }

    def measured(self, results: Path) -> _Figures:
        parts = self.effort.parts
        packaged: tuple[Packaged, ...] = ()
        growth = None
        blocks: list[str] = []
        if "packaging" in parts:
            packaged = self.packaging(results)
            blocks += section(
                "Packaging", packaging_table(packaged), packaging_marks(packaged)
            )
        if "coldstart" in parts:
            blocks += self.cold_starts(results)
        if "handlers" in parts:
            handlers = self.handlers(results)
            blocks += section(
                "The handler", handler_table(handlers), handler_marks(handlers)
            )
        if "jobs" in parts:
            jobs = self.jobs()
            blocks += section(
                "The whole job",
                job_table(jobs),
                extra_table(jobs),
                poetry_table(jobs[-1]),
                job_marks(jobs),
            )
        if "growth" in parts:
            growth = self.growth(packaged, results)
            blocks += section(
                "Growth", GROWTH_PLOT + growth_table(growth), growth_marks(growth)
            )
        if "plugins" in parts:
            plugins = measure_plugins(self.effort.plugin_runs)
            blocks += section(
                "What each Poetry call pays",
                plugin_table(plugins),
                plugin_marks(plugins),
            )
        return _Figures("\n".join(blocks), growth)

    def packaging(self, results: Path) -> tuple[Packaged, ...]:
        trees = self.trees(self.effort.trees)
        others = peers(self.cache_dir) if self.effort.peers else ()
        tools = (reference_tool(self.script), *own_tools(self.ours), *others)
        return tuple(
            measure_packaging(name, tree, tools, self.effort.packaging_runs, results)
            for name, tree in trees.items()
        )

    def cold_starts(self, results: Path) -> Iterator[str]:
        trees = self.trees(TREES_STARTED)
        runs = self.effort.init_runs
        measured = measure_cold_starts(trees, self.script, runs, results)
        marks = cold_start_marks(measured)
        yield from section("INIT", cold_start_table(measured), marks)
        yield from section("INIT by cores and page cache", conditions_table(measured))
        yield from section("INIT by size", init_growth_table(measured))

    def handlers(self, results: Path) -> HandlerCost:
        (tree,) = self.trees((MARKED_TREE,)).values()
        boto3 = environment(BOTO3, self.cache_dir, installer=self.reference)
        runs = self.effort.init_runs
        return measure_handlers(tree, boto3, self.ours, runs, results)

    def jobs(self) -> tuple[Jobs, ...]:
        """Those of the largest tree; of others, what verification takes."""
        effort = self.effort
        whole = Whole(self.script, effort.job_runs, self.cache_dir, effort.peers)
        *_, largest = effort.trees
        return tuple(
            whole.measure(name, TREES[name], all_jobs=name == largest)
            for name in effort.trees
        )

    def growth(self, packaged: Sequence[Packaged], results: Path) -> Growth:
        trees = self.trees((*BY_BYTES, *BY_FILES))
        tools = (reference_tool(self.script, runs_at_most=1), *own_tools(self.ours))
        runs = self.effort.growth_runs
        return measure_growth(packaged, trees, tools, runs, results)


if __name__ == "__main__":
    raise SystemExit(main())
