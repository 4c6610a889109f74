"""Runs one command and prints what it took: `launcher.py COMMAND [ARGUMENT...]`.

The last line of its output is: exit status, seconds by the clock, seconds of CPU (user
and system, children included), peak resident memory in KiB.

Linux counts in a process's peak what the process was before exec: a copy of the one
that has started it. So this is a script of its own, smaller than any it measures.
"""

from __future__ import annotations

import os
import sys
import time


def main(command: list[str]) -> None:
    """Runs the command and waits for it."""
    started_s = time.perf_counter()
    process = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(process, 0)
    elapsed_s = time.perf_counter() - started_s
    print()  # the command may have left its last line without an end
    print(
        os.waitstatus_to_exitcode(status),
        elapsed_s,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
