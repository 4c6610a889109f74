"""What takes how much, and all else that is known: for a console that has room."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.megabytes import megabytes
from poetry_plugin_package_function.packaging.plan import NOBODYS
from poetry_plugin_package_function.report.counted import counted
from poetry_plugin_package_function.report.init import about
from poetry_plugin_package_function.report.table import Column
from poetry_plugin_package_function.report.table import Table


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry_plugin_package_function.packaging.plan import DistributionSize
    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.packaging.verify.event_call import Called
    from poetry_plugin_package_function.report.changes import Changes


_MOST: Final = 8
_SMALLEST_SHARE: Final = 0.01


def ranked(
    report: Report,
) -> tuple[list[DistributionSize], list[DistributionSize]]:
    """Sorts distributions by size: the largest, and the rest.

    Those that take less than a hundredth are not among the largest.
    """
    rows = sorted(
        report.distributions, key=lambda each: (-each.unzipped_bytes, each.name)
    )
    least_bytes = report.uncompressed_bytes * _SMALLEST_SHARE
    largest = [each for each in rows[:_MOST] if each.unzipped_bytes >= least_bytes]
    return largest, rows[len(largest) :]


def sizes(report: Report, *, all_of_them: bool) -> Table:
    """Makes a table of the largest distributions, or of all."""
    largest, rest = ranked(report)
    rows = [*largest, *rest] if all_of_them else largest
    whole = report.uncompressed_bytes or 1
    names = [each.name or NOBODYS for each in rows]
    unzipped = [megabytes(each.unzipped_bytes) for each in rows]
    zipped = [megabytes(each.zipped_bytes) for each in rows]
    shares = [f"{each.unzipped_bytes / whole:.1%}" for each in rows]
    # Of a flat result the summary says it, also if the table has a single row.
    is_apart = report.layer or any(each.nested for each in report.distributions)
    places = [place(each, report) if is_apart else "" for each in rows]
    users = [" > ".join(each.path[:-1]) for each in rows]
    return Table(
        (
            Column("distribution", names, is_needed=True),
            Column("unzipped", unzipped, is_number=True, is_needed=True),
            Column("zipped", zipped, is_number=True),
            Column("share", shares, is_number=True),
            Column("layout", places),
            Column("required by", users),
        )
    )


def place(distribution: DistributionSize, report: Report) -> str:
    """Says where the files of a distribution are."""
    if distribution.nested:
        return "nested"
    if report.layer:
        return "layer" if distribution.layer else "function"
    return "flat"


def details(report: Report, changes: Changes | None = None) -> Iterator[str]:
    """Says what only those want to know who ask for it.

    Args:
        report: What has been packaged.
        changes: What is different from a previous report: all files are named.
    """
    for unit in report.nested.units if report.nested else ():
        names = ", ".join(unit.names)
        if unit.tests:
            names = f"tests of {names}"
        elif unit.extension:
            names = f"{unit.extension} of {names}"
        when = ", when the function starts" if unit.at_init else ""
        yield f"Nested: {names}, {megabytes(unit.size_bytes)}{when}: {unit.why}"
    left = report.stripped.left if report.stripped else ()
    if left:
        yield f"Not stripped, as it would not be safe: {', '.join(left)}"
    yield from findings(report)
    yield from _handler(report)
    if report.passed_over:
        yield (
            "Not included, as it is hidden, ignored by Git, or kept there by tools:"
            f" {', '.join(report.passed_over)}"
        )
    skipped = report.bytecode.skipped if report.bytecode else ()
    if skipped:
        what = counted(len(skipped), "file does", "files do")
        yield f"{what} not compile: {', '.join(skipped)}"
    for name, what in changes.files.in_order() if changes else ():
        yield f"File {what}: {name}"


def _handler(report: Report) -> Iterator[str]:
    """Says what is known of the handler, and of what it may ask for."""
    init = report.verified.init if report.verified else None
    yield from (f"INIT: {about(each)}" for each in (init.statements if init else ()))
    if report.verified and report.verified.unused:
        yield f"Never imported: {', '.join(report.verified.unused)}"
    for asking in report.aws_services.askers if report.aws_services else ():
        yield (
            f"May ask for {asking.service}, which is left out: {asking.place}"
            f" of {asking.distribution or 'the project'}"
        )
    if report.verified and report.verified.event:
        yield from _event(report.verified.event)


def _event(called: Called) -> Iterator[str]:
    """Says what a handler has returned and written, as far as it is known."""
    if called.result:
        yield f"Result: {called.result}"
    yield from (f"Printed: {line}" for line in called.output.splitlines())


def findings(report: Report) -> Iterator[str]:
    """Says what the audit has let pass."""
    for each in report.findings:
        owner = each.distribution or NOBODYS
        yield f"Audit: {each.file} of {owner} {each.what}. {each.hint}"
