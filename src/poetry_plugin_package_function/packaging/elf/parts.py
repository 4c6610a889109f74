"""Reads parts of a file, and believes none that it cannot have."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final
from typing import TypeAlias


if TYPE_CHECKING:
    from collections.abc import Callable
    from mmap import mmap
    from typing import BinaryIO


Read: TypeAlias = "Callable[[int, int], bytes]"
"""Reads what is there of so many bytes from an offset on."""


class DamagedError(Exception):
    """The file contradicts the format, or ends too early."""


PIECE_BYTES: Final = 4096
"""What is read of the string table at once: mostly, the strings are close together."""

TABLE_BYTES: Final = 1 << 16
"""More than program headers, a dynamic section, the needed versions or a string ever
take. e_phnum's PN_XNUM, which only core files need, is above it, too."""

_FILE_BYTES: Final = 1 << 40
"""More than a file has. An offset above it is none, and the kernel could refuse it."""


def within(content: bytes | mmap) -> Read:
    """Makes what reads parts of a content that is at hand."""
    return lambda size_bytes, offset: content[offset : offset + size_bytes]


def within_file(file: BinaryIO) -> Read:
    """Makes what reads parts of an open file."""

    def read(size_bytes: int, offset: int) -> bytes:
        file.seek(offset)
        return file.read(size_bytes)

    return read


def read_table(read: Read, offset: int, size_bytes: int) -> bytes:
    """Reads a part of the file that must be there whole."""
    if size_bytes > TABLE_BYTES:
        raise DamagedError
    table = read_part(read, offset, size_bytes)
    if len(table) < size_bytes:
        raise DamagedError
    return table


def read_part(read: Read, offset: int, size_bytes: int) -> bytes:
    """Reads what is there of a part of the file."""
    if offset > _FILE_BYTES:
        raise DamagedError
    return read(size_bytes, offset)
