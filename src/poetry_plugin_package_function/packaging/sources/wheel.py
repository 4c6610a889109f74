"""Wheels as sources of deflate streams.

A wheel is a ZIP, and its hash in a lock file fixes each stream in it: copied as they
are, they are the same on every machine, and nothing is compressed again.

Formats: APPNOTE.TXT 6.3.10, whose sections stand in the comments, and
https://packaging.python.org/en/latest/specifications/binary-distribution-format/
"""

from __future__ import annotations

import hashlib
import posixpath
import stat
import zipfile

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING
from typing import BinaryIO
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.errors import ChangedSourceError
from poetry_plugin_package_function.packaging.sources.integrity import HEADER_BYTES
from poetry_plugin_package_function.packaging.sources.integrity import SoundingZipFile
from poetry_plugin_package_function.packaging.sources.integrity import encoded_name
from poetry_plugin_package_function.packaging.sources.integrity import header_lengths
from poetry_plugin_package_function.packaging.sources.integrity import is_copyable


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from packaging.utils import NormalizedName


@dataclass(frozen=True)
class Wheel:
    """A wheel that a lock file pins.

    Attributes:
        path: Where it is.
        hash: What the lock says of it: the algorithm, a colon, hexadecimal digits.
        unsound: Members whose streams may not be copied, because readers would make
            different things of them; see `SoundingZipFile`.
    """

    path: Path
    hash: str
    unsound: frozenset[str] = frozenset()


NO_WHEELS: Final[Mapping[NormalizedName, Wheel]] = MappingProxyType({})


class Stream(NamedTuple):
    """Where a member's deflate stream stands in a wheel.

    Attributes:
        wheel: The wheel's path.
        offset: Of the local header.
        header_bytes: What the local header has at least: its extra field is not known.
        data_bytes: The stream's length.
        crc32: Of the content.
        size_bytes: Of the content.
        executable: Whether an installer makes the file executable.
        copyable: Whether the stream can stand in another ZIP as it is.
    """

    wheel: str
    offset: int
    header_bytes: int
    data_bytes: int
    crc32: int
    size_bytes: int
    executable: bool
    copyable: bool


EXTRA_BYTES: Final = 64
"""What is read for a local header's extra field; a longer one costs a second read."""


def read_streams(wheel: Wheel) -> dict[str, Stream]:
    """Reads which file in site-packages has which stream; its hash is not looked at.

    Raises:
        ChangedSourceError: The wheel cannot be read any more.
    """
    try:
        with SoundingZipFile(wheel.path) as archive:
            infos = archive.infolist()
    except OSError as error:
        raise _changed(wheel, str(error.strerror)) from None
    except zipfile.BadZipFile:
        raise _changed(wheel, "it is no ZIP") from None
    data = f"{'-'.join(wheel.path.name.split('-')[:2])}.data/"
    path = str(wheel.path)
    streams = {}
    for info in infos:
        name = _installed_name(info.filename, data)
        if name is not None:
            streams[name] = stream_of(path, info, unsound=wheel.unsound)
    return streams


def stream_of(
    path: str, info: zipfile.ZipInfo, *, unsound: frozenset[str] = frozenset()
) -> Stream:
    """Makes a stream of a ZIP's member."""
    return Stream(
        path,
        info.header_offset,
        HEADER_BYTES + len(encoded_name(info)),
        info.compress_size,
        info.CRC,
        info.file_size,
        is_executable(info),
        is_copyable(info) and info.filename not in unsound,
    )


def check_hash(wheel: Wheel) -> None:
    """Holds a wheel against its hash.

    Raises:
        ChangedSourceError: It is another file, or cannot be read.
    """
    algorithm, _, expected = wheel.hash.partition(":")
    try:
        digest = file_digest(wheel.path, algorithm)
    except OSError as error:
        raise _changed(wheel, str(error.strerror)) from None
    if digest != expected:
        raise _changed(wheel, f"its {algorithm} is another")


def file_digest(path: Path, algorithm: str) -> str:
    """Returns a file's digest in hexadecimal."""
    with path.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _changed(wheel: Wheel, what: str) -> ChangedSourceError:
    return ChangedSourceError(
        f"{wheel.path} is not the wheel any more that was installed: {what}.",
        "Run the command again. If that does not help, delete that file: Poetry will"
        " fetch it.",
    )


def _installed_name(member: str, data: str) -> str | None:
    """Finds where a member is installed, below site-packages; None for elsewhere."""
    name = member
    if member.startswith(data):
        scheme, _, name = member.removeprefix(data).partition("/")
        if scheme not in ("purelib", "platlib"):
            return None
    # pypa/installer passes over cached bytecode.
    if not name or name.endswith("/") or "__pycache__" in name.split("/")[:-1]:
        return None
    name = posixpath.normpath(name)  # as an installer does before it writes
    return None if name.startswith(("/", "../")) else name


def is_executable(info: zipfile.ZipInfo) -> bool:
    """Whether an installer makes the file executable.

    The rule is that of pip and of pypa/installer, which Poetry uses.
    """
    mode = info.external_attr >> 16
    return stat.S_ISREG(mode) and bool(mode & 0o111)


def read_stream(file: BinaryIO, stream: Stream) -> memoryview | None:
    """Reads a deflate stream out of its wheel; None if it does not stand there.

    Args:
        file: The open wheel.
        stream: What to read.
    """
    file.seek(stream.offset)
    size_bytes = stream.header_bytes + EXTRA_BYTES + stream.data_bytes
    block = memoryview(file.read(size_bytes))
    lengths = header_lengths(block)
    if lengths is None:
        return None
    start = HEADER_BYTES + sum(lengths)
    if start + stream.data_bytes > size_bytes:
        file.seek(stream.offset + start)
        block, start = memoryview(file.read(stream.data_bytes)), 0
    data = block[start : start + stream.data_bytes]
    return data if len(data) == stream.data_bytes else None
