"""A digest beside the writing."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading

from poetry_plugin_package_function.packaging.archive.digest import Digest


_INTERRUPTED = """\
import threading
from poetry_plugin_package_function.packaging.archive.digest import Digest

def start(thread, start=threading.Thread.start):
    start(thread)
    raise KeyboardInterrupt

threading.Thread.start = start
try:
    Digest()
except KeyboardInterrupt:
    print("stopped")
"""


def test_all_pieces_in_their_order() -> None:
    digest = Digest()
    pieces = [bytes([number]) * number * 999 for number in range(64)]
    for piece in pieces:
        digest.update(memoryview(piece))

    assert hashlib.sha256(b"".join(pieces)).hexdigest() == digest.hexdigest()


def test_nobody_asks_for_the_result() -> None:
    """Then no thread is left."""
    digest = Digest()
    digest.update(b"piece")
    thread = digest._thread
    del digest
    thread.join(10)

    assert not thread.is_alive()
    assert thread not in threading.enumerate()


def test_a_signal_while_the_thread_is_being_started() -> None:
    """The process ends all the same."""
    done = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (0, "stopped\n", "") == (done.returncode, done.stdout, done.stderr)
