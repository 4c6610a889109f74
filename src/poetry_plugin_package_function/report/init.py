"""Where INIT goes, in lines and a table: which distributions take it, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.listing import listed
from poetry_plugin_package_function.megabytes import megabytes
from poetry_plugin_package_function.packaging.plan import NOBODYS
from poetry_plugin_package_function.report.counted import counted
from poetry_plugin_package_function.report.table import Column
from poetry_plugin_package_function.report.table import Table


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.packaging.verify.init import Cost
    from poetry_plugin_package_function.packaging.verify.init import Init
    from poetry_plugin_package_function.packaging.verify.init import Statement


PYTHONS: Final = "(Python, runtime)"
"""Whose a module is that is not in the archive."""

_MOST: Final = 8
_SMALLEST_SHARE: Final = 0.01
_MOST_STATEMENTS: Final = 3
_STATEMENTS_SHARE: Final = 0.05


def duration(seconds: float) -> str:
    """Writes a time for people: milliseconds below a second."""
    if round(seconds, 3) < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:,.2f} s"


def owner(name: str | None) -> str:
    """Writes whose something is that INIT has taken."""
    return PYTHONS if name is None else name or NOBODYS


def ranked_costs(init: Init) -> tuple[list[Cost], list[Cost]]:
    """Takes the distributions apart that take most of INIT, and the rest.

    What takes less than a hundredth, with what it imports, is among the rest.
    """
    least_s = init.total_s * _SMALLEST_SHARE
    found = init.distributions
    largest = [each for each in found if each.cumulative_s >= least_s][:_MOST]
    return largest, [each for each in found if each not in largest]


def init_table(report: Report, *, all_of_them: bool) -> Table:
    """Makes a table of the distributions that take most of INIT, or of all."""
    init = report.verified.init if report.verified else None
    if init is None:
        return Table()
    largest, rest = ranked_costs(init)
    return table_of([*largest, *rest] if all_of_them else largest)


def table_of(rows: Sequence[Cost]) -> Table:
    """Makes a table of what distributions take of INIT."""
    return Table(
        (
            Column("INIT of", [owner(each.name) for each in rows], is_needed=True),
            Column(
                "own",
                [duration(each.own_s) for each in rows],
                is_number=True,
                is_needed=True,
            ),
            Column(
                "in all", [duration(each.cumulative_s) for each in rows], is_number=True
            ),
            Column(
                "memory", [_size(each.memory_bytes) for each in rows], is_number=True
            ),
            Column("read", [_size(each.read_bytes) for each in rows], is_number=True),
            Column(
                "extracted",
                [_size(each.extracted_bytes) for each in rows],
                is_number=True,
            ),
            Column("by", [each.line for each in rows]),
        )
    )


def _size(size_bytes: int) -> str:
    return megabytes(size_bytes) if size_bytes > 0 else ""


def init_lines(init: Init, *, nested: bool) -> Iterator[str]:
    """Says what INIT comes to, and the project's lines that take most of it."""
    yield phases(init, nested=nested)
    for each in largest_statements(init):
        yield about(each)


def largest_statements(init: Init) -> list[Statement]:
    """Finds the lines of the project that take most of INIT, if any takes much."""
    least_s = init.total_s * _STATEMENTS_SHARE
    shown = init.statements[:_MOST_STATEMENTS]
    return [each for each in shown if each.cumulative_s >= least_s]


def phases(init: Init, *, nested: bool) -> str:
    """Says what INIT comes to, told apart.

    Args:
        init: Where it goes.
        nested: Whether the result is nested, so that there is a loader.
    """
    parts = [
        (init.start_s, "interpreter and client"),
        (init.loader_s, "loader and extraction" if nested else ".pth files"),
        (init.imports_s, "imports"),
    ]
    text = ", ".join(f"{duration(taken)} {what}" for taken, what in _lasting(parts))
    elsewhere = len(init.elsewhere)
    if elsewhere:
        text += f"; {counted(elsewhere, 'module')} imported in other threads meanwhile"
    if init.runs > 1:
        text += f"; the median of {init.runs} runs"
    if init.empty_s:
        times = init.total_s / init.empty_s
        text += f"; {times:.1f} times an empty handler's {duration(init.empty_s)}"
    return text


def _lasting(parts: Iterable[tuple[float, str]]) -> Iterator[tuple[float, str]]:
    return ((taken, what) for taken, what in parts if round(taken, 3) > 0)


def about(statement: Statement) -> str:
    """Says what a line of the project imports, and how long that takes."""
    names = listed(statement.modules, _MOST_STATEMENTS)
    taken = duration(statement.cumulative_s)
    return f"{statement.line} imports {names}, {taken}"
