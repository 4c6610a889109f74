"""Runs Poetry as a user does, in an environment in which only the test has a say."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile

from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
from typing import IO
from typing import TYPE_CHECKING
from typing import Protocol

from tests.package_index import index_url


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping

    from tests.e2e.forking import ForkServer


BIN = Path(sys.executable).parent
LIMIT_S = 300
# What a developer or a CI job may have set, and what would change what a run says.
_FOREIGN = ("VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "SOURCE_DATE_EPOCH")
_FOREIGN_TO_CONSOLES = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "COLUMNS", "LINES")


@dataclass(frozen=True)
class Done:
    """What a process that has ended did.

    Attributes:
        status: Its exit status.
        stdout: What it wrote, decoded.
        stderr: What it wrote, decoded.
        left_in_tmp: What is in its TMPDIR now.
    """

    status: int
    stdout: str
    stderr: str
    left_in_tmp: tuple[str, ...]

    @property
    def said(self) -> str:
        """Both streams, one after the other."""
        return f"{self.stdout}\n{self.stderr}"

    def well(self) -> Done:
        """Itself, after a look whether it went well and left nothing behind."""
        assert self.status == 0, self.said
        assert self.left_in_tmp == ()
        return self

    def failed(self, status: int) -> str:
        """What it wrote to stderr, after a look whether it failed in good order."""
        assert status == self.status, self.said
        assert "Traceback" not in self.said
        assert self.left_in_tmp == ()
        return self.stderr


class Process(Protocol):
    """A run that has begun: a process of its own, or a fork."""

    @property
    def pid(self) -> int:
        """Its number, and that of its process group."""
        ...

    def poll(self) -> int | None:
        """Its exit status if it has ended."""
        ...

    def wait(self, timeout: float) -> int:
        """Its exit status when it has ended."""
        ...


@dataclass(frozen=True)
class Poetry:
    """Poetry's command, and the environment to run it in.

    Attributes:
        command: What to run.
        env: All variables of its environment but TMPDIR.
        scratch: Where each run gets a TMPDIR of its own.
        forks: Runs it as far as it can; None to start a process each time, as users do.
    """

    command: tuple[str, ...]
    env: Mapping[str, str]
    scratch: Path
    forks: ForkServer | None = None

    def __call__(
        self,
        directory: Path,
        *arguments: str,
        env: Mapping[str, str] = {},
        umask: int = 0o022,
        prefix: tuple[str, ...] = (),
    ) -> Done:
        """Runs it in a directory and waits for it."""
        tmp = self.new_tmp()
        if prefix:
            command = [*prefix, *self.command, *arguments]
            return run(command, directory, {**self.env, **env}, tmp)
        with _captured() as capture:
            process = self.start(
                directory,
                *arguments,
                env={**env, "TMPDIR": str(tmp)},
                streams=capture.streams,
                umask=umask,
            )
            return capture.done(process, tmp)

    def start(
        self,
        directory: Path,
        *arguments: str,
        env: Mapping[str, str],
        streams: tuple[int, int, int],
        umask: int = 0o022,
    ) -> Process:
        """Begins a run in a session of its own; the streams are files it inherits."""
        env = {**self.env, **env}
        if self.forks is not None and self.forks.can_run(self.command, env):
            return self.forks.start(arguments, directory, env, streams, umask)
        return start([*self.command, *arguments], directory, env, streams, umask)

    def package(
        self, directory: Path, *arguments: str, env: Mapping[str, str] = {}
    ) -> Done:
        """Runs `poetry package-function`."""
        return self(directory, "package-function", *arguments, env=env)

    def lock(self, directory: Path) -> Path:
        """Makes the lock file, for which no environment is needed; the directory."""
        self(directory, "lock", env={"POETRY_VIRTUALENVS_CREATE": "false"}).well()
        return directory

    def new_tmp(self) -> Path:
        """An empty directory to be a TMPDIR."""
        return Path(tempfile.mkdtemp(dir=self.scratch))

    def having(self, **env: str) -> Poetry:
        """The same, with more variables."""
        return replace(self, env={**self.env, **env})

    def started_anew(self) -> Poetry:
        """The same, started by each run as users start it."""
        return replace(self, forks=None)


def run(
    command: list[str],
    directory: Path,
    env: Mapping[str, str],
    tmp: Path,
) -> Done:
    """Runs a command, with `tmp` as its TMPDIR, and waits for it."""
    env = {**env, "TMPDIR": str(tmp)}
    with _captured() as capture:
        return capture.done(start(command, directory, env, capture.streams), tmp)


def start(
    command: list[str],
    directory: Path,
    env: Mapping[str, str],
    streams: tuple[int, int, int],
    umask: int = 0o022,
) -> subprocess.Popen[bytes]:
    """Begins a command in a session of its own; the streams are files it inherits."""
    stdin, stdout, stderr = streams
    return subprocess.Popen(
        command,
        cwd=directory,
        env=env,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        umask=umask,
        start_new_session=True,
    )


@dataclass(frozen=True)
class _Capture:
    """Files that a process writes to."""

    streams: tuple[int, int, int]
    stdout: IO[bytes]
    stderr: IO[bytes]

    def done(self, process: Process, tmp: Path) -> Done:
        """Waits for its end."""
        try:
            status = process.wait(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        left = tuple(sorted(os.listdir(tmp)))
        return Done(status, _text(self.stdout), _text(self.stderr), left)


@contextmanager
def _captured() -> Iterator[_Capture]:
    with (
        open(os.devnull, "rb") as stdin,
        tempfile.TemporaryFile() as stdout,
        tempfile.TemporaryFile() as stderr,
    ):
        streams = stdin.fileno(), stdout.fileno(), stderr.fileno()
        yield _Capture(streams, stdout, stderr)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="backslashreplace")


def end_group(process: Process) -> None:
    """Kills a process that leads its group, and the group, if it is still at work."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(LIMIT_S)


def clean_environment(base: Path) -> dict[str, str]:
    """Our environment without what is Poetry's, with its own directories in `base`.

    Poetry's cache stays where it is, so that nothing is downloaded twice. pip's and
    coverage's variables stay too.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("POETRY_", "PYTHON"))
        and name not in (*_FOREIGN, *_FOREIGN_TO_CONSOLES)
    }
    return {
        **kept,
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "TERM": "xterm",
        "NO_PROXY": "127.0.0.1",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "POETRY_PYPI_MIRROR_URL": index_url(),
        "POETRY_CONFIG_DIR": str(base / "config"),
        "POETRY_DATA_DIR": str(base / "data"),
        "POETRY_VIRTUALENVS_PATH": str(base / "virtualenvs"),
    }
