"""What a whole process takes: time, CPU, memory, bytes written."""

from __future__ import annotations

import os
import subprocess
import sys

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.errors import BenchError


if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence
    from typing import TypeAlias

    Command: TypeAlias = Sequence[str | Path]


_LAUNCHER = Path(__file__).with_name("launcher.py")
_TAIL_CHARS = 3000


@dataclass(frozen=True)
class Sample:
    """One run of one process."""

    elapsed_s: float
    cpu_s: float
    peak_bytes: int
    written_bytes: int
    stdout: str


def measure(
    command: Command, *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Sample:
    """Runs a command to its end.

    Args:
        command: What to run.
        cwd: Where to run it.
        env: All variables of its environment; by default this process's.

    Raises:
        BenchError: It failed.
    """
    os.sync()  # what the run before has written is not to be paid for by this one
    launched = (sys.executable, "-I", "-S", _LAUNCHER, *command)
    output = run_to_end(launched, cwd=cwd, env=env)
    stdout, _, last = output.rstrip("\n").rpartition("\n")
    status, elapsed_s, cpu_s, peak_kib, written_bytes = last.split()
    if status != "0":
        raise BenchError(
            f"{_shown(command)} ended with status {status}:\n{stdout[-_TAIL_CHARS:]}"
        )
    peak_bytes = int(peak_kib) * 1024
    return Sample(
        float(elapsed_s), float(cpu_s), peak_bytes, int(written_bytes), stdout
    )


def run_to_end(
    command: Command, *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> str:
    """Runs a command; returns what it has printed, errors included.

    Raises:
        BenchError: It failed.
    """
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        cwd=cwd,
        env=_environment() if env is None else env,
        check=False,
    )
    if done.returncode != 0:
        raise BenchError(
            f"{_shown(command)} ended with status {done.returncode}:\n"
            f"{done.stdout[-_TAIL_CHARS:]}"
        )
    return done.stdout


def _environment() -> dict[str, str]:
    """This process's own, less what would make one machine's figures special."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTHON") and name != "SOURCE_DATE_EPOCH"
    }


def _shown(command: Command) -> str:
    return " ".join(map(str, command))
