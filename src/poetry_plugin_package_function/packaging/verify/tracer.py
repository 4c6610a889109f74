"""Traces imports in the process that verifies: when each began, ended, and who asked.

The verifier compiles it under the name of importlib's own file, so that Python cuts its
frames off tracebacks, and `warnings` passes over them. It is shipped as data, and uses
the standard library only, of Python 3.10 or later, and of that nothing that Lambda's
client has not imported before the handler.

An import statement looks `_find_and_load` up in `_frozen_importlib` when the module is
not in `sys.modules` (`import_find_and_load` in Python/import.c), and
`importlib.import_module` takes it there as a global. So what is put in its place sees
each import, as `-X importtime` does, and those of `importlib.import_module` as well.
"""

from __future__ import annotations

import os
import sys
import time

from _thread import get_ident


TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


IMPORTLIB = "<frozen importlib"
"""How the names of importlib's own files begin."""

STATM = "/proc/self/statm"
"""What is resident, in pages, is its second number. Source: proc_pid_statm(5)."""

MOST_FRAMES = 40
"""What lies between two imports is a line or two; recursion may be without end."""


class Trace:
    """What has been imported, in the order in which that began.

    Nothing here is locked: a list takes what is appended whole, and each thread has
    what it is importing under a key of its own. Whoever switches stacks within a
    thread, as greenlets do, gets odd times and no error.
    """

    def __init__(self) -> None:
        """Begins to listen to imports."""
        self._records: list[list[Any]] = []
        self._current: dict[int, list[Any] | None] = {}
        self._main = get_ident()
        self._memory = resident_memory()
        self._install(sys.modules["_frozen_importlib"])

    def _install(self, bootstrap: Any) -> None:
        find_and_load = bootstrap._find_and_load
        begin, end = self._begin, self._end
        modules = sys.modules

        def _find_and_load(name: Any, import_: Any) -> Any:
            record = None
            if modules.get(name) is None:
                record = begin(name, sys._getframe(1))
            try:
                module = find_and_load(name, import_)
            except BaseException as error:
                without_first(error)
                if record is not None:
                    end(record, failed=True)
                raise
            if record is not None:
                end(record)
            return module

        _find_and_load.__qualname__ = "_find_and_load"
        bootstrap._find_and_load = _find_and_load

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Makes a function whose calls are traced as those of no module."""
        begin, end = self._begin, self._end

        def call(*arguments: Any) -> Any:
            record = begin("", sys._getframe(1))
            try:
                found = function(*arguments)
            except BaseException as error:
                without_first(error)
                end(record, failed=True)
                raise
            end(record)
            return found

        return call

    def _begin(self, name: str, frame: Any) -> list[Any]:
        thread = get_ident()
        parent = self._current.get(thread)
        frames = frames_of(frame)
        before, began = self._memory(), time.monotonic()
        record = [parent, thread, name, frames, None, False, 0, before, began]
        self._current[thread] = record
        self._records.append(record)
        return record

    def _end(self, record: list[Any], *, failed: bool = False) -> None:
        now = time.monotonic()
        record[4] = now - record[8]
        record[5] = failed
        record[6] = self._memory() - record[7]
        self._current[record[1]] = record[0]

    def rows(self) -> list[list[Any]]:
        """Lists what has been imported until now, to be written as JSON.

        Returns:
            For each import: the number of the one that it is a part of, or -1; whether
            it is the main thread's; the module's name, "" for another call that was
            traced; its file, "" if it has none or is gone; files and lines that asked
            for it, the innermost first, in turn; how long it took, in seconds, or has
            until now; whether it failed; by how many bytes the resident memory has
            grown meanwhile, 0 if it has not ended.
        """
        now = time.monotonic()
        records = self._records[:]
        numbers = {id(each): number for number, each in enumerate(records)}
        rows = []
        for record in records:
            parent, thread, name, frames, elapsed_s, failed, memory_bytes, *_ = record
            rows.append(
                [
                    -1 if parent is None else numbers[id(parent)],
                    thread == self._main,
                    str(name),
                    file_of(name),
                    frames,
                    now - record[-1] if elapsed_s is None else elapsed_s,
                    failed,
                    memory_bytes,
                ]
            )
        return rows


def without_first(error: BaseException) -> None:
    """Takes the frame that it came through last off an exception's traceback.

    `raise` without an exception adds none. Until Python 3.10 it takes the traceback as
    it was, so there the frame stays, as one of importlib's.
    """
    if error.__traceback__ is not None:
        error.__traceback__ = error.__traceback__.tb_next


def frames_of(frame: Any) -> list[Any]:
    """Lists files and lines, in turn, from an import out to the one around it."""
    found: list[Any] = []
    while frame is not None and len(found) < 2 * MOST_FRAMES:
        file = frame.f_code.co_filename
        if file.startswith(IMPORTLIB):
            if found:
                break
        elif not file.endswith("/importlib/__init__.py"):
            found += (file, frame.f_lineno)
        frame = frame.f_back
    return found


def file_of(name: str) -> str:
    """The file of a module that is there; it is not asked, which could import more."""
    try:
        module = sys.modules[name]
        file = object.__getattribute__(module, "__dict__").get("__file__")
    except Exception:
        return ""
    return file if isinstance(file, str) else ""


def resident_memory() -> Callable[[], int]:
    """Makes what says how many bytes are resident: 0 where that is not known.

    The file stays open, as to open it takes longer than to read it, and each opening
    is an event that the verifier listens to. The user's code may close what it does
    not know: then nothing grows any more.
    """
    try:
        statm = os.open(STATM, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return lambda: 0
    pread, page_bytes = os.pread, os.sysconf("SC_PAGE_SIZE")
    last_bytes = 0

    def resident() -> int:
        nonlocal last_bytes
        try:  # noqa: SIM105 - the client has not imported contextlib
            last_bytes = int(pread(statm, 64, 0).split()[1]) * page_bytes
        except (OSError, ValueError, IndexError):
            pass
        return last_bytes

    return resident
