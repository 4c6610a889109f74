"""The files of a directory in the page cache: all of them, or none.

What the cache holds of directories and inodes is not touched.
"""

from __future__ import annotations

import ctypes
import mmap
import os

from typing import TYPE_CHECKING
from typing import Final

from bench.errors import BenchError


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


_RESIDENT: Final = 0.01
"""What may remain: a page may be in use by somebody else just then."""
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


def fill(directory: Path) -> None:
    """Reads all files."""
    buffers = [bytearray(1 << 20)]
    for path in _files(directory):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            while os.readv(descriptor, buffers):
                pass
        finally:
            os.close(descriptor)


def drop(directory: Path) -> None:
    """Drops the files' pages. What has been written has to be on the disk already.

    Raises:
        BenchError: They are still there, as in a file system that is in memory.
    """
    size_bytes = resident_bytes = 0
    for path in _files(directory):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            file_bytes = os.fstat(descriptor).st_size
            size_bytes += file_bytes
            resident_bytes += _resident_bytes(descriptor, file_bytes)
        finally:
            os.close(descriptor)
    if resident_bytes > _RESIDENT * size_bytes:
        raise BenchError(
            f"Of {directory}, {resident_bytes:,} of {size_bytes:,} bytes stay in the"
            " page cache: what is started without it has to lie on a disk. Set"
            " XDG_CACHE_HOME to a directory on one."
        )


def _files(directory: Path) -> Iterator[str]:
    for parent, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(parent, name)
            if not os.path.islink(path):
                yield path


def _resident_bytes(descriptor: int, size_bytes: int) -> int:
    if not size_bytes:
        return 0
    # Written to, it would be a copy; but Python gives no address of what is read-only.
    with mmap.mmap(descriptor, size_bytes, access=mmap.ACCESS_COPY) as mapped:
        pages = (ctypes.c_ubyte * -(-size_bytes // mmap.PAGESIZE))()
        start = ctypes.c_char.from_buffer(mapped)
        status = _LIBC.mincore(ctypes.byref(start), ctypes.c_size_t(size_bytes), pages)
        error = ctypes.get_errno()
        del start  # what is pointed to cannot be closed
    if status:
        raise BenchError(f"mincore: {os.strerror(error)}")
    return min(size_bytes, sum(page & 1 for page in pages) * mmap.PAGESIZE)
