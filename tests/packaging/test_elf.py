from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import sys
import sysconfig

from pathlib import Path
from typing import Final

import pytest

from hypothesis import example
from hypothesis import given
from hypothesis import strategies as st

from poetry_plugin_package_function.packaging.elf.reader import read_elf
from poetry_plugin_package_function.packaging.elf.values import Elf
from poetry_plugin_package_function.packaging.elf.values import Linkage
from poetry_plugin_package_function.packaging.elf.values import NeededVersion
from poetry_plugin_package_function.packaging.elf.values import is_called_library
from tests.packaging.elf_files import ADDRESS
from tests.packaging.elf_files import NEEDED
from tests.packaging.elf_files import RPATH
from tests.packaging.elf_files import RUNPATH
from tests.packaging.elf_files import SHAPES
from tests.packaging.elf_files import SONAME
from tests.packaging.elf_files import SYMTAB
from tests.packaging.elf_files import USUAL
from tests.packaging.elf_files import WEAK
from tests.packaging.elf_files import Shape
from tests.packaging.elf_files import elf
from tests.packaging.native import compiled
from tests.packaging.native import linkage_of
from tests.packaging.native import linked
from tests.packaging.native import needs_gcc


SAID: Final[list[tuple[int, int | str]]] = [
    (NEEDED, "libb.so.1"),
    (NEEDED, "libc.so.6"),
    (SONAME, "liba.so"),
    (SYMTAB, 0x1234),
    (RUNPATH, "$ORIGIN/../a.libs:/opt/lib"),
]
READ: Final = Linkage(
    ("libb.so.1", "libc.so.6"),
    ("$ORIGIN/../a.libs", "/opt/lib"),
    "liba.so",
    has_runpath=True,
)


def read(directory: Path, content: bytes) -> Linkage | None:
    path = directory / "a.so"
    path.write_bytes(content)
    return linkage_of(path)


# -- what is read -------------------------------------------------------------------


@pytest.mark.parametrize("gap_bytes", [0, 4000, 10_000])
@pytest.mark.parametrize("shape", SHAPES)
def test_classes_and_byte_orders(tmp_path: Path, shape: Shape, gap_bytes: int) -> None:
    """All four are read, wherever the program headers stand."""
    assert READ == read(tmp_path, elf(shape, SAID, gap_bytes=gap_bytes))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([], Linkage((), (), None)),
        ([(SYMTAB, 1)], Linkage((), (), None)),
        ([(SONAME, "a")], Linkage((), (), "a")),
        ([(NEEDED, "b"), (NEEDED, "a")], Linkage(("b", "a"), (), None)),
        ([(RPATH, "/a:/b")], Linkage((), ("/a", "/b"), None)),
        ([(RPATH, "/a"), (RUNPATH, "/b")], Linkage((), ("/b",), None, True)),
        ([(RUNPATH, "/b"), (RPATH, "/a")], Linkage((), ("/b",), None, True)),
        ([(RPATH, "/a"), (RUNPATH, "")], Linkage((), (), None, True)),
        ([(RUNPATH, ":/a:")], Linkage((), ("", "/a", ""), None, True)),
        ([(NEEDED, "gr\udcfc\xdf.so")], Linkage(("gr\udcfc\xdf.so",), (), None)),
    ],
)
def test_entries(
    tmp_path: Path, said: list[tuple[int, int | str]], expected: Linkage
) -> None:
    """DT_RUNPATH hides DT_RPATH, even an empty one; names are file names."""
    assert expected == read(tmp_path, elf(said=said))


@pytest.mark.parametrize("filling_bytes", [3000, 4095, 4096, 5000, 60_000])
@pytest.mark.parametrize("between", [False, True])
def test_strings_that_stand_apart(
    tmp_path: Path, filling_bytes: int, between: bool
) -> None:
    """Strings are found wherever in a large table they stand."""
    filling = b"\0" + b"a_symbol\0" * (filling_bytes // 9)

    content = elf(said=SAID, before=filling, between=filling if between else b"\0")

    assert READ == read(tmp_path, content)


@pytest.mark.parametrize("length", [3900, 4095, 4096, 20_000, 65_535])
def test_long_strings(tmp_path: Path, length: int) -> None:
    """A search path may be longer than the pieces in which strings are read."""
    said: list[tuple[int, int | str]] = [(NEEDED, "a"), (RUNPATH, "x" * length)]

    expected = Linkage(("a",), ("x" * length,), None, has_runpath=True)
    assert expected == read(tmp_path, elf(said=said))


def test_little_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large library costs a few kilobytes."""
    read_bytes = []
    pread = os.pread

    def counting(descriptor: int, size_bytes: int, offset: int) -> bytes:
        read_bytes.append(size_bytes)
        return pread(descriptor, size_bytes, offset)

    content = elf(
        said=SAID,
        before=b"\0" + b"a_symbol\0" * 500_000,
        behind=bytes(1_000_000),
    )
    monkeypatch.setattr(os, "pread", counting)

    assert READ == read(tmp_path, content)
    assert 3 == len(read_bytes)
    assert sum(read_bytes) < 10_000


# -- what is not --------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [b"", b"\x7f", b"\x7fELF", b"!<arch>\n", b"#!/bin/sh\n" * 99, bytes(5000)],
)
def test_other_files(tmp_path: Path, content: bytes) -> None:
    """What is no ELF file has no linkage."""
    assert read(tmp_path, content) is None


@pytest.mark.parametrize("shape", SHAPES)
def test_truncated_files(tmp_path: Path, shape: Shape) -> None:
    """Wherever a file ends too early, it is damaged: nothing is half read."""
    content = elf(shape, SAID)

    assert {None} == {read(tmp_path, content[:end]) for end in range(len(content))}


@pytest.mark.parametrize("gap_bytes", [4000, 4050, 5000])
def test_truncated_files_whose_parts_stand_apart(
    tmp_path: Path, gap_bytes: int
) -> None:
    """It is the same if the parts are not all in what is read first."""
    content = elf(said=SAID, gap_bytes=gap_bytes, before=b"\0" + b"a_symbol\0" * 500)

    ends = [*range(4000, 5600, 7), *range(len(content) - 200, len(content))]

    assert {None} == {read(tmp_path, content[:end]) for end in ends}


SECTION: Final = 64 + 3 * 56  # where the dynamic section of a usual one stands


@pytest.mark.parametrize(
    ("offset", "fields", "value"),
    [
        pytest.param(4, "B", 3, id="EI_CLASS is unknown"),
        pytest.param(5, "B", 0, id="EI_DATA is unknown"),
        pytest.param(32, "Q", 1 << 20, id="e_phoff is behind the file"),
        pytest.param(32, "Q", 2**64 - 8, id="e_phoff is beyond any file"),
        pytest.param(54, "H", 32, id="e_phentsize is another"),
        pytest.param(56, "H", 0, id="e_phnum is none"),
        pytest.param(56, "H", 2, id="no PT_DYNAMIC"),
        pytest.param(56, "H", 0xFFFF, id="e_phnum is PN_XNUM"),
        pytest.param(120, "I", 4, id="no PT_LOAD"),
        pytest.param(128, "Q", 2**63, id="p_offset of the strings is beyond any file"),
        pytest.param(136, "Q", 2 * ADDRESS, id="the strings are in front of PT_LOAD"),
        pytest.param(152, "Q", 300, id="the strings are behind PT_LOAD"),
        pytest.param(176, "I", 4, id="PT_DYNAMIC is another"),
        pytest.param(184, "Q", 2**63 - 100, id="p_offset is beyond any file"),
        pytest.param(208, "Q", 0, id="p_filesz is none"),
        pytest.param(208, "Q", 112, id="no DT_NULL"),
        pytest.param(208, "Q", 1 << 60, id="p_filesz is too large"),
        pytest.param(208, "Q", 1 << 12, id="p_filesz is larger than the file"),
        pytest.param(SECTION + 8, "Q", 1 << 40, id="the string is behind the table"),
        pytest.param(SECTION + 8, "Q", 2**64 - 1, id="the string is nowhere"),
        pytest.param(SECTION + 80, "Q", SYMTAB, id="no DT_STRTAB"),
        pytest.param(SECTION + 96, "Q", SYMTAB, id="no DT_STRSZ"),
        pytest.param(SECTION + 104, "Q", 0, id="DT_STRSZ is none"),
        pytest.param(SECTION + 104, "Q", 20, id="DT_STRSZ is too small"),
        pytest.param(SECTION + 104, "Q", 1 << 12, id="DT_STRSZ is too large"),
    ],
)
def test_damaged_files(tmp_path: Path, offset: int, fields: str, value: int) -> None:
    """What contradicts the format is not believed, and costs no memory."""
    content = bytearray(elf(said=SAID))
    struct.pack_into("<" + fields, content, offset, value)

    assert read(tmp_path, bytes(content)) is None


@pytest.mark.parametrize("behind", [b"", b"\0", b"more" * 40_000])
def test_a_string_without_end(tmp_path: Path, behind: bytes) -> None:
    """A string ends in the string table."""
    said: list[tuple[int, int | str]] = [(NEEDED, "a.so")]

    assert read(tmp_path, elf(said=said, between=b"", behind=behind)) is None


def test_a_section_of_odd_length(tmp_path: Path) -> None:
    """What is left behind the last whole entry does not matter."""
    content = bytearray(elf(said=SAID))
    (size_bytes,) = struct.unpack_from("<Q", content, 208)
    struct.pack_into("<Q", content, 208, size_bytes - 9)

    assert READ == read(tmp_path, bytes(content))


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("flipped")


FLIPPED: Final = {shape: elf(shape, SAID) for shape in SHAPES}


@example(USUAL, {})
@given(
    st.sampled_from(SHAPES),
    st.dictionaries(
        st.integers(0, min(map(len, FLIPPED.values())) - 1),
        st.integers(1, 255),
        max_size=6,
    ),
)
def test_flipped_bytes(scratch: Path, shape: Shape, flips: dict[int, int]) -> None:
    """Whatever a file has, nothing is raised, and nothing is made up."""
    content = bytearray(FLIPPED[shape])
    for offset, flip in flips.items():
        content[offset] ^= flip

    linkage = read(scratch, bytes(content))

    if not flips:
        assert READ == linkage
    if linkage is not None:
        search = ":".join(linkage.search)
        for name in (*linkage.needed, search, linkage.soname or ""):
            assert os.fsencode(name) + b"\0" in content


# -- what a file is -----------------------------------------------------------------


NEEDS: Final = {
    "libc.so.6": {"GLIBC_2.28": 0, "GLIBC_2.4": 0, "GLIBC_2.99": WEAK},
    "libb.so.1": {"B_1": 0},
}
VERSIONS: Final = (
    NeededVersion("libc.so.6", "GLIBC_2.28"),
    NeededVersion("libc.so.6", "GLIBC_2.4"),
    NeededVersion("libb.so.1", "B_1"),
)


def parsed(content: bytes) -> Elf | None:
    """Reads a file that is not on the disk."""
    return read_elf(lambda size_bytes, offset: content[offset : offset + size_bytes])


@pytest.mark.parametrize("shape", SHAPES)
def test_identity(shape: Shape) -> None:
    """Kind, machine, class and extent are read, and the versions but for weak ones."""
    content = elf(shape, SAID, kind=2, machine=183, versions=NEEDS)

    expected = Elf(2, 183, shape.bits, len(content), READ, VERSIONS)
    assert expected == parsed(content)


def test_no_versions() -> None:
    """Not every library needs any; not every file has a dynamic section."""
    content = bytearray(elf(said=SAID))
    assert Elf(3, 62, 64, len(content), READ, ()) == parsed(bytes(content))

    struct.pack_into("<I", content, 176, 4)  # PT_DYNAMIC is another
    assert Elf(3, 62, 64, len(content), None, ()) == parsed(bytes(content))


def test_an_object() -> None:
    """A relocatable file has no program headers."""
    content = bytearray(elf(kind=1))
    struct.pack_into("<H", content, 56, 0)

    assert Elf(1, 62, 64, 0, None, ()) == parsed(bytes(content))


def test_many_versions() -> None:
    """There may be more of them than are read at first."""
    names = {f"V_{number}": 0 for number in range(1000)}

    found = parsed(elf(said=SAID, versions={"libv.so": names}))

    assert found is not None
    assert tuple(NeededVersion("libv.so", name) for name in names) == found.versions


@pytest.mark.parametrize("shape", SHAPES)
def test_truncations(shape: Shape) -> None:
    """Whatever its end is missing, a file is damaged."""
    content = elf(shape, SAID, versions=NEEDS)

    assert {None} == {parsed(content[:end]) for end in range(len(content))}


NEEDS_AT: Final = 64 + 3 * 56 + (len(SAID) + 5) * 16
"""Where the needed versions of a usual file stand."""


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        pytest.param(4, 1 << 31, id="vn_file is behind the strings"),
        pytest.param(8, 1 << 31, id="vn_aux is behind the file"),
        pytest.param(12, 1 << 31, id="vn_next is behind the file"),
        pytest.param(12, 1, id="vn_next is within the entry"),
        pytest.param(16 + 8, 1 << 31, id="vna_name is behind the strings"),
        pytest.param(16 + 12, 1 << 31, id="vna_next is behind the file"),
    ],
)
def test_damaged_versions(offset: int, value: int) -> None:
    """What contradicts the format is not believed."""
    content = bytearray(elf(said=SAID, versions=NEEDS))
    struct.pack_into("<I", content, NEEDS_AT + offset, value)

    assert parsed(bytes(content)) is None


def test_versions_in_circles() -> None:
    """Chains that cross one another do not keep the reader for long."""
    flood = struct.pack("<2H3I", 1, 1, 1, 1, 1) * 4000
    content = bytearray(elf(said=SAID, versions=NEEDS, behind=flood))
    content[NEEDS_AT : NEEDS_AT + len(flood)] = flood

    assert parsed(bytes(content)) is None


FLIPPED_NEEDS: Final = {shape: elf(shape, SAID, versions=NEEDS) for shape in SHAPES}


@given(
    st.sampled_from(SHAPES),
    st.dictionaries(
        st.integers(0, min(map(len, FLIPPED_NEEDS.values())) - 1),
        st.integers(1, 255),
        min_size=1,
        max_size=6,
    ),
)
def test_flipped_bytes_of_versions(shape: Shape, flips: dict[int, int]) -> None:
    """Whatever a file has, nothing is raised, and nothing is made up."""
    content = bytearray(FLIPPED_NEEDS[shape])
    for offset, flip in flips.items():
        content[offset] ^= flip

    found = parsed(bytes(content))

    for version in found.versions if found else ():
        for name in version:
            assert os.fsencode(name) + b"\0" in content


@given(st.sampled_from(SHAPES), st.binary(max_size=300))
def test_anything_behind_the_magic_number(shape: Shape, rest: bytes) -> None:
    """Nothing is raised."""
    parsed(elf(shape)[:6] + rest)


# -- real libraries -----------------------------------------------------------------


@needs_gcc
@pytest.mark.parametrize("flag", ["enable", "disable"])
def test_what_gcc_makes(tmp_path: Path, flag: str) -> None:
    """Both kinds of search path are read from a real library, and its names."""
    other = linked(tmp_path / "libother.so", "-Wl,-soname,libother.so.2")
    library = linked(
        tmp_path / "liba.so",
        other,
        f"-Wl,-rpath,$ORIGIN/x:/opt/y,-soname,liba.so.1,--{flag}-new-dtags",
    )

    searched = ("$ORIGIN/x", "/opt/y")
    expected = Linkage(("libother.so.2",), searched, "liba.so.1", flag == "enable")
    assert expected == linkage_of(library)
    assert Linkage((), (), "libother.so.2") == linkage_of(other)


@needs_gcc
@pytest.mark.parametrize("flags", [["-c"], ["-static", "-nostdlib", "-no-pie"]])
def test_what_is_not_linked(tmp_path: Path, flags: list[str]) -> None:
    """Objects and static programs have no dynamic section."""
    assert linkage_of(compiled(tmp_path / "a", *flags)) is None


def environment() -> list[Path]:
    """Finds the running Python's shared libraries, and those of its packages."""
    directories = {
        sysconfig.get_path("platlib"),
        sysconfig.get_config_var("DESTSHARED"),
    }
    return sorted(
        path
        for directory in directories
        if directory
        for path in Path(directory).rglob("*.so*")
        if path.is_file()
    )


def by_sections(content: bytes) -> Linkage | None:
    """Reads a 64-bit library by the way that linkers go: by its section headers."""
    if content[:6] != b"\x7fELF\2\1":
        return None
    (start,) = struct.unpack_from("<Q", content, 40)
    entry_bytes, count = struct.unpack_from("<2H", content, 58)
    found: dict[int, list[str]] = {NEEDED: [], SONAME: [], RPATH: [], RUNPATH: []}
    sections = [
        struct.unpack_from("<4x I 16x 2Q I", content, start + number * entry_bytes)
        for number in range(count)
    ]
    for kind, offset, size_bytes, link in sections:
        if kind == 6:  # SHT_DYNAMIC
            for position in range(offset, offset + size_bytes, 16):
                tag, value = struct.unpack_from("<2Q", content, position)
                if tag in found:
                    begin = sections[link][1] + value
                    text = content[begin : content.index(b"\0", begin)]
                    found[tag].append(os.fsdecode(text))
    search = (found[RUNPATH] or found[RPATH] or [""])[0]
    return Linkage(
        tuple(found[NEEDED]),
        tuple(search.split(":")) if search else (),
        next(iter(found[SONAME]), None),
        bool(found[RUNPATH]),
    )


@pytest.mark.skipif(
    sys.maxsize < 2**32 or sys.byteorder == "big", reason="its libraries are others"
)
def test_the_environment() -> None:
    """Section headers lead to the same in all libraries of the running Python."""
    paths = environment()

    assert {path: by_sections(path.read_bytes()) for path in paths} == {
        path: linkage_of(path) for path in paths
    }


needs_readelf = pytest.mark.skipif(
    shutil.which("readelf") is None or sys.platform != "linux",
    reason="there is no readelf",
)


def read_by_readelf(what: str, paths: list[Path]) -> list[str]:
    """What it says of each file."""
    shown = subprocess.run(
        # A further file, so that there are headings in any case.
        ["readelf", what, "--wide", sys.executable, *paths],
        env={**os.environ, "LC_ALL": "C"},
        stdout=subprocess.PIPE,
        check=True,
        encoding="utf-8",
    ).stdout
    _, _, *parts = re.split(r"^File: .*$", shown, flags=re.MULTILINE)
    return parts


@needs_readelf
def test_the_environment_as_readelf_has_it() -> None:
    """`readelf` reads the same from all libraries of the running Python."""
    paths = [path for path in environment() if linkage_of(path) is not None]
    parts = read_by_readelf("--dynamic", paths)

    def values(name: str, part: str) -> list[str]:
        return re.findall(rf"\({name}\) .*\[(.*)\]$", part, re.MULTILINE)

    expected = []
    for part in parts:
        search = (values("RUNPATH", part) or values("RPATH", part) or [""])[0]
        expected.append(
            Linkage(
                tuple(values("NEEDED", part)),
                tuple(search.split(":")) if search else (),
                next(iter(values("SONAME", part)), None),
                bool(values("RUNPATH", part)),
            )
        )
    assert expected == [linkage_of(path) for path in paths]


@needs_readelf
def test_versions_as_readelf_has_them() -> None:
    """`readelf` reads the same versions from all libraries of the running Python."""
    paths = [path for path in environment() if linkage_of(path) is not None]
    parts = read_by_readelf("--version-info", paths)

    expected = []
    for part in parts:
        library = ""
        versions = []
        for file, name, flags in re.findall(
            r"Version: 1  File: (\S+)|Name: (\S+)  Flags: (.*?)  Version: ", part
        ):
            library = file or library
            if name and "WEAK" not in flags:
                versions.append(NeededVersion(library, name))
        expected.append(tuple(versions))
    found = [parsed(path.read_bytes()) for path in paths]
    assert expected == [each and each.versions for each in found]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/_b.cpython-313-x86_64-linux-gnu.so", True),
        ("liba.so", True),
        ("lib/liba.so.1.2", True),
        ("a.so.d/tool", False),
        ("a.so/b.py", False),
        ("a.sock", False),
        ("a.so_", False),
    ],
)
def test_names_of_libraries(name: str, *, expected: bool) -> None:
    """The file's own name counts, with or without a version."""
    assert expected == is_called_library(name)
