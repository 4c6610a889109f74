"""Where functions are started: task roots, `/tmp`, cores; in memory if it is roomy."""

from __future__ import annotations

import os
import tempfile

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

from bench.errors import BenchError
from tests.lambda_runtime import remove_tree
from tests.lambda_runtime import unpack


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from typing import TypeAlias

    TaskRoots: TypeAlias = Mapping[str, Path]


_MEMORY: Final = "/dev/shm"
_NEEDED_BYTES: Final = 4 << 30  # HUGE's task roots and a /tmp take 3 GB


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
def unpacked(archives: Mapping[str, Path], place: Path | None) -> Iterator[TaskRoots]:
    """Unpacks archives as Lambda does; their directories are gone when the block ends.

    They can be started any number of times: nobody can write into them.

    Args:
        archives: By the names of their directories.
        place: A directory on the disk, or None: in memory if there is enough of it.

    Raises:
        UnpackError: An archive cannot stand in a task root.
    """
    with _reachable(place or memory()) as base:
        roots = {}
        for number, (name, archive) in enumerate(archives.items()):
            roots[name] = base / str(number)
            unpack(archive, roots[name])
        os.sync()  # nothing is to be written while somebody measures
        yield roots


@contextmanager
def empty_tmp() -> Iterator[Path]:
    """An empty `/tmp`, gone when the block ends."""
    with _reachable(memory()) as directory:
        yield directory


@contextmanager
def on_cores(number: int) -> Iterator[None]:
    """What is started in the block runs on so many cores.

    Raises:
        BenchError: There are fewer.
    """
    allowed = os.sched_getaffinity(0)
    if len(allowed) < number:
        raise BenchError(
            f"INIT is measured on {number} cores; here are {len(allowed)}. Leave it"
            " out: --only with the other parts."
        )
    os.sched_setaffinity(0, sorted(allowed)[-number:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


@contextmanager
def _reachable(parent: Path | str | None) -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="bench-", dir=parent))
    try:
        directory.chmod(0o755)  # the function's user has to get through
        yield directory
    finally:
        remove_tree(directory)
