from __future__ import annotations

import os
import signal
import threading

import pytest

from poetry_plugin_package_function.errors import InterruptedBySignal
from poetry_plugin_package_function.interruption import stoppable


def test_a_signal_becomes_an_error() -> None:
    """SIGTERM unwinds the stack; the handlers are as before afterwards."""
    before = signal.getsignal(signal.SIGTERM)

    with pytest.raises(InterruptedBySignal, match="Stopped by SIGTERM"), stoppable():
        os.kill(os.getpid(), signal.SIGTERM)

    assert before is signal.getsignal(signal.SIGTERM)


def test_a_signal_that_was_swallowed() -> None:
    """Poetry's installer turns KeyboardInterrupt into a status: it is raised again."""

    def swallow() -> None:
        with stoppable() as check:
            try:
                os.kill(os.getpid(), signal.SIGINT)
            except KeyboardInterrupt:
                os.kill(os.getpid(), signal.SIGINT)  # later ones are ignored
            check()

    with pytest.raises(InterruptedBySignal, match="Stopped by SIGINT"):
        swallow()


def test_nothing_has_happened() -> None:
    """Without a signal the check does nothing."""
    with stoppable() as check:
        check()


def test_signals_that_are_ignored_stay_so() -> None:
    """`nohup` wants SIGHUP to do nothing."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stoppable():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_in_another_thread() -> None:
    """Only the main thread may set handlers; others do without."""
    raised: list[BaseException] = []

    def work() -> None:
        try:
            with stoppable():
                raise KeyboardInterrupt
        except InterruptedBySignal as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert ["Stopped by SIGINT; what was not complete is as it was."] == [
        str(error) for error in raised
    ]
