"""Compresses before it is known where the result goes, and keeps that for the archive.

What is nested is chosen by what each file takes compressed. Nothing is compressed a
second time for that.
"""

from __future__ import annotations

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
    with create(str(path)) as stream:
        archive = Archive(stream, dos_time(EARLIEST_EPOCH_S))
        for member in members:
            data_bytes = len(member.data)
            spooled.data_bytes[member.name] = data_bytes
            if member.method != DEFLATED or archive.size_bytes > limit_bytes:
                continue
            spooled.streams[member.name] = ZipMember(
                str(path),
                member.name,
                archive.size_bytes,
                HEADER_BYTES + len(member.name.encode()),
                DEFLATED,
                data_bytes,
                member.size_bytes,
                member.crc32,
            )
            archive.add(member)
        archive.close()
    return spooled
