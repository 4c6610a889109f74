"""Members are inflated piece by piece."""

from __future__ import annotations

import random

from typing import TYPE_CHECKING
from typing import Final

import pytest

from hypothesis import given
from hypothesis import strategies as st

from poetry_plugin_package_function.packaging.archive.timestamp import EARLIEST_EPOCH_S
from poetry_plugin_package_function.packaging.archive.timestamp import dos_time
from poetry_plugin_package_function.packaging.nesting.loader import extraction
from poetry_plugin_package_function.packaging.sources.content import DEFLATED
from poetry_plugin_package_function.packaging.sources.content import STORED
from tests.nested.in_process import extract_member
from tests.nested.in_process import member_of


if TYPE_CHECKING:
    from pathlib import Path


MIB: Final = 1 << 20
TIME: Final = dos_time(EARLIEST_EPOCH_S)


SLOW = pytest.mark.slow


def around(*sizes: int) -> list[int]:
    return [size + step for size in sizes for step in (-1, 0, 1)]


@pytest.mark.parametrize(
    "size",
    [
        *around(MIB),
        *(pytest.param(size, marks=SLOW) for size in around(4 * MIB, 5 * MIB, 8 * MIB)),
    ],
)
@pytest.mark.parametrize("kind", ["zeros", "lines"])
def test_content_that_inflates_to_more_than_a_chunk(
    tmp_path: Path, size: int, kind: str
) -> None:
    """What is pending in the decompressor at a border is not lost."""
    content = bytes(size)
    if kind == "lines":
        lines = b"".join(b"%d\n" % number for number in range(20_000))
        content = (lines * (size // len(lines) + 1))[:size]
    data, member = member_of(content, DEFLATED)
    assert content == extract_member(data, member, tmp_path)


@pytest.mark.parametrize("size", around(MIB, 2 * MIB))
@pytest.mark.parametrize("method", [STORED, DEFLATED])
def test_content_that_does_not_compress(tmp_path: Path, size: int, method: int) -> None:
    """The borders of the chunks that are read are anywhere in the deflate stream."""
    content = random.Random(size).randbytes(size)
    data, member = member_of(content, method)
    assert content == extract_member(data, member, tmp_path)


@given(
    parts=st.lists(
        st.tuples(st.sampled_from([b"\0", b"ab", b"xyzw"]), st.integers(1, 900))
        | st.tuples(st.binary(min_size=1, max_size=40), st.integers(1, 3)),
        max_size=12,
    ),
    chunk=st.integers(1, 64),
)
def test_any_content_and_any_chunk(
    tmp_path_factory: pytest.TempPathFactory,
    parts: list[tuple[bytes, int]],
    chunk: int,
) -> None:
    """However small the chunks are against the content, all of it is written once."""
    content = b"".join(part * times for part, times in parts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extraction, "CHUNK", chunk)
        for method in (STORED, DEFLATED):
            data, member = member_of(content, method)
            directory = tmp_path_factory.getbasetemp()
            assert content == extract_member(data, member, directory)
