"""A virtual environment with real libraries, built once and kept."""

from __future__ import annotations

import hashlib
import platform
import shutil
import sys

from pathlib import Path
from typing import Final

from tests.lambda_runtime.building import kept_directory
from tests.lambda_runtime.building import locked
from tests.lambda_runtime.building import run_apart
from tests.lambda_runtime.building import tail
from tests.trees import site_packages_of


REQUIREMENTS: Final = Path(__file__).with_name("requirements.txt")


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
    home = kept_directory("compatibility") / _key()
    home.parent.mkdir(parents=True, exist_ok=True)
    with locked(home.with_name(f"{home.name}.lock")):
        if not home.exists():
            staging = home.with_name(f"{home.name}.partial")
            shutil.rmtree(staging, ignore_errors=True)
            try:
                _build(staging)
                staging.rename(home)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
    return site_packages_of(home)


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
    done = run_apart([sys.executable, *arguments])
    if done.returncode != 0:
        msg = f"{' '.join(arguments)} failed:\n{tail(done.stdout)}"
        raise EnvironmentBuildError(msg)
