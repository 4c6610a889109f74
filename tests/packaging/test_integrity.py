from __future__ import annotations

import hashlib
import io
import os
import struct
import zipfile
import zlib

from functools import partial
from typing import TYPE_CHECKING

import pytest

from hypothesis import given
from hypothesis import strategies as st

from poetry_plugin_package_function.errors import ChangedSourceError
from poetry_plugin_package_function.packaging.sources.integrity import SoundingZipFile
from poetry_plugin_package_function.packaging.sources.wheel import Stream
from poetry_plugin_package_function.packaging.sources.wheel import Wheel
from poetry_plugin_package_function.packaging.sources.wheel import check_hash
from poetry_plugin_package_function.packaging.sources.wheel import read_stream
from poetry_plugin_package_function.packaging.sources.wheel import read_streams
from tests.packaging.wheel_files import DATA
from tests.packaging.wheel_files import INFO
from tests.packaging.wheel_files import WHEEL
from tests.packaging.wheel_files import Part
from tests.packaging.wheel_files import build
from tests.packaging.wheel_files import headers
from tests.packaging.wheel_files import raw
from tests.trees import is_root


if TYPE_CHECKING:
    from pathlib import Path


TEXT = b"a line of text\n" * 20
LARGE = b"".join(b"line %d\n" % number for number in range(300_000))
EMPTY_BLOCK = b"\0\0\0\xff\xff"  # RFC 1951, 3.2.4: stored, not the last, no bytes
LONG_EXTRA = struct.pack("<2H", 0x9999, 96) + bytes(96)


def written(
    directory: Path, wheel: bytes, unsound: frozenset[str] = frozenset()
) -> Wheel:
    path = directory / WHEEL
    path.write_bytes(wheel)
    return Wheel(path, f"sha256:{hashlib.sha256(wheel).hexdigest()}", unsound)


# -- which stream is whose ----------------------------------------------------------


@pytest.mark.parametrize(
    ("member", "name"),
    [
        ("demo/a.py", "demo/a.py"),
        ("größe.py", "größe.py"),
        (f"{DATA}/purelib/demo/a.py", "demo/a.py"),
        (f"{DATA}/platlib/a.so", "a.so"),
        (f"{INFO}/METADATA", f"{INFO}/METADATA"),
        ("demo-2.0.data/purelib/a.py", "demo-2.0.data/purelib/a.py"),
        ("./demo//a.py", "demo/a.py"),
        ("demo/x/../a.py", "demo/a.py"),
        ("demo/__pycache__", "demo/__pycache__"),
        ("demo/__pycache__/a.cpython-311.pyc", None),
        (f"{DATA}/purelib/__pycache__/a.pyc", None),
        (f"{DATA}/scripts/tool", None),
        (f"{DATA}/headers/a.h", None),
        (f"{DATA}/data/a.txt", None),
        (f"{DATA}/purelib", None),
        (f"{DATA}/purelib/", None),
        ("demo/", None),
        ("/a.py", None),
        ("../a.py", None),
        (f"{DATA}/purelib/../../a.py", None),
    ],
)
def test_where_a_member_is_installed(
    tmp_path: Path, member: str, name: str | None
) -> None:
    """A name is what an installer makes of it; what is installed elsewhere has none."""
    wheel = written(tmp_path, build([Part(member, TEXT)], record=False))

    assert ([] if name is None else [name]) == list(read_streams(wheel))


def test_what_is_known_of_a_stream(tmp_path: Path) -> None:
    """Place, sizes, checksum and executability are those of the central directory."""
    part = Part("a.py", TEXT, executable=True, descriptor=True)
    wheel = written(tmp_path, build([part], prefix=b"#!/bin/sh\n"))

    stream = read_streams(wheel)["a.py"]

    assert stream == Stream(
        wheel=str(wheel.path),
        offset=10,
        header_bytes=30 + 4,
        data_bytes=len(part.data),
        crc32=zlib.crc32(TEXT),
        size_bytes=len(TEXT),
        executable=True,
        copyable=True,
    )


@pytest.mark.parametrize(
    ("part", "copyable"),
    [
        (Part("a.py", TEXT), True),
        (Part("a.py", TEXT, level=None), False),
        (Part("a.py", TEXT, level=0), False),
        (Part("a.py", b""), False),
        (Part("a.py", os.urandom(99)), False),
        (Part("a.py", TEXT, central={"method": 9}), False),
        *(
            (Part("a.py", TEXT, central={"flags": 1 << bit}), bit not in (0, 5, 6, 13))
            for bit in range(16)
        ),
    ],
)
def test_what_can_be_copied(tmp_path: Path, part: Part, copyable: bool) -> None:
    """Deflated, not encrypted, not a patch, and smaller than the content."""
    wheel = written(tmp_path, build([part]))

    assert copyable == read_streams(wheel)["a.py"].copyable


def test_unsound_members_are_not_copied(tmp_path: Path) -> None:
    """What an installation has found unsound is not copied, the others are."""
    data = build([Part("a.py", TEXT), Part(f"{DATA}/purelib/b.py", TEXT)])
    unsound = frozenset([f"{DATA}/purelib/b.py"])

    streams = read_streams(written(tmp_path, data, unsound))

    assert (True, False) == (streams["a.py"].copyable, streams["b.py"].copyable)


@pytest.mark.parametrize("second", ["a.py", "./a.py", f"{DATA}/purelib/a.py"])
def test_the_last_of_a_name_wins(tmp_path: Path, second: str) -> None:
    """Of two members that are installed at one place, the later one is there."""
    other = TEXT[::-1]
    wheel = written(tmp_path, build([Part("a.py", TEXT), Part(second, other)]))

    assert zlib.crc32(other) == read_streams(wheel)["a.py"].crc32


# -- a wheel that is not what it was ------------------------------------------------


def test_another_hash(tmp_path: Path) -> None:
    """The wheel, the algorithm and a way out are named."""
    wheel = written(tmp_path, build([Part("a.py", TEXT)]))
    wheel.path.write_bytes(wheel.path.read_bytes() + b"\0")

    with pytest.raises(ChangedSourceError) as raised:
        check_hash(wheel)

    assert str(wheel.path) in raised.value.reason
    assert "its sha256 is another" in raised.value.reason
    assert "delete that file" in raised.value.hint


@pytest.mark.parametrize("algorithm", ["sha256", "sha512", "md5", "blake2b"])
def test_any_algorithm_of_a_lock(tmp_path: Path, algorithm: str) -> None:
    """The hash is the one that the lock has."""
    wheel = written(tmp_path, build([Part("a.py", TEXT)]))
    digest = hashlib.new(algorithm, wheel.path.read_bytes()).hexdigest()

    check_hash(Wheel(wheel.path, f"{algorithm}:{digest}"))


def test_a_wheel_that_has_gone(tmp_path: Path) -> None:
    """A file that is not there is an error that names it, and so is a directory."""
    for path in (tmp_path / "gone.whl", tmp_path):
        with pytest.raises(ChangedSourceError) as raised:
            read_streams(Wheel(path, "sha256:0"))
        assert f"{path} is not the wheel any more" in raised.value.reason


@pytest.mark.skipif(is_root(), reason="permissions do not bind root")
def test_a_wheel_that_may_not_be_read(tmp_path: Path) -> None:
    """The system's reason is told."""
    wheel = written(tmp_path, build([Part("a.py", TEXT)]))
    wheel.path.chmod(0)

    with pytest.raises(ChangedSourceError, match="Permission denied"):
        read_streams(wheel)


@pytest.mark.parametrize("data", [b"", b"no ZIP", build([Part("a.py")])[:-9]])
def test_no_wheel(tmp_path: Path, data: bytes) -> None:
    """A file with the right hash that is no ZIP, as after a race, is named."""
    wheel = written(tmp_path, data)

    with pytest.raises(ChangedSourceError) as raised:
        read_streams(wheel)
    assert f"{wheel.path} is not the wheel any more" in raised.value.reason


# -- reading a stream ---------------------------------------------------------------


def read(wheel: Wheel, name: str = "a.py") -> bytes | None:
    stream = read_streams(wheel)[name]
    with wheel.path.open("rb", buffering=0) as file:
        data = read_stream(file, stream)
    return None if data is None else bytes(data)


@pytest.mark.parametrize("extra_bytes", [0, 4, 63, 64, 65, 100, 65_000])
@pytest.mark.parametrize("name", ["a.py", "größe.py", "x" * 200])
@pytest.mark.parametrize("encoding", ["utf-8", "cp437"])
def test_an_extra_field_of_any_length(
    tmp_path: Path, extra_bytes: int, name: str, encoding: str
) -> None:
    """A stream is found behind any extra field, which costs a second read if long."""
    part = Part(name, TEXT, extra=bytes(extra_bytes), encoding=encoding)

    assert part.data == read(written(tmp_path, build([Part("b.py"), part])), name)


def test_a_stream_at_the_end_of_the_file() -> None:
    """Nothing need stand behind a stream."""
    data = raw(TEXT)
    header = struct.pack("<4s22x2H", b"PK\3\4", 4, 0) + b"a.py"
    stream = Stream("", 0, len(header), len(data), 0, len(TEXT), False, True)

    found = read_stream(io.BytesIO(header + data), stream)

    assert found is not None
    assert data == bytes(found)
    assert read_stream(io.BytesIO(header + data[:-1]), stream) is None


def test_a_file_that_is_cut_off_anywhere(tmp_path: Path) -> None:
    """A stream is read whole or not at all, wherever the file ends meanwhile."""
    part = Part("a.py", TEXT, extra=LONG_EXTRA)
    data = build([part])
    stream = read_streams(written(tmp_path, data))["a.py"]
    end = 30 + len("a.py") + len(LONG_EXTRA) + len(part.data)

    found = [read_stream(io.BytesIO(data[:size]), stream) for size in range(end + 1)]

    assert [None] * end + [part.data] == found


def test_another_header(tmp_path: Path) -> None:
    """Where no local header stands there is no stream."""
    data = build([Part("a.py", TEXT)])
    stream = read_streams(written(tmp_path, data))["a.py"]

    assert read_stream(io.BytesIO(b"PK\1\2" + data[4:]), stream) is None
    assert read_stream(io.BytesIO(data[:1] + data), stream) is None


# -- reading a wheel, and sounding it -----------------------------------------------


@given(
    content=st.binary(max_size=2000).map(lambda each: each * 3),
    level=st.none() | st.integers(0, 9),
    sizes=st.lists(st.integers(1, 700), max_size=9),
)
def test_a_member_reads_as_in_zipfile(
    tmp_path_factory: pytest.TempPathFactory,
    content: bytes,
    level: int | None,
    sizes: list[int],
) -> None:
    """Piece by piece and all at once, content is what `zipfile` makes of it."""
    wheel = written(
        tmp_path_factory.mktemp("wheel"), build([Part("a.py", content, level)])
    )

    with (
        zipfile.ZipFile(wheel.path) as theirs,
        SoundingZipFile(wheel.path) as ours,
        theirs.open("a.py") as expected,
        ours.open("a.py") as found,
    ):
        for size in sizes:
            assert expected.read(size) == found.read(size)
        assert expected.read() == found.read()
        assert content == ours.read("a.py")
        assert ours.testzip() is None
        is_smaller = bool(level) and len(raw(content, level or 0)) < len(content)
        assert ("a.py" not in ours.unsound) == is_smaller


@pytest.mark.parametrize("level", [None, 0, 6])
def test_a_large_member_is_a_file_that_can_be_sought_in(
    tmp_path: Path, level: int | None
) -> None:
    """Seeking back begins again: pypa/installer looks at a script's first line first.

    Wheels have programs of many MiB as scripts, as those of ruff and uv.
    """
    wheel = written(tmp_path, build([Part("tool", LARGE, level)]))

    with SoundingZipFile(wheel.path) as archive, archive.open("tool") as file:
        assert LARGE[:8] == file.read(8)
        assert 0 == file.seek(0)
        assert LARGE[:99] == file.read(99)
        assert 3 << 20 == file.seek(3 << 20)
        assert LARGE[3 << 20 :] == file.read()
        assert 5 == file.seek(5)
        assert 15 == file.seek(10, os.SEEK_CUR)
        assert 15 == file.tell()
        assert LARGE[15:] == file.read()
        assert len(LARGE) - 7 == file.seek(-7, os.SEEK_END)
        assert LARGE[-7:] == file.read()
        assert len(LARGE) == file.seek(1 << 40)
        assert b"" == file.read()
    assert ({"tool"} if not level else set()) == archive.unsound


def test_members_that_are_read_in_turns(tmp_path: Path) -> None:
    """Each open member keeps its own place in the wheel."""
    random = os.urandom(2 << 20)
    parts = [Part("a", LARGE), Part("b", random + bytes(99_999)), Part("c", LARGE[1:])]
    wheel = written(tmp_path, build(parts))

    with SoundingZipFile(wheel.path) as archive:
        files = [archive.open(part.name) for part in parts]
        found = [b""] * len(files)
        while chunks := [file.read(400_000) for file in files]:
            if not any(chunks):
                break
            found = [each + chunk for each, chunk in zip(found, chunks, strict=True)]
        for file in files:
            file.close()

    assert [part.content for part in parts] == found
    assert not archive.unsound & {"a", "b", "c"}


def unsound(directory: Path, *parts: Part, comment: bytes = b"") -> set[str]:
    """Reads parts of a wheel; what is not sound of them."""
    wheel = written(directory, build(parts, comment=comment))
    with SoundingZipFile(wheel.path) as archive, zipfile.ZipFile(wheel.path) as theirs:
        for part in parts:
            assert theirs.read(part.name) == archive.read(part.name)
        return archive.unsound


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

    for opened in (zipfile.ZipFile, SoundingZipFile):
        with opened(wheel.path) as archive, archive.open("a") as file:
            content = b"".join(iter(partial(file.read, 1 << 16), b""))
        assert LARGE == content
    assert {"a"} == getattr(archive, "unsound", None)


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
    path = written(tmp_path, wheel).path

    with SoundingZipFile(path) as archive:
        assert TEXT == archive.read("a")
    assert {"a"} == archive.unsound


# -- what is refused ----------------------------------------------------------------


def refusal(directory: Path, *parts: Part) -> str:
    """Reads the first of some parts; what is said against it."""
    wheel = written(directory, build(parts))
    with (
        SoundingZipFile(wheel.path) as archive,
        pytest.raises(zipfile.BadZipFile) as raised,
    ):
        archive.read(parts[0].name)
    assert f"{parts[0].name} in {wheel.path} cannot be read: " in str(raised.value)
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
    path = written(tmp_path, data).path
    with SoundingZipFile(path) as archive, pytest.raises(zipfile.BadZipFile) as raised:
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
        with SoundingZipFile(wheel.path) as archive:
            try:
                assert content == archive.read("a")
            except zipfile.BadZipFile as error:
                assert f"a in {wheel.path} cannot be read" in str(error)  # noqa: PT017
            else:
                assert {"a"} == archive.unsound


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
    path = written(tmp_path, data).path

    if data == b"PK\5\6" + bytes(18):  # an empty ZIP
        with SoundingZipFile(path) as archive:
            assert [] == archive.namelist()
    else:
        with pytest.raises(zipfile.BadZipFile) as raised:
            SoundingZipFile(path)
        assert f"{path} cannot be read: " in str(raised.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A file that cannot be opened is the system's error."""
    with pytest.raises(FileNotFoundError):
        SoundingZipFile(tmp_path / "gone.whl")


def test_a_member_that_is_not_there(tmp_path: Path) -> None:
    """A name that the wheel does not have is a KeyError, as in `zipfile`."""
    path = written(tmp_path, build([])).path

    with SoundingZipFile(path) as archive, pytest.raises(KeyError, match="gone"):
        archive.open("gone")


def test_a_closed_wheel(tmp_path: Path) -> None:
    """Nothing can be read from a wheel that has been closed; twice is once."""
    path = written(tmp_path, build([Part("a", TEXT)])).path
    with SoundingZipFile(path) as archive:
        pass

    archive.close()

    with pytest.raises(zipfile.BadZipFile, match="closed file"):
        archive.read("a")
