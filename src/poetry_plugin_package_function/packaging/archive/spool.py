"""Compresses before it is known where the result goes, and keeps that for the archive.

What is nested is chosen by what each file takes compressed. Nothing is compressed a
second time for that.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from typing import NamedTuple

from poetry_plugin_package_function.packaging.archive.output import create
from poetry_plugin_package_function.packaging.archive.timestamp import EARLIEST_EPOCH_S
from poetry_plugin_package_function.packaging.archive.timestamp import dos_time
from poetry_plugin_package_function.packaging.archive.zip_writer import Archive
from poetry_plugin_package_function.packaging.sources.content import DEFLATED
from poetry_plugin_package_function.packaging.sources.content import ZipMember
from poetry_plugin_package_function.packaging.sources.integrity import HEADER_BYTES


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from pathlib import Path

    from poetry_plugin_package_function.packaging.archive.compression import Member


class Spooled(NamedTuple):
    """What has been compressed.

    Attributes:
        data_bytes: What each member takes, by its name.
        streams: Where it is, if it is kept; what is stored is not.
    """

    data_bytes: dict[str, int]
    streams: dict[str, ZipMember]


class SpoolFile:
    """A file of streams that are copied later."""

    def __init__(self, path: Path, archive: Archive) -> None:
        self._path = str(path)
        self._archive = archive

    @property
    def size_bytes(self) -> int:
        """What it has up to now."""
        return self._archive.size_bytes

    def add(self, member: Member) -> ZipMember:
        """Appends a stream; what is returned can be read when the file is closed."""
        offset = self._archive.size_bytes
        self._archive.add(member)
        return ZipMember(
            self._path,
            member.name,
            offset,
            HEADER_BYTES + len(member.name.encode()),
            member.method,
            len(member.data),
            member.size_bytes,
            member.crc32,
        )


@contextmanager
def spool_file(path: Path) -> Iterator[SpoolFile]:
    """Makes a file of streams.

    Raises:
        OSError: It cannot be written; it is named.
    """
    with create(str(path)) as stream:
        archive = Archive(stream, dos_time(EARLIEST_EPOCH_S))
        yield SpoolFile(path, archive)
        archive.close()


def spool(members: Iterable[Member], path: Path, limit_bytes: int) -> Spooled:
    """Writes members into a file.

    Once they are beyond the limit, more of them are only counted: a tree of any size
    does not fill the disk.

    Args:
        members: What is kept.
        path: The file; it must stay there as long as what is returned is used.
        limit_bytes: What is kept at most.

    Raises:
        OSError: The file cannot be written; it is named.
    """
    spooled = Spooled({}, {})
    with spool_file(path) as file:
        for member in members:
            spooled.data_bytes[member.name] = len(member.data)
            if member.method == DEFLATED and file.size_bytes <= limit_bytes:
                spooled.streams[member.name] = file.add(member)
    return spooled
