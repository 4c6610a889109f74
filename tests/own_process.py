"""Python code in a process of its own, where it may change what is the process's."""

from __future__ import annotations

import subprocess
import sys


def outcome(code: str) -> tuple[int, str, str]:
    """Runs code; returns the exit status, the output and the errors."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr
