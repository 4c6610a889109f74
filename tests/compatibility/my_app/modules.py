"""Modules of libraries, run in new processes."""

from __future__ import annotations

import os
import subprocess
import sys

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Mapping


def answers(
    *, cwd: str | None = None, env: Mapping[str, str] | None = None
) -> dict[str, object]:
    """What they say when they are started from there, or with these variables."""

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=cwd,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.strip() or done.stderr[-500:]

    return {
        "certifi": os.path.basename(run("-m", "certifi")),
        "numpy.f2py": run("-m", "numpy.f2py", "-v"),
        "imported": run("-c", "import google.protobuf as it; print(it.__version__)"),
    }
