"""Shows how far a long phase has come, as often as the reader can use it."""

from __future__ import annotations

import time

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Final


if TYPE_CHECKING:
    from collections.abc import Callable


_TERMINAL_S: Final = 0.1
_LOG_S: Final = 5.0
"""Seconds between two messages."""

_WIDTH: Final = 24


@dataclass
class Meter:
    """Throttles the progress of the packaging service to messages.

    Attributes:
        show: Shows one message.
        replaces: Whether a message takes the place of the one before it, as on a
            terminal: then they are many, and each has a bar. In a log they are few.
    """

    show: Callable[[str], None]
    replaces: bool
    _last_s: float = field(default_factory=time.monotonic)
    _what: str = ""
    _files: int = 0
    _size_bytes: int = 0
    _done_files: int = 0
    _done_bytes: int = 0

    def begin(self, what: str, files: int, size_bytes: int) -> None:
        """See `packaging.service.Progress`."""
        self._what, self._files, self._size_bytes = what, files, size_bytes
        self._done_files = self._done_bytes = 0

    def advance(self, files: int, size_bytes: int) -> None:
        """See `packaging.service.Progress`."""
        self._done_files += files
        self._done_bytes += size_bytes
        now_s = time.monotonic()
        if now_s - self._last_s >= (_TERMINAL_S if self.replaces else _LOG_S):
            self._last_s = now_s
            share = self._done_bytes / self._size_bytes if self._size_bytes else 1
            drawn = f"{bar(share)} " if self.replaces else ""
            self.show(
                f"{self._what}: {drawn}{share:4.0%}"
                f" {self._done_files:,}/{self._files:,} files,"
                f" {self._done_bytes / 1e6:,.1f}/{self._size_bytes / 1e6:,.1f} MB"
            )


def bar(share: float) -> str:
    """Draws how much of something is done, from 0 to 1."""
    done = min(_WIDTH, int(share * _WIDTH))
    arrow = ">" if done < _WIDTH else ""
    return f"[{('=' * done + arrow).ljust(_WIDTH)}]"
