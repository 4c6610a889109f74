"""What a shared library is made for, which others it asks for, and where it looks.

Only the parts of a file that say so are read: a few kilobytes of up to many megabytes.

Formats and rules: System V gABI, chapter 4 "Object Files" and chapter 5 "Program
Loading and Dynamic Linking", https://gabi.xinuos.com/; for the versions
"Symbol Versioning" in the Linux Standard Base, Core Specification 5.0, chapter 11.7.
"""

from __future__ import annotations

import os
import struct

from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple
from typing import TypeAlias


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable


class Linkage(NamedTuple):
    """What a library's dynamic section says to the dynamic linker.

    Attributes:
        needed: The libraries that it needs, in the file's order: DT_NEEDED.
        search: Where they are looked for, in this order: DT_RUNPATH, or DT_RPATH where
            there is none. ld.so(8): the one hides the other.
        soname: The name that others need it by: DT_SONAME.
        has_runpath: Whether it is DT_RUNPATH, which is for what is needed directly.
            DT_RPATH is for what that needs, too.
    """

    needed: tuple[str, ...]
    search: tuple[str, ...]
    soname: str | None
    has_runpath: bool = False


class NeededVersion(NamedTuple):
    """A version that symbols of a needed library must have: an entry of DT_VERNEED.

    Attributes:
        library: Whose: "libc.so.6".
        name: Which: "GLIBC_2.28".
    """

    library: str
    name: str


class Elf(NamedTuple):
    """What an ELF file is, and what it asks of the system that it is loaded on.

    Attributes:
        kind: e_type: one of `RELOCATABLE`, `EXECUTABLE`, `SHARED`, or another.
        machine: e_machine, whose numbers are in https://gabi.xinuos.com/.
        bits: 32 or 64: EI_CLASS.
        loaded_bytes: What is loaded of it ends here; the file has no fewer bytes.
        linkage: What its dynamic section says; None without one.
        versions: Those that it needs, but for weak ones, which may be missing.
    """

    kind: int
    machine: int
    bits: int
    loaded_bytes: int
    linkage: Linkage | None
    versions: tuple[NeededVersion, ...]


RELOCATABLE: Final = 1
EXECUTABLE: Final = 2
SHARED: Final = 3
"""Shared libraries, and programs that are loaded anywhere."""

Read: TypeAlias = "Callable[[int, int], bytes]"
"""Reads what is there of so many bytes from an offset on, as `os.pread` does."""


class _Layout(NamedTuple):
    """Where the fields that are read stand in a class and byte order of files.

    Attributes:
        header: Of the ELF header e_type, e_machine, e_phoff, e_phentsize, e_phnum.
        segment: Of a program header the fields of `_Segments`.
        entry: Of the dynamic section d_tag and d_un.
        need: Of a library's versions vn_file, vn_aux, vn_next.
        version: Of one of them vna_flags, vna_name, vna_next.
    """

    header: struct.Struct
    segment: struct.Struct
    entry: struct.Struct
    need: struct.Struct
    version: struct.Struct


_Segments: TypeAlias = "list[tuple[int, int, int, int]]"
"""Program headers: p_type, p_offset, p_vaddr, p_filesz."""


class _DamagedError(Exception):
    """The file contradicts the format, or ends too early."""


_VERSION_FORMATS: Final = ("4x3I", "4xH2x2I")


def _layouts(order: str, data: bytes) -> dict[bytes, _Layout]:
    """Makes the 32-bit and the 64-bit layout by what such files begin with."""
    formats = {
        b"\1": ("16x2H8xI10x2H", "3I4xI12x", "2I", *_VERSION_FORMATS),
        b"\2": ("16x2H12xQ14x2H", "I4x2Q8xQ16x", "2Q", *_VERSION_FORMATS),
    }
    return {
        b"\x7fELF" + bits + data: _Layout(*(struct.Struct(order + one) for one in each))
        for bits, each in formats.items()
    }


_LAYOUTS: Final = {**_layouts("<", b"\1"), **_layouts(">", b"\2")}
_IDENT_BYTES: Final = 6  # e_ident: the magic number, EI_CLASS, EI_DATA

_PT_LOAD: Final = 1
_PT_DYNAMIC: Final = 2

_DT_NULL: Final = 0
_DT_NEEDED: Final = 1
_DT_STRTAB: Final = 5
_DT_STRSZ: Final = 10
_DT_SONAME: Final = 14
_DT_RPATH: Final = 15
_DT_RUNPATH: Final = 29
_DT_VERNEED: Final = 0x6FFFFFFE

_VER_FLG_WEAK: Final = 2

_HEAD_BYTES: Final = 4096
"""What is read first: the ELF header and, but for odd files, the program headers."""

_PIECE_BYTES: Final = 4096
"""What is read of the string table at once: mostly, the strings stand together."""

_TABLE_BYTES: Final = 1 << 16
"""More than program headers, a dynamic section, the needed versions or a string ever
take. e_phnum's PN_XNUM, which only core files need, is above it, too."""

_FILE_BYTES: Final = 1 << 40
"""More than a file has. An offset above it is none, and the kernel could refuse it."""


def is_called_library(name: str) -> bool:
    """Whether a file has a shared library's name: "a.so", "lib/liba.so.1"."""
    return name.endswith(".so") or ".so." in name.rpartition("/")[2]


def read_elf(read: Read) -> Elf | None:
    """Reads what an ELF file is.

    Sections' headers are not needed for it and may be stripped; program headers lead
    to the dynamic section, as they lead the dynamic linker.

    Args:
        read: Reads parts of it.

    Returns:
        None if the file is no ELF file, or is damaged. Objects, static programs and
        debug information have no linkage.

    Raises:
        OSError: The file cannot be read.
    """
    try:
        head = read(_HEAD_BYTES, 0)
        layout = _LAYOUTS.get(head[:_IDENT_BYTES])
        if layout is None:
            return None
        segments = _segments(read, head, layout)
        kind, machine, *_ = layout.header.unpack_from(head)
        loaded = [each[1] + each[3] for each in segments if each[0] == _PT_LOAD]
        section = _dynamic(read, layout, segments)
        linkage: Linkage | None = None
        versions: tuple[NeededVersion, ...] = ()
        if section is not None:
            linkage = _linkage(read, head, segments, *section)
            versions = _versions(read, head, layout, segments, section[1])
    except _DamagedError:
        return None
    bits = 32 * head[4]  # EI_CLASS is 1 or 2: there is no layout for another
    return Elf(kind, machine, bits, max(loaded, default=0), linkage, versions)


def _linkage(
    read: Read,
    head: bytes,
    segments: _Segments,
    needed: list[int],
    values: dict[int, int],
) -> Linkage:
    search = values.get(_DT_RUNPATH, values.get(_DT_RPATH))
    soname = values.get(_DT_SONAME)
    wanted = [*needed, *[each for each in (search, soname) if each is not None]]
    if not wanted:
        return Linkage((), (), None)
    strings = _strings(read, head, _string_table(values, segments), wanted)
    search_path = "" if search is None else strings[search]
    return Linkage(
        tuple([strings[each] for each in needed]),
        tuple(search_path.split(":")) if search_path else (),
        None if soname is None else strings[soname],
        _DT_RUNPATH in values,
    )


def _versions(
    read: Read,
    head: bytes,
    layout: _Layout,
    segments: _Segments,
    values: dict[int, int],
) -> tuple[NeededVersion, ...]:
    """Reads the needed versions that DT_VERNEED leads to."""
    if _DT_VERNEED not in values:
        return ()
    start = _offset(values[_DT_VERNEED], 0, segments)
    pairs = _version_names(_read(read, start, _PIECE_BYTES), layout)
    if pairs is None:
        pairs = _version_names(_read(read, start, _TABLE_BYTES), layout)
    if pairs is None:
        raise _DamagedError
    wanted = {each for pair in pairs for each in pair}
    strings = _strings(read, head, _string_table(values, segments), wanted)
    return tuple(NeededVersion(strings[file], strings[name]) for file, name in pairs)


def _version_names(table: bytes, layout: _Layout) -> list[tuple[int, int]] | None:
    """Finds where in the string table each library and version has its name.

    As glibc does, it follows the chains to their ends instead of counting.

    Returns:
        None if something stands behind the table's end.
    """
    pairs: list[tuple[int, int]] = []
    end = len(table) - layout.need.size  # which is the other's, too
    position, steps = 0, 0
    while position <= end:
        file, first, following = layout.need.unpack_from(table, position)
        one = position + first
        while one <= end:
            flags, name, following_one = layout.version.unpack_from(table, one)
            if not flags & _VER_FLG_WEAK:
                pairs.append((file, name))
            steps += 1
            if steps * layout.version.size > len(table):  # the chains cross
                raise _DamagedError
            if not following_one:
                break
            one += following_one
        else:
            return None
        if not following:
            return pairs
        position += following
    return None


def _segments(read: Read, head: bytes, layout: _Layout) -> _Segments:
    """Reads the program headers."""
    if len(head) < layout.header.size:
        raise _DamagedError
    _, _, start, entry_bytes, count = layout.header.unpack_from(head)
    if not count:
        return []
    if entry_bytes != layout.segment.size:
        raise _DamagedError
    size_bytes = count * entry_bytes
    table = head[start : start + size_bytes]
    if len(table) < size_bytes:  # patchelf moves them to the file's end at times
        table = _read_table(read, start, size_bytes)
    return list(layout.segment.iter_unpack(table))


def _dynamic(
    read: Read, layout: _Layout, segments: _Segments
) -> tuple[list[int], dict[int, int]] | None:
    """Reads the values of DT_NEEDED, and the others' by their tags."""
    dynamic = [each for each in segments if each[0] == _PT_DYNAMIC]
    if not dynamic:
        return None
    _, offset, _, size_bytes = dynamic[-1]  # glibc, too, takes the last one
    size_bytes -= size_bytes % layout.entry.size
    needed: list[int] = []
    values: dict[int, int] = {}
    table = _read_table(read, offset, size_bytes)
    for tag, value in layout.entry.iter_unpack(table):
        if tag == _DT_NEEDED:
            needed.append(value)
        elif tag == _DT_NULL:  # what follows is room for patchelf and its like
            return needed, values
        else:
            values[tag] = value
    raise _DamagedError


def _string_table(values: dict[int, int], segments: _Segments) -> range:
    """Finds the offsets in the file which the string table has."""
    size_bytes = values.get(_DT_STRSZ, 0)
    start = _offset(values.get(_DT_STRTAB, -1), size_bytes, segments)
    return range(start, start + size_bytes)


def _offset(address: int, size_bytes: int, segments: _Segments) -> int:
    """Finds where in the file something stands.

    The dynamic section has its address; what is loaded tells what stands there.
    """
    for kind, offset, segment_address, segment_bytes in segments:
        position = address - segment_address
        if kind == _PT_LOAD and 0 <= position <= segment_bytes - size_bytes:
            return offset + position
    raise _DamagedError


def _strings(
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
            raise _DamagedError
        strings[position] = os.fsdecode(piece[offset - start : end])
    return strings


def _read_piece(read: Read, offset: int) -> bytes:
    """Reads a piece of the string table that has the end of its first string."""
    for size_bytes in (_PIECE_BYTES, _TABLE_BYTES):
        piece = _read(read, offset, size_bytes)
        if b"\0" in piece:
            return piece
    raise _DamagedError


def _read_table(read: Read, offset: int, size_bytes: int) -> bytes:
    """Reads a part of the file that must be there whole."""
    if size_bytes > _TABLE_BYTES:
        raise _DamagedError
    table = _read(read, offset, size_bytes)
    if len(table) < size_bytes:
        raise _DamagedError
    return table


def _read(read: Read, offset: int, size_bytes: int) -> bytes:
    """Reads what is there of a part of the file."""
    if offset > _FILE_BYTES:
        raise _DamagedError
    return read(size_bytes, offset)
