"""What is printed for programs and pages, in place of text for people."""

from __future__ import annotations

from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING

from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.report.json_report import as_json
from poetry_plugin_package_function.report.json_report import as_json_array
from poetry_plugin_package_function.report.markdown import as_markdown


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence
    from pathlib import Path

    from poetry_plugin_package_function.report.outcome import Outcome
    from poetry_plugin_package_function.standard_streams import Streams


class Format(StrEnum):
    """How a result is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


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
    output_format: Format, order: Sequence[Path], streams: Streams
) -> Iterator[list[Outcome]]:
    """Prints what has been packaged when the block ends, also if something has failed.

    The block fills the list. After an interruption nothing is printed: that nobody
    reads may be the reason of it.

    Args:
        output_format: Text is shown on the way, so nothing is left to print.
        order: The places of the archives, in the order in which they are printed.
        streams: Where it goes.

    Raises:
        LostReportError: All went well, and standard output has not taken the report.
    """
    found: list[Outcome] = []

    def by_order(each: Outcome) -> int:
        return order.index(each.report.output_file)

    try:
        yield found
    except Exception:
        streams.print(_printed(output_format, sorted(found, key=by_order)))
        raise
    streams.print(_printed(output_format, sorted(found, key=by_order)))
    if output_format is not Format.TEXT:
        streams.check_printed()


def _printed(output_format: Format, outcomes: Sequence[Outcome]) -> bytes:
    """Writes what goes to standard output.

    Of functions that have names JSON is an array, even if it is one of them: a reader
    need not know how many were asked for.
    """
    if output_format is Format.TEXT or not outcomes:
        return b""
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
