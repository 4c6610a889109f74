"""Where a function sees its layers: at `/opt`, in a mount namespace of its own.

Only root may mount. Where it may not, or where the interpreter itself is below `/opt`,
the function sees its layers where they are, which only absolute paths in code notice.
"""

from __future__ import annotations

import os
import shutil
import subprocess

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lambda_runtime.lambda_user import Launch
from tests.lambda_runtime.lambda_user import with_setpriv


if TYPE_CHECKING:
    from collections.abc import Iterable


OPT = Path("/opt")
_MOUNT_SH = 'mount --bind "$1" /opt && shift && exec "$@"'


def place_of(layers_root: Path, needed: Iterable[Path]) -> Path:
    """Where a function will see its layers."""
    hidden = any(OPT in each.resolve().parents for each in needed)
    return layers_root.resolve() if hidden or not can_mount() else OPT


def mounted(start: Launch, layers_root: Path) -> Launch:
    """How to start a command that sees a directory as `/opt`."""
    command = (*_mounting(layers_root), *with_setpriv(start))
    return Launch(command, uid=None, gid=None, groups=None)


@cache
def can_mount() -> bool:
    """Whether this process may have a mount namespace, and what is needed is there."""
    tools = ("unshare", "mount", "setpriv")
    if os.geteuid() != 0 or not OPT.is_dir() or not all(map(shutil.which, tools)):
        return False
    probe = (*_mounting(Path("/usr")), "test", "-d", "/opt/bin")
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def _mounting(directory: Path) -> tuple[str, ...]:
    unshare = ("unshare", "--mount", "--propagation", "private", "--")
    return (*unshare, "/bin/sh", "-c", _MOUNT_SH, "sh", str(directory.resolve()))
