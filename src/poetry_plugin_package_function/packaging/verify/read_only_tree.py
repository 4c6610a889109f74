"""A directory that has the files of an archive, and cannot be written to.

What it has for one archive stays for the next, as far as that has it, too: functions of
a project differ in few files, and a file system takes longer to make and to remove
files than libdeflate to inflate them.
"""

from __future__ import annotations

import os
import stat
import zipfile

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING
from typing import Final

from deflate import DeflateError
from deflate import crc32
from deflate import deflate_decompress

from poetry_plugin_package_function.packaging.cores import usable_cores
from poetry_plugin_package_function.packaging.sources.content import DEFLATED
from poetry_plugin_package_function.packaging.sources.content import ZipMember
from poetry_plugin_package_function.packaging.sources.content import read
from poetry_plugin_package_function.packaging.sources.content import seek_data
from poetry_plugin_package_function.packaging.sources.content import sound_member
from poetry_plugin_package_function.packaging.sources.inflation import InflateError
from poetry_plugin_package_function.packaging.sources.inflation import inflater


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from typing import BinaryIO
    from typing import TypeAlias

    from poetry_plugin_package_function.packaging.sources.content import Content
    from poetry_plugin_package_function.packaging.sources.entry import Entry

    Data: TypeAlias = bytes | bytearray | memoryview
    _State: TypeAlias = tuple[int | Content, int, bool, int]


_READ: Final = 0o444
_READ_AND_EXECUTE: Final = 0o555
_OWN: Final = 0o700
_CHUNK_BYTES: Final = 1 << 20
_SMALL_BYTES: Final = 128 << 10
"""Up to this size a file is made by system calls that are as short as those of others:
two threads would wait for the interpreter lock longer than they work."""

_WHOLE_BYTES: Final = 32 << 20
"""Up to this size a file is held in memory, as libdeflate inflates nothing in parts."""


class ReadOnlyTree:
    """A directory that is made for one archive, and then for another.

    Attributes:
        root: Its path.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self._states: dict[str, _State] = {}

    def update(self, entries: Iterable[Entry]) -> None:
        """Puts files there; what is not one of them, or has been changed, goes.

        Args:
            entries: The files, by their POSIX paths below the root.

        Raises:
            OSError: Something cannot be read or written.
            BadZipFile: An archive is damaged.
            SourceError: A file that is in no archive cannot be read.
        """
        files = {each.name: each for each in entries}
        directories = _directories_of(self.root, files)
        self._tidy(files, directories)
        for directory in sorted(directories):
            with suppress(FileExistsError):
                os.mkdir(directory, _OWN)
        missing = [each for name, each in files.items() if name not in self._states]
        missing.sort(key=lambda each: -each.size_bytes)
        large = [each for each in missing if each.size_bytes > _SMALL_BYTES]
        with ThreadPoolExecutor(usable_cores()) as pool:
            jobs = [pool.submit(self._write, [each]) for each in large]
            self._write(missing[len(large) :])
            for job in jobs:
                job.result()  # raises what has been raised there
        for directory in directories:
            os.chmod(directory, _READ_AND_EXECUTE)

    def _tidy(self, files: Mapping[str, Entry], directories: set[str]) -> None:
        """Removes what may not stay."""
        with suppress(OSError):
            os.unlink(self.root)  # a link that somebody has put in its place
        surplus = []
        kept = {}
        for entry in below(self.root):
            name = entry.path[len(self.root) + 1 :]
            if entry.is_dir(follow_symlinks=False):
                if entry.path not in directories:
                    surplus.append(entry.path)
            elif name in files and self._states.get(name) == _state(
                files[name], entry.stat(follow_symlinks=False)
            ):
                kept[name] = self._states[name]
            else:
                os.unlink(entry.path)
        self._states = kept
        for directory in reversed(surplus):
            os.rmdir(directory)

    def _write(self, entries: Iterable[Entry]) -> None:
        """Writes files; each archive is opened once for them."""
        archives: dict[str, BinaryIO] = {}
        with ExitStack() as stack:
            for entry in entries:
                chunks: Iterable[Data]
                member = sound_member(entry.content)
                if member is not None:
                    path = member.archive
                    if path not in archives:
                        archives[path] = stack.enter_context(
                            open(path, "rb", buffering=0)
                        )
                    chunks = _checked(member, _chunks(archives[path], member))
                else:
                    chunks = (read(entry.content),)
                mode = _READ_AND_EXECUTE if entry.executable else _READ
                status = _write(f"{self.root}/{entry.name}", chunks, mode)
                self._states[entry.name] = _state(entry, status)


def below(root: str) -> Iterator[os.DirEntry[str]]:
    """Lists what is below a directory, parents first; no link is followed.

    Each directory is opened to its owner. One that is somebody else's is passed over.
    """
    pending = [] if os.path.islink(root) else [root]
    while pending:
        directory = pending.pop()
        try:
            os.chmod(directory, _OWN)
            with os.scandir(directory) as found:
                entries = list(found)
        except OSError:
            continue
        pending += [each.path for each in entries if each.is_dir(follow_symlinks=False)]
        yield from entries


def remove(root: str) -> None:
    """Removes a directory, as far as that is possible, whatever is in it."""
    directories = [root]
    for entry in below(root):
        if entry.is_dir(follow_symlinks=False):
            directories.append(entry.path)
        else:
            with suppress(OSError):
                os.unlink(entry.path)
    for directory in reversed(directories):
        with suppress(OSError):
            os.rmdir(directory)


def _directories_of(root: str, names: Iterable[str]) -> set[str]:
    found = {root}
    for name in names:
        parent = f"{root}/{name}".rpartition("/")[0]
        while parent not in found:
            found.add(parent)
            parent = parent.rpartition("/")[0]
    return found


def _state(entry: Entry, status: os.stat_result) -> _State:
    """Says what a file is until somebody changes it.

    Nobody can set ctime, when the system last changed it or its mode: inode(7).
    """
    content = entry.content
    # In the next archive a member is at another place.
    what = content.crc32 if isinstance(content, ZipMember) else content
    return what, entry.size_bytes, entry.executable, status.st_ctime_ns


def _write(path: str, chunks: Iterable[Data], mode: int) -> os.stat_result:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        for chunk in chunks:
            rest = memoryview(chunk)
            while rest:
                rest = rest[os.write(file, rest) :]
        status = os.fstat(file)
        if stat.S_IMODE(status.st_mode) != mode:  # the umask has had a say
            os.chmod(path, mode)
            status = os.fstat(file)
        return status
    finally:
        os.close(file)


def _checked(member: ZipMember, chunks: Iterable[Data]) -> Iterator[Data]:
    """Passes a member's content on, and holds it against the central directory."""
    checksum = size_bytes = 0
    with suppress(DeflateError, InflateError):
        for chunk in chunks:
            checksum = crc32(chunk, checksum)
            size_bytes += len(chunk)
            yield chunk
    if (size_bytes, checksum) != (member.size_bytes, member.crc32):
        raise zipfile.BadZipFile(f"{member.name} is damaged")


def _chunks(archive: BinaryIO, member: ZipMember) -> Iterator[Data]:
    """Reads the content of a member: whole, or in parts if it is large."""
    if not seek_data(archive, member):
        return
    inflate: Callable[[bytes], Data]
    if max(member.size_bytes, member.stored_bytes) <= _WHOLE_BYTES:
        chunk_bytes = _WHOLE_BYTES
        inflate = partial(deflate_decompress, originalsize=member.size_bytes)
    else:
        chunk_bytes = _CHUNK_BYTES
        inflate = inflater().decompress
    left_bytes = member.stored_bytes
    while left_bytes and (chunk := archive.read(min(left_bytes, chunk_bytes))):
        left_bytes -= len(chunk)
        yield inflate(chunk) if member.method == DEFLATED else chunk
