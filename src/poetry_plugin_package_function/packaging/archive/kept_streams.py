"""Compresses, and keeps the streams for whoever ships the same content.

Those are the other functions of a run, and a nested result: what is nested is chosen by
what each file takes compressed. Nothing is compressed a second time.
"""

from __future__ import annotations

import secrets

from typing import TYPE_CHECKING

from poetry_plugin_package_function.packaging.archive.compression import LEVEL
from poetry_plugin_package_function.packaging.archive.compression import copied
from poetry_plugin_package_function.packaging.archive.compression import deflate
from poetry_plugin_package_function.packaging.archive.output import create
from poetry_plugin_package_function.packaging.archive.timestamp import EARLIEST_EPOCH_S
from poetry_plugin_package_function.packaging.archive.timestamp import dos_time
from poetry_plugin_package_function.packaging.archive.zip_writer import Archive
from poetry_plugin_package_function.packaging.sources.content import DEFLATED
from poetry_plugin_package_function.packaging.sources.content import ZipMember
from poetry_plugin_package_function.packaging.sources.integrity import HEADER_BYTES
from poetry_plugin_package_function.services import LAMBDA


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from concurrent.futures import Executor
    from pathlib import Path

    from poetry_plugin_package_function.packaging.archive.compression import Member
    from poetry_plugin_package_function.packaging.sources.content import Content
    from poetry_plugin_package_function.packaging.sources.entry import Entry


class KeptStreams:
    """Compresses once for all who use it, in several threads, too."""

    def __init__(
        self,
        directory: Path,
        pool: Executor | None = None,
        limit_bytes: int = LAMBDA.unzipped_limit_bytes,
    ) -> None:
        """Keeps nothing yet.

        Args:
            directory: For the streams; it has to stay as long as they are copied.
            pool: See `compression.deflate`.
            limit_bytes: What is kept of one call of `deflate`: a tree of any size does
                not fill the disk.
        """
        self._directory = directory
        self._pool = pool
        self._limit_bytes = limit_bytes
        self._known: dict[Content, ZipMember] = {}

    def deflate(
        self, entries: Iterable[Entry], *, level: int = LEVEL
    ) -> Iterator[Member]:
        """Makes entries to members as `compression.deflate` does.

        A stream that is kept is copied, whatever level it has been compressed at.

        Raises:
            SourceError: See `compression.deflate`.
            OSError: Streams cannot be kept; the file is named.
        """
        applied = [*map(self._applied, entries)]
        path = str(self._directory / f"{secrets.token_hex(8)}.zip")
        found: dict[Content, ZipMember] = {}
        with create(path) as stream:
            archive = Archive(stream, dos_time(EARLIEST_EPOCH_S))
            members = deflate(applied, level=level, pool=self._pool)
            for entry, member in zip(applied, members, strict=True):
                if (
                    member.method == DEFLATED
                    and archive.size_bytes <= self._limit_bytes
                    and copied(entry, level) is None
                    and entry.content not in found
                ):
                    # A stub has the name of the file in whose place it is.
                    name = str(len(found))
                    found[entry.content] = ZipMember(
                        path,
                        name,
                        archive.size_bytes,
                        HEADER_BYTES + len(name),
                        member.method,
                        len(member.data),
                        member.size_bytes,
                        member.crc32,
                    )
                    archive.add(member._replace(name=name))
                yield member
            archive.close()
        self._known |= found

    def _applied(self, entry: Entry) -> Entry:
        """Lets an entry have the stream that is known of its content."""
        stream = self._known.get(entry.content)
        # A file may have changed since then: then it is read, which says so.
        if stream is None or stream.size_bytes != entry.size_bytes:
            return entry
        return entry._replace(content=stream)
