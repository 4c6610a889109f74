"""INIT of an unpacked archive in the emulated Lambda runtime."""

from __future__ import annotations

import resource

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.errors import BenchError
from bench.spread import Spread
from tests.lambda_runtime import run
from tests.lambda_runtime.memory import empty_tmp


if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.lambda_runtime import Outcome


@dataclass(frozen=True)
class Start:
    """One start, one event and the end; `cpu_s` is that of the whole process."""

    outcome: Outcome
    cpu_s: float


@dataclass(frozen=True)
class Init:
    """What several starts took."""

    elapsed_s: Spread
    cpu_s: Spread
    tmp_bytes: Spread
    peak_bytes: Spread | None

    @classmethod
    def of(cls, starts: Sequence[Start]) -> Init:
        """Sums up one start or more."""
        outcomes = [start.outcome for start in starts]
        elapsed = [each.init_s for each in outcomes if each.init_s is not None]
        peaks = [each.peak_rss_bytes for each in outcomes]
        known = [peak for peak in peaks if peak is not None]
        return cls(
            Spread.of(elapsed),
            Spread.of(start.cpu_s for start in starts),
            Spread.of(each.tmp_bytes for each in outcomes),
            Spread.of(known) if known else None,
        )


def start(task_root: Path, handler: str, client_python: Path) -> Start:
    """Starts a function with an empty `/tmp`, and sends it one event.

    Raises:
        BenchError: It did not start, or did not answer.
        LambdaTimeoutError: That took too long.
        UnreachableError: The user that it runs as cannot reach it.
    """
    with empty_tmp() as tmp_dir:
        before_s = _cpu_of_children_s()
        outcome = run(
            task_root, handler, [{}], client_python=client_python, tmp_dir=tmp_dir
        )
        cpu_s = _cpu_of_children_s() - before_s
    failure = outcome.init_error or outcome.results[0].error
    if failure:
        raise BenchError(f"{handler} in {task_root} failed: {failure}")
    return Start(outcome, cpu_s)


def _cpu_of_children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
