"""How wide a terminal is, and text made to fit: no line of ours wraps."""

from __future__ import annotations

import os
import re
import textwrap

from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.escaping import printable


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO


USUAL_COLUMNS: Final = 80
"""What is drawn for where there is no terminal: files, pipes, logs."""

_WITH_UNIT: Final = re.compile(r"(?<=\d) (?=(?:[KMG]B|s)\b)")
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"
"""Between a number and its unit, until lines are broken: printable text has none."""

_HANGING: Final = 2
_FEWEST: Final = 20
"""In fewer columns text is not wrapped any more."""


def columns_of(stream: TextIO) -> int | None:
    """Finds out how wide a terminal is; None if the stream is none.

    Whoever reads a file or a pipe gets each message as one line, to be searched.
    """
    try:
        if not stream.isatty():
            return None
        columns = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return None
    said = os.environ.get("COLUMNS", "")
    return int(said) if said.isdecimal() and int(said) else columns or USUAL_COLUMNS


def fitted(
    line: str, columns: int | None, *, first: str = "", others: str | None = None
) -> Iterator[str]:
    """Breaks a line between words, and makes each piece fit to be shown.

    Words stay whole, and so do paths and digests, which can be copied, and numbers with
    their units.

    Args:
        line: What is to be shown, without any markup.
        columns: How many there are; None to break nothing.
        first: What the first piece begins with: it is not in the line.
        others: What the other pieces begin with: as a rule two blanks more than the
            line has.
    """
    text = printable(line)
    if columns is None or len(first) + len(text) <= columns:
        yield first + text
        return
    indent = text[: len(text) - len(text.lstrip())]
    if others is None:
        others = f"{' ' * len(first)}{indent}{' ' * _HANGING}"
    pieces = textwrap.wrap(
        _WITH_UNIT.sub(_NO_BREAK, text.lstrip()),
        max(columns, len(others) + _FEWEST),
        initial_indent=first + indent,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )
    # A piece may begin with what only the beginning of a line makes a command.
    yield from (printable(each.replace(_NO_BREAK, " ")) for each in pieces)


def cut(line: str, columns: int | None) -> str:
    """Shortens a line that is about to be overwritten in any case."""
    text = printable(line)
    if columns is None or len(text) <= columns:
        return text
    return f"{text[: columns - 1]}…"


def shown_path(path: Path) -> str:
    """Shortens a path that is below the current directory."""
    try:
        relative = os.path.relpath(path)
    except ValueError:  # it is on another drive
        return str(path)
    return str(path) if relative.startswith("..") else relative
