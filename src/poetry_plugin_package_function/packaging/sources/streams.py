"""Reads many deflate streams out of a wheel in few calls.

Builders write members in the order of names, as a rule, so streams that are wanted one
after the other are side by side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.packaging.sources.content import read_stored
from poetry_plugin_package_function.packaging.sources.integrity import HEADER_BYTES
from poetry_plugin_package_function.packaging.sources.integrity import header_lengths


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence
    from typing import BinaryIO

    from poetry_plugin_package_function.packaging.sources.content import ZipMember


_EXTRA_BYTES: Final = 64
"""What is read for the last extra field of a run; a longer one costs another read."""

_GAP_BYTES: Final = 4096
"""What is read in vain between two streams, rather than to read twice."""


def read_adjacent(
    file: BinaryIO, streams: Sequence[ZipMember]
) -> Iterator[memoryview | None]:
    """Reads deflate streams; None for one that does not stand where it should.

    Args:
        file: The open wheel.
        streams: What to read, all of it from this wheel.
    """
    for run in _runs(streams):
        start = run[0].offset
        file.seek(start)
        block = memoryview(file.read(_end(run[-1]) + _EXTRA_BYTES - start))
        for stream in run:
            data = _data(block, stream.offset - start, stream.stored_bytes)
            yield read_stored(file, stream) if data is None else data


def _runs(streams: Sequence[ZipMember]) -> Iterator[Sequence[ZipMember]]:
    start = 0
    for index in range(1, len(streams)):
        gap_bytes = streams[index].offset - _end(streams[index - 1])
        if not 0 <= gap_bytes <= _GAP_BYTES:
            yield streams[start:index]
            start = index
    yield streams[start:]


def _end(stream: ZipMember) -> int:
    return stream.offset + stream.header_bytes + stream.stored_bytes


def _data(block: memoryview, offset: int, data_bytes: int) -> memoryview | None:
    lengths = header_lengths(block, offset)
    if lengths is None:
        return None
    start = offset + HEADER_BYTES + sum(lengths)
    data = block[start : start + data_bytes]
    return data if len(data) == data_bytes else None
