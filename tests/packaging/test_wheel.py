"""What is packaged of a wheel, and what an installer would put elsewhere."""

from __future__ import annotations

import os
import zlib

from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.packaging.sources.content import ZipMember
from poetry_plugin_package_function.packaging.sources.content import read
from poetry_plugin_package_function.packaging.sources.facts import FactsCache
from poetry_plugin_package_function.packaging.sources.wheel import WheelSource
from poetry_plugin_package_function.packaging.sources.wheel_directory import Wheel
from tests.packaging.wheel_files import DATA
from tests.packaging.wheel_files import INFO
from tests.packaging.wheel_files import WHEEL
from tests.packaging.wheel_files import Part
from tests.packaging.wheel_files import build


if TYPE_CHECKING:
    from pathlib import Path


TEXT = b"a line of text\n" * 20


def source(directory: Path, *parts: Part, pin: str | None = "sha256:1") -> WheelSource:
    path = directory / WHEEL
    path.write_bytes(build(parts))
    return WheelSource(FactsCache(None).of(Wheel(path, pin)), "3.11")


def files(found: WheelSource) -> dict[str, ZipMember]:
    """What is packaged, but for metadata."""
    entries = found.files(frozenset(), lambda _: False)
    contents = {each.name: each.content for each in entries if INFO not in each.name}
    assert all(isinstance(each, ZipMember) for each in contents.values())
    return contents  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("member", "name"),
    [
        ("demo/a.py", "demo/a.py"),
        ("größe.py", "größe.py"),
        (f"{DATA}/purelib/demo/a.py", "demo/a.py"),
        (f"{DATA}/platlib/a.so", "a.so"),
        (f"{DATA}/data/lib/python3.11/site-packages/a.py", "a.py"),
        (f"{DATA}/data/lib/python3.12/site-packages/a.py", None),
        ("demo-2.0.data/purelib/a.py", "demo-2.0.data/purelib/a.py"),
        ("./demo//a.py", "demo/a.py"),
        ("demo/x/../a.py", "demo/a.py"),
        ("demo/__pycache__", "demo/__pycache__"),
        ("demo/__pycache__/a.cpython-311.pyc", None),
        (f"{DATA}/purelib/__pycache__/a.pyc", None),
        (f"{DATA}/scripts/tool", None),
        (f"{DATA}/headers/a.h", None),
        (f"{DATA}/data/a.txt", None),
        ("demo/", None),
    ],
)
def test_where_a_member_is_installed(
    tmp_path: Path, member: str, name: str | None
) -> None:
    """A name is what an installer makes of it; what is installed elsewhere has none."""
    found = source(tmp_path, Part(member, TEXT, level=None))

    assert ([] if name is None else [name]) == list(files(found))


@pytest.mark.parametrize(
    "member",
    [
        *("/a.py", "../a.py", "a/../..", "..", ".", f"{DATA}/purelib/../../a.py"),
        *(f"{DATA}/{each}/../a" for each in ("scripts", "headers", "data")),
    ],
)
def test_paths_that_lead_out(tmp_path: Path, member: str) -> None:
    """They are refused, wherever they lead: nothing is to be written there."""
    with pytest.raises(ValueError, match=r"outside of its|absolute and relative"):
        source(tmp_path, Part(member, TEXT))


def test_what_is_known_of_a_file(tmp_path: Path) -> None:
    """Place, sizes, checksum and executability are those of the central directory."""
    part = Part("a.py", TEXT, executable=True, descriptor=True)
    path = tmp_path / WHEEL
    path.write_bytes(build([part], prefix=b"#!/bin/sh\n"))
    found = WheelSource(FactsCache(None).of(Wheel(path, "sha256:1")), "3.11")

    first, *_ = found.files(frozenset(), lambda _: False)

    assert first.content == ZipMember(
        archive=str(path),
        name="a.py",
        offset=10,
        header_bytes=30 + 4,
        method=8,
        stored_bytes=len(part.data),
        size_bytes=len(TEXT),
        crc32=zlib.crc32(TEXT),
        is_sound=True,
        copyable=True,
    )
    assert ("a.py", len(TEXT), True, "demo", False) == (
        *(first.name, first.size_bytes, first.executable),
        *(first.distribution, first.included),
    )


@pytest.mark.parametrize(
    ("part", "copyable"),
    [
        (Part("a.py", TEXT), True),
        (Part("a.py", TEXT, level=None), False),
        (Part("a.py", TEXT, level=0), False),
        (Part("a.py", b""), False),
        (Part("a.py", os.urandom(99)), False),
        *(
            (Part("a.py", TEXT, central={"flags": 1 << bit}), True)
            for bit in (1, 2, 3, 4, 7, 11, 15)
        ),
    ],
)
def test_what_can_be_copied(tmp_path: Path, part: Part, copyable: bool) -> None:
    """Deflated, and smaller than the content; if the wheel is pinned."""
    pinned, built = (source(tmp_path, part, pin=pin) for pin in ("sha256:1", None))

    assert copyable == files(pinned)["a.py"].copyable
    assert not files(built)["a.py"].copyable


def test_unsound_members_are_not_copied(tmp_path: Path) -> None:
    """What readers may see differently is read as installers do; others are copied."""
    odd = Part(f"{DATA}/purelib/b.py", TEXT, stream=Part("", TEXT).data + b"x")

    found = files(source(tmp_path, Part("a.py", TEXT), odd))

    assert (True, False) == (found["a.py"].copyable, found["b.py"].copyable)
    assert TEXT == read(found["b.py"])


@pytest.mark.parametrize("more", [1, 1000])
def test_a_content_that_is_shorter_than_its_size(tmp_path: Path, more: int) -> None:
    """It is what an installer makes of it: what there is, and as large as that."""
    odd = Part("a.py", TEXT, central={"size_bytes": len(TEXT) + more})
    found = source(tmp_path, odd)

    (entry,) = (
        each
        for each in found.files(frozenset(), lambda _: False)
        if each.name == "a.py"
    )

    assert len(TEXT) == entry.size_bytes
    assert TEXT == read(entry.content)
    (row,) = (each for each in found.distribution.rows or () if each.path == entry.name)
    assert str(len(TEXT)) == row.size


@pytest.mark.parametrize("second", ["a.py", "./a.py", f"{DATA}/purelib/a.py"])
def test_the_last_of_a_name_wins(tmp_path: Path, second: str) -> None:
    """Of two members that are installed at one place, the later one is there."""
    other = TEXT[::-1]

    found = files(source(tmp_path, Part("a.py", TEXT), Part(second, other)))

    assert other == read(found["a.py"])


@pytest.mark.parametrize(
    ("names", "left"),
    [
        (["a.py", "a.pyc"], ["a.py"]),
        (["a.pyc"], ["a.pyc"]),
        (["a.pyo"], []),
        (["b/a.py", "a.pyc", "b/a.pyc"], ["b/a.py", "a.pyc"]),
    ],
)
def test_bytecode(tmp_path: Path, names: list[str], left: list[str]) -> None:
    """What Python does not import is left out: a `.pyc` beside its source."""
    assert left == list(files(source(tmp_path, *(Part(each) for each in names))))


def test_what_is_excluded(tmp_path: Path) -> None:
    """A file, or a directory that it is in at any depth."""
    parts = [Part(name) for name in ("a.py", "d/b.py", "d/e/f/c.py", "x/d/e.py")]
    found = source(tmp_path, *parts)
    names = {
        each.name for each in found.files(frozenset(), {"a.py", "d/e"}.__contains__)
    }

    assert {"d/b.py", "x/d/e.py"} == {each for each in names if INFO not in each}


def test_what_is_left_out(tmp_path: Path) -> None:
    """A distribution that is not shipped has no files."""
    found = source(tmp_path, Part("a.py"))

    assert [] == [*found.files({found.distribution.name}, lambda _: False)]
