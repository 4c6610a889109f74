"""What has been compressed is kept as far as there is room, and copied later."""

from __future__ import annotations

import zipfile

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.errors import ChangedSourceError
from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.archive.compression import MAX_LEVEL
from poetry_plugin_package_function.packaging.archive.compression import deflate
from poetry_plugin_package_function.packaging.archive.kept_streams import KeptStreams
from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.content import FileContent
from poetry_plugin_package_function.packaging.sources.content import member_of
from poetry_plugin_package_function.packaging.sources.entry import Entry


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from pathlib import Path

    from poetry_plugin_package_function.packaging.archive.compression import Member


TEXT = b"a line of text\n" * 100


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Compresses."""
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Where streams are kept."""
    directory = tmp_path / "kept"
    directory.mkdir()
    return directory


def file_entry(path: Path, content: bytes, name: str = "") -> Entry:
    path.write_bytes(content)
    return Entry(name or path.name, FileContent(str(path)), len(content))


def plain(members: Iterable[Member]) -> list[tuple[object, ...]]:
    return [(*each._replace(data=bytes(each.data)),) for each in members]


def test_nothing_is_read_a_second_time(
    tmp_path: Path, kept: Path, pool: ThreadPoolExecutor
) -> None:
    """Members are the same, under another name and mode, too."""
    entries = [file_entry(tmp_path / name, name.encode() * 999) for name in "abc"]
    alone = plain(deflate(entries))
    streams = KeptStreams(kept, pool)

    assert alone == plain(streams.deflate(entries))
    for name in "abc":
        (tmp_path / name).unlink()
    assert alone == plain(streams.deflate(entries))
    other = entries[1]._replace(name="other", executable=True)
    (member,) = plain(streams.deflate([other]))
    assert ("other", *alone[1][1:5], True) == member


def test_what_is_stored_is_read_each_time(
    tmp_path: Path, kept: Path, pool: ThreadPoolExecutor
) -> None:
    """What does not become smaller is no stream, and still the same member."""
    entries = [file_entry(tmp_path / "empty", b""), file_entry(tmp_path / "x", b"x")]
    streams = KeptStreams(kept, pool)

    assert plain(deflate(entries)) == plain(streams.deflate(entries))
    assert plain(deflate(entries)) == plain(streams.deflate(entries))


def test_a_file_that_has_another_size_is_none_that_is_known(
    tmp_path: Path, kept: Path, pool: ThreadPoolExecutor
) -> None:
    """The stream of what a file was is shipped for no other content."""
    entry = file_entry(tmp_path / "a", TEXT)
    streams = KeptStreams(kept, pool)
    list(streams.deflate([entry]))
    longer = file_entry(tmp_path / "a", TEXT * 2)

    assert plain(deflate([longer])) == plain(streams.deflate([longer]))
    with pytest.raises(SourceError):
        list(streams.deflate([longer._replace(size_bytes=1)]))


def held(kept: Path) -> list[bytes]:
    """What is kept, in order: the files are ZIPs like any other."""
    return [
        archive.read(name)
        for path in kept.iterdir()
        for archive in [zipfile.ZipFile(path)]
        for name in archive.namelist()
    ]


def wheel_entry(tmp_path: Path) -> Entry:
    with zipfile.ZipFile(tmp_path / "a.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr("a", TEXT)
    with zipfile.ZipFile(tmp_path / "a.whl") as wheel:
        content = member_of(str(tmp_path / "a.whl"), wheel.getinfo("a"))
    return Entry("a", content, len(TEXT))


def test_what_is_copied_is_not_kept(
    tmp_path: Path, kept: Path, pool: ThreadPoolExecutor
) -> None:
    """It would take room for nothing."""
    entry = wheel_entry(tmp_path)
    streams = KeptStreams(kept, pool)

    assert plain(deflate([entry])) == plain(streams.deflate([entry]))
    assert [] == held(kept)


def test_a_stream_of_another_level_stays_as_it_is(
    tmp_path: Path, kept: Path, pool: ThreadPoolExecutor
) -> None:
    """It is copied, and so is that of what would be copied out of a wheel."""
    text = b"".join(b"line %d of a text\n" % number for number in range(999))
    entries = [
        wheel_entry(tmp_path),
        file_entry(tmp_path / "b", text),
        Entry("c", BytesContent(text[::-1]), len(text)),
    ]
    streams = KeptStreams(kept, pool)
    most = plain(streams.deflate(entries, level=MAX_LEVEL))

    assert most == plain(deflate(entries, level=MAX_LEVEL))
    assert most != plain(deflate(entries))
    assert most == plain(streams.deflate(entries))
    assert [TEXT, text, text[::-1]] == held(kept)


def test_files_of_one_name_and_of_one_content(
    tmp_path: Path, kept: Path, pool: ThreadPoolExecutor
) -> None:
    """A module that is nested has the name of the stub in its place."""
    entries = [
        file_entry(tmp_path / name, TEXT + name.encode(), "app.py") for name in "aab"
    ]
    streams = KeptStreams(kept, pool)

    assert plain(deflate(entries)) == plain(streams.deflate(entries))
    assert plain(deflate(entries)) == plain(streams.deflate(entries))
    assert [TEXT + b"a", TEXT + b"b"] == held(kept)


@pytest.mark.parametrize("limit_bytes", [0, 1, 200, 2000])
def test_what_is_beyond_the_limit_is_not_kept(
    tmp_path: Path, kept: Path, pool: ThreadPoolExecutor, limit_bytes: int
) -> None:
    """As long as no more than the limit has been written, what comes next is kept."""
    entries = [
        file_entry(tmp_path / f"{number}", TEXT + b"%d" % number) for number in range(9)
    ]
    alone = plain(deflate(entries))
    streams = KeptStreams(kept, pool, limit_bytes)

    assert alone == plain(streams.deflate(entries))
    assert alone == plain(streams.deflate(entries))
    (_, second) = sorted(kept.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    with zipfile.ZipFile(next(path for path in kept.iterdir() if path != second)) as zf:
        offsets = [info.header_offset for info in zf.infolist()]
    assert offsets
    assert max(offsets) <= limit_bytes


def test_the_file_has_to_stay(
    tmp_path: Path, kept: Path, pool: ThreadPoolExecutor
) -> None:
    """A stream whose file is gone is an error that names it, and nothing else."""
    entry = file_entry(tmp_path / "a", TEXT)
    streams = KeptStreams(kept, pool)
    list(streams.deflate([entry]))
    (path,) = kept.iterdir()
    path.unlink()

    with pytest.raises(ChangedSourceError, match=path.name):
        list(streams.deflate([entry]))


def test_what_has_not_come_to_its_end_is_not_used(
    tmp_path: Path, kept: Path, pool: ThreadPoolExecutor
) -> None:
    """Its file may be incomplete."""
    entries = [file_entry(tmp_path / name, TEXT + name.encode()) for name in "ab"]
    streams = KeptStreams(kept, pool)
    members = streams.deflate(entries)
    next(iter(members))
    del members  # as an exception does

    assert plain(deflate(entries)) == plain(streams.deflate(entries))


def test_in_several_threads(
    tmp_path: Path, kept: Path, pool: ThreadPoolExecutor
) -> None:
    """Functions that are packaged at once get what they would get alone."""
    entries = [
        file_entry(tmp_path / f"{number}", f"{number}\n".encode() * 50_000)
        for number in range(40)
    ]
    alone = plain(deflate(entries))
    streams = KeptStreams(kept, pool)

    with ThreadPoolExecutor(4) as functions:
        found = [
            functions.submit(lambda: plain(streams.deflate(entries))) for _ in range(8)
        ]
    assert all(alone == each.result() for each in found)
