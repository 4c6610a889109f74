"""The virtual environments that are measured, built once and kept."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import sys

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

from bench.process import run_to_end


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping


@dataclass(frozen=True)
class Recipe:
    """What goes into an environment.

    Attributes:
        name: What its directory's name begins with.
        requirements: A file of exact versions, in `bench/`.
        handler_imports: The module that the handler of the project in it imports;
            "" if there is to be no project in it, but pip.
    """

    name: str
    requirements: str
    handler_imports: str = ""


@dataclass(frozen=True)
class Environment:
    """A finished one.

    Attributes:
        venv: The virtual environment.
        pyproject: The `pyproject.toml` of the project that is installed in it.
    """

    venv: Path
    pyproject: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.venv / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        """What its packages are in."""
        minor = f"python{sys.version_info.major}.{sys.version_info.minor}"
        return self.venv / "lib" / minor / "site-packages"


REFERENCE: Final = Recipe("reference", "requirements-reference.txt")
TREES: Final[Mapping[str, Recipe]] = {
    "SMALL": Recipe("small", "requirements-small.txt", "boto3"),
    "LARGE": Recipe("large", "requirements-large.txt", "pandas"),
}

# Named alike, distribution and package: the reference's nested ZIP works only so.
HANDLER: Final = "bench_app.handler.handler"
_PYPROJECT: Final = """\
[project]
name = "bench_app"
version = "1.0"
requires-python = ">=3.11"

[build-system]
requires = ["poetry-core==2.5.0"]
build-backend = "poetry.core.masonry.api"
"""
_HANDLER_PY: Final = """\
import {module}


def handler(event, context):
    return {module}.__version__
"""


def default_cache_dir() -> Path:
    """Where the environments are kept."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "poetry-plugin-package-function" / "bench"


def environment(
    recipe: Recipe, cache_dir: Path, *, installer: Environment | None = None
) -> Environment:
    """The environment of a recipe, built if it is not there.

    The file `complete` is written last: what has no such file is a build that was cut
    off, and is built anew.

    Args:
        recipe: What goes into it.
        cache_dir: Where it is kept.
        installer: The environment whose pip installs into this one, so that pip is not
            in it and is not packaged; without it there is pip in it.

    Raises:
        BenchError: It cannot be built.
    """
    requirements = Path(__file__).with_name(recipe.requirements)
    home = cache_dir / _key(recipe, requirements)
    built = Environment(home / "venv", home / "project" / "pyproject.toml")
    complete = home / "complete"
    cache_dir.mkdir(parents=True, exist_ok=True)
    with _lock(home.with_name(f"{home.name}.lock")):
        if not (complete.exists() and built.python.exists()):
            print(f"Building {home}, once", file=sys.stderr, flush=True)
            shutil.rmtree(home, ignore_errors=True)
            _build(recipe, requirements, built, installer)
            complete.touch()
    return built


def _key(recipe: Recipe, requirements: Path) -> str:
    inputs = (
        requirements.read_text(encoding="utf-8"),
        _project_files(recipe),
        sys.base_prefix,  # two interpreters of one version have an environment each
    )
    digest = hashlib.sha256(repr(inputs).encode()).hexdigest()[:12]
    python = f"{sys.implementation.name}-{platform.python_version()}"
    return f"{recipe.name}-{python}-{digest}"


def _build(
    recipe: Recipe,
    requirements: Path,
    built: Environment,
    installer: Environment | None,
) -> None:
    without_pip = ("--without-pip",) if installer else ()
    run_to_end((sys.executable, "-m", "venv", *without_pip, built.venv))
    pip = (
        *((installer or built).python, "-m", "pip", f"--python={built.python}"),
        *("install", "--no-compile", "--no-deps", "--no-input"),
        "--disable-pip-version-check",
    )
    run_to_end((*pip, "-r", requirements))
    files = _project_files(recipe)
    for name, text in files.items():
        path = built.pyproject.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if files:
        run_to_end((*pip, built.pyproject.parent))


def _project_files(recipe: Recipe) -> dict[str, str]:
    if not recipe.handler_imports:
        return {}
    handler = _HANDLER_PY.format(module=recipe.handler_imports)
    return {
        "pyproject.toml": _PYPROJECT,
        "bench_app/__init__.py": "",
        "bench_app/handler.py": handler,
    }


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
