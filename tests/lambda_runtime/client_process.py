"""The client's process: started as Lambda starts it, watched, and always ended."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import tempfile
import threading
import time

from contextlib import contextmanager
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from typing import TYPE_CHECKING

from tests.lambda_runtime.lambda_user import hand_over
from tests.lambda_runtime.lambda_user import launch
from tests.lambda_runtime.layers import OPT
from tests.lambda_runtime.layers import mounted
from tests.lambda_runtime.layers import place_of
from tests.lambda_runtime.runtime_api import Exited
from tests.lambda_runtime.runtime_api import RuntimeApi


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping

_BOOTSTRAP = Path(__file__).resolve().parent / "var_runtime" / "bootstrap.py"
GRACE_S = 2.0  # from SIGTERM to SIGKILL; from a reported error to the exit


@dataclass(frozen=True)
class Ended:
    """How the client's process ended; see `Outcome`."""

    exit_status: int | None
    peak_rss_bytes: int | None


@dataclass(frozen=True)
class Client:
    """A client that was started, and the Runtime API that it talks to.

    Reap it with `stop`, not with `process.wait()`, which loses the memory figure and
    the processes that it started itself.
    """

    process: subprocess.Popen[bytes]
    api: RuntimeApi
    started_s: float
    _stdout: IO[bytes]
    _stderr: IO[bytes]
    _gone: threading.Event
    _rss_floor_bytes: int

    def stdout(self) -> str:
        """What it wrote so far."""
        return _read(self._stdout)

    def stderr(self) -> str:
        """What it wrote so far."""
        return _read(self._stderr)

    def wait(self, timeout_s: float) -> bool:
        """Whether the process exits of itself within `timeout_s`."""
        return self._gone.wait(timeout_s)

    def stop(self, sent: signal.Signals = signal.SIGTERM) -> Ended:
        """End the process and all in its group, and reap it; SIGKILL follows.

        With SIGKILL for `sent`, it is a process that dies in the middle of INIT.
        """
        if self.process.returncode is not None:
            return Ended(self.process.returncode, None)
        of_itself = self._gone.is_set()
        peak_bytes = _high_water_bytes(self.process.pid)
        if not of_itself:
            _signal_group(self.process.pid, sent)
            self._gone.wait(GRACE_S)
        # Before the reaping: until then the number cannot be another process's.
        _signal_group(self.process.pid, signal.SIGKILL)
        _, wait_status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(wait_status)
        # Linux counts in what the process was before exec, which is this one: the
        # figure says something only if it is above our own.
        if usage.ru_maxrss * 1024 > self._rss_floor_bytes:
            peak_bytes = max(peak_bytes or 0, usage.ru_maxrss * 1024)
        return Ended(self.process.returncode if of_itself else None, peak_bytes)


@contextmanager
def running(
    task_root: Path,
    handler: str,
    *,
    client_python: Path,
    tmp_dir: Path,
    env: Mapping[str, str] = {},
    pythonpath_front: Path | None = None,
    layers_root: Path | None = None,
) -> Iterator[Client]:
    """Start the client and the Runtime API; both are gone when the block ends.

    Nothing is sent and nothing is waited for: `client.api.wait(0, timeout_s)` gives
    the end of INIT, `client.stop(signal.SIGKILL)` cuts it short.
    """
    hand_over(tmp_dir)
    needed = [client_python, client_python.resolve().parent, _BOOTSTRAP, task_root]
    others = [each for each in (pythonpath_front, layers_root) if each is not None]
    needed += [tmp_dir, *others]
    opt = None if layers_root is None else place_of(layers_root, needed)
    variables = {
        **_environment(task_root.resolve(), handler, tmp_dir.resolve(), opt),
        **env,
    }
    # `env` sets it once the user is changed: nothing out of the ZIP is loaded as root.
    # The interpreter's path is not resolved: it finds its environment by the link's.
    command = [
        "/usr/bin/env",
        f"LD_LIBRARY_PATH={variables.pop('LD_LIBRARY_PATH')}",
        str(client_python.absolute()),
        str(_BOOTSTRAP),
        "" if pythonpath_front is None else str(pythonpath_front.resolve()),
        "" if opt is None else str(opt),
    ]
    start = launch(command, [path.absolute() for path in needed])
    if layers_root is not None and opt == OPT:
        start = mounted(start, layers_root)
    with (
        tempfile.TemporaryFile() as stdout,
        tempfile.TemporaryFile() as stderr,
        RuntimeApi() as api,
    ):
        own_rss_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        started_s = time.perf_counter()
        process = subprocess.Popen(
            start.command,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            cwd=task_root,
            env={**variables, "AWS_LAMBDA_RUNTIME_API": api.address},
            user=start.uid,
            group=start.gid,
            extra_groups=start.groups,
            umask=0o022,
            start_new_session=True,
        )
        gone = threading.Event()
        client = Client(process, api, started_s, stdout, stderr, gone, own_rss_bytes)
        watcher = threading.Thread(
            target=_watch, args=(process.pid, api, gone), daemon=True
        )
        try:
            watcher.start()
            yield client
        finally:
            client.stop(signal.SIGKILL)
            watcher.join()


def _environment(
    task_root: Path, handler: str, tmp_dir: Path, opt: Path | None
) -> dict[str, str]:
    libraries = [task_root, task_root / "lib", *([opt / "lib"] if opt else [])]
    return {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",  # one vCPU
        "AWS_LAMBDA_FUNCTION_NAME": "function",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/function",
        "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
        "AWS_REGION": "us-east-1",
        "LAMBDA_RUNTIME_DIR": str(_BOOTSTRAP.parent),
        "LAMBDA_TASK_ROOT": str(task_root),
        "LANG": "C.UTF-8",  # Lambda's is en_US.UTF-8, which not every system has
        "LD_LIBRARY_PATH": ":".join(map(str, libraries)),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TMPDIR": str(tmp_dir),
        "TZ": ":UTC",
        "_HANDLER": handler,
    }


def _watch(pid: int, api: RuntimeApi, gone: threading.Event) -> None:
    # WNOWAIT leaves the process a zombie: whoever stops it signals its group first.
    status = 0
    with suppress(ChildProcessError):  # somebody else called process.wait()
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        if ended is not None:
            of_itself = ended.si_code == os.CLD_EXITED
            status = ended.si_status if of_itself else -ended.si_status
    gone.set()
    api.record(Exited(time.perf_counter(), status))


def _signal_group(pid: int, sent: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, sent)


def _high_water_bytes(pid: int) -> int | None:
    """The most memory that a live process had resident; None for a zombie."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None


def _read(file: IO[bytes]) -> str:
    # Not by seeking: the client writes at the offset that the two share.
    size_bytes = os.fstat(file.fileno()).st_size
    return os.pread(file.fileno(), size_bytes, 0).decode(errors="replace")
