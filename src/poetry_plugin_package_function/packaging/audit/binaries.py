"""Which files of a tree are machine code, whatever their names are."""

from __future__ import annotations

from enum import Enum
from functools import partial
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.packaging.elf.reader import read_elf
from poetry_plugin_package_function.packaging.sources.content import read


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator

    from poetry_plugin_package_function.packaging.elf.reader import Elf
    from poetry_plugin_package_function.packaging.elf.reader import Read
    from poetry_plugin_package_function.packaging.sources.entry import Entry


class Format(Enum):
    """How the code is stored, by the systems that load it."""

    ELF = "Linux"
    MACH_O = "macOS"
    PE = "Windows"


class Binary(NamedTuple):
    """A file of machine code.

    Attributes:
        entry: The file.
        format: By its first bytes; None if they are of no format, and only the file's
            name is that of a library.
        elf: What it says; None if it is no ELF file, or a damaged one.
    """

    entry: Entry
    format: Format | None
    elf: Elf | None


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

_LIBRARY: Final = ".so"
_LEAST_BYTES: Final = 4  # a magic number; an ELF file that ends there is a damaged one
_HEAD_BYTES: Final = 4096

_MACH_O: Final = frozenset(
    bytes.fromhex(each) for each in ("feedface", "feedfacf", "cefaedfe", "cffaedfe")
)
_MACH_O_UNIVERSAL: Final = frozenset((b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"))
_MOST_ARCHITECTURES: Final = 40
"""Java's classes begin like universal Mach-O files, with their version, 45 or more, in
the place of the number of architectures. Source: file(1)'s magic/Magdir/cafebabe
"""


def read_binaries(entries: Iterable[Entry]) -> Iterator[Binary]:
    """Finds machine code, and what is called so.

    Args:
        entries: Files of a tree. Those that are neither on the disk nor at hand are
            passed over.
    """
    for entry in entries:
        if _is_text_or_data(entry.name) or (
            entry.size_bytes < _LEAST_BYTES and not entry.name.endswith(_LIBRARY)
        ):
            continue
        found = _binary(entry, partial(_read_content, read(entry.content)))
        if found is not None:
            yield found


def _is_text_or_data(name: str) -> bool:
    _, dot, suffix = name.rpartition(".")
    return bool(dot) and suffix in _TEXT_AND_DATA


def _read_content(content: bytes, size_bytes: int, offset: int) -> bytes:
    return content[offset : offset + size_bytes]


def _binary(entry: Entry, read: Read) -> Binary | None:
    head = read(_HEAD_BYTES, 0)
    if head.startswith(b"\x7fELF"):
        return Binary(entry, Format.ELF, read_elf(read))
    if head[:4] in _MACH_O or (
        head[:4] in _MACH_O_UNIVERSAL
        and 0 < int.from_bytes(head[4:8], "big") < _MOST_ARCHITECTURES
    ):
        return Binary(entry, Format.MACH_O, None)
    if head.startswith(b"MZ") and len(head) >= 64:
        # e_lfanew: https://learn.microsoft.com/windows/win32/debug/pe-format
        offset = int.from_bytes(head[60:64], "little")
        if read(4, offset) == b"PE\0\0":
            return Binary(entry, Format.PE, None)
    return Binary(entry, None, None) if entry.name.endswith(_LIBRARY) else None
