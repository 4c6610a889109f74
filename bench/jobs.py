"""The ways from a lock file to an archive, as commands that people type."""

from __future__ import annotations

import os
import shlex
import shutil
import sys

from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

from bench.environments import LAMBDA_BUILD
from bench.environments import NO_DEPENDENCIES
from bench.environments import UV
from bench.environments import environment
from bench.environments import key
from bench.environments import write_project
from bench.handlers import USUAL
from bench.handlers import handler_path
from bench.process import run_to_end
from tests.package_index import index_url


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping

    from bench.environments import Recipe
    from bench.process import Command


REFERENCE_JOB: Final = "`poetry bundle venv` and package-python-function"
FRESH_JOB: Final = "`poetry package-function`"
FIRST_SEEN_JOB: Final = "`poetry package-function`, wheels seen for the first time"
VERIFIED_JOB: Final = "`poetry package-function --handler`"
ONE_JOB: Final = "`poetry package-function f0`, of 10 functions"
MANY_JOB: Final = "`poetry package-function`, 10 functions"
ONE_VERIFIED_JOB: Final = "`poetry package-function f0 --handler`, of 10 functions"
MANY_VERIFIED_JOB: Final = "`poetry package-function --handler`, 10 functions"
UV_JOB: Final = "`uv pip install --target`"
UV_ZIP_JOB: Final = "`uv pip install --target` and `zip -6`"
LAMBDA_BUILD_JOB: Final = "poetry-plugin-lambda-build, `poetry build-lambda`"
START_JOB: Final = "`poetry --version`"
CHECK_JOB: Final = "`poetry check --lock`"
EMPTY_JOB: Final = "`poetry bundle venv` of a project without dependencies"

FUNCTIONS: Final = 10
_POETRY: Final = Path(sys.executable).parent / "poetry"
_HANDLER: Final = ("--handler", handler_path(USUAL))
# The other tools package what is for this machine, and the same is to be compared.
_HOST: Final = ("--platform", "host")
_FUNCTION: Final = """
[tool.poetry-plugin-package-function.functions.f{number}]
include = ["functions/f{number}.py"]
"""


@dataclass(frozen=True)
class Place:
    """What a run of a job finds.

    Attributes:
        scratch: An empty directory, gone when the run has ended.
        archive: The file to write.
    """

    scratch: Path
    archive: Path

    @property
    def report(self) -> Path:
        """Where a report is looked for; `{name}` in it stands for the function's."""
        return self.scratch / "report-{name}.json"


def nothing() -> None:
    """Prepares nothing."""


@dataclass(frozen=True)
class Job:
    """One way from a lock file to an archive, or a part of one.

    Attributes:
        name: What its row is called.
        project: The directory that it is run in.
        command: Makes the command.
        env: What it has in its environment beyond the others.
        runs_at_most: How often it is run, without a warm-up, if it is a slow one.
        prepare: Called before each run.
        on_disk: Whether its scratch directory is on the disk, beside the caches.
    """

    name: str
    project: Path
    command: Callable[[Place], Command]
    env: Mapping[str, str] = field(default_factory=dict)
    runs_at_most: int | None = None
    prepare: Callable[[], None] = nothing
    on_disk: bool = False


@dataclass(frozen=True)
class Projects:
    """Projects that are locked.

    Attributes:
        one: What most jobs package.
        several: The same, with `FUNCTIONS` functions.
        empty: One without dependencies.
    """

    one: Path
    several: Path
    empty: Path


def locked_projects(
    recipe: Recipe, cache_dir: Path, env: Mapping[str, str]
) -> Projects:
    """Writes the projects, and locks them if they are not.

    Raises:
        BenchError: They cannot be locked.
    """
    one = cache_dir / f"project-{key(recipe)}"
    several = cache_dir / f"functions-{key(recipe)}"
    empty = cache_dir / f"project-{key(NO_DEPENDENCIES)}"
    _lock(recipe, one, env)
    _lock(NO_DEPENDENCIES, empty, env)
    write_project(recipe, several)
    shutil.copy(one / "poetry.lock", several)
    (several / "functions").mkdir(exist_ok=True)
    with (several / "pyproject.toml").open("a", encoding="utf-8") as pyproject:
        for number in range(FUNCTIONS):
            pyproject.write(_FUNCTION.format(number=number))
            own = several / "functions" / f"f{number}.py"
            own.write_text(f"NUMBER = {number}\n", encoding="utf-8")
    return Projects(one, several, empty)


def _lock(recipe: Recipe, project: Path, env: Mapping[str, str]) -> None:
    write_project(recipe, project)
    if not (project / "poetry.lock").exists():
        print(f"Locking {project}, once", file=sys.stderr, flush=True)
        without_venv = {**env, "POETRY_VIRTUALENVS_CREATE": "false"}
        run_to_end((_POETRY, "lock"), cwd=project, env=without_venv)


def own_jobs(project: Path, facts: Path) -> tuple[Job, ...]:
    """A run, one that sees all wheels for the first time, and one that verifies.

    Args:
        project: What is packaged.
        facts: Where the plugin keeps what it knows of wheels.
    """

    def fresh(place: Place) -> Command:
        return (_POETRY, "package-function", *_HOST, "--output", place.archive)

    def verified(place: Place) -> Command:
        return (*fresh(place), *_HANDLER, "--report", place.report)

    def forget() -> None:
        shutil.rmtree(facts, ignore_errors=True)

    return (
        Job(FRESH_JOB, project, fresh),
        Job(FIRST_SEEN_JOB, project, fresh, prepare=forget),
        Job(VERIFIED_JOB, project, verified),
    )


def function_jobs(project: Path) -> tuple[Job, ...]:
    """One function of a project, and all of them; imported out of the ZIP, and not."""

    def command(*names: str) -> Callable[[Place], Command]:
        return lambda place: (
            _POETRY,
            *("package-function", *names, *_HOST, "--output-dir"),
            place.scratch / "out",
            *("--report", place.report),
        )

    return (
        Job(ONE_JOB, project, command("f0")),
        Job(MANY_JOB, project, command()),
        Job(ONE_VERIFIED_JOB, project, command("f0", *_HANDLER), runs_at_most=2),
        Job(MANY_VERIFIED_JOB, project, command(*_HANDLER), runs_at_most=2),
    )


def reference_job(project: Path, reference: Path) -> Job:
    """What people do with the tool that all others are held against.

    Args:
        project: What is packaged.
        reference: package-python-function's command.
    """

    def command(place: Place) -> Command:
        venv = place.scratch / "venv"
        pyproject = project / "pyproject.toml"
        return _after_another(
            (_POETRY, "bundle", "venv", venv),
            (reference, venv, "--project", pyproject, "--output", place.archive),
        )

    return Job(REFERENCE_JOB, project, command)


def poetry_jobs(projects: Projects) -> tuple[Job, ...]:
    """What Poetry takes for itself, whatever is packaged."""

    def start(_: Place) -> Command:
        return (_POETRY, "--version")

    def check(_: Place) -> Command:
        return (_POETRY, "check", "--lock")

    def bundle(place: Place) -> Command:
        return (_POETRY, "bundle", "venv", place.scratch / "venv")

    return (
        Job(START_JOB, projects.one, start),
        Job(CHECK_JOB, projects.one, check),
        Job(EMPTY_JOB, projects.empty, bundle),
    )


def uv_jobs(
    recipe: Recipe, project: Path, cache_dir: Path, *, zips: bool
) -> tuple[Job, ...]:
    """Hard links to what uv has unpacked before; and what zips them, a slow one.

    They are on the disk, as links cannot lead to another file system. uv asks no index.

    Args:
        recipe: What is installed: all that the lock has.
        project: Where the commands are run.
        cache_dir: Where uv's cache is kept.
        zips: Whether to zip, too.

    Raises:
        BenchError: uv cannot be installed, or cannot install.
    """
    program = environment(UV, cache_dir).python.with_name("uv")
    pins = ("--no-deps", "--python", sys.executable, *recipe.pins())
    env = {
        "UV_CACHE_DIR": str(cache_dir / "uv-cache"),
        "UV_DEFAULT_INDEX": index_url(),
    }
    install: Command = (program, "pip", "install", "--link-mode", "hardlink", *pins)
    warmed = cache_dir / "uv-target"
    try:
        run_to_end((*install, "--target", warmed), env={**os.environ, **env})
    finally:
        shutil.rmtree(warmed, ignore_errors=True)

    def installed(place: Place) -> Command:
        return (*install, "--offline", "--target", place.scratch / "target")

    jobs = [Job(UV_JOB, project, installed, env, on_disk=True)]
    zip_program = shutil.which("zip")
    if zips and zip_program:

        def zipped(place: Place) -> Command:
            return _after_another(
                installed(place),
                ("cd", place.scratch / "target"),
                (zip_program, "-r", "-q", "-6", place.archive, "."),
            )

        jobs.append(Job(UV_ZIP_JOB, project, zipped, env, 1, on_disk=True))
    return tuple(jobs)


def lambda_build_job(project: Path, cache_dir: Path, path: str) -> Job:
    """A plugin with a command of its own, in an environment of its own.

    It calls `poetry` and `pip` by their names.

    Args:
        project: What is packaged.
        cache_dir: Where the environment is kept.
        path: The search path for programs.

    Raises:
        BenchError: It cannot be installed.
    """
    bin_dir = environment(LAMBDA_BUILD, cache_dir).python.parent

    def command(place: Place) -> Command:
        return (
            bin_dir / "poetry",
            *("build-lambda", "--no-checksum"),
            f"package-artifact-path={place.archive}",
            *("zip-compression=ZIP_DEFLATED", "zip-compresslevel=6"),
        )

    env = {"PATH": f"{bin_dir}:{path}"}
    return Job(LAMBDA_BUILD_JOB, project, command, env, runs_at_most=1)


def _after_another(*commands: Command) -> Command:
    texts = (shlex.join(map(str, command)) for command in commands)
    return ("/bin/sh", "-c", " && ".join(texts))
