"""How often an import is run, so that its figures can be trusted."""

from __future__ import annotations

import os
import time

from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import replace
from statistics import median_low
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from poetry_plugin_package_function.packaging.verify.importing import Task
from poetry_plugin_package_function.packaging.verify.importing import run
from poetry_plugin_package_function.packaging.verify.read_only_tree import remove


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence
    from pathlib import Path

    from poetry_plugin_package_function.packaging.verify.importing import Outcome
    from poetry_plugin_package_function.packaging.verify.unpacking import Unpacked


_MOST_RUNS: Final = 5
_SHARE: Final = 0.2
"""What more runs may take of all that verifying has taken before them."""

_GRACE_S: Final = 1.0
_SLOWER: Final = 5
"""How much longer than the first one another run may take."""

_DECIDING_RUNS: Final = 3
"""So many settle whether INIT is too long, and how long that of nothing is."""

_EMPTY: Final = "def handler(event, context):\n    pass\n"


@dataclass(frozen=True)
class Run:
    """A run that has found its handler.

    Attributes:
        task: What was run.
        answer: What the verifier says.
        called: Whether it has called another host, which is not done twice.
    """

    task: Task
    answer: dict[str, Any]
    called: bool = False

    @property
    def init_s(self) -> float:
        """From the start of the interpreter until the handler was found."""
        found: float = self.answer["init_s"]
        return found


@dataclass(frozen=True)
class Runs:
    """Several runs of one handler.

    Attributes:
        median: The one with the median of INIT; the shorter of two.
        count: How many there were.
        empty_s: INIT of an empty handler; None if that was not measured.
    """

    median: Run
    count: int = 1
    empty_s: float | None = None


def runs_of(interpreter: Path | str, first: Run, elapsed_s: float) -> Runs:
    """Runs a handler more often, where that is cheap or decides something.

    Args:
        interpreter: What runs it.
        first: How that went for the first time.
        elapsed_s: How long verifying has taken so far, with that run.
    """
    end_s = time.monotonic() + elapsed_s * _SHARE - first.init_s
    runs = [first]
    while len(runs) < _MOST_RUNS and time.monotonic() < end_s:
        if not _add(runs, interpreter):
            break
    most = first.task.function.max_init
    if most is None:
        return Runs(_median(runs), len(runs))
    empty_s = _empty_s(interpreter, first.task)
    while (
        empty_s is not None
        and _median(runs).init_s > most * empty_s
        and len(runs) < _DECIDING_RUNS
    ):
        if not _add(runs, interpreter):
            break
    return Runs(_median(runs), len(runs), empty_s)


def _median(runs: Sequence[Run]) -> Run:
    middle = median_low(each.init_s for each in runs)
    return next(each for each in runs if each.init_s == middle)


def _add(runs: list[Run], interpreter: Path | str) -> bool:
    """Runs a handler once more, and says whether that went as before."""
    first = runs[0]
    if first.called:
        return False
    # One that waits this time, for whatever it is, is not waited for.
    limit_s = min(first.task.time_limit_s, _GRACE_S + _SLOWER * first.init_s)
    try:
        with _place_beside(first.task.place, f"run-{len(runs)}") as place:
            task = replace(first.task, place=place, time_limit_s=limit_s)
            outcome = run(interpreter, task)
    except OSError:  # a full disk, or no process: the handler has been found before
        return False
    if not _has_found(outcome):
        return False
    runs.append(Run(task, outcome.answer or {}))
    return True


def _empty_s(interpreter: Path | str, task: Task) -> float | None:
    """Measures INIT of an empty handler; None if it does not run."""
    try:
        with _place_beside(task.place, "empty") as place:
            root = os.path.join(place.scratch, "task")
            os.mkdir(root)
            with open(os.path.join(root, "empty.py"), "w", encoding="utf-8") as file:
                file.write(_EMPTY)
            function = replace(task.function, handler="empty.handler")
            place = replace(place, task_root=root)
            task = replace(task, place=place, function=function)
            outcomes = [run(interpreter, task) for _ in range(_DECIDING_RUNS)]
    except OSError:  # as above
        return None
    if not all(map(_has_found, outcomes)):
        return None
    found: Sequence[float] = [(each.answer or {})["init_s"] for each in outcomes]
    return median_low(found)


def _has_found(outcome: Outcome) -> bool:
    return outcome.answer is not None and "init_s" in outcome.answer


@contextmanager
def _place_beside(place: Unpacked, name: str) -> Iterator[Unpacked]:
    """The same files with a `/tmp` of its own, which is gone when the block ends."""
    scratch = os.path.join(place.scratch, name)
    tmp_dir = os.path.join(scratch, "tmp")
    os.makedirs(tmp_dir)
    try:
        yield replace(place, scratch=scratch, tmp_dir=tmp_dir)
    finally:
        remove(scratch)
