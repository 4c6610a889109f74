"""The ELF header and the program headers: where the parts of a file are.

Source: System V gABI, chapter 4 "Object Files" and chapter 5 "Program Loading and
Dynamic Linking", https://gabi.xinuos.com/
"""

from __future__ import annotations

import struct

from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple
from typing import TypeAlias

from poetry_plugin_package_function.packaging.elf.parts import DamagedError
from poetry_plugin_package_function.packaging.elf.parts import read_table


if TYPE_CHECKING:
    from poetry_plugin_package_function.packaging.elf.parts import Read


class Layout(NamedTuple):
    """Where the fields that are read are in a class and byte order of files.

    Attributes:
        header: Of the ELF header e_type, e_machine, e_phoff, e_phentsize, e_phnum.
        segment: Of a program header the fields of `Segments`.
        entry: Of the dynamic section d_tag and d_un.
        need: Of a library's versions vn_file, vn_aux, vn_next.
        version: Of one of them vna_flags, vna_name, vna_next.
    """

    header: struct.Struct
    segment: struct.Struct
    entry: struct.Struct
    need: struct.Struct
    version: struct.Struct


Segments: TypeAlias = "list[tuple[int, int, int, int]]"
"""Program headers: p_type, p_offset, p_vaddr, p_filesz."""


_VERSION_FORMATS: Final = ("4x3I", "4xH2x2I")


def _layouts(order: str, data: bytes) -> dict[bytes, Layout]:
    """Makes the 32-bit and the 64-bit layout by what such files begin with."""
    formats = {
        b"\1": ("16x2H8xI10x2H", "3I4xI12x", "2I", *_VERSION_FORMATS),
        b"\2": ("16x2H12xQ14x2H", "I4x2Q8xQ16x", "2Q", *_VERSION_FORMATS),
    }
    return {
        b"\x7fELF" + bits + data: Layout(*(struct.Struct(order + one) for one in each))
        for bits, each in formats.items()
    }


_LAYOUTS: Final = {**_layouts("<", b"\1"), **_layouts(">", b"\2")}
_IDENT_BYTES: Final = 6  # e_ident: the magic number, EI_CLASS, EI_DATA

PT_LOAD: Final = 1
PT_DYNAMIC: Final = 2

HEAD_BYTES: Final = 4096
"""What is read first: the ELF header and, but for odd files, the program headers."""


def layout_of(head: bytes) -> Layout | None:
    """Finds the layout of a file by what it begins with; None if it is no ELF file."""
    return _LAYOUTS.get(head[:_IDENT_BYTES])


def segments_of(read: Read, head: bytes, layout: Layout) -> Segments:
    """Reads the program headers."""
    if len(head) < layout.header.size:
        raise DamagedError
    _, _, start, entry_bytes, count = layout.header.unpack_from(head)
    if not count:
        return []
    if entry_bytes != layout.segment.size:
        raise DamagedError
    size_bytes = count * entry_bytes
    table = head[start : start + size_bytes]
    if len(table) < size_bytes:  # patchelf moves them to the file's end at times
        table = read_table(read, start, size_bytes)
    return list(layout.segment.iter_unpack(table))


def offset_of(address: int, size_bytes: int, segments: Segments) -> int:
    """Finds where in the file something is.

    The dynamic section has its address; what is loaded shows what is there.
    """
    for kind, offset, segment_address, segment_bytes in segments:
        position = address - segment_address
        if kind == PT_LOAD and 0 <= position <= segment_bytes - size_bytes:
            return offset + position
    raise DamagedError
