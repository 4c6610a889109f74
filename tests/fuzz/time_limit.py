"""An end to what would be endless."""

from __future__ import annotations

import signal

from contextlib import contextmanager
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


class TookTooLongError(BaseException):
    """Not an Exception: nothing that is tried can take it for one of its own."""


@contextmanager
def time_limit(limit_s: int) -> Iterator[None]:
    """Ends what takes too long; works in the main thread only."""

    def end(number: int, frame: FrameType | None) -> None:
        raise TookTooLongError(f"more than {limit_s} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(limit_s)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
