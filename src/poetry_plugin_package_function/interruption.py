"""Stopping in good order: signals that ask for it become an error like any other."""

from __future__ import annotations

import contextlib
import os
import signal
import threading

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from poetry_plugin_package_function.errors import InterruptedBySignal
from poetry_plugin_package_function.host import STOPPING


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from collections.abc import Set
    from types import FrameType


_written: Final[list[Path]] = []
"""Results of the run, which like its signals is the process's."""


@contextmanager
def stoppable() -> Iterator[Callable[[], None]]:
    """Unwinds the stack when the process is asked to stop, so that all is cleaned up.

    Poetry's installer swallows KeyboardInterrupt and returns a status instead, so the
    context gives a function that raises again if a signal has come. What fails after a
    signal fails because of it: processes that were at work have been ended.

    Raises:
        InterruptedBySignal: One of the signals has come. Those that come later are
            ignored: they would only interrupt the cleaning up.
    """
    received: list[int] = []
    _written.clear()
    # What was there before is not ours to end: whoever calls us may have started it.
    others = frozenset(_children(os.getpid()))

    def stop(number: int, _frame: object) -> None:
        received.append(number)
        if len(received) == 1:
            _pass_on(number, others)
            raise KeyboardInterrupt

    def check() -> None:
        if received:
            raise KeyboardInterrupt

    with _handled_by(stop):
        try:
            yield check
        except (KeyboardInterrupt, Exception) as error:
            if not received and not isinstance(error, KeyboardInterrupt):
                raise
            number = received[0] if received else signal.SIGINT
            name = signal.Signals(number).name
            known = ", ".join(map(str, dict.fromkeys(_written)))
            before = f"{known} had been written before; " if known else ""
            raise InterruptedBySignal(
                f"Stopped by {name}; {before}what was not complete is as it was.",
                number,
            ) from None


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Gives signals another handler, but those that are ignored: `nohup` wants that.

    Only the main thread can; others do without.
    """
    before: dict[signal.Signals, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():
            for number in STOPPING:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    before[number] = signal.signal(number, handler)
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def note_written(path: Path) -> None:
    """Lets an interruption from now on say that a result is at its place.

    To be called with signals held back, together with what puts it there.
    """
    _written.append(path)


@contextmanager
def held_back() -> Iterator[None]:
    """Lets signals wait until the block is over, for steps that belong together.

    A mask of the thread's would not do: another thread would take the signal, and
    Python tell the main one.
    """
    received: list[int] = []
    try:
        with _handled_by(lambda number, _: received.append(number)):
            yield
    finally:
        for number in received:
            signal.raise_signal(number)


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """Makes an empty directory, and removes it; no signal leaves it behind."""
    directory = None
    try:
        with held_back():
            directory = TemporaryDirectory(
                prefix="package-function-", ignore_cleanup_errors=True
            )
        yield Path(directory.name)
    finally:
        with held_back():
            if directory is not None:
                directory.cleanup()


def _pass_on(number: int, others: Set[int]) -> None:
    """Ends what Poetry has started, as Ctrl-C in a terminal does.

    Poetry would wait for the end of a dependency's build, which takes what it takes.
    Where the system does not say which processes are ours, it does wait. Others in
    our process group, such as the next in a pipe, are not ours to end.
    """
    for child in _descendants(os.getpid(), others):
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, number)


def _descendants(process: int, others: Set[int]) -> list[int]:
    """Lists children and theirs, but for some with all theirs."""
    children = [each for each in _children(process) if each not in others]
    return children + [
        each for child in children for each in _descendants(child, others)
    ]


def _children(process: int) -> list[int]:
    """Lists children. Source: proc(5), /proc/PID/task/TID/children."""
    children: list[int] = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{process}/task"):
            with open(f"/proc/{process}/task/{task}/children") as file:
                children += map(int, file.read().split())
    return children
