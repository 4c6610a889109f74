"""Wheels as sources of deflate streams.

A wheel is a ZIP, and its hash in a lock file fixes each stream in it: copied as they
are, they are the same on every machine, and nothing is compressed again.

Formats: APPNOTE.TXT 6.3.10, whose sections stand in the comments, and
https://packaging.python.org/en/latest/specifications/binary-distribution-format/
"""

from __future__ import annotations

import hashlib
import io
import posixpath
import stat
import struct
import zipfile
import zlib

from dataclasses import dataclass
from typing import IO
from typing import TYPE_CHECKING
from typing import Any
from typing import BinaryIO
from typing import Final
from typing import Literal
from typing import NamedTuple

from deflate import crc32

from poetry_plugin_package_function.errors import ChangedSourceError


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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


_LOCAL: Final = struct.Struct("<4s22x2H")  # 4.3.7: what is read of it
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000  # 4.4.4: bits 0, 6, 13
_UTF8: Final = 0x800  # 4.4.4: bit 11
_EXTRA_BYTES: Final = 64
"""What is read for a local header's extra field; a longer one costs a second read."""
_CHUNK_BYTES: Final = 1 << 20


def read_streams(wheel: Wheel) -> dict[str, Stream]:
    """Reads which file in site-packages has which stream.

    Raises:
        ChangedSourceError: The wheel is not the one that has been installed.
    """
    try:
        check_hash(wheel)
        with zipfile.ZipFile(wheel.path) as archive:
            infos = archive.infolist()
    except OSError as error:
        raise _changed(wheel, str(error.strerror)) from None
    data = f"{'-'.join(wheel.path.name.split('-')[:2])}.data/"
    path = str(wheel.path)
    streams = {}
    for info in infos:
        name = _installed_name(info.filename, data)
        if name is not None:
            streams[name] = Stream(
                path,
                info.header_offset,
                _LOCAL.size + len(info.orig_filename.encode()),
                info.compress_size,
                info.CRC,
                info.file_size,
                is_executable(info),
                _is_copyable(info) and info.filename not in wheel.unsound,
            )
    return streams


def check_hash(wheel: Wheel) -> None:
    """Holds a wheel against its hash.

    Raises:
        ChangedSourceError: It is another file.
        OSError: It cannot be read.
    """
    algorithm, _, expected = wheel.hash.partition(":")
    if file_digest(wheel.path, algorithm) != expected:
        raise _changed(wheel, f"its {algorithm} is another")


def file_digest(path: Path, algorithm: str) -> str:
    """Returns a file's digest in hexadecimal."""
    with path.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _changed(wheel: Wheel, what: str) -> ChangedSourceError:
    return ChangedSourceError(
        f"{wheel.path} is not the wheel any more that was installed: {what}.",
        "Run the command again. If that does not help, empty Poetry's cache:"
        " poetry cache clear --all .",
    )


def _installed_name(member: str, data: str) -> str | None:
    """Finds where a member is installed, below site-packages; None for elsewhere."""
    name = member
    if member.startswith(data):
        scheme, _, name = member.removeprefix(data).partition("/")
        if scheme not in ("purelib", "platlib"):
            return None
    if not name or name.endswith("/") or posixpath.normpath(name) != name:
        return None
    return None if name.startswith(("/", "../")) else name


def is_executable(info: zipfile.ZipInfo) -> bool:
    """Whether an installer makes the file executable.

    The rule is that of pip and of pypa/installer, which Poetry uses.
    """
    mode = info.external_attr >> 16
    return stat.S_ISREG(mode) and bool(mode & 0o111)


def _is_copyable(info: zipfile.ZipInfo) -> bool:
    return (
        info.compress_type == zipfile.ZIP_DEFLATED
        and not info.flag_bits & _ENCRYPTED
        and info.compress_size < info.file_size
    )


def read_stream(file: BinaryIO, stream: Stream) -> memoryview | None:
    """Reads a deflate stream out of its wheel; None if it does not stand there.

    Args:
        file: The open wheel.
        stream: What to read.
    """
    file.seek(stream.offset)
    size_bytes = stream.header_bytes + _EXTRA_BYTES + stream.data_bytes
    block = memoryview(file.read(size_bytes))
    start = _data_offset(block)
    if start is None:
        return None
    if start + stream.data_bytes > size_bytes:
        file.seek(stream.offset + start)
        block, start = memoryview(file.read(stream.data_bytes)), 0
    data = block[start : start + stream.data_bytes]
    return data if len(data) == stream.data_bytes else None


def _data_offset(header: memoryview | bytes) -> int | None:
    if len(header) < _LOCAL.size:
        return None
    signature, name_bytes, extra_bytes = _LOCAL.unpack_from(header)
    if signature != b"PK\3\4":
        return None
    return _LOCAL.size + int(name_bytes) + int(extra_bytes)


class SoundingZipFile(zipfile.ZipFile):
    """Reads a wheel as `zipfile` does, and finds out which streams are sound.

    A stream is sound if it stands where the central directory says, ends where that
    says, and inflates to as many bytes as that says, with the CRC-32 that it says:
    then all readers make the same of it. `zipfile` reads as far as the size says, so a
    stream that goes on, or has something behind it, does not hinder an installation.

    Attributes:
        unsound: Names of members that have been read and are not sound.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.unsound: set[str] = set()
        self._wheel = path
        self._raw = path.open("rb", buffering=0)

    def close(self) -> None:
        """Closes the wheel."""
        super().close()
        if hasattr(self, "_raw"):  # not if it is no ZIP: then there is none yet
            self._raw.close()

    def open(  # type: ignore[override]
        self,
        name: str | zipfile.ZipInfo,
        mode: Literal["r"] = "r",
        pwd: bytes | None = None,
        *,
        force_zip64: bool = False,
    ) -> IO[bytes]:
        """Opens a member.

        Raises:
            BadZipFile: It cannot be read; the wheel is named.
        """
        info = name if isinstance(name, zipfile.ZipInfo) else self.getinfo(name)
        start = self._start(info) if _is_copyable(info) else None
        if start is None:
            self.unsound.add(info.filename)
            return super().open(info, mode, pwd, force_zip64=force_zip64)
        chunks = self._chunks(info, start)
        if info.file_size <= _CHUNK_BYTES:
            return io.BytesIO(b"".join(chunks))
        return io.BufferedReader(_Chunks(chunks), _CHUNK_BYTES)

    def _start(self, info: zipfile.ZipInfo) -> int | None:
        name = info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8 else "cp437")
        self._raw.seek(info.header_offset)
        header = self._raw.read(_LOCAL.size + len(name))
        offset = _data_offset(header)
        if offset is None or header[_LOCAL.size :] != name:
            return None
        return info.header_offset + offset

    def _chunks(self, info: zipfile.ZipInfo, start: int) -> Iterator[bytes]:
        inflation = zlib.decompressobj(-15)
        unread_bytes, missing_bytes, checksum = info.compress_size, info.file_size, 0
        data = b""
        self._raw.seek(start)
        try:
            while missing_bytes:
                if not data:
                    data = self._raw.read(min(unread_bytes, _CHUNK_BYTES))
                    unread_bytes -= len(data)
                chunk = inflation.decompress(data, min(missing_bytes, _CHUNK_BYTES))
                if not chunk and (inflation.eof or not data):
                    break
                data = inflation.unconsumed_tail
                missing_bytes -= len(chunk)
                checksum = crc32(chunk, checksum)
                yield chunk
            data += self._raw.read(unread_bytes)
            beyond = inflation.decompress(data, 1)
        except zlib.error as error:
            raise self._bad(info, str(error)) from None
        if missing_bytes or checksum != info.CRC:
            raise self._bad(info, "its CRC-32 or its size is another")
        if beyond or not inflation.eof or inflation.unused_data:
            self.unsound.add(info.filename)

    def _bad(self, info: zipfile.ZipInfo, what: str) -> zipfile.BadZipFile:
        return zipfile.BadZipFile(
            f"{info.filename} in {self._wheel} cannot be read: {what}."
        )


class _Chunks(io.RawIOBase):
    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = next(self._chunks, b"")
        size_bytes = min(len(buffer), len(self._rest))
        buffer[:size_bytes] = self._rest[:size_bytes]
        self._rest = self._rest[size_bytes:]
        return size_bytes
