"""Cold starts as tables, and whether they are what they have to be."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from bench.cold_start import CONDITIONS
from bench.cold_start import USUAL_CONDITION
from bench.cold_start import Case
from bench.environments import TREES
from bench.handlers import EVERYTHING
from bench.handlers import FLAT_ONLY
from bench.handlers import NOTHING
from bench.handlers import USUAL
from bench.markdown import mark
from bench.markdown import spread
from bench.markdown import table
from bench.packaging_cost import REFERENCE_TOOL
from bench.variants import COMPILED
from bench.variants import PLAIN
from bench.variants import PROFILED
from bench.variants import UNLIMITED


if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.cold_start import ColdStarts


_MB: Final = 1_000_000
_ENDS: Final = (REFERENCE_TOOL, COMPILED, UNLIMITED)
_COMPARED: Final = ("Times as fast", "Times the flat one")
_GROWTH: Final = ("MEDIUM", "LARGE", "HUGE")
_IMPORTED: Final = {
    EVERYTHING: "all large libraries",
    FLAT_ONLY: "a small library",
    NOTHING: "no library",
}


class _Mark(NamedTuple):
    """INIT of an archive, in the usual condition, against another one's."""

    tree: str
    handler: str
    against: str
    ratio: float
    archive: str = COMPILED


_MARKS: Final = (
    _Mark("LARGE", EVERYTHING, REFERENCE_TOOL, 0.3),
    _Mark("LARGE", EVERYTHING, UNLIMITED, 2.2),
    _Mark("LARGE", USUAL, REFERENCE_TOOL, 0.2),
    _Mark("LARGE", NOTHING, REFERENCE_TOOL, 0.05),
    _Mark("LARGE", FLAT_ONLY, UNLIMITED, 1.15),
    _Mark("MEDIUM", EVERYTHING, REFERENCE_TOOL, 0.2),
    _Mark("SMALL", USUAL, PLAIN, 0.4),
    _Mark("LARGE", USUAL, UNLIMITED, 1.05, PROFILED),
    _Mark("LARGE", EVERYTHING, UNLIMITED, 1.2, PROFILED),
    _Mark("LARGE", NOTHING, UNLIMITED, 1.0, PROFILED),
    _Mark("HUGE", EVERYTHING, UNLIMITED, 1.4, PROFILED),
    _Mark("HUGE", USUAL, UNLIMITED, 1.1, PROFILED),
)
_TMP_MARKED: Final = ("MEDIUM", EVERYTHING, REFERENCE_TOOL)
_TMP_RATIO: Final = 0.1


def cold_start_table(measured: ColdStarts) -> str:
    """All that is started on two cores, with its files in the page cache."""
    return table(
        (
            *("Tree", "Handler imports", "Packaged by", "INIT, s", *_COMPARED),
            *("CPU, s", "In /tmp, MB", "Peak memory, MB"),
        ),
        (
            (
                case.tree,
                _imported(case.tree, case.handler),
                case.archive,
                spread(init.elapsed_s, 2),
                *_compared(measured, case),
                spread(init.cpu_s, 2),
                spread(init.tmp_bytes, 0, unit=_MB),
                spread(init.peak_bytes, 0, unit=_MB) if init.peak_bytes else "",
            )
            for case, init in measured.inits.items()
            if case.condition == USUAL_CONDITION
        ),
    )


def cold_start_marks(measured: ColdStarts) -> str:
    """The times against the marks, and what is written to `/tmp`."""
    return "".join(_marks(measured))


def _marks(measured: ColdStarts) -> Iterator[str]:
    for tree, handler, against, most, archive in _MARKS:
        own, other = (
            measured.inits[Case(tree, handler, each, USUAL_CONDITION)]
            for each in (archive, against)
        )
        what = f"{tree}, {_imported(tree, handler)}, {archive}:"
        ratio = own.elapsed_s.median / other.elapsed_s.median
        yield mark(
            f"{what} {ratio:.3f} times the INIT of {against}, at most {most:g}",
            met=ratio <= most,
        )
        if (tree, handler, against) == _TMP_MARKED:
            ratio = own.tmp_bytes.median / other.tmp_bytes.median
            yield mark(
                f"{what} {ratio:.3f} times the bytes in /tmp of {against}, at most"
                f" {_TMP_RATIO:g}",
                met=ratio <= _TMP_RATIO,
            )


def conditions_table(measured: ColdStarts) -> str:
    """What is started under each condition: INIT by cores and page cache."""
    handlers = dict.fromkeys(
        (case.tree, case.handler)
        for case in measured.inits
        if case.condition != USUAL_CONDITION
    )
    return table(
        ("Tree", "Handler imports", "Cores", "In the page cache", *_ENDS, *_COMPARED),
        (
            (
                tree,
                _imported(tree, handler),
                str(condition.cores),
                "all files" if condition.is_warm else "nothing",
                *_ends(measured, Case(tree, handler, COMPILED, condition)),
            )
            for tree, handler in handlers
            for condition in CONDITIONS
        ),
    )


def init_growth_table(measured: ColdStarts) -> str:
    """INIT of all large libraries, by the size of the tree."""
    return table(
        ("Tree", "MB", *_ENDS, *_COMPARED),
        (
            (
                tree,
                f"{measured.sizes_bytes[tree] / _MB:,.0f}",
                *_ends(measured, Case(tree, EVERYTHING, COMPILED, USUAL_CONDITION)),
            )
            for tree in _GROWTH
        ),
    )


def _ends(measured: ColdStarts, own: Case) -> tuple[str, ...]:
    inits = (measured.inits[own._replace(archive=archive)] for archive in _ENDS)
    return (
        *(spread(init.elapsed_s, 2) for init in inits),
        *_compared(measured, own),
    )


def _compared(measured: ColdStarts, case: Case) -> tuple[str, str]:
    """How it stands against both ends, where they have been started."""
    own_s = measured.inits[case].elapsed_s.median
    reference = measured.inits.get(case._replace(archive=REFERENCE_TOOL))
    flat = measured.inits.get(case._replace(archive=UNLIMITED))
    return (
        f"{reference.elapsed_s.median / own_s:.1f}" if reference else "",
        f"{own_s / flat.elapsed_s.median:.2f}" if flat else "",
    )


def _imported(tree: str, handler: str) -> str:
    return _IMPORTED.get(handler) or TREES[tree].handler_imports
