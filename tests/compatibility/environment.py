"""Virtual environments with real libraries, built once and kept."""

from __future__ import annotations

import hashlib
import platform
import sys

from pathlib import Path
from typing import Final

from tests.lambda_runtime.building import built_once
from tests.lambda_runtime.building import kept_directory
from tests.lambda_runtime.building import run_apart
from tests.lambda_runtime.building import tail
from tests.trees import site_packages_of


REQUIREMENTS: Final = Path(__file__).with_name("requirements.txt")


class EnvironmentBuildError(RuntimeError):
    """The libraries could not be installed."""


def pins() -> str:
    """What the suite's one environment is made of."""
    return REQUIREMENTS.read_text()


def distributions(requirements: str) -> list[str]:
    """The names of the libraries, all of them."""
    return [pin.partition("==")[0] for pin in requirements.split()]


def libraries(requirements: str) -> Path:
    """The site-packages of this interpreter's environment; nobody may write to it.

    It is built once, and kept.

    Args:
        requirements: Pins of all that it has, as in a file of requirements.
    """
    home = kept_directory("compatibility") / _key(requirements)
    return site_packages_of(built_once(home, lambda venv: _build(venv, requirements)))


def _key(requirements: str) -> str:
    """Changes with the pins; two interpreters of one version have one each."""
    inputs = f"{requirements}\n{sys.base_prefix}"
    digest = hashlib.sha256(inputs.encode()).hexdigest()[:12]
    return f"{sys.implementation.name}-{platform.python_version()}-{digest}"


def _build(venv: Path, requirements: str) -> None:
    # No pip in it: it would be packaged. Bytecode saves the flat functions the time.
    _run("-m", "venv", "--without-pip", str(venv))
    _run(
        *("-m", "pip", f"--python={venv / 'bin' / 'python'}", "install"),
        *("--disable-pip-version-check", "--no-input", "--quiet"),
        *("--no-deps", "--only-binary=:all:", *requirements.split()),
    )


def _run(*arguments: str) -> None:
    done = run_apart([sys.executable, *arguments])
    if done.returncode != 0:
        msg = f"{' '.join(arguments)} failed:\n{tail(done.stdout)}"
        raise EnvironmentBuildError(msg)
