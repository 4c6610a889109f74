"""A virtual environment with real libraries, built once and kept."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

from tests.trees import site_packages_of


if TYPE_CHECKING:
    from collections.abc import Iterator


REQUIREMENTS: Final = Path(__file__).with_name("requirements.txt")
_TAIL_CHARS: Final = 3000


class EnvironmentBuildError(RuntimeError):
    """The libraries could not be installed."""


def distributions() -> list[str]:
    """The names of the libraries, all of them."""
    return [pin.partition("==")[0] for pin in REQUIREMENTS.read_text().split()]


def libraries() -> Path:
    """The site-packages of this interpreter's environment; nobody may write to it.

    Any number of processes may ask for it at a time: one holds the lock and builds, in
    a directory beside the final one. The rename at the end makes it whole or absent.
    """
    home = _cache_dir() / _key()
    home.parent.mkdir(parents=True, exist_ok=True)
    with _lock(home.with_name(f"{home.name}.lock")):
        if not home.exists():
            staging = home.with_name(f"{home.name}.partial")
            shutil.rmtree(staging, ignore_errors=True)
            try:
                _build(staging)
                staging.rename(home)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
    return site_packages_of(home)


def _cache_dir() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "poetry-plugin-package-function" / "compatibility"


def _key() -> str:
    """Changes with the pins; two interpreters of one version have one each."""
    inputs = f"{REQUIREMENTS.read_text()}\n{sys.base_prefix}"
    digest = hashlib.sha256(inputs.encode()).hexdigest()[:12]
    return f"{sys.implementation.name}-{platform.python_version()}-{digest}"


def _build(venv: Path) -> None:
    # No pip in it: it would be packaged. Bytecode saves the flat functions the time.
    _run("-m", "venv", "--without-pip", str(venv))
    _run(
        *("-m", "pip", f"--python={venv / 'bin' / 'python'}", "install"),
        *("--disable-pip-version-check", "--no-input", "--quiet"),
        *("--no-deps", "--only-binary=:all:", "--requirement", str(REQUIREMENTS)),
    )


def _run(*arguments: str) -> None:
    # pip's own settings stay, apart from those that forbid or divert installation.
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTHON")
        and name not in {"PIP_USER", "PIP_TARGET", "PIP_PREFIX"}
    }
    done = subprocess.run(
        [sys.executable, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**env, "PIP_REQUIRE_VIRTUALENV": "0"},
        umask=0o022,  # the function's user has to read it
        check=False,
    )
    if done.returncode != 0:
        msg = f"{' '.join(arguments)} failed:\n{done.stdout.strip()[-_TAIL_CHARS:]}"
        raise EnvironmentBuildError(msg)


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
