"""The process that imports a handler out of an unpacked archive, and how it ended."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.host import end_group
from poetry_plugin_package_function.interruption import held_back
from poetry_plugin_package_function.packaging.verify import raised
from poetry_plugin_package_function.packaging.verify import verifier
from poetry_plugin_package_function.packaging.verify.variables import environment
from poetry_plugin_package_function.packaging.verify.variables import python_path


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_plugin_package_function.packaging.verify.handler import Function
    from poetry_plugin_package_function.packaging.verify.unpacking import Unpacked


_KILLED: Final = -9
"""The status of what SIGKILL has ended: the kernel, if memory runs out. Source:
signal(7)."""

_GRACE_S: Final = 1.0
"""From the time limit, at which the process says where it hangs, to its end."""

_MOST_BYTES: Final = 64 << 10
_MOST_LINES: Final = 30
"""What is shown of the user's output, and of a trace."""


@dataclass(frozen=True)
class Task:
    """What is to be imported, and how.

    Attributes:
        place: Where the archive has been unpacked to.
        function: Whose handler it is.
        time_limit_s: When the process is ended, unless the handler is called by then.
    """

    place: Unpacked
    function: Function
    time_limit_s: float

    def path(self, name: str) -> str:
        """Where a file of ours is, beside the user's directories."""
        return os.path.join(self.place.scratch, name)

    @property
    def argument(self) -> str:
        """What the process has to know."""
        return json.dumps(
            {
                "handler": self.function.handler,
                "task_root": self.place.task_root,
                "python_path": python_path(self.function.variables, self.place),
                "runtime_path": self.place.runtime_path,
                "layers_root": self.place.layers_root,
                "time_limit_s": self.time_limit_s,
                "started_s": time.monotonic(),
                "result": self.path("result.json"),
                "trace": self.path("trace.txt"),
                "hosts": self.path("hosts.txt"),
                "output": self.path("output.txt"),
                "tmp_dir": self.place.tmp_dir,
                "event": self.path("event.json") if self.function.event else None,
                "timeout_s": self.function.timeout_s,
                "called": self.path("called.json"),
                "call": self.path("call.json"),
            }
        )


class Outcome(NamedTuple):
    """How the process ended.

    Attributes:
        status: Its own; a negative one is a signal's number; None if it was ended here.
        has_started: Whether Python ran at all.
        answer: What the verifier says; None if it could not.
        trace: Where it was when it crashed or hung.
        output: The last that the user's code has written.
        hosts: Those that it has called, or asked for the addresses of, in that order;
            without those of the call.
        is_call: Whether this is about the call of the handler only: with its answer,
            that of `invocation.invoke`, its output and its hosts.
        call: The same about the call; None if there was none.
    """

    status: int | None
    has_started: bool
    answer: dict[str, Any] | None
    trace: str
    output: str
    hosts: tuple[str, ...] = ()
    is_call: bool = False
    call: Outcome | None = None

    @property
    def was_killed(self) -> bool:
        """Whether somebody else has ended it, as the kernel does for memory."""
        return self.status == _KILLED

    @property
    def has_timed_out(self) -> bool:
        """Whether the time limit has ended it, as its trace says."""
        return self.status is None or (
            self.is_call and not self.answer and self.trace.startswith("Timeout (")
        )


def run(interpreter: Path | str, task: Task) -> Outcome:
    """Runs the verifier, and ends its process group.

    Raises:
        OSError: There is no such program, or it is another machine's.
    """
    status = process = None
    try:
        with held_back():  # what has just been started would be forgotten
            process = _started(interpreter, task)
        with suppress(subprocess.TimeoutExpired):
            status = _status(process, task)
    finally:
        with held_back():
            if process is not None:
                end_group(process)
                process.wait()
    answer = _json(task.path("result.json"))
    outcome = Outcome(
        status,
        os.path.exists(task.path("trace.txt")),
        answer,
        _trace(_text(task.path("trace.txt"))),
        _last_lines(task.path("output.txt")),
        tuple(_text(task.path("hosts.txt")).splitlines()),
    )
    before = _json(task.path("called.json"))
    if answer is None or before is None:
        return outcome
    answer |= _json(task.path("call.json")) or {}
    called = tuple(_text(task.path("hosts.txt"), before["hosts"]).splitlines())
    call = outcome._replace(
        answer=answer.get("call"),
        output=_last_lines(task.path("output.txt"), before["output"]),
        hosts=called,
        is_call=True,
    )
    asked = outcome.hosts[: len(outcome.hosts) - len(called)]
    return outcome._replace(hosts=asked, call=call)


def _status(process: subprocess.Popen[bytes], task: Task) -> int:
    """Waits for the process to end; it ends itself when the time for a call is up.

    Raises:
        TimeoutExpired: It does not end in time.
    """
    try:
        return process.wait(task.time_limit_s + _GRACE_S)
    except subprocess.TimeoutExpired:
        if not os.path.exists(task.path("called.json")):
            raise
    return process.wait(task.function.timeout_s + _GRACE_S)


def _json(path: str) -> dict[str, Any] | None:
    """What the process has said in a file; None if it could not."""
    with suppress(OSError, ValueError), open(path, "rb") as file:
        found: dict[str, Any] = json.load(file)
        return found
    return None


def _last_lines(path: str, start: int = 0) -> str:
    return "\n".join(_text(path, start).splitlines()[-_MOST_LINES:])


def _started(interpreter: Path | str, task: Task) -> subprocess.Popen[bytes]:
    if event := task.function.event:
        with open(task.path("event.json"), "wb") as file:
            file.write(event.content)
    with open(task.path("output.txt"), "wb") as output:
        return subprocess.Popen(
            [
                *(os.path.abspath(interpreter), "-I", "-S", "-B", "-u"),
                *(verifier.__file__, task.argument),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=task.place.task_root,
            env=environment(task.function, task.place),
            start_new_session=True,
        )


def _text(path: str, start: int = 0) -> str:
    """The end of a file's text, behind a place in bytes; "" if there is none."""
    try:
        with open(path, "rb") as file:
            file.seek(max(start, os.fstat(file.fileno()).st_size - _MOST_BYTES))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


FRAME: Final = re.compile(
    r'  File "(?P<file>.*)", line (?P<line>\d+) in (?P<function>.*)'
)
"""A line of a trace of faulthandler's, which has the innermost frame first."""


def _trace(text: str) -> str:
    """Cuts what is not the user's off a trace of faulthandler's."""
    lines = []
    is_stub = False
    for line in text.partition("\nCurrent thread's C stack trace")[0].splitlines():
        frame = FRAME.fullmatch(line)
        was_stub = is_stub
        is_stub = frame is not None and frame["function"] == raised.STUB
        is_ours = frame and raised.is_ours(frame["file"], frame["function"])
        if not (is_ours or was_stub or line.startswith("Extension modules: ")):
            lines.append(line)
    return "\n".join(lines[:_MOST_LINES]).strip()


def ending(status: int | None) -> str:
    """Words for how a process ended."""
    if status is None:
        return "it did not start in time"
    if status >= 0:
        return f"it ended with status {status}"
    try:
        return f"it was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"it was ended by signal {-status}"
