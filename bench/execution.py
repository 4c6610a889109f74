"""Where trees are written and functions started: memory, if there is enough of it."""

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


def memory() -> str | None:
    """Finds a roomy file system in memory that programs may be run from.

    Where there is none, it is the usual temporary directory. A disk's share is large,
    and depends on what was done before: ext4 passes over each inode that was freed in
    the last minutes, so 9,000 files took 0.5 s to write, and 10 s after other trees had
    been removed.
    """
    try:
        status = os.statvfs(_MEMORY)
    except OSError:
        return None
    is_executable = not status.f_flag & os.ST_NOEXEC  # native libraries are mapped
    is_roomy = status.f_bavail * status.f_frsize >= _NEEDED_BYTES
    is_usable = is_executable and is_roomy and os.access(_MEMORY, os.W_OK)
    return _MEMORY if is_usable else None


@contextmanager
def fresh_workspace() -> Iterator[Workspace]:
    """A task root (not made yet) and an empty `/tmp`, gone when the block ends."""
    base = Path(tempfile.mkdtemp(prefix="bench-", dir=memory()))
    try:
        base.chmod(0o755)  # the function's user has to get through
        tmp_dir = base / "tmp"
        tmp_dir.mkdir()
        yield Workspace(task_root=base / "task", tmp_dir=tmp_dir)
    finally:
        remove_tree(base)
