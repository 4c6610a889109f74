"""Reads what ZIPs hold of many members in few calls.

Builders write members in the order of names, as a rule, so those that are wanted one
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
"""What is read in vain between two members, rather than to read twice."""


def read_adjacent(
    file: BinaryIO, members: Sequence[ZipMember]
) -> Iterator[memoryview | None]:
    """Reads what a ZIP holds of members; None for one that is not where it should be.

    Args:
        file: The open ZIP.
        members: What to read, all of it from this ZIP.
    """
    for run in _runs(members):
        start = run[0].offset
        file.seek(start)
        block = memoryview(file.read(_end(run[-1]) + _EXTRA_BYTES - start))
        for member in run:
            data = _data(block, member.offset - start, member.stored_bytes)
            yield read_stored(file, member) if data is None else data


def _runs(members: Sequence[ZipMember]) -> Iterator[Sequence[ZipMember]]:
    start = 0
    for index in range(1, len(members)):
        gap_bytes = members[index].offset - _end(members[index - 1])
        if not 0 <= gap_bytes <= _GAP_BYTES:
            yield members[start:index]
            start = index
    yield members[start:]


def _end(member: ZipMember) -> int:
    return member.offset + member.header_bytes + member.stored_bytes


def _data(block: memoryview, offset: int, data_bytes: int) -> memoryview | None:
    lengths = header_lengths(block, offset)
    if lengths is None:
        return None
    start = offset + HEADER_BYTES + sum(lengths)
    data = block[start : start + data_bytes]
    return data if len(data) == data_bytes else None
