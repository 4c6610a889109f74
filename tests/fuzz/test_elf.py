"""Whatever a library is like, nothing is raised, and no more is read than it takes."""

from __future__ import annotations

import itertools
import shutil
import struct

from functools import partial
from typing import TYPE_CHECKING
from typing import Final

import pytest

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.packaging.audit.findings import audit
from poetry_plugin_package_function.packaging.elf.reader import read_elf
from poetry_plugin_package_function.packaging.sources.content import FileContent
from poetry_plugin_package_function.packaging.sources.entry import Entry
from poetry_plugin_package_function.packaging.tree.tree import Tree
from poetry_plugin_package_function.runtimes import RUNTIMES
from poetry_plugin_package_function.runtimes import Target
from poetry_plugin_package_function.services import LAMBDA
from tests.fuzz.mutants import damaged
from tests.fuzz.time_limit import time_limit
from tests.nested.function import Source
from tests.packaging.elf_files import NEEDED
from tests.packaging.elf_files import RPATH
from tests.packaging.elf_files import RUNPATH
from tests.packaging.elf_files import SHAPES
from tests.packaging.elf_files import SONAME
from tests.packaging.elf_files import elf
from tests.packaging.native import linked
from tests.packaging.native import native_of
from tests.packaging.native import needs_gcc


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.packaging.elf_files import Shape


MOST_BYTES: Final = 1 << 16
"""What is read at once at most."""

MOST_READS: Final = 40
"""The tables, and each string of these libraries twice: first a little, then more."""

VERSIONS: Final = {
    "libc.so.6": {"GLIBC_2.17": 0, "GLIBC_2.99": 0},
    "lib1.so": {"ONE": 2, "TWO": 0},
}


def library(shape: Shape, number: int = 0) -> bytes:
    """Makes one that needs two of its neighbours, which may need it."""
    said: list[tuple[int, int | str]] = [
        (NEEDED, "libc.so.6"),
        (NEEDED, f"lib{(number + 1) % 50}.so"),
        (NEEDED, f"../demo/lib{(number + 7) % 50}.so"),
        (SONAME, f"lib{number}.so"),
        (RUNPATH if number % 2 else RPATH, "$ORIGIN:${ORIGIN}/../demo:/opt"),
    ]
    return elf(shape, said, versions=VERSIONS)


def with_other_numbers(content: bytes) -> Iterator[bytes]:
    """Gives each number in a small file other values, whatever it is for."""
    values = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, len(content), 0x10000)
    for at, value in itertools.product(range(4, len(content) - 3, 4), values):
        mutant = bytearray(content)
        struct.pack_into("<I", mutant, at, value)
        yield bytes(mutant)
        mutant[at : at + 4] = mutant[at : at + 4][::-1]
        yield bytes(mutant)


def read(mutant: bytes, asked: list[int], size_bytes: int, offset: int) -> bytes:
    """Reads a part of it as `os.pread` does, and takes notes."""
    assert 0 <= offset < 1 << 63  # it has an off_t
    assert 0 <= size_bytes <= MOST_BYTES
    asked.append(size_bytes)
    return mutant[offset : offset + size_bytes]


def hold(mutants: Iterator[bytes]) -> tuple[int, int]:
    """Reads each mutant; returns how many were found sound, and how many were not."""
    found = []
    with time_limit(60):
        for mutant in mutants:
            asked: list[int] = []
            found.append(read_elf(partial(read, mutant, asked)) is not None)
            assert len(asked) <= MOST_READS
    return found.count(True), found.count(False)


@pytest.mark.parametrize("shape", SHAPES)
def test_other_numbers(shape: Shape) -> None:
    """Each four bytes of a library have other values, in both byte orders."""
    sound, broken = hold(with_other_numbers(library(shape)))

    assert sound > 100
    assert broken > 100


@pytest.mark.parametrize("shape", SHAPES)
def test_damaged_libraries(shape: Shape) -> None:
    """Wherever they are damaged."""
    sound, broken = hold(damaged(library(shape), seed=4, count=3000))

    assert sound > 100
    assert broken > 100


@needs_gcc
@pytest.mark.parametrize("flags", ["enable", "disable"])
def test_a_damaged_library_of_gcc(tmp_path: Path, flags: str) -> None:
    """With all sections and symbols that real ones have."""
    other = linked(tmp_path / "libother.so", "-Wl,-soname,libother.so.2")
    real = linked(
        tmp_path / "liba.so", other, f"-Wl,-rpath,$ORIGIN/x,--{flags}-new-dtags"
    )

    sound, broken = hold(damaged(real.read_bytes(), seed=5, count=2000))

    assert sound > 100
    assert broken > 100


@pytest.mark.parametrize("shape", SHAPES)
def test_trees_of_damaged_libraries(tmp_path: Path, shape: Shape) -> None:
    """Each is judged, and what the dynamic linker would load is found."""
    libraries = [library(shape, number) for number in range(50)]
    mutants = [
        [*damaged(content, seed=number, count=6)]
        for number, content in enumerate(libraries)
    ]
    for generation in (libraries, *zip(*mutants, strict=True)):
        entries = []
        for number, content in enumerate(generation):
            path = tmp_path / f"lib{number}.so"
            path.write_bytes(content)
            entries.append(
                Entry(
                    f"demo/{path.name}",
                    FileContent(str(path)),
                    len(content),
                    distribution=canonicalize_name("demo"),
                )
            )
        with time_limit(60):
            for machine in ("x86_64", "aarch64"):
                audit(Tree(tuple(entries), (), (), ()), on(machine))
            links = native_of(entries).links
        assert any(links.values())


def with_parts(number: int) -> dict[str, bytes]:
    """Makes a package whose extension modules can go apart; some are damaged.

    Each has a large library of its own, and all of these need the same others.
    """
    sound = {
        f"demo.libs/lib{each}.so": elf(
            said=[
                (NEEDED, f"lib{(each + 1) % 4}.so"),
                (SONAME, f"lib{each}.so"),
                (RUNPATH if each % 2 else RPATH, "$ORIGIN:$ORIGIN/../demo"),
            ]
        )
        for each in range(4)
    }
    for name in "abc":
        own = f"libown_{name}.so"
        shared = (NEEDED, f"lib{ord(name) % 4}.so")
        sound[f"demo.libs/{own}"] = elf(said=[shared, (SONAME, own)])
        search = (RPATH, "$ORIGIN/../demo.libs")
        sound[f"demo/_{name}.so"] = elf(said=[(NEEDED, own), shared, search])
    files = {"demo/__init__.py": b""}
    for at, (name, content) in enumerate(sound.items()):
        is_damaged = (number + at) % 3 == 0 and number > 0
        (mutant,) = damaged(content, number, 1) if is_damaged else (content,)
        if "libown" in name:
            mutant += bytes(5 << 20)
        elif name.startswith("demo/"):
            mutant += b"PyInit_%s\0" % name[5:-3].encode()
        files[name] = mutant
    return files


def test_parts_of_damaged_libraries(tmp_path: Path) -> None:
    """A nested result is made; what goes apart finds what it would find."""
    apart = []
    for number in range(60):
        directory = tmp_path / str(number)
        source = Source(
            {"my_app/__init__.py": ""}, dependencies={"demo": with_parts(number)}
        )
        with time_limit(60):
            report = source.package(directory, nest=(), limit_bytes=1_000_000)
        assert report.nested is not None
        apart.append(sum(bool(unit.extension) for unit in report.nested.units))
        shutil.rmtree(directory)

    assert 3 == apart[0]
    assert {1, 2} <= {*apart}


def on(machine: str) -> Target:
    """The newest runtime."""
    runtime = RUNTIMES["python3.14"]
    return LAMBDA.target(runtime, machine)
