"""The dynamic section: what a file says to the dynamic linker."""

from __future__ import annotations

import os

from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.packaging.elf.headers import PT_DYNAMIC
from poetry_plugin_package_function.packaging.elf.headers import offset_of
from poetry_plugin_package_function.packaging.elf.parts import PIECE_BYTES
from poetry_plugin_package_function.packaging.elf.parts import TABLE_BYTES
from poetry_plugin_package_function.packaging.elf.parts import DamagedError
from poetry_plugin_package_function.packaging.elf.parts import read_part
from poetry_plugin_package_function.packaging.elf.parts import read_table
from poetry_plugin_package_function.packaging.elf.values import Linkage


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_plugin_package_function.packaging.elf.headers import Layout
    from poetry_plugin_package_function.packaging.elf.headers import Segments
    from poetry_plugin_package_function.packaging.elf.parts import Read


_DT_NULL: Final = 0
_DT_NEEDED: Final = 1
_DT_STRTAB: Final = 5
_DT_STRSZ: Final = 10
_DT_SONAME: Final = 14
_DT_RPATH: Final = 15
_DT_RUNPATH: Final = 29
DT_VERNEED: Final = 0x6FFFFFFE


def dynamic_section(
    read: Read, layout: Layout, segments: Segments
) -> tuple[list[int], dict[int, int]] | None:
    """Reads the values of DT_NEEDED, and the others' by their tags."""
    dynamic = [each for each in segments if each[0] == PT_DYNAMIC]
    if not dynamic:
        return None
    _, offset, _, size_bytes = dynamic[-1]  # glibc, too, takes the last one
    size_bytes -= size_bytes % layout.entry.size
    needed: list[int] = []
    values: dict[int, int] = {}
    table = read_table(read, offset, size_bytes)
    for tag, value in layout.entry.iter_unpack(table):
        if tag == _DT_NEEDED:
            needed.append(value)
        elif tag == _DT_NULL:  # what follows is room for patchelf and its like
            return needed, values
        else:
            values[tag] = value
    raise DamagedError


def string_table(values: dict[int, int], segments: Segments) -> range:
    """Finds the offsets in the file which the string table has."""
    size_bytes = values.get(_DT_STRSZ, 0)
    start = offset_of(values.get(_DT_STRTAB, -1), size_bytes, segments)
    return range(start, start + size_bytes)


def linkage_of(
    read: Read,
    head: bytes,
    segments: Segments,
    needed: list[int],
    values: dict[int, int],
) -> Linkage:
    """Makes what the section says of its values: see `dynamic_section`."""
    search = values.get(_DT_RUNPATH, values.get(_DT_RPATH))
    soname = values.get(_DT_SONAME)
    wanted = [*needed, *[each for each in (search, soname) if each is not None]]
    if not wanted:
        return Linkage((), (), None)
    strings = strings_at(read, head, string_table(values, segments), wanted)
    search_path = "" if search is None else strings[search]
    return Linkage(
        tuple([strings[each] for each in needed]),
        tuple(search_path.split(":")) if search_path else (),
        None if soname is None else strings[soname],
        _DT_RUNPATH in values,
    )


def strings_at(
    read: Read, head: bytes, table: range, wanted: Iterable[int]
) -> dict[int, str]:
    """Reads strings by their offsets in the string table.

    It can have megabytes, nearly all of them symbols' names. So pieces are read, in
    the file's order, and only if the last one does not have the string to its end.
    """
    strings = {}
    start, piece = 0, head
    for position in sorted(wanted):
        offset = table.start + position
        end = piece.find(b"\0", offset - start)
        if end < 0:
            start, piece = offset, _read_piece(read, offset)
            end = piece.index(b"\0")
        if start + end >= table.stop:
            raise DamagedError
        strings[position] = os.fsdecode(piece[offset - start : end])
    return strings


def _read_piece(read: Read, offset: int) -> bytes:
    """Reads a piece of the string table that has the end of its first string."""
    for size_bytes in (PIECE_BYTES, TABLE_BYTES):
        piece = read_part(read, offset, size_bytes)
        if b"\0" in piece:
            return piece
    raise DamagedError
