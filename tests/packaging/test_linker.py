"""What the dynamic linker loads, against what it says itself."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys

from typing import TYPE_CHECKING
from typing import Final

import pytest

from poetry_plugin_package_function.packaging.elf.values import Linkage
from poetry_plugin_package_function.packaging.native.linker import Linker
from tests.packaging.native import compiled
from tests.packaging.native import linkage_of
from tests.packaging.native import linked
from tests.packaging.native import needs_gcc


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def loaded(libraries: Mapping[str, Linkage], first: str) -> list[str]:
    """The files that are loaded with one, in this order, each as often as needed."""
    linker = Linker(libraries, [{name: name for name in libraries}])
    return [link.file for link in linker.load(first)]


def found(library: str, needed: list[str], search: str, tree: list[str]) -> list[str]:
    linkage = Linkage(tuple(needed), tuple(search.split(":")), None)
    return loaded({library: linkage, **dict.fromkeys(tree, NOTHING)}, library)


NOTHING: Final = Linkage((), (), None)


@pytest.mark.parametrize(
    ("library", "search", "expected"),
    [
        ("torch/lib/liba.so", "$ORIGIN", "torch/lib/libb.so"),
        ("torch/lib/liba.so", "${ORIGIN}", "torch/lib/libb.so"),
        ("torch/lib/liba.so", "$ORIGIN/", "torch/lib/libb.so"),
        ("torch/lib/liba.so", "$ORIGIN/./x//../", "torch/lib/libb.so"),
        ("torch/lib/liba.so", "$ORIGIN/../../torch.libs", "torch.libs/libb.so"),
        ("numpy/liba.so", "$ORIGIN.libs", "numpy.libs/libb.so"),
        ("numpy/liba.so", "${ORIGIN}x", "numpyx/libb.so"),
        ("liba.so", "$ORIGIN", "libb.so"),
        ("liba.so", "$ORIGIN/a.libs", "a.libs/libb.so"),
        ("a/liba.so", "$ORIGIN/..", "libb.so"),
    ],
)
def test_origin(library: str, search: str, expected: str) -> None:
    """Search paths begin at the library's directory."""
    assert [expected] == found(library, ["libb.so"], search, [expected])


@pytest.mark.parametrize(
    "search",
    [
        "",
        "a",
        "/a",
        "$ORIGINAL/../a",
        "$ORIGIN_/../a",
        "x/$ORIGIN/../a",
        "$LIB/../a",
        "$ORIGIN/$LIB",
        "{ORIGIN}",
        "${ORIGIN",
        "$ORIGIN/../../a",
        "$ORIGIN/../../site-packages/a",
        "$ORIGIN/../..",
    ],
)
def test_what_is_passed_over(search: str) -> None:
    """Places that the machine decides on, or outside of the tree, are not looked at."""
    tree = ["a/libb.so", "site-packages/a/libb.so"]

    assert [] == found("b/liba.so", ["libb.so"], search, tree)


def test_the_root_has_no_neighbours() -> None:
    """What stands beside the tree's root is outside of it."""
    assert [] == found("liba.so", ["libb.so"], "$ORIGIN.libs", [".libs/libb.so"])


def test_the_first_place_wins() -> None:
    """Each needed library is looked for in all places, in their order."""
    search = "/usr/lib:$ORIGIN/x:$ORIGIN/y:$ORIGIN"
    tree = ["a/1", "a/y/1", "a/x/2", "a/y/2", "a/3", "1", "4"]

    files = found("a/liba.so", ["3", "libc.so.6", "2", "1", "4"], search, tree)

    assert ["a/3", "a/x/2", "a/y/1", "4"] == files


@pytest.mark.parametrize(
    ("needed", "expected"),
    [
        ("$ORIGIN/x/libb.so", ["a/x/libb.so"]),
        ("${ORIGIN}/../libb.so", ["libb.so"]),
        ("$ORIGIN/../../libb.so", []),
        ("x/libb.so", []),
        ("/libb.so", []),
    ],
)
def test_needed_paths(needed: str, expected: list[str]) -> None:
    """A name with a slash is a path, and is not searched for."""
    tree = ["a/x/libb.so", "x/libb.so", "libb.so"]

    assert expected == found("a/liba.so", [needed], "$ORIGIN:$ORIGIN/..", tree)


def needing(
    *needed: str, rpath: str = "", runpath: str | None = None, soname: str | None = None
) -> Linkage:
    search = rpath if runpath is None else runpath
    searched = tuple(search.split(":")) if search else ()
    return Linkage(needed, searched, soname, has_runpath=runpath is not None)


LIBS: Final = "$ORIGIN/../p.libs"


@pytest.mark.parametrize(
    ("libraries", "expected"),
    [
        pytest.param(
            {
                "p/m.so": needing("a", rpath=LIBS),
                "p.libs/a": needing("b"),
                "p.libs/b": needing("c"),
                "p.libs/c": NOTHING,
            },
            ["p.libs/a", "p.libs/b", "p.libs/c"],
            id="DT_RPATH is for all that is loaded",
        ),
        pytest.param(
            {
                "p/m.so": needing("a", runpath=LIBS),
                "p.libs/a": needing("b"),
                "p.libs/b": NOTHING,
            },
            ["p.libs/a"],
            id="DT_RUNPATH is not",
        ),
        pytest.param(
            {
                "p/m.so": needing("a", rpath=LIBS),
                "p.libs/a": needing("b", runpath="$ORIGIN/x"),
                "p.libs/b": NOTHING,
            },
            ["p.libs/a"],
            id="and hides it from who has one",
        ),
        pytest.param(
            {
                "p/m.so": needing("a", rpath=LIBS),
                "p.libs/a": needing("b", runpath="$ORIGIN"),
                "p.libs/b": needing("c"),
                "p.libs/c": NOTHING,
            },
            ["p.libs/a", "p.libs/b", "p.libs/c"],
            id="but not from what that loads",
        ),
        pytest.param(
            {
                "p/m.so": needing("a", rpath=LIBS),
                "p.libs/a": needing("b", rpath="$ORIGIN/x"),
                "p.libs/b": NOTHING,
                "p.libs/x/b": NOTHING,
            },
            ["p.libs/a", "p.libs/x/b"],
            id="its own comes first",
        ),
        pytest.param(
            {
                "p/m.so": needing("a", "b", runpath=LIBS),
                "p.libs/a": NOTHING,
                "p.libs/b": NOTHING,
                "a": NOTHING,
                "lib/a": NOTHING,
                "lib/b": NOTHING,
            },
            ["a", "lib/b"],
            id="LD_LIBRARY_PATH is before DT_RUNPATH",
        ),
        pytest.param(
            {
                "p/m.so": needing("a", rpath=LIBS),
                "p.libs/a": NOTHING,
                "a": NOTHING,
            },
            ["p.libs/a"],
            id="and behind DT_RPATH",
        ),
        pytest.param(
            {
                "p/m.so": needing("a", rpath="$ORIGIN/x"),
                "lib/a": needing("b"),
                "p/x/b": NOTHING,
            },
            ["lib/a", "p/x/b"],
            id="what has been found there is given it, too",
        ),
        pytest.param(
            {
                "p/m.so": needing("a-1", "b", rpath="$ORIGIN"),
                "p/a-1": needing(soname="a"),
                "p/b": needing("a"),
                "p/a": NOTHING,
            },
            ["p/a-1", "p/b", "p/a-1"],
            id="a name that is loaded already is not looked for",
        ),
        pytest.param(
            {
                "p/m.so": needing("a", rpath="$ORIGIN"),
                "p/a": needing("m.so", "a", rpath="$ORIGIN"),
            },
            ["p/a", "p/m.so", "p/a"],
            id="circles end",
        ),
    ],
)
def test_who_searches_where(libraries: dict[str, Linkage], expected: list[str]) -> None:
    """Each sentence of ld.so(8) on the order of places."""
    assert expected == loaded(libraries, "p/m.so")


def test_places_are_apart() -> None:
    """A search path leads to nothing outside of the place that a library is in."""
    libraries = {
        "p/m.so": needing("a", "b", "c", rpath=f"{LIBS}:$ORIGIN/../../1/p.libs"),
        "p.libs/a": needing("b"),
        "p.libs/b": NOTHING,
        "c": NOTHING,
    }
    task_root, one, other = (
        {"p.libs/b": "p.libs/b", "c": "c"},
        {"p.libs/a": "p.libs/a"},
        {"p/m.so": "p/m.so", "p.libs/a": "p.libs/a"},
    )
    linker = Linker(libraries, [task_root, one, other])

    links = [(link.user, link.file) for link in linker.load("p/m.so", 2)]

    assert [("p/m.so", "p.libs/a"), ("p/m.so", "c")] == links


@needs_gcc
@pytest.mark.parametrize(
    ("soname", "search", "expected"),
    [
        ("libb.so", "$ORIGIN", []),
        ("libb.so", "$ORIGIN/../b.libs", ["b.libs/libb.so"]),
        ("libb.so", "${ORIGIN}/../b.libs/.", ["b.libs/libb.so"]),
        ("libb.so", "$ORIGIN.libs", ["a.libs/libb.so"]),
        ("libb.so", "$ORIGINAL/../b.libs", []),
        ("libb.so", "$ORIGIN/none:$ORIGIN/../b.libs:$ORIGIN.libs", ["b.libs/libb.so"]),
        ("$ORIGIN/../b.libs/libb.so", "$ORIGIN.libs", ["b.libs/libb.so"]),
        ("../b.libs/libb.so", "$ORIGIN.libs", []),
    ],
)
def test_what_the_dynamic_linker_takes(
    tmp_path: Path, soname: str, search: str, expected: list[str]
) -> None:
    """The files found are those that are loaded."""
    tree = tmp_path / "tree"
    other = linked(tmp_path / "b.so", f"-Wl,-soname,{soname}")
    library = linked(tree / "a/liba.so", other, f"-Wl,-rpath,{search}")
    names = ["a.libs/libb.so", "b.libs/libb.so"]
    for name in names:
        (tree / name).parent.mkdir()
        shutil.copy(other, tree / name)
    program = """if True:
        import ctypes, os, sys
        try:
            ctypes.CDLL(sys.argv[1])
        except OSError as error:
            assert "cannot open shared object file" in str(error), error
        for line in open("/proc/self/maps"):
            print(os.path.relpath(line.split()[-1], sys.argv[2]))
    """
    shown = subprocess.run(
        [sys.executable, "-c", program, library, tree],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        check=True,
        encoding="utf-8",
    ).stdout

    assert expected == sorted({*names}.intersection(shown.splitlines()))
    assert expected == [link.file for link in linker_of(tree).load("a/liba.so")]


def linker_of(tree: Path) -> Linker:
    """Reads all libraries of a tree."""
    linkages = {
        path.relative_to(tree).as_posix(): linkage
        for path in sorted(tree.rglob("*.so*"))
        if (linkage := linkage_of(path)) is not None
    }
    return Linker(linkages, [{name: name for name in linkages}])


DIRECTORIES: Final = ["p", "p.libs", "q/lib", "", "lib"]


def random_tree(top: Path, numbers: random.Random) -> Path:
    """Libraries that need each other, and look for each other, in whatever ways."""
    empty = compiled(top / "empty.o", "-c")
    names = [f"libof{each}.so" for each in "abcde"]
    as_needed = {
        name: linked(top / "names" / name, f"-Wl,-soname,{name}") for name in names
    }
    tree = top / "tree"
    for name in names:
        for directory in numbers.sample(DIRECTORIES, k=numbers.choice([1, 1, 2])):
            path = tree / directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            searched = [
                f"$ORIGIN/{os.path.relpath(tree / each, path.parent)}"
                for each in numbers.sample(DIRECTORIES, k=numbers.choice([0, 1, 2]))
            ]
            kind = numbers.choice(["enable", "disable"])
            soname = numbers.choice([name, name, name, *names])
            needed = numbers.sample(names, k=numbers.choice([1, 2, 3]))
            subprocess.run(
                [
                    *("gcc", "-shared", "-nostdlib", "-Wl,--no-as-needed", empty),
                    *(as_needed[each] for each in needed if each != name),
                    f"-Wl,--{kind}-new-dtags,-soname,{soname}",
                    *([f"-Wl,-rpath,{':'.join(searched)}"] if searched else []),
                    *("-o", path),
                ],
                check=True,
            )
    return tree


@needs_gcc
@pytest.mark.parametrize(
    "seed",
    [*range(3), *(pytest.param(n, marks=pytest.mark.slow) for n in range(3, 12))],
)
def test_what_the_dynamic_linker_says(tmp_path: Path, seed: int) -> None:
    """It lists the same files for each library of a tree, found in the same places."""
    tree = random_tree(tmp_path, random.Random(seed))
    linker = linker_of(tree)
    for path in sorted(tree.rglob("*.so")):
        shown = subprocess.run(
            ["/bin/true"],
            env={
                "LD_LIBRARY_PATH": f"{tree}:{tree}/lib",
                "LD_PRELOAD": str(path),
                "LD_TRACE_LOADED_OBJECTS": "1",  # as ldd does
            },
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=False,  # it fails if a library is nowhere
        ).stdout
        expected = {
            os.path.normpath(file)
            for file in re.findall(r"=> (/.*) \(0x", shown)
            if str(tree) in file
        }
        name = path.relative_to(tree).as_posix()
        links = {str(tree / link.file) for link in linker.load(name)}
        assert expected - {str(path)} == links - {str(path)}, (seed, name, shown)
