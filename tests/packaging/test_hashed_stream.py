"""A stream that is written and hashed beside who makes what is written."""

from __future__ import annotations

import errno
import hashlib
import io
import threading
import time

import pytest

from poetry_plugin_package_function.packaging.archive.hashed_stream import HashedStream
from tests.own_process import outcome


PIECES = [bytes([number]) * number * 999 for number in range(64)]
INTERRUPTED = """\
import io
import threading
from poetry_plugin_package_function.packaging.archive.hashed_stream import HashedStream

def start(thread, start=threading.Thread.start):
    start(thread)
    raise KeyboardInterrupt

threading.Thread.start = start
try:
    HashedStream(io.BytesIO())
except KeyboardInterrupt:
    print("stopped")
"""


class Full(io.BytesIO):
    """A disk with room for a few bytes."""

    def write(self, data: object, /) -> int:
        if self.tell() > 100_000:
            raise OSError(errno.ENOSPC, "no room")
        return super().write(data)  # type: ignore[arg-type]


class Slow(io.BytesIO):
    """A disk that takes its time."""

    def write(self, data: object, /) -> int:
        time.sleep(0.05)
        return super().write(data)  # type: ignore[arg-type]


def test_all_pieces_in_their_order() -> None:
    stream = io.BytesIO()
    hashed = HashedStream(stream)
    for piece in PIECES:
        hashed.write(memoryview(piece))

    everything = b"".join(PIECES)
    assert hashlib.sha256(everything).hexdigest() == hashed.hexdigest()
    assert everything == stream.getvalue()


def test_what_is_there_already() -> None:
    """It is hashed in its turn, and not written once more."""
    stream = io.BytesIO()
    hashed = HashedStream(stream)
    hashed.write(b"one")
    hashed.wait()
    stream.write(b"two")
    hashed.hash(b"two")
    hashed.write(b"three")

    assert hashlib.sha256(b"onetwothree").hexdigest() == hashed.hexdigest()
    assert b"onetwothree" == stream.getvalue()


def test_what_is_hashed_later() -> None:
    """As an archive in another one is, whose header comes first."""
    stream = io.BytesIO()
    hashed = HashedStream(stream)
    hashed.write_only(b"two")
    hashed.hash(b"one")
    hashed.hash(b"two")

    assert hashlib.sha256(b"onetwo").hexdigest() == hashed.hexdigest()
    assert b"two" == stream.getvalue()


def test_whoever_waits_finds_all_of_it() -> None:
    stream = Slow()
    hashed = HashedStream(stream)
    hashed.write(b"one")
    hashed.write(b"two")
    hashed.wait()

    assert b"onetwo" == stream.getvalue()


def write_much(hashed: HashedStream) -> None:
    for _ in range(1000):
        hashed.write(bytes(50_000))


@pytest.mark.parametrize("asked", ["write", "wait", "hexdigest"])
def test_a_full_disk(asked: str) -> None:
    """Whoever asks next is told, each time; nothing waits for what is not written."""
    hashed = HashedStream(Full())
    with pytest.raises(OSError, match="no room"):
        write_much(hashed)
    calls = {
        "write": lambda: hashed.write(b"more"),
        "wait": hashed.wait,
        "hexdigest": hashed.hexdigest,
    }
    with pytest.raises(OSError, match="no room"):
        calls[asked]()
    hashed._thread.join(10)
    assert not hashed._thread.is_alive()


def test_after_the_end() -> None:
    """Nothing can be added, and nobody waits for ever."""
    hashed = HashedStream(io.BytesIO())
    digest = hashed.hexdigest()

    with pytest.raises(ValueError, match="ended"):
        hashed.write(b"more")
    hashed.wait()
    assert digest == hashed.hexdigest()


def test_given_up_with_all_that_may_wait() -> None:
    """What has not been written is not, and no thread is left."""
    stream = Slow()
    hashed = HashedStream(stream)
    for _ in range(9):
        hashed.write(b"piece")
    thread = hashed._thread
    del hashed
    thread.join(10)

    assert not thread.is_alive()
    assert len(stream.getvalue()) < len(b"piece") * 9


def test_nobody_asks_for_the_result() -> None:
    """Then no thread is left."""
    hashed = HashedStream(io.BytesIO())
    hashed.write(b"piece")
    thread = hashed._thread
    del hashed
    thread.join(10)

    assert not thread.is_alive()
    assert thread not in threading.enumerate()


def test_a_signal_while_the_thread_is_being_started() -> None:
    """The process ends all the same."""
    assert (0, "stopped\n", "") == outcome(INTERRUPTED)
