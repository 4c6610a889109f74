from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

from pathlib import Path

import pytest

from poetry_plugin_package_function.errors import InterruptedBySignal
from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.interruption import held_back
from poetry_plugin_package_function.interruption import note_written
from poetry_plugin_package_function.interruption import scratch_directory
from poetry_plugin_package_function.interruption import stoppable


def test_a_signal_becomes_an_error() -> None:
    """SIGTERM unwinds the stack; the handlers are as before afterwards."""
    before = signal.getsignal(signal.SIGTERM)

    with pytest.raises(InterruptedBySignal, match="Stopped by SIGTERM"), stoppable():
        os.kill(os.getpid(), signal.SIGTERM)

    assert before is signal.getsignal(signal.SIGTERM)


def test_only_what_has_been_started_since_is_ended() -> None:
    """Whoever calls us may have processes of its own, which are not ours to end."""
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(sleep) as before:
        since: list[subprocess.Popen[bytes]] = []
        try:

            def start_and_stop() -> None:
                with stoppable():
                    since.append(subprocess.Popen(sleep))
                    os.kill(os.getpid(), signal.SIGTERM)

            with pytest.raises(InterruptedBySignal):
                start_and_stop()
            assert -signal.SIGTERM == since[0].wait(60)
            assert before.poll() is None
        finally:
            for process in (before, *since):
                process.kill()
                process.wait()


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


def test_what_fails_because_of_a_signal() -> None:
    """Somebody swallows it, and then misses the process that it has ended."""

    def fail() -> None:
        with stoppable():
            with contextlib.suppress(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(60)
            raise SourceError("The interpreter says nothing.")

    with pytest.raises(InterruptedBySignal, match="Stopped by SIGTERM"):
        fail()


def test_what_fails_without_a_signal() -> None:
    """It is what it is."""
    with pytest.raises(SourceError, match="says nothing"), stoppable():
        raise SourceError("The interpreter says nothing.")


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


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
)
def test_the_status_is_what_a_shell_makes_of_the_signal(
    number: signal.Signals, status: int
) -> None:
    """128 and the signal's number, as for a program that has no handler."""
    with pytest.raises(InterruptedBySignal) as raised, stoppable():
        os.kill(os.getpid(), number)

    assert status == raised.value.exit_status


def test_signals_wait_until_a_block_is_over() -> None:
    """What belongs together is done as a whole; the handlers are as before then."""
    done: list[object] = []

    def work() -> None:
        with stoppable():
            done.append(signal.getsignal(signal.SIGTERM))
            try:
                with held_back():
                    os.kill(os.getpid(), signal.SIGTERM)
                    done.append("all")
            finally:
                done.append(signal.getsignal(signal.SIGTERM))

    with pytest.raises(InterruptedBySignal, match="Stopped by SIGTERM"):
        work()

    before, what, after = done
    assert "all" == what
    assert before is after


@pytest.mark.parametrize("name", ["mkdir", "rmdir", "unlink"])
def test_no_signal_leaves_a_directory_behind(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one that comes while the directory is made, or while it is removed."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    system = getattr(os, name)

    def interrupted(*args: object, **kwargs: object) -> None:
        system(*args, **kwargs)
        signal.raise_signal(signal.SIGTERM)

    def work() -> None:
        with stoppable(), scratch_directory() as directory:
            for each in "ab":
                (directory / each).write_text("")

    monkeypatch.setattr(os, name, interrupted)
    with pytest.raises(InterruptedBySignal):
        work()
    assert [] == list(tmp_path.iterdir())


def test_what_had_been_written_is_told_once() -> None:
    """Each result is named once, and those of an earlier run are not."""
    with stoppable():
        note_written(Path("earlier.zip"))

    @stoppable()
    def work() -> None:
        for name in ("f.zip", "r.json", "f.zip"):
            note_written(Path(name))
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(InterruptedBySignal) as raised:
        work()

    assert (
        "Stopped by SIGINT; f.zip, r.json had been written before; what was not"
        " complete is as it was."
    ) == raised.value.reason
