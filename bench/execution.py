"""Where an archive is unpacked and started: memory, if there is enough of it."""

from __future__ import annotations

import os
import tempfile

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

from tests.lambda_runtime import Workspace
from tests.lambda_runtime import remove_tree


if TYPE_CHECKING:
    from collections.abc import Iterator


_MEMORY: Final = "/dev/shm"
_NEEDED_BYTES: Final = 2 << 30  # a task root and a /tmp, and as much again


def is_in_memory() -> bool:
    """Whether there is a roomy file system in memory that programs may be run from.

    Where there is none, it is the usual temporary directory. A disk's share of INIT is
    large and says nothing of Lambda's: on one ext4 system, 9,000 files took .8 s to
    write, and 6 s once its free space was in pieces.
    """
    try:
        status = os.statvfs(_MEMORY)
    except OSError:
        return False
    is_executable = not status.f_flag & os.ST_NOEXEC  # native libraries are mapped
    is_roomy = status.f_bavail * status.f_frsize >= _NEEDED_BYTES
    return is_executable and is_roomy and os.access(_MEMORY, os.W_OK)


@contextmanager
def fresh_workspace() -> Iterator[Workspace]:
    """A task root (not made yet) and an empty `/tmp`, gone when the block ends."""
    parent = _MEMORY if is_in_memory() else None
    base = Path(tempfile.mkdtemp(prefix="bench-", dir=parent))
    try:
        base.chmod(0o755)  # the function's user has to get through
        tmp_dir = base / "tmp"
        tmp_dir.mkdir()
        yield Workspace(task_root=base / "task", tmp_dir=tmp_dir)
    finally:
        remove_tree(base)
