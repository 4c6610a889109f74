"""What is shown of finished packages: text for people, or a document for programs."""

from __future__ import annotations

from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.report.json_report import as_json
from poetry_plugin_package_function.report.json_report import as_json_array
from poetry_plugin_package_function.report.markdown import as_markdown
from poetry_plugin_package_function.report.table import Table
from poetry_plugin_package_function.report.warned import Severity


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.report.changes import Changes
    from poetry_plugin_package_function.report.summary import Line
    from poetry_plugin_package_function.report.warned import Warned
    from poetry_plugin_package_function.settings import Settings
    from poetry_plugin_package_function.standard_streams import Streams


NO_TABLE: Final = Table()


class Format(StrEnum):
    """How a result is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


class Outcome(NamedTuple):
    """What is shown, as lines without any markup; who shows them makes them printable.

    Attributes:
        report: What it is about.
        changes: What is different from the previous report.
        summary: What was made.
        sizes: A table of the largest distributions, or of all.
        details: What only those want to know who ask for it.
        warnings: What is to be known before it is deployed, and how grave it is.
        is_declared: Whether a template has the function: with that it is deployed,
            under a name that only the deployment knows.
        init: A table of the distributions that take most of INIT, or of all.
    """

    report: Report
    changes: Changes | None
    summary: Sequence[Line]
    sizes: Table
    details: Sequence[str]
    warnings: Sequence[Warned]
    is_declared: bool = False
    init: Table = NO_TABLE

    def warning_lines(self, *, quiet: bool) -> list[str]:
        """Writes the warnings for a console, with the function that they are about.

        Args:
            quiet: Whether only those are wanted that mean that it will not work.
        """
        function = self.report.function
        about = f"{function}: " if function is not None else ""
        return [
            f"Warning: {about}{each.text}"
            for each in self.warnings
            if not quiet or each.severity is Severity.DEFECT
        ]


def read_format(text: str | None) -> Format:
    """Reads how a result is to be printed: as text, unless something is asked for.

    Raises:
        ConfigError: There is no such format.
    """
    try:
        return Format(text or Format.TEXT)
    except ValueError:
        known = ", ".join(Format)
        problem = f"--format: expected one of {known}, got {text!r}."
        raise ConfigError([problem]) from None


@contextmanager
def printing(
    output_format: Format, functions: Sequence[Settings], streams: Streams
) -> Iterator[list[Outcome]]:
    """Prints what has been packaged when the block ends, also if something has failed.

    The block fills the list. After an interruption nothing is printed: that nobody
    reads may be the reason of it.

    Args:
        output_format: Text is shown on the way, so nothing is left to print.
        functions: What was asked for, in the order in which it is printed.
        streams: Where it goes.

    Raises:
        LostReportError: All went well, and standard output has not taken the report.
    """
    found: list[Outcome] = []
    try:
        yield found
    except Exception:
        streams.print(_printed(output_format, functions, found))
        raise
    streams.print(_printed(output_format, functions, found))
    if output_format is not Format.TEXT:
        dry_run = any(each.dry_run for each in functions)
        streams.check_printed(has_files=not dry_run)


def _printed(
    output_format: Format, functions: Sequence[Settings], found: Sequence[Outcome]
) -> bytes:
    """Writes what goes to standard output.

    Of functions that have names JSON is an array, even if it is one of them: a reader
    need not know how many were asked for.
    """
    if output_format is Format.TEXT or not found:
        return b""
    by_place = {each.report.output_file: each for each in found}
    outcomes = [*filter(None, (by_place.get(each.output) for each in functions))]
    if output_format is Format.MARKDOWN:
        pages = (
            as_markdown(each.report, each.changes, [one.text for one in each.warnings])
            for each in outcomes
        )
        return "\n".join(pages).encode(errors="replace")
    reports = [(each.report, each.changes) for each in outcomes]
    if reports[0][0].function is None:
        return as_json(*reports[0])
    return as_json_array(reports)
