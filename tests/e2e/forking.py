"""Runs of Poetry as forks of one process: see `fork_server`."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.e2e import fork_server


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from pathlib import Path


_ANSWER_BYTES = 64


class Forked:
    """A run that has begun; as much of `subprocess.Popen` as the tests need."""

    def __init__(self, pid: int, answers: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._answers = answers

    def poll(self) -> int | None:
        """Its exit status if it has ended."""
        if self.returncode is None and select.select([self._answers], [], [], 0)[0]:
            self.returncode = int(self._answers.recv(_ANSWER_BYTES))
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Its exit status when it has ended."""
        if not select.select([self._answers], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("poetry", timeout)
        status = self.poll()
        assert status is not None
        return status


class ForkServer:
    """A process that forks; one run at a time.

    Attributes:
        command: The script that its forks are runs of.
    """

    def __init__(
        self, command: str, env: Mapping[str, str], requests: socket.socket
    ) -> None:
        self.command = command
        self._fixed = _fixed(env)
        self._requests = requests
        self._last: Forked | None = None
        assert b"ready" == requests.recv(_ANSWER_BYTES)

    def can_run(self, command: tuple[str, ...], env: Mapping[str, str]) -> bool:
        """Whether it is this command, with the same of all that imports have read."""
        return command == (self.command,) and _fixed(env) == self._fixed

    def start(
        self,
        arguments: tuple[str, ...],
        directory: Path,
        env: Mapping[str, str],
        streams: tuple[int, int, int],
        umask: int = 0o022,
    ) -> Forked:
        """Begins a run, in a session of its own; the streams are files to inherit."""
        assert self._last is None or self._last.poll() is not None
        run = {
            "command": [self.command, *arguments],
            "directory": str(directory),
            "env": dict(env),
            "umask": umask,
        }
        socket.send_fds(self._requests, [json.dumps(run).encode()], streams)
        self._last = Forked(int(self._requests.recv(_ANSWER_BYTES)), self._requests)
        return self._last


def _fixed(env: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in env.items()
        if name.startswith(fork_server.READ_AT_START)
    }


@contextmanager
def fork_server_of(command: str, env: Mapping[str, str]) -> Iterator[ForkServer]:
    """Starts one; it ends with its socket."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs, ours:
        process = subprocess.Popen(
            [sys.executable, fork_server.__file__],
            stdin=theirs.fileno(),
            env=env,
            cwd=os.path.dirname(fork_server.__file__),
        )
        theirs.close()
        try:
            yield ForkServer(command, env, ours)
        finally:
            ours.close()
            process.wait()
