"""Deflate streams, inflated in parts: as zlib does it, with zlib-ng or without."""

from __future__ import annotations

import zlib

from typing import TYPE_CHECKING

import pytest

from hypothesis import given
from hypothesis import strategies as st
from zlib_ng import zlib_ng

from poetry_plugin_package_function.packaging.sources.inflation import InflateError
from poetry_plugin_package_function.packaging.sources.inflation import inflater
from tests.own_process import outcome


if TYPE_CHECKING:
    from poetry_plugin_package_function.packaging.sources.inflation import Inflater


WITHOUT_ZLIB_NG = """\
import sys
import zlib

sys.modules["zlib_ng"] = None
from poetry_plugin_package_function.packaging.sources import inflation

assert inflation.InflateError is zlib.error
stream = zlib.compress(b"a line of text" * 100, wbits=-15)
assert inflation.inflater().decompress(stream) == b"a line of text" * 100
"""


def deflated(content: bytes, level: int, strategy: int) -> bytes:
    compressor = zlib.compressobj(level, zlib.DEFLATED, -15, strategy=strategy)
    return compressor.compress(content) + compressor.flush()


def read(
    inflation: Inflater, stream: bytes, most: int
) -> tuple[bytes, bool, bytes] | None:
    """Inflates so many bytes at a time: content, end, rest; None if it is damaged."""
    content = b""
    try:
        while not inflation.eof:
            piece = inflation.decompress(stream, most)
            content += piece
            stream = inflation.unconsumed_tail
            if not piece and not stream:
                break
    except (InflateError, zlib.error):
        return None
    return content, inflation.eof, inflation.unused_data


@given(
    stream=st.builds(
        deflated,
        st.binary(max_size=300).map(lambda each: each * 5),
        st.integers(0, 9),
        st.sampled_from((zlib.Z_DEFAULT_STRATEGY, zlib.Z_HUFFMAN_ONLY, zlib.Z_FIXED)),
    ),
    flips=st.lists(st.tuples(st.integers(0, 100), st.integers(0, 7)), max_size=3),
    missing=st.integers(0, 20),
    behind=st.binary(max_size=4),
    most=st.integers(1, 3000),
)
def test_damaged_or_not_a_stream_is_what_zlib_makes_of_it(
    stream: bytes,
    flips: list[tuple[int, int]],
    missing: int,
    behind: bytes,
    most: int,
) -> None:
    damaged = bytearray(stream)
    for place, bit in flips:
        damaged[place % len(damaged)] ^= 1 << bit
    stream = bytes(damaged[: max(0, len(damaged) - missing)]) + behind
    expected = read(zlib.decompressobj(-15), stream, most)
    assert read(inflater(), stream, most) == expected


def test_the_faster_library_is_used_where_it_is_installed() -> None:
    assert InflateError.__module__ == zlib_ng.__name__.rpartition(".")[2]
    with pytest.raises(InflateError):
        inflater().decompress(b"\xff" * 10)


def test_zlib_takes_its_place() -> None:
    status, _, errors = outcome(WITHOUT_ZLIB_NG)
    assert (status, errors) == (0, "")
