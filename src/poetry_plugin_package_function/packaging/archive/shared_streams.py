"""Streams that have been compressed for one function of a run, for all others."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from poetry_plugin_package_function.packaging.archive.compression import deflate
from poetry_plugin_package_function.packaging.archive.spool import spool_file
from poetry_plugin_package_function.packaging.sources.content import DEFLATED
from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.content import ZipMember


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from concurrent.futures import Executor
    from pathlib import Path

    from poetry_plugin_package_function.packaging.archive.compression import Member
    from poetry_plugin_package_function.packaging.sources.content import Content
    from poetry_plugin_package_function.packaging.sources.entry import Entry


class SharedStreams:
    """What is compressed here is kept; several threads may use it."""

    def __init__(self, directory: Path, pool: Executor) -> None:
        """Keeps nothing yet.

        Args:
            directory: An empty one, which has to stay as long as streams are copied.
            pool: Whose threads compress: those of each function would take more memory.
        """
        self._directory = directory
        self._pool = pool
        self._numbers = count()
        self._known: dict[Content, ZipMember] = {}

    def deflate(self, entries: Iterable[Entry]) -> Iterator[Member]:
        """Makes entries to members as `compression.deflate` does.

        Raises:
            SourceError: See `compression.deflate`.
            OSError: Streams cannot be kept; the file is named.
        """
        applied = [*map(self._applied, entries)]
        path = self._directory / f"{next(self._numbers)}.zip"
        found: dict[Content, ZipMember] = {}
        with spool_file(path) as file:
            members = deflate(applied, pool=self._pool)
            for entry, member in zip(applied, members, strict=True):
                if member.method == DEFLATED and _is_compressed_here(entry.content):
                    found[entry.content] = file.add(member)
                yield member
        self._known |= found

    def _applied(self, entry: Entry) -> Entry:
        """Lets an entry have the stream that is known of its content."""
        if not _is_compressed_here(entry.content):
            return entry
        stream = self._known.get(entry.content)
        # A file may have changed since then: then it is read, which says so.
        if stream is None or stream.size_bytes != entry.size_bytes:
            return entry
        return entry._replace(content=stream)


def _is_compressed_here(content: Content) -> bool:
    if isinstance(content, BytesContent):
        return False  # metadata: small, and each function's own
    return not (isinstance(content, ZipMember) and content.copyable)
