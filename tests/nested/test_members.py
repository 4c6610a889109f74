"""The central directory, as different writers write it."""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib

from typing import TYPE_CHECKING
from typing import Final

import pytest

from poetry_plugin_package_function.packaging.archive.compression import Member
from poetry_plugin_package_function.packaging.archive.timestamp import EARLIEST_EPOCH_S
from poetry_plugin_package_function.packaging.archive.timestamp import dos_time
from poetry_plugin_package_function.packaging.archive.zip_writer import Archive
from poetry_plugin_package_function.packaging.nesting.loader import extraction
from poetry_plugin_package_function.packaging.sources.content import STORED
from tests.nested.function import directory_of


if TYPE_CHECKING:
    from pathlib import Path


MIB: Final = 1 << 20
TIME: Final = dos_time(EARLIEST_EPOCH_S)


def read_members(
    data: bytes, directory: Path, place: tuple[int, int, int, str] | None = None
) -> list[extraction.Member]:
    path = directory / "members.zip"
    path.write_bytes(data)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return extraction.read_members(descriptor, place or directory_of(data))
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(
    "count",
    [
        0,
        1,
        65_535,
        *(pytest.param(n, marks=pytest.mark.slow) for n in (65_534, 70_000)),
    ],
)
def test_any_number_of_members(tmp_path: Path, count: int) -> None:
    """However many there are, each is found with its size and its place."""
    stream = io.BytesIO()
    archive = Archive(stream, TIME)
    for number in range(count):
        archive.add(Member(f"ä{number}", STORED, zlib.crc32(b"1"), 1, b"1"))
    archive.close()
    members = read_members(stream.getvalue(), tmp_path)
    assert [f"ä{number}" for number in range(count)] == [each[0] for each in members]
    header = 30 + len("ä0".encode()) + 1
    assert [(0, 1, 1), (0, 1, 1)][: min(count, 2)] == [
        each[1:4] for each in members[:2]
    ]
    assert [0, header][: min(count, 2)] == [each[4] for each in members[:2]]


@pytest.mark.slow
def test_more_members_than_fit_as_the_standard_library_writes_them(
    tmp_path: Path,
) -> None:
    """The central directory is read as others write it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        for number in range(65_536):
            target.writestr(zipfile.ZipInfo(str(number)), b"")
    members = read_members(stream.getvalue(), tmp_path)
    assert [str(number) for number in range(65_536)] == [each[0] for each in members]


@pytest.mark.parametrize("large", range(8), ids="{:03b}".format)
def test_numbers_that_need_zip64(tmp_path: Path, large: int) -> None:
    """Size, compressed size and offset are each taken from where they are."""
    values = [
        (5 << 32) + number if large >> number & 1 else 1000 + number
        for number in range(3)
    ]
    beyond = [value for value in values if value > 0xFFFFFFFF]
    extra = (
        struct.pack(f"<2H{len(beyond)}Q", 1, 8 * len(beyond), *beyond)
        if beyond
        else b""
    )
    size, compressed, offset = (min(value, 0xFFFFFFFF) for value in values)
    central = (
        struct.pack(
            *("<4s6H3I5H2I", b"PK\1\2", 0, 0, 0, 8, 0, 0, 7, compressed, size),
            *(4, len(extra), 0, 0, 0, 0o100755 << 16, offset),
        )
        + b"name"
        + extra
    )
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(central), 0, 0)
    place = (0, len(central), 1, f"{zlib.crc32(central):08x}")
    assert [("name", 8, values[1], values[0], values[2], 0o755, 7)] == read_members(
        central + end, tmp_path, place
    )
