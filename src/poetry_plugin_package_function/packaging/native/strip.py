"""Takes out of machine code what nothing looks at when it is loaded.

Symbol tables for linkers and debugging information are in sections that are not loaded.
A tool that knows the formats removes them; whether it has left alone what is loaded is
looked at here, byte for byte. Some tools move what patchelf has put at a file's end.
"""

from __future__ import annotations

import os
import shutil
import subprocess

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextlib import suppress
from functools import partial
from itertools import count
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.errors import ToolError
from poetry_plugin_package_function.packaging.cores import usable_cores
from poetry_plugin_package_function.packaging.elf.parts import within_file
from poetry_plugin_package_function.packaging.elf.reader import read_elf
from poetry_plugin_package_function.packaging.elf.values import EXECUTABLE
from poetry_plugin_package_function.packaging.elf.values import SHARED
from poetry_plugin_package_function.packaging.elf.values import is_called_library
from poetry_plugin_package_function.packaging.sources.content import FileContent
from poetry_plugin_package_function.packaging.sources.content import read


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence
    from pathlib import Path

    from poetry_plugin_package_function.packaging.sources.content import Content
    from poetry_plugin_package_function.packaging.sources.entry import Entry


_TOOLS: Final = ("llvm-strip", "strip")
"""The first that there is: LLVM's knows all machines, that of binutils often one."""

_LIMIT_S: Final = 120
_CHUNK_BYTES: Final = 1 << 20
_HEADER_BYTES: Final = 64
_SECTION_FIELDS: Final = {32: ((32, 36), (46, 52)), 64: ((40, 48), (58, 64))}
"""Where e_shoff and e_shentsize, e_shnum, e_shstrndx are in the ELF header: nothing
looks at sections when a file is loaded. Source: gABI, chapter 4."""


class Stripped(NamedTuple):
    """What has been stripped.

    Attributes:
        tool: What did it, and its version: other ones write other bytes.
        files: How many files are smaller now.
        saved_bytes: By how much, all together.
        left: Names of machine code that the tool could not strip, or would have
            changed in what is loaded.
    """

    tool: str
    files: int
    saved_bytes: int
    left: tuple[str, ...]


def find_tool() -> str:
    """Finds what strips.

    Raises:
        ToolError: There is nothing.
    """
    found = next(filter(None, map(shutil.which, _TOOLS)), None)
    if found is None:
        raise ToolError(
            f"There is no {' or '.join(_TOOLS)} here to strip with.",
            "Install binutils or LLVM, or leave out `strip`.",
        )
    return found


class _Stripped(NamedTuple):
    """What has become of one file.

    Attributes:
        content: That of the smaller file; None if there is none.
        size_bytes: Its size.
        is_left: Whether the tool could not do it, or would have changed too much.
    """

    content: FileContent | None = None
    size_bytes: int = 0
    is_left: bool = False


class Stripper:
    """Strips; what several functions ship is stripped once."""

    def __init__(self, directory: Path) -> None:
        """Has stripped nothing yet.

        Args:
            directory: For what is stripped; it is read until archives are written.
        """
        self._directory = directory
        self._numbers = count()
        self._known: dict[Content, _Stripped] = {}

    def strip(self, entries: Sequence[Entry]) -> tuple[list[Entry], Stripped]:
        """Strips what can be stripped.

        Args:
            entries: All that is shipped.

        Returns:
            The entries as they are shipped, in their order, and what has been done.

        Raises:
            ToolError: There is no tool.
            SourceError: A file cannot be read.
        """
        tool = find_tool()
        native = [each for each in entries if is_called_library(each.name)]
        new = {each.content: each for each in native if each.content not in self._known}
        with ThreadPoolExecutor(usable_cores(), "strip") as pool:
            done = pool.map(partial(self._strip, tool), new.values())
            self._known |= zip(new, done, strict=True)
        replaced = {}
        saved_bytes = 0
        for entry in native:
            content, size_bytes, _ = self._known[entry.content]
            if content is not None:
                replaced[entry.name] = entry._replace(
                    content=content, size_bytes=size_bytes
                )
                saved_bytes += entry.size_bytes - size_bytes
        left = (each.name for each in native if self._known[each.content].is_left)
        return (
            [replaced.get(entry.name, entry) for entry in entries],
            Stripped(_version(tool), len(replaced), saved_bytes, tuple(left)),
        )

    def _strip(self, tool: str, entry: Entry) -> _Stripped:
        target = str(self._directory / f"{next(self._numbers)}.stripped")
        size_bytes = _strip(tool, entry, target)
        if size_bytes is not None and size_bytes < entry.size_bytes:
            return _Stripped(FileContent(target), size_bytes)
        with suppress(FileNotFoundError):
            os.unlink(target)
        return _Stripped(is_left=size_bytes is None)


def _version(tool: str) -> str:
    name = os.path.basename(tool)
    done = subprocess.run(
        [tool, "--version"], capture_output=True, text=True, timeout=_LIMIT_S
    )
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    line = next((line for line in lines if any(map(str.isdigit, line))), "")
    return f"{name}: {line}" if line else name


def _strip(tool: str, entry: Entry, target: str) -> int | None:
    """Strips a file into another one; returns its size, or None if that is no good."""
    with _laid_out(entry.content, f"{target}.whole") as source:
        with open(source, "rb", buffering=0) as file:
            elf = read_elf(within_file(file))
        if elf is None or elf.kind not in (EXECUTABLE, SHARED):
            return entry.size_bytes  # there is nothing to strip
        command = [tool, "--strip-unneeded", "-o", target, source]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_LIMIT_S)
        except subprocess.TimeoutExpired:
            return None
        if done.returncode != 0:
            return None
        if not _is_loaded_alike(source, target, elf.loaded_bytes, elf.bits):
            return None
    return os.path.getsize(target)


@contextmanager
def _laid_out(content: Content, place: str) -> Iterator[str]:
    """Finds a file with a content, or writes one, which is gone when the block ends."""
    if isinstance(content, FileContent):
        yield content.path
        return
    try:
        with open(place, "wb") as file:
            file.write(read(content))
        yield place
    finally:
        os.unlink(place)


def _is_loaded_alike(source: str, target: str, loaded_bytes: int, bits: int) -> bool:
    """Whether two files are the same as far as they are loaded."""
    with (
        open(source, "rb", buffering=0) as one,
        open(target, "rb", buffering=0) as other,
    ):
        if _header(one.read(_HEADER_BYTES), bits) != _header(
            other.read(_HEADER_BYTES), bits
        ):
            return False
        position = _HEADER_BYTES
        while position < loaded_bytes:
            length = min(_CHUNK_BYTES, loaded_bytes - position)
            content = one.read(length)
            if len(content) < length or content != other.read(length):
                return False
            position += length
    return True


def _header(content: bytes, bits: int) -> bytes:
    """An ELF header without what is about sections."""
    header = bytearray(content)
    for start, end in _SECTION_FIELDS[bits]:
        header[start:end] = bytes(end - start)
    return bytes(header)
