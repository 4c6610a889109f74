"""What building an environment takes, whatever goes into it."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from collections.abc import Sequence


_TAIL_CHARS = 3000


def kept_directory(name: str) -> Path:
    """Where environments of this name are kept unless somebody says otherwise."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "poetry-plugin-package-function" / name


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Waits until no other process is in such a block; the kernel drops the lock."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def built_once(home: Path, build: Callable[[Path], None]) -> Path:
    """A directory that is built where it is not there yet.

    Any number of processes may ask for it at a time: one holds the lock and builds, in
    a directory beside the final one. The rename at the end makes it whole or absent.

    Args:
        home: The directory.
        build: Makes the directory that it is given.
    """
    home.parent.mkdir(parents=True, exist_ok=True)
    with locked(home.with_name(f"{home.name}.lock")):
        if not home.exists():
            staging = home.with_name(f"{home.name}.partial")
            shutil.rmtree(staging, ignore_errors=True)
            try:
                build(staging)
                staging.rename(home)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
    return home


def run_apart(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Runs Python or pip without what this process has been given for itself."""
    # PYTHONPATH and its like would let modules in; pip's own settings stay, apart
    # from those that forbid to install into an environment that is not active.
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTHON")
        and name not in {"PIP_USER", "PIP_TARGET", "PIP_PREFIX"}
    }
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**env, "PIP_REQUIRE_VIRTUALENV": "0"},
        umask=0o022,  # the function's user has to read it
        check=False,
    )


def tail(output: str) -> str:
    """The end of what a command has said."""
    return output.strip()[-_TAIL_CHARS:]
