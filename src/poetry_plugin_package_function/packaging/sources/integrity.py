"""Reads a wheel as `zipfile` does, and finds out which of its streams are sound.

Format: APPNOTE.TXT 6.3.10, whose sections stand in the comments.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from functools import partial
from typing import IO
from typing import TYPE_CHECKING
from typing import Any
from typing import Final
from typing import Literal

from deflate import crc32


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from pathlib import Path


_LOCAL: Final = struct.Struct("<4s22x2H")  # 4.3.7: what is read of it
HEADER_BYTES: Final = _LOCAL.size
"""What a local header has before its name."""

_UNREADABLE: Final = 0x1 | 0x20 | 0x40 | 0x2000  # 4.4.4: encrypted, or a patch
_UTF8: Final = 0x800  # 4.4.4: bit 11
_CHUNK_BYTES: Final = 1 << 20


def encoded_name(info: zipfile.ZipInfo) -> bytes:
    """Returns a member's name as it stands in its headers."""
    name = info.orig_filename
    # ASCII is the same in both, and this codec is much the faster.
    is_utf8 = info.flag_bits & _UTF8 or name.isascii()
    return name.encode("utf-8" if is_utf8 else "cp437")


def is_copyable(info: zipfile.ZipInfo) -> bool:
    """Whether the directory has it that there is a stream which is worth copying."""
    return (
        info.compress_type == zipfile.ZIP_DEFLATED
        and not info.flag_bits & _UNREADABLE
        and info.compress_size < info.file_size
    )


def header_lengths(
    block: memoryview | bytes, offset: int = 0
) -> tuple[int, int] | None:
    """Reads how long a local header's name and extra field are; None if it is none."""
    if len(block) < offset + HEADER_BYTES:
        return None
    signature, name_bytes, extra_bytes = _LOCAL.unpack_from(block, offset)
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
        name = encoded_name(info)
        self._raw.seek(info.header_offset)
        header = self._raw.read(HEADER_BYTES + len(name))
        lengths = header_lengths(header)
        if lengths is None or lengths[0] != len(name) or header[HEADER_BYTES:] != name:
            return None
        start = info.header_offset + HEADER_BYTES + sum(lengths)
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
