"""SHA-256 of what is written, beside the writing.

Hashing a large piece lets other threads run, so it costs no time where there are two
cores.
"""

from __future__ import annotations

import hashlib

from queue import Queue
from threading import Thread
from typing import Final
from typing import TypeAlias


_Piece: TypeAlias = "bytes | bytearray | memoryview | None"

_PENDING: Final = 8
"""Pieces that wait; who brings more of them waits, too."""


class Digest:
    """A SHA-256 that a thread of its own computes."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._pieces: Queue[_Piece] = Queue(_PENDING)
        # Nobody waits for it when a signal ends the process: not even where the signal
        # comes while the thread is being started, so that no pool would know of it.
        self._thread = Thread(
            target=_work, args=(self._pieces, self._sha256), name="digest", daemon=True
        )
        self._thread.start()

    def __del__(self) -> None:
        """Lets the thread end if nobody has asked for the result."""
        self._pieces.put(None)

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Adds a piece, which must not be changed afterwards."""
        self._pieces.put(data)

    def hexdigest(self) -> str:
        """Waits for the result: hexadecimal digits."""
        self._pieces.put(None)
        self._thread.join()
        return self._sha256.hexdigest()


def _work(pieces: Queue[_Piece], sha256: hashlib._Hash) -> None:
    while (piece := pieces.get()) is not None:
        sha256.update(piece)
