"""A stream that is written and hashed by a thread of its own.

To write a large piece, and to hash it, lets other threads run: where there are two
cores, it costs whoever makes the pieces no time.
"""

from __future__ import annotations

import hashlib

from contextlib import suppress
from queue import Full
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING
from typing import BinaryIO
from typing import Final
from typing import NamedTuple


if TYPE_CHECKING:
    from typing import TypeAlias

    Data: TypeAlias = bytes | bytearray | memoryview


_PENDING: Final = 8
"""Pieces that wait; who brings more of them waits, too."""


class _Piece(NamedTuple):
    """What is written, unless it is there already, and hashed, unless that is later."""

    data: Data
    is_written: bool = True
    is_hashed: bool = True


class HashedStream:
    """Writes on a stream; computes the SHA-256 of it."""

    def __init__(self, stream: BinaryIO) -> None:
        """Starts the thread.

        Args:
            stream: Nobody else may use it but after `wait` and before the next `write`.
        """
        self._has_ended = False
        self._state = _State(stream)
        # Nobody waits for it when a signal ends the process: not even where the signal
        # comes while the thread is being started, so that no pool would know of it.
        self._thread = Thread(target=self._state.work, name="write", daemon=True)
        self._thread.start()

    def __del__(self) -> None:
        """Lets the thread end if nobody has asked for the result."""
        self._state.is_given_up = True
        with suppress(Full):  # this may be that thread
            self._state.pieces.put_nowait(None)

    def write(self, data: Data) -> None:
        """Adds a piece, which must not be changed afterwards.

        Raises:
            OSError: One before it could not be written.
            ValueError: `hexdigest` has been called.
        """
        self._put(_Piece(data))

    def write_only(self, data: Data) -> None:
        """Writes a piece as `write` does; `hash` comes later, or never."""
        self._put(_Piece(data, is_hashed=False))

    def hash(self, data: Data) -> None:
        """Adds a piece that is in the stream already; raises what `write` does."""
        self._put(_Piece(data, is_written=False))

    def wait(self) -> None:
        """Waits until all has been written.

        Raises:
            OSError: It could not be.
        """
        self._state.pieces.join()
        self._check()

    def hexdigest(self) -> str:
        """Waits for the result, the last: hexadecimal digits.

        Raises:
            OSError: Not all could be written.
        """
        self._end()
        self._thread.join()
        self._check()
        return self._state.sha256.hexdigest()

    def _put(self, piece: _Piece) -> None:
        self._check()
        if self._has_ended:
            raise ValueError("it has been ended")
        self._state.pieces.put(piece)

    def _check(self) -> None:
        """Raises what the thread could not, and lets that end."""
        if self._state.failure is not None:
            self._end()
            raise self._state.failure

    def _end(self) -> None:
        if not self._has_ended:
            self._has_ended = True
            self._state.pieces.put(None)


class _State:
    """What the thread has: it must not keep the object that is given up.

    Attributes:
        pieces: What is to be done; None at the end.
        sha256: Of what has been done.
        failure: What has been raised meanwhile; what comes after it is thrown away.
        is_given_up: Whether nobody wants any of it.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.pieces: Queue[_Piece | None] = Queue(_PENDING)
        self.sha256 = hashlib.sha256()
        self.failure: BaseException | None = None
        self.is_given_up = False
        self._stream = stream

    def work(self) -> None:
        """Writes and hashes one piece after the other, until it is to end."""
        piece = self.pieces.get()
        while piece is not None and not self.is_given_up:
            if self.failure is None:
                try:
                    self._add(piece)
                except BaseException as failure:
                    self.failure = failure
            self.pieces.task_done()
            piece = self.pieces.get()
        self.pieces.task_done()

    def _add(self, piece: _Piece) -> None:
        if piece.is_written:
            self._stream.write(piece.data)
        if piece.is_hashed:
            self.sha256.update(piece.data)
