# mypy: disable-error-code="import-not-found, import-untyped"
"""Runs modules of imported libraries in new processes that are given the path."""

from __future__ import annotations

import os
import subprocess
import sys

import certifi
import google.protobuf
import numpy


def handler(event: object, context: object) -> dict[str, object]:
    return {
        "here": [each.__name__ for each in (certifi, google.protobuf, numpy)],
        "certifi": os.path.basename(_run("-m", "certifi")),
        "numpy.f2py": _run("-m", "numpy.f2py", "-v"),
        "imported": _run("-c", "import google.protobuf as it; print(it.__version__)"),
    }


def _run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or done.stderr[-500:]
