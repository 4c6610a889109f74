"""What is packaged is what would be installed, whatever the wheel is like."""

from __future__ import annotations

import dataclasses
import os
import random
import struct
import tempfile
import zlib

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import pytest

from hypothesis import example
from hypothesis import given
from hypothesis import strategies as st

from poetry_plugin_package_function.errors import ChangedSourceError
from poetry_plugin_package_function.packaging.archive.compression import deflate
from poetry_plugin_package_function.packaging.sources.content import DEFLATED
from poetry_plugin_package_function.packaging.sources.facts import FactsCache
from poetry_plugin_package_function.packaging.tree.assemble import Selection
from poetry_plugin_package_function.packaging.tree.assemble import assemble
from tests.examples import examples
from tests.packaging.lying_wheels import hold_against_zipfile
from tests.packaging.lying_wheels import lies_about
from tests.packaging.wheel_files import CENTRAL
from tests.packaging.wheel_files import DATA
from tests.packaging.wheel_files import END
from tests.packaging.wheel_files import INFO
from tests.packaging.wheel_files import LOCAL
from tests.packaging.wheel_files import PRESENT
from tests.packaging.wheel_files import READERS
from tests.packaging.wheel_files import WHEEL
from tests.packaging.wheel_files import Installation
from tests.packaging.wheel_files import Part
from tests.packaging.wheel_files import assert_other_readers_agree
from tests.packaging.wheel_files import build
from tests.packaging.wheel_files import installation
from tests.packaging.wheel_files import packaged
from tests.packaging.wheel_files import raw
from tests.packaging.wheel_files import streams


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator


TEXT = b"a line of text\n" * 20


@contextmanager
def directory_for_one_example() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory)


@pytest.mark.parametrize("reader", READERS)
def test_the_other_readers_are_here(reader: str) -> None:
    """Info-ZIP, 7-Zip and libarchive judge what these tests package."""
    if reader not in PRESENT:
        pytest.skip(f"{reader} is not on this machine")


# -- any wheel ----------------------------------------------------------------------

_LARGE = [
    b"".join(b"line %d\n" % number for number in range(120_000)),
    random.Random(0).randbytes((1 << 20) + 1),
    bytes(1 << 20) + b"1",
]

CONTENTS = st.one_of(
    st.binary(max_size=600).map(lambda each: each * 4),
    st.binary(max_size=60),
    st.integers(0, 9).flatmap(
        lambda number: st.sampled_from(_LARGE) if number == 0 else st.just(TEXT)
    ),
)

DIRECTORIES = st.sampled_from(
    [
        *("", "demo/", "demo/größe und/", f"{INFO}/licenses/", f"{INFO}/"),
        *(f"{DATA}/{each}/" for each in ("purelib", "platlib", "purelib/demo")),
        *(f"{DATA}/{each}/" for each in ("scripts", "headers", "data")),
    ]
)

STEMS = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters='/\\:."'),
    max_size=8,
)

EXTRAS = st.sampled_from([0, 0, 0, 1, 60, 61, 200, 5000]).map(
    lambda size: struct.pack("<2H", 0x9999, size) + bytes(size) if size else b""
)


@st.composite
def wheels_parts(draw: st.DrawFn) -> list[Part]:
    """Any parts; the number in each name keeps them apart."""
    parts = []
    for number in range(draw(st.integers(0, 6))):
        if draw(st.integers(0, 9)) == 0:
            parts.append(Part(f"demo/directory{number}/", level=None))
            continue
        suffix = draw(st.sampled_from(["", ".py", ".so", ".txt"]))
        part = Part(
            f"{draw(DIRECTORIES)}{draw(STEMS)}{number}{suffix}",
            draw(CONTENTS),
            draw(st.none() | st.integers(0, 9)),
            executable=draw(st.booleans()),
            descriptor=draw(st.booleans()),
            zip64=draw(st.booleans()),
            extra=draw(EXTRAS),
            comment=draw(st.binary(max_size=20)),
        )
        parts.append(part)
    return parts


WHEELS = st.builds(
    lambda parts, *around: (parts, build(parts, prefix=around[0], comment=around[1])),
    wheels_parts(),
    st.sampled_from([b"", b"#!/usr/bin/env python\n", bytes(1000)]),
    st.sampled_from([b"", b"comment", bytes(70)]),
)


def members(installed: Installation, workers: int) -> list[tuple[object, ...]]:
    """All members that would be in an archive, made by so many workers."""
    tree = assemble((installed.source,), Selection(None))
    return [
        (*member[:4], bytes(member.data), member.executable)
        for member in deflate(tree.entries, pool=ThreadPoolExecutor(workers))
    ]


@given(WHEELS)
@examples(50)
def test_what_is_packaged_is_what_is_installed(wheel: tuple[list[Part], bytes]) -> None:
    """For any wheel, content and modes are the same, however many workers there are.

    Each stream that is deflated, and smaller than what it holds, is the wheel's own.
    """
    parts, data = wheel
    with directory_for_one_example() as directory:
        installed = installation(directory, data)
        output = directory / "out.zip"

        installed.package(output)

        assert installed.shipped() == packaged(output)
        assert members(installed, 1) == members(installed, 2) == members(installed, 5)
        found = streams(output)
        for part in parts:
            name = part.name
            for scheme in ("purelib", "platlib"):
                name = name.removeprefix(f"{DATA}/{scheme}/")
            if part.level is not None and len(part.data) < len(part.content):
                assert found.get(name, part.data) == part.data


@given(WHEELS)
@examples(8)
def test_other_readers_agree_on_any_wheel(wheel: tuple[list[Part], bytes]) -> None:
    """Info-ZIP, 7-Zip and libarchive find no fault in what is packaged."""
    with directory_for_one_example() as directory:
        installation(directory, wheel[1]).package(directory / "out.zip")

        assert_other_readers_agree(directory / "out.zip")


# -- names, and bytecode ------------------------------------------------------------


PARTS = [
    Part("demo/__init__.py", TEXT),
    Part("demo/stored.py", TEXT[::-1], None),
    Part("demo/tool", TEXT * 2, executable=True),
    Part(f"{DATA}/platlib/demo/fast.so", bytes(range(256)) * 9),
    Part(f"{DATA}/scripts/demo", b"#!python\nimport demo\n" * 9),
    Part("demo/größe.txt", b"text " * 99, 9, descriptor=True, zip64=True),
]


@pytest.mark.parametrize("pyc", ["demo/__pycache__/a.cpython-311.pyc", "demo/a.pyc"])
def test_a_wheel_with_bytecode(tmp_path: Path, pyc: str) -> None:
    """It may be installed or not; beside its source it is never shipped."""
    parts = [Part("demo/a.py", TEXT), Part(pyc, TEXT * 2)]
    installed = installation(tmp_path, build(parts))

    installed.package(tmp_path / "out.zip")

    assert "demo/a.py" in packaged(tmp_path / "out.zip")
    assert pyc not in packaged(tmp_path / "out.zip")


@pytest.mark.parametrize("name", ["./demo//a.py", "demo/./a.py", "demo/x/../a.py"])
def test_a_name_in_disguise(tmp_path: Path, name: str) -> None:
    """A name that an installer makes another of is found under that one."""
    installed = installation(tmp_path, build([Part(name, TEXT, 1)]))

    installed.package(tmp_path / "out.zip")

    assert installed.shipped() == packaged(tmp_path / "out.zip")
    assert raw(TEXT, 1) == streams(tmp_path / "out.zip")["demo/a.py"]


# -- wheels that change after they have been put there ------------------------------


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(build([Part("demo/__init__.py", b"other = True\n" * 20)]))
    other.replace(path)


def cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def make_a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "change", [replace, cut_off, empty, Path.unlink, make_a_directory]
)
def test_a_wheel_that_has_changed(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    """The wheel is named, and what to do; an earlier archive stays as it is.

    What is known of it is kept, so nothing but the copying of its streams reads it.
    """
    installed = installation(tmp_path, build(PARTS[::-1]))
    output = tmp_path / "out" / "out.zip"
    output.parent.mkdir()
    installed.package(output, FactsCache(tmp_path / "facts"))
    output.write_bytes(b"earlier")
    change(tmp_path / "wheels" / WHEEL)

    with pytest.raises(ChangedSourceError) as raised:
        installed.package(output, FactsCache(tmp_path / "facts"))

    assert str(installed.wheel.path) in raised.value.reason
    assert "Run the command again" in raised.value.hint
    assert b"earlier" == output.read_bytes()
    assert {"out.zip", "project"} == set(os.listdir(output.parent))


# -- wheels that lie ----------------------------------------------------------------


def truth_about(layout: dict[str, str], part: Part) -> dict[str, int | bytes]:
    """What a field says in an honest wheel, roughly: others lie around it."""
    known: dict[str, int | bytes] = {
        "signature": b"PK",
        "method": 0 if part.level is None else 8,
        "version": 20,
        "crc32": zlib.crc32(part.content),
        "data_bytes": len(part.data),
        "size_bytes": len(part.content),
        "name_bytes": len(part.name),
        "offset": 400,
        "external": 0o100644 << 16,
        "count": 6,
        "disk_count": 6,
        "directory_bytes": 400,
        "directory_offset": 800,
    }
    return {name: known.get(name, 0) for name in layout}


LIAR = Part("demo/lie.py", TEXT + bytes(range(99)))
SOME_OR_ALL = pytest.mark.parametrize(
    "every", [9, pytest.param(1, marks=pytest.mark.large)]
)
HONEST = [Part("demo/a.py", TEXT), Part("demo/b.py", TEXT[::-1], None)]


@pytest.mark.parametrize(
    ("header", "field"),
    [("local", each) for each in LOCAL] + [("central", each) for each in CENTRAL],
)
@pytest.mark.parametrize("level", [6, pytest.param(None, marks=pytest.mark.slow)])
@SOME_OR_ALL
def test_lies_of_a_header(
    tmp_path: Path, header: str, field: str, level: int | None, every: int
) -> None:
    """Each field of a member's local and central headers, with many values."""
    fields = {"local": LOCAL, "central": CENTRAL}[header]
    part = dataclasses.replace(LIAR, level=level)
    lies = lies_about(field, fields[field], truth_about(fields, part)[field])
    for number, value in enumerate(lies[::every]):
        lie: dict[str, Any] = {header: {field: value}}
        liar = dataclasses.replace(part, **lie)
        directory = tmp_path / str(number)
        directory.mkdir()
        hold_against_zipfile(directory, build([HONEST[0], liar, HONEST[1]]))


@pytest.mark.parametrize("field", END)
@pytest.mark.parametrize("comment", [b"", b"a comment"])
@SOME_OR_ALL
def test_lies_of_the_end_record(
    tmp_path: Path, field: str, comment: bytes, every: int
) -> None:
    """Each field of the end record, with many values."""
    lies = lies_about(field, END[field], truth_about(END, LIAR)[field])
    for number, value in enumerate(lies[::every]):
        directory = tmp_path / str(number)
        directory.mkdir()
        wheel = build([LIAR, *HONEST], comment=comment, end={field: value})
        hold_against_zipfile(directory, wheel)


@pytest.mark.parametrize("level", [0, 1, 9, None])
@pytest.mark.parametrize("size_bytes", [300, 3 << 20])
@pytest.mark.parametrize("descriptor", [False, True])
def test_right_checksum_and_wrong_content(
    tmp_path: Path, level: int | None, size_bytes: int, *, descriptor: bool
) -> None:
    """The checksum of one content and the stream of another are never installed."""
    content = (b"the right content\n" * size_bytes)[:size_bytes]
    other = (b"the wrong content\n" * size_bytes)[:size_bytes]
    stream = other if level is None else raw(other, level)
    part = Part("demo/a.py", content, level, stream=stream, descriptor=descriptor)

    assert not hold_against_zipfile(tmp_path, build([*HONEST[1:], part]))


SAME_CRC32 = ((0xEDB88320 << 1) | 1).to_bytes(5, "little")
"""The generator polynomial: what differs by it has the same CRC-32."""


@pytest.mark.parametrize(
    "second", ["demo/a.py", "./demo/a.py", "demo//a.py", f"{DATA}/purelib/demo/a.py"]
)
def test_one_name_twice(tmp_path: Path, second: str) -> None:
    """Of two members of one name, size and CRC-32, the one that is installed counts."""
    other = bytes(a ^ b for a, b in zip(TEXT, SAME_CRC32 + bytes(999), strict=False))
    assert zlib.crc32(TEXT) == zlib.crc32(other)
    for number, pair in enumerate([(TEXT, other), (other, TEXT), (TEXT, b"short")]):
        directory = tmp_path / str(number)
        directory.mkdir()
        parts = [Part("demo/a.py", pair[0]), Part(second, pair[1])]

        assert hold_against_zipfile(directory, build(parts))
        assert (pair[1], False) == packaged(directory / "out.zip")["demo/a.py"]


@pytest.mark.parametrize(
    "behind", [b"x", b"garbage" * 9, raw(b""), raw(TEXT), bytes(99), b"PK\7\x08" * 9]
)
@pytest.mark.parametrize("is_counted", [False, True])
def test_something_behind_a_stream(
    tmp_path: Path, behind: bytes, *, is_counted: bool
) -> None:
    """What stands behind a stream, within its size or not, is in no archive."""
    stream = raw(LIAR.content)
    counted = {} if is_counted else {"data_bytes": len(stream)}
    part = Part(LIAR.name, LIAR.content, stream=stream + behind, central=counted)

    assert hold_against_zipfile(tmp_path, build([HONEST[0], part, HONEST[1]]))

    installed = streams(tmp_path / "out.zip")[LIAR.name]
    assert LIAR.content == zlib.decompress(installed, -15)
    assert behind not in installed[len(stream) :]


@pytest.mark.parametrize("beyond", [b"x", b"longer " * 9, bytes(1 << 20)])
def test_a_stream_that_goes_on(tmp_path: Path, beyond: bytes) -> None:
    """Content beyond the size that is told is neither installed nor in an archive."""
    part = Part(LIAR.name, LIAR.content, stream=raw(LIAR.content + beyond))

    assert hold_against_zipfile(tmp_path, build([HONEST[0], part, HONEST[1]]))
    assert (LIAR.content, False) == packaged(tmp_path / "out.zip")[LIAR.name]


def test_overlapping_members(tmp_path: Path) -> None:
    """Members that share bytes, wholly or in part, are as `zipfile` takes them."""
    inner = Part("demo/b.py", TEXT)
    first = Part("demo/a.py", TEXT)
    same = Part("demo/a.py", TEXT, central={"offset": 0})
    longer = Part("demo/a.py", TEXT, central={"data_bytes": len(raw(TEXT)) + 40})
    for number, parts in enumerate(
        [[first, same], [longer, inner], [first, inner, same], [longer, longer, inner]]
    ):
        directory = tmp_path / str(number)
        directory.mkdir()
        hold_against_zipfile(directory, build(parts))


@given(
    flips=st.lists(
        st.tuples(st.integers(0, len(build(PARTS)) - 1), st.integers(1, 255)),
        min_size=1,
        max_size=3,
    )
)
@examples(80)
@example(flips=[(1673, 1)])  # the name of a directory in the header alone
def test_any_bytes_that_are_flipped(flips: list[tuple[int, int]]) -> None:
    """Wherever a wheel is damaged, it is refused, or what is packaged is right."""
    data = bytearray(build(PARTS))
    for at, bits in flips:
        data[at] ^= bits

    with directory_for_one_example() as directory:
        hold_against_zipfile(directory, bytes(data))


@given(
    content=st.binary(min_size=1, max_size=40).map(lambda each: each * 9),
    level=st.integers(1, 9),
    strategy=st.sampled_from([zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED, zlib.Z_RLE]),
    flips=st.lists(st.integers(0, 1 << 10), max_size=3),
    behind=st.binary(max_size=3),
)
@examples(50)
@example(content=TEXT, level=6, strategy=zlib.Z_FIXED, flips=[], behind=b"")
def test_streams_that_are_damaged_and_counted_anew(
    content: bytes, level: int, strategy: int, flips: list[int], behind: bytes
) -> None:
    """A damaged stream whose size and checksum are those of what it inflates to.

    Odd streams that zlib takes are copied only as other readers take them, too.
    """
    compressor = zlib.compressobj(level, zlib.DEFLATED, -15, 8, strategy)
    stream = bytearray(compressor.compress(content) + compressor.flush())
    for bit in flips:
        stream[bit // 8 % len(stream)] ^= 1 << bit % 8
    inflation = zlib.decompressobj(-15)
    try:
        content = inflation.decompress(bytes(stream), 1 << 22)
    except zlib.error:
        content = b"?" * len(content)
    part = Part("demo/a.py", content, stream=bytes(stream) + behind)

    with directory_for_one_example() as directory:
        hold_against_zipfile(directory, build([part]))


def test_an_unsound_stream_is_compressed_again(tmp_path: Path) -> None:
    """Sound streams are copied beside one that is not."""
    liar = Part("demo/lie.py", TEXT, 1, stream=raw(TEXT, 1) + b"x")
    installed = installation(tmp_path, build([liar, Part("demo/a.py", TEXT, 1)]))

    installed.package(tmp_path / "out.zip")

    found = streams(tmp_path / "out.zip")
    assert raw(TEXT, 1) == found["demo/a.py"]
    assert liar.data != found["demo/lie.py"]


def test_copied_members_are_the_wheels_own(tmp_path: Path) -> None:
    """A stream that is copied is said to be deflated, with the file's own checksum."""
    installed = installation(tmp_path, build([Part("demo/a.py", TEXT, 1)]))

    found = members(installed, 1)

    expected = ("demo/a.py", DEFLATED, zlib.crc32(TEXT), len(TEXT), raw(TEXT, 1), False)
    assert expected in found
