"""Reads wheels as `zipfile` does, and finds out which members are sound."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib

from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING

import pytest

from hypothesis import given
from hypothesis import strategies as st

from poetry_plugin_package_function.packaging.sources.integrity import WheelReader
from tests.packaging.wheel_files import WHEEL
from tests.packaging.wheel_files import Part
from tests.packaging.wheel_files import build
from tests.packaging.wheel_files import headers
from tests.packaging.wheel_files import raw


if TYPE_CHECKING:
    from pathlib import Path


TEXT = b"a line of text\n" * 20
LARGE = b"".join(b"line %d\n" % number for number in range(300_000))
EMPTY_BLOCK = b"\0\0\0\xff\xff"  # RFC 1951, 3.2.4: stored, not the last, no bytes
LONG_EXTRA = struct.pack("<2H", 0x9999, 96) + bytes(96)


def written(directory: Path, wheel: bytes) -> Path:
    path = directory / WHEEL
    path.write_bytes(wheel)
    return path


def is_sound(path: Path, name: str, content: bytes) -> bool:
    """Whether a member is sound, which has to hold a content."""
    with WheelReader(path) as archive:
        stream = archive.open(name)
        assert content == stream.readall()
        return stream.is_sound


# -- reading a wheel ----------------------------------------------------------------


@given(
    content=st.binary(max_size=2000).map(lambda each: each * 3),
    level=st.none() | st.integers(0, 9),
)
def test_a_member_reads_as_in_zipfile(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, level: int | None
) -> None:
    """Piece by piece and all at once, content is what `zipfile` makes of it."""
    wheel = written(
        tmp_path_factory.mktemp("wheel"), build([Part("a.py", content, level)])
    )

    with WheelReader(wheel) as ours, zipfile.ZipFile(wheel) as theirs:
        assert content == b"".join(ours.open("a.py").chunks())
        assert content == ours.read("a.py") == theirs.read("a.py")
    assert is_sound(wheel, "a.py", content)


def test_members_that_are_read_in_turns(tmp_path: Path) -> None:
    """Each open member keeps its own place in the wheel."""
    random = os.urandom(2 << 20)
    parts = [Part("a", LARGE), Part("b", random + bytes(99_999)), Part("c", LARGE[1:])]
    wheel = written(tmp_path, build(parts))

    with WheelReader(wheel) as archive:
        files = [archive.open(part.name) for part in parts]
        found = [b""] * len(files)
        for chunks in zip_longest(*(file.chunks() for file in files), fillvalue=b""):
            found = [each + chunk for each, chunk in zip(found, chunks, strict=True)]

    assert [part.content for part in parts] == found
    assert all(file.is_sound for file in files)


def unsound(directory: Path, *parts: Part) -> set[str]:
    """Reads parts of a wheel; what is not sound of them."""
    wheel = written(directory, build(parts))
    with zipfile.ZipFile(wheel) as theirs:
        return {
            part.name
            for part in parts
            if not is_sound(wheel, part.name, theirs.read(part.name))
        }


BAD_DATA = b"\x07"  # RFC 1951, 3.2.3: block type 3 is reserved


@pytest.mark.parametrize("content", [TEXT, LARGE])
@pytest.mark.parametrize(
    "behind",
    [
        *(b"garbage", b"\0", raw(b""), BAD_DATA, EMPTY_BLOCK),
        *(bytes(1 << 20), bytes(3 << 20)),
    ],
)
def test_something_behind_a_stream(
    tmp_path: Path, content: bytes, behind: bytes
) -> None:
    """What `zipfile` passes over within the compressed size makes a stream unsound."""
    part = Part("a", content, stream=raw(content) + behind)

    if len(part.data) < len(content):
        assert {"a"} == unsound(tmp_path, part)


@pytest.mark.parametrize("size_bytes", [len(TEXT), len(LARGE)])
@pytest.mark.parametrize("beyond", [1, 2, 7, 100, 2 << 20])
def test_a_stream_that_goes_on(tmp_path: Path, size_bytes: int, beyond: int) -> None:
    """More content than the size says makes a stream unsound."""
    content = (LARGE + bytes(beyond))[: size_bytes + beyond]
    part = Part("a", content[:size_bytes], stream=raw(content))

    assert {"a"} == unsound(tmp_path, part)


@pytest.mark.parametrize("content", [TEXT, LARGE])
def test_a_stream_that_does_not_end(tmp_path: Path, content: bytes) -> None:
    """A stream of which nothing but the end is missing is not sound."""
    compressor = zlib.compressobj(6, zlib.DEFLATED, -15)
    unended = compressor.compress(content) + compressor.flush(zlib.Z_SYNC_FLUSH)

    assert {"a"} == unsound(tmp_path, Part("a", content, stream=unended))


def test_a_stream_that_is_broken_behind_its_content(tmp_path: Path) -> None:
    """What `zipfile` never sees does not hinder an installation; it is not sound."""
    compressor = zlib.compressobj(6, zlib.DEFLATED, -15)
    unended = compressor.compress(LARGE) + compressor.flush(zlib.Z_SYNC_FLUSH)
    stream = unended + EMPTY_BLOCK * 250_000 + BAD_DATA
    wheel = written(tmp_path, build([Part("a", LARGE, stream=stream)]))

    with zipfile.ZipFile(wheel) as archive, archive.open("a") as file:
        assert LARGE == b"".join(iter(partial(file.read, 1 << 16), b""))
    assert not is_sound(wheel, "a", LARGE)


@pytest.mark.parametrize("content", [TEXT, LARGE])
def test_blocks_without_content(tmp_path: Path, content: bytes) -> None:
    """A stream may have any number of empty blocks, at its start and at its end."""
    compressor = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = compressor.compress(content) + compressor.flush(zlib.Z_SYNC_FLUSH)
    sound = [
        EMPTY_BLOCK * 5 + raw(content),
        body + EMPTY_BLOCK * 5 + raw(b""),
    ]
    if content is LARGE:  # more of them than are read at once
        sound.append(EMPTY_BLOCK * 250_000 + raw(content))
        sound.append(body + EMPTY_BLOCK * 250_000 + raw(b""))

    for stream in sound:
        assert len(stream) < len(content)
        assert not unsound(tmp_path, Part("a", content, stream=stream))


def test_a_size_that_is_too_large(tmp_path: Path) -> None:
    """A stream that ends before its size says is read, as by `zipfile`; not sound."""
    part = Part("a", TEXT, central={"size_bytes": len(TEXT) + 1})

    assert {"a"} == unsound(tmp_path, part)


def test_a_stream_at_the_end_that_is_said_to_be_longer(tmp_path: Path) -> None:
    """A compressed size beyond the end of the file makes a stream unsound."""
    part = Part("a", TEXT, central={"data_bytes": len(raw(TEXT)) + 5})
    size_bytes = len(headers(part, 0)[1])
    local, directory, _ = headers(part, size_bytes + 22)
    one = {"count": 1, "disk_count": 1, "directory_bytes": size_bytes}
    wheel = build(
        [], prefix=directory, comment=local + part.data, end=one, record=False
    )

    assert not is_sound(written(tmp_path, wheel), "a", TEXT)


# -- what is refused ----------------------------------------------------------------


def refusal(directory: Path, *parts: Part) -> str:
    """Reads the first of some parts; what is said against it."""
    wheel = written(directory, build(parts))
    with (
        WheelReader(wheel) as archive,
        pytest.raises(zipfile.BadZipFile) as raised,
    ):
        archive.read(parts[0].name)
    assert f"{parts[0].name} in {wheel} cannot be read: " in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("content", [TEXT, LARGE])
@pytest.mark.parametrize("level", [None, 0, 6])
def test_another_content_of_the_same_size(
    tmp_path: Path, content: bytes, level: int | None
) -> None:
    """Content that has not the CRC-32 of the central directory is refused."""
    other = content[::-1]
    stream = other if level is None else raw(other, level)

    assert "CRC-32" in refusal(tmp_path, Part("a", content, level, stream=stream))


@pytest.mark.parametrize("content", [TEXT, LARGE])
def test_a_broken_stream(tmp_path: Path, content: bytes) -> None:
    """What does not inflate is refused."""
    stream = raw(content)
    half = len(stream) // 2

    refusal(tmp_path, Part("a", content, stream=BAD_DATA + stream))
    refusal(tmp_path, Part("a", content, stream=stream[:half]))
    refusal(tmp_path, Part("a", content, stream=stream[:half] + BAD_DATA * 99))


@pytest.mark.parametrize(
    ("why", "central"),
    [
        ("encrypted", {"flags": 1}),
        ("strong encryption", {"flags": 1 << 6}),
        ("patched", {"flags": 1 << 5}),
        ("compression method is not supported", {"method": 9}),
        ("negative seek", {"offset": 0}),
        ("Bad magic number", {"offset": 1 << 4}),
        ("Truncated file header", {"offset": 0xFFFFFFF0}),
        ("EOFError", {"method": 0, "data_bytes": 1 << 20, "size_bytes": 1 << 19}),
        ("the file ends", {"data_bytes": 50_000, "size_bytes": 60_000}),
        ("", {"method": 12}),
        ("", {"method": 14}),
    ],
)
def test_what_zipfile_refuses(
    tmp_path: Path, why: str, central: dict[str, int | bytes]
) -> None:
    """Whatever error `zipfile` has, and if it has no text, the wheel is named."""
    # RFC 1951, 3.2.4: a stored block of 65,535 bytes, of which there are a few.
    stream = b"\1\xff\xff\0\0" if why == "the file ends" else None
    part = Part("a", TEXT, stream=stream, central=central)
    if why != "negative seek":
        assert why in refusal(tmp_path, part)
        return
    # A central directory that is said to be longer moves all members to the front.
    data = build([part], end={"directory_offset": 1 << 30})
    path = written(tmp_path, data)
    with WheelReader(path) as archive, pytest.raises(zipfile.BadZipFile) as raised:
        archive.read("a")
    assert f"a in {path} cannot be read" in str(raised.value)


@pytest.mark.parametrize("value", [1 << 20, 1 << 40, (1 << 63) - 1, (1 << 64) - 1])
@pytest.mark.parametrize(
    "fields", [["size_bytes"], ["data_bytes"], ["size_bytes", "data_bytes"], ["offset"]]
)
def test_absurd_sizes(tmp_path: Path, fields: list[str], value: int) -> None:
    """Sizes up to what ZIP64 can say cost no memory and no other error."""
    values = [value - number for number in range(len(fields))]
    extra = struct.pack(f"<2H{len(values)}Q", 1, 8 * len(values), *values)
    central: dict[str, int | bytes] = dict.fromkeys(fields, 0xFFFFFFFF)
    for content in (TEXT, LARGE):
        part = Part("a", content, central=central, central_extra=extra)
        wheel = written(tmp_path, build([part]))
        try:
            assert not is_sound(wheel, "a", content)
        except zipfile.BadZipFile as error:
            assert f"a in {wheel} cannot be read" in str(error)  # noqa: PT017


@pytest.mark.parametrize("local_name", ["aa", "b", "ab", "\xe4"])
def test_another_name_in_the_local_header(tmp_path: Path, local_name: str) -> None:
    """A local header that belongs to another member is refused, as by `zipfile`."""
    part = Part("a", TEXT, local_name=local_name)

    assert "differ" in refusal(tmp_path, part)


def test_overlapping_members(tmp_path: Path) -> None:
    """Where `zipfile` refuses members that overlap, so do we: Python 3.11.8 does."""
    part = Part("a", TEXT, central={"data_bytes": len(raw(TEXT)) + 9})

    if hasattr(zipfile.ZipInfo("a"), "_end_offset"):
        assert "Overlapped" in refusal(tmp_path, part, Part("b", TEXT))
    else:
        assert "a" in unsound(tmp_path, part, Part("b", TEXT))


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"x", b"PK\5\6", b"PK\5\6" + bytes(18), b"x" * 99_999),
        build([Part("a", TEXT)])[:-1],
        build([Part("a", TEXT)], end={"directory_bytes": 1 << 31}),
        build([Part("a", central={"signature": b"PK\1\1"})]),
        build([Part("a", central={"version": 99})]),
        build([Part("a", central_extra=b"\1\0\x08\0")]),
        build([Part("ä", encoding="cp437", central={"flags": 0x800})]),
    ],
)
def test_no_zip(tmp_path: Path, data: bytes) -> None:
    """A file that is no ZIP, or none that can be read, is named."""
    path = written(tmp_path, data)

    if data == b"PK\5\6" + bytes(18):  # an empty ZIP
        with WheelReader(path) as archive:
            assert [] == archive.namelist()
    else:
        with pytest.raises(zipfile.BadZipFile) as raised:
            WheelReader(path)
        assert f"{path} cannot be read: " in str(raised.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A file that cannot be opened is the system's error."""
    with pytest.raises(FileNotFoundError):
        WheelReader(tmp_path / "gone.whl")


def test_a_member_that_is_not_there(tmp_path: Path) -> None:
    """A name that the wheel does not have is a KeyError, as in `zipfile`."""
    path = written(tmp_path, build([]))

    with WheelReader(path) as archive, pytest.raises(KeyError, match="gone"):
        archive.open("gone")


def test_cached_bytecode_is_not_listed(tmp_path: Path) -> None:
    """No installer takes it, and pypa/installer would warn of it."""
    names = ["a.py", "__pycache__", "__pycache__/a.pyc", "b/__pycache__/c/d.py"]
    path = written(tmp_path, build([Part(name, TEXT) for name in names]))

    with WheelReader(path) as archive:
        found = [each.filename for each in archive.infolist()]

    assert ["a.py", "__pycache__"] == [name for name in found if "info" not in name]


def test_a_closed_wheel(tmp_path: Path) -> None:
    """Nothing can be read from a wheel that has been closed; twice is once."""
    path = written(tmp_path, build([Part("a", TEXT)]))
    with WheelReader(path) as archive:
        pass

    archive.close()

    with pytest.raises(zipfile.BadZipFile, match="closed file"):
        archive.read("a")
