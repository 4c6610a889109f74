"""Which package index pip uses here: Poetry is told to use the same."""

from __future__ import annotations

import os
import subprocess
import sys


def index_url() -> str:
    """The simple index that pip is configured for, else pip's own default."""
    return (
        os.environ.get("PIP_INDEX_URL")
        or _python("-m", "pip", "config", "get", "global.index-url")
        or _python(
            "-c", "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
        )
    )


def _python(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()
