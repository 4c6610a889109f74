"""From entries to members: CRC-32 and a deflate stream for each file, on all cores.

A stream is copied out of the wheel that the file was installed from, where there is one
and the file is as it was. The compressor of all else is libdeflate: it is several times
as fast as zlib, its output is the same on every CPU, and it does not depend on which
zlib the machine has. See docs/reproducibility.md.
"""

from __future__ import annotations

import mmap
import os
import zlib

from collections import deque
from concurrent.futures import Future
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from deflate import crc32
from deflate import deflate_compress

from poetry_plugin_package_function.errors import ChangedSourceError
from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.cores import usable_cores
from poetry_plugin_package_function.packaging.sources.streams import read_adjacent
from poetry_plugin_package_function.packaging.sources.wheel import Stream


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.tree.scan import Entry


LEVEL: Final = 5
"""Saves an eighth of level 6's time, for 0.8 % more bytes."""

MAX_LEVEL: Final = 12
"""Saves 4 % at 15 times the time: a last resort."""

STORED: Final = 0
DEFLATED: Final = 8
"""ZIP compression methods. Source: APPNOTE.TXT 6.3.10, 4.4.5."""

_COMPRESSED: Final = (b"\x1f\x8b\x08", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd")
"""How gzip, xz and zstd begin: compressed once more, they would hardly be smaller.

Sources: RFC 1952, 2.3.1; the .xz file format 1.2.1, 2.1.1.1; RFC 8878, 3.1.1.
"""

_BATCH_BYTES: Final = 1 << 20
_BATCH_FILES: Final = 256
IN_FLIGHT_BYTES: Final = 48 << 20
MAPPED_FROM_BYTES: Final = 32 << 20
_READ_ONLY: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0)


class Member(NamedTuple):
    """A file as it stands in a ZIP.

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


@dataclass(frozen=True)
class Sources:
    """The wheels that files have been installed from.

    Attributes:
        streams: By the names of the files, in the archive.
        is_same: Whether the installed file of a name has what its stream has.
        distributions: Those that have been installed from these wheels.
        strict: Whether what is not as its wheel has it, or is nobody's, is an error.
    """

    streams: Mapping[str, Stream]
    is_same: Callable[[str], bool]
    distributions: frozenset[NormalizedName] = frozenset()
    strict: bool = False


NO_SOURCES: Final = Sources({}, bool)


def deflate(
    entries: Iterable[Entry],
    *,
    sources: Sources = NO_SOURCES,
    level: int = LEVEL,
    workers: int | None = None,
) -> Iterator[Member]:
    """Makes entries to members in parallel and yields them in the same order.

    What a member holds depends on the entry's content and its wheel alone, never on the
    number of workers. A bounded number of bytes is in flight.

    Args:
        entries: What to compress.
        sources: Streams that are copied.
        level: libdeflate's; above `LEVEL` streams are not copied.
        workers: How many threads; all usable cores by default.

    Raises:
        ChangedSourceError: A wheel, or an installed file under `Sources.strict`, is not
            what it was.
        SourceError: A file cannot be read, or has changed since it was listed.
    """
    pool = ThreadPoolExecutor(workers or usable_cores(), "deflate")
    in_flight: deque[tuple[int, Future[list[Member]]]] = deque()
    in_flight_bytes = 0
    try:
        for batch in _batches(entries):
            size_bytes = sum(entry.size_bytes for entry in batch)
            copied = [_copyable(entry, sources, level) for entry in batch]
            # What comes next does not count: a large file would stop all other work.
            while (
                in_flight
                and size_bytes + in_flight_bytes - in_flight[0][0] > IN_FLIGHT_BYTES
            ):
                done_bytes, future = in_flight.popleft()
                in_flight_bytes -= done_bytes
                yield from future.result()
            in_flight.append(
                (size_bytes, pool.submit(_deflate_batch, batch, copied, level))
            )
            in_flight_bytes += size_bytes
        while in_flight:
            yield from in_flight.popleft()[1].result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


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


def _deflate_batch(
    batch: list[Entry], copied: list[Stream | None], level: int
) -> list[Member]:
    data = _read_streams([stream for stream in copied if stream is not None])
    return [
        deflate_one(entry, level)
        if stream is None
        else Member(
            entry.name,
            DEFLATED,
            stream.crc32,
            stream.size_bytes,
            next(data),
            entry.executable,
        )
        for entry, stream in zip(batch, copied, strict=True)
    ]


def _copyable(entry: Entry, sources: Sources, level: int) -> Stream | None:
    """Finds the stream that has what the installed file has, if it can be copied."""
    if isinstance(entry.source, Stream):
        return entry.source if level <= LEVEL else None
    if isinstance(entry.source, bytes) or entry.included:
        return None
    # What no wheel pins has been installed in this run, over what it shares.
    is_strict = sources.strict and (
        entry.distribution is None or entry.distribution in sources.distributions
    )
    stream = sources.streams.get(entry.name)
    if stream is None:
        if is_strict:
            raise ChangedSourceError(f"{entry.source} has not come out of a wheel.")
        return None
    is_copied = level <= LEVEL and stream.copyable and not entry.made
    if not is_copied and not is_strict:
        return None
    size_bytes = stream.size_bytes if entry.made else entry.size_bytes
    is_same = size_bytes == stream.size_bytes and sources.is_same(entry.name)
    if is_strict and not (is_same and entry.executable == stream.executable):
        raise ChangedSourceError(f"{entry.source} is not as {stream.wheel} has it.")
    return stream if is_copied and is_same else None


def copied_bytes(
    entries: Iterable[Entry], sources: Sources, level: int = LEVEL
) -> tuple[dict[str, int], list[Entry]]:
    """Finds out what files take whose streams will be copied.

    Whether an installed file is as its wheel has it is not waited for.

    Returns:
        What these files take, by their names, and all others.
    """
    known: dict[str, int] = {}
    others = []
    streams = sources.streams if level <= LEVEL else {}
    for entry in entries:
        source = entry.source
        stream = streams.get(entry.name) if isinstance(source, str) else None
        if isinstance(source, Stream) and level <= LEVEL:
            known[entry.name] = source.data_bytes
        elif (
            stream is not None
            and stream.copyable
            and stream.size_bytes == entry.size_bytes
            and not (entry.included or entry.made)
        ):
            known[entry.name] = stream.data_bytes
        else:
            others.append(entry)
    return known, others


def _read_streams(streams: list[Stream]) -> Iterator[memoryview]:
    for wheel, of_one in groupby(streams, attrgetter("wheel")):
        data: list[memoryview | None] = [None]
        with suppress(OSError), open(wheel, "rb", buffering=0) as file:
            data = list(read_adjacent(file, list(of_one)))
        for each in data:
            if each is None:
                raise ChangedSourceError(
                    f"{wheel} has changed while it was being read.",
                    "Run the command again when nothing else uses Poetry's cache.",
                )
            yield each


def deflate_one(entry: Entry, level: int = LEVEL) -> Member:
    """Compresses one entry; stores it where that would make it hardly smaller.

    Raises:
        SourceError: See `deflate`.
    """
    if isinstance(entry.source, bytes):
        return _member(entry, entry.source, level)
    if isinstance(entry.source, Stream):
        (data,) = _read_streams([entry.source])
        return _member(entry, zlib.decompress(data, -15), level)
    try:
        if entry.size_bytes < MAPPED_FROM_BYTES:
            return _member(entry, _read(entry.source, entry.size_bytes), level)
        with (
            open(entry.source, "rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            return _member(entry, content, level)
    except OSError as error:
        raise _unreadable(entry.source, error) from None


def _read(path: str, size_bytes: int) -> bytes:
    # One byte more than is expected tells whether the file has grown.
    descriptor = os.open(path, _READ_ONLY)
    try:
        return os.read(descriptor, size_bytes + 1)
    finally:
        os.close(descriptor)


def _unreadable(path: str, error: OSError) -> SourceError:
    return SourceError(
        f"{path} cannot be read: {error.strerror}.",
        "Fix its permissions, or install again what it belongs to.",
    )


def _check_size(path: str | bytes | Stream, listed_bytes: int, size_bytes: int) -> None:
    if size_bytes != listed_bytes:
        raise SourceError(
            f"{path!r} has changed while it was being packaged: from"
            f" {listed_bytes:,} to {size_bytes:,} bytes.",
            "Run the command again when nothing else writes to it.",
        )


def _member(entry: Entry, content: bytes | mmap.mmap, level: int) -> Member:
    size_bytes = len(content)
    _check_size(entry.source, entry.size_bytes, size_bytes)
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
