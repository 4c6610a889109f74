from __future__ import annotations

import os
import threading
import zipfile
import zlib

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from hypothesis import given
from hypothesis import strategies as st

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.archive import compression as module
from poetry_plugin_package_function.packaging.archive.compression import MAX_LEVEL
from poetry_plugin_package_function.packaging.archive.compression import Member
from poetry_plugin_package_function.packaging.archive.compression import deflate
from poetry_plugin_package_function.packaging.archive.timestamp import EARLIEST_EPOCH_S
from poetry_plugin_package_function.packaging.archive.timestamp import dos_time
from poetry_plugin_package_function.packaging.archive.zip_writer import Archive
from poetry_plugin_package_function.packaging.sources.content import DEFLATED
from poetry_plugin_package_function.packaging.sources.content import STORED
from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.content import FileContent
from poetry_plugin_package_function.packaging.sources.content import member_of
from poetry_plugin_package_function.packaging.sources.entry import Entry


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from pathlib import Path
    from typing import NoReturn


def content_of(member: Member) -> bytes:
    if member.method == DEFLATED:
        return zlib.decompress(member.data, -15)
    return bytes(member.data)


@given(st.lists(st.binary(max_size=300).map(lambda each: each * 3), max_size=200))
def test_any_contents(contents: list[bytes]) -> None:
    """Zlib inflates each stream to the content; CRC-32 and size are those of it."""
    entries = [
        Entry(str(number), BytesContent(content), len(content))
        for number, content in enumerate(contents)
    ]

    members = list(deflate(entries))

    assert [entry.name for entry in entries] == [member.name for member in members]
    assert contents == [content_of(member) for member in members]
    assert [zlib.crc32(content) for content in contents] == [m.crc32 for m in members]
    assert all(len(m.data) < m.size_bytes for m in members if m.method == DEFLATED)


@pytest.mark.parametrize("start", [b"\x1f\x8b\x08", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"])
def test_what_is_compressed_already_is_stored(tmp_path: Path, start: bytes) -> None:
    """As gzip, xz and zstd; unless each byte counts."""
    content = start + bytes(1000)  # that it would be smaller shows which way it went
    path = tmp_path / "a"
    path.write_bytes(content)
    entry = Entry("a", FileContent(str(path)), len(content))

    usual = list(deflate([entry]))
    smallest = list(deflate([entry], level=MAX_LEVEL))

    assert [STORED] == [member.method for member in usual]
    assert [DEFLATED] == [member.method for member in smallest]
    assert content == content_of(usual[0]) == content_of(smallest[0])


class _Refusing(ThreadPoolExecutor):
    """Threads that must not be needed."""

    def submit(self, *_: object, **__: object) -> NoReturn:
        raise AssertionError("something has been compressed")


def wheel_entries(path: Path, contents: Mapping[str, bytes]) -> list[Entry]:
    """Entries of a new wheel's members, which are copied where they are smaller."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, content in contents.items():
            wheel.writestr(name, content)
    with zipfile.ZipFile(path) as wheel:
        members = [member_of(str(path), info) for info in wheel.infolist()]
    return [
        Entry(
            each.name,
            each._replace(copyable=each.stored_bytes < each.size_bytes),
            each.size_bytes,
        )
        for each in members
    ]


def test_no_thread_copies(tmp_path: Path) -> None:
    """Whoever asks for streams reads them; what is small beside them, too."""
    contents = {"large.py": b"line\n" * 99_999, "empty.py": b"", "x.json.gz": b"\x1f"}
    entries = wheel_entries(tmp_path / "a.whl", contents)

    with _Refusing(2) as pool:
        members = list(deflate(entries, pool=pool))

    assert [*contents] == [member.name for member in members]
    assert [*contents.values()] == [content_of(member) for member in members]
    assert [DEFLATED, STORED, STORED] == [member.method for member in members]


def test_threads_compress_what_is_between_copies(tmp_path: Path) -> None:
    """Members are in their order all the same."""
    text = {f"{number}.py": b"%d\n" % number * 200_000 for number in range(8)}
    copies = wheel_entries(tmp_path / "a.whl", text)
    path = tmp_path / "made"
    path.write_bytes(b"made here\n" * 99_999)
    made = Entry("made", FileContent(str(path)), path.stat().st_size)
    entries = [each for copy in copies for each in (copy, made)]

    with ThreadPoolExecutor(2) as pool:
        members = list(deflate(entries, pool=pool))

    assert [each.name for each in entries] == [each.name for each in members]
    assert [*text.values()] == [content_of(each) for each in members[::2]]
    assert {path.read_bytes()} == {content_of(each) for each in members[1::2]}


def test_the_number_of_workers_changes_nothing(tmp_path: Path) -> None:
    """One thread and many give the same members in the same order."""
    entries = []
    for number in range(300):
        path = tmp_path / str(number)
        path.write_bytes(os.urandom(10) * (number * number))
        entries.append(Entry(path.name, FileContent(str(path)), path.stat().st_size))

    one, two, many = (
        list(deflate(entries, pool=ThreadPoolExecutor(n))) for n in (1, 2, 16)
    )

    assert one == two == many


def test_bytes_in_flight_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries are taken as members are asked for, not all at once."""
    monkeypatch.setattr(module, "IN_FLIGHT_BYTES", 4 << 20)
    taken = []

    def entries() -> Iterator[Entry]:
        for number in range(64):
            taken.append(number)
            yield Entry(f"{number:02}", BytesContent(bytes(1 << 20)), 1 << 20)

    members = deflate(entries())
    next(members)

    assert len(taken) < 8
    assert 63 == len(list(members))


def test_a_large_file_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """While one file of any size is worked on, a bounded number follows already."""
    monkeypatch.setattr(module, "IN_FLIGHT_BYTES", 4 << 20)
    taken = []

    def entries() -> Iterator[Entry]:
        yield Entry("large", BytesContent(bytes(16 << 20)), 16 << 20)
        for number in range(64):
            taken.append(number)
            yield Entry(f"{number:02}", BytesContent(bytes(1 << 20)), 1 << 20)

    members = deflate(entries())

    assert "large" == next(members).name
    assert 4 <= len(taken) < 8
    assert 64 == len(list(members))


def test_large_files_are_mapped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is mapped, deflated or stored, gives the same member as one read."""
    compressible, random = tmp_path / "a", tmp_path / "b"
    compressible.write_bytes(b"text " * 1000)
    random.write_bytes(os.urandom(1000))
    entries = [
        Entry(each.name, FileContent(str(each)), each.stat().st_size)
        for each in (compressible, random)
    ]
    read = list(deflate(entries))
    monkeypatch.setattr(module, "MAPPED_FROM_BYTES", 1)

    mapped = list(deflate(entries))

    assert read == mapped
    assert [member.method for member in mapped] == [DEFLATED, STORED]


@pytest.mark.parametrize("listed_bytes", [0, 3, 5, 40 << 20])
def test_a_file_that_has_changed(tmp_path: Path, listed_bytes: int) -> None:
    """A file that has another size than when it was listed is an error, not a guess."""
    path = tmp_path / "a"
    path.write_bytes(b"four")

    with pytest.raises(SourceError, match="has changed while it was being packaged"):
        list(deflate([Entry("a", FileContent(str(path)), listed_bytes)]))


def test_a_file_that_has_gone(tmp_path: Path) -> None:
    """A file that is no longer there is named."""
    with pytest.raises(SourceError, match="gone cannot be read: No such file"):
        list(deflate([Entry("a", FileContent(str(tmp_path / "gone")), 1)]))


def test_an_error_stops_the_workers(tmp_path: Path) -> None:
    """The first error comes out, and no thread is left behind."""
    before = threading.active_count()
    text = b"x" * 1000
    good = [Entry(f"{number}", BytesContent(text), 1000) for number in range(1000)]

    gone = Entry("a", FileContent(str(tmp_path / "gone")), 1)

    with pytest.raises(SourceError):
        list(deflate([*good, gone, *good]))
    assert before == threading.active_count()


@pytest.mark.parametrize(
    "size_bytes",
    [(40 << 20) + 5, pytest.param((4 << 30) + 5, marks=pytest.mark.large)],
)
def test_a_large_file(tmp_path: Path, size_bytes: int) -> None:
    """A sparse file is packaged in pieces, and `zipfile` reads all of it.

    Also one of more than 4 GiB; for the fields of ZIP64, see `test_archive.py`.
    """
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(size_bytes)
    entries = [
        Entry("large", FileContent(str(path)), size_bytes),
        Entry("small", BytesContent(b"x"), 1),
    ]

    with (tmp_path / "a.zip").open("wb") as stream:
        archive = Archive(stream, dos_time(EARLIEST_EPOCH_S))
        for member in deflate(entries):
            archive.add(member)
        archive.close()

    with zipfile.ZipFile(tmp_path / "a.zip") as read:
        assert size_bytes == read.getinfo("large").file_size
        assert read.testzip() is None
        assert b"x" == read.read("small")
