"""`python -m bench [--runs N] [--quick] [--write]`."""

from __future__ import annotations

import argparse
import sys
import tempfile

from dataclasses import dataclass
from pathlib import Path

from bench.environments import REFERENCE
from bench.environments import TREES
from bench.environments import Environment
from bench.environments import default_cache_dir
from bench.environments import environment
from bench.errors import BenchError
from bench.init_cost import measure_init
from bench.machine import this_machine
from bench.packaging_cost import OURS
from bench.packaging_cost import Tool
from bench.packaging_cost import measure_packaging
from bench.page import write_figures
from bench.plugin_cost import measure_plugins
from bench.tables import init_table
from bench.tables import machine_table
from bench.tables import packaging_marks
from bench.tables import packaging_table
from bench.tables import plugin_marks
from bench.tables import plugin_table
from bench.tables import section


_PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
_COMMAND = "package-python-function"


@dataclass(frozen=True)
class _Effort:
    """How much is measured."""

    trees: tuple[str, ...]
    packaging_runs: int
    plugin_runs: int
    init_runs: int


def main() -> int:
    """Measures, prints the tables, and writes them into the page if asked to."""
    options = _parser().parse_args()
    effort = (
        _Effort(("SMALL",), min(options.runs, 3), plugin_runs=5, init_runs=0)
        if options.quick
        else _Effort(("SMALL", "LARGE"), options.runs, plugin_runs=15, init_runs=3)
    )
    try:
        figures = _measure(effort)
        print(figures, end="")
        if options.write:
            write_figures(_PAGE, figures)
    except BenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--runs",
        type=_positive,
        default=5,
        help="how often each tree is packaged by each tool (default: 5)",
    )
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--quick", action="store_true", help="a fast check: fewer runs, SMALL only"
    )
    either.add_argument(
        "--write", action="store_true", help=f"put the tables into docs/{_PAGE.name}"
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("it takes one run at least")
    return number


def _measure(effort: _Effort) -> str:
    ours = Path(sys.executable).parent / _COMMAND
    if not ours.exists():
        raise BenchError(
            f"There is no {_COMMAND} beside {sys.executable}.\n"
            "Run this with the Python of the environment that the project is in."
        )
    machine = this_machine()  # its load is of interest before there is ours
    cache_dir = default_cache_dir()
    reference = environment(REFERENCE, cache_dir)
    tools = (
        Tool(_COMMAND, reference.venv / "bin" / _COMMAND),
        Tool(OURS, ours),
    )
    built: dict[str, Environment] = {
        name: environment(TREES[name], cache_dir, installer=reference)
        for name in effort.trees
    }
    # The results lie on the file system of the trees, not on one in memory.
    with tempfile.TemporaryDirectory(prefix="results-", dir=cache_dir) as results:
        packaged = tuple(
            measure_packaging(
                name, built[name], tools, effort.packaging_runs, Path(results)
            )
            for name in effort.trees
        )
        nested = packaged[-1].archives if effort.init_runs else {}
        inits = measure_init(nested, effort.init_runs)
    plugins = measure_plugins(effort.plugin_runs)
    return "\n".join(
        (
            *section("Packaging", packaging_table(packaged), packaging_marks(packaged)),
            *(section("INIT", init_table(inits)) if inits else ()),
            *section(
                "What each Poetry call pays",
                plugin_table(plugins),
                plugin_marks(plugins),
            ),
            *section("The machine", machine_table(machine)),
        )
    )


if __name__ == "__main__":
    raise SystemExit(main())
