"""Tells how far packaging has come, as often as the reader can use it."""

from __future__ import annotations

import time

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Final


if TYPE_CHECKING:
    from collections.abc import Callable


TERMINAL_S: Final = 0.1
PIPE_S: Final = 5.0
"""Seconds between two messages: where one replaces the other, and in a log."""


@dataclass
class Meter:
    """Throttles the progress of the packaging service to messages.

    Attributes:
        show: Shows one message.
        every_s: Seconds that pass between two of them.
    """

    show: Callable[[str], None]
    every_s: float
    _last_s: float = field(default_factory=time.monotonic)

    def __call__(self, done_bytes: int, total_bytes: int) -> None:
        """Takes the progress; see `packaging.service.Progress`."""
        now_s = time.monotonic()
        if now_s - self._last_s >= self.every_s:
            self._last_s = now_s
            share = done_bytes / total_bytes if total_bytes else 1
            self.show(f"{share:.0%} of {total_bytes:,} bytes")
