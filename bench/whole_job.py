"""From a lock file to an archive: everything that a developer waits for."""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

from bench.environments import LAMBDA_BUILD
from bench.environments import environment
from bench.environments import key
from bench.environments import write_project
from bench.errors import BenchError
from bench.packaging_cost import cost_of
from bench.process import measure
from bench.process import run_to_end
from tests.e2e.running import clean_environment
from tests.lambda_runtime.memory import memory


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping
    from collections.abc import Sequence

    from bench.environments import Recipe
    from bench.packaging_cost import Cost
    from bench.process import Command
    from bench.process import Sample


REFERENCE_JOB: Final = "`poetry bundle venv` and package-python-function"
FRESH_JOB: Final = "`poetry package-function`"
_POETRY: Final = Path(sys.executable).parent / "poetry"
_LAMBDA_BUILD: Final = "poetry-plugin-lambda-build, `poetry build-lambda`"
_TAIL_CHARS: Final = 200


@dataclass(frozen=True)
class Job:
    """One way from a lock file to an archive.

    Attributes:
        name: What its row is called.
        command: Makes the command that writes an archive, given an empty directory.
        env: What it has in its environment beyond the others.
        runs_at_most: How often it is run, without a warm-up, if it is a slow one.
    """

    name: str
    command: Callable[[Path, Path], Command]
    env: Mapping[str, str]
    runs_at_most: int | None = None


@dataclass(frozen=True)
class Jobs:
    """What the jobs took by their names, and why others have failed."""

    tree: str
    costs: Mapping[str, Cost]
    failed: Mapping[str, str]


def measure_jobs(
    name: str,
    recipe: Recipe,
    reference: Path,
    runs: int,
    cache_dir: Path,
    *,
    peers: bool,
) -> Jobs:
    """Does each job in turn, `runs` times after a round of warm-up.

    In each round a line of the project's code is changed first.

    Args:
        name: What the tree is called.
        recipe: What is locked.
        reference: package-python-function's command.
        runs: How often.
        cache_dir: Where Poetry's cache is kept; what else is written lies in memory.
        peers: Whether the slow ones are measured too.
    """
    project = cache_dir / f"project-{key(recipe)}"
    with tempfile.TemporaryDirectory(prefix="jobs-", dir=memory()) as directory:
        base = Path(directory)
        env = {
            **clean_environment(base),
            "POETRY_CACHE_DIR": str(cache_dir / "poetry-cache"),
            "TMPDIR": str(base),
        }
        _lock(recipe, project, env)
        jobs = [*_own_jobs(project, reference)]
        failed: dict[str, str] = {}
        if peers:
            try:
                jobs.append(_lambda_build(cache_dir))
            except BenchError as error:
                failed[_LAMBDA_BUILD] = _reason(error)
        return _Rounds(name, runs, base, project, env).run(jobs, failed)


def _lock(recipe: Recipe, project: Path, env: Mapping[str, str]) -> None:
    write_project(recipe, project)
    if not (project / "poetry.lock").exists():
        print(f"Locking {project}, once", file=sys.stderr, flush=True)
        without_venv = {**env, "POETRY_VIRTUALENVS_CREATE": "false"}
        run_to_end((_POETRY, "lock"), cwd=project, env=without_venv)


@dataclass(frozen=True)
class _Rounds:
    tree: str
    runs: int
    base: Path
    project: Path
    env: Mapping[str, str]

    def run(self, jobs: Sequence[Job], failed: dict[str, str]) -> Jobs:
        samples: dict[str, list[Sample]] = {}
        archives = {
            job.name: self.base / f"{number}.zip" for number, job in enumerate(jobs)
        }
        for number in range(self.runs + 1):
            which = f"run {number} of {self.runs}" if number else "warm-up"
            print(f"Whole job, {self.tree}: {which}", file=sys.stderr, flush=True)
            self._change_code(number)
            for job in jobs:
                most = job.runs_at_most
                if job.name in failed or (most is not None and not 0 < number <= most):
                    continue
                try:
                    sample = self._run(job, archives[job.name])
                except BenchError as error:
                    print(error, file=sys.stderr)
                    failed[job.name] = _reason(error)
                    samples.pop(job.name, None)
                else:
                    if number:
                        samples.setdefault(job.name, []).append(sample)
        costs = {
            name: cost_of(name, measured, archives[name])
            for name, measured in samples.items()
        }
        return Jobs(self.tree, costs, failed)

    def _change_code(self, number: int) -> None:
        handler = self.project / "bench_app" / "handler.py"
        text = handler.read_text(encoding="utf-8")
        code = "".join(
            line for line in text.splitlines(True) if not line.startswith("ROUND =")
        )
        handler.write_text(f"{code}ROUND = {number}\n", encoding="utf-8")

    def _run(self, job: Job, archive: Path) -> Sample:
        archive.unlink(missing_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix="scratch-", dir=self.base))
        try:
            env = {**self.env, "TMPDIR": str(scratch), **job.env}
            command = job.command(scratch, archive)
            return measure(command, cwd=self.project, env=env)
        finally:
            shutil.rmtree(scratch)


def _own_jobs(project: Path, reference: Path) -> tuple[Job, ...]:
    def bundle_and_package(scratch: Path, archive: Path) -> Command:
        venv = scratch / "venv"
        bundle = shlex.join(map(str, (_POETRY, "bundle", "venv", venv)))
        package = shlex.join(
            map(str, (reference, venv, "--project", project / "pyproject.toml"))
        )
        output = shlex.join(("--output", str(archive)))
        return ("/bin/sh", "-c", f"{bundle} && {package} {output}")

    def fresh(_: Path, archive: Path) -> Command:
        return (_POETRY, "package-function", "--output", archive)

    return (
        Job(REFERENCE_JOB, bundle_and_package, {}),
        Job(FRESH_JOB, fresh, {}),
    )


def _lambda_build(cache_dir: Path) -> Job:
    """A plugin with a command of its own, in an environment of its own.

    It calls `poetry` and `pip` by their names.

    Raises:
        BenchError: It cannot be installed.
    """
    tool = environment(LAMBDA_BUILD, cache_dir)
    bin_dir = tool.python.parent

    def command(_: Path, archive: Path) -> Command:
        compression = ("zip-compression=ZIP_DEFLATED", "zip-compresslevel=6")
        target = f"package-artifact-path={archive}"
        return (
            bin_dir / "poetry",
            "build-lambda",
            "--no-checksum",
            target,
            *compression,
        )

    path = clean_environment(cache_dir).get("PATH", "")
    return Job(
        _LAMBDA_BUILD,
        command,
        {"PATH": f"{bin_dir}:{path}"},
        runs_at_most=1,
    )


def _reason(error: BenchError) -> str:
    lines = [line.strip() for line in str(error).splitlines()[1:] if line.strip()]
    return lines[0][:_TAIL_CHARS] if lines else "it failed"
