"""A reproducible ZIP: the container only, for members that are compressed already.

`zipfile` cannot write ready deflate streams. The format is that of PKWARE's APPNOTE.TXT
6.3.10; the numbers of its sections stand in the comments.
"""

from __future__ import annotations

import struct
import zipfile

from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import BinaryIO
from typing import Final

from deflate import crc32

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.archive.compression import Member
from poetry_plugin_package_function.packaging.archive.hashed_stream import HashedStream
from poetry_plugin_package_function.packaging.sources.content import STORED


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from poetry_plugin_package_function.packaging.archive.timestamp import DosTime


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
_READABLE: Final = 0o100644 << 16  # a regular file's mode in the external attributes
_EXECUTABLE: Final = 0o100755 << 16
_CHUNK_BYTES: Final = 1 << 20
"""What is gathered of small members before it is written: thousands of calls that
release the GIL would be thousands of turns in the queue for it."""


def may_be_ours(path: Path) -> bool:
    """Whether a file is a ZIP such as `Archive` writes: one time, and two modes."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return False
    return len({each.date_time for each in members}) == 1 and all(
        each.external_attr in (_READABLE, _EXECUTABLE)
        and each.create_system == _UNIX >> 8
        and each.flag_bits in (0, _UTF8)
        for each in members
    )


@dataclass(frozen=True)
class Written:
    """What is known of a finished archive.

    Attributes:
        size_bytes: Of the whole archive.
        compressed_bytes: What each member takes in it, by name, without headers.
        checksums: The CRC-32 of each member's content, by name.
        sha256: Of a hashed archive, in hexadecimal; "" for any other.
    """

    size_bytes: int
    compressed_bytes: dict[str, int]
    checksums: dict[str, int]
    sha256: str = ""


class Archive:
    """Writes a ZIP on a stream, from where the stream is.

    One timestamp, modes 0644 and 0755, no extra fields but those of ZIP64 where a size
    or an offset needs them: nothing in it depends on the machine. Members are in
    the order in which they are added; the stream has all of them when the archive is
    closed. What is returned of them is by their names without the prefix, with which
    all of them begin in the ZIP.

    Attributes:
        LOCAL_BYTES: What a member of less than 4 GiB takes beside its data and name.
        DIRECTORY_BYTES: What it takes in the central directory beside its name.
    """

    LOCAL_BYTES: Final = _LOCAL.size
    DIRECTORY_BYTES: Final = _CENTRAL.size

    def __init__(
        self,
        stream: BinaryIO,
        time: DosTime,
        *,
        hashed: bool = False,
        prefix: str = "",
    ) -> None:
        self._stream = stream
        self._time = time
        self._prefix = prefix
        self._size_bytes = 0
        self._pending: list[bytes | bytearray | memoryview] = []
        self._pending_bytes = 0
        self._central: list[bytes] = []
        self._compressed_bytes: dict[str, int] = {}
        self._checksums: dict[str, int] = {}
        self._hashed = HashedStream(stream) if hashed else None
        self._written: Written | None = None

    @property
    def size_bytes(self) -> int:
        """What has been added up to now."""
        return self._size_bytes

    def directory_of_last(self, members: int) -> bytes:
        """The part of the central directory that is of the last so many members."""
        return b"".join(self._central[len(self._central) - members :])

    @staticmethod
    def end_bytes(members: int) -> int:
        """What is at the end of an archive of so many members, below 4 GiB."""
        zip64 = _ZIP64_END.size + _ZIP64_LOCATOR.size
        return _END.size + (zip64 if members >= _MAX_16 else 0)

    def add(self, member: Member) -> None:
        """Appends a member.

        Raises:
            SourceError: There is one of this name.
        """
        self._refuse_second(member.name)
        local, central = self._headers(member, len(member.data))
        self._append(local)
        self._append(member.data)
        self._central.append(central)
        self._compressed_bytes[member.name] = len(member.data)
        self._checksums[member.name] = member.crc32

    @contextmanager
    def nested(self, name: str) -> Iterator[Archive]:
        """Writes another archive in place, as a stored member of this one.

        Its header is patched when its checksum and size are known, and then it is
        hashed, so the stream has to be one to read and to seek in, too. The inner
        archive is closed on leaving the context, and its digest known.

        Raises:
            SourceError: There is a member of this name.
        """
        self._refuse_second(name)
        start = self._settled()
        unknown = Member(name, STORED, 0, 0, b"")
        local, _ = self._headers(unknown, 0)
        self._stream.write(local)
        inner = _Inner(self._stream, self._time, self._hashed)
        yield inner
        size_bytes = inner.close().size_bytes
        if size_bytes >= _MAX_32:  # the header has no room for ZIP64 any more
            raise ValueError(f"a nested archive of {size_bytes} bytes")
        known = unknown._replace(crc32=inner.crc32, size_bytes=size_bytes)
        local, central = self._headers(known, size_bytes)
        self._settled()
        self._stream.seek(start)
        self._stream.write(local)
        inner.hash_written(local)
        self._size_bytes += len(local) + size_bytes
        self._central.append(central)
        self._compressed_bytes[name] = size_bytes

    def _settled(self) -> int:
        """Waits until all is in the stream; returns its position."""
        self._flush()
        if self._hashed is not None:
            self._hashed.wait()
        return self._stream.tell()

    def _refuse_second(self, name: str) -> None:
        """Of two members of one name some readers take the first, some the last."""
        if name in self._compressed_bytes:
            raise SourceError(
                f"Two files want the name {name} in the archive.",
                "Leave one of them out, or give it another place with `to`.",
            )

    def close(self) -> Written:
        """Writes the central directory, once; the stream stays open."""
        if self._written is None:
            self._write_central_directory()
            self._flush()
            hashed = self._hashed
            self._written = Written(
                self._size_bytes,
                self._compressed_bytes,
                self._checksums,
                sha256=hashed.hexdigest() if hashed else "",
            )
        return self._written

    def _append(self, data: bytes | bytearray | memoryview) -> None:
        self._size_bytes += len(data)
        if len(data) >= _CHUNK_BYTES:  # not worth a copy
            self._flush()
            self._write(data)
            return
        self._pending.append(data)
        self._pending_bytes += len(data)
        if self._pending_bytes >= _CHUNK_BYTES:
            self._flush()

    def _flush(self) -> None:
        self._write(b"".join(self._pending))
        self._pending.clear()
        self._pending_bytes = 0

    def _write(self, data: bytes | bytearray | memoryview) -> None:
        (self._hashed or self._stream).write(data)

    def _headers(self, member: Member, data_bytes: int) -> tuple[bytes, bytes]:
        """Makes both headers of the member that comes next: 4.3.7, 4.3.12."""
        name = (self._prefix + member.name).encode()
        flags = 0 if member.name.isascii() else _UTF8
        size_bytes, offset = member.size_bytes, self._size_bytes
        local_sizes = (data_bytes, size_bytes)
        local_version = central_version = _VERSION
        local_extra = central_extra = b""
        numbers = (size_bytes, data_bytes, offset)
        if max(numbers) >= _MAX_32:  # 4.5.3: in this order, and only what does not fit
            large = [each for each in numbers if each >= _MAX_32]
            central_extra = struct.pack(f"<2H{len(large)}Q", 1, 8 * len(large), *large)
            central_version = _VERSION_ZIP64
        if max(local_sizes) >= _MAX_32:  # 4.5.3: both, in a local header
            local_extra = struct.pack("<2H2Q", 1, 16, size_bytes, data_bytes)
            local_sizes = (_MAX_32, _MAX_32)
            local_version = _VERSION_ZIP64
        local = _LOCAL.pack(
            b"PK\3\4",
            local_version,
            flags,
            member.method,
            self._time.time,
            self._time.date,
            member.crc32,
            *local_sizes,
            len(name),
            len(local_extra),
        )
        central = _CENTRAL.pack(
            b"PK\1\2",
            _UNIX | central_version,
            central_version,
            flags,
            member.method,
            self._time.time,
            self._time.date,
            member.crc32,
            min(data_bytes, _MAX_32),
            min(size_bytes, _MAX_32),
            len(name),
            len(central_extra),
            0,
            0,
            0,
            _EXECUTABLE if member.executable else _READABLE,
            min(offset, _MAX_32),
        )
        return local + name + local_extra, central + name + central_extra

    def _write_central_directory(self) -> None:
        offset = self._size_bytes
        count = len(self._central)
        directory = b"".join(self._central)
        self._append(directory)
        if max(offset, len(directory)) >= _MAX_32 or count >= _MAX_16:
            end = self._size_bytes
            self._append(
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
            self._append(_ZIP64_LOCATOR.pack(b"PK\6\7", 0, end, 1))
        self._append(
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


class _Inner(Archive):
    """An archive that is a member of another one, by which it is written.

    The digest of the outer one needs its checksum, which is in its header. So both
    digests are computed at once, of what has been written.

    Attributes:
        crc32: Of what has been written.
    """

    def __init__(
        self, stream: BinaryIO, time: DosTime, outer: HashedStream | None
    ) -> None:
        super().__init__(stream, time)
        self.crc32 = 0
        self._outer = outer

    def hash_written(self, header: bytes) -> None:
        """Hashes what is in the stream from here to its end, and the outer's header."""
        own = HashedStream(self._stream)
        if self._outer is not None:
            self._outer.hash(header)
        while chunk := self._stream.read(_CHUNK_BYTES):
            own.hash(chunk)
            if self._outer is not None:
                self._outer.hash(chunk)
        self._written = replace(self.close(), sha256=own.hexdigest())

    def _write(self, data: bytes | bytearray | memoryview) -> None:
        self.crc32 = crc32(data, self.crc32)
        if self._outer is None:
            self._stream.write(data)
        else:
            self._outer.write_only(data)
