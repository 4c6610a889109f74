"""The virtual environments that are measured, built once and kept."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import sys

from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

from bench.handlers import DATA_FRAMES
from bench.handlers import DATA_SCIENCE
from bench.handlers import PACKAGE
from bench.handlers import handler_files
from bench.process import run_to_end
from bench.synthetic import write_wheels
from bench.wheels import put_pinned
from poetry_plugin_package_function.packaging.sources.wheel_directory import put
from tests.lambda_runtime.building import kept_directory
from tests.lambda_runtime.building import locked


if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.handlers import Handlers


@dataclass(frozen=True)
class Recipe:
    """What goes into an environment.

    Attributes:
        name: What its directory's name begins with.
        requirements: Files of exact versions, in `bench/`.
        handler_imports: The module that the handler of the project in it imports;
            "" if there is to be no project in it, but pip.
        handlers: What else the project has for handlers.
        synthetic_files: How many modules of 1 KB there are to be in it.
    """

    name: str
    requirements: tuple[str, ...] = ()
    handler_imports: str = ""
    handlers: Handlers = field(default_factory=dict)
    synthetic_files: int = 0

    def pins(self) -> list[str]:
        """The exact versions, as pip takes them."""
        texts = [
            Path(__file__).with_name(name).read_text(encoding="utf-8")
            for name in self.requirements
        ]
        return "".join(texts).split()


@dataclass(frozen=True)
class Environment:
    """A finished one.

    Attributes:
        venv: The virtual environment.
        pyproject: The `pyproject.toml` of the project that is installed in it.
        closed: One with the wheels that its distributions are from, unopened.
        cache: What is kept for that from run to run.
    """

    venv: Path
    pyproject: Path
    closed: Path
    cache: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.venv / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        """What its packages are in."""
        minor = f"python{sys.version_info.major}.{sys.version_info.minor}"
        return self.venv / "lib" / minor / "site-packages"


REFERENCE: Final = Recipe("reference", ("requirements-reference.txt",))
UV: Final = Recipe("uv", ("requirements-uv.txt",))
LAMBDA_BUILD: Final = Recipe("lambda-build", ("requirements-lambda-build.txt",))
BOTO3: Final = Recipe("boto3", ("requirements-boto3.txt",), "boto3")
NO_DEPENDENCIES: Final = Recipe("empty", handler_imports="json")
TREES: Final[Mapping[str, Recipe]] = {
    "SMALL": Recipe("small", ("requirements-small.txt",), "boto3"),
    "MEDIUM": Recipe("medium", ("requirements-medium.txt",), "pandas", DATA_FRAMES),
    "LARGE": Recipe("large", ("requirements-large.txt",), "pandas", DATA_SCIENCE),
    "HUGE": Recipe(
        "huge",
        ("requirements-large.txt", "requirements-huge.txt"),
        "pandas",
        DATA_SCIENCE,
    ),
    "10K": Recipe("10k", handler_imports="json", synthetic_files=10_000),
    "50K": Recipe("50k", handler_imports="json", synthetic_files=50_000),
}

_PYPROJECT: Final = """\
[project]
name = "{name}"
version = "1.0"
requires-python = "{python}"
dependencies = {dependencies}

[build-system]
requires = ["poetry-core==2.5.0"]
build-backend = "poetry.core.masonry.api"
"""


def default_cache_dir() -> Path:
    """Where the environments are kept."""
    return kept_directory("bench")


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
    home = cache_dir / key(recipe)
    built = Environment(
        home / "venv",
        home / "project" / "pyproject.toml",
        home / "closed",
        home / "cache",
    )
    complete = home / "complete"
    cache_dir.mkdir(parents=True, exist_ok=True)
    with locked(home.with_name(f"{home.name}.lock")):
        if not (complete.exists() and built.python.exists()):
            print(f"Building {home}, once", file=sys.stderr, flush=True)
            shutil.rmtree(home, ignore_errors=True)
            _build(recipe, built, installer)
            complete.touch()
    return built


def key(recipe: Recipe) -> str:
    """A directory's name that changes with all that goes into a recipe."""
    inputs = (
        *(recipe.pins(), recipe.synthetic_files, project_files(recipe)),
        "closed wheels",
        sys.base_prefix,  # two interpreters of one version have an environment each
    )
    digest = hashlib.sha256(repr(inputs).encode()).hexdigest()[:12]
    python = f"{sys.implementation.name}-{platform.python_version()}"
    return f"{recipe.name}-{python}-{digest}"


def _build(recipe: Recipe, built: Environment, installer: Environment | None) -> None:
    without_pip = ("--without-pip",) if installer else ()
    run_to_end((sys.executable, "-m", "venv", *without_pip, built.venv))
    pip = (
        *((installer or built).python, "-m", "pip", f"--python={built.python}"),
        *("--no-input", "--disable-pip-version-check"),
    )
    install = (*pip, "install", "--no-compile", "--no-deps")
    if installer is None:
        run_to_end((*install, *recipe.pins()))
        return
    # The wheels that it is installed from are kept: they are a part of the input.
    wheels = built.venv.with_name("wheels")
    wheels.mkdir(parents=True)
    names = write_wheels(wheels, recipe.synthetic_files)
    if pins := recipe.pins():
        only_wheels = ("--only-binary=:all:", "--dest", wheels)
        run_to_end((*pip, "download", "--no-deps", *only_wheels, *pins))
    run_to_end((*install, "--no-index", "--find-links", wheels, *pins, *names))
    write_project(recipe, built.pyproject.parent)
    run_to_end((*install, built.pyproject.parent))
    run_to_end((sys.executable, "-m", "venv", "--without-pip", built.closed))
    put_pinned(wheels, built.closed)
    own = ("--wheel-dir", built.venv.with_name("own"), built.pyproject.parent)
    run_to_end((*pip, "wheel", "--no-deps", *own))
    for wheel in built.venv.with_name("own").glob("*.whl"):
        put(built.closed, wheel, None)


def write_project(recipe: Recipe, directory: Path) -> None:
    """Writes the project whose dependencies a tree has."""
    for name, text in project_files(recipe).items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def project_files(recipe: Recipe) -> dict[str, str]:
    """The project's files by their names; none if the recipe is that of a tool."""
    if not recipe.handler_imports:
        return {}
    major, minor = sys.version_info[:2]
    pyproject = _PYPROJECT.format(
        name=PACKAGE,
        python=f">={major}.{minor},<{major}.{minor + 1}",
        dependencies=json.dumps(recipe.pins(), indent=4),
    )
    return {
        "pyproject.toml": pyproject,
        **handler_files(recipe.handler_imports, recipe.handlers),
    }
