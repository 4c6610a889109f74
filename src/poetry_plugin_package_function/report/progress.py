"""Shows how far a long phase has come, as often as the reader can use it."""

from __future__ import annotations

import time

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.megabytes import megabytes


if TYPE_CHECKING:
    from collections.abc import Callable


_TERMINAL_S: Final = 0.1
_LOG_S: Final = 5.0
"""Seconds between two messages."""

_WIDTH: Final = 24
_NARROWEST: Final = 8
_SAID: Final = 50
"""Characters of a bar, and of what is beside it."""


@dataclass
class Meter:
    """Throttles the progress of the packaging service to messages.

    Attributes:
        show: Shows one message.
        replaces: Whether a message takes the place of the one before it, as on a
            terminal: then they are many, and each has a bar. In a log they are few.
        columns: How wide the terminal is, if it is one.
    """

    show: Callable[[str], None]
    replaces: bool
    columns: int | None = None
    _last_s: float = field(default_factory=time.monotonic)
    _what: str = ""
    _files: int = 0
    _size_bytes: int = 0
    _done_files: int = 0
    _done_bytes: int = 0

    def begin(self, what: str, files: int, size_bytes: int) -> None:
        """See `packaging.progress.Progress`."""
        self._what, self._files, self._size_bytes = what, files, size_bytes
        self._done_files = self._done_bytes = 0

    def advance(self, files: int, size_bytes: int) -> None:
        """See `packaging.progress.Progress`."""
        self._done_files += files
        self._done_bytes += size_bytes
        now_s = time.monotonic()
        if now_s - self._last_s >= (_TERMINAL_S if self.replaces else _LOG_S):
            self._last_s = now_s
            share = self._done_bytes / self._size_bytes if self._size_bytes else 1
            size = f"{megabytes(self._done_bytes)} of {megabytes(self._size_bytes)}"
            if self.replaces:
                shown = f"{bar(share, self.columns)}{share:4.0%} {size}"
            else:
                shown = (
                    f"{share:4.0%} {self._done_files:,}/{self._files:,} files, {size}"
                )
            self.show(f"{self._what}: {shown}")


def bar(share: float, columns: int | None = None) -> str:
    """Draws how much of something is done, from 0 to 1, and a blank behind it.

    Where there is no room beside what is said, nothing is drawn.
    """
    width = _WIDTH if columns is None else min(_WIDTH, columns - _SAID)
    if width < _NARROWEST:
        return ""
    done = min(width, int(share * width))
    arrow = ">" if done < width else ""
    return f"[{('=' * done + arrow).ljust(width)}] "
