"""Cold starts: which handlers of which archives are started, and under what."""

from __future__ import annotations

import sys

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from bench.errors import BenchError
from bench.execution import on_cores
from bench.execution import unpacked
from bench.handlers import EVERYTHING
from bench.handlers import FLAT_ONLY
from bench.handlers import NOTHING
from bench.handlers import USUAL
from bench.handlers import handler_path
from bench.init_cost import Init
from bench.init_cost import start
from bench.packaging_cost import REFERENCE_TOOL
from bench.page_cache import drop
from bench.page_cache import fill
from bench.process import run_to_end
from bench.variants import COMPILED
from bench.variants import EAGER
from bench.variants import PLAIN
from bench.variants import PROFILED
from bench.variants import UNLIMITED
from bench.variants import Variant
from bench.variants import package_variants
from tests.lambda_runtime import ClientEnvironmentError
from tests.lambda_runtime import LambdaTimeoutError
from tests.lambda_runtime import UnpackError
from tests.lambda_runtime import UnreachableError
from tests.lambda_runtime import client_environment
from tests.lambda_runtime import default_cache_dir


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence

    from bench.environments import Environment
    from bench.execution import TaskRoots
    from bench.init_cost import Start


_FLOOR_PY: Final = Path(__file__).with_name("floor.py")


class Condition(NamedTuple):
    """How many cores there are, and whether the files are in the page cache."""

    cores: int
    is_warm: bool


class Case(NamedTuple):
    """What is started: a handler of a tree's archive, under a condition."""

    tree: str
    handler: str
    archive: str
    condition: Condition


USUAL_CONDITION: Final = Condition(cores=2, is_warm=True)
CONDITIONS: Final = (
    USUAL_CONDITION,
    Condition(cores=1, is_warm=True),
    Condition(cores=2, is_warm=False),
    Condition(cores=1, is_warm=False),
)


class _Grid(NamedTuple):
    """All combinations of these are started."""

    tree: str
    handlers: tuple[str, ...]
    archives: tuple[str, ...]
    conditions: tuple[Condition, ...] = (USUAL_CONDITION,)


_ENDS: Final = (REFERENCE_TOOL, COMPILED, UNLIMITED)
_ALL: Final = (REFERENCE_TOOL, PLAIN, COMPILED, PROFILED, EAGER, UNLIMITED)
_GRIDS: Final = (
    _Grid("SMALL", (USUAL,), (REFERENCE_TOOL, PLAIN, COMPILED)),
    _Grid("MEDIUM", (EVERYTHING,), _ALL),
    _Grid("LARGE", (EVERYTHING, USUAL, NOTHING), _ALL),
    _Grid("LARGE", (EVERYTHING, USUAL, NOTHING), _ENDS, CONDITIONS[1:]),
    _Grid("LARGE", (FLAT_ONLY,), _ENDS),
    _Grid("HUGE", (EVERYTHING, USUAL), (*_ENDS, PROFILED)),
)
TREES_STARTED: Final = tuple(dict.fromkeys(grid.tree for grid in _GRIDS))


@dataclass(frozen=True)
class ColdStarts:
    """What each start took, and the size of each tree, unzipped."""

    inits: Mapping[Case, Init]
    sizes_bytes: Mapping[str, int]


def measure_cold_starts(
    trees: Mapping[str, Environment],
    reference: Path,
    runs: int,
    results: Path,
) -> ColdStarts:
    """Packages the trees, and starts all there is to start of one in turn.

    Args:
        trees: By their names; all of `TREES_STARTED`.
        reference: package-python-function's command.
        runs: How often each is started.
        results: Where archives are written: a directory on a disk, if what is started
            without its files in the page cache is to start at all.

    Raises:
        BenchError: A tool failed; a function did not start, or did not answer.
    """
    inits: dict[Case, Init] = {}
    sizes_bytes = {}
    try:
        client_python = client_environment(Path(sys.executable), default_cache_dir())
        for name in TREES_STARTED:
            size = run_to_end(
                (sys.executable, "-I", _FLOOR_PY, trees[name].site_packages)
            )
            sizes_bytes[name] = int(size.split()[1])
            cases = sorted(_cases_of(name), key=_by_condition)
            wanted = dict.fromkeys(map(_packaged, cases))
            archives = package_variants(name, trees[name], wanted, reference, results)
            # What is dropped from the page cache has to be on the disk.
            is_dropped = not all(case.condition.is_warm for case in cases)
            with unpacked(archives, results if is_dropped else None) as roots:
                inits |= _measure(cases, roots, client_python, runs)
    except (
        *(ClientEnvironmentError, LambdaTimeoutError),
        *(UnpackError, UnreachableError),
    ) as error:
        raise BenchError(str(error)) from error
    return ColdStarts(inits, sizes_bytes)


def _cases_of(tree: str) -> Iterator[Case]:
    for grid in _GRIDS:
        if grid.tree == tree:
            for handler in grid.handlers:
                for condition in grid.conditions:
                    for archive in grid.archives:
                        yield Case(tree, handler, archive, condition)


def _packaged(case: Case) -> Variant:
    """How a case's archive is made: with a profile, of its own handler."""
    return Variant(case.archive, case.handler if case.archive == PROFILED else "")


def _by_condition(case: Case) -> int:
    """Those with their files in the page cache first: it is filled once in a round."""
    return CONDITIONS.index(case.condition)


def _measure(
    cases: Sequence[Case], roots: TaskRoots, client_python: Path, runs: int
) -> dict[Case, Init]:
    starts: dict[Case, list[Start]] = {case: [] for case in cases}
    for number in range(1, runs + 1):
        which = f"run {number} of {runs}, {len(cases)} starts"
        print(f"INIT, {cases[0].tree}: {which}", file=sys.stderr, flush=True)
        for case in cases:
            root = roots[_packaged(case)]
            prepare = fill if case.condition.is_warm else drop
            prepare(root)
            with on_cores(case.condition.cores):
                started = start(root, handler_path(case.handler), client_python)
            starts[case].append(started)
    return {case: Init.of(each) for case, each in starts.items()}
