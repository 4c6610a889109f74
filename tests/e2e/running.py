"""Runs Poetry as a user does, in an environment in which only the test has a say."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.package_index import index_url


if TYPE_CHECKING:
    from collections.abc import Mapping


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


@dataclass(frozen=True)
class Poetry:
    """Poetry's command, and the environment to run it in.

    Attributes:
        command: What to run.
        env: All variables of its environment but TMPDIR.
        scratch: Where each run gets a TMPDIR of its own.
    """

    command: tuple[str, ...]
    env: Mapping[str, str]
    scratch: Path

    def __call__(
        self,
        directory: Path,
        *arguments: str,
        env: Mapping[str, str] = {},
        umask: int = 0o022,
        prefix: tuple[str, ...] = (),
    ) -> Done:
        """Runs it in a directory and waits for it."""
        return run(
            [*prefix, *self.command, *arguments],
            directory,
            {**self.env, **env},
            self.new_tmp(),
            umask,
        )

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


def run(
    command: list[str],
    directory: Path,
    env: Mapping[str, str],
    tmp: Path,
    umask: int = 0o022,
) -> Done:
    """Runs a command, with `tmp` as its TMPDIR, and waits for it."""
    process = subprocess.run(
        command,
        cwd=directory,
        env={**env, "TMPDIR": str(tmp)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        umask=umask,
        timeout=LIMIT_S,
        check=False,
    )
    return Done(
        process.returncode,
        process.stdout.decode(errors="backslashreplace"),
        process.stderr.decode(errors="backslashreplace"),
        tuple(sorted(os.listdir(tmp))),
    )


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
