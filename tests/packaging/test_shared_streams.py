"""What is compressed for one function of a run is copied for the others."""

from __future__ import annotations

import zipfile

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.archive.compression import deflate
from poetry_plugin_package_function.packaging.archive.shared_streams import (
    SharedStreams,
)
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
    shared = SharedStreams(kept, pool)

    assert alone == plain(shared.deflate(entries))
    for name in "abc":
        (tmp_path / name).unlink()
    assert alone == plain(shared.deflate(entries))
    other = entries[1]._replace(name="other", executable=True)
    (member,) = plain(shared.deflate([other]))
    assert ("other", *alone[1][1:5], True) == member


def test_what_is_stored_is_read_each_time(
    tmp_path: Path, kept: Path, pool: ThreadPoolExecutor
) -> None:
    """What does not become smaller is no stream, and still the same member."""
    entries = [file_entry(tmp_path / "empty", b""), file_entry(tmp_path / "x", b"x")]
    shared = SharedStreams(kept, pool)

    assert plain(deflate(entries)) == plain(shared.deflate(entries))
    assert plain(deflate(entries)) == plain(shared.deflate(entries))


def test_a_file_that_has_another_size_is_none_that_is_known(
    tmp_path: Path, kept: Path, pool: ThreadPoolExecutor
) -> None:
    """The stream of what a file was is shipped for no other content."""
    entry = file_entry(tmp_path / "a", TEXT)
    shared = SharedStreams(kept, pool)
    list(shared.deflate([entry]))
    longer = file_entry(tmp_path / "a", TEXT * 2)

    assert plain(deflate([longer])) == plain(shared.deflate([longer]))
    with pytest.raises(SourceError):
        list(shared.deflate([longer._replace(size_bytes=1)]))


def test_what_is_copied_or_each_functions_own_is_not_kept(
    tmp_path: Path, kept: Path, pool: ThreadPoolExecutor
) -> None:
    """It would take room for nothing."""
    with zipfile.ZipFile(tmp_path / "a.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr("a", TEXT)
    with zipfile.ZipFile(tmp_path / "a.whl") as wheel:
        content = member_of(str(tmp_path / "a.whl"), wheel.getinfo("a"))
    entries = [
        Entry("a", content, len(TEXT)),
        Entry("b", BytesContent(TEXT), len(TEXT)),
    ]
    shared = SharedStreams(kept, pool)

    assert plain(deflate(entries)) == plain(shared.deflate(entries))
    held = [
        name for path in kept.iterdir() for name in zipfile.ZipFile(path).namelist()
    ]
    assert [] == held


def test_what_has_not_come_to_its_end_is_not_used(
    tmp_path: Path, kept: Path, pool: ThreadPoolExecutor
) -> None:
    """Its file may be incomplete."""
    entries = [file_entry(tmp_path / name, TEXT + name.encode()) for name in "ab"]
    shared = SharedStreams(kept, pool)
    members = shared.deflate(entries)
    next(iter(members))
    del members  # as an exception does

    assert plain(deflate(entries)) == plain(shared.deflate(entries))


def test_in_several_threads(
    tmp_path: Path, kept: Path, pool: ThreadPoolExecutor
) -> None:
    """Functions that are packaged at once get what they would get alone."""
    entries = [
        file_entry(tmp_path / f"{number}", f"{number}\n".encode() * 500)
        for number in range(40)
    ]
    alone = plain(deflate(entries))
    shared = SharedStreams(kept, pool)

    with ThreadPoolExecutor(4) as functions:
        found = [
            functions.submit(lambda: plain(shared.deflate(entries))) for _ in range(8)
        ]
    assert all(alone == each.result() for each in found)
