"""Streams that have been compressed for one function of a run, for all others."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from poetry_plugin_package_function.packaging.archive.spool import spool_file
from poetry_plugin_package_function.packaging.sources.content import DEFLATED
from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.content import ZipMember


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from pathlib import Path

    from poetry_plugin_package_function.packaging.archive.compression import Member
    from poetry_plugin_package_function.packaging.sources.content import Content
    from poetry_plugin_package_function.packaging.sources.entry import Entry


class SharedStreams:
    """What is compressed here is kept; several threads may use it."""

    def __init__(self, directory: Path) -> None:
        """Keeps nothing yet.

        Args:
            directory: An empty one, which has to stay as long as streams are copied.
        """
        self._directory = directory
        self._numbers = count()
        self._known: dict[Content, ZipMember] = {}

    def applied(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Lets entries have the streams that are known of their contents."""
        for entry in entries:
            stream = self._known.get(entry.content)
            # A file may have changed since then: then it is read, which says so.
            if stream is None or stream.size_bytes != entry.size_bytes:
                yield entry
            else:
                yield entry._replace(content=stream)

    def keeping(
        self, entries: Iterable[Entry], members: Iterable[Member]
    ) -> Iterator[Member]:
        """Keeps the streams of members on their way.

        Args:
            entries: What they are made of.
            members: The same in the same order.

        Raises:
            OSError: They cannot be kept; the file is named.
        """
        path = self._directory / f"{next(self._numbers)}.zip"
        found: dict[Content, ZipMember] = {}
        with spool_file(path) as file:
            for entry, member in zip(entries, members, strict=True):
                if member.method == DEFLATED and _is_compressed_here(entry.content):
                    found[entry.content] = file.add(member)
                yield member
        self._known |= found


def _is_compressed_here(content: Content) -> bool:
    if isinstance(content, BytesContent):
        return False  # metadata: small, and each function's own
    return not (isinstance(content, ZipMember) and content.copyable)
