"""A virtual environment that holds awslambdaric, and nothing else."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lambda_runtime.building import kept_directory
from tests.lambda_runtime.building import locked
from tests.lambda_runtime.building import run_apart
from tests.lambda_runtime.building import tail


if TYPE_CHECKING:
    from pathlib import Path


AWSLAMBDARIC_VERSION = "4.2.2"
_FACTS_PY = """\
import json, platform, sys, sysconfig
print(json.dumps({
    "base_python": getattr(sys, "_base_executable", sys.executable),
    "base_prefix": sys.base_prefix,
    "name": "-".join([
        sys.implementation.name,
        platform.python_version() + getattr(sys, "abiflags", ""),
        sysconfig.get_platform(),
    ]),
}))
"""
# `pip --python` came with 22.3; the last status says that pip is too old for it.
_HAS_PIP_PY = """\
import pip
raise SystemExit(tuple(map(int, pip.__version__.split(".")[:2])) < (22, 3))
"""


class ClientEnvironmentError(RuntimeError):
    """awslambdaric could not be installed for an interpreter."""


@dataclass(frozen=True)
class _Interpreter:
    base_python: str
    base_prefix: str
    name: str

    @property
    def key(self) -> str:
        """Two interpreters of one version have an environment each."""
        digest = hashlib.sha256(self.base_prefix.encode()).hexdigest()[:8]
        return f"awslambdaric-{AWSLAMBDARIC_VERSION}-{self.name}-{digest}"


def default_cache_dir() -> Path:
    """Where the environments are kept unless somebody says otherwise."""
    return kept_directory("lambda-runtime")


def client_environment(python: Path, cache_dir: Path) -> Path:
    """The Python of an environment of `python` with just awslambdaric in it.

    It is built once and kept in `cache_dir`. Any number of processes may ask for it
    at a time: one holds the lock and builds, in a directory beside the final one; the
    others wait and find it. The rename at the end makes it whole or absent, so what a
    killed build leaves behind is only ever the directory beside it, which the next
    build removes.
    """
    interpreter = _interpreter(python)
    environment = cache_dir.absolute() / interpreter.key
    client_python = environment / "bin" / "python"
    if client_python.exists():
        return client_python
    environment.parent.mkdir(parents=True, exist_ok=True)
    with locked(environment.with_name(f"{environment.name}.lock")):
        if client_python.exists():
            return client_python
        # It is there, but its interpreter is not: that was removed and came back.
        shutil.rmtree(environment, ignore_errors=True)
        staging = environment.with_name(f"{environment.name}.partial")
        shutil.rmtree(staging, ignore_errors=True)
        try:
            _build(python, interpreter, staging)
            # An environment may be renamed: its Python finds it by its own path.
            staging.rename(environment)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return client_python


def _interpreter(python: Path) -> _Interpreter:
    done = run_apart([str(python), "-c", _FACTS_PY])
    if done.returncode != 0:
        msg = f"{python} does not run as a Python interpreter:\n{tail(done.stdout)}"
        raise ClientEnvironmentError(msg)
    return _Interpreter(**json.loads(done.stdout))


def _build(python: Path, interpreter: _Interpreter, environment: Path) -> None:
    # No pip in it: the function could import it, and what it brings along.
    made = run_apart([str(python), "-m", "venv", "--without-pip", str(environment)])
    if made.returncode != 0:
        msg = f"no environment of {python} could be made:\n{tail(made.stdout)}"
        raise ClientEnvironmentError(msg)
    client_python = str(environment / "bin" / "python")
    installed = run_apart(
        [
            _python_with_pip(str(python), interpreter.base_python, sys.executable),
            "-m",
            "pip",
            f"--python={client_python}",
            "install",
            "--disable-pip-version-check",
            "--no-input",
            f"awslambdaric=={AWSLAMBDARIC_VERSION}",
        ]
    )
    # The client itself passes over a native half that does not load.
    works = run_apart([client_python, "-c", "import awslambdaric, runtime_client"])
    if installed.returncode != 0 or works.returncode != 0:
        output = installed.stdout if installed.returncode != 0 else works.stdout
        msg = (
            f"awslambdaric {AWSLAMBDARIC_VERSION} could not be installed for"
            f" {interpreter.name}. If there is no wheel of it for that interpreter,"
            " pip compiles it, which takes a C++ compiler, cmake, autoconf, automake,"
            f" libtool and make. pip said:\n{tail(output)}"
        )
        raise ClientEnvironmentError(msg)


def _python_with_pip(*pythons: str) -> str:
    for python in pythons:
        if run_apart([python, "-c", _HAS_PIP_PY]).returncode == 0:
            return python
    msg = (
        f"none of {', '.join(dict.fromkeys(pythons))} has pip 22.3 or newer to"
        " install awslambdaric with; try `python -m ensurepip --upgrade`"
    )
    raise ClientEnvironmentError(msg)
