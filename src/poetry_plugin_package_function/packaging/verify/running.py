"""A process that is gone when a block ends, whatever ends that."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from subprocess import Popen


@contextmanager
def running(
    start: Callable[[], Popen[bytes]], end: Callable[[Popen[bytes]], None]
) -> Iterator[Popen[bytes]]:
    """Runs a process, and waits for it when the block ends.

    A signal makes an exception in the main thread, between any two steps of it, and
    what has just been started would be forgotten. So another thread starts the process.

    Args:
        start: Starts it; what it raises is raised here.
        end: Makes it end, if the block is left by an exception.
    """
    started: list[Popen[bytes]] = []
    try:
        with ThreadPoolExecutor(1) as pool:
            # A pool that is interrupted while it starts its thread forgets the thread:
            # so it has one before there is a process to forget.
            pool.submit(int).result()
            pool.submit(lambda: started.append(start())).result()
        yield started[0]
    except BaseException:
        for process in started:
            end(process)
        raise
    finally:
        try:
            _reap(started)
        finally:
            _reap(started)  # the signal may have come in the middle of that


def _reap(processes: Iterable[Popen[bytes]]) -> None:
    for process in processes:
        with process:  # closes its pipes and waits for it
            pass
