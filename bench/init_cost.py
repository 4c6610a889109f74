"""INIT of finished archives in the emulated Lambda runtime."""

from __future__ import annotations

import resource
import sys

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.environments import HANDLER
from bench.errors import BenchError
from bench.execution import fresh_workspace
from bench.spread import Spread
from tests.lambda_runtime import ClientEnvironmentError
from tests.lambda_runtime import LambdaTimeoutError
from tests.lambda_runtime import UnpackError
from tests.lambda_runtime import UnreachableError
from tests.lambda_runtime import client_environment
from tests.lambda_runtime import default_cache_dir
from tests.lambda_runtime import run
from tests.lambda_runtime import unpack


if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

    from tests.lambda_runtime import Outcome


@dataclass(frozen=True)
class Init:
    """The first INIT of the archive that one tool has made.

    `cpu_s` is that of the whole process, with one event and its end.
    """

    name: str
    elapsed_s: Spread
    cpu_s: Spread
    tmp_bytes: Spread
    peak_bytes: Spread | None


def measure_init(archives: Mapping[str, Path], runs: int) -> tuple[Init, ...]:
    """Starts each archive in turn, `runs` times, with an empty `/tmp` each time.

    Raises:
        BenchError: A function did not start, or did not answer.
    """
    starts: dict[str, list[_Start]] = {name: [] for name in archives}
    try:
        client_python = client_environment(Path(sys.executable), default_cache_dir())
        for number in range(1, runs + 1):
            print(f"INIT: run {number} of {runs}", file=sys.stderr, flush=True)
            for name, archive in archives.items():
                starts[name].append(_start(name, archive, client_python))
    except (
        *(ClientEnvironmentError, LambdaTimeoutError),
        *(UnpackError, UnreachableError),
    ) as error:
        raise BenchError(str(error)) from error
    return tuple(_init(name, each) for name, each in starts.items())


@dataclass(frozen=True)
class _Start:
    outcome: Outcome
    cpu_s: float


def _start(name: str, archive: Path, client_python: Path) -> _Start:
    with fresh_workspace() as place:
        unpack(archive, place.task_root)
        before_s = _cpu_of_children_s()
        outcome = run(
            place.task_root,
            HANDLER,
            [{}],
            client_python=client_python,
            tmp_dir=place.tmp_dir,
        )
        cpu_s = _cpu_of_children_s() - before_s
    failure = outcome.init_error or outcome.results[0].error
    if failure:
        raise BenchError(f"The function packaged by {name} failed: {failure}")
    return _Start(outcome, cpu_s)


def _cpu_of_children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _init(name: str, starts: Sequence[_Start]) -> Init:
    outcomes = [start.outcome for start in starts]
    elapsed = [each.init_s for each in outcomes if each.init_s is not None]
    peaks = [each.peak_rss_bytes for each in outcomes]
    known = [peak for peak in peaks if peak is not None]
    return Init(
        name,
        Spread.of(elapsed),
        Spread.of(start.cpu_s for start in starts),
        Spread.of(each.tmp_bytes for each in outcomes),
        Spread.of(known) if known else None,
    )
