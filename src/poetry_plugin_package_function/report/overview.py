"""What is about all of a run, at its end: a table of functions, and what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_plugin_package_function.megabytes import megabytes
from poetry_plugin_package_function.packaging.result import Kind
from poetry_plugin_package_function.report.next_steps import next_steps
from poetry_plugin_package_function.report.table import Column
from poetry_plugin_package_function.report.table import Table


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.report.outcome import Outcome


def ending(outcomes: Sequence[Outcome], columns: int | None) -> Iterator[str]:
    """Says what is about all of a run.

    Args:
        outcomes: What has been packaged, in order.
        columns: How many there are; None to break nothing.
    """
    table = overview(outcomes).lines(columns)
    yield from table
    steps = next_steps(outcomes)
    if steps:
        # What is said of a function ends with an empty line.
        if table or outcomes[-1].report.function is None:
            yield ""
        yield "Next:"
    for step in steps:
        yield from step.lines(columns)


def overview(outcomes: Sequence[Outcome]) -> Table:
    """Makes a row for each function, if there are several.

    Args:
        outcomes: What has been packaged, in order.
    """
    if len(outcomes) == 1:
        return Table()
    reports = [each.report for each in outcomes]
    names = [each.function or each.distribution_name for each in reports]
    unzipped = [megabytes(each.unzipped_bytes) for each in reports]
    zipped = [megabytes(each.output_bytes) for each in reports]
    warnings = [str(len(each.warnings) or "") for each in outcomes]
    return Table(
        (
            Column("function", names, is_needed=True),
            Column("unzipped", unzipped, is_number=True, is_needed=True),
            Column("zipped", zipped, is_number=True),
            Column("INIT", [*map(_init, reports)], is_number=True),
            Column("warnings", warnings, is_number=True),
            Column("layout", [*map(_layout, reports)]),
        )
    )


def _init(report: Report) -> str:
    verified = report.verified
    if verified is None or verified.init_s is None:
        return ""
    return f"{verified.init_s:.2f} s"


def _layout(report: Report) -> str:
    if report.kind is Kind.LAYER:
        return "layer"
    return f"{report.layout} and a layer" if report.layer else str(report.layout)
