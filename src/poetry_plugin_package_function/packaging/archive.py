"""A reproducible ZIP: the container only, for members that are compressed already.

`zipfile` cannot write ready deflate streams. The format is that of PKWARE's APPNOTE.TXT
6.3.10; the numbers of its sections stand in the comments.
"""

from __future__ import annotations

import hashlib
import struct

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import BinaryIO
from typing import Final

from deflate import crc32

from poetry_plugin_package_function.packaging.deflate import STORED
from poetry_plugin_package_function.packaging.deflate import Member


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry_plugin_package_function.packaging.timestamp import DosTime


_LOCAL: Final = struct.Struct("<4s5H3I2H")  # 4.3.7
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")  # 4.3.12
_ZIP64_END: Final = struct.Struct("<4sQ2H2I4Q")  # 4.3.14
_ZIP64_LOCATOR: Final = struct.Struct("<4sIQI")  # 4.3.15
_END: Final = struct.Struct("<4s4H2IH")  # 4.3.16

_MAX_16: Final = 0xFFFF
_MAX_32: Final = 0xFFFFFFFF
_VERSION: Final = 20  # 4.4.3.2: deflate
_VERSION_ZIP64: Final = 45
_UNIX: Final = 3 << 8  # 4.4.2.2: the upper half of the attributes is a Unix mode
_UTF8: Final = 0x800  # 4.4.4: bit 11
_REGULAR_FILE: Final = 0o100000


@dataclass(frozen=True)
class Written:
    """What is known of a finished archive.

    Attributes:
        size_bytes: Of the whole archive.
        compressed_bytes: What each member takes in it, by name, without headers.
        sha256: Of a nested archive, in hexadecimal; "" for any other.
    """

    size_bytes: int
    compressed_bytes: dict[str, int]
    sha256: str = ""


class Archive:
    """Writes a ZIP on a stream, from where the stream stands.

    One timestamp, modes 0644 and 0755, no extra fields but those of ZIP64 where a size
    or an offset needs them: nothing in it depends on the machine. Members stand in the
    order in which they are added.
    """

    def __init__(
        self, stream: BinaryIO, time: DosTime, *, checksummed: bool = False
    ) -> None:
        self._stream = stream
        self._time = time
        self._size_bytes = 0
        self._central: list[bytes] = []
        self._compressed_bytes: dict[str, int] = {}
        self._sha256 = hashlib.sha256() if checksummed else None
        self._crc32 = 0
        self._written: Written | None = None

    @property
    def size_bytes(self) -> int:
        """What has been written up to now."""
        return self._size_bytes

    @staticmethod
    def bytes_for(member: Member) -> int:
        """What a member adds to an archive: data, and a header at both places."""
        headers = _LOCAL.size + _CENTRAL.size + 2 * len(member.name.encode())
        return headers + len(member.data)

    def add(self, member: Member) -> None:
        """Appends a member."""
        offset = self._size_bytes
        self._write(self._local_header(member, len(member.data)))
        self._write(member.data)
        self._register(member, len(member.data), offset)

    @contextmanager
    def nested(self, name: str) -> Iterator[Archive]:
        """Writes another archive in place, as a stored member of this one.

        Its header is patched when its checksum and size are known, so the stream has
        to be seekable. The inner archive is closed on leaving the context.
        """
        start = self._stream.tell()
        offset = self._size_bytes
        unknown = Member(name, STORED, 0, 0, b"")
        self._write(self._local_header(unknown, 0))
        inner = Archive(self._stream, self._time, checksummed=True)
        yield inner
        size_bytes = inner.close().size_bytes
        if size_bytes >= _MAX_32:  # the header has no room for ZIP64 any more
            raise ValueError(f"a nested archive of {size_bytes} bytes")
        known = unknown._replace(crc32=inner._crc32, size_bytes=size_bytes)
        self._stream.seek(start)
        self._stream.write(self._local_header(known, size_bytes))
        self._stream.seek(0, 2)
        self._size_bytes += size_bytes
        self._register(known, size_bytes, offset)

    def close(self) -> Written:
        """Writes the central directory, once; the stream stays open."""
        if self._written is None:
            self._write_central_directory()
            self._written = Written(
                self._size_bytes,
                self._compressed_bytes,
                self._sha256.hexdigest() if self._sha256 else "",
            )
        return self._written

    def _write(self, data: bytes | bytearray | memoryview) -> None:
        self._stream.write(data)
        self._size_bytes += len(data)
        if self._sha256 is not None:
            self._crc32 = crc32(data, self._crc32)
            self._sha256.update(data)

    def _local_header(self, member: Member, data_bytes: int) -> bytes:
        name, flags = _encoded(member.name)
        sizes = (data_bytes, member.size_bytes)
        extra = b""
        if max(sizes) >= _MAX_32:  # 4.5.3: both, in a local header
            extra = struct.pack("<2H2Q", 1, 16, member.size_bytes, data_bytes)
            sizes = (_MAX_32, _MAX_32)
        header = _LOCAL.pack(
            b"PK\3\4",
            _VERSION_ZIP64 if extra else _VERSION,
            flags,
            member.method,
            self._time.time,
            self._time.date,
            member.crc32,
            *sizes,
            len(name),
            len(extra),
        )
        return header + name + extra

    def _register(self, member: Member, data_bytes: int, offset: int) -> None:
        name, flags = _encoded(member.name)
        large = [
            value
            for value in (member.size_bytes, data_bytes, offset)
            if value >= _MAX_32
        ]
        extra = b""
        if large:  # 4.5.3: in this order, and only those that do not fit
            extra = struct.pack(f"<2H{len(large)}Q", 1, 8 * len(large), *large)
        version = _VERSION_ZIP64 if large else _VERSION
        mode = _REGULAR_FILE | (0o755 if member.executable else 0o644)
        header = _CENTRAL.pack(
            b"PK\1\2",
            _UNIX | version,
            version,
            flags,
            member.method,
            self._time.time,
            self._time.date,
            member.crc32,
            min(data_bytes, _MAX_32),
            min(member.size_bytes, _MAX_32),
            len(name),
            len(extra),
            0,
            0,
            0,
            mode << 16,
            min(offset, _MAX_32),
        )
        self._central.append(header + name + extra)
        self._compressed_bytes[member.name] = data_bytes

    def _write_central_directory(self) -> None:
        offset = self._size_bytes
        count = len(self._central)
        directory = b"".join(self._central)
        self._write(directory)
        if max(offset, len(directory)) >= _MAX_32 or count >= _MAX_16:
            end = self._size_bytes
            self._write(
                _ZIP64_END.pack(
                    b"PK\6\6",
                    _ZIP64_END.size - 12,  # 4.3.14.1: without the leading 12 bytes
                    _UNIX | _VERSION_ZIP64,
                    _VERSION_ZIP64,
                    0,
                    0,
                    count,
                    count,
                    len(directory),
                    offset,
                )
            )
            self._write(_ZIP64_LOCATOR.pack(b"PK\6\7", 0, end, 1))
        self._write(
            _END.pack(
                b"PK\5\6",
                0,
                0,
                min(count, _MAX_16),
                min(count, _MAX_16),
                min(len(directory), _MAX_32),
                min(offset, _MAX_32),
                0,
            )
        )


def _encoded(name: str) -> tuple[bytes, int]:
    return name.encode(), 0 if name.isascii() else _UTF8
