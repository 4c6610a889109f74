"""What an ELF file says, and what its numbers and its name mean."""

from __future__ import annotations

from typing import Final
from typing import NamedTuple


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
        kind: e_type: `EXECUTABLE`, `SHARED`, or another.
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


EXECUTABLE: Final = 2
SHARED: Final = 3
"""Shared libraries, and programs that are loaded anywhere."""


def is_called_library(name: str) -> bool:
    """Whether a file has a shared library's name: "a.so", "lib/liba.so.1"."""
    return name.endswith(".so") or ".so." in name.rpartition("/")[2]
