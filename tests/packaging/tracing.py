"""Runs code in a process whose imports are traced, as the verifier's process is."""

from __future__ import annotations

import json
import re
import subprocess

from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.packaging.verify import tracer
from poetry_plugin_package_function.packaging.verify import verifier
from poetry_plugin_package_function.packaging.verify.init_figures import Row


if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


_START: Final = "-- start --"
_END: Final = "-- end --"
"""Something may be imported later, while the process ends."""
_START_CODE: Final = f"""\
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("verifier", {verifier.__file__!r})
verifier = importlib.util.module_from_spec(spec)
spec.loader.exec_module(verifier)
sys.path.insert(0, sys.argv[1])
trace = verifier.tracing({tracer.__file__!r}) if sys.argv[2] else None
print({_START!r}, file=sys.stderr, flush=True)
"""
_END_CODE: Final = f"""
print({_END!r}, file=sys.stderr, flush=True)
if trace is not None:
    with open(sys.argv[2], "w") as file:
        json.dump(trace.rows(), file)
"""
_LINE: Final = re.compile(r"import time: +(\d+) \| +(\d+) \| *(\S+)")


class Traced(NamedTuple):
    """What has come of code.

    Attributes:
        rows: The imports that were traced.
        output: What it has written to standard output.
        imported: The modules that `-X importtime` names, with their cumulative time in
            microseconds, in the order in which they were done.
    """

    rows: list[Row]
    output: str
    imported: list[tuple[str, int]]


def traced(
    python: Path | str,
    directory: Path,
    code: str,
    path: Sequence[Path] = (),
    *,
    is_traced: bool = True,
) -> Traced:
    """Runs code.

    Args:
        python: What runs it.
        directory: Where its modules are, and a file of ours for a moment.
        code: What is run.
        path: Further directories with modules.
        is_traced: Whether imports are traced.
    """
    answer = directory / "rows.json"
    more = f"sys.path += {[*map(str, path)]!r}\n"
    done = subprocess.run(
        [
            *(str(python), "-I", "-S", "-B", "-X", "importtime", "-c"),
            f"{_START_CODE}{more}{code}{_END_CODE}",
            *(str(directory), str(answer) if is_traced else ""),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    rows = json.loads(answer.read_text()) if is_traced else []
    since = done.stderr.partition(_START)[2].partition(_END)[0]
    return Traced(
        [Row(*each) for each in rows],
        done.stdout,
        [(name, int(taken)) for _, taken, name in _LINE.findall(since)],
    )
