"""What a shared library is made for, which others it asks for, and where it looks.

Only the parts of a file that say so are read: a few kilobytes of up to many megabytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_plugin_package_function.packaging.elf.dynamic import dynamic_section
from poetry_plugin_package_function.packaging.elf.dynamic import linkage_of
from poetry_plugin_package_function.packaging.elf.headers import HEAD_BYTES
from poetry_plugin_package_function.packaging.elf.headers import PT_LOAD
from poetry_plugin_package_function.packaging.elf.headers import layout_of
from poetry_plugin_package_function.packaging.elf.headers import segments_of
from poetry_plugin_package_function.packaging.elf.parts import DamagedError
from poetry_plugin_package_function.packaging.elf.values import Elf
from poetry_plugin_package_function.packaging.elf.versions import versions_of


if TYPE_CHECKING:
    from poetry_plugin_package_function.packaging.elf.parts import Read
    from poetry_plugin_package_function.packaging.elf.values import Linkage
    from poetry_plugin_package_function.packaging.elf.values import NeededVersion


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
        head = read(HEAD_BYTES, 0)
        layout = layout_of(head)
        if layout is None:
            return None
        segments = segments_of(read, head, layout)
        kind, machine, *_ = layout.header.unpack_from(head)
        loaded = [each[1] + each[3] for each in segments if each[0] == PT_LOAD]
        section = dynamic_section(read, layout, segments)
        linkage: Linkage | None = None
        versions: tuple[NeededVersion, ...] = ()
        if section is not None:
            linkage = linkage_of(read, head, segments, *section)
            versions = versions_of(read, head, layout, segments, section[1])
    except DamagedError:
        return None
    bits = 32 * head[4]  # EI_CLASS is 1 or 2: there is no layout for another
    return Elf(kind, machine, bits, max(loaded, default=0), linkage, versions)
