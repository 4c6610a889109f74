"""The one way to read a content, wherever it is."""

from __future__ import annotations

import io
import os
import struct

from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.errors import ChangedSourceError
from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.content import FileContent
from poetry_plugin_package_function.packaging.sources.content import ZipMember
from poetry_plugin_package_function.packaging.sources.content import read
from poetry_plugin_package_function.packaging.sources.content import read_stored
from tests.packaging.test_wheel import files
from tests.packaging.test_wheel import source
from tests.packaging.wheel_files import WHEEL
from tests.packaging.wheel_files import Part
from tests.packaging.wheel_files import raw


if TYPE_CHECKING:
    from pathlib import Path


TEXT = b"a line of text\n" * 20
LONG_EXTRA = struct.pack("<2H", 0x9999, 96) + bytes(96)


def member(directory: Path, part: Part, *others: Part) -> ZipMember:
    return files(source(directory, *others, part))[part.name]


def test_what_is_at_hand_and_what_is_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(TEXT)

    assert TEXT == read(BytesContent(TEXT)) == read(FileContent(str(path)))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """It is named, with the system's reason."""
    with pytest.raises(SourceError, match=r"gone cannot be read: No such file"):
        read(FileContent(str(tmp_path / "gone")))
    with pytest.raises(SourceError, match="cannot be read: Is a directory"):
        read(FileContent(str(tmp_path)))


@pytest.mark.parametrize(
    "part",
    [
        Part("a", TEXT),
        Part("a", b""),
        Part("a", TEXT, None),
        Part("a", TEXT, 0),
        Part("a", TEXT, descriptor=True, zip64=True, extra=LONG_EXTRA),
        Part("a", TEXT, stream=raw(TEXT) + b"x"),
        Part("a", TEXT, stream=raw(TEXT + b"more")),
    ],
)
def test_members(tmp_path: Path, part: Part) -> None:
    """They are what an installer makes of them, sound or not."""
    assert part.content == read(member(tmp_path, part))


def cut_off(path: Path) -> None:
    os.truncate(path, 40)


def make_a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def another(path: Path) -> None:
    path.write_bytes(b"PK\3\4" + bytes(99_999))


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[30 + 1 + 9] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    "change", [cut_off, make_a_directory, os.unlink, another, flip]
)
@pytest.mark.parametrize(
    "part",
    [Part("a", TEXT), Part("a", TEXT, None), Part("a", TEXT, stream=raw(TEXT) + b"x")],
    ids=["deflated", "stored", "unsound"],
)
def test_a_wheel_that_has_changed(tmp_path: Path, part: Part, change: object) -> None:
    """It is named; nothing is read of it that was not there."""
    found = member(tmp_path, part)
    assert callable(change)
    change(tmp_path / WHEEL)

    with pytest.raises(ChangedSourceError) as raised:
        read(found)
    assert str(tmp_path / WHEEL) in raised.value.reason


# -- what a ZIP holds of a member ---------------------------------------------------


def stored(directory: Path, found: ZipMember) -> bytes | None:
    with (directory / WHEEL).open("rb", buffering=0) as file:
        data = read_stored(file, found)
    return None if data is None else bytes(data)


@pytest.mark.parametrize("extra_bytes", [0, 4, 63, 64, 65, 100, 65_000])
@pytest.mark.parametrize("name", ["a.py", "größe.py", "x" * 200])
@pytest.mark.parametrize("encoding", ["utf-8", "cp437"])
def test_an_extra_field_of_any_length(
    tmp_path: Path, extra_bytes: int, name: str, encoding: str
) -> None:
    """A stream is found behind any extra field, which costs a second read if long."""
    part = Part(name, TEXT, extra=bytes(extra_bytes), encoding=encoding)

    assert part.data == stored(tmp_path, member(tmp_path, part, Part("b.py")))


def test_a_stream_at_the_end_of_the_file() -> None:
    """Nothing need stand behind a stream."""
    data = raw(TEXT)
    header = struct.pack("<4s22x2H", b"PK\3\4", 4, 0) + b"a.py"
    found = ZipMember("", "a.py", 0, len(header), 8, len(data), len(TEXT), 0)

    read_now = read_stored(io.BytesIO(header + data), found)

    assert read_now is not None
    assert data == bytes(read_now)
    assert read_stored(io.BytesIO(header + data[:-1]), found) is None


def test_a_file_that_is_cut_off_anywhere(tmp_path: Path) -> None:
    """A stream is read whole or not at all, wherever the file ends meanwhile."""
    part = Part("a.py", TEXT, extra=LONG_EXTRA)
    found = member(tmp_path, part)
    data = (tmp_path / WHEEL).read_bytes()
    end = 30 + len("a.py") + len(LONG_EXTRA) + len(part.data)

    pieces = [read_stored(io.BytesIO(data[:size]), found) for size in range(end + 1)]

    assert [None] * end + [part.data] == pieces


def test_another_header(tmp_path: Path) -> None:
    """Where no local header stands there is no stream."""
    found = member(tmp_path, Part("a.py", TEXT))
    data = (tmp_path / WHEEL).read_bytes()

    assert read_stored(io.BytesIO(b"PK\1\2" + data[4:]), found) is None
    assert read_stored(io.BytesIO(data[:1] + data), found) is None
