from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib

from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.errors import ChangedSourceError
from poetry_plugin_package_function.packaging.archive.compression import deflate
from poetry_plugin_package_function.packaging.sources.content import ZipMember
from poetry_plugin_package_function.packaging.sources.content import member_of
from poetry_plugin_package_function.packaging.sources.entry import Entry
from poetry_plugin_package_function.packaging.sources.streams import read_adjacent


if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


CONTENTS = [bytes([number]) * 100 * (number + 1) for number in range(6)]


def wheel_of(extra_bytes: int = 0) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as wheel:
        for number, content in enumerate(CONTENTS):
            info = zipfile.ZipInfo(f"{number}.py")
            info.compress_type = zipfile.ZIP_DEFLATED
            if extra_bytes:
                info.extra = struct.pack("<2H", 0xCAFE, extra_bytes) + bytes(
                    extra_bytes
                )
            wheel.writestr(info, content)
    return stream.getvalue()


def streams_in(wheel: bytes) -> list[ZipMember]:
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        return [member_of("a.whl", info) for info in archive.infolist()]


class _Counting(io.BytesIO):
    reads = 0

    def read(self, size_bytes: int | None = -1, /) -> bytes:
        self.reads += 1
        return super().read(size_bytes)


def inflated(data: Sequence[memoryview | None]) -> list[bytes]:
    return [b"" if each is None else zlib.decompress(each, -15) for each in data]


def test_neighbours_are_read_at_once() -> None:
    """One call reads streams that stand side by side."""
    wheel = wheel_of()
    file = _Counting(wheel)

    assert CONTENTS == inflated(list(read_adjacent(file, streams_in(wheel))))
    assert 1 == file.reads


@pytest.mark.parametrize("order", [(5, 4, 3, 2, 1, 0), (0, 1, 3, 4, 2), (3,), (2, 2)])
def test_any_order(order: tuple[int, ...]) -> None:
    """Each stream comes at its place, in whatever order they stand in the wheel."""
    wheel = wheel_of()
    streams = [streams_in(wheel)[number] for number in order]

    data = list(read_adjacent(io.BytesIO(wheel), streams))

    assert [CONTENTS[number] for number in order] == inflated(data)


@pytest.mark.parametrize("extra_bytes", [1, 60, 61, 5000])
def test_extra_fields_of_any_length(extra_bytes: int) -> None:
    """The central directory does not tell how long a local header's extra field is."""
    wheel = wheel_of(extra_bytes)

    data = list(read_adjacent(io.BytesIO(wheel), streams_in(wheel)))

    assert CONTENTS == inflated(data)


def test_what_lies_far_between_is_not_read() -> None:
    """A large member between two streams is passed over."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, content in (("a", b"a" * 99), ("b", os.urandom(9000)), ("c", b"cc")):
            wheel.writestr(name, content)
    first, _, last = streams_in(stream.getvalue())
    file = _Counting(stream.getvalue())

    assert [b"a" * 99, b"cc"] == inflated(list(read_adjacent(file, [first, last])))
    assert 2 == file.reads


@pytest.mark.parametrize("kept_bytes", [0, 20, 31, 40, 100])
def test_a_wheel_that_has_been_cut(kept_bytes: int) -> None:
    """What is not there is not made up."""
    wheel = wheel_of()

    data = list(read_adjacent(io.BytesIO(wheel[:kept_bytes]), streams_in(wheel)))

    assert data[-1] is None


def test_a_wheel_that_has_been_overwritten() -> None:
    """Where no local header stands there is no stream; the others are read."""
    wheel = bytearray(wheel_of())
    streams = streams_in(bytes(wheel))
    wheel[streams[2].offset] ^= 1

    data = list(read_adjacent(io.BytesIO(wheel), streams))

    assert data[2] is None
    assert CONTENTS[:2] + CONTENTS[3:] == inflated(data[:2] + data[3:])


@pytest.mark.parametrize("kept_bytes", [None, 0, 40])
def test_a_wheel_that_changes_while_it_is_read(
    tmp_path: Path, kept_bytes: int | None
) -> None:
    """A stream that can no longer be read is an error: its file could differ, too."""
    path = tmp_path / "a.whl"
    if kept_bytes is not None:
        path.write_bytes(wheel_of()[:kept_bytes])
    entries = []
    for stream, content in zip(streams_in(wheel_of()), CONTENTS, strict=True):
        stream = stream._replace(archive=str(path))
        entries.append(Entry(stream.name, stream, len(content)))

    with pytest.raises(ChangedSourceError, match="has changed while it was being read"):
        list(deflate(entries))
    path.write_bytes(wheel_of())
    copied = list(deflate(entries))
    assert CONTENTS == [zlib.decompress(each.data, -15) for each in copied]
