"""Python looks for cycles rarely, and still finds them."""

from __future__ import annotations

import subprocess
import sys


COLLECTED_PY = """\
import gc
import weakref
from poetry_plugin_package_function.garbage import collect_rarely

class Cycle:
    def __init__(self):
        self.itself = self

def collections():
    return sum(each["collections"] for each in gc.get_stats())

collect_rarely()
before = collections()
kept = [[] for _ in range(90_000)]
print(collections() - before)
gone = weakref.ref(Cycle())
kept += [[] for _ in range(200_000)]
print(gone() is None)
"""


def test_a_run_is_hardly_searched() -> None:
    """Not once for ninety thousand objects; what is garbage goes all the same.

    In a process of its own: it is a setting of the whole process.
    """
    done = subprocess.run(
        [sys.executable, "-c", COLLECTED_PY],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (0, "0\nTrue\n", "") == (done.returncode, done.stdout, done.stderr)
