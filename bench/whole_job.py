"""From a lock file to an archive: everything that a developer waits for."""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import tempfile

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

from bench.contents import check_alike
from bench.errors import BenchError
from bench.jobs import FIRST_SEEN_JOB
from bench.jobs import FRESH_JOB
from bench.jobs import FUNCTIONS
from bench.jobs import LAMBDA_BUILD_JOB
from bench.jobs import MANY_JOB
from bench.jobs import MANY_VERIFIED_JOB
from bench.jobs import ONE_JOB
from bench.jobs import ONE_VERIFIED_JOB
from bench.jobs import UV_JOB
from bench.jobs import VERIFIED_JOB
from bench.jobs import Place
from bench.jobs import function_jobs
from bench.jobs import lambda_build_job
from bench.jobs import locked_projects
from bench.jobs import own_jobs
from bench.jobs import poetry_jobs
from bench.jobs import reference_job
from bench.jobs import uv_jobs
from bench.packaging_cost import cost_of
from bench.process import measure
from bench.spread import Spread
from bench.spread import ratio_by_rounds
from tests.e2e.running import clean_environment
from tests.lambda_runtime.memory import memory


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence

    from bench.environments import Recipe
    from bench.jobs import Job
    from bench.packaging_cost import Cost
    from bench.process import Sample


_TAIL_CHARS: Final = 200


@dataclass(frozen=True)
class Extra:
    """What something takes beside what is needed without it, in seconds.

    Attributes:
        verification: What `--handler` adds, less the INIT that it measures.
        function: What each further function of one environment takes.
        verified_function: The same with `--handler`, less the INIT.
    """

    verification: Spread | None
    function: Spread | None
    verified_function: Spread | None


@dataclass(frozen=True)
class Jobs:
    """What the jobs took by their names, and why others have failed.

    Attributes:
        tree: What the tree is called.
        tree_bytes: What the files of the archive have, unzipped; None if unknown.
        costs: By the names of the jobs.
        elapsed_s: The same, round by round; slow ones are in the first rounds only.
        failed: Why others could not be measured.
        extra: What follows from several of them.
    """

    tree: str
    tree_bytes: int | None
    costs: Mapping[str, Cost]
    elapsed_s: Mapping[str, Sequence[float]]
    failed: Mapping[str, str]
    extra: Extra

    def ratio(self, one: str, other: str) -> float | None:
        """How many times as long one job takes as another, if both have been done."""
        return ratio_by_rounds(self.elapsed_s, one, other)


@dataclass(frozen=True)
class _Run:
    """A run, and what its reports say."""

    sample: Sample
    init_s: tuple[float, ...]
    tree_bytes: int | None


@dataclass(frozen=True)
class Whole:
    """Measures whole jobs.

    Attributes:
        reference: package-python-function's command.
        runs: How often each job is done, after a round of warm-up.
        cache_dir: Where caches and projects are kept; what else is written lies in
            memory.
        peers: Whether the slow ones are measured, too.
    """

    reference: Path
    runs: int
    cache_dir: Path
    peers: bool

    def measure(self, name: str, recipe: Recipe, *, all_jobs: bool) -> Jobs:
        """Does each job in turn; in each round a line of the project's code changes.

        Args:
            name: What the tree is called.
            recipe: What is locked.
            all_jobs: Whether all are done, or only those of this plugin for one
                function.

        Raises:
            BenchError: Runs of this plugin do not make the same of the same.
        """
        with tempfile.TemporaryDirectory(prefix="jobs-", dir=memory()) as directory:
            base = Path(directory)
            poetry_cache = self.cache_dir / "poetry-cache"
            env = {
                **clean_environment(base),
                "POETRY_CACHE_DIR": str(poetry_cache),
                "TMPDIR": str(base),
            }
            projects = locked_projects(recipe, self.cache_dir, env)
            jobs = [*own_jobs(projects.one, poetry_cache / "package-function/facts")]
            failed: dict[str, str] = {}
            if all_jobs:
                jobs = [reference_job(projects.one, self.reference), *jobs]
                jobs += (*function_jobs(projects.several), *poetry_jobs(projects))
                jobs += self._peers(recipe, projects.one, failed, env["PATH"])
            rounds = _Rounds(name, self.runs, base, self.cache_dir, projects.one, env)
            return rounds.run(jobs, failed)

    def _peers(
        self, recipe: Recipe, project: Path, failed: dict[str, str], path: str
    ) -> Iterator[Job]:
        try:
            yield from uv_jobs(recipe, project, self.cache_dir, zips=self.peers)
        except BenchError as error:
            failed[UV_JOB] = _reason(error)
        if self.peers:
            try:
                yield lambda_build_job(project, self.cache_dir, path)
            except BenchError as error:
                failed[LAMBDA_BUILD_JOB] = _reason(error)


@dataclass(frozen=True)
class _Rounds:
    tree: str
    runs: int
    base: Path
    cache_dir: Path
    project: Path
    env: Mapping[str, str]

    def run(self, jobs: Sequence[Job], failed: dict[str, str]) -> Jobs:
        done: dict[str, list[_Run]] = {}
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
                    run = self._run(job, archives[job.name])
                except BenchError as error:
                    print(error, file=sys.stderr)
                    failed[job.name] = _reason(error)
                    done.pop(job.name, None)
                else:
                    if number:
                        done.setdefault(job.name, []).append(run)
            _check_same(archives[FRESH_JOB], archives[FIRST_SEEN_JOB])
            _check_same(archives[FRESH_JOB], archives[VERIFIED_JOB])
        costs = {
            name: cost_of(
                name,
                [run.sample for run in runs],
                archives[name] if archives[name].exists() else None,
            )
            for name, runs in done.items()
        }
        sizes = [run.tree_bytes for run in done.get(VERIFIED_JOB, ())]
        elapsed_s = {
            name: [run.sample.elapsed_s for run in runs] for name, runs in done.items()
        }
        size = sizes[0] if sizes else None
        return Jobs(self.tree, size, costs, elapsed_s, failed, _extra(done))

    def _change_code(self, number: int) -> None:
        handler = self.project / "bench_app" / "handler.py"
        text = handler.read_text(encoding="utf-8")
        code = "".join(
            line for line in text.splitlines(True) if not line.startswith("ROUND =")
        )
        handler.write_text(f"{code}ROUND = {number}\n", encoding="utf-8")

    def _run(self, job: Job, archive: Path) -> _Run:
        archive.unlink(missing_ok=True)
        job.prepare()
        parent = self.cache_dir if job.on_disk else self.base
        scratch = Path(tempfile.mkdtemp(prefix="scratch-", dir=parent))
        try:
            env = {**self.env, "TMPDIR": str(scratch), **job.env}
            command = job.command(Place(scratch, archive))
            sample = measure(command, cwd=job.project, env=env)
            reports = [
                json.loads(path.read_bytes())
                for path in sorted(scratch.glob("report-*.json"))
            ]
        finally:
            shutil.rmtree(scratch)
        return _Run(
            sample,
            tuple(each["verified"]["init_s"] for each in reports if each["verified"]),
            reports[0]["uncompressed_bytes"] if reports else None,
        )


def _extra(done: Mapping[str, Sequence[_Run]]) -> Extra:
    """Holds the runs of each round against each other."""
    further = FUNCTIONS - 1
    return Extra(
        _differences(done, VERIFIED_JOB, FRESH_JOB),
        _differences(done, MANY_JOB, ONE_JOB, further),
        _differences(done, MANY_VERIFIED_JOB, ONE_VERIFIED_JOB, further),
    )


def _differences(
    done: Mapping[str, Sequence[_Run]], more: str, less: str, count: int = 1
) -> Spread | None:
    """What one of `count` more takes, less the mean INIT where there is one."""
    pairs = zip(done.get(more, ()), done.get(less, ()), strict=False)
    found = [
        (one.sample.elapsed_s - other.sample.elapsed_s) / count
        - (statistics.mean(one.init_s) if one.init_s else 0)
        for one, other in pairs
    ]
    return Spread.of(found) if found else None


def _check_same(fresh: Path, other: Path) -> None:
    if not (fresh.exists() and other.exists()):
        return  # one has failed, and its row says so
    if fresh.read_bytes() != other.read_bytes():
        check_alike(fresh, other)
        raise BenchError(f"{other} holds what {fresh} does, but in other bytes.")


def _reason(error: BenchError) -> str:
    lines = [line.strip() for line in str(error).splitlines()[1:] if line.strip()]
    return lines[0][:_TAIL_CHARS] if lines else "it failed"
