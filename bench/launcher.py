"""Runs one command and prints what it took: `launcher.py COMMAND [ARGUMENT...]`.

The last line of its output is: exit status, seconds by the clock, seconds of CPU (user
and system, children included), peak resident memory in KiB, bytes written. A process
that starts others is looked at every few milliseconds, and their memory is added to its
own.

Bytes are those of all calls that write, whatever file system, pipe or terminal they go
to (`wchar` in proc_pid_io(5)): the kernel adds those of a process to its parent's, as
it is waited for. What is written through a mapping is not among them.

Linux counts in a process's peak what the process was before exec: a copy of the one
that has started it. So this is a script of its own, smaller than any it measures.
"""

from __future__ import annotations

import os
import sys
import threading
import time


_PAUSE_S = 0.02


def main(command: list[str]) -> None:
    """Runs the command and waits for it."""
    written_before = _written_bytes()
    started_s = time.perf_counter()
    process = os.posix_spawn(command[0], command, os.environ)
    ended = threading.Event()
    together_kib = [0]
    watch = threading.Thread(target=_watch, args=(process, ended, together_kib))
    watch.start()
    _, status, usage = os.wait4(process, 0)
    elapsed_s = time.perf_counter() - started_s
    ended.set()
    watch.join()
    written_bytes = _written_bytes() - written_before
    print()  # the command may have left its last line without an end
    print(
        os.waitstatus_to_exitcode(status),
        elapsed_s,
        usage.ru_utime + usage.ru_stime,
        max(usage.ru_maxrss, *together_kib),
        written_bytes,
    )


def _written_bytes() -> int:
    """What this process and those it has waited for have written, and theirs."""
    with open("/proc/self/io") as file:
        fields = dict(line.split(": ") for line in file)
    return int(fields["wchar"])


def _watch(process: int, ended: threading.Event, together_kib: list[int]) -> None:
    page_kib = os.sysconf("SC_PAGE_SIZE") // 1024
    while not ended.wait(_PAUSE_S):
        pages = _resident_pages(process, alone=True)
        together_kib[0] = max(together_kib[0], pages * page_kib)


def _resident_pages(process: int, *, alone: bool = False) -> int:
    """Adds up a process and those that it has started; 0 if it started none."""
    try:
        with open(f"/proc/{process}/task/{process}/children") as file:
            children = [int(each) for each in file.read().split()]
        if alone and not children:
            return 0  # the kernel knows its peak better
        with open(f"/proc/{process}/statm") as file:
            own = int(file.read().split()[1])
    except (OSError, IndexError):  # it has ended, or this is not Linux
        return 0
    return own + sum(map(_resident_pages, children))


if __name__ == "__main__":
    main(sys.argv[1:])
