"""The page that shows the figures, and its plot: the prose stays, they are replaced."""

from __future__ import annotations

import os
import tempfile

from contextlib import suppress
from typing import TYPE_CHECKING
from typing import Final

from bench.errors import BenchError


if TYPE_CHECKING:
    from pathlib import Path


BEGIN: Final = "<!-- bench:begin -->"
END: Final = "<!-- bench:end -->"


def write_figures(page: Path, figures: str) -> None:
    """Replaces what is between the two markers.

    Raises:
        BenchError: There is no such page, or not one of each marker in it.
    """
    try:
        text = page.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BenchError(f"There is no {page} to write the figures into.") from None
    replace_text(page, with_figures(text, figures))


def with_figures(text: str, figures: str) -> str:
    """A page's text with these figures between its markers."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end) or text.count(BEGIN) + text.count(END) != 2:
        raise BenchError(f"The page needs one {BEGIN} and, below it, one {END}.")
    return f"{before}{BEGIN}\n\n{figures.strip()}\n\n{END}{after}"


def replace_text(page: Path, text: str) -> None:
    """Writes a file anew, whole or not at all."""
    descriptor, temporary = tempfile.mkstemp(dir=page.parent, prefix=f".{page.name}.")
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, page.stat().st_mode & 0o777 if page.exists() else 0o644)
        os.replace(temporary, page)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
