"""Runs modules of libraries in new processes, as from the task root."""

from __future__ import annotations

import os
import subprocess
import sys


def handler(event: object, context: object) -> dict[str, object]:
    return {
        "certifi": os.path.basename(_run("-m", "certifi")),
        "numpy.f2py": _run("-m", "numpy.f2py", "-v"),
        "imported": _run("-c", "import google.protobuf as it; print(it.__version__)"),
    }


def _run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=os.environ["LAMBDA_TASK_ROOT"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or done.stderr[-500:]
