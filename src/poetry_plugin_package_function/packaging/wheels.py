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
from functools import partial
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
    from collections.abc import Callable
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
_UNREADABLE: Final = 0x1 | 0x20 | 0x40 | 0x2000  # 4.4.4: encrypted, or a patch
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
            streams[name] = Stream(
                path,
                info.header_offset,
                _LOCAL.size + len(_encoded_name(info)),
                info.compress_size,
                info.CRC,
                info.file_size,
                is_executable(info),
                is_copyable(info) and info.filename not in wheel.unsound,
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


def _encoded_name(info: zipfile.ZipInfo) -> bytes:
    name = info.orig_filename
    # ASCII is the same in both, and this codec is much the faster.
    is_utf8 = info.flag_bits & _UTF8 or name.isascii()
    return name.encode("utf-8" if is_utf8 else "cp437")


def is_executable(info: zipfile.ZipInfo) -> bool:
    """Whether an installer makes the file executable.

    The rule is that of pip and of pypa/installer, which Poetry uses.
    """
    mode = info.external_attr >> 16
    return stat.S_ISREG(mode) and bool(mode & 0o111)


def is_copyable(info: zipfile.ZipInfo) -> bool:
    """Whether the directory has it that there is a stream which is worth copying."""
    return (
        info.compress_type == zipfile.ZIP_DEFLATED
        and not info.flag_bits & _UNREADABLE
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
    lengths = _lengths(block)
    if lengths is None:
        return None
    start = _LOCAL.size + sum(lengths)
    if start + stream.data_bytes > size_bytes:
        file.seek(stream.offset + start)
        block, start = memoryview(file.read(stream.data_bytes)), 0
    data = block[start : start + stream.data_bytes]
    return data if len(data) == stream.data_bytes else None


def _lengths(header: memoryview | bytes) -> tuple[int, int] | None:
    """Reads how long a local header's name and extra field are."""
    if len(header) < _LOCAL.size:
        return None
    signature, name_bytes, extra_bytes = _LOCAL.unpack_from(header)
    return (name_bytes, extra_bytes) if signature == b"PK\3\4" else None


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
        self.unsound: set[str] = set()
        self._wheel = path
        try:
            super().__init__(path)
        except OSError:
            raise
        except Exception as error:
            raise self._bad(str(path), error) from error
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
        """Opens a member; what is wrong with it may show only when it is read.

        Raises:
            BadZipFile: It cannot be read; the wheel is named.
            KeyError: There is no such member.
        """
        info = name if isinstance(name, zipfile.ZipInfo) else self.getinfo(name)
        plain = partial(super().open, info, mode, pwd, force_zip64=force_zip64)
        chunks = partial(self._chunks, info, plain)
        if info.file_size <= _CHUNK_BYTES:
            return io.BytesIO(b"".join(chunks()))
        return io.BufferedReader(_Content(chunks, info.file_size), _CHUNK_BYTES)

    def _chunks(
        self, info: zipfile.ZipInfo, plain: Callable[[], IO[bytes]]
    ) -> Iterator[bytes]:
        try:
            start = self._start(info) if is_copyable(info) else None
            if start is None:
                self.unsound.add(info.filename)
                with plain() as content:
                    while chunk := content.read(_CHUNK_BYTES):
                        yield chunk
            else:
                yield from self._inflated(info, start)
        # What is wrong with a member, zipfile tells by errors of a dozen kinds: its
        # own, those of the decompressors, RuntimeError, EOFError, ValueError, ...
        except Exception as error:
            raise self._bad(f"{info.filename} in {self._wheel}", error) from error

    def _start(self, info: zipfile.ZipInfo) -> int | None:
        """Finds a stream; None if this is for `zipfile` to judge."""
        name = _encoded_name(info)
        self._raw.seek(info.header_offset)
        header = self._raw.read(_LOCAL.size + len(name))
        lengths = _lengths(header)
        if lengths is None or lengths[0] != len(name) or header[_LOCAL.size :] != name:
            return None
        start = info.header_offset + _LOCAL.size + sum(lengths)
        # From Python 3.11.8 on, members that overlap are refused.
        next_offset = getattr(info, "_end_offset", None)
        overlaps = next_offset is not None and start + info.compress_size > next_offset
        return None if overlaps else start

    def _inflated(self, info: zipfile.ZipInfo, start: int) -> Iterator[bytes]:
        pieces = self._pieces(start, info.compress_size)
        inflation = zlib.decompressobj(-15)
        missing_bytes, checksum = info.file_size, 0
        while missing_bytes and not inflation.eof:
            data = inflation.unconsumed_tail or next(pieces, b"")
            chunk = inflation.decompress(data, min(missing_bytes, _CHUNK_BYTES))
            if chunk:
                missing_bytes -= len(chunk)
                checksum = crc32(chunk, checksum)
                yield chunk
            elif not data:
                break
        if checksum != info.CRC:
            raise zipfile.BadZipFile("its CRC-32 is another")
        if missing_bytes or not _ends(inflation, pieces):
            self.unsound.add(info.filename)

    def _pieces(self, start: int, size_bytes: int) -> Iterator[bytes]:
        end = start + size_bytes
        while start < end:
            self._raw.seek(start)  # another member may have been read meanwhile
            piece = self._raw.read(min(end - start, _CHUNK_BYTES))
            if not piece:
                raise EOFError("the file ends before it")
            start += len(piece)
            yield piece

    @staticmethod
    def _bad(what: str, error: Exception) -> zipfile.BadZipFile:
        why = str(error) or type(error).__name__
        return zipfile.BadZipFile(f"{what} cannot be read: {why}.")


def _ends(inflation: zlib._Decompress, pieces: Iterator[bytes]) -> bool:
    """Whether a deflate stream holds no more, and nothing stands behind it."""
    try:
        while not inflation.eof:
            data = inflation.unconsumed_tail or next(pieces, b"")
            if inflation.decompress(data, 1) or not (data or inflation.eof):
                return False
        return not inflation.unused_data and not next(pieces, b"")
    except (zlib.error, EOFError):
        return False


class _Content(io.RawIOBase):
    """What chunks join to; to go back is to begin again."""

    def __init__(self, chunks: Callable[[], Iterator[bytes]], size_bytes: int) -> None:
        super().__init__()
        self._begin = chunks
        self._size_bytes = size_bytes
        self._rewind()

    def _rewind(self) -> None:
        self._chunks = self._begin()
        self._rest = b""
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        offset += (0, self._position, self._size_bytes)[whence]
        if offset < self._position:
            self._rewind()
        while self._position < offset and self._skip(offset - self._position):
            pass
        return self._position

    def _skip(self, size_bytes: int) -> int:
        return self.readinto(bytearray(min(size_bytes, _CHUNK_BYTES)))

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = next(self._chunks, b"")
        size_bytes = min(len(buffer), len(self._rest))
        buffer[:size_bytes] = self._rest[:size_bytes]
        self._rest = self._rest[size_bytes:]
        self._position += size_bytes
        return size_bytes
