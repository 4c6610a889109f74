"""The output of the bundle plugin and Poetry's installer, parsed as it is written."""

from __future__ import annotations

import re
import threading

from typing import TYPE_CHECKING
from typing import Final
from typing import Protocol

from cleo.formatters.formatter import Formatter
from cleo.formatters.style import Style
from cleo.io.inputs.string_input import StringInput
from cleo.io.io import IO
from cleo.io.outputs.output import Output


if TYPE_CHECKING:
    from pathlib import Path


class Listener(Protocol):
    """Is called with what Poetry does."""

    def phase(self, text: str) -> None:
        """A new phase begins."""
        ...

    def operation(self, text: str, number: int, total: int) -> None:
        """An installation begins; called in whatever thread does it."""
        ...

    def installed(self, size_bytes: int) -> None:
        """So many bytes more have been installed; called in whatever thread did it."""
        ...

    def warning(self, text: str) -> None:
        """Poetry warns of something."""
        ...


_STYLES: Final = ("c1", "c2", "c1_dark", "c2_dark", "warning", "debug", "success")
"""Poetry's, beside cleo's own: a style that is not known stays in the text as a tag."""

_OPERATION: Final = re.compile(
    r"\s*- (?P<text>(?:Installing|Updating|Downgrading|Removing) .*)"
)
_TOTAL: Final = re.compile(
    r"Package operations: (\d+) installs?, (\d+) updates?, (\d+) removals?"
)
# The project's own wheel is not the bundle plugin's to install: see `build`.
_PHASE: Final = re.compile(r"\s*• Bundling .*?: (?P<text>(?!Skipping ).+)")
_DETERMINED: Final = "Poetry-determined Python"
_KNOWN: Final = re.compile(
    r"\s*(• (Bundling|Bundled) .*|Installing dependencies from lock file"
    r"|No dependencies to install or update)?"
)


class PoetryOutput(IO):
    """An IO that calls a listener with what is written to it.

    The bundle plugin gives the installer an IO that shows nothing, unless its own is in
    debug mode: so this one says that it is.
    """

    def __init__(self, listener: Listener, python: Path | None = None) -> None:
        """Makes one that has no input.

        Args:
            listener: Is called.
            python: The interpreter that is taken, if that is known already.
        """
        self._lines = _Lines(listener, python)
        super().__init__(StringInput(""), self._lines, _Lines(listener, errors=True))

    def is_debug(self) -> bool:
        """Says yes, so that all is written."""
        return True

    def unrecognized(self) -> list[str]:
        """Returns what was neither a phase nor an operation: the errors' lines."""
        return "\n".join(self._lines.unrecognized).strip().expandtabs().splitlines()


class _Lines(Output):
    """Sorts lines; Poetry's installer writes from several threads."""

    def __init__(
        self, listener: Listener, python: Path | None = None, *, errors: bool = False
    ) -> None:
        super().__init__(formatter=Formatter(styles=dict.fromkeys(_STYLES, Style())))
        self.unrecognized: list[str] = []
        self._listener = listener
        self._python = f"Python {python}" if python else _DETERMINED
        self._errors = errors
        self._begun = ""
        self._number = 0
        self._total = 0
        self._lock = threading.Lock()

    def supports_utf8(self) -> bool:
        return True

    def _write(self, message: str, new_line: bool = False) -> None:
        with self._lock:
            *lines, self._begun = (
                self._begun + message + ("\n" if new_line else "")
            ).split("\n")
            for line in lines:
                self._sort(line)

    def _sort(self, line: str) -> None:
        if self._errors:
            if line.strip():
                self._listener.warning(line.strip())
        elif match := _OPERATION.fullmatch(line):
            self._number += 1
            self._listener.operation(match["text"], self._number, self._total)
        elif match := _TOTAL.match(line):
            self._number, self._total = 0, sum(map(int, match.groups()))
        elif match := _PHASE.fullmatch(line):
            self._listener.phase(match["text"].replace(_DETERMINED, self._python))
        elif not _KNOWN.fullmatch(line):
            self.unrecognized.append(line)
