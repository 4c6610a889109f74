"""Where the content of a file is, and the one way to read it."""

from __future__ import annotations

import os
import zipfile

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple
from typing import TypeAlias

from deflate import crc32

from poetry_plugin_package_function.errors import ChangedSourceError
from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.sources.inflation import InflateError
from poetry_plugin_package_function.packaging.sources.inflation import inflated
from poetry_plugin_package_function.packaging.sources.integrity import HEADER_BYTES
from poetry_plugin_package_function.packaging.sources.integrity import WheelReader
from poetry_plugin_package_function.packaging.sources.integrity import encoded_name
from poetry_plugin_package_function.packaging.sources.integrity import header_lengths


if TYPE_CHECKING:
    from typing import BinaryIO

    from poetry_plugin_package_function.packaging.elf.machine_code import MachineCode


STORED: Final = 0
DEFLATED: Final = 8
"""ZIP compression methods. Source: APPNOTE.TXT 6.3.10, 4.4.5."""


class FileContent(NamedTuple):
    """The content of a file on the disk.

    Attributes:
        path: The file's.
    """

    path: str


class BytesContent(NamedTuple):
    """Content that is at hand.

    Attributes:
        data: The content.
    """

    data: bytes


class ZipMember(NamedTuple):
    """The content of a member of a ZIP: of a wheel, or of a file of ours.

    Attributes:
        archive: The ZIP's path.
        name: The member's name there.
        offset: Of its local header.
        header_bytes: What that has at least: the length of its extra field is unknown.
        method: `STORED`, `DEFLATED` or another.
        stored_bytes: What the ZIP holds of it.
        size_bytes: Of the content.
        crc32: Of the content.
        is_sound: Whether all readers make the same of it. If not, it is read as it was
            when the wheel was inspected.
        copyable: Whether what the ZIP holds of it is copied into others: a deflate
            stream that is sound, and that does not depend on this machine.
        code: What it says of itself, if it is machine code.
    """

    archive: str
    name: str
    offset: int
    header_bytes: int
    method: int
    stored_bytes: int
    size_bytes: int
    crc32: int
    is_sound: bool = True
    copyable: bool = True
    code: MachineCode | None = None


def member_of(archive: str, info: zipfile.ZipInfo) -> ZipMember:
    """Makes the content of a member of a ZIP that has been written here."""
    return ZipMember(
        archive,
        info.filename,
        info.header_offset,
        HEADER_BYTES + len(encoded_name(info)),
        info.compress_type,
        info.compress_size,
        info.file_size,
        info.CRC,
    )


Content: TypeAlias = FileContent | BytesContent | ZipMember


def sound_member(content: Content) -> ZipMember | None:
    """Returns a member of a ZIP of which all readers make the same; None for others."""
    return content if isinstance(content, ZipMember) and content.is_sound else None


def read(content: Content) -> bytes:
    """Reads a content.

    Raises:
        SourceError: It cannot be read, or is not what it was.
    """
    match content:
        case BytesContent(data):
            return data
        case FileContent(path):
            return _read_file(path)
        case ZipMember():
            return _read_member(content)


def place_of(content: Content) -> str:
    """Says where a content is."""
    match content:
        case BytesContent():
            return "our own"
        case FileContent(path):
            return path
        case ZipMember(archive, name):
            return f"{name} of {os.path.basename(archive)}"


def _read_file(path: str) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except OSError as error:
        raise unreadable(path, error) from None


def _read_member(member: ZipMember) -> bytes:
    if not member.is_sound:
        return _read_as_inspected(member)
    stored: memoryview | None = None
    with suppress(OSError), open(member.archive, "rb", buffering=0) as file:
        stored = read_stored(file, member)
    if stored is None:
        raise changed(member.archive)
    return unpacked(member, stored)


def _read_as_inspected(member: ZipMember) -> bytes:
    """Reads what `zipfile` might refuse: it reads further than a member's size."""
    with (
        suppress(OSError, zipfile.BadZipFile, KeyError),
        WheelReader(Path(member.archive)) as archive,
    ):
        return _checked(member, archive.read(member.name))
    raise changed(member.archive)


def unpacked(member: ZipMember, stored: memoryview) -> bytes:
    """Makes a sound member's content of what the ZIP holds of it.

    Raises:
        ChangedSourceError: It is not what it was.
    """
    if member.method != DEFLATED:
        return _checked(member, bytes(stored))
    try:
        return _checked(member, inflated(stored, member.size_bytes))
    except InflateError:
        raise changed(member.archive) from None


def _checked(member: ZipMember, data: bytes) -> bytes:
    if len(data) != member.size_bytes or crc32(data) != member.crc32:
        raise changed(member.archive)
    return data


def read_stored(file: BinaryIO, member: ZipMember) -> memoryview | None:
    """Reads what a ZIP holds of a member; None if it is not where it should be.

    Args:
        file: The open ZIP.
        member: What to read.
    """
    if not seek_data(file, member):
        return None
    data = memoryview(file.read(member.stored_bytes))
    return data if len(data) == member.stored_bytes else None


def seek_data(file: BinaryIO, member: ZipMember) -> bool:
    """Moves an open ZIP to what it holds of a member; returns whether that is there."""
    file.seek(member.offset)
    lengths = header_lengths(file.read(HEADER_BYTES))
    if lengths is None:
        return False
    file.seek(sum(lengths), os.SEEK_CUR)
    return True


def changed(archive: str) -> ChangedSourceError:
    """Makes the error for a ZIP that is not what it was."""
    return ChangedSourceError(
        f"{archive} has changed while it was being read.",
        "Run the command again when nothing else uses Poetry's cache.",
    )


def unreadable(path: str, error: OSError) -> SourceError:
    """Makes the error for a file that cannot be read."""
    return SourceError(
        f"{path} cannot be read: {error.strerror}.",
        "Fix its permissions, or install again what it belongs to.",
    )
