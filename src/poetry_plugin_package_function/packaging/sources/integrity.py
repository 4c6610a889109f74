"""Reads a wheel as `zipfile` does, and finds out which of its streams are sound.

Format: APPNOTE.TXT 6.3.10, whose sections stand in the comments.
"""

from __future__ import annotations

import io
import struct
import zipfile

from functools import partial
from typing import IO
from typing import TYPE_CHECKING
from typing import Final
from typing import Literal

from deflate import crc32

from poetry_plugin_package_function.packaging.sources.inflation import InflateError
from poetry_plugin_package_function.packaging.sources.inflation import inflater


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from pathlib import Path

    from poetry_plugin_package_function.packaging.sources.inflation import Inflater


_LOCAL: Final = struct.Struct("<4s22x2H")  # 4.3.7: what is read of it
HEADER_BYTES: Final = _LOCAL.size
"""What a local header has before its name."""

_UNREADABLE: Final = 0x1 | 0x20 | 0x40 | 0x2000  # 4.4.4: encrypted, or a patch
_UTF8: Final = 0x800  # 4.4.4: bit 11
_CHUNK_BYTES: Final = 1 << 20


def encoded_name(info: zipfile.ZipInfo) -> bytes:
    """Returns a member's name as its headers have it."""
    name = info.orig_filename
    # ASCII is the same in both, and this codec is much the faster.
    is_utf8 = info.flag_bits & _UTF8 or name.isascii()
    return name.encode("utf-8" if is_utf8 else "cp437")


def header_lengths(
    block: memoryview | bytes, offset: int = 0
) -> tuple[int, int] | None:
    """Reads how long a local header's name and extra field are; None if it is none."""
    if len(block) < offset + HEADER_BYTES:
        return None
    signature, name_bytes, extra_bytes = _LOCAL.unpack_from(block, offset)
    return (name_bytes, extra_bytes) if signature == b"PK\3\4" else None


class MemberStream(io.RawIOBase):
    """The content of a member of a wheel, to be read once.

    Attributes:
        info: What the central directory says of the member.
        is_sound: Whether all readers make the same of the member: its data is where the
            directory says, ends where that says, and is as many bytes as that says,
            with the CRC-32 that it says. Known when all has been read.
    """

    def __init__(
        self, info: zipfile.ZipInfo, begin: Callable[[MemberStream], Iterator[bytes]]
    ) -> None:
        super().__init__()
        self.info = info
        self.is_sound = False
        self._chunks = begin(self)

    def chunks(self) -> Iterator[bytes]:
        """Reads the content in pieces of a megabyte at most.

        Raises:
            BadZipFile: It cannot be read; the wheel is named.
        """
        return self._chunks

    def readall(self) -> bytes:
        """See `io.RawIOBase`."""
        return b"".join(self._chunks)


class WheelReader(zipfile.ZipFile):
    """Reads a wheel as `zipfile` does, and finds out which members are sound.

    `zipfile` reads as far as a member's size says, so a stream that goes on, or has
    something behind it, does not hinder an installation.
    """

    def __init__(self, path: Path) -> None:
        """Opens a wheel.

        Raises:
            OSError: It cannot be opened.
            BadZipFile: It is no ZIP; the wheel is named.
        """
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

    def infolist(self) -> list[zipfile.ZipInfo]:
        """Lists the members, but for cached bytecode, which no installer takes."""
        return [
            each
            for each in super().infolist()
            if "__pycache__" not in each.filename.split("/")[:-1]
        ]

    def open(  # type: ignore[override]
        self,
        name: str | zipfile.ZipInfo,
        mode: Literal["r"] = "r",
        pwd: bytes | None = None,
        *,
        force_zip64: bool = False,
    ) -> MemberStream:
        """Opens a member; what is wrong with it may show only when it is read.

        Raises:
            KeyError: There is no such member.
        """
        info = name if isinstance(name, zipfile.ZipInfo) else self.getinfo(name)
        plain = partial(super().open, info, mode, pwd, force_zip64=force_zip64)
        return MemberStream(info, partial(self._read, plain))

    def _read(
        self, plain: Callable[[], IO[bytes]], stream: MemberStream
    ) -> Iterator[bytes]:
        info = stream.info
        try:
            start = self._start(info)
            if start is None:
                with plain() as content:
                    while chunk := content.read(_CHUNK_BYTES):
                        yield chunk
            elif info.compress_type == zipfile.ZIP_DEFLATED:
                yield from self._inflated(stream, start)
            else:
                yield from self._stored(stream, start)
        # What is wrong with a member, zipfile says by errors of a dozen kinds: its
        # own, those of the decompressors, RuntimeError, EOFError, ValueError, ...
        except Exception as error:
            raise self._bad(f"{info.filename} in {self._wheel}", error) from error

    def _start(self, info: zipfile.ZipInfo) -> int | None:
        """Finds a member's data; None if this is for `zipfile` to judge."""
        is_stored = info.compress_type == zipfile.ZIP_STORED
        is_whole = is_stored and info.compress_size == info.file_size
        is_known = is_whole or info.compress_type == zipfile.ZIP_DEFLATED
        if info.flag_bits & _UNREADABLE or not is_known:
            return None
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

    def _stored(self, stream: MemberStream, start: int) -> Iterator[bytes]:
        checksum = 0
        for piece in self._pieces(start, stream.info.file_size):
            checksum = crc32(piece, checksum)
            yield piece
        if checksum != stream.info.CRC:
            raise zipfile.BadZipFile("its CRC-32 is another")
        stream.is_sound = True

    def _inflated(self, stream: MemberStream, start: int) -> Iterator[bytes]:
        info = stream.info
        pieces = self._pieces(start, info.compress_size)
        inflation = inflater()
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
        stream.is_sound = not missing_bytes and _ends(inflation, pieces)

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


def _ends(inflation: Inflater, pieces: Iterator[bytes]) -> bool:
    """Whether a deflate stream holds no more, and nothing comes after it."""
    try:
        while not inflation.eof:
            data = inflation.unconsumed_tail or next(pieces, b"")
            if inflation.decompress(data, 1) or not (data or inflation.eof):
                return False
        return not inflation.unused_data and not next(pieces, b"")
    except (InflateError, EOFError):
        return False
