"""Tiny ELF files, made by hand."""

from __future__ import annotations

import os
import struct

from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple


if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence


LOAD, DYNAMIC = 1, 2
NEEDED, STRTAB, SYMTAB, STRSZ, SONAME, RPATH, RUNPATH = 1, 5, 6, 10, 14, 15, 29
VERNEED: Final = 0x6FFFFFFE
WEAK: Final = 2


class Shape(NamedTuple):
    bits: int
    order: str

    def pack(self, fields: str, *values: object) -> bytes:
        """Packs values; `P` is an address or offset, as wide as the class has them."""
        return struct.pack(
            self.order + fields.replace("P", "I" if self.bits == 32 else "Q"), *values
        )

    def segment(self, kind: int, offset: int, address: int, size_bytes: int) -> bytes:
        place = (offset, address, address, size_bytes, size_bytes)
        if self.bits == 32:
            return self.pack("I5I2I", kind, *place, 5, 8)
        return self.pack("2I5QQ", kind, 5, *place, 8)


SHAPES: Final = [Shape(32, "<"), Shape(32, ">"), Shape(64, "<"), Shape(64, ">")]
USUAL: Final = Shape(64, "<")
ADDRESS: Final = 0x10000  # where the file's begin is loaded


def elf(
    shape: Shape = USUAL,
    said: Sequence[tuple[int, int | str]] = (),
    *,
    kind: int = 3,
    machine: int = 62,
    versions: Mapping[str, Mapping[str, int]] | None = None,
    before: bytes = b"\0",
    between: bytes = b"\0",
    behind: bytes = b"",
    gap_bytes: int = 0,
) -> bytes:
    """Makes a library that has nothing but its dynamic section, and what it leads to.

    Args:
        shape: Class and byte order.
        said: The section's entries; those for the string table are added.
        kind: e_type.
        machine: e_machine.
        versions: For each needed library the versions' flags by their names.
        before: What the string table begins with.
        between: What stands behind each string.
        behind: What follows the string table.
        gap_bytes: Of what else stands in front of the program headers.
    """
    strings = before
    values = []

    def string(text: str) -> int:
        nonlocal strings
        strings += os.fsencode(text) + between
        return len(strings) - len(os.fsencode(text) + between)

    for tag, value in said:
        values.append((tag, string(value) if isinstance(value, str) else value))
    needs = b""
    for number, (library, names) in enumerate((versions or {}).items(), start=1):
        behind_bytes = 16 * (len(names) + 1) * (number < len(versions or {}))
        file = string(library)
        needs += shape.pack("2H3I", 1, len(names), file, 16, behind_bytes)
        for index, (name, flags) in enumerate(names.items(), start=1):
            following = 16 * (index < len(names))
            needs += shape.pack("I2H2I", 0, flags, 2, string(name), following)
    header_bytes, segment_bytes = (52, 32) if shape.bits == 32 else (64, 56)
    start = header_bytes + gap_bytes + 3 * segment_bytes
    section_bytes = (len(values) + 4 + bool(needs)) * shape.bits // 4
    size_bytes = start + section_bytes + len(needs) + len(strings)
    behind_section = ADDRESS + start + section_bytes
    values += [(STRTAB, behind_section + len(needs)), (STRSZ, len(strings))]
    values += [(VERNEED, behind_section)] * bool(needs)
    values += [(0, 0), (NEEDED, 0)]
    return b"".join(
        [
            b"\x7fELF"
            + bytes([shape.bits // 32, 1 + (shape.order == ">"), 1] + [0] * 9),
            shape.pack("2HI3PI", kind, machine, 1, 0, header_bytes + gap_bytes, 0, 0),
            shape.pack("6H", header_bytes, segment_bytes, 3, 0, 0, 0),
            bytes(gap_bytes),
            shape.segment(LOAD, 0, 0x20, 0x30),
            shape.segment(LOAD, 0, ADDRESS, size_bytes),
            shape.segment(DYNAMIC, start, ADDRESS + start, section_bytes),
            *(shape.pack("2P", tag, value) for tag, value in values),
            needs,
            strings,
            behind,
        ]
    )
