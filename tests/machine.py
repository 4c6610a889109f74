"""What tests borrow of the machine; where it has none, they are skipped and say why."""

from __future__ import annotations

import os
import shutil
import subprocess
import time

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lambda_runtime.building import kept_directory


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping


def unmeasured(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment for a process whose coverage is not measured.

    A signal that comes while coverage holds its lock leaves it locked, for ever.
    """
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith("COVERAGE_")
    }


def is_gone(number: int) -> bool:
    """Waits a while until a process has ended, or with its negative number a group.

    What has ended stays until the first process of the machine looks for it.
    """
    for _ in range(100):
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


@contextmanager
def mounted(directory: Path, options: str) -> Iterator[Path]:
    """A file system in memory, at a directory that is made for it."""
    directory.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(directory)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("a file system takes `mount`, which is not on this machine")
    if done.returncode != 0:
        pytest.skip(f"a file system takes the right to mount: {done.stderr.strip()}")
    try:
        yield directory
    finally:
        subprocess.run(["umount", str(directory)], check=True)


def interpreter(version: str) -> Path:
    """An interpreter of that minor version: pyenv's, on PATH, or brought for tests."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found = sorted(pyenv.glob(f"{version}.*/bin/python3"))
    brought = kept_directory(f"debian-python-{version}") / "bin" / f"python{version}"
    if brought.exists():  # by tools/debian-python.sh
        found.append(brought)
    on_path = shutil.which(f"python{version}")
    if on_path is not None:
        found.append(Path(on_path))
    for python in found:
        # pyenv puts scripts on PATH that fail for a version that is not active.
        if subprocess.run([python, "-c", ""], capture_output=True).returncode == 0:
            return python
    pytest.skip(f"Python {version} is not on this machine")
