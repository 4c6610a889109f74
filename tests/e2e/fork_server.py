"""Poetry, imported once: each run is a fork of this process.

A run of Poetry spends more than half of its time importing. This process imports
Poetry, its plugins and ours, and then waits. What comes over its standard input, a
socket, is a run: arguments, variables, directory, and three files to be its standard
streams. It forks, and the child is from then on what `poetry` would be: a session of
its own, its own handlers of signals, its own end with all that Python does there.

What is read while modules are imported cannot be changed afterwards: `READ_AT_START`.
"""

from __future__ import annotations

import array
import fcntl
import gc
import importlib
import io
import json
import os
import pkgutil
import signal
import socket
import sys
import tempfile
import termios
import time

from typing import Any
from typing import Final


MESSAGE_BYTES: Final = 1 << 20
STREAMS: Final = 3

# By Python itself, by coverage, by platformdirs, and by `poetry.locations`.
READ_AT_START: Final = (
    *("COVERAGE_", "HOME", "LC_", "LD_", "POETRY_CONFIG_DIR", "PYTHON", "XDG_"),
)

_MODULES: Final = ("poetry.console.application", "poetry_plugin_pypi_mirror.plugins")
_PACKAGES: Final = (
    "poetry.console.commands",
    "poetry.installation",
    "poetry_plugin_bundle",
    "poetry_plugin_package_function",
)


def import_all() -> None:
    """Imports what runs of Poetry import, from whichever module they do."""
    for name in _MODULES:
        importlib.import_module(name)
    for name in _PACKAGES:
        package = importlib.import_module(name)
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            importlib.import_module(found.name)
    gc.collect()
    gc.freeze()  # or each child copies all objects when it looks for cycles


def wait_for_run(requests: socket.socket) -> dict[str, Any] | None:
    """Answers requests; returns one in the child that is to do it, else None."""
    while True:
        message, files, _, _ = socket.recv_fds(requests, MESSAGE_BYTES, STREAMS)
        if not message:
            return None
        child = os.fork()
        if child == 0:
            requests.close()
            return {**json.loads(message), "files": files}
        for file in files:
            os.close(file)
        requests.sendall(str(child).encode())
        _, status = os.waitpid(child, 0)
        requests.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def become(run: dict[str, Any]) -> None:
    """Makes this process what a new one would be."""
    os.setsid()
    for number, file in enumerate(run["files"]):
        os.dup2(file, number)
        os.close(file)
    if os.isatty(0):
        fcntl.ioctl(0, termios.TIOCSCTTY, array.array("i", [0]))
    _open_streams()
    os.environ.clear()
    os.environ.update(run["env"])
    os.chdir(run["directory"])
    os.umask(run["umask"])
    time.tzset()
    tempfile.tempdir = None
    sys.argv = run["command"]
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _open_streams() -> None:
    """Source: create_stdio() in CPython's Python/pylifecycle.c."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        before = getattr(sys, name)
        mode = "r" if name == "stdin" else "w"
        raw = open(number, f"{mode}b", closefd=False)  # noqa: SIM115
        text = io.TextIOWrapper(
            raw,
            before.encoding,
            before.errors,
            newline="\n",
            line_buffering=name == "stderr" or os.isatty(number),
        )
        text.mode = mode  # type: ignore[misc]
        setattr(sys, name, text)
        setattr(sys, f"__{name}__", text)


if __name__ == "__main__":
    sys.path[0] = os.path.dirname(sys.executable)  # where the script `poetry` is
    import_all()
    requests = socket.socket(fileno=os.dup(0))
    requests.sendall(b"ready")
    run = wait_for_run(requests)
    if run is not None:
        become(run)
        from poetry.console.application import main

        sys.exit(main())
