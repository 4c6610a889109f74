"""Whole jobs as tables, and whether they are what they have to be."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final

from bench.jobs import CHECK_JOB
from bench.jobs import EMPTY_JOB
from bench.jobs import FIRST_SEEN_JOB
from bench.jobs import FRESH_JOB
from bench.jobs import REFERENCE_JOB
from bench.jobs import START_JOB
from bench.jobs import UV_JOB
from bench.jobs import UV_ZIP_JOB
from bench.markdown import mark
from bench.markdown import spread
from bench.markdown import table
from bench.tables import MARKED_TREE


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping

    from bench.spread import Spread
    from bench.whole_job import Jobs


_MB: Final = 1_000_000
_POETRYS: Final = (START_JOB, CHECK_JOB, EMPTY_JOB)

TIMES_AS_FAST: Final[Mapping[str, float]] = {REFERENCE_JOB: 14, UV_ZIP_JOB: 10}
"""How many times as long these take as a run, at least."""

UV_TIMES: Final = 4
FIRST_SEEN_TIMES: Final = 1.8
TEMPORARY_SHARE: Final = 0.05
PEAK_BYTES: Final = 280 * _MB
VERIFICATION_S: Final[Mapping[str, float]] = {"SMALL": 0.5, MARKED_TREE: 1}
FUNCTION_S: Final = 0.8
VERIFIED_FUNCTION_S: Final = 0.5


def job_table(measured: Iterable[Jobs]) -> str:
    """Each way to an archive; the ratio is to the reference."""
    return table(
        (
            *("From the lock file of", "Command", "Time, s", "Times as fast", "CPU, s"),
            *("Peak memory, MB", "Written, MB", "Result, bytes"),
        ),
        (row for jobs in measured for row in _rows(jobs)),
    )


def _rows(jobs: Jobs) -> Iterator[tuple[str, ...]]:
    for cost in jobs.costs.values():
        if cost.name not in _POETRYS:
            faster = jobs.ratio(REFERENCE_JOB, cost.name)
            yield (
                jobs.tree,
                cost.name,
                spread(cost.elapsed_s, 2),
                "" if faster is None or cost.output_bytes is None else f"{faster:.1f}",
                spread(cost.cpu_s, 2),
                spread(cost.peak_bytes, 0, unit=_MB),
                spread(cost.written_bytes, 0, unit=_MB),
                "" if cost.output_bytes is None else f"{cost.output_bytes:,}",
            )
    for name, reason in jobs.failed.items():
        yield (jobs.tree, name, f"failed: {reason}", "", "", "", "", "")


def extra_table(measured: Iterable[Jobs]) -> str:
    """What verification and further functions take."""
    return table(
        ("From the lock file of", "What", "Time, s"),
        (
            (jobs.tree, what, spread(found, 2))
            for jobs in measured
            for what, found, _ in _extras(jobs)
            if found is not None
        ),
    )


def _extras(jobs: Jobs) -> Iterator[tuple[str, Spread | None, float | None]]:
    """What, how long, and the mark."""
    extra = jobs.extra
    marked = jobs.tree == MARKED_TREE
    yield (
        "`--handler` adds, less the INIT that it measures",
        extra.verification,
        VERIFICATION_S.get(jobs.tree),
    )
    yield (
        "each further function of one environment",
        extra.function,
        FUNCTION_S if marked else None,
    )
    yield (
        "each further function with `--handler`, less its INIT",
        extra.verified_function,
        VERIFIED_FUNCTION_S if marked else None,
    )


def poetry_table(jobs: Jobs) -> str:
    """What Poetry takes for itself, and its share of a run."""
    return table(
        (f"Poetry's own, {jobs.tree}", "Time, s", f"Share of {FRESH_JOB}"),
        (
            (name, spread(cost.elapsed_s, 2), _percent(jobs.ratio(name, FRESH_JOB)))
            for name in _POETRYS
            if (cost := jobs.costs.get(name))
        ),
    )


def job_marks(measured: Iterable[Jobs]) -> str:
    """Held against the marks, if it is a tree that they are for."""
    return "".join(
        line
        for jobs in measured
        for line in (
            *(_whole_marks(jobs) if jobs.tree == MARKED_TREE else ()),
            *_extra_marks(jobs),
        )
    )


def _whole_marks(jobs: Jobs) -> Iterator[str]:
    run = jobs.costs.get(FRESH_JOB)
    for name, least in TIMES_AS_FAST.items():
        ratio = jobs.ratio(name, FRESH_JOB)
        shown = "not measured" if ratio is None else f"{ratio:.1f} times as fast"
        yield mark(
            f"{jobs.tree}, {FRESH_JOB}: {shown} as {name}, at least {least:g}",
            met=ratio is not None and ratio >= least,
        )
    for what, ratio, most in (
        (f"{FRESH_JOB} against {UV_JOB}", jobs.ratio(FRESH_JOB, UV_JOB), UV_TIMES),
        (FIRST_SEEN_JOB, jobs.ratio(FIRST_SEEN_JOB, FRESH_JOB), FIRST_SEEN_TIMES),
    ):
        shown = "not measured" if ratio is None else f"{ratio:.2f} times as long"
        yield mark(
            f"{jobs.tree}, {what}: {shown}, at most {most:g}",
            met=ratio is not None and ratio <= most,
        )
    share = _temporary_share(jobs)
    yield mark(
        f"{jobs.tree}, {FRESH_JOB}: {_percent(share) or 'not measured'} of the tree"
        f" written beside the result, at most {TEMPORARY_SHARE:.0%}",
        met=share is not None and share <= TEMPORARY_SHARE,
    )
    peak = run.peak_bytes.median if run else None
    shown = "not measured" if peak is None else f"{peak / _MB:.0f} MB of memory"
    yield mark(
        f"{jobs.tree}, {FRESH_JOB}: {shown}, at most {PEAK_BYTES / _MB:.0f}",
        met=peak is not None and peak <= PEAK_BYTES,
    )


def _extra_marks(jobs: Jobs) -> Iterator[str]:
    for what, found, most in _extras(jobs):
        if most is not None:
            shown = "not measured" if found is None else f"{found.median:.2f} s"
            yield mark(
                f"{jobs.tree}, {what}: {shown}, at most {most:g}",
                met=found is not None and found.median <= most,
            )


def _temporary_share(jobs: Jobs) -> float | None:
    run = jobs.costs.get(FRESH_JOB)
    if run is None or run.output_bytes is None or not jobs.tree_bytes:
        return None
    return (run.written_bytes.median - run.output_bytes) / jobs.tree_bytes


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"
