"""The versions that symbols of needed libraries must have.

Source: "Symbol Versioning" in the Linux Standard Base, Core Specification 5.0, chapter
11.7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.packaging.elf.dynamic import DT_VERNEED
from poetry_plugin_package_function.packaging.elf.dynamic import string_table
from poetry_plugin_package_function.packaging.elf.dynamic import strings_at
from poetry_plugin_package_function.packaging.elf.headers import offset_of
from poetry_plugin_package_function.packaging.elf.parts import PIECE_BYTES
from poetry_plugin_package_function.packaging.elf.parts import TABLE_BYTES
from poetry_plugin_package_function.packaging.elf.parts import DamagedError
from poetry_plugin_package_function.packaging.elf.parts import read_part
from poetry_plugin_package_function.packaging.elf.values import NeededVersion


if TYPE_CHECKING:
    from poetry_plugin_package_function.packaging.elf.headers import Layout
    from poetry_plugin_package_function.packaging.elf.headers import Segments
    from poetry_plugin_package_function.packaging.elf.parts import Read


_VER_FLG_WEAK: Final = 2


def versions_of(
    read: Read,
    head: bytes,
    layout: Layout,
    segments: Segments,
    values: dict[int, int],
) -> tuple[NeededVersion, ...]:
    """Reads the needed versions that DT_VERNEED leads to."""
    if DT_VERNEED not in values:
        return ()
    start = offset_of(values[DT_VERNEED], 0, segments)
    pairs = _version_names(read_part(read, start, PIECE_BYTES), layout)
    if pairs is None:
        pairs = _version_names(read_part(read, start, TABLE_BYTES), layout)
    if pairs is None:
        raise DamagedError
    wanted = {each for pair in pairs for each in pair}
    strings = strings_at(read, head, string_table(values, segments), wanted)
    return tuple(NeededVersion(strings[file], strings[name]) for file, name in pairs)


def _version_names(table: bytes, layout: Layout) -> list[tuple[int, int]] | None:
    """Finds where in the string table each library and version has its name.

    As glibc does, it follows the chains to their ends instead of counting.

    Returns:
        None if something is behind the table's end.
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
                raise DamagedError
            if not following_one:
                break
            one += following_one
        else:
            return None
        if not following:
            return pairs
        position += following
    return None
