from __future__ import annotations

import hashlib
import io
import shutil
import stat
import subprocess
import zipfile
import zlib

from typing import TYPE_CHECKING

import pytest

from hypothesis import given
from hypothesis import strategies as st

from poetry_plugin_package_function.packaging.archive.compression import Member
from poetry_plugin_package_function.packaging.archive.compression import deflate_one
from poetry_plugin_package_function.packaging.archive.output import create
from poetry_plugin_package_function.packaging.archive.timestamp import EARLIEST_EPOCH_S
from poetry_plugin_package_function.packaging.archive.timestamp import dos_time
from poetry_plugin_package_function.packaging.archive.zip_writer import Archive
from poetry_plugin_package_function.packaging.sources.content import DEFLATED
from poetry_plugin_package_function.packaging.sources.content import STORED
from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.entry import Entry


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from poetry_plugin_package_function.packaging.archive.zip_writer import Written


TIME = dos_time(EARLIEST_EPOCH_S)

CHUNK = 1 << 20
"""From how many bytes on data is not gathered with other data."""

NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0/\\:\r\n"),
    min_size=1,
    max_size=12,
).filter(lambda name: name not in (".", ".."))


def entry(name: str, content: bytes, *, executable: bool = False) -> Entry:
    return Entry(name, BytesContent(content), len(content), executable)


def archive_of(contents: Mapping[str, bytes]) -> tuple[bytes, Written]:
    stream = io.BytesIO()
    archive = Archive(stream, TIME)
    for name in sorted(contents):
        archive.add(deflate_one(entry(name, contents[name])))
    written = archive.close()
    return stream.getvalue(), written


@given(st.dictionaries(NAMES, st.binary(max_size=400), max_size=12))
def test_what_is_read_back_is_what_was_added(contents: dict[str, bytes]) -> None:
    """For any names and contents, `zipfile` reads all of it and finds no fault."""
    data, written = archive_of(contents)

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert contents == {
            info.filename: archive.read(info) for info in archive.infolist()
        }
        assert sorted(contents) == archive.namelist()
        assert written.compressed_bytes == {
            info.filename: info.compress_size for info in archive.infolist()
        }
    assert len(data) == written.size_bytes


@given(st.dictionaries(NAMES, st.binary(max_size=200), min_size=1, max_size=6))
def test_nothing_but_the_content_shows(contents: dict[str, bytes]) -> None:
    """One timestamp, two modes, no extra fields, no comments, Unix as the maker."""
    data, _ = archive_of(contents)

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            assert (1980, 1, 1, 0, 0, 0) == info.date_time
            assert info.external_attr >> 16 == stat.S_IFREG | 0o644
            assert b"" == info.extra
            assert b"" == info.comment
            assert (
                info.create_system,
                info.create_version,
                info.extract_version,
            ) == (3, 20, 20)
        assert b"" == archive.comment


def test_executables_are_0755() -> None:
    """A file that anyone may execute has mode 0755 in the archive."""
    stream = io.BytesIO()
    archive = Archive(stream, TIME)
    archive.add(deflate_one(entry("tool", b"#!/bin/sh\n", executable=True)))
    archive.close()

    with zipfile.ZipFile(stream) as read:
        assert read.getinfo("tool").external_attr >> 16 == stat.S_IFREG | 0o755


@pytest.mark.parametrize(
    ("content", "method"),
    [(b"", STORED), (b"x", STORED), (bytes(range(256)), STORED), (b"a" * 99, DEFLATED)],
)
def test_compressed_only_if_that_is_smaller(content: bytes, method: int) -> None:
    """A member is stored where deflating would not make it smaller."""
    assert method == deflate_one(entry("a", content)).method


def test_names_beyond_ascii_are_flagged_as_utf8() -> None:
    """Bit 11 is set for names that are not ASCII, and for no others."""
    data, _ = archive_of({"größe.txt": b"", "ascii.txt": b""})

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert 0x800 == archive.getinfo("größe.txt").flag_bits
        assert 0 == archive.getinfo("ascii.txt").flag_bits


@given(
    st.dictionaries(NAMES, st.binary(max_size=200), max_size=5),
    st.dictionaries(NAMES, st.binary(max_size=200), max_size=3),
)
def test_a_nested_archive_is_a_stored_member(
    inside: dict[str, bytes], beside: dict[str, bytes]
) -> None:
    """An archive written in place reads as a member with right size and checksum."""
    stream = io.BytesIO(b"")
    outer = Archive(stream, TIME)
    beside = {f"a/{name}": content for name, content in beside.items()}
    for name, content in beside.items():
        outer.add(deflate_one(entry(name, content)))
    with outer.nested("b.zip") as inner:
        for name in sorted(inside):
            inner.add(deflate_one(entry(name, inside[name])))
    outer.add(deflate_one(entry("c", b"behind")))
    written = outer.close()
    alone, _ = archive_of(inside)

    assert len(stream.getvalue()) == written.size_bytes
    with zipfile.ZipFile(stream) as archive:
        assert archive.testzip() is None
        assert alone == archive.read("b.zip")
        assert archive.getinfo("b.zip").compress_type == STORED
        assert b"behind" == archive.read("c")
        assert beside == {name: archive.read(name) for name in beside}


def test_a_nested_archive_tells_its_digest() -> None:
    """The digest is that of the nested archive's own bytes."""
    outer = Archive(io.BytesIO(), TIME)
    with outer.nested("b.zip") as inner:
        inner.add(deflate_one(entry("a", b"content")))
    alone, _ = archive_of({"a": b"content"})

    assert hashlib.sha256(alone).hexdigest() == inner.close().sha256


@pytest.mark.parametrize("size_bytes", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
@pytest.mark.parametrize("hashed", [True, False])
def test_digests_around_the_size_of_a_chunk(
    tmp_path: Path, size_bytes: int, *, hashed: bool
) -> None:
    """However members are gathered, digest and checksum are those of what is there."""
    path = tmp_path / "outer.zip"
    contents = {"a": b"small", "b": b"x" * size_bytes, "c": b"behind"}
    with create(str(path)) as stream:
        outer = Archive(stream, TIME, hashed=hashed)
        outer.add(deflate_one(entry("a", contents["b"])))
        with outer.nested("b.zip") as inner:
            for name, content in contents.items():
                checksum = zlib.crc32(content)
                inner.add(Member(name, STORED, checksum, len(content), content))
        outer.add(deflate_one(entry("c", b"behind")))
        sha256 = outer.close().sha256

    whole = hashlib.sha256(path.read_bytes()).hexdigest()
    assert (whole if hashed else "") == sha256
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        nested = archive.read("b.zip")
    assert hashlib.sha256(nested).hexdigest() == inner.close().sha256
    with zipfile.ZipFile(io.BytesIO(nested)) as archive:
        assert contents == {name: archive.read(name) for name in contents}


def test_an_archive_tells_its_digest() -> None:
    """Where it is asked for, the digest is that of all that has been written."""
    stream = io.BytesIO()
    archive = Archive(stream, TIME, hashed=True)
    archive.add(deflate_one(entry("a", b"content")))

    assert hashlib.sha256(b"").hexdigest() != archive.close().sha256
    assert hashlib.sha256(stream.getvalue()).hexdigest() == archive.close().sha256


def test_closing_twice_writes_once() -> None:
    """The central directory is written once, however often an archive is closed."""
    stream = io.BytesIO()
    archive = Archive(stream, TIME)
    archive.add(deflate_one(entry("a", b"")))

    assert archive.close() == archive.close()
    assert archive.size_bytes == len(stream.getvalue())


class _Sparse(io.RawIOBase):
    """Takes any number of bytes and keeps only those that are no long runs."""

    def __init__(self) -> None:
        self.kept: dict[int, bytes] = {}
        self.position = 0

    def write(self, data: object) -> int:
        view = bytes(data) if isinstance(data, bytearray | bytes) else b""
        length = len(data)  # type: ignore[arg-type]
        if view:
            self.kept[self.position] = view
        self.position += length
        return length

    def tell(self) -> int:
        return self.position


class _Zeros(bytes):
    """Bytes that only know how many they are."""

    length: int

    def __new__(cls, length: int) -> _Zeros:
        made = super().__new__(cls)
        made.length = length
        return made

    def __len__(self) -> int:
        return self.length


def test_sizes_and_offsets_beyond_4_gib() -> None:
    """ZIP64 fields stand where a size or an offset needs them, and nowhere else.

    APPNOTE.TXT 4.5.3: both sizes in a local header; in the central directory only what
    does not fit. Checked field by field, as no test can write terabytes.
    """
    large = 5 << 32
    stream = _Sparse()
    archive = Archive(stream, TIME)  # type: ignore[arg-type]
    archive.add(Member("first", STORED, 1, large, _Zeros(large)))
    archive.add(Member("second", STORED, 2, 3, b"abc"))
    archive.close()
    directory = b"".join(data for at, data in sorted(stream.kept.items()) if at > large)

    local = stream.kept[0]
    assert local[18:26] == b"\xff" * 8
    assert b"\1\0\x10\0" + large.to_bytes(8, "little") * 2 == local[-20:]
    first = directory[directory.index(b"PK\1\2") :]
    assert first[20:28] == b"\xff" * 8
    assert b"\1\0\x10\0" == first[46 + 5 : 46 + 9]
    second = first[first.index(b"PK\1\2", 4) :]
    assert (3).to_bytes(4, "little") == second[20:24]
    assert second[42:46] == b"\xff" * 4
    assert b"\1\0\x08\0" == second[46 + 6 : 46 + 10]
    assert b"PK\6\6" in directory
    assert b"PK\6\7" in directory


def test_a_nested_archive_beyond_4_gib_is_refused() -> None:
    """The header of a nested archive, which is patched, has no room for ZIP64."""
    outer = Archive(_Sparse(), TIME)  # type: ignore[arg-type]
    with (
        pytest.raises(ValueError, match="nested archive of"),
        outer.nested("b.zip") as inner,
    ):
        inner._size_bytes = 1 << 32


@pytest.mark.slow
def test_more_files_than_a_plain_zip_can_count(tmp_path: Path) -> None:
    """70,000 members: ZIP64's end record, and every reader finds them all."""
    contents = {f"d{number % 7}/{number:05}": b"" for number in range(70_000)}
    data, _ = archive_of(contents)
    path = tmp_path / "many.zip"
    path.write_bytes(data)

    with zipfile.ZipFile(path) as archive:
        assert 70_000 == len(archive.namelist())
    for reader in second_readers():
        subprocess.run([*reader, path], check=True, capture_output=True)


@pytest.mark.parametrize(
    "count",
    [65_535, *(pytest.param(n, marks=pytest.mark.slow) for n in (65_534, 65_536))],
)
def test_around_the_count_that_needs_zip64(count: int) -> None:
    """65,535 is the mark that says "see ZIP64": it cannot be a count itself."""
    data, _ = archive_of({f"{number:05}": b"" for number in range(count)})

    assert (count >= 65_535) == (b"PK\6\6" in data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert count == len(archive.namelist())


READERS = {"unzip": ["unzip", "-tqq"], "7z": ["7z", "t"], "bsdtar": ["bsdtar", "-tf"]}


def second_readers() -> list[list[str]]:
    return [command for name, command in READERS.items() if shutil.which(name)]


@pytest.mark.parametrize("reader", READERS)
def test_other_readers_agree(tmp_path: Path, reader: str) -> None:
    """Info-ZIP, 7-Zip and libarchive find no fault in flat and nested archives."""
    if shutil.which(reader) is None:
        pytest.skip(f"{reader} is not on this machine")
    path = tmp_path / "archive.zip"
    with path.open("w+b") as stream:
        outer = Archive(stream, TIME)
        with outer.nested("a/inner.zip") as inner:
            inner.add(deflate_one(entry("größe/ünï.txt", b"text " * 100)))
        outer.add(deflate_one(entry("b", b"", executable=True)))
        outer.add(deflate_one(entry("c", zlib.compress(b"incompressible"))))
        outer.close()

    checked = subprocess.run(
        [*READERS[reader], path], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "warning" not in (checked.stdout + checked.stderr).lower()
