"""Which files are machine code, and what they say: facts of their content alone."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING
from typing import Any
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.packaging.elf.headers import HEAD_BYTES
from poetry_plugin_package_function.packaging.elf.reader import read_elf
from poetry_plugin_package_function.packaging.elf.values import Elf
from poetry_plugin_package_function.packaging.elf.values import Linkage
from poetry_plugin_package_function.packaging.elf.values import NeededVersion


if TYPE_CHECKING:
    from collections.abc import Sequence
    from mmap import mmap

    from poetry_plugin_package_function.packaging.elf.parts import Read


class Format(StrEnum):
    """How the code is stored, by the systems that load it."""

    ELF = "Linux"
    MACH_O = "macOS"
    PE = "Windows"


class MachineCode(NamedTuple):
    """What a file of machine code says of itself. It can be written as JSON.

    Attributes:
        format: By its first bytes.
        elf: What it says; None if it is no ELF file, or a damaged one.
        defines_init: See `defines_init`, for the module of the file's name; None if
            nobody has looked, as that takes all of its content.
    """

    format: Format
    elf: Elf | None
    defines_init: bool | None = None


_TEXT_AND_DATA: Final = frozenset(
    (
        *("py", "pyi", "pyx", "pxd", "pxi", "pyc", "pth", "typed", "ipynb", "j2"),
        *("txt", "md", "rst", "html", "css", "js", "map", "ts", "svg", "xml", "xsl"),
        *("json", "toml", "yaml", "yml", "ini", "cfg", "csv", "tsv", "sql", "po"),
        *("h", "hpp", "hh", "hxx", "cuh", "c", "cc", "cpp", "cxx", "cu", "inc", "tp"),
        *("f", "f90", "f95", "rs", "go", "java", "cmake", "build", "pc", "proto"),
        *("gz", "bz2", "xz", "zip", "whl", "png", "jpg", "gif", "ico", "ttf", "wav"),
        *("mat", "npy", "npz", "pkl", "parquet", "sav", "arff", "pem", "mo"),
        *("a", "o", "debug"),
    )
)
"""What files end in that nothing loads as code: they are not opened. Static libraries,
objects and what has been split off for debuggers are among them."""

_LEAST_BYTES: Final = 4  # a magic number; an ELF file that ends there is a damaged one

_MACH_O: Final = frozenset(
    bytes.fromhex(each) for each in ("feedface", "feedfacf", "cefaedfe", "cffaedfe")
)
_MACH_O_UNIVERSAL: Final = frozenset((b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"))
_MOST_ARCHITECTURES: Final = 40
"""Java's classes begin like universal Mach-O files, with their version, 45 or more, in
the place of the number of architectures. Source: file(1)'s magic/Magdir/cafebabe
"""


def may_be_machine_code(name: str, size_bytes: int) -> bool:
    """Whether a file is worth opening, by its name and size."""
    _, dot, suffix = name.rpartition(".")
    return size_bytes >= _LEAST_BYTES and not (dot and suffix in _TEXT_AND_DATA)


def machine_code(read: Read) -> MachineCode | None:
    """Reads what a file of machine code says; None if it is something else.

    Args:
        read: Reads parts of it: see `elf.parts`.

    Raises:
        OSError: The file cannot be read.
    """
    head = read(HEAD_BYTES, 0)
    if head.startswith(b"\x7fELF"):
        return MachineCode(Format.ELF, read_elf(read))
    if head[:4] in _MACH_O or (
        head[:4] in _MACH_O_UNIVERSAL
        and 0 < int.from_bytes(head[4:8], "big") < _MOST_ARCHITECTURES
    ):
        return MachineCode(Format.MACH_O, None)
    if head.startswith(b"MZ") and len(head) >= 64:
        # e_lfanew: https://learn.microsoft.com/windows/win32/debug/pe-format
        offset = int.from_bytes(head[60:64], "little")
        if read(4, offset) == b"PE\0\0":
            return MachineCode(Format.PE, None)
    return None


def defines_init(content: bytes | mmap, module: str) -> bool:
    """Whether Python can import a library: it has the function that makes the module.

    Args:
        content: All of the library.
        module: The last part of the module's name.

    Source: https://docs.python.org/3/extending/building.html
    """
    return content.find(b"PyInit_%s\0" % module.encode()) >= 0


def from_json(value: Sequence[Any]) -> MachineCode:
    """Makes machine code of what JSON has made of it."""
    name, elf, init = value
    if elf is not None:
        *numbers, linkage, versions = elf
        if linkage is not None:
            needed, search, *rest = linkage
            linkage = Linkage(tuple(needed), tuple(search), *rest)
        versions = tuple(NeededVersion(*each) for each in versions)
        elf = Elf._make((*numbers, linkage, versions))
    return MachineCode(Format(name), elf, init)
