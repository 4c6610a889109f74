"""From entries to members: CRC-32 and a deflate stream for each file, on all cores.

A stream is copied out of a wheel that the lock pins. The compressor of all else is
libdeflate: it is several times as fast as zlib, its output is the same on every CPU,
and it does not depend on which zlib the machine has. See docs/reproducibility.md.
"""

from __future__ import annotations

import mmap

from collections import deque
from concurrent.futures import Future
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait
from contextlib import suppress
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from deflate import crc32
from deflate import deflate_compress

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.cores import usable_cores
from poetry_plugin_package_function.packaging.sources.content import DEFLATED
from poetry_plugin_package_function.packaging.sources.content import STORED
from poetry_plugin_package_function.packaging.sources.content import FileContent
from poetry_plugin_package_function.packaging.sources.content import ZipMember
from poetry_plugin_package_function.packaging.sources.content import changed
from poetry_plugin_package_function.packaging.sources.content import read
from poetry_plugin_package_function.packaging.sources.content import sound_member
from poetry_plugin_package_function.packaging.sources.content import unpacked
from poetry_plugin_package_function.packaging.sources.content import unreadable
from poetry_plugin_package_function.packaging.sources.streams import read_adjacent


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from concurrent.futures import Executor

    from poetry_plugin_package_function.packaging.sources.entry import Entry


LEVEL: Final = 5
"""Saves an eighth of level 6's time, for 0.8 % more bytes."""

MAX_LEVEL: Final = 12
"""Saves 4 % at 15 times the time: a last resort."""

_COMPRESSED: Final = (b"\x1f\x8b\x08", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd")
"""How gzip, xz and zstd begin: compressed once more, they would hardly be smaller.

Sources: RFC 1952, 2.3.1; the .xz file format 1.2.1, 2.1.1.1; RFC 8878, 3.1.1.
"""

_BATCH_BYTES: Final = 1 << 20
_BATCH_FILES: Final = 256
_THREAD_BYTES: Final = 1 << 16
"""What a thread of its own gets that is not copied, at least. Each read of a file lets
others run, and waits for Python's lock then: to copy all streams of LARGE takes two
threads 0.1 s, and whoever writes them 0.07 s."""

IN_FLIGHT_BYTES: Final = 48 << 20
MAPPED_FROM_BYTES: Final = 32 << 20


class Member(NamedTuple):
    """A file as it is in a ZIP.

    Attributes:
        name: Its name in the archive.
        method: `STORED` or `DEFLATED`.
        crc32: Of the content.
        size_bytes: Of the content.
        data: What the ZIP holds of it.
        executable: Whether anyone may execute it.
    """

    name: str
    method: int
    crc32: int
    size_bytes: int
    data: bytes | bytearray | memoryview
    executable: bool = False


def deflate(
    entries: Iterable[Entry],
    *,
    level: int = LEVEL,
    pool: Executor | None = None,
) -> Iterator[Member]:
    """Makes entries to members in parallel and yields them in the same order.

    What a member holds depends on the entry's content and its wheel alone, never on the
    number of workers. A bounded number of bytes is in flight.

    Args:
        entries: What to compress.
        level: libdeflate's; above `LEVEL` streams are not copied.
        pool: Whose threads compress; as many as there are usable cores by default.

    Raises:
        ChangedSourceError: A wheel is not what it was.
        SourceError: A file cannot be read, or has changed since it was listed.
    """
    if pool is None:
        with ThreadPoolExecutor(usable_cores(), "deflate") as own:
            yield from deflate(entries, level=level, pool=own)
        return
    waiting: deque[_Batch] = deque()
    in_flight_bytes = 0
    try:
        for batch in _batches(entries):
            future, size_bytes = None, 0
            if _is_worth_a_thread(batch, level):
                size_bytes = sum(entry.size_bytes for entry in batch)
                # What comes next does not count: a large file would stop all others.
                while (
                    waiting
                    and size_bytes + in_flight_bytes - waiting[0].in_flight_bytes
                    > IN_FLIGHT_BYTES
                ):
                    in_flight_bytes -= waiting[0].in_flight_bytes
                    yield from waiting.popleft().members(level)
                future = pool.submit(_deflate_batch, batch, level)
                in_flight_bytes += size_bytes
            waiting.append(_Batch(batch, size_bytes, future))
        while waiting:
            yield from waiting.popleft().members(level)
    finally:  # nothing is read any more when this ends
        futures = [each.future for each in waiting if each.future]
        wait([each for each in futures if not each.cancel()])


class _Batch(NamedTuple):
    """Entries that are compressed, or copied once they are asked for.

    Attributes:
        entries: These.
        in_flight_bytes: What counts of them against `IN_FLIGHT_BYTES`.
        future: What becomes of them, if another thread compresses them.
    """

    entries: list[Entry]
    in_flight_bytes: int
    future: Future[list[Member]] | None

    def members(self, level: int) -> list[Member]:
        """Waits for what is compressed, or copies what is not."""
        if self.future is None:
            return _deflate_batch(self.entries, level)
        return self.future.result()


def _is_worth_a_thread(batch: list[Entry], level: int) -> bool:
    """Whether so much is not copied that Python's lock is free most of the time."""
    sizes = (each.size_bytes for each in batch if copied(each, level) is None)
    return sum(sizes) >= _THREAD_BYTES


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    size_bytes = 0
    for entry in entries:
        batch.append(entry)
        size_bytes += entry.size_bytes
        if size_bytes >= _BATCH_BYTES or len(batch) >= _BATCH_FILES:
            yield batch
            batch, size_bytes = [], 0
    if batch:
        yield batch


def _deflate_batch(batch: list[Entry], level: int) -> list[Member]:
    together = [_read_together(entry, level) for entry in batch]
    stored = _read_stored([member for member in together if member is not None])
    return [
        deflate_one(entry, level)
        if member is None
        else _of_zip(entry, member, next(stored), level)
        for entry, member in zip(batch, together, strict=True)
    ]


def _read_together(entry: Entry, level: int) -> ZipMember | None:
    """Finds what is read with its neighbours: what is copied, or is small."""
    is_copied = copied(entry, level) is not None
    is_small = entry.size_bytes < _BATCH_BYTES
    return sound_member(entry.content) if is_copied or is_small else None


def _of_zip(entry: Entry, member: ZipMember, stored: memoryview, level: int) -> Member:
    if copied(entry, level) is None:
        return _member(entry, unpacked(member, stored), level)
    return Member(
        *(entry.name, member.method, member.crc32, member.size_bytes, stored),
        entry.executable,
    )


def copied(entry: Entry, level: int) -> ZipMember | None:
    """Finds the stream that is copied, if one is."""
    content = entry.content
    if isinstance(content, ZipMember) and content.copyable and level <= LEVEL:
        return content
    return None


def copied_bytes(entries: Iterable[Entry], level: int = LEVEL) -> dict[str, int]:
    """Finds out what files take, by their names, whose streams will be copied."""
    return {
        entry.name: stream.stored_bytes
        for entry in entries
        if (stream := copied(entry, level)) is not None
    }


def _read_stored(members: list[ZipMember]) -> Iterator[memoryview]:
    for archive, of_one in groupby(members, attrgetter("archive")):
        data: list[memoryview | None] = [None]
        with suppress(OSError), open(archive, "rb", buffering=0) as file:
            data = list(read_adjacent(file, list(of_one)))
        for each in data:
            if each is None:
                raise changed(archive)
            yield each


def deflate_one(entry: Entry, level: int = LEVEL) -> Member:
    """Compresses one entry; stores it where that would make it hardly smaller.

    Raises:
        SourceError: See `deflate`.
    """
    content = entry.content
    if not isinstance(content, FileContent) or entry.size_bytes < MAPPED_FROM_BYTES:
        return _member(entry, read(content), level)
    try:
        with (
            open(content.path, "rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        ):
            return _member(entry, mapped, level)
    except OSError as error:
        raise unreadable(content.path, error) from None


def _member(entry: Entry, content: bytes | mmap.mmap, level: int) -> Member:
    size_bytes = len(content)
    if size_bytes != entry.size_bytes:
        raise SourceError(
            f"{entry.name} has changed while it was being packaged: from"
            f" {entry.size_bytes:,} to {size_bytes:,} bytes.",
            "Run the command again when nothing else writes to it.",
        )
    checksum = crc32(content)
    is_stored = level <= LEVEL and content[:6].startswith(_COMPRESSED)
    if size_bytes and not is_stored:
        stream = deflate_compress(content, level)
        if len(stream) < size_bytes:
            return Member(
                entry.name, DEFLATED, checksum, size_bytes, stream, entry.executable
            )
    return Member(
        entry.name, STORED, checksum, size_bytes, content[:], entry.executable
    )
