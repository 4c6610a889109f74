"""Directories in memory: disks take much longer, and differ too much."""

from __future__ import annotations

import os
import tempfile

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lambda_runtime.task_root import remove_tree


if TYPE_CHECKING:
    from collections.abc import Iterator


_MEMORY = "/dev/shm"
_NEEDED_BYTES = 4 << 30  # large functions run at a time, or have large task roots


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
def reachable(parent: Path | str | None) -> Iterator[Path]:
    """A new directory that the function's user gets to, gone when the block ends."""
    directory = Path(tempfile.mkdtemp(prefix="lambda-", dir=parent)).resolve()
    try:
        directory.chmod(0o755)
        yield directory
    finally:
        remove_tree(directory)


@contextmanager
def empty_tmp() -> Iterator[Path]:
    """An empty `/tmp`, in memory if there is enough of it; gone when the block ends."""
    with reachable(memory()) as directory:
        yield directory
