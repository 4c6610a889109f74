"""What has been compressed is kept as far as there is room, and comes back."""

from __future__ import annotations

import zipfile

from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from typing import TYPE_CHECKING
from typing import Final

import pytest

from deflate import crc32
from hypothesis import given
from hypothesis import strategies as st

from poetry_plugin_package_function.errors import ChangedSourceError
from poetry_plugin_package_function.packaging.archive.compression import MAX_LEVEL
from poetry_plugin_package_function.packaging.archive.compression import Member
from poetry_plugin_package_function.packaging.archive.compression import deflate
from poetry_plugin_package_function.packaging.archive.spool import spool
from poetry_plugin_package_function.packaging.archive.zip_writer import Archive
from poetry_plugin_package_function.packaging.sources.content import DEFLATED
from poetry_plugin_package_function.packaging.sources.content import STORED
from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.content import read
from poetry_plugin_package_function.packaging.sources.entry import Entry
from tests.packaging.wheel_files import raw


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from pathlib import Path


NO_LIMIT: Final = 1 << 40


def entry(name: str, content: bytes, *, executable: bool = False) -> Entry:
    return Entry(name, BytesContent(content), len(content), executable)


def content(seed: int, size_bytes: int) -> bytes:
    """Makes what is a little smaller compressed, and of its own for each seed."""
    line = b"%d of many lines of text\n" % seed
    return (line * (size_bytes // len(line) + 1))[:size_bytes]


def plain(members: Iterable[Member]) -> list[Member]:
    """Makes copies that can be compared, whatever buffers the data are in."""
    return [each._replace(data=bytes(each.data)) for each in members]


ENTRIES: Final = [
    entry("a/__init__.py", b""),
    entry("a/code.py", content(1, 3000)),
    entry("a/tool", content(2, 900), executable=True),
    entry("b/größe.txt", content(3, 5000)),
    entry("b/picture.gz", b"\x1f\x8b\x08" + content(4, 600)),
    entry(f"c/{'x' * 200}", content(5, 100_000)),
    entry("d/short", b"short"),
]
STORED_NAMES: Final = {"a/__init__.py", "b/picture.gz", "d/short"}


def test_streams_come_back_as_they_were(tmp_path: Path) -> None:
    """Members made of them are those that were compressed, to the last byte."""
    before = plain(deflate(ENTRIES))

    spooled = spool(deflate(ENTRIES), tmp_path / "spool", NO_LIMIT)

    again = [
        each._replace(content=spooled.streams.get(each.name, each.content))
        for each in ENTRIES
    ]
    assert before == plain(deflate(again))
    assert before == plain(deflate(again[::-1]))[::-1]
    assert {each.name for each in ENTRIES} - STORED_NAMES == spooled.streams.keys()


def test_streams_are_not_compressed_again(tmp_path: Path) -> None:
    """Where one stands in the file is what is read: another level's stays as it is."""
    text = ENTRIES[1]
    (member,) = plain(deflate([text], level=MAX_LEVEL))
    assert plain(deflate([text])) != [member]

    spooled = spool([member], tmp_path / "spool", NO_LIMIT)

    again = text._replace(content=spooled.streams[text.name])
    assert [member] == plain(deflate([again]))


def test_what_each_takes(tmp_path: Path) -> None:
    """It is known of all of them, stored ones, too, in the order in which they came."""
    spooled = spool(deflate(ENTRIES), tmp_path / "spool", NO_LIMIT)

    expected = {each.name: len(each.data) for each in deflate(ENTRIES)}
    assert list(expected.items()) == list(spooled.data_bytes.items())
    assert 0 == spooled.data_bytes["a/__init__.py"]
    assert 603 == spooled.data_bytes["b/picture.gz"]


def test_stored_members_are_not_kept(tmp_path: Path) -> None:
    """They are read again as fast, and take the most space."""
    members = [
        Member("stored", STORED, crc32(b"12345"), 5, b"12345"),
        Member("empty", STORED, 0, 0, b""),
    ]

    spooled = spool(members, tmp_path / "spool", NO_LIMIT)

    assert {} == spooled.streams
    assert {"stored": 5, "empty": 0} == spooled.data_bytes
    assert Archive.end_bytes(0) == (tmp_path / "spool").stat().st_size


def test_streams_say_what_they_are(tmp_path: Path) -> None:
    """A stream has all that a member has; it may be copied."""
    path = tmp_path / "spool"

    spooled = spool(deflate(ENTRIES), path, NO_LIMIT)

    written = path.read_bytes()
    for member in plain(deflate(ENTRIES)):
        if member.name in STORED_NAMES:
            continue
        stream = spooled.streams[member.name]
        start = stream.offset + stream.header_bytes
        assert member.data == written[start : start + stream.stored_bytes]
        assert (str(path), True) == (stream.archive, stream.copyable)
        assert member[1:4] == (stream.method, stream.crc32, stream.size_bytes)


def test_other_readers_can_read_it(tmp_path: Path) -> None:
    """It is a ZIP like any other, of those members that are kept."""
    path = tmp_path / "spool"

    spooled = spool(deflate(ENTRIES), path, NO_LIMIT)

    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert list(spooled.streams) == archive.namelist()
        for each in ENTRIES:
            if each.name not in STORED_NAMES:
                assert read(each.content) == archive.read(each.name)


# -- the limit ----------------------------------------------------------------------


def made(count: int) -> Iterator[Member]:
    """Makes members of the same size."""
    for number in range(count):
        text = content(number + 10, 2000)
        yield Member(f"{number:02}", DEFLATED, crc32(text), len(text), raw(text))


@pytest.mark.parametrize("kept", [1, 2, 5, 10])
@pytest.mark.parametrize("less_bytes", [0, 1])
def test_what_is_beyond_the_limit_is_counted_only(
    tmp_path: Path, kept: int, less_bytes: int
) -> None:
    """As long as no more than the limit has been written, what comes next is kept."""
    path = tmp_path / "spool"
    local_bytes = 30 + len("00")  # APPNOTE.TXT 6.3.10, 4.3.7
    directory_bytes = 46 + len("00")  # 4.3.12
    sizes = [local_bytes + directory_bytes + len(each.data) for each in made(10)]
    before = [0, *accumulate(each - directory_bytes for each in sizes)]

    spooled = spool(made(10), path, before[kept - 1] - less_bytes)

    expected = kept - less_bytes
    assert [each.name for each in made(expected)] == list(spooled.streams)
    assert {each.name: len(each.data) for each in made(10)} == spooled.data_bytes
    size_bytes = sum(sizes[:expected]) + Archive.end_bytes(expected)
    assert size_bytes == path.stat().st_size


def test_nothing_is_kept_of_what_is_only_counted(tmp_path: Path) -> None:
    """One large member fills the file; small ones behind it take no space."""
    large = entry("large", content(0, 1 << 20))
    small = [entry(f"small{number}", content(number, 200)) for number in range(99)]
    first = spool(deflate([large]), tmp_path / "one", 100)

    spooled = spool(deflate([large, *small]), tmp_path / "all", 100)

    assert ["large"] == list(spooled.streams)
    assert 100 == len(spooled.data_bytes)
    assert all(spooled.data_bytes.values())
    assert first.streams["large"]._replace(archive="") == spooled.streams[
        "large"
    ]._replace(archive="")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "all").read_bytes()


def test_no_members(tmp_path: Path) -> None:
    """Then there is an empty ZIP."""
    assert ({}, {}) == spool([], tmp_path / "spool", NO_LIMIT)
    with zipfile.ZipFile(tmp_path / "spool") as archive:
        assert [] == archive.namelist()


def test_the_file_has_to_stay(tmp_path: Path) -> None:
    """A stream whose file is gone is an error that names it, and nothing else."""
    path = tmp_path / "spool"
    spooled = spool(deflate(ENTRIES), path, NO_LIMIT)
    path.unlink()
    gone = ENTRIES[1]._replace(content=spooled.streams["a/code.py"])

    with pytest.raises(ChangedSourceError, match="spool"):
        list(deflate([gone]))


@given(
    st.lists(st.tuples(st.text("aé", max_size=5), st.binary(max_size=90))),
    st.integers(0, 2000),
)
def test_any_members(
    tmp_path_factory: pytest.TempPathFactory,
    named: list[tuple[str, bytes]],
    limit_bytes: int,
) -> None:
    """Whatever is kept comes back as it was, whatever there is room for."""
    entries = [
        entry(f"{name}{number}", each * 9) for number, (name, each) in enumerate(named)
    ]
    before = plain(deflate(entries, pool=ThreadPoolExecutor(1)))

    spooled = spool(before, tmp_path_factory.mktemp("any") / "spool", limit_bytes)

    assert {each.name: len(each.data) for each in before} == spooled.data_bytes
    kept = [each for each in entries if each.name in spooled.streams]
    again = [each._replace(content=spooled.streams[each.name]) for each in kept]
    assert [each for each in before if each.name in spooled.streams] == plain(
        deflate(again, pool=ThreadPoolExecutor(1))
    )
