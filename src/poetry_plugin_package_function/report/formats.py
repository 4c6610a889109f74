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
    from collections.abc import Mapping
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
    how: Format, told: Mapping[Path, Outcome | None], streams: Streams
) -> Iterator[None]:
    """Prints what has been packaged when the block ends, also if something has failed.

    After an interruption nothing is printed: that nobody reads may be the reason of it.

    Args:
        how: Text is told on the way, so nothing is left to print.
        told: What there is to print, in this order; filled by the block.
        streams: Where it goes.

    Raises:
        LostReportError: All went well, and standard output has not taken the report.
    """
    try:
        yield
    except Exception:
        streams.print(_printed(how, [*filter(None, told.values())]))
        raise
    streams.print(_printed(how, [*filter(None, told.values())]))
    if how is not Format.TEXT:
        streams.check_printed()


def _printed(how: Format, outcomes: Sequence[Outcome]) -> bytes:
    """Writes what goes to standard output.

    Of functions that have names JSON is an array, even if it is one of them: a reader
    need not know how many were asked for.
    """
    if how is Format.TEXT or not outcomes:
        return b""
    if how is Format.MARKDOWN:
        pages = (
            as_markdown(each.report, each.changes, [one.text for one in each.warnings])
            for each in outcomes
        )
        return "\n".join(pages).encode(errors="replace")
    reports = [(each.report, each.changes) for each in outcomes]
    if reports[0][0].function is None:
        return as_json(*reports[0])
    return as_json_array(reports)
