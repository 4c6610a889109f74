"""SHA-256 of what is written, beside the writing.

Hashing a large piece lets other threads run, so it costs no time where there are two
cores.
"""

from __future__ import annotations

import hashlib

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from typing import Final


if TYPE_CHECKING:
    from concurrent.futures import Future


_PENDING: Final = 8
"""Pieces that wait; who brings more of them waits, too."""


class Digest:
    """A SHA-256 that a thread of its own computes."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._pool = ThreadPoolExecutor(1, "digest")
        self._pending: deque[Future[None]] = deque()

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Adds a piece, which must not be changed afterwards."""
        while len(self._pending) >= _PENDING:
            self._pending.popleft().result()
        self._pending.append(self._pool.submit(self._sha256.update, data))

    def hexdigest(self) -> str:
        """Waits for the result: hexadecimal digits."""
        self._pool.shutdown()
        return self._sha256.hexdigest()
